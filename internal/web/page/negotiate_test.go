package page

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestAcceptIsReadByQuality(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]bool{
		"": false, "*/*": false, "text/html": false, "application/json": true, "APPLICATION/JSON": true,
		"application/problem+json":                                        true,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": false, // a browser
		"application/json, text/plain, */*":                               true,  // axios
		"application/json;q=0.5, text/html":                               false,
		"application/json, text/html;q=0.5":                               true,
		"text/html;q=0.2, application/json;q=0.3":                         true,
		"application/json, text/html":                                     false,
		"application/json;q=0":                                            false,
		"application/json;q=0, */*;q=0.1":                                 false,
		"text/html;q=0, */*":                                              true,
		"application/*, text/html;q=0.9":                                  true,
		"text/html; q=x, application/json; version=1; q=0.1":              true,
		"image/png, application/vnd.geo+json":                             false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		if accept != "" {
			r.Header.Set("Accept", accept)
		}
		if got := PrefersJSON(r); got != want {
			t.Errorf("%q: %v", accept, got)
		}
	}
}

func TestIfNoneMatchIsAListComparedWeakly(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		"": false, `"abc"`: true, `W/"abc"`: true, `"x", "abc"`: true, `"x",W/"abc" , "y"`: true, "*": true,
		`"abc-gzip"`: true, `W/"abc-br"`: true, `"x", "abc;gzip"`: true, `"abcd-gzip"`: false, `"-gzip"`: false,
		`"abcd"`: false, `"x"`: false, "abc": false, `w/"abc"`: false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		if header != "" {
			r.Header.Set("If-None-Match", header)
		}
		if got := NotModified(r, `"abc"`); got != want {
			t.Errorf("%s: %v", header, got)
		}
	}
	p := bare(t, nil)
	h := p.Handle(p.Script("cta.js"))
	tag := ask(h, "GET", "/embed/cta.js").Header().Get("ETag")
	for _, header := range []string{"W/" + tag, `"old", W/` + tag, "*"} {
		w := ask(h, "GET", "/embed/cta.js", "If-None-Match", header)
		if w.Code != http.StatusNotModified || w.Body.Len() != 0 {
			t.Errorf("%s: %d", header, w.Code)
		}
	}
}

func TestAcceptEncodingIsReadByQuality(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]Coding{
		"": Identity, "gzip": Gzip, "br, GZIP;q=0.5": Brotli, "gzip;q=0": Identity, "gzip; q=0.0, *": Gzip, "*": Gzip,
		"*;q=0": Identity, "br": Brotli, "gzip, deflate, br, zstd": Brotli, "br;q=0.5, gzip": Gzip, "br;q=0, gzip": Gzip,
		"zstd, identity": Identity, "BR;q=x": Identity, "br;q=0": Identity,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Encoding", header)
		if got := AcceptedCoding(r); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}
