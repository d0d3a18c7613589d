// Package screen is what every staff page stands on: the layout with the menu, who may come in, times and days, filters
// and downloads. It shows nothing of its own.
package screen

import (
	"log/slog"
	"net/http"
	"time"

	"readerfund/internal/account"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/web/page"
)

// Layout is what every screen is drawn with.
type Layout struct {
	Pages    *page.Renderer
	Zone     *time.Location // whose days the pages speak of
	Currency money.Currency // the publication's own: listed first among several
	Log      *slog.Logger
	Now      func() time.Time
}

// staffPage is what every staff page shows around its own part.
type staffPage struct {
	Account  account.Account
	Section  string // the part of the menu we are in
	MayAct   bool   // may open the inbox, refund, ask PayPal, and replay events
	MayAudit bool
	Zone     string // where the days begin: "Europe/Berlin"
	Body     any
}

// Render writes a staff page inside the layout with the menu. section is the part of the menu that it is in.
func (s Layout) Render(
	w http.ResponseWriter, r *http.Request, status int, view string, title i18n.Message, section string, body any,
) error {
	who := AccountOf(r)
	said := s.Pages.Localizer(r).Message(title)
	return s.Pages.Render(w, r, status, view, page.Page{Title: said, NoIndex: true, Data: staffPage{
		Account: who, Section: section, MayAct: who.Role.Allows(account.Editor), MayAudit: who.Role.Allows(account.Admin),
		Zone: s.Zone.String(), Body: body,
	}})
}
