package public

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"html"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"

	"readerfund/internal/campaign"
	"readerfund/internal/money"
	"readerfund/internal/web/page"
)

// The marks in a rendered appeal where copies differ: the article's address as a field's value, more fields, and the
// reader's origin inside a link's query. They are letters and digits only, so that no escaping touches them.
const (
	articleMark = "ArticleAsValue0x5e1f"
	fieldsMark  = "MoreFields0x5e1f"
	queryMark   = "ReferralAsQuery0x5e1f"
)

// rendered is a call to action rendered once, cut at those places.
type rendered struct {
	updatedAt  time.Time       // of the campaign it was rendered from
	views      *page.Templates // the templates it was rendered with
	etag       string
	etagHeader []string
	pieces     []piece
	plain      appealCopy // the whole appeal, where nothing is known about the article or the reader
}

// appealCopy is an appeal as it is sent.
type appealCopy struct {
	of      *rendered
	text    []byte
	length  []string // of the text, as its header has it
	private bool     // it holds one reader's key
}

func (a *rendered) newCopy(text []byte, private bool) appealCopy {
	return appealCopy{of: a, text: text, length: []string{strconv.Itoa(len(text))}, private: private}
}

// piece is a run of bytes, and the mark that follows it.
type piece struct {
	text []byte
	then follow
}

type follow int

const (
	asNothing follow = iota // it is the last piece
	asArticle
	asFields
	asQuery
)

// appealCache keeps the rendered appeals of every campaign and currency, and the copies that were sent to addresses. It
// is safe for concurrent use.
type appealCache struct {
	appeals sync.Map // appealKey → *rendered

	mu     sync.RWMutex
	copies map[string]appealCopy // by the address that asked, with its query
	size   int                   // of all copies and their addresses, in bytes
}

// mostCopies is how many bytes the copies may take up. A copy takes about 3 KB, so there is room for the copies of
// several thousand articles; when the cache is full, it is emptied.
const mostCopies = 16 << 20

func (a *appealCache) copyOf(address string) (appealCopy, bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	c, known := a.copies[address]
	return c, known
}

func (a *appealCache) keepCopy(address string, c appealCopy) {
	a.mu.Lock()
	defer a.mu.Unlock()
	size := len(address) + len(c.text)
	if a.copies == nil || a.size+size > mostCopies {
		a.copies, a.size = map[string]appealCopy{}, 0
	}
	if old, known := a.copies[address]; known {
		a.size -= len(address) + len(old.text)
	}
	a.copies[address] = c
	a.size += size
}

type appealKey struct {
	slug     string
	currency money.Currency
}

// ctaView is what cta/fragment.html shows. Amounts are written in plain English: a copy is kept for all readers.
type ctaView struct {
	campaign.Campaign
	Texts       campaign.Texts
	Tag         language.Tag
	Base        string
	In          money.Currency
	Offers      []offer
	ArticleMark string
	FieldsMark  string
	QueryMark   string
}

// appealOf is the rendered appeal, from memory unless the campaign or the templates changed.
func (s *Appeal) appealOf(k campaign.Campaign, c money.Currency) (*rendered, error) {
	if a, known := s.recall(k, c); known {
		return a, nil
	}
	if _, offered := k.Suggested[c]; !offered {
		c = k.Currency
	}
	views := s.pages.Templates()
	text, err := views.Execute(language.English, "cta/fragment.html", s.ctaView(k, c))
	if err != nil {
		return nil, err
	}
	a := cut(text)
	a.updatedAt, a.views = k.UpdatedAt, views
	s.cache.appeals.Store(appealKey{k.Slug, c}, a)
	return a, nil
}

// recall finds the appeal that was rendered from the campaign and the templates in their current state.
func (s *Appeal) recall(k campaign.Campaign, c money.Currency) (*rendered, bool) {
	if _, offered := k.Suggested[c]; !offered {
		c = k.Currency
	}
	known, _ := s.cache.appeals.Load(appealKey{k.Slug, c})
	a, ok := known.(*rendered)
	return a, ok && s.isCurrent(a, k)
}

