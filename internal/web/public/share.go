package public

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/web/page"
	"readerfund/internal/web/public/site"
)

// share is how a reader passes a story on, or the donation page: plain links, which load nothing of another site.
type share struct {
	Story   bool   // it is a story, and not the donation page
	Address string // what is shared; it says that it was, and nothing about who
	Text    string // a sentence before it
	Post    string // both
	Subject string // of a mail

	Mastodon string // where the form asks for the reader's server
	Key      string // opens that page
}

// newShare is about the story that the reader came from, where it is on a site of ours.
func newShare(l site.Layout, r *http.Request, c contribution.Contribution) *share {
	loc, about := l.Pages.Localizer(r), i18n.Args{"publication": l.Pages.Publication()}
	s := &share{
		Story: true, Address: l.BackTo(c.Article), Text: loc.Say("thanks.share_story", about),
		Subject:  loc.Say("thanks.share_subject", about),
		Mastodon: l.Pages.To(r, "/contributions/"+c.ID.String()+"/share"), Key: r.URL.Query().Get("key"),
	}
	if s.Address == "" {
		s.Story, s.Text = false, loc.Say("thanks.share_us", about)
		s.Address = l.Origin + "/support/" + c.Campaign
	}
	s.Address = withShared(s.Address)
	s.Post = s.Text + " " + s.Address
	return s
}

// withShared marks an address as one that a reader passed on.
func withShared(address string) string {
	u, err := url.Parse(address)
	if err != nil { // backTo has read it
		return address
	}
	q := u.Query()
	q.Set("shared", "1")
	u.RawQuery = q.Encode()
	return u.String()
}

// Mail is an address that opens the reader's own mail program. Spaces are %20 there (RFC 6068).
func (s *share) Mail() string {
	return "mailto:?subject=" + escaped(s.Subject) + "&body=" + escaped(s.Post)
}

// Bluesky is its "Action Intent Link".
func (s *share) Bluesky() string { return "https://bsky.app/intent/compose?text=" + escaped(s.Post) }

// WhatsApp is its "Click to Chat".
func (s *share) WhatsApp() string { return "https://wa.me/?text=" + escaped(s.Post) }

// Telegram is its share link.
func (s *share) Telegram() string {
	return "https://t.me/share/url?url=" + escaped(s.Address) + "&text=" + escaped(s.Text)
}

// Facebook is its share dialog; it takes no text.
func (s *share) Facebook() string {
	return "https://www.facebook.com/sharer/sharer.php?u=" + escaped(s.Address)
}

func escaped(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// mastodonPage leads on to the reader's server.
type mastodonPage struct {
	page.FormErrors

	Share  *share
	Server string // as it was typed, or its name where that can be one
	On     string // the post there, begun; empty where the server's name is wrong
	Back   string
}

var serverName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$`)

// ShareOnMastodon answers GET /contributions/{id}/share: a page with a link to the Mastodon server that the reader
// names. It is a page and not a redirect, so that the address leads nobody elsewhere without showing where.
func (s *Thanks) ShareOnMastodon(w http.ResponseWriter, r *http.Request) error {
	c, r, err := s.open(r)
	if err != nil {
		return err
	}
	m := mastodonPage{Share: newShare(s.Layout, r, c), Server: r.URL.Query().Get("server"), Back: s.ThanksAddress(c.ID)}
	status := http.StatusOK
	if name := serverOf(m.Server); serverName.MatchString(name) && len(name) <= 253 {
		m.Server, m.On = name, "https://"+name+"/share?text="+escaped(m.Share.Post)
	} else {
		m.Put(s.Pages.Localizer(r), fault.Input("server", "thanks.mastodon_wrong"), "server")
		status = http.StatusUnprocessableEntity
	}
	title := s.Pages.Localizer(r).Say("thanks.mastodon_title")
	return s.Pages.Render(w, r, status, "public/share.html", page.Page{Title: title, NoIndex: true, Data: m})
}

// serverOf takes a server's name out of what people type: its address, or their own (@ada@mastodon.social).
func serverOf(typed string) string {
	name := strings.ToLower(strings.TrimSpace(typed))
	name = strings.TrimPrefix(strings.TrimPrefix(name, "https://"), "http://")
	name, _, _ = strings.Cut(name, "/")
	return name[strings.LastIndexByte(name, '@')+1:]
}
