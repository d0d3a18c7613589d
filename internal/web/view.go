package web

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"

	"golang.org/x/text/language"

	"readerfund/internal/money"
)

// page is what the layout needs; Data is what the page's own file needs.
type page struct {
	Title       string
	Publication string       // filled in by render, like what follows
	Contact     string       // the mail address readers can write to
	Privacy     string       // the address of the privacy notice
	Imprint     string       // the address of the page that says who the publication is
	Tag         language.Tag // how amounts and dates are written
	NoIndex     bool         // kept out of search engines
	Data        any
}

// Lang is the page's language for <html lang>.
func (p page) Lang() string { return p.Tag.String() }

// views are the parsed templates and the static files. A page is layout.html, the partials and one file of public/ or
// staff/, named by its path; a fragment is a file of cta/ with the partials and without the layout.
type views struct {
	files fs.FS
	live  bool // parse anew for each request
	ready parsed
}

type parsed struct {
	pages  map[string]*template.Template
	static assets
}

// newViews parses every view, so that a broken one stops the start and not a reader.
func newViews(files fs.FS, live bool) (*views, error) {
	ready, err := parse(files)
	if err != nil {
		return nil, err
	}
	return &views{files: files, live: live, ready: ready}, nil
}

// now is the parsed state to use for one request.
func (v *views) now() (parsed, error) {
	if v.live {
		return parse(v.files)
	}
	return v.ready, nil
}

func parse(files fs.FS) (parsed, error) {
	static, err := readAssets(files)
	if err != nil {
		return parsed{}, err
	}
	base, err := template.New("layout.html").Funcs(funcs(static)).ParseFS(files, "layout.html", "partials/*.html")
	if err != nil {
		return parsed{}, fmt.Errorf("parse layout and partials: %w", err)
	}
	p := parsed{pages: map[string]*template.Template{}, static: static}
	for _, dir := range []string{"public", "staff", "cta"} {
		names, err := fs.Glob(files, dir+"/*.html")
		if err != nil {
			return parsed{}, fmt.Errorf("list %s: %w", dir, err)
		}
		for _, name := range names {
			t, err := template.Must(base.Clone()).ParseFS(files, name)
			if err != nil {
				return parsed{}, fmt.Errorf("parse %s: %w", name, err)
			}
			p.pages[name] = t
		}
	}
	return p, nil
}

func funcs(static assets) template.FuncMap {
	return template.FuncMap{
		"static": static.address,
		"sign":   func(tag language.Tag, c money.Currency) string { return money.Sign(c, tag) },
		"money":  func(tag language.Tag, a money.Amount) string { return money.Format(a, tag) },
		"brief":  func(tag language.Tag, a money.Amount) string { return money.FormatBrief(a, tag) },
	}
}

// execute renders a view to bytes: a page in the layout, a fragment of cta/ by itself.
func (p parsed) execute(name string, data any) ([]byte, error) {
	t, ok := p.pages[name]
	if !ok {
		return nil, fmt.Errorf("no view %q", name)
	}
	entry := "layout.html"
	if strings.HasPrefix(name, "cta/") {
		entry = path.Base(name)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, entry, data); err != nil {
		return nil, fmt.Errorf("render %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// render answers with a page. Nothing is written before the whole page is rendered, so an error can still be answered.
func (s *site) render(w http.ResponseWriter, r *http.Request, status int, name string, p page) error {
	views, err := s.views.now()
	if err != nil {
		return err
	}
	p.Publication, p.Tag = s.PublicationName, locale(r)
	p.Contact, p.Privacy, p.Imprint = s.ContactEmail, s.PrivacyURL, s.ImprintURL
	body, err := views.execute(name, p)
	if err != nil {
		return err
	}
	write(w, status, "text/html; charset=utf-8", body)
	return nil
}

// write answers with bytes. Pages are not stored by default: most show something of one reader's.
func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) //nolint:gosec // html/template escaped it; if this fails the client is gone and nobody is left to tell
}