func (s *Appeal) isCurrent(a *rendered, k campaign.Campaign) bool {
	return a.updatedAt.Equal(k.UpdatedAt) && a.views == s.pages.Templates()
}

// copyFor finds or makes the copy that a request asks for, from an appeal that is already rendered. A copy with a key
// belongs to one reader and is not cached.
func (s *Appeal) copyFor(r *http.Request, k campaign.Campaign) (appealCopy, bool) {
	if c, known := s.cache.copyOf(r.RequestURI); known && s.isCurrent(c.of, k) {
		return c, true
	}
	currency, from, key := askedFor(r)
	a, known := s.recall(k, currency)
	if !known {
		return appealCopy{}, false
	}
	c := a.copyWith(from, key)
	if !c.private && r.RequestURI != "" { // a request that did not come through a server has none
		s.cache.keepCopy(r.RequestURI, c)
	}
	return c, true
}

func (s *Appeal) ctaView(k campaign.Campaign, c money.Currency) ctaView {
	f := s.forms.newForm(k, c, "")
	return ctaView{Campaign: k, Texts: f.Texts, Tag: language.English, Base: s.baseURL, In: f.Currency, Offers: f.Offers,
		ArticleMark: articleMark, FieldsMark: fieldsMark, QueryMark: queryMark}
}

// cut splits a rendered appeal at its places.
func cut(text []byte) *rendered {
	sum := sha256.Sum256(text)
	a := &rendered{etag: `"` + hex.EncodeToString(sum[:8]) + `"`}
	a.etagHeader = []string{a.etag}
	for {
		at, length, then := firstMark(text)
		if then == asNothing {
			a.pieces = append(a.pieces, piece{text: text})
			break
		}
		a.pieces = append(a.pieces, piece{text: text[:at], then: then})
		text = text[at+length:]
	}
	a.plain = a.newCopy(a.splice(referral{}, ""), false)
	return a
}

// firstMark finds the first place; asNothing means there is none.
func firstMark(text []byte) (at, length int, then follow) {
	at = len(text)
	for _, m := range []struct {
		mark string
		then follow
	}{{articleMark, asArticle}, {fieldsMark, asFields}, {queryMark, asQuery}} {
		if i := bytes.Index(text[:at], []byte(m.mark)); i >= 0 {
			at, length, then = i, len(m.mark), m.then
		}
	}
	return at, length, then
}

// copyWith is the appeal for a reader who comes from that article. A key belongs to one rendering for one reader and
// makes that reader's clicks one gift; a shared copy has no key. Every value is escaped for its context, as
// html/template does.
func (a *rendered) copyWith(from referral, key string) appealCopy {
	if from == (referral{}) && key == "" {
		return a.plain
	}
	return a.newCopy(a.splice(from, key), key != "")
}

func (a *rendered) splice(from referral, key string) []byte {
	query := "article=" + url.QueryEscape(from.Article)
	var fields strings.Builder
	for _, p := range from.Source.Params() {
		fields.WriteString(`<input type="hidden" name="` + p.Name + `" value="` + html.EscapeString(p.Value) + `">` + "\n")
		query += "&amp;" + p.Name + "=" + url.QueryEscape(p.Value)
	}
	if key != "" {
		fields.WriteString(`<input type="hidden" name="idempotency_key" value="` + html.EscapeString(key) +
			`" autocomplete="off">` + "\n")
	}
	article := html.EscapeString(from.Article)
	var b bytes.Buffer
	b.Grow(len(a.plain.text) + len(article) + fields.Len() + len(query))
	for _, p := range a.pieces {
		b.Write(p.text)
		switch p.then {
		case asArticle:
			b.WriteString(article)
		case asFields:
			b.WriteString(fields.String())
		case asQuery:
			b.WriteString(query)
		case asNothing:
		}
	}
	return b.Bytes()
}
