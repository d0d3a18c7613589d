// Package reconcile compares PayPal's own record of the account's money with our ledger: every payment, refund,
// reversal, hold and fee that PayPal's transaction search lists, in either direction.
//
// What PayPal knows and we lack is fetched from PayPal's API and applied by package settle, like any other news. What
// we have booked differently from PayPal is never changed: it is left open for a person, with what to do about it.
// The package books nothing itself, and it draws no pages.
package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/i18n"
	"readerfund/internal/inbox"
	"readerfund/internal/metrics"
	"readerfund/internal/paypal"
	"readerfund/internal/settle"
)

// Config is what a Reconciler needs. Metrics may be nil.
type Config struct {
	DB       *db.DB
	PayPal   *paypal.Client
	Settler  *settle.Settler
	Payments *settle.Payments
	Disputes *settle.Disputes
	Adopter  *settle.Adopter
	Inbox    *inbox.Inbox
	Zone     *time.Location // whose days sentences name
	Now      func() time.Time
	Log      *slog.Logger
	Metrics  *metrics.Metrics
}

// Reconciler compares. It is safe for concurrent use, also by several processes on one database.
type Reconciler struct {
	db       *db.DB
	paypal   *paypal.Client
	settler  *settle.Settler
	payments *settle.Payments
	disputes *settle.Disputes
	adopter  *settle.Adopter
	inbox    *inbox.Inbox
	zone     *time.Location
	now      func() time.Time
	log      *slog.Logger
	metrics  *metrics.Metrics
}

// New makes a Reconciler.
func New(cfg Config) *Reconciler {
	return &Reconciler{
		db: cfg.DB, paypal: cfg.PayPal, settler: cfg.Settler, payments: cfg.Payments, disputes: cfg.Disputes,
		adopter: cfg.Adopter, inbox: cfg.Inbox, zone: cfg.Zone, now: cfg.Now, log: cfg.Log, metrics: cfg.Metrics,
	}
}

// Order is what to check. The zero Order checks everything since the last run, with some days of overlap.
type Order struct {
	From, To time.Time // From included, To not; zero: what was not checked yet, and now
	Dry      bool      // only report; nothing is written that lasts

	// Progress is called at every step; it may be nil. It is called from one goroutine at a time.
	Progress func(Progress)
}

// Progress is how far a run has come.
type Progress struct {
	Doing    string    // "reading PayPal's record", "comparing refunds"
	From, To time.Time // the run's span
	Reached  time.Time // how far PayPal's record is read
	Rows     int64     // of PayPal's, read by this process
	Fixed    int64     // differences, by this process
	Resumed  bool      // an earlier run, which had broken off, is being finished
}

// Result is what a run found.
type Result struct {
	Run       int64
	From      time.Time
	CheckedTo time.Time // all money up to here was checked: how far PayPal's record reaches
	Payments  int64     // compared
	Elsewhere int64     // movements of the account that are not gifts
	Fixed     int64     // differences that are resolved; in a dry run, those that a run would fix
	Open      []Difference
	Unopened  int64 // open differences that did not fit into Open
	SetAside  int64
	Adopted   int64
	ByOther   bool // another process finished this run
	Recovered int  // webhook events that no delivery had brought
	Dry       bool
	Warnings  []i18n.Message // what could not be checked
}

// Unexplained is how many differences are open.
func (r Result) Unexplained() int64 { return int64(len(r.Open)) + r.Unopened }

// run is one run in one process. Another process may be working on the same run: every step may be done twice, and at
// once.
type run struct {
	*Reconciler

	order     Order
	id        int64
	from, to  time.Time
	readTo    time.Time
	refreshed time.Time
	asked     bool // the caller named the span
	resumed   bool
	now0      time.Time // when this process began

	rows     int64
	mended   int64
	failures atomic.Int64 // consecutive fixes that PayPal did not answer

	subscriptions sync.Map // by PayPal's id, for those that we do not have: whether its custom_id is like ours
	findings      findings // of a dry run
	result        Result
}

// errFinished reports that another process has finished the run in the meantime.
var errFinished = errors.New("another process has finished this run")

// Run compares, fixes what it can, and reports what is left. It may be run at any time, twice at once, and beside
// live webhooks. A run that broke off is resumed by the next one with the same Order.
//
// Errors: fault.Invalid on "from" or "to" for a span that cannot be checked; fault.Unavailable when PayPal or the
// database does not answer.
func (r *Reconciler) Run(ctx context.Context, o Order) (Result, error) {
	if err := r.check(o); err != nil {
		return Result{}, err
	}
	l, err := r.begin(ctx, o)
	if err != nil {
		return Result{}, db.Translate(err)
	}
	err = l.execute(ctx)
	switch {
	case errors.Is(err, errFinished):
		err = l.readResult(ctx)
		l.result.ByOther = true
	case err != nil:
		l.interrupt(ctx, err)
	}
	r.metrics.Reconciled(outcomeOf(l.result, err))
	if err != nil {
		return l.result, l.explain(err)
	}
	return l.result, nil
}

func outcomeOf(res Result, err error) string {
	switch {
	case err != nil:
		return "broken"
	case res.Dry:
		return "dry"
	case res.Unexplained() > 0:
		return "unexplained"
	default:
		return "clean"
	}
}

// execute is a run from its beginning to its end. The order matters: a payment must exist before what belongs to it.
func (l *run) execute(ctx context.Context) error {
	if err := l.read(ctx); err != nil {
		return err
	}
	l.analyze(ctx)
	if err := l.compareAll(ctx, l.theirPayments(), l.theirRefunds()); err != nil {
		return err
	}
	if !l.order.Dry {
		if err := l.askAboutDisputes(ctx); err != nil {
			return err
		}
	}
	err := l.compareAll(ctx,
		l.disputeMoney(), l.conversions(), l.paymentsThere(), l.refundsThere(), l.openDisputes(), l.disputesThere())
	if err != nil {
		return err
	}
	if !l.order.Dry {
		if err := l.recoverEvents(ctx); err != nil {
			return err
		}
	}
	return l.finish(ctx)
}

func (l *run) compareAll(ctx context.Context, all ...comparison) error {
	for _, c := range all {
		l.report("comparing " + c.name)
		if err := l.compare(ctx, c); err != nil {
			return fmt.Errorf("compare %s: %w", c.name, err)
		}
	}
	return nil
}

func (l *run) report(doing string) {
	if l.order.Progress != nil {
		l.order.Progress(Progress{
			Doing: doing, From: l.from, To: l.to, Reached: l.readTo, Rows: l.rows, Fixed: l.mended, Resumed: l.resumed,
		})
	}
}
