package app

import (
	"log/slog"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/config"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/inbox"
	"readerfund/internal/metrics"
	"readerfund/internal/paypal"
	"readerfund/internal/reconcile"
	"readerfund/internal/settle"
)

// Reconciliation is what the reconcile command runs, without the rest of the service. Close it to let its last calls
// end.
type Reconciliation struct {
	*reconcile.Reconciler

	settle *settle.Services
}

// NewReconciliation builds it from the settings on an open database.
func NewReconciliation(cfg config.Config, d *db.DB, log *slog.Logger, now func() time.Time) (*Reconciliation, error) {
	pp, err := NewPayPal(cfg, log, now, nil)
	if err != nil {
		return nil, err
	}
	// It starts no gift, so it needs neither limits nor an address for readers to return to.
	campaigns := campaign.NewCatalog(d, now)
	contributions := contribution.New(contribution.Config{
		DB: d, Campaigns: campaigns, SweepEvery: cfg.SweepInterval, Now: now,
	})
	services := settle.New(settle.Config{
		DB: d, PayPal: pp, Contributions: contributions, Campaigns: campaigns, SweepEvery: cfg.SweepInterval,
		Listeners: listeners(cfg, newNotices(cfg, d, now, log)), Now: now, Log: log,
	})
	// No verifier: it receives no webhooks, and only processes what PayPal's own list reports.
	in := inbox.New(inbox.Config{
		DB: d, Settler: services.Settler, Payments: services.Payments, Disputes: services.Disputes,
		Workers: cfg.WebhookWorkers, Busy: pp.Busy, Now: now, Log: log,
	})
	return &Reconciliation{newReconciler(cfg, d, pp, services, in, now, log, nil), services}, nil
}

// Close waits until every call to PayPal that was started has ended and its outcome is saved.
func (r *Reconciliation) Close() { r.settle.Close() }

func newReconciler(
	cfg config.Config, d *db.DB, pp *paypal.Client, s *settle.Services, in *inbox.Inbox, now func() time.Time,
	log *slog.Logger, m *metrics.Metrics,
) *reconcile.Reconciler {
	return reconcile.New(reconcile.Config{
		DB: d, PayPal: pp, Settler: s.Settler, Payments: s.Payments, Disputes: s.Disputes, Adopter: s.Adopter, Inbox: in,
		Zone: cfg.Timezone, Now: now, Log: log, Metrics: m,
	})
}
