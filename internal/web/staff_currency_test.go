package web

import (
	"regexp"
	"strings"
	"testing"

	"readerfund/internal/account"
	"readerfund/internal/campaign"
)

// Wherever several currencies stand beneath each other, the publication's own comes first, the others by their codes.
func TestCurrenciesHaveOneOrder(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	for i, c := range []string{"JPY", "JPY", "JPY", "CHF", "CHF", "EUR"} {
		h.book(booked{
			Receipt: "AAAA-000" + string(rune('1'+i)), Minor: 2500, Fee: 98, Currency: c, At: noon().Add(-1e9),
			Article: "https://example.org/" + c,
		})
	}
	h.exec(`UPDATE campaign SET content = content || '{"suggested": {"CHF": [500], "EUR": [500], "JPY": [500]}}'`)
	h.alter(func(d *Deps) { d.Campaigns = campaign.NewCatalog(h.db, noon) })
	r := h.signedIn(account.Viewer)
	const want = "EUR CHF JPY"
	for address, pattern := range map[string]string{
		"/staff":                        `(?s)Today</a>.*?</section>`,
		"/staff/reports":                `(?s)id="sums".*?</table>`,
		"/staff/reports?by=day":         `(?s)id="lines".*?</table>`,
		"/staff/reports?by=article":     `(?s)id="lines".*?</table>`,
		"/staff/reports?by=campaign":    `(?s)id="lines".*?</table>`,
		"/staff/contributions":          `(?s)<select id="currency".*?</select>`,
		"/staff/reports.csv":            `(?s).*`,
		"/staff/reports.csv?by=month":   `(?s).*`,
		"/staff/reports?by=month&from=": `(?s)<select id="currency".*?</select>`,
	} {
		part := regexp.MustCompile(pattern).FindString(r.get(address).body)
		var got []string
		for _, code := range regexp.MustCompile(`\b(EUR|CHF|JPY)\b`).FindAllString(part, -1) {
			if len(got) == 0 || got[len(got)-1] != code {
				got = append(got, code)
			}
		}
		if !strings.HasSuffix(strings.Join(got, " "), want) || len(got) != 3 {
			t.Errorf("%s: %q, want %s", address, got, want)
		}
	}
	all, err := h.server.Campaigns.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := all[0].Currencies(); got[0] != "EUR" || got[1] != "CHF" || got[2] != "JPY" {
		t.Errorf("a campaign offers %v", got)
	}
}
