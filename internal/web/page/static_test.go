package page

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"readerfund/internal/i18n"
)

func TestStaticFilesAreHashedAndCachedForEver(t *testing.T) {
	t.Parallel()
	p := bare(t, nil)
	address, err := p.Templates().static.address("site.css")
	if err != nil {
		t.Fatal(err)
	}
	w := get(p, address, "Accept-Encoding", "br, gzip")
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/css; charset=utf-8" ||
		!strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	plain := get(p, address, "Accept-Encoding", "gzip;q=0")
	if plain.Header().Get("Content-Encoding") != "" || plain.Header().Get("Vary") != "Accept-Encoding" {
		t.Errorf("as it is: %v", plain.Header())
	}
	for encoding, open := range map[string]func(io.Reader) io.Reader{
		"br": func(r io.Reader) io.Reader { return brotli.NewReader(r) },
		"gzip": func(r io.Reader) io.Reader {
			z, err := gzip.NewReader(r)
			if err != nil {
				t.Fatal(err)
			}
			return z
		},
	} {
		w := get(p, address, "Accept-Encoding", encoding)
		if w.Header().Get("Content-Encoding") != encoding || w.Body.Len() >= plain.Body.Len()/2 {
			t.Fatalf("%s: %v, %d bytes", encoding, w.Header(), w.Body.Len())
		}
		if unpacked, _ := io.ReadAll(open(w.Body)); string(unpacked) != plain.Body.String() {
			t.Errorf("%s holds something else", encoding)
		}
	}
	if w = get(p, "/static/site.0000000000.css"); w.Code != 404 {
		t.Errorf("wrong hash: %d", w.Code)
	}
	if _, err = p.Templates().static.address("nothing.css"); err == nil {
		t.Error("a static file that is not there has an address")
	}
}

func get(p *Renderer, address string, header ...string) *httptest.ResponseRecorder {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /static/{file}", p.Handle(p.Static))
	return ask(mux, "GET", address, header...)
}

// What a coding would only make longer is sent as it is.
func TestABodyIsNotMadeLarger(t *testing.T) {
	t.Parallel()
	e := NewEncoded([]byte("x"))
	for c := range codings {
		if b := e.In(c); string(b.Bytes) != "x" || b.Encoding != nil || b.Length[0] != "1" {
			t.Errorf("%d: %+v", c, b)
		}
	}
}

// Comments are for us. What the minifier cannot read is sent as it stands, for an operator may write a newer language.
func TestScriptsAndStylesheetsAreSentSmall(t *testing.T) {
	t.Parallel()
	const newer = "// A comment.\nlet x = 1 |> double(%);\n"
	o := newOperator(t, "static/newer.js", newer)
	o.put("static/small.js", "// A comment.\nexport const answer = 6 * 7;\n")
	o.put("static/small.css", "/* A comment. */\na { color: red; }\n")
	o.put("static/notes.txt", "/* A comment. */\n")
	o.put("static/says.js", `export const words = '{{say "cta.stand_in"}}';`)
	o.shows("not")
	sent := func(name string) string {
		t.Helper()
		address, err := o.pages.Templates().static.address(name)
		if err != nil {
			t.Fatal(err)
		}
		return get(o.pages, address, "Accept-Encoding", "identity").Body.String()
	}
	for name, want := range map[string]string{
		"newer.js": newer, "small.js": "export const answer=6*7", "small.css": "a{color:red}",
		"notes.txt": "/* A comment. */\n",
	} {
		if got := sent(name); got != want {
			t.Errorf("%s is sent as %q", name, got)
		}
	}
	said := sent("says.js")
	for _, lang := range i18n.Default().Languages() {
		if want := i18n.Default().Localizer(lang, nil).Say("cta.stand_in"); !strings.Contains(said, want) {
			t.Errorf("%s is missing in %s", want, said)
		}
	}
	o.put("static/says.js", `let x = '{{say "cta.none"}}'`)
	o.shows("not")
	o.brokenOnce("says.js", "cta.none")
}
