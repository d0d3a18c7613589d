package appeal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"html"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"

	"readerfund/internal/campaign"
	"readerfund/internal/web/page"
	"readerfund/internal/web/public/site"
)

// The marks in a rendered appeal where copies differ: hidden fields, and the same inside a link's query. They are
// letters and digits only, so that no escaping touches them.
const (
	fieldsMark = "MoreFields0x5e1f"
	queryMark  = "ReferralAsQuery0x5e1f"
)

// rendered is a call to action rendered once, cut at those places.
type rendered struct {
	made   atomic.Pointer[madeFrom]
	etag   []string
	pieces []piece
}

// madeFrom is what an appeal was rendered from. It is out of date when anything of it changed.
type madeFrom struct {
	entry *campaign.Entry // another pointer where anything of the campaign or its figures changed
	views *page.Templates
	sheet string // the publication's own stylesheet
}

// appealCopy is an appeal as it is sent.
type appealCopy struct {
	of      *rendered
	body    *page.Encoded
	private bool // it holds one reader's key
	readers readers
}

// piece is a run of bytes, and the mark that follows it.
type piece struct {
	text []byte
	then follow
}

type follow int

const (
	asNothing follow = iota // it is the last piece
	asFields
	asQuery
)

// appealCache keeps the rendered appeals, and the copies that were sent to addresses. It is safe for concurrent use.
type appealCache struct {
	appeals bounded[appealKey, *rendered]
	copies  bounded[string, *appealCopy] // by the address that asked, with its query
}

// bounded is a map that holds values up to a number of bytes; when it is full, it is emptied. It is safe for concurrent
// use.
type bounded[K comparable, V any] struct {
	mu    sync.RWMutex
	all   map[K]V
	sizes map[K]int
	size  int
}

// mostBytes is how much each map may hold. A copy takes about 6 KB, and 3 KB more for each coding it was asked for in.
const mostBytes = 16 << 20

func (b *bounded[K, V]) get(key K) (V, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	v, known := b.all[key]
	return v, known
}

func (b *bounded[K, V]) put(key K, v V, size int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all == nil || b.size+size > mostBytes {
		b.all, b.sizes, b.size = map[K]V{}, map[K]int{}, 0
	}
	b.size += size - b.sizes[key]
	b.all[key], b.sizes[key] = v, size
}

// appealOf is the rendered appeal, from memory unless what it was made from changed.
func (s *Appeal) appealOf(k *campaign.Entry, key appealKey) (*rendered, error) {
	now := s.madeFrom(k)
	known, there := s.cache.appeals.get(key)
	if there && *known.made.Load() == now {
		return known, nil
	}
	a, err := s.render(now.views, k, key)
	if err != nil {
		return nil, err
	}
	if there && known.etag[0] == a.etag[0] { // what changed does not show: the copies of it are good
		known.made.Store(&now)
		return known, nil
	}
	a.made.Store(&now)
	size := 0
	for _, p := range a.pieces {
		size += len(p.text)
	}
	s.cache.appeals.put(key, a, size)
	return a, nil
}

func (s *Appeal) madeFrom(k *campaign.Entry) madeFrom {
	return madeFrom{entry: k, views: s.Pages.Templates(), sheet: s.Pages.Look().Appeal}
}

func (s *Appeal) render(views *page.Templates, k *campaign.Entry, key appealKey) (*rendered, error) {
	name := "cta/fragment.html"
	if key.framed {
		name = "cta/frame.html"
	}
	text, err := views.Execute(key.language, name, s.view(k, key))
	if err != nil {
		return nil, err
	}
	return cut(text), nil
}

