// Package site is what readers' pages stand on: which sites are ours or embed us, where readers come from, and the keys
// in the addresses of their gifts. It shows no page.
package site

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/web/gift"
	"readerfund/internal/web/page"
)

// Layout is what every page is drawn with.
type Layout struct {
	Pages        *page.Renderer
	Signer       page.Signer    // of the keys in addresses
	Origin       string         // the service's scheme and host: "https://give.example.org"
	EmbedOrigins []string       // origins that may embed the appeal
	Zone         *time.Location // whose days the pages speak of
	Log          *slog.Logger
	Now          func() time.Time
}

// thanksPurpose is what the signature in the thanks page's address is for.
const thanksPurpose = "thanks page"

// ThanksAddress is a contribution's thanks page with the key that opens it anywhere: it shows nothing private.
func (l Layout) ThanksAddress(id uuid.UUID) string { return l.AddressWithKey(id, "thanks") }

// AddressWithKey is a page about a contribution, with the same key.
func (l Layout) AddressWithKey(id uuid.UUID, page string) string {
	return "/contributions/" + id.String() + "/" + page + "?key=" +
		url.QueryEscape(l.Signer.Sign(thanksPurpose, id.String()))
}

// MayOpen reports whether the request may see the contribution's thanks page.
func (l Layout) MayOpen(cookies *gift.Cookies, r *http.Request, id uuid.UUID) bool {
	return l.Signer.Verify(thanksPurpose, id.String(), r.URL.Query().Get("key")) || cookies.Owns(r, id)
}

// knows reports whether an address is on our own site or on one that embeds us. Only such an article is linked: the
// address came in a link or a form, which can be forged.
func (l Layout) knows(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	origin := u.Scheme + "://" + u.Host
	return origin == l.Origin || slices.Contains(l.EmbedOrigins, origin)
}

// BackTo is the article's address where a page may link it, and nothing otherwise.
func (l Layout) BackTo(article string) string {
	if !l.knows(article) {
		return ""
	}
	return article
}

// Referrer is the kind of page that led to the request.
func (l Layout) Referrer(r *http.Request) contribution.Referrer {
	switch from := r.Referer(); {
	case from == "":
		return contribution.FromNowhere
	case l.knows(from):
		return contribution.FromInternal
	default:
		return contribution.ReferrerOf(from)
	}
}

// Day writes a day of the publication's, in words that no region reads the other way round.
func (l Layout) Day(r *http.Request, t time.Time) string {
	return l.Pages.Localizer(r).Day(t.In(l.Zone))
}
