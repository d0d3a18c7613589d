package web

import (
	"encoding/csv"
	"html"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"readerfund/internal/account"
)

// figure is a linked figure of a table of totals.
type figure struct{ label, address, text string }

func figuresOn(page string) (all []figure) {
	pattern := regexp.MustCompile(`data-label="(\w+)"><a href="(/staff/ledger[^"]*)">([^<]+)</a>`)
	for _, m := range pattern.FindAllStringSubmatch(page, -1) {
		all = append(all, figure{m[1], html.UnescapeString(m[2]), m[3]})
	}
	return all
}

// Every figure of a report leads to a page that has the same figure above its list, and as many entries as it says.
func TestReportsLeadToWhatTheyCount(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	h.someGifts()
	h.book(booked{Receipt: "AAAA-0006", Minor: 900, Fee: 60, At: noon().AddDate(0, 0, -2)}) // from no article
	r := h.signedIn(account.Viewer)
	followed := 0
	for _, query := range []string{
		"", "?by=month&from=2026-11-10&to=2026-11-21", "?by=article&from=2026-11-17&to=2026-11-22",
		"?by=campaign&from=&to=&currency=EUR", "?by=month,article&from=&to=", "?noarticle=1",
		"?by=day&from=2026-11-22&to=2026-11-22&article=https://example.org/river",
	} {
		for _, f := range figuresOn(r.get("/staff/reports" + query).body) {
			page := r.get(f.address)
			if page.status != 200 {
				t.Fatalf("%s: %d", f.address, page.status)
			}
			head, list, _ := strings.Cut(page.body, `id="entries"`)
			above := map[string]string{}
			for _, m := range regexp.MustCompile(`data-label="(\w+)">(?:<a[^>]*>)?([^<]+)<`).FindAllStringSubmatch(head, -1) {
				above[m[1]] = m[2]
			}
			if above[f.label] != f.text || above["Entries"] != strconv.Itoa(strings.Count(list, `rowheader`)) {
				t.Errorf("%s: %s is %q; it leads to %s with %q", query, f.label, f.text, f.address, above)
			}
			followed++
		}
	}
	if followed < 60 {
		t.Errorf("only %d figures were followed", followed)
	}
	// The refund of the 22nd for a gift of the 16th is in the 22nd.
	page := r.get("/staff/ledger?from=2026-11-22&to=2026-11-22&part=refunds").body
	says(t, page, "EUR 1 0 €0.00 €0.00 €40.00 -€40.00",
		"Refund 22 Nov 2026, 08:00 -€40.00 AAAA-0003 <b>Ann</b> example.org/river")
	if strings.Contains(page, "AAAA-0001") {
		t.Error("the list has more than the figure counts")
	}
}

func TestLedgerPage(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	r := h.signedIn(account.Viewer)
	says(t, r.get("/staff/ledger").body, "No entries yet.")
	h.someGifts()
	says(t, r.get("/staff/ledger?part=holds").body, "No entries match.")
	for address, want := range map[string]string{
		"/staff/ledger?from=x":                        "Write a day that there is",
		"/staff/ledger?from=2026-11-02&to=2026-11-01": "swap them",
		"/staff/ledger?part=tips":                     `There is no part "tips"`,
		"/staff/ledger?currency=EURO":                 `PayPal settles no currency "EURO". Most similar: EUR`,
		"/staff/ledger?campaign=support2":             `There is no campaign "support2". Most similar: support.`,
		"/staff/ledger.csv?campaign=support2":         `There is no campaign "support2". Most similar: support.`,
		"/staff/reports?campaign=support2":            `There is no campaign "support2". Most similar: support.`,
		"/staff/reports.csv?campaign=support2":        `There is no campaign "support2". Most similar: support.`,
		"/staff/contributions?campaign=support2":      `There is no campaign "support2". Most similar: support.`,
		"/staff/contributions.csv?campaign=support2":  `There is no campaign "support2". Most similar: support.`,
		"/staff/contributions?status=paid":            `There is no status "paid"`,
		"/staff/contributions?article=https://a.test": "No contribution came from this article. Most similar: " +
			"https://example.org/river",
		"/staff/reports?article=https://a.test": "No contribution came from this article. Most similar: " +
			"https://example.org/river",
		"/staff/ledger?campaign=%00":          "That cannot be searched for",
		"/staff/ledger?article=%ff":           "That cannot be searched for",
		"/staff/ledger?article=x&noarticle=1": "exclude each other",
		"/staff/ledger?after=x":               "Start again from the first page.",
		"/staff/ledger.csv?part=tips":         `There is no part "tips"`,
		"/staff/reports?part=tips":            `There is no part "tips"`,
	} {
		got := r.get(address)
		if got.status != 422 {
			t.Errorf("%s: %d", address, got.status)
		}
		says(t, got.body, want)
	}
	says(t, r.get("/staff/reports?from=2026-11-01&to=2026-11-30&currency=EUR").body,
		"The Test Post: Sun 1 Nov 2026 to Mon 30 Nov 2026; currency EUR.")
	rows, err := csv.NewReader(strings.NewReader(r.get("/staff/ledger.csv?from=2026-11-22&to=2026-11-22").body)).ReadAll()
	if err != nil || len(rows) != 4 {
		t.Errorf("got %q, %v", rows, err)
	}
}