// formOf is the whole donation form in a document. It holds no key, because it is kept: give.js makes one.
func (s *Appeal) formOf(k *campaign.Entry, key appealKey, w wanted) (*rendered, error) {
	made := s.madeFrom(k)
	varied := k.Campaign
	varied.Content = k.As(key.variant)
	f := s.forms.New(varied, key.currency, w.from.Article)
	f.Source, f.Key = w.from.Source, ""
	s.forms.Speak(s.Pages.Speaking(key.language), &f)
	text, err := made.views.Execute(key.language, "cta/form.html", s.Pages.In(key.language, f.Texts.Heading, f))
	if err != nil {
		return nil, err
	}
	a := cut(text)
	a.made.Store(&made)
	return a, nil
}

// copyKept finds the copy that was sent to the same address before, if it is still what would be sent.
func (s *Appeal) copyKept(r *http.Request, k *campaign.Entry) (*appealCopy, bool) {
	c, known := s.cache.copies.get(r.RequestURI)
	return c, known && *c.of.made.Load() == s.madeFrom(k)
}

// copyOf makes the copy that a request asks for. One with a key belongs to one reader and is not kept.
func (s *Appeal) copyOf(r *http.Request, k *campaign.Entry, framed bool) (*appealCopy, error) {
	w := wantedBy(r.URL.RawQuery)
	key := s.keyOf(k, w, framed)
	w.from = shownAs(key, w.from)
	a, err := s.appealOf(k, key)
	if framed && key.format == campaign.FormatForm { // its fields are not ours to cut
		a, err = s.formOf(k, key, w)
	}
	if err != nil {
		return nil, err
	}
	text := a.splice(w.from, w.key)
	c := &appealCopy{of: a, body: page.NewEncoded(text), private: w.key != "", readers: s.readersOf(w.origin)}
	if !c.private && r.RequestURI != "" { // a request that did not come through a server has none
		s.cache.copies.put(r.RequestURI, c, len(r.RequestURI)+2*len(text))
	}
	return c, nil
}

// shownAs is the referral with the format that is really shown. The variant stays as the page has it: empty where none
// was drawn, and the holdout's where the reader is one of those.
func shownAs(key appealKey, from site.Referral) site.Referral {
	from.Source.Format = key.format
	return from
}

// cut splits a rendered appeal at its places.
func cut(text []byte) *rendered {
	sum := sha256.Sum256(text)
	a := &rendered{etag: []string{`W/"` + hex.EncodeToString(sum[:8]) + `"`}}
	for {
		at, length, then := firstMark(text)
		if then == asNothing {
			a.pieces = append(a.pieces, piece{text: text})
			return a
		}
		a.pieces = append(a.pieces, piece{text: text[:at], then: then})
		text = text[at+length:]
	}
}

// firstMark finds the first place; asNothing means there is none.
func firstMark(text []byte) (at, length int, then follow) {
	at = len(text)
	for _, m := range []struct {
		mark string
		then follow
	}{{fieldsMark, asFields}, {queryMark, asQuery}} {
		if i := bytes.Index(text[:at], []byte(m.mark)); i >= 0 {
			at, length, then = i, len(m.mark), m.then
		}
	}
	return at, length, then
}

// splice is the appeal for a reader who comes from that article. A key belongs to one rendering for one reader and
// makes that reader's clicks one gift; a shared copy has no key. Every value is escaped for its context, as
// html/template does.
func (a *rendered) splice(from site.Referral, key string) []byte {
	var fields, query strings.Builder
	field := func(name, value, more string) {
		fields.WriteString(`<input type="hidden" name="` + name + `" value="` + html.EscapeString(value) + `"` + more + ">\n")
	}
	field("article", from.Article, "")
	query.WriteString("article=" + url.QueryEscape(from.Article))
	for _, p := range from.Source.Params() {
		field(p.Name, p.Value, "")
		query.WriteString("&amp;" + p.Name + "=" + url.QueryEscape(p.Value))
	}
	if key != "" {
		field("idempotency_key", key, ` autocomplete="off"`)
	}
	var b bytes.Buffer
	for _, p := range a.pieces {
		b.Write(p.text)
		switch p.then {
		case asFields:
			b.WriteString(fields.String())
		case asQuery:
			b.WriteString(query.String())
		case asNothing:
		}
	}
	return b.Bytes()
}
