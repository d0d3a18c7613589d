// Package inbox takes PayPal's webhook deliveries: it verifies them, keeps the raw bytes, and processes the events in
// them.
//
// A verified delivery is a hint, not a proof: PayPal's signature covers a CRC-32 of the body, which anybody who saw
// one delivery can imitate. So the signature decides whether we listen, and we book what PayPal's API says when the
// event is processed. This package decides nothing about money: package settle does.
package inbox

import (
	"cmp"
	"log/slog"
	"time"

	"readerfund/internal/batch"
	"readerfund/internal/db"
	"readerfund/internal/metrics"
	"readerfund/internal/paypal"
	"readerfund/internal/queue"
	"readerfund/internal/settle"
	"readerfund/internal/throttle"
)

// Config is what an Inbox needs. Metrics and Busy may be nil.
type Config struct {
	DB       *db.DB
	Verifier *paypal.Verifier
	Settler  *settle.Settler
	Payments *settle.Payments
	Disputes *settle.Disputes
	Workers  int                  // events worked on at once; DefaultWorkers when zero
	Busy     func() time.Duration // how long PayPal asks to be left alone: paypal.Client.Busy
	Now      func() time.Time
	Log      *slog.Logger
	Metrics  *metrics.Metrics
	Lease    time.Duration // how long an event is left to a process that has stopped reporting; zero: queue.Lease
}

// Inbox receives deliveries and works on the events they bring. It is safe for concurrent use.
type Inbox struct {
	db        *db.DB
	verifier  *paypal.Verifier
	settler   *settle.Settler
	payments  *settle.Payments
	disputes  *settle.Disputes
	now       func() time.Time
	log       *slog.Logger
	throttled *slog.Logger // for warnings that anyone can provoke in large numbers
	metrics   *metrics.Metrics

	deliveries *batch.Writer[*delivery, outcome]
	results    *batch.Writer[result, struct{}]
	leases     *batch.Writer[held, time.Time]

	lease   time.Duration
	workers workers
	busy    func() time.Duration
	wake    chan struct{} // new work: holds one token at most
}

// writesAtOnce: while one commit waits for the disk, the next batch is already being parsed and written.
const writesAtOnce = 2

// New makes an Inbox. Run processes the events that Receive stores.
func New(cfg Config) *Inbox {
	if cfg.Busy == nil {
		cfg.Busy = func() time.Duration { return 0 }
	}
	i := &Inbox{
		db: cfg.DB, verifier: cfg.Verifier, settler: cfg.Settler, payments: cfg.Payments, disputes: cfg.Disputes,
		now: cfg.Now, log: cfg.Log, metrics: cfg.Metrics, throttled: slog.New(throttle.New(cfg.Log.Handler(), time.Minute)),
		workers: make(workers, cmp.Or(cfg.Workers, DefaultWorkers)), busy: cfg.Busy, wake: make(chan struct{}, 1),
		lease: cmp.Or(cfg.Lease, queue.Lease),
	}
	i.deliveries, i.results = batch.NewWriter(writesAtOnce, i.commit), batch.NewWriter(writesAtOnce, i.save)
	i.leases = batch.NewWriter(writesAtOnce, i.renew)
	return i
}

func (i *Inbox) signal() {
	select {
	case i.wake <- struct{}{}:
	default:
	}
}
