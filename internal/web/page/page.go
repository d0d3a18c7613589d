// Package page is the toolkit that pages are built with: templates and static files, forms and their errors, errors as
// pages and as problem details (RFC 9457), flash messages, content negotiation, signed values for browsers, and what
// the server knows about a request.
//
// It knows nothing of contributions, staff or PayPal, routes nothing, and keeps no state between requests but the
// templates.
package page

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"

	"golang.org/x/text/language"

	"readerfund/internal/i18n"
	"readerfund/internal/text"
)

// Handler answers a request: it renders a page, or returns an error for Renderer.Fail to answer.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Page is what the layout needs; Data is what the page's own file needs.
type Page struct {
	Title       string
	Publication string       // filled in by Render, like what follows
	Contact     string       // the email address readers can write to
	Privacy     string       // the address of the privacy notice
	Imprint     string       // the address of the page that says who the publication is
	Look        Look         // how the publication looks
	Nonce       string       // lets inline scripts and styles of an operator's own templates run; empty without such
	Tag         language.Tag // the page's language, with the region that amounts and dates are written for
	NoIndex     bool         // kept out of search engines
	Data        any

	Languages []LanguageLink // the page in each language, where readers may choose one

	to func(address string) string
}

// Lang is the page's language for <html lang>.
func (p Page) Lang() string { return p.Tag.String() }

// Dir is the direction of the page's language for <html dir>.
func (p Page) Dir() string { return text.Direction(p.Tag) }

// Mailto is the address of a link to the publication's Contact; empty where it has none.
func (p Page) Mailto() string {
	if p.Contact == "" {
		return ""
	}
	return "mailto:" + p.Contact
}

// To is one of our own addresses, in the page's language (Renderer.To).
func (p Page) To(address string) string { return p.to(address) }

// Flash reports the outcome of an action, above the page that it leads to. It is made from the state of the database
// when the page is shown, not from the address: after a reload it shows how things stand then.
type Flash struct {
	Tone  string // good, wait or bad
	Title string
	Text  string
}

// Good says that an action was done. The key stands for two sentences: the title is key.title, the text key.text.
func Good(loc i18n.Localizer, key string, args ...i18n.Args) *Flash {
	return flash(loc, "good", key, args)
}

// Pending says that the outcome is not certain yet.
func Pending(loc i18n.Localizer, key string, args ...i18n.Args) *Flash {
	return flash(loc, "wait", key, args)
}

// Bad says that an action was not done.
func Bad(loc i18n.Localizer, key string, args ...i18n.Args) *Flash {
	return flash(loc, "bad", key, args)
}

func flash(loc i18n.Localizer, tone, key string, args []i18n.Args) *Flash {
	return &Flash{Tone: tone, Title: loc.Say(key+".title", args...), Text: loc.Say(key+".text", args...)}
}

// Config is what a Renderer is made with.
type Config struct {
	Publication  string // shown on every page
	Contact      string // where readers can write to; may be empty, like the next two
	Privacy      string
	Imprint      string
	TemplatesDir string          // an operator's own copy of templates/, followed; may be empty
	Catalogue    *i18n.Catalogue // nil is locales/
	Languages    []language.Tag  // those offered to readers, of the catalogue, the publication's own first; nil is all
	Look         func() Look     // how the publication looks now; nil is as the templates say
	Log          *slog.Logger
	Now          func() time.Time
}

// Look is how the publication looks, beyond what the templates say. What is nil or empty is left to them.
type Look struct {
	Stylesheet string // an address below our own: comes after site.css
	Appeal     string // the same for appeals on other sites: after cta.css
	Logo       *Image // in place of the name
	LogoDark   *Image // the same in the dark, where it is another
}

// Image is a picture as a page shows it. Width and Height are the file's, in pixels: they keep its room.
type Image struct {
	Address       string
	Srcset        string
	Width, Height int
}

// Renderer answers with pages, and with errors as pages. It is safe for concurrent use.
type Renderer struct {
	publication, contact, privacy, imprint string

	catalogue *i18n.Catalogue
	languages []language.Tag
	look      func() Look
	views     *views
	log       *slog.Logger
}

