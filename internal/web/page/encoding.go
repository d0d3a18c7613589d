package page

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

// Coding is a content coding of RFC 9110, section 8.4.1.
type Coding int

// The codings that bodies are kept in. Identity is none.
const (
	Identity Coding = iota
	Gzip
	Brotli
	codings
)

// Body is one coded form of a body, with the header values that go with it, so that an answer makes none.
type Body struct {
	Bytes    []byte
	Length   []string // Content-Length
	Encoding []string // Content-Encoding; nil for identity
}

// Encoded is a body that is sent many times: each coding is made when it is first asked for, and kept. It is safe for
// concurrent use, and must not be copied.
type Encoded struct {
	bodies [codings]Body
	made   [codings]sync.Once
}

// NewEncoded keeps a body. The bytes must not be changed afterwards.
func NewEncoded(plain []byte) *Encoded {
	e := &Encoded{}
	e.bodies[Identity] = newBody(plain, "")
	return e
}

func newBody(bytes []byte, encoding string) Body {
	b := Body{Bytes: bytes, Length: []string{strconv.Itoa(len(bytes))}}
	if encoding != "" {
		b.Encoding = []string{encoding}
	}
	return b
}

// In is the body in a coding, or as it is where the coding would not make it smaller.
func (e *Encoded) In(c Coding) *Body {
	if c == Identity {
		return &e.bodies[Identity]
	}
	e.made[c].Do(func() { e.bodies[c] = e.coded(c) })
	return &e.bodies[c]
}

func (e *Encoded) coded(c Coding) Body {
	plain := e.bodies[Identity]
	var b bytes.Buffer
	name := "gzip"
	if c == Brotli {
		name = "br"
		z := brotli.NewWriterLevel(&b, brotli.BestCompression)
		_, _ = z.Write(plain.Bytes) // a bytes.Buffer never fails
		_ = z.Close()
	} else {
		z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // fails only for a level that does not exist
		_, _ = z.Write(plain.Bytes)
		_ = z.Close()
	}
	if b.Len() >= len(plain.Bytes) {
		return plain
	}
	return newBody(b.Bytes(), name)
}

// For is the body in the smallest coding that a request accepts.
func (e *Encoded) For(r *http.Request) *Body { return e.In(AcceptedCoding(r)) }

// AcceptedCoding reads Accept-Encoding (RFC 9110, section 12.5.3): brotli before gzip, unless the client prefers gzip.
// "gzip;q=0" is a refusal.
func AcceptedCoding(r *http.Request) Coding {
	best, quality := Identity, 0.0
	for _, header := range r.Header["Accept-Encoding"] {
		for element := range strings.SplitSeq(header, ",") {
			c, q := codingOf(element)
			if c != Identity && (q > quality || q == quality && q > 0 && c > best) {
				best, quality = c, q
			}
		}
	}
	return best
}

// codingOf reads one element of Accept-Encoding. "*" is read as gzip: what sends it is no browser.
func codingOf(element string) (c Coding, q float64) {
	name, parameters, _ := strings.Cut(element, ";")
	switch name = strings.TrimSpace(name); {
	case strings.EqualFold(name, "br"):
		c = Brotli
	case strings.EqualFold(name, "gzip"), name == "*":
		c = Gzip
	default:
		return Identity, 0
	}
	return c, quality(parameters)
}
