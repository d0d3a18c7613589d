package page

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
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
