package page

import (
	"net/http"
	"strconv"
	"strings"
)

// NotModified reports whether the client already has this version. If-None-Match is a list and compared weakly, because
// a cache that compresses an answer weakens its tag (RFC 9110, section 13.1.2) or, as Apache's mod_deflate and
// mod_brotli do, writes the coding into it.
func NotModified(r *http.Request, etag string) bool {
	own := strings.TrimPrefix(etag, "W/")
	for _, header := range r.Header["If-None-Match"] {
		for tag := range strings.SplitSeq(header, ",") {
			if tag = strings.TrimSpace(tag); tag == "*" || withoutCoding(strings.TrimPrefix(tag, "W/")) == own {
				return true
			}
		}
	}
	return false
}

// withoutCoding is "abc" of "abc-gzip".
func withoutCoding(tag string) string {
	for _, suffix := range []string{`-gzip"`, `-br"`, `;gzip"`, `;br"`} {
		if plain, had := strings.CutSuffix(tag, suffix); had {
			return plain + `"`
		}
	}
	return tag
}

// PrefersJSON reports whether the client wants JSON rather than a page. If both have the same quality, a type that the
// client names wins over one that only a wildcard covers, and the page wins over JSON.
func PrefersJSON(r *http.Request) bool {
	accept := r.Header["Accept"]
	if len(accept) == 0 || len(accept) == 1 && accept[0] == "*/*" {
		return false
	}
	page, json, problem := wanted(accept, "text/html"), wanted(accept, JSONType), wanted(accept, ProblemType)
	return json.above(page) || problem.above(page)
}

// WantsJSON reports whether the client is a program and not a reader: it sent JSON, or prefers JSON to a page.
func WantsJSON(r *http.Request) bool {
	return MediaType(r) == JSONType || PrefersJSON(r)
}

// want is how much a client wants a type: the quality of the most specific range that covers it, and how specific that
// range is (RFC 9110, section 12.5.1).
type want struct {
	quality float64
	exact   int
}

func (a want) above(b want) bool {
	return a.quality > b.quality || a.quality == b.quality && a.quality > 0 && a.exact > b.exact
}

func wanted(accept []string, mediaType string) want {
	family, _, _ := strings.Cut(mediaType, "/")
	best := want{exact: -1}
	for _, header := range accept {
		for element := range strings.SplitSeq(header, ",") {
			name, parameters, _ := strings.Cut(element, ";")
			exact := -1
			switch name = strings.TrimSpace(name); {
			case strings.EqualFold(name, mediaType):
				exact = 2
			case strings.HasSuffix(name, "/*") && strings.EqualFold(name[:len(name)-2], family):
				exact = 1
			case name == "*/*":
				exact = 0
			}
			if exact > best.exact {
				best = want{quality(parameters), exact}
			}
		}
	}
	return best
}

// quality reads the q among an element's parameters: 1 where there is none, 0 where it is garbled.
func quality(parameters string) float64 {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(parameter, "=")
		if strings.EqualFold(strings.TrimSpace(name), "q") {
			q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil || !(q >= 0 && q <= 1) {
				return 0
			}
			return q
		}
	}
	return 1
}
