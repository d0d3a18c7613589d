package report_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"readerfund/internal/dashboard"
	"readerfund/internal/fault"
	"readerfund/internal/money"
	"readerfund/internal/report"
)

func day(t *testing.T, text string) report.Day {
	t.Helper()
	d, err := report.ParseDay("from", text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// lines writes totals one row a line, like "2026-11-30 EUR 2: 30.00 -1.50 -0.00 = 28.50", and what is held where
// something is.
func lines(rows []report.TotalsRow) []string {
	var all []string
	for _, r := range rows {
		key := strings.Join(slices.DeleteFunc([]string{r.Day, r.Month, r.Campaign, r.Article},
			func(s string) bool { return s == "" }), " ")
		amount := func(minor int64) string { return money.New(minor, r.Currency).Decimal() }
		held := ""
		if r.Held != 0 {
			held = " held " + amount(r.Held)
		}
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %d: %s -%s -%s%s = %s",
			key, r.Currency, r.Count, amount(r.Gross), amount(r.Fee), amount(r.Refunded), held, amount(r.Net))))
	}
	return all
}

func totals(t *testing.T, r *report.Reports, q report.TotalsQuery) []string {
	t.Helper()
	rows, err := r.Totals(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return lines(rows)
}

func check(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestTotals(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	r := report.New(b.DB, time.UTC, "EUR")
	check(t, totals(t, r, report.TotalsQuery{}))

	a := b.Paid(gift{Amount: 2500, At: at("2026-11-29T12:00:00Z"), Article: "https://example.org/a"}, 98)
	b.Paid(gift{Amount: 1000, At: at("2026-11-30T12:00:00Z"), Article: "https://example.org/b", Campaign: "winter"}, 64)
	b.Paid(gift{Amount: 3000, Currency: "JPY", At: at("2026-11-30T13:00:00Z")}, 148)
	d := b.Paid(gift{Amount: 5000, Currency: "USD", At: at("2026-11-30T14:00:00Z"), Article: "https://example.org/a"}, 224)
	b.Enter(a, "refund", -1500, at("2026-12-01T12:00:00Z")) // another day than the charge
	b.Enter(a, "fee_refund", 10, at("2026-12-01T12:00:00Z"))
	b.Enter(d, "dispute_hold", -5000, at("2026-12-02T12:00:00Z"))
	b.Enter(d, "dispute_release", 5000, at("2026-12-03T12:00:00Z"))
	b.Enter(d, "reversal", -5000, at("2026-12-03T13:00:00Z"))
	b.Enter(d, "chargeback_fee", -2000, at("2026-12-02T12:00:00Z"))
	b.Enter(d, "chargeback_fee_refund", 500, at("2026-12-04T12:00:00Z"))
	b.Give(gift{At: at("2026-11-30T12:00:00Z"), State: "created"}) // no money, no row

	check(t, totals(t, r, report.TotalsQuery{}),
		"EUR 2: 35.00 -1.52 -15.00 = 18.48", "JPY 1: 3000 -148 -0 = 2852", "USD 1: 50.00 -17.24 -50.00 = -17.24")
	check(t, totals(t, r, report.TotalsQuery{By: []report.Key{report.ByDay}}),
		"2026-11-29 EUR 1: 25.00 -0.98 -0.00 = 24.02",
		"2026-11-30 EUR 1: 10.00 -0.64 -0.00 = 9.36",
		"2026-11-30 JPY 1: 3000 -148 -0 = 2852",
		"2026-11-30 USD 1: 50.00 -2.24 -0.00 = 47.76",
		"2026-12-01 EUR 0: 0.00 --0.10 -15.00 = -14.90",
		"2026-12-02 USD 0: 0.00 -20.00 -0.00 held 50.00 = -70.00",
		"2026-12-03 USD 0: 0.00 -0.00 -50.00 held -50.00 = 0.00",
		"2026-12-04 USD 0: 0.00 --5.00 -0.00 = 5.00")
	check(t, totals(t, r, report.TotalsQuery{By: []report.Key{report.ByMonth, report.ByCampaign}, Currency: "EUR"}),
		"2026-11 autumn EUR 1: 25.00 -0.98 -0.00 = 24.02",
		"2026-11 winter EUR 1: 10.00 -0.64 -0.00 = 9.36",
		"2026-12 autumn EUR 0: 0.00 --0.10 -15.00 = -14.90")
	check(t, totals(t, r, report.TotalsQuery{By: []report.Key{report.ByArticle}}),
		"JPY 1: 3000 -148 -0 = 2852",
		"https://example.org/a EUR 1: 25.00 -0.88 -15.00 = 9.12",
		"https://example.org/a USD 1: 50.00 -17.24 -50.00 = -17.24",
		"https://example.org/b EUR 1: 10.00 -0.64 -0.00 = 9.36")
	check(t, totals(t, r, report.TotalsQuery{Campaign: "winter"}), "EUR 1: 10.00 -0.64 -0.00 = 9.36")
	check(t, totals(t, r, report.TotalsQuery{Article: "https://example.org/a", Currency: "USD", To: day(t, "2026-11-30")}),
		"USD 1: 50.00 -2.24 -0.00 = 47.76")
	check(t, totals(t, r, report.TotalsQuery{From: day(t, "2026-12-01"), To: day(t, "2026-12-01")}),
		"EUR 0: 0.00 --0.10 -15.00 = -14.90")
}

// Days are the publication's: where clocks change, a day has 23 or 25 hours, and no minute belongs to two of them.
func TestDaysWhereClocksChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone string
		at   []string // one euro each
		want []string
	}{
		{"Europe/Berlin", []string{ // 29 March 2026: 23 hours, from 28th 23:00Z to 29th 22:00Z
			"2026-03-28T22:59:59Z", "2026-03-28T23:00:00Z", "2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z",
			"2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z",
		}, []string{"2026-03-28 1", "2026-03-29 4", "2026-03-30 1"}},
		{"Europe/Berlin", []string{ // 25 October 2026: 25 hours, from 24th 22:00Z to 25th 23:00Z
			"2026-10-24T21:59:59Z", "2026-10-24T22:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z",
			"2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z",
		}, []string{"2026-10-24 1", "2026-10-25 4", "2026-10-26 1"}},
		{"America/New_York", []string{ // 8 March 2026, from 05:00Z to 9th 04:00Z; 1 November, from 04:00Z to 2nd 05:00Z
			"2026-03-08T04:59:59Z", "2026-03-08T05:00:00Z", "2026-03-09T03:59:59Z", "2026-03-09T04:00:00Z",
			"2026-11-01T03:59:59Z", "2026-11-01T04:00:00Z", "2026-11-02T04:59:59Z", "2026-11-02T05:00:00Z",
		}, []string{"2026-03-07 1", "2026-03-08 2", "2026-03-09 1", "2026-10-31 1", "2026-11-01 2", "2026-11-02 1"}},
		{"Africa/Cairo", []string{ // 24 April 2026 has no midnight: 00:00 is 01:00
			"2026-04-23T21:59:59Z", "2026-04-23T22:00:00Z",
		}, []string{"2026-04-23 1", "2026-04-24 1"}},
		{"America/Havana", []string{ // 1 November 2026 has two hours from 00:00 to 01:00
			"2026-11-01T03:59:59Z", "2026-11-01T04:30:00Z", "2026-11-01T05:30:00Z", "2026-11-02T04:59:59Z",
			"2026-11-02T05:00:00Z",
		}, []string{"2026-10-31 1", "2026-11-01 3", "2026-11-02 1"}},
		{"Pacific/Kiritimati", []string{"2026-01-31T09:59:59Z", "2026-01-31T10:00:00Z"},
			[]string{"2026-01-31 1", "2026-02-01 1"}},
		{"Pacific/Pago_Pago", []string{"2026-02-01T10:59:59Z", "2026-02-01T11:00:00Z"},
			[]string{"2026-01-31 1", "2026-02-01 1"}},
	} {
		t.Run(c.zone+c.at[0], func(t *testing.T) {
			t.Parallel()
			b := newBook(t)
			r := report.New(b.DB, zone(t, c.zone), "EUR")
			for _, when := range c.at {
				b.Paid(gift{Amount: 100, At: at(when)}, 0)
			}
			rows, err := r.Totals(t.Context(), report.TotalsQuery{By: []report.Key{report.ByDay}})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, row := range rows {
				got = append(got, fmt.Sprintf("%s %d", row.Day, row.Count))
				one := totals(t, r, report.TotalsQuery{From: day(t, row.Day), To: day(t, row.Day)})
				check(t, one, fmt.Sprintf("EUR %d: %d.00 -0.00 -0.00 = %d.00", row.Count, row.Count, row.Count))
				if today := r.Today(at(c.at[0])).String(); today != rows[0].Day {
					t.Errorf("today is %s, want %s", today, rows[0].Day)
				}
			}
			check(t, got, c.want...)
		})
	}
}

