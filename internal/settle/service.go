// Package settle brings contributions up to date with PayPal: it asks PayPal's API, turns the answers into facts, and
// applies them through one door. The reader's start, return and cancelling, webhooks, the sweep and the reconciler all meet
// here, and all do the same.
//
// It makes no rules: how a checkout moves is internal/checkout's, what money came to is internal/ledger's, what is shown as
// a status is internal/contribution's. It does not speak HTTP to readers and verifies no webhooks.
package settle

import (
	"log/slog"
	"time"

	"golang.org/x/sync/singleflight"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/detached"
	"readerfund/internal/metrics"
	"readerfund/internal/paypal"
)

// Config is what a Service needs. Metrics may be nil.
type Config struct {
	DB            *db.DB
	PayPal        *paypal.Client
	Contributions *contribution.Service
	Campaigns     *campaign.Catalog
	BaseURL       string // where readers reach us, without a slash at the end
	Publication   string // the name PayPal shows the reader
	SweepEvery    time.Duration
	Listeners     []Listener // called in the transaction in which facts were applied
	Now           func() time.Time
	Log           *slog.Logger
	Metrics       *metrics.Metrics
}

// Service is safe for concurrent use.
type Service struct {
	db            *db.DB
	paypal        *paypal.Client
	contributions *contribution.Service
	campaigns     *campaign.Catalog
	baseURL       string
	publication   string
	sweepEvery    time.Duration
	listeners     []Listener
	now           func() time.Time
	log           *slog.Logger
	metrics       *metrics.Metrics

	ordering singleflight.Group // one request for an order per contribution and process
	calls    detached.Group     // calls to PayPal that go on although nobody waits for them
}

// New makes a Service. Close it to let its last calls end.
func New(cfg Config) *Service {
	return &Service{
		db: cfg.DB, paypal: cfg.PayPal, contributions: cfg.Contributions, campaigns: cfg.Campaigns, baseURL: cfg.BaseURL,
		publication: cfg.Publication, sweepEvery: cfg.SweepEvery, listeners: cfg.Listeners, now: cfg.Now, log: cfg.Log,
		metrics: cfg.Metrics,
	}
}

// Close waits until every call to PayPal that was begun has ended and its outcome is saved.
func (s *Service) Close() { s.calls.Wait() }
