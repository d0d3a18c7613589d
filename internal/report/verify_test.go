package report_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"readerfund/internal/fault"
	"readerfund/internal/report"
)

// differences are all of them, each in a line.
func differences(t *testing.T, rollup *report.MoneyRollup) (all []string) {
	t.Helper()
	err := rollup.EachDifference(t.Context(), func(d report.SumDifference) error {
		all = append(all, fmt.Sprintf("%s %s %s %s %s %s %s %d %d", d.Sums, d.Day, d.Currency, d.Campaign, d.Frequency,
			d.Article, d.Figure, d.Kept, d.Ledger))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Seventy-two errors of every kind are planted one after the other. Each is found beside those before it, at its day
// and in its table; making all sums anew mends them all.
func TestVerifyFindsEveryPlantedError(t *testing.T) {
	t.Parallel()
	b, zone := newBook(t), zone(t, "Europe/Berlin")
	draw := rand.New(rand.NewPCG(50, 50))
	for range 150 {
		g := b.Paid(gift{
			Amount: 100 + draw.Int64N(9000), Currency: []string{"EUR", "USD", "JPY"}[draw.IntN(3)],
			Campaign: []string{"autumn", "winter"}[draw.IntN(2)],
			Article:  []string{"", fmt.Sprintf("https://example.org/%d", draw.IntN(3))}[draw.IntN(2)],
			At:       at("2026-02-20T00:00:00Z").Add(time.Duration(draw.Int64N(int64(80 * 24 * time.Hour)))),
		}, 1+draw.Int64N(50))
		if draw.IntN(3) == 0 {
			b.Enter(g, "refund", -1-draw.Int64N(g.Amount), g.At.Add(time.Hour))
		}
	}
	rollup := report.NewMoneyRollup(b.DB, zone)
	if err := rollup.EachDifference(t.Context(), nil); !fault.Is(err, fault.Conflict) {
		t.Errorf("without sums: %v", err)
	}
	addUpMoney(t, b, zone)
	known := differences(t, rollup)
	if len(known) != 0 {
		t.Fatalf("nothing is wrong yet, but: %q", known)
	}
	for n, e := range plantedErrors(draw) {
		where := b.text(e.plant)
		now := differences(t, rollup)
		added := slices.DeleteFunc(slices.Clone(now), func(d string) bool { return slices.Contains(known, d) })
		if len(added) == 0 || !slices.ContainsFunc(added, func(d string) bool {
			return strings.HasPrefix(d, e.table+" "+where+" ") && strings.Contains(d, " "+e.figure+" ")
		}) {
			t.Fatalf("error %d in %s, %s %s, is not found in %q", n, e.table, where, e.figure, added)
		}
		known = now
	}
	if err := rollup.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := differences(t, rollup); len(left) != 0 {
		t.Errorf("after making all sums anew: %q", left)
	}
}

// planted is an error, and where it has to be found. The statement that plants it returns the day and the currency.
type planted struct{ table, figure, plant string }

// plantedErrors are each figure of each table wrong, rows that are missing, one too many or of another day, a
// change that got lost, one that is there twice, and entries that are not in the sums.
func plantedErrors(draw *rand.Rand) (all []planted) {
	periods := map[string]string{
		"money_day": "day", "money_article_quarter": "quarter", "money_article_month": "month", "money_article_day": "day",
		"money_campaign_article": "month",
	}
	var tables []string
	for table := range periods {
		tables = append(tables, table)
	}
	slices.Sort(tables)
	for _, table := range tables {
		period := periods[table]
		one := fmt.Sprintf(`(SELECT ctid FROM %s WHERE charges > 0 AND gross > 0
			ORDER BY md5(%s::text || gross || '%d') LIMIT 1)`, table, period, draw.Int64())
		returning := fmt.Sprintf(" RETURNING %s || ' ' || currency", period)
		for _, figure := range []string{"gross", "fee", "refunded", "held", "charges", "fees", "refunds", "holds"} {
			all = append(all, planted{table, figure, fmt.Sprintf(
				`UPDATE %s SET %s = %[2]s + 7 WHERE ctid = %s`, table, figure, one) + returning})
		}
		all = append(all,
			planted{table, "gross", `DELETE FROM ` + table + ` WHERE ctid = ` + one + returning},
			planted{table, "charges", fmt.Sprintf(
				`UPDATE %s SET %s = '2026-07-01', charges = charges + 100 WHERE ctid = %s`, table, period, one) + returning},
			planted{table, "charges", fmt.Sprintf(
				`UPDATE %s SET currency = 'SEK', charges = charges + 100 WHERE ctid = %s`, table, one) + returning})
	}
	entry := func(values string) string {
		return `INSERT INTO ledger_entry (contribution_id, payment_id, kind, amount_minor, currency, paypal_ref, occurred_at,
			recorded_at, source, campaign_id, frequency, article_id, counted)
			SELECT contribution_id, payment_id, kind, amount_minor, currency, paypal_ref || '-again', occurred_at, recorded_at,
			       source, campaign_id, frequency, article_id, ` + values + `
			FROM ledger_entry WHERE kind = 'charge' ORDER BY md5(id::text || '` + fmt.Sprint(draw.Int64()) + `') LIMIT 1
			RETURNING (occurred_at AT TIME ZONE 'Europe/Berlin')::date || ' ' || currency`
	}
	change := func(sign int) string { // no two that cancel each other
		return fmt.Sprintf(`INSERT INTO ledger_change (occurred_at, currency, campaign_id, frequency, article_id, kind,
			amount_minor, entries)
			SELECT occurred_at, currency, campaign_id, frequency, article_id, kind, %[1]d * (amount_minor - %[2]d %% 1000), %[1]d
			FROM ledger_entry WHERE kind = 'fee' ORDER BY md5(id::text || '%[2]d') LIMIT 1
			RETURNING (occurred_at AT TIME ZONE 'Europe/Berlin')::date || ' ' || currency`, sign, draw.Int64())
	}
	all = append(all, planted{"money_campaign_article", "gross", `
		UPDATE money_campaign_article SET campaign_id = gen_random_uuid()
		WHERE ctid = (SELECT min(ctid) FROM money_campaign_article WHERE gross > 0) RETURNING month || ' ' || currency`})
	for range 4 {
		all = append(all, planted{"money_day", "gross", entry("true")}, planted{"money_article_day", "gross", entry("NULL")},
			planted{"money_article_day", "fees", change(1)}, planted{"money_day", "fee", change(-1)})
	}
	return all
}

// text runs a statement and returns the text that it gives.
func (b *book) text(query string) (text string) {
	b.t.Helper()
	if err := b.DB.GetContext(b.t.Context(), &text, query); err != nil {
		b.t.Fatalf("%s: %v", query, err)
	}
	return text
}