func TestMonthsEnd(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	r := report.New(b.DB, zone(t, "Europe/Berlin"), "EUR")
	for _, when := range []string{
		"2028-02-29T22:59:59Z", "2028-02-29T23:00:00Z", "2027-12-31T22:59:59Z", "2027-12-31T23:00:00Z",
	} {
		b.Paid(gift{Amount: 100, At: at(when)}, 0)
	}
	check(t, totals(t, r, report.TotalsQuery{By: []report.Key{report.ByMonth}}),
		"2027-12 EUR 1: 1.00 -0.00 -0.00 = 1.00", "2028-01 EUR 1: 1.00 -0.00 -0.00 = 1.00",
		"2028-02 EUR 1: 1.00 -0.00 -0.00 = 1.00", "2028-03 EUR 1: 1.00 -0.00 -0.00 = 1.00")
}

// However a range is cut into days, the parts add up to the whole, and each row's net is what its parts say.
func TestTotalsOfPartsAreTheTotalOfTheWhole(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	random := rand.New(rand.NewPCG(7, 9))
	first := at("2026-03-20T00:00:00Z")
	for range 150 {
		g := b.Paid(gift{
			Amount: 100 + random.Int64N(9000), Currency: []string{"EUR", "USD", "JPY"}[random.IntN(3)],
			Campaign: []string{"autumn", "winter"}[random.IntN(2)],
			At:       first.Add(time.Duration(random.Int64N(int64(20 * 24 * time.Hour)))),
		}, 35+random.Int64N(50))
		if random.IntN(3) == 0 {
			b.Enter(g, []string{"refund", "reversal"}[random.IntN(2)], -random.Int64N(g.Amount),
				g.At.Add(time.Duration(random.Int64N(int64(72*time.Hour)))))
		}
	}
	for _, name := range []string{"Europe/Berlin", "America/New_York"} {
		r := report.New(b.DB, zone(t, name), "EUR")
		rapid.Check(t, func(t *rapid.T) {
			start := rapid.IntRange(0, 20).Draw(t, "first day")
			length := rapid.IntRange(2, 12).Draw(t, "days")
			cut := rapid.IntRange(1, length-1).Draw(t, "cut")
			by := rapid.SampledFrom([][]report.Key{
				nil, {report.ByDay}, {report.ByCampaign}, {report.ByMonth, report.ByCampaign},
			}).Draw(t, "by")
			from, err := report.ParseDay("from", "2026-03-20")
			if err != nil {
				t.Fatal(err)
			}
			from = from.Add(start)
			sum := func(from, to report.Day, by []report.Key) map[money.Currency][5]int64 {
				rows, err := r.Totals(t.Context(), report.TotalsQuery{From: from, To: to, By: by})
				if err != nil {
					t.Fatal(err)
				}
				all := map[money.Currency][5]int64{}
				for _, row := range rows {
					if row.Net != row.Gross-row.Fee-row.Refunded-row.Held {
						t.Fatalf("net is not what is left: %+v", row)
					}
					had := all[row.Currency]
					all[row.Currency] = [5]int64{
						had[0] + row.Count, had[1] + row.Gross, had[2] + row.Fee, had[3] + row.Refunded, had[4] + row.Net,
					}
				}
				return all
			}
			whole := sum(from, from.Add(length-1), nil)
			parts := sum(from, from.Add(cut-1), by)
			right := sum(from.Add(cut), from.Add(length-1), by)
			for c, v := range right {
				had := parts[c]
				for i := range v {
					had[i] += v[i]
				}
				parts[c] = had
			}
			if fmt.Sprint(parts) != fmt.Sprint(whole) {
				t.Fatalf("parts %v, whole %v", parts, whole)
			}
		})
	}
}

