package site

import (
	"net/url"

	"readerfund/internal/contribution"
	"readerfund/internal/money"
)

// Referral is where a reader comes from: the article they read, and the parameters of the link that led them here.
type Referral struct {
	Article string
	Source  contribution.Source
}

// SupportAddress is a campaign's donation page, filled in.
func SupportAddress(
	slug string, c money.Currency, amount string, f contribution.Frequency, from Referral,
) string {
	q := url.Values{"currency": {string(c)}}
	if f != contribution.Once && f != "" {
		q.Set("frequency", string(f))
	}
	if amount != "" {
		q.Set("amount", amount)
	}
	if from.Article != "" {
		q.Set("article", from.Article)
	}
	for _, p := range from.Source.Params() {
		q.Set(p.Name, p.Value)
	}
	return "/support/" + url.PathEscape(slug) + "?" + q.Encode()
}
