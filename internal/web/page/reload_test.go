package page

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// operator is pages with templates of an operator's own in a folder, a clock that each request finds later than
// another look at the folder needs, and the log.
type operator struct {
	t     *testing.T
	dir   string
	clock time.Time
	log   bytes.Buffer
	pages *Renderer
	http.Handler
}

// newOperator writes a file and starts.
func newOperator(t *testing.T, name, text string) *operator {
	o := &operator{t: t, dir: t.TempDir(), clock: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)}
	o.put(name, text)
	o.pages = bare(t, func(c *Config) {
		c.TemplatesDir, c.Now = o.dir, func() time.Time { return o.clock }
		c.Log = slog.New(slog.NewTextHandler(&o.log, nil))
	})
	o.Handler = o.pages.Handle(func(http.ResponseWriter, *http.Request) error { return NotFound() })
	return o
}

// put writes a file in place of the one there was, as an editor does, and at a time of its own.
func (o *operator) put(name, text string) {
	o.t.Helper()
	path := filepath.Join(o.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		o.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		o.t.Fatal(err)
	}
	o.clock = o.clock.Add(time.Millisecond)
	if err := os.Chtimes(path, o.clock, o.clock); err != nil {
		o.t.Fatal(err)
	}
}

// shows asks for the page that says there is none, a while after whatever was asked before.
func (o *operator) shows(want string) {
	o.t.Helper()
	o.clock = o.clock.Add(2 * time.Second)
	if w := ask(o, "GET", "/nowhere"); !strings.Contains(w.Body.String(), want) {
		o.t.Errorf("want %q, got %d %s", want, w.Code, w.Body)
	}
}

// errors are the log's lines at level ERROR.
func (o *operator) errors() []string {
	var lines []string
	for line := range strings.Lines(o.log.String()) {
		if strings.Contains(line, "level=ERROR") {
			lines = append(lines, line)
		}
	}
	return lines
}

// brokenOnce checks that the log tells of one broken state, in words that name where.
func (o *operator) brokenOnce(where ...string) {
	o.t.Helper()
	lines := o.errors()
	if len(lines) != 1 {
		o.t.Fatalf("%d errors in the log, not 1:\n%s", len(lines), strings.Join(lines, ""))
	}
	for _, w := range where {
		if !strings.Contains(lines[0], w) {
			o.t.Errorf("the log does not name %q: %s", w, lines[0])
		}
	}
}

const errorPage = "public/error.html"

func saying(text string) string { return `{{define "main"}}` + text + `{{end}}` }

func TestAnOperatorsTemplatesLieOverOursAndAreReadAnew(t *testing.T) {
	t.Parallel()
	o := newOperator(t, errorPage, saying("first words"))
	o.shows("first words")
	o.put(errorPage, saying("other words"))
	o.shows("other words")
	if err := os.Remove(filepath.Join(o.dir, errorPage)); err != nil {
		t.Fatal(err)
	}
	o.shows("There is no page at this address.")
	if lines := o.errors(); lines != nil {
		t.Errorf("nothing was broken: %s", lines)
	}
}

func TestABrokenTemplateLeavesTheLastGoodOnesInUse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, where string }{
		"no template":          {"\n{{broken", "error.html:2"},
		"names none":           {"\n" + saying(`{{template "nowhere" .}}`), "error.html:2"},
		"ends inside of a tag": {"\n" + saying(`<a href="`), "error.html"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOperator(t, errorPage, saying("good words"))
			o.put(errorPage, c.text)
			for range 3 {
				o.shows("good words")
			}
			o.brokenOnce(errorPage, c.where)
			o.put(errorPage, saying("better words"))
			o.shows("better words")
			o.brokenOnce()
		})
	}
}

func TestATemplatesFolderThatIsAwayLeavesTheLastGoodOnesInUse(t *testing.T) {
	t.Parallel()
	o := newOperator(t, errorPage, saying("good words"))
	away := o.dir + "-away"
	if err := os.Rename(o.dir, away); err != nil {
		t.Fatal(err)
	}
	o.shows("good words")
	o.shows("good words")
	o.brokenOnce(o.dir)
	if err := os.Rename(away, o.dir); err != nil {
		t.Fatal(err)
	}
	o.put(errorPage, saying("better words"))
	o.shows("better words")
	o.brokenOnce()
}

// A Kubernetes ConfigMap's files are links through a folder's link, which is what changes.
func TestTemplatesBehindALinkAreReadAnewWhenTheLinkChanges(t *testing.T) {
	t.Parallel()
	o := newOperator(t, "one/error.html", saying("first words"))
	link := func(to, name string) {
		t.Helper()
		path := filepath.Join(o.dir, name)
		err := errors.Join(
			os.MkdirAll(filepath.Dir(path), 0o700), os.Symlink(to, path+".new"), os.Rename(path+".new", path))
		if err != nil {
			t.Fatal(err)
		}
	}
	link("one", "data")
	link("../data/error.html", errorPage)
	o.shows("first words")
	o.put("two/error.html", saying("other words"))
	link("two", "data")
	o.shows("other words")
}

func TestTemplatesAreLookedAtOnceInASecondAndParsedWhenTheyChanged(t *testing.T) {
	t.Parallel()
	o := newOperator(t, errorPage, saying("first words"))
	first := o.pages.Templates()
	o.clock = o.clock.Add(time.Hour)
	if o.pages.Templates() != first {
		t.Error("parsed again, and nothing changed")
	}
	looked := o.clock
	o.put(errorPage, saying("other words"))
	o.clock = looked.Add(lookEvery - 1)
	if o.pages.Templates() != first {
		t.Error("looked twice in a second")
	}
	o.clock = o.clock.Add(1)
	if o.pages.Templates() == first {
		t.Error("a second later, not looked")
	}
}