// Whatever the ledger has, in every kind that it may have: the parts make up the net, the net is the sum of all
// entries, and contributions say the same as totals.
func TestNetIsTheSumOfAllEntries(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	r := report.New(b.DB, time.UTC, "EUR")
	var allowed string
	if err := b.DB.GetContext(t.Context(), &allowed,
		`SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'ledger_entry_kind_check'`); err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, m := range regexp.MustCompile(`'([a-z_]+)'`).FindAllStringSubmatch(allowed, -1) {
		kinds = append(kinds, m[1])
	}
	if len(kinds) < 9 {
		t.Fatalf("the ledger's kinds were read as %q", kinds)
	}
	sign := map[bool]int64{true: 1, false: -1}
	rapid.Check(t, func(rt *rapid.T) {
		b.Exec(`DELETE FROM ledger_entry`)
		want := map[money.Currency]int64{}
		for range rapid.IntRange(1, 3).Draw(rt, "gifts") {
			g := b.Give(gift{
				Amount: 10_000, Currency: rapid.SampledFrom([]string{"EUR", "JPY"}).Draw(rt, "currency"),
				At: at("2026-11-29T12:00:00Z"),
			})
			for _, kind := range rapid.SliceOfN(rapid.SampledFrom(kinds), 0, 8).Draw(rt, "entries") {
				in := kind == "charge" || kind == "fee_refund" || kind == "dispute_release" || kind == "chargeback_fee_refund"
				minor := sign[in] * rapid.Int64Range(0, 1_000_000).Draw(rt, "minor")
				b.Enter(g, kind, minor, g.At.Add(time.Duration(rapid.IntRange(0, 200).Draw(rt, "hours"))*time.Hour))
				want[money.Currency(g.Currency)] += minor
			}
		}
		got, listed := map[money.Currency]int64{}, map[money.Currency]int64{}
		add := func(sums map[money.Currency]int64, c money.Currency, s report.Sums) {
			if s.Net != s.Gross-s.Fee-s.Refunded-s.Held {
				rt.Fatalf("the parts do not make up the net: %+v", s)
			}
			sums[c] += s.Net
		}
		rows, err := r.Totals(t.Context(), report.TotalsQuery{By: []report.Key{report.ByDay}})
		if err != nil {
			rt.Fatal(err)
		}
		for _, row := range rows {
			add(got, row.Currency, row.Sums)
		}
		err = dashboard.New(b.DB, time.UTC).EachContribution(t.Context(), dashboard.ContributionsQuery{}, func(c dashboard.Contribution) error {
			add(listed, c.Amount.Currency, c.Sums)
			return nil
		})
		if err != nil {
			rt.Fatal(err)
		}
		for _, c := range []money.Currency{"EUR", "JPY"} {
			if got[c] != want[c] || listed[c] != want[c] {
				rt.Fatalf("%s: the ledger has %d, totals %d, contributions %d", c, want[c], got[c], listed[c])
			}
		}
	})
}

