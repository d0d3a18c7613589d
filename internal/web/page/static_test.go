package page

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
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
	plain := get(p, address, "Accept-Encoding", "gzip;q=0").Body.String()
	if w.Header().Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		if unpacked, _ := io.ReadAll(z); string(unpacked) != plain {
			t.Error("gzip holds something else")
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
