package contribution

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/singleflight"

	"readerfund/internal/campaign"
	"readerfund/internal/db"
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
	now         func() time.Time
	log         *slog.Logger
	metrics     *metrics.Metrics

	ordering singleflight.Group // one request for an order per contribution and process
	calls    sync.WaitGroup     // PayPal calls that must be seen through although nobody waits for them
}

// NewDesk makes a Desk. Close it to let its last calls end.
func NewDesk(cfg Config) *Desk {
	return &Desk{
		db: cfg.DB, paypal: cfg.PayPal, campaigns: cfg.Campaigns, baseURL: cfg.BaseURL, publication: cfg.Publication,
		limits: cfg.Limits, sweepEvery: cfg.SweepEvery, now: cfg.Now, log: cfg.Log, metrics: cfg.Metrics,
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

// seeThrough runs a call to PayPal and the saving of its outcome to their end, even when the one who asked goes away: a
// reader who closes the tab while we capture must not leave us ignorant. It returns early, with ctx's error, when ctx
// ends first.
func seeThrough[T any](ctx context.Context, d *Desk, call func(ctx context.Context) (T, error)) (T, error) {
	type outcome struct {
		got T
		err error
	}
	done := make(chan outcome, 1)
	d.calls.Go(func() {
		long, cancel := context.WithTimeout(context.WithoutCancel(ctx), seenThrough)
		defer cancel()
		got, err := call(long)
		done <- outcome{got, err}
	})
	select {
	case o := <-done:
		return o.got, o.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// seenThrough bounds a call that goes on after the one who asked has gone: PayPal's time-out and the saving after it.
const seenThrough = 20 * time.Second

// saving is for writing down what PayPal said, or that it said nothing: that is needed most where the time of the
// call, or of whoever asked for it, is over.
func saving(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), savedWithin)
}

const savedWithin = 5 * time.Second
