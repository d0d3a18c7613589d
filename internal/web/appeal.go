package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"html"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"

	"readerfund/internal/campaign"
	"readerfund/internal/money"
)

// The places in a rendered appeal for what differs: the article's address as a field's value, more fields, and where the
// reader comes from inside a link's query. They are letters and digits only, so that no escaping touches them.
const (
	articleMark = "ArticleAsValue0x5e1f"
	fieldsMark  = "MoreFields0x5e1f"
	queryMark   = "ReferralAsQuery0x5e1f"
)

// appeal is a call to action rendered once, cut at those places.
type appeal struct {
	updatedAt  time.Time // of the campaign it was rendered from
	views      *parsed   // the templates it was rendered with
	etag       string
	etagHeader []string
	pieces     []piece
	plain      []byte // the whole of it, where nothing is known of the article or the reader
}

// piece is bytes, and what follows them.
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

// appeals keeps the rendered appeals of every campaign and currency. It is safe for concurrent use.
type appeals struct{ rendered sync.Map } // appealKey → *appeal

type appealKey struct {
	slug     string
	currency money.Currency
}

// ctaView is what cta/fragment.html shows. Amounts are written in plain English: a copy is kept for all readers.
type ctaView struct {
	campaign.Campaign
	Tag         language.Tag
	Base        string
	In          money.Currency
	Gifts       []choice
	ArticleMark string
	FieldsMark  string
	QueryMark   string
}

// appealOf is the rendered appeal, from memory unless the campaign or the templates changed.
func (s *site) appealOf(k campaign.Campaign, c money.Currency) (*appeal, error) {
	if a, known := s.recall(k, c); known {
		return a, nil
	}
	if _, offered := k.Suggested[c]; !offered {
		c = k.Currency
	}
	views := s.views.now()
	text, err := views.execute("cta/fragment.html", s.ctaView(k, c))
	if err != nil {
		return nil, err
	}
	a := cut(text)
	a.updatedAt, a.views = k.UpdatedAt, views
	s.appeals.rendered.Store(appealKey{k.Slug, c}, a)
	return a, nil
}

// recall finds the appeal rendered from the campaign and the templates as they are now.
func (s *site) recall(k campaign.Campaign, c money.Currency) (*appeal, bool) {
	if _, offered := k.Suggested[c]; !offered {
		c = k.Currency
	}
	known, _ := s.appeals.rendered.Load(appealKey{k.Slug, c})
	a, ok := known.(*appeal)
	return a, ok && a.updatedAt.Equal(k.UpdatedAt) && a.views == s.views.now()
}

func (s *site) ctaView(k campaign.Campaign, c money.Currency) ctaView {
	f := s.newForm(k, c, "")
	return ctaView{Campaign: k, Tag: language.English, Base: s.BaseURL, In: f.Currency, Gifts: f.Choices,
		ArticleMark: articleMark, FieldsMark: fieldsMark, QueryMark: queryMark}
}

// cut splits a rendered appeal at its places.
func cut(text []byte) *appeal {
	sum := sha256.Sum256(text)
	a := &appeal{etag: `"` + hex.EncodeToString(sum[:8]) + `"`}
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
	a.plain = a.splice(referral{}, "")
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

// with is the appeal for a reader who comes from there. A key belongs to one rendering for one reader and makes their
// clicks one gift; a copy that others may get has none. All of it is escaped for where it goes: as html/template does.
func (a *appeal) with(from referral, key string) []byte {
	if from == (referral{}) && key == "" {
		return a.plain
	}
	return a.splice(from, key)
}

func (a *appeal) splice(from referral, key string) []byte {
	query := "article=" + url.QueryEscape(from.Article)
	var fields strings.Builder
	for _, p := range from.UTM.Params() {
		fields.WriteString(`<input type="hidden" name="` + p.Name + `" value="` + html.EscapeString(p.Value) + `">` + "\n")
		query += "&amp;" + p.Name + "=" + url.QueryEscape(p.Value)
	}
	if key != "" {
		fields.WriteString(`<input type="hidden" name="idempotency_key" value="` + html.EscapeString(key) +
			`" autocomplete="off">` + "\n")
	}
	article := html.EscapeString(from.Article)
	var b bytes.Buffer
	b.Grow(len(a.plain) + len(article) + fields.Len() + len(query))
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