func TestTotalsRefuse(t *testing.T) {
	t.Parallel()
	r := report.New(newBook(t).DB, time.UTC, "EUR")
	for _, c := range []struct {
		field string
		query report.TotalsQuery
	}{
		{"to", report.TotalsQuery{From: day(t, "2026-02-02"), To: day(t, "2026-02-01")}},
		{"campaign", report.TotalsQuery{Campaign: "a\x00b"}},
		{"article", report.TotalsQuery{Article: "\xff"}},
		{"article", report.TotalsQuery{Article: strings.Repeat("a", 3000)}},
		{"currency", report.TotalsQuery{Currency: "eur"}},
	} {
		_, err := r.Totals(t.Context(), c.query)
		if faults := fault.All(err); len(faults) != 1 || faults[0].Kind != fault.Invalid || faults[0].Field != c.field {
			t.Errorf("%+v: got %v", c.query, err)
		}
	}
}

func TestParseDayAndKeys(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"2026-02-30", "2026-13-01", "26-01-01", "2026-1-1", "01.02.2026", "yesterday", "1999-12-31", "2200-01-01",
		"0000-00-00", "2026-01-01T00:00:00Z", " 2026-01-01", "٢٠٢٦-٠١-٠١",
	} {
		if d, err := report.ParseDay("from", text); !fault.Is(err, fault.Invalid) || fault.All(err)[0].Field != "from" {
			t.Errorf("ParseDay(%q) = %v, %v", text, d, err)
		}
	}
	if d, err := report.ParseDay("from", ""); err != nil || !d.IsZero() || d.String() != "" {
		t.Errorf("no day: %v, %v", d, err)
	}
	d := day(t, "2028-02-28")
	if d.Add(2).String() != "2028-03-01" || d.Month().String() != "2028-02-01" || !d.Before(d.Add(1)) || d.Before(d) {
		t.Errorf("reckoning with %v is wrong", d)
	}
	if keys, err := report.ParseKeys("day, campaign"); err != nil ||
		!slices.Equal(keys, []report.Key{report.ByDay, report.ByCampaign}) {
		t.Errorf("got %v, %v", keys, err)
	}
	for _, text := range []string{"week", "day,", ",", "day,day", "Day", "day;drop"} {
		if keys, err := report.ParseKeys(text); !fault.Is(err, fault.Invalid) {
			t.Errorf("ParseKeys(%q) = %v, %v", text, keys, err)
		}
	}
}