// New parses every template, so that a broken one fails the start and not a reader's request.
func New(c Config) (*Renderer, error) {
	catalogue := cmp.Or(c.Catalogue, i18n.Default())
	v, err := newViews(catalogue, c.TemplatesDir, c.Log, c.Now)
	if err != nil {
		return nil, err
	}
	languages := c.Languages
	if len(languages) == 0 {
		languages = catalogue.Languages()
	}
	look := c.Look
	if look == nil {
		look = func() Look { return Look{} }
	}
	return &Renderer{
		publication: c.Publication, contact: c.Contact, privacy: c.Privacy, imprint: c.Imprint, catalogue: catalogue,
		languages: languages, look: look, views: v, log: c.Log,
	}, nil
}

// Publication is the publication's name.
func (p *Renderer) Publication() string { return p.publication }

// Look is how the publication looks now.
func (p *Renderer) Look() Look { return p.look() }

// Languages are those that the publication speaks to its readers in, its own first.
func (p *Renderer) Languages() []language.Tag { return slices.Clone(p.languages) }

// Templates are the templates to use for one request. Two calls find the same ones unless a file changed.
func (p *Renderer) Templates() *Templates { return p.views.now() }

// Handle makes a Handler into one for the router.
func (p *Renderer) Handle(h Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			p.Fail(w, r, err)
		}
	}
}

// Render answers with a page. Nothing is written before the whole page is rendered, so an error can still be answered.
func (p *Renderer) Render(w http.ResponseWriter, r *http.Request, status int, name string, data Page) error {
	loc := p.Localizer(r)
	data.Publication, data.Tag = p.publication, loc.Tag()
	data.Contact, data.Privacy, data.Imprint = p.contact, p.privacy, p.imprint
	data.Look, data.Nonce = p.look(), nonceOf(r)
	data.Languages = p.languageLinks(r, loc)
	data.to = func(address string) string { return p.To(r, address) }
	body, err := p.Templates().Execute(loc.Language(), name, data)
	if err != nil {
		return err
	}
	Write(w, status, "text/html; charset=utf-8", body)
	return nil
}

// In is a page in one language, for documents that are kept for all readers (Templates.Execute).
func (p *Renderer) In(lang language.Tag, title string, data any) Page {
	return Page{
		Title: title, Publication: p.publication, Contact: p.contact, Privacy: p.privacy, Imprint: p.imprint,
		Look: p.look(), Tag: lang, Data: data,
		to: func(address string) string { return withLanguage(address, lang.String()) },
	}
}

// Write answers with bytes. Pages are not cached by default: most show something about one reader.
func Write(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // if this fails, the client is gone
}

// WritePDF answers with a file that browsers show, and save under its name.
func WritePDF(w http.ResponseWriter, name string, file []byte) {
	w.Header().Set("Content-Disposition", `inline; filename="`+name+`.pdf"`)
	Write(w, http.StatusOK, "application/pdf", file)
}

// WriteJSON answers with a value as JSON.
func WriteJSON(w http.ResponseWriter, status int, contentType string, v any) {
	body, err := json.Marshal(v)
	if err != nil { // our own structs of strings and numbers always marshal
		panic(fmt.Errorf("marshal answer: %w", err))
	}
	Write(w, status, contentType, append(body, '\n'))
}

// Redirect sends the reader on after a form (RFC 9110, section 15.4.4).
func Redirect(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusSeeOther)
}

// Seconds formats a wait for Retry-After (RFC 9110, section 10.2.3), rounded up so that it is long enough.
func Seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// Wait formats a wait for people, in minutes: "in 5 minutes".
func Wait(d time.Duration) i18n.Message {
	return i18n.New("web.in_minutes", i18n.Args{"count": max(1, int((d+time.Minute-1)/time.Minute))})
}

type nonceKey struct{}

// WithNonce is a request whose pages carry the nonce that its Content-Security-Policy names.
func WithNonce(r *http.Request, nonce string) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), nonceKey{}, nonce))
}

func nonceOf(r *http.Request) string {
	nonce, _ := r.Context().Value(nonceKey{}).(string)
	return nonce
}
