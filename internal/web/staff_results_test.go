package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"readerfund/internal/account"
	"readerfund/internal/campaign"
)

// compare gives the default campaign two variants and a holdout, what was seen of each, and gifts of 10.00 EUR: kept,
// and refunded.
func (h house) compare(seen, kept, refunded [2]int) {
	h.t.Helper()
	variants, err := json.Marshal([]campaign.Variant{{Name: "a", Weight: 1}, {Name: "b", Weight: 1}})
	if err != nil {
		h.t.Fatal(err)
	}
	h.exec(`UPDATE campaign SET content = content || jsonb_build_object('variants', $1::jsonb, 'holdout', 10)`,
		string(variants))
	for n, name := range []string{"a", "b"} {
		h.exec(`INSERT INTO appeal_count (campaign_id, day, variant, format, article, readers, views, clicks, closed, opted_out)
			SELECT id, '2026-11-22', $1, 'inline', 'https://news.example.org/<b>', $2::int, $2::int * 3, $2::int / 10, 7, 2 FROM campaign`, name, seen[n])
		for i := range kept[n] + refunded[n] {
			b := booked{Receipt: fmt.Sprintf("%s%05d", name, i), Minor: 1000, Fee: 60, At: noon()}
			if i >= kept[n] {
				b.State, b.Back, b.RefundedAt = "refunded", 1000, noon()
			}
			h.exec(`UPDATE contribution SET variant = $1, format = 'inline' WHERE id = $2`, name, h.book(b))
		}
	}
	h.exec(`INSERT INTO appeal_count (campaign_id, day, variant, format, article, readers, views, clicks, closed, opted_out)
		SELECT id, '2026-11-22', 'holdout', 'inline', '', 120, 300, 0, 0, 0 FROM campaign`)
	h.exec(`UPDATE campaign SET created_at = '2026-11-22 06:00Z'`)
	h.exec(`UPDATE campaign_version SET content = (SELECT content FROM campaign)`)
}

// Staff of every role read which variant does better, in one sentence, with the figures behind it.
func TestStaffReadResults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                 string
		seen, kept, refunded [2]int
		says                 []string
	}{
		{
			"nobody", [2]int{}, [2]int{}, [2]int{},
			[]string{"No reader has seen it in these days."},
		},
		{
			"too early", [2]int{1000, 1010}, [2]int{3, 5}, [2]int{},
			[]string{
				"Too early to tell: there are not enough gifts. Each variant needs 25 gifts",
				"a 45 % of readers 1,000 3,000 100 3 3 3.0 1.0 to 8.8 €28.20 €9.40",
				"Shown nothing 10 % of readers 120 300 –", "Readers were divided as the weights say",
				"In the article a 3,000 100 7 2 3 €28.20 €9.40", "news.example.org/<b> 6,030 201",
			},
		},
		{
			"a winner", [2]int{3000, 3000}, [2]int{30, 90}, [2]int{2, 2},
			[]string{"“b” wins: from as many readers, it brings 200 % more gifts than “a”.", "6.2 % 2 of 32", "2.2 % 2 of 92"},
		},
		{
			"regret", [2]int{3000, 3000}, [2]int{30, 90}, [2]int{1, 30},
			[]string{"No winner: “b” brings 200 % more gifts, but 25 % of them were regretted, against 3.2 %."},
		},
		{
			"a broken split", [2]int{3000, 2000}, [2]int{30, 90}, [2]int{},
			[]string{"Do not trust these figures: something is wrong with the split."},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := openNewsroom(t, nil)
			h.compare(c.seen, c.kept, c.refunded)
			got := h.signedIn(account.Viewer).get("/staff/campaigns/support/results")
			if got.status != http.StatusOK || strings.Contains(got.body, "<b>") {
				t.Fatalf("%d\n%s", got.status, got.body)
			}
			says(t, got.body, append(c.says, "Results Live")...)
		})
	}
}

// Days that cannot be are said beside their field, with what was typed; a campaign that is not there is not found.
func TestResultsOfOtherDays(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	h.compare([2]int{1000, 1000}, [2]int{2, 2}, [2]int{})
	viewer := h.signedIn(account.Viewer)
	const address = "/staff/campaigns/support/results"
	says(t, viewer.get(address+"?from=2026-11-01&to=2026-11-21").body, "No reader has seen it in these days.")
	for _, query := range []string{"?from=2026-11-31", "?from=2026-11-22&to=2026-11-01", "?to=x"} {
		if got := viewer.get(address + query); got.status != http.StatusUnprocessableEntity ||
			!strings.Contains(got.body, `aria-invalid="true"`) {
			t.Errorf("%s: %d\n%s", query, got.status, got.body)
		}
	}
	if got := viewer.get("/staff/campaigns/nothing/results"); got.status != http.StatusNotFound {
		t.Errorf("no campaign: %d", got.status)
	}
	// The day after it was changed the test begins anew, and the page says why.
	h.exec(`INSERT INTO campaign_version (campaign_id, version, change, changed_by, changed_at, slug, content, state, fund_drive)
		SELECT id, 2, 'edited', '', '2026-11-22 09:30Z', slug, content || '{"holdout": 20}', 'published', false FROM campaign`)
	says(t, viewer.get(address).body, "was last changed on 22 Nov 2026, 10:30")
	if !strings.Contains(viewer.get(address).body, `value="2026-11-23"`) {
		t.Error("the days do not begin after the change")
	}
}
