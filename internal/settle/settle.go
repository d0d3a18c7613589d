// Package settle brings contributions up to date with PayPal: it asks PayPal's API, turns the answers into facts, and
// applies them in one place. The reader's start, return and cancelling, webhooks, the sweep and the reconciler all
// use it, in the same way.
//
// That place is the Applier, which makes no network calls. Above it, each service asks PayPal about one thing: the
// Starter about a new order, the Payments about captures and refunds, the Disputes about disputes, the Settler about
// a contribution as a whole, the Sweeper about contributions whose news may be lost, the Adopter about what PayPal
// has and we do not.
//
// It makes no rules: internal/checkout decides how a checkout moves, internal/ledger what the money adds up to,
// internal/contribution which status is shown. It does not speak HTTP to readers and verifies no webhooks.
package settle

import (
	"log/slog"
	"time"

	"readerfund/internal/batch"
	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/detached"
	"readerfund/internal/metrics"
	"readerfund/internal/paypal"
)

// Config is what the services need. Metrics may be nil.
type Config struct {
	DB            *db.DB
	PayPal        *paypal.Client
	Contributions *contribution.Service
	Campaigns     *campaign.Catalog
	BaseURL       string // where readers reach us, without a slash at the end
	Publication   string // the name PayPal shows the reader
	Plans         Plans
	SweepEvery    time.Duration
	Listeners     []Listener // called in the transaction that applies the facts
	Now           func() time.Time
	Log           *slog.Logger
	Metrics       *metrics.Metrics
}

// Services are the package's services, wired to each other. Each is safe for concurrent use.
type Services struct {
	Applier  *Applier
	Starter  *Starter
	Payments *Payments
	Disputes *Disputes
	Settler  *Settler
	Sweeper  *Sweeper
	Adopter  *Adopter

	calls *detached.Group
}

// New makes the services. Call Close to let their last calls finish.
func New(cfg Config) *Services {
	calls := new(detached.Group)
	applier := &Applier{
		db: cfg.DB, contributions: cfg.Contributions, sweepEvery: cfg.SweepEvery, listeners: cfg.Listeners, now: cfg.Now,
		log: cfg.Log, metrics: cfg.Metrics,
	}
	applier.bookings = batch.NewWriter(bookingsAtOnce, applier.bookTogether)
	starter := &Starter{
		db: cfg.DB, paypal: cfg.PayPal, contributions: cfg.Contributions, applier: applier, baseURL: cfg.BaseURL,
		plans: cfg.Plans, publication: cfg.Publication, now: cfg.Now, log: cfg.Log, calls: calls,
	}
	payments := &Payments{db: cfg.DB, paypal: cfg.PayPal, contributions: cfg.Contributions, applier: applier, now: cfg.Now}
	payments.owners = batch.NewWriter(ownersAtOnce, payments.findOwners)
	disputes := &Disputes{
		db: cfg.DB, paypal: cfg.PayPal, payments: payments, applier: applier, sweepEvery: cfg.SweepEvery, now: cfg.Now,
		log: cfg.Log, calls: calls,
	}
	orders := &orders{
		db: cfg.DB, paypal: cfg.PayPal, contributions: cfg.Contributions, applier: applier, now: cfg.Now, log: cfg.Log,
	}
	subscriptions := &subscriptions{
		paypal: cfg.PayPal, applier: applier, payments: payments, now: cfg.Now, log: cfg.Log,
	}
	settler := &Settler{
		db: cfg.DB, paypal: cfg.PayPal, contributions: cfg.Contributions, applier: applier, orders: orders,
		subscriptions: subscriptions, payments: payments, disputes: disputes, sweepEvery: cfg.SweepEvery, now: cfg.Now,
		calls: calls,
	}
	return &Services{
		Applier: applier, Starter: starter, Payments: payments, Disputes: disputes, Settler: settler,
		Sweeper: &Sweeper{
			db: cfg.DB, paypal: cfg.PayPal, settler: settler, every: cfg.SweepEvery, now: cfg.Now, log: cfg.Log,
			metrics: cfg.Metrics,
		},
		Adopter: &Adopter{
			db: cfg.DB, paypal: cfg.PayPal, contributions: cfg.Contributions, campaigns: cfg.Campaigns,
			subscriptions: subscriptions, applier: applier, now: cfg.Now,
		},
		calls: calls,
	}
}

// Close waits until every call to PayPal that was begun has ended and its outcome is saved.
func (s *Services) Close() { s.calls.Wait() }
