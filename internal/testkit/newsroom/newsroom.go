// Package newsroom is a newsroom for tests: the services on a fresh PostgreSQL and a PayPal sandbox over real HTTP, on
// one clock, and gifts that are made the way readers, staff and PayPal make them. No webhook reaches it: a test says
// which news comes, and when.
//
// It wires the services in one place. It knows nothing of pages, and holds no test.
package newsroom

import (
	"log/slog"
	"testing"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/inbox"
	"readerfund/internal/manage"
	"readerfund/internal/metrics"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/plan"
	"readerfund/internal/reconcile"
	"readerfund/internal/refund"
	"readerfund/internal/settle"
	"readerfund/internal/testkit"
)

// Publication is the newsroom's name, where a test gives it no other.
const Publication = "The Test Gazette"

// Newsroom is the services with all that they need.
type Newsroom struct {
	T      *testing.T
	Clock  *testkit.Clock
	PayPal *testkit.PayPal
	Client *paypal.Client
	DB     *db.DB

	*settle.Services
	Plans         *plan.Plans
	Campaigns     *campaign.Catalog
	Contributions *contribution.Service
	Refunds       *refund.Service
	Manage        *manage.Service
	Inbox         *inbox.Inbox
	Reconciler    *reconcile.Reconciler

	options Options
}

// Options say what a test wants otherwise.
type Options struct {
	Clock   *testkit.Clock // nil: an ordinary one, which goes
	PayPal  testkit.PayPalOptions
	Timeout time.Duration  // of calls to PayPal; 0: the client's own
	Zone    *time.Location // whose days the publication has; nil: UTC
	BaseURL string         // where readers reach us; empty: where nobody listens
	Name    string         // of the newsroom; empty: Publication

	Limits    map[money.Currency]contribution.Limit // of what readers may give; nil: Limits()
	Fees      map[money.Currency]money.Fee          // PayPal's; nil: readers are not asked to cover it
	Listeners []settle.Listener                     // hear of applied facts after refunds and changes do

	DisputesGoOn bool             // an open dispute does not pause a subscription
	Metrics      *metrics.Metrics // nil counts nothing
}

// New opens a newsroom for as long as the test takes.
func New(t *testing.T, o Options) *Newsroom {
	t.Helper()
	n := &Newsroom{T: t, Clock: o.Clock, DB: dbtest.New(t)}
	if n.Clock == nil {
		n.Clock = testkit.OrdinaryClock()
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.BaseURL == "" {
		o.BaseURL = "http://127.0.0.1:1"
	}
	if o.Name == "" {
		o.Name = Publication
	}
	if o.Limits == nil {
		o.Limits = Limits()
	}
	o.PayPal.Now = n.Clock.Now
	n.PayPal = testkit.NewPayPal(t, o.PayPal)
	var err error
	n.Client, err = paypal.New(paypal.Config{
		BaseURL: n.PayPal.PublicURL, ClientID: "sandbox-client", ClientSecret: "sandbox-secret", Timeout: o.Timeout,
		Log: slog.New(slog.DiscardHandler), Now: n.Clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := campaign.EnsureDefault(t.Context(), n.DB, o.Name, "EUR", n.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	n.options = o
	n.wire()
	return n
}

// On is the same newsroom as another process of it: its services anew, on that database and that client of PayPal's.
func (n *Newsroom) On(d *db.DB, client *paypal.Client) *Newsroom {
	n.T.Helper()
	other := &Newsroom{T: n.T, Clock: n.Clock, PayPal: n.PayPal, Client: client, DB: d, options: n.options}
	other.wire()
	return other
}

// wire makes the services.
func (n *Newsroom) wire() {
	o, log := n.options, slog.New(slog.DiscardHandler)
	n.Campaigns = campaign.NewCatalog(n.DB, n.Clock.Now)
	n.Contributions = contribution.New(contribution.Config{
		DB: n.DB, Campaigns: n.Campaigns, Limits: o.Limits, Fees: o.Fees, SweepEvery: time.Minute, Now: n.Clock.Now,
	})
	n.Plans = plan.New(plan.Config{
		DB: n.DB, PayPal: n.Client, Publication: o.Name, ProductID: "RF-TEST", Now: n.Clock.Now, Log: log,
	})
	n.T.Cleanup(n.Plans.Close)
	n.Services = settle.New(settle.Config{
		DB: n.DB, PayPal: n.Client, Contributions: n.Contributions, Campaigns: n.Campaigns, BaseURL: o.BaseURL,
		Publication: o.Name, Plans: n.Plans, SweepEvery: time.Minute, Now: n.Clock.Now, Log: log, Metrics: o.Metrics,
		Listeners: append([]settle.Listener{refund.OnApplied, manage.Listener(!o.DisputesGoOn)}, o.Listeners...),
	})
	n.T.Cleanup(n.Services.Close)
	n.Refunds = refund.New(refund.Config{
		DB: n.DB, PayPal: n.Client, Contributions: n.Contributions, Applier: n.Applier, Payments: n.Payments,
		Now: n.Clock.Now, Log: log,
	})
	n.T.Cleanup(n.Refunds.Close)
	n.Manage = manage.New(manage.Config{
		DB: n.DB, PayPal: n.Client, Contributions: n.Contributions, Settler: n.Settler, Applier: n.Applier, Plans: n.Plans,
		BaseURL: o.BaseURL, Publication: o.Name, Now: n.Clock.Now, Log: log,
	})
	n.T.Cleanup(n.Manage.Close)
	n.Inbox = inbox.New(inbox.Config{
		DB: n.DB, Settler: n.Settler, Payments: n.Payments, Disputes: n.Disputes, Now: n.Clock.Now, Log: log,
	})
	n.Reconciler = reconcile.New(reconcile.Config{
		DB: n.DB, PayPal: n.Client, Settler: n.Settler, Payments: n.Payments, Disputes: n.Disputes, Adopter: n.Adopter,
		Inbox: n.Inbox, Zone: o.Zone, Now: n.Clock.Now, Log: log,
	})
}

// Limits let readers give from 1.00 to 10,000.00 in every currency (in JPY, from 100 to 1,000,000).
func Limits() map[money.Currency]contribution.Limit {
	limits := map[money.Currency]contribution.Limit{}
	for _, c := range money.Currencies() {
		limits[c] = contribution.Limit{Min: 100, Max: 1_000_000}
	}
	return limits
}

// Count counts rows: Count("payment WHERE status = $1", "completed").
func (n *Newsroom) Count(what string, args ...any) int {
	n.T.Helper()
	return testkit.Count(n.T, n.DB, what, args...)
}

// Exec runs a statement, and gives how many rows it met.
func (n *Newsroom) Exec(statement string, args ...any) int64 {
	n.T.Helper()
	return testkit.Exec(n.T, n.DB, statement, args...)
}
