package report_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/campaign"
	"readerfund/internal/money"
	"readerfund/internal/report"
	"readerfund/internal/testkit"
)

// What a campaign raised is what the books say, and no more: after fees, refunds and holds, in one currency, from its
// start on. People are counted once, however often they gave.
func TestProgressIsNetVerifiedMoney(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	start, midnight := at("2026-11-01T00:00:00Z"), at("2026-11-21T23:00:00Z")
	ids := map[string]uuid.UUID{}
	for _, slug := range []string{"autumn", "winter"} {
		var id uuid.UUID
		if err := b.DB.GetContext(t.Context(), &id, `SELECT id FROM campaign WHERE slug = $1`, slug); err != nil {
			t.Fatal(err)
		}
		ids[slug] = id
	}
	person := func(email string, gifts ...gift) {
		id := uuid.New()
		b.Exec(`INSERT INTO supporter (id, email, created_at, updated_at) VALUES ($1, $2, $3, $3)`, id, email, start)
		for _, g := range gifts {
			b.Exec(`UPDATE contribution SET supporter_id = $1 WHERE id = $2`, id, g.ID)
		}
	}
	clock := testkit.ClockAt(midnight)
	first := report.NewProgressCounter(b.DB, clock.Now) // has counted since nobody had given
	expect := func(raised, supporters, today int64) {
		t.Helper()
		want := campaign.Progress{Raised: money.New(raised, "EUR"), Supporters: supporters, GaveToday: today}
		for name, counter := range map[string]*report.ProgressCounter{
			"first": first, "new": report.NewProgressCounter(b.DB, clock.Now),
		} {
			got, err := counter.Count(t.Context(), midnight, []campaign.Counted{
				{ID: ids["autumn"], Currency: "EUR", Since: start}, {ID: ids["winter"], Currency: "EUR"},
			})
			if err != nil || got[ids["autumn"]] != want {
				t.Errorf("%s: got %+v, want %+v: %v", name, got[ids["autumn"]], want, err)
			}
		}
	}
	expect(0, 0, 0)

	b.Paid(gift{Amount: 9900, At: start.Add(-time.Second)}, 300) // before its start
	b.Give(gift{State: "created", At: midnight})                 // begun, not paid
	b.Paid(gift{Amount: 5000, At: midnight, Campaign: "winter"}, 100)
	one := b.Paid(gift{Amount: 1000, At: start}, 50)
	second := b.Paid(gift{Amount: 2000, At: midnight, Before: true}, 70) // booked by the previous version
	person("ann@example.org", one, second)
	expect(2880, 1, 1)

	dollars := b.Paid(gift{Amount: 700, Currency: "USD", At: midnight.Add(-time.Second)}, 10)
	person("ben@example.org", dollars)
	expect(2880, 2, 1)

	b.Enter(second, "refund", -2000, midnight.Add(time.Hour))
	b.Enter(second, "fee_refund", 70, midnight.Add(time.Hour))
	expect(950, 2, 0)
	b.Enter(one, "dispute_hold", -1000, midnight.Add(time.Hour))
	expect(-50, 1, 0)
	b.Enter(one, "dispute_release", 1000, midnight.Add(2*time.Hour))
	expect(950, 2, 0)

	// A person who was erased is still one person.
	third := b.Paid(gift{Amount: 500, At: midnight}, 0)
	person("cem@example.org", third, b.Paid(gift{Amount: 500, At: midnight}, 0))
	expect(1950, 3, 1)
	b.Exec(`UPDATE contribution c SET supporter_id = NULL, erased_at = $1 FROM supporter s
		WHERE s.id = c.supporter_id AND s.email = 'cem@example.org'`, midnight.Add(time.Hour))
	expect(1950, 3, 1)
}
