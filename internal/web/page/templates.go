package page

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"log/slog"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/text/language"

	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/templates"
)

// views are the parsed templates and the static files. A page is layout.html, the partials and one file of public/,
// manage/ or staff/, named by its path; a fragment is a file of cta/ with the partials and without the layout.
type views struct {
	files     fs.FS
	catalogue *i18n.Catalogue
	ready     atomic.Pointer[Templates]
	reload    *reload // nil, like files and catalogue, if all files are embedded ones, which never change
}

// viewDirs hold one view in each file.
var viewDirs = []string{"public", "manage", "staff", "cta"}

// Templates are one state of the files, parsed once. They are safe for concurrent use.
type Templates struct {
	pages  map[language.Tag]map[string]*view
	static assets
}

// view is a view in one language: a copy of what was parsed, with functions that say that language's sentences. It is
// made when it is first asked for, because a language more would otherwise cost every start as much as the first.
type view struct {
	parsed *template.Template // never executed: one that was cannot be copied
	funcs  template.FuncMap
	once   sync.Once
	copied *template.Template
}

func (v *view) template() *template.Template {
	v.once.Do(func() { v.copied = template.Must(v.parsed.Clone()).Funcs(v.funcs) })
	return v.copied
}

// ours are the embedded templates with the embedded sentences. They never change, so a process parses them once,
// however many Renderers it makes: the tests make hundreds.
var ours = sync.OnceValues(func() (*Templates, error) { return parse(templates.Files, i18n.Default()) })

// newViews parses every view, so that a broken one fails the start and not a reader's request. dir is an operator's own
// copy, which overrides the embedded files and is watched for changes; it may be empty.
func newViews(catalogue *i18n.Catalogue, dir string, log *slog.Logger, now func() time.Time) (*views, error) {
	if dir == "" {
		parsed := ours
		if catalogue != i18n.Default() {
			parsed = func() (*Templates, error) { return parse(templates.Files, catalogue) }
		}
		ready, err := parsed()
		v := &views{}
		v.ready.Store(ready)
		return v, err
	}
	v := &views{files: templates.Under(dir), catalogue: catalogue,
		reload: &reload{dir: dir, log: log, now: now}}
	v.reload.seen = v.reload.state()
	if err := v.reload.parse(v); err != nil {
		return nil, fmt.Errorf("TEMPLATES_DIR: %w", err)
	}
	return v, nil
}

// parse reads every view and puts them to use.
func (v *views) parse() error {
	ready, err := parse(v.files, v.catalogue)
	if err != nil {
		return err
	}
	v.ready.Store(ready)
	return nil
}

// now is the state to use for one request. Two calls find the same one unless a file changed.
func (v *views) now() *Templates {
	if v.reload != nil {
		v.reload.follow(v)
	}
	return v.ready.Load()
}

func parse(files fs.FS, catalogue *i18n.Catalogue) (*Templates, error) {
	static, err := readAssets(files, catalogue)
	if err != nil {
		return nil, err
	}
	p := &Templates{pages: map[language.Tag]map[string]*view{}, static: static}
	parsed, err := parseAll(files, funcs(static, i18n.Localizer{}))
	if err != nil {
		return nil, err
	}
	for _, lang := range catalogue.Languages() {
		said := funcs(static, catalogue.Localizer(lang, nil))
		p.pages[lang] = map[string]*view{}
		for name, t := range parsed {
			p.pages[lang][name] = &view{parsed: t, funcs: said}
		}
	}
	for name, v := range p.pages[language.English] {
		if err := checkEscaping(v.template(), entry(name)); err != nil {
			return nil, fmt.Errorf("parse %s: %w", name, err)
		}
	}
	return p, nil
}

// parseAll parses every view.
func parseAll(files fs.FS, funcs template.FuncMap) (map[string]*template.Template, error) {
	base, err := template.New("layout.html").Funcs(funcs).ParseFS(files, "layout.html", "partials/*.html")
	if err != nil {
		return nil, fmt.Errorf("parse layout and partials: %w", err)
	}
	pages := map[string]*template.Template{}
	for _, dir := range viewDirs {
		names, err := fs.Glob(files, dir+"/*.html")
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", dir, err)
		}
		for _, name := range names {
			t, err := template.Must(base.Clone()).ParseFS(files, name)
			if err != nil {
				return nil, fmt.Errorf("parse %s: %w", name, err)
			}
			pages[name] = t
		}
	}
	return pages, nil
}

// checkEscaping finds the errors that html/template reports only on the first rendering: HTML that it cannot parse, and
// names of templates that do not exist. It renders without data, so it ignores all other errors.
func checkEscaping(t *template.Template, entry string) error {
	var broken *template.Error
	if err := t.ExecuteTemplate(io.Discard, entry, nil); errors.As(err, &broken) {
		return broken
	}
	return nil
}

// entry is the template that a view begins with: a page's layout, or a fragment itself.
func entry(name string) string {
	if strings.HasPrefix(name, "cta/") {
		return path.Base(name)
	}
	return "layout.html"
}

func funcs(static assets, loc i18n.Localizer) template.FuncMap {
	return template.FuncMap{
		"say":    loc.SayIn,
		"static": static.address,
		"list":   func(all ...any) []any { return all }, // what a template with several arguments is given
		"link":   link,
		"day":    loc.Day,
		"sign":   func(tag language.Tag, c money.Currency) string { return money.Sign(c, tag) },
		"money":  func(tag language.Tag, a money.Amount) string { return money.Format(a, tag) },
		"brief":  func(tag language.Tag, a money.Amount) string { return money.FormatBrief(a, tag) },
		"rate": func(tag language.Tag, a money.Amount, frequency any) string {
			return loc.Rate(money.Format(a, tag), frequency)
		},
		"briefrate": func(tag language.Tag, a money.Amount, frequency any) string {
			return loc.Rate(money.FormatBrief(a, tag), frequency)
		},
	}
}

// link makes the part of a sentence that stands in [brackets] a link: {{link "/manage" (say "public.ask_own_page")}}.
// Without an address it is only the sentence. A target is the link's, for pages that may stand in a frame.
func link(address, sentence string, target ...string) (template.HTML, error) {
	before, rest, opens := strings.Cut(sentence, "[")
	text, after, closes := strings.Cut(rest, "]")
	if !opens || !closes {
		return "", fmt.Errorf("nothing is in brackets in %q", sentence)
	}
	if address == "" {
		return template.HTML(template.HTMLEscapeString(before + text + after)), nil //nolint:gosec // it is escaped
	}
	var b strings.Builder
	err := linked.Execute(&b, struct{ Before, Address, Target, Text, After string }{
		before, address, strings.Join(target, ""), text, after,
	})
	return template.HTML(b.String()), err //nolint:gosec // html/template has escaped it
}

var linked = template.Must(template.New("link").Parse(
	`{{.Before}}<a href="{{.Address}}"{{with .Target}} target="{{.}}"{{end}}>{{.Text}}</a>{{.After}}`))

// Execute renders a view to bytes, in a language of the catalogue: a page in the layout, a fragment of cta/ by itself.
func (p *Templates) Execute(lang language.Tag, name string, data any) ([]byte, error) {
	v, ok := p.pages[lang][name]
	if !ok {
		return nil, fmt.Errorf("no view %q", name)
	}
	var b bytes.Buffer
	if err := v.template().ExecuteTemplate(&b, entry(name), data); err != nil {
		return nil, fmt.Errorf("render %s: %w", name, err)
	}
	return b.Bytes(), nil
}
