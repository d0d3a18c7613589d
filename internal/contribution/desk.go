package contribution

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/singleflight"

	"readerfund/internal/campaign"
	"readerfund/internal/db"
	"readerfund/internal/detached"
	"readerfund/internal/metrics"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

// Limit is the least and the most a reader may give at once, in minor units.
type Limit struct{ Min, Max int64 }

// Config is what a Desk needs. Metrics may be nil.
type Config struct {
	DB          *db.DB
	PayPal      *paypal.Client
	Campaigns   *campaign.Catalog
	BaseURL     string // where readers reach us, without a slash at the end
	Publication string // the name PayPal shows the reader
	Limits      map[money.Currency]Limit
	SweepEvery  time.Duration
	Listeners   []Listener // called in the transaction in which facts were applied
	Now         func() time.Time
	Log         *slog.Logger
	Metrics     *metrics.Metrics
}

// Desk is where contributions are taken and looked after. It is safe for concurrent use.
type Desk struct {
	db          *db.DB
	paypal      *paypal.Client
	campaigns   *campaign.Catalog
	baseURL     string
	publication string
	limits      map[money.Currency]Limit
	sweepEvery  time.Duration
	listeners   []Listener
	now         func() time.Time
	log         *slog.Logger
	metrics     *metrics.Metrics

	ordering singleflight.Group // one request for an order per contribution and process
	calls    detached.Group     // calls to PayPal that go on although nobody waits for them
}

// NewDesk makes a Desk. Close it to let its last calls end.
func NewDesk(cfg Config) *Desk {
	return &Desk{
		db: cfg.DB, paypal: cfg.PayPal, campaigns: cfg.Campaigns, baseURL: cfg.BaseURL, publication: cfg.Publication,
		limits: cfg.Limits, sweepEvery: cfg.SweepEvery, listeners: cfg.Listeners, now: cfg.Now, log: cfg.Log,
		metrics: cfg.Metrics,
	}
}

// Close waits until every call to PayPal that the Desk began has ended and its outcome is saved.
func (d *Desk) Close() { d.calls.Wait() }

// Get reads a contribution. The error is a fault.NotFound when there is none.
func (d *Desk) Get(ctx context.Context, id uuid.UUID) (Contribution, error) {
	c, err := find(ctx, d.db, "c.id = $1", id)
	return c, db.Translate(err)
}

// Limits is the least and the most to give in a currency, in minor units.
func (d *Desk) Limits(c money.Currency) Limit { return d.limits[c] }
