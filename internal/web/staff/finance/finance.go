// Package finance serves staff's pages about money added up: totals, the ledger, recurring gifts, and how PayPal's
// record compares with our books.
package finance

import (
	"readerfund/internal/audit"
	"readerfund/internal/campaign"
	"readerfund/internal/dashboard"
	"readerfund/internal/reconcile"
	"readerfund/internal/report"
	"readerfund/internal/web/staff/screen"
)

// Config is what these screens call.
type Config struct {
	Reports   *report.Reports
	Books     *reconcile.Reconciler
	Campaigns *campaign.Catalog
	Views     *dashboard.Views
	Audit     *audit.Log
	Exports   *screen.Exporter
}

// Screens are the pages about money added up.
type Screens struct {
	Reports        *Reports
	Recurring      *Recurring
	Ledger         *Ledger
	Reconciliation *Reconciliation
	Difference     *Difference
}

// New gives each screen the services it needs.
func New(l screen.Layout, c Config) *Screens {
	return &Screens{
		Reports:        &Reports{Layout: l, reports: c.Reports, campaigns: c.Campaigns, exports: c.Exports},
		Recurring:      &Recurring{Layout: l, reports: c.Reports},
		Ledger:         &Ledger{Layout: l, reports: c.Reports, campaigns: c.Campaigns, exports: c.Exports},
		Reconciliation: &Reconciliation{Layout: l, views: c.Views},
		Difference:     &Difference{Layout: l, books: c.Books, views: c.Views, campaigns: c.Campaigns, audit: c.Audit},
	}
}
