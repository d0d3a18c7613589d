// Package staff serves the pages behind the sign-in. Its own are the sign-in and the overview; the others are in its
// rooms: appeal, giving, finance and operations. All are drawn with screen, and name states with words.
//
// A screen parses, makes one call into the domain, chooses a view and renders it. The URL table of internal/web says
// which role may open which screen; the services decide which actions are allowed.
package staff

import (
	"readerfund/internal/account"
	"readerfund/internal/alert"
	"readerfund/internal/dashboard"
	"readerfund/internal/health"
	"readerfund/internal/report"
	"readerfund/internal/session"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/appeal"
	"readerfund/internal/web/staff/finance"
	"readerfund/internal/web/staff/giving"
	"readerfund/internal/web/staff/operations"
	"readerfund/internal/web/staff/screen"
)

// Config is what the screens are made with.
type Config struct {
	Layout screen.Layout
	Signer page.Signer
	Secure bool // staff reach us by https

	Accounts *account.Store
	Sessions *session.Manager
	Reports  *report.Reports
	Views    *dashboard.Views
	Health   *health.Monitor
	Alerts   *alert.Board // nil shows none

	Appeal     appeal.Config
	Giving     giving.Config
	Finance    finance.Config
	Operations operations.Config
}

// Screens are all of the staff's pages.
type Screens struct {
	*screen.Guard

	SignIn   *SignIn
	Password *Password
	Overview *Overview

	Appeal     *appeal.Screens
	Giving     *giving.Screens
	Finance    *finance.Screens
	Operations *operations.Screens
}

// New gives each screen the services it needs.
func New(c Config) *Screens {
	l := c.Layout
	b := browsers{signer: c.Signer, secure: c.Secure}
	return &Screens{
		Guard:      screen.NewGuard(l.Pages, c.Sessions),
		SignIn:     &SignIn{Layout: l, browsers: b, accounts: c.Accounts, sessions: c.Sessions},
		Password:   &Password{Layout: l, browsers: b, accounts: c.Accounts, sessions: c.Sessions},
		Overview:   &Overview{Layout: l, reports: c.Reports, views: c.Views, health: c.Health, alerts: c.Alerts},
		Appeal:     appeal.New(l, c.Appeal),
		Giving:     giving.New(l, c.Giving),
		Finance:    finance.New(l, c.Finance),
		Operations: operations.New(l, c.Operations),
	}
}
