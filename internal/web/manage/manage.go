// Package manage shows readers their own gifts: the page that asks for a link by mail, the page behind that link, and
// the page of one recurring gift, to which every mail about that gift leads.
//
// A handler parses, makes one call into the domain, chooses a view and renders it. The person who reads the mail of an
// address is its reader; internal/managelink keeps their sessions. internal/manage makes the changes to a gift.
package manage

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/i18n"
	"readerfund/internal/manage"
	"readerfund/internal/managelink"
	"readerfund/internal/receipt"
	"readerfund/internal/supporter"
	"readerfund/internal/web/page"
)

// Config is what the pages are made with.
type Config struct {
	Pages  *page.Renderer
	Secure bool           // the site is served over https
	Zone   *time.Location // whose days the pages speak of

	Links     *managelink.Service
	People    *supporter.Service
	Changes   *manage.Service
	Approvals approvals
	Receipts  *receipt.Service // nil leaves receipts out
	Documents receipt.Links

	Log *slog.Logger
	Now func() time.Time
}

// Pages are all of the pages.
type Pages struct {
	Ask     *Ask
	Open    *Open
	Own     *Own
	Gift    *Gift
	Privacy *Privacy
}

// New gives each page the services it needs.
func New(c Config) *Pages {
	l := layout{pages: c.Pages, zone: c.Zone, log: c.Log, now: c.Now}
	d := door{links: c.Links, to: c.Pages.To, secure: c.Secure}
	ask := &Ask{layout: l, links: c.Links}
	return &Pages{
		Ask: ask, Open: &Open{layout: l, door: d, ask: ask},
		Own: &Own{layout: l, door: d, ask: ask, people: c.People, changes: c.Changes, receipts: c.Receipts,
			document: c.Documents},
		Gift: &Gift{
			layout: l, door: d, ask: ask, links: c.Links.Links, people: c.People, service: c.Changes, approvals: c.Approvals,
		},
		Privacy: &Privacy{layout: l, door: d, people: c.People, changes: c.Changes},
	}
}

// Manages reports whether the request is by the contribution's reader, on their own page.
func (p *Pages) Manages(r *http.Request, contribution uuid.UUID) bool {
	address, err := p.Own.door.reader(r.Context(), r)
	if err != nil {
		return false
	}
	owns, err := p.Own.people.Owns(r.Context(), address, contribution)
	return err == nil && owns
}

// Receives reports whether the request is by the reader of the address to which the contribution's receipts are mailed.
func (p *Pages) Receives(r *http.Request, contribution uuid.UUID) bool {
	address, err := p.Own.door.reader(r.Context(), r)
	if err != nil || p.Own.receipts == nil {
		return false
	}
	receives, err := p.Own.receipts.MailedTo(r.Context(), contribution, address)
	return err == nil && receives
}

// home is a reader's own page.
const home = "/manage"

// layout is what every page is drawn with.
type layout struct {
	pages *page.Renderer
	zone  *time.Location
	log   *slog.Logger
	now   func() time.Time
}

// day writes a day of the publication's, in words that no region reads the other way round.
func (l layout) day(loc i18n.Localizer, t time.Time) string { return loc.Day(t.In(l.zone)) }

// dayOf is day, and empty for a time that is not known.
func (l layout) dayOf(loc i18n.Localizer, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return l.day(loc, t)
}

// show renders a page of one reader, which search engines must not index.
func (l layout) show(
	w http.ResponseWriter, r *http.Request, status int, view string, title i18n.Message, data any,
) error {
	p := page.Page{Title: l.pages.Localizer(r).Message(title), NoIndex: true, Data: data}
	return l.pages.Render(w, r, status, view, p)
}

// door knows which browsers were let in.
type door struct {
	links  *managelink.Service
	to     func(r *http.Request, address string) string // page.Renderer.To
	secure bool
}

// cookie is the name of the session's cookie, which is not the staff's.
func (d door) cookie() string {
	if d.secure {
		return "__Host-readerfund_manage" // the browser takes it only from this very host, over https
	}
	return "readerfund_manage"
}

func (d door) session(r *http.Request) string {
	cookie, err := r.Cookie(d.cookie())
	if err != nil {
		return ""
	}
	return cookie.Value
}

// keep sets the session cookie, or deletes it if session is empty. SameSite is Lax so that browsers send the cookie
// when PayPal sends the reader back.
func (d door) keep(w http.ResponseWriter, session string) {
	age := int(managelink.SessionLasts / time.Second)
	if session == "" {
		age = -1
	}
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever there is https to send it over
		Name: d.cookie(), Value: session, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: d.secure, SameSite: http.SameSiteLaxMode,
	})
}

// reader returns the email address that the request's session belongs to, or managelink.ErrNoSession.
func (d door) reader(ctx context.Context, r *http.Request) (string, error) {
	return d.links.Reader(ctx, d.session(r))
}

// only lets in readers with a session, and sends others to where they can ask for a link.
func (d door) only(h func(w http.ResponseWriter, r *http.Request, address string) error) page.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		address, err := d.reader(r.Context(), r)
		if errors.Is(err, managelink.ErrNoSession) {
			page.Redirect(w, d.to(r, home+"?closed"))
			return nil
		}
		if err != nil {
			return err
		}
		return h(w, r, address)
	}
}
