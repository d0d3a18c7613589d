package web

import (
	"crypto/rand"
	"net/url"
	"slices"
	"strings"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/money"
)

// form is the donation form as it is shown: fresh, filled in by a link, or given back with what is wrong.
type form struct {
	Campaign   campaign.Campaign
	Currency   money.Currency
	Currencies []currencyLink
	Choices    []choice
	Own        string // the reader's own amount, as typed
	Least      money.Amount
	Most       money.Amount

	Back                          string // the article, where it is on a site of ours and the page links it
	Article, Name, Email, Message string
	Naming                        contribution.Naming
	Key                           string // one for each rendering: sending the form twice makes one order

	Notice string // about the whole form, when it comes back
	blame
}

type currencyLink struct {
	Code    money.Currency
	Address string
	Current bool
}

type choice struct {
	ID      string
	Value   string // what is sent: "10.00"
	Amount  money.Amount
	Checked bool
}

// newForm is the empty form of a campaign in a currency; a currency that is not offered becomes the campaign's own.
func (s *site) newForm(k campaign.Campaign, c money.Currency, article string) form {
	if _, offered := k.Suggested[c]; !offered {
		c = k.Currency
	}
	limit := s.Desk.Limits(c)
	f := form{Campaign: k, Currency: c, Article: article, Key: rand.Text(), Least: money.New(limit.Min, c), Most: money.New(limit.Max, c)}
	for _, code := range k.Currencies() {
		f.Currencies = append(f.Currencies, currencyLink{Code: code, Address: supportAddress(k.Slug, code, "", article), Current: code == c})
	}
	for _, minor := range k.Suggested[c] {
		a := money.New(minor, c)
		f.Choices = append(f.Choices, choice{ID: "choice-" + a.Decimal(), Value: a.Decimal(), Amount: a})
	}
	if len(f.Choices) > 0 {
		f.Choices[min(1, len(f.Choices)-1)].Checked = true // the second: neither the least nor a push
	}
	return f
}

// supportAddress is a campaign's donation page, filled in.
func supportAddress(slug string, c money.Currency, amount, article string) string {
	q := url.Values{"currency": {string(c)}}
	if amount != "" {
		q.Set("amount", amount)
	}
	if article != "" {
		q.Set("article", article)
	}
	return "/support/" + url.PathEscape(slug) + "?" + q.Encode()
}

// choose fills in an amount: one of the suggested, where it is one, or the reader's own.
func (f *form) choose(amount string) {
	if amount == "" {
		return
	}
	i := -1
	if a, err := money.Parse(amount, f.Currency); err == nil {
		i = slices.IndexFunc(f.Choices, func(c choice) bool { return c.Amount == a })
	}
	for n := range f.Choices {
		f.Choices[n].Checked = n == i
	}
	if i < 0 {
		f.Own = amount
	}
}

// keep gives back everything the reader sent.
func (f *form) keep(in contribution.Intent) {
	f.choose(in.Amount)
	f.Article, f.Name, f.Email, f.Message, f.Naming = in.Article, in.Name, in.Email, in.Message, in.Naming
}

// MoreOpen tells whether the optional part is shown unfolded: when something stands in it, or is wrong with it.
func (f form) MoreOpen() bool {
	return f.Name+f.Email+f.Message+string(f.Naming) != "" || f.Wrong("name")+f.Wrong("email")+f.Wrong("message") != ""
}

// webAddress gives the text back when it can be an article's address, and nothing when it cannot: a link with a broken
// article still brings the reader to the form.
func webAddress(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" || len(text) > 2000 {
		return ""
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r == 0x7f || r == '\uFFFD' }) {
		return ""
	}
	return text
}
