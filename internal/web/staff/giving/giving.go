// Package giving serves staff's pages about contributions: the list, one contribution with its history and documents,
// refunds, disputes and recurring gifts, the monthly question, and what readers wrote.
package giving

import (
	"readerfund/internal/audit"
	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/dashboard"
	"readerfund/internal/manage"
	"readerfund/internal/monthly"
	"readerfund/internal/receipt"
	"readerfund/internal/refund"
	"readerfund/internal/settle"
	"readerfund/internal/web/staff/screen"
)

// Config is what these screens call.
type Config struct {
	Contributions *contribution.Service
	Settler       *settle.Settler
	Disputes      *settle.Disputes
	Refunds       *refund.Service
	Changes       *manage.Service
	Receipts      *receipt.Service // nil without receipts
	Monthly       *monthly.Service
	Campaigns     *campaign.Catalog
	Views         *dashboard.Views
	Audit         *audit.Log
	Exports       *screen.Exporter
}

// Screens are the pages about contributions.
type Screens struct {
	Contributions *Contributions
	Contribution  *Contribution
	Subscription  *Subscription
	Refund        *Refund
	Dispute       *Dispute
	Document      *Document
	Monthly       *Monthly
	Messages      *Messages
}

// New gives each screen the services it needs.
func New(l screen.Layout, c Config) *Screens {
	return &Screens{
		Contributions: &Contributions{Layout: l, views: c.Views, campaigns: c.Campaigns, exports: c.Exports},
		Contribution: &Contribution{Layout: l, contributions: c.Contributions, settler: c.Settler, refunds: c.Refunds,
			views: c.Views, audit: c.Audit, receipts: c.Receipts},
		Subscription: &Subscription{Layout: l, manage: c.Changes, views: c.Views},
		Refund:       &Refund{Layout: l, refunds: c.Refunds, views: c.Views},
		Dispute:      &Dispute{Layout: l, disputes: c.Disputes, views: c.Views},
		Document:     &Document{Layout: l, receipts: c.Receipts, audit: c.Audit},
		Monthly:      &Monthly{Layout: l, monthly: c.Monthly, campaigns: c.Campaigns, contributions: c.Contributions},
		Messages:     &Messages{Layout: l, views: c.Views, contributions: c.Contributions},
	}
}
