package report_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/money"
	"readerfund/internal/report"
)

// receipts are the receipt numbers of everything a query finds, page by page.
func receipts(t *testing.T, r *report.Reports, q report.ContributionsQuery) []string {
	t.Helper()
	var all []string
	for {
		page, err := r.Contributions(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Contributions {
			all = append(all, c.Receipt)
		}
		if page.Next == "" {
			return all
		}
		if len(page.Contributions) != q.Limit {
			t.Fatalf("a page of %d before the last, want %d", len(page.Contributions), q.Limit)
		}
		q.After = page.Next
	}
}

func TestContributionShowsWhatTheLedgerSays(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	r := report.New(b.d, time.UTC, "EUR")
	g := b.paid(gift{Amount: 2500, At: at("2026-11-22T12:00:00.123456Z"), Article: "https://example.org/a", Receipt: "K7M3-9QX2"}, 98)
	b.enter(g, "refund", -500, at("2026-11-23T12:00:00Z"))
	b.give(gift{Amount: 0, At: at("2026-11-21T12:00:00Z"), State: "created", Attention: "Look here."})
	page, err := r.Contributions(t.Context(), report.ContributionsQuery{})
	if err != nil || len(page.Contributions) != 2 || page.Next != "" {
		t.Fatalf("got %+v, %v", page, err)
	}
	want := report.Contribution{
		ID: g.ID, Receipt: "K7M3-9QX2", Status: "completed", Amount: money.New(2500, "EUR"), Sums: report.Sums{Gross: 2500, Fee: 98, Refunded: 500, Net: 1902},
		Campaign: "autumn", Article: "https://example.org/a", Name: "Ann", Email: "ann@example.org", Message: "Go on!",
		OrderID: "ORDER1", CaptureID: "CAPTURE1",
		CreatedAt: at("2026-11-22T12:00:00.123456Z"), CompletedAt: at("2026-11-22T12:00:00.123456Z"),
	}
	if page.Contributions[0] != want {
		t.Errorf("got  %+v\nwant %+v", page.Contributions[0], want)
	}
	if c := page.Contributions[1]; c.Sums != (report.Sums{}) || c.CaptureID != "" || !c.CompletedAt.IsZero() || c.Attention != "Look here." {
		t.Errorf("without money: %+v", c)
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	r := report.New(b.d, zone(t, "Europe/Berlin"), "EUR")
	b.paid(gift{Receipt: "AAAA-0001", Amount: 100, At: at("2026-03-28T22:59:59Z"), Article: "https://example.org/a"}, 1)
	b.paid(gift{Receipt: "AAAA-0002", Amount: 100, At: at("2026-03-28T23:00:00Z"), Currency: "USD", Campaign: "winter"}, 1)
	b.give(gift{Receipt: "AAAA-0003", Amount: 0, At: at("2026-03-29T21:59:59Z"), State: "pending", Attention: "!"})
	b.paid(gift{Receipt: "AAAA-0004", Amount: 100, At: at("2026-03-29T22:00:00Z"), State: "refunded"}, 1)
	for _, c := range []struct {
		name  string
		query report.ContributionsQuery
		want  string
	}{
		{"nothing", report.ContributionsQuery{}, "4 3 2 1"},
		{"from", report.ContributionsQuery{From: day(t, "2026-03-29")}, "4 3 2"},
		{"to", report.ContributionsQuery{To: day(t, "2026-03-29")}, "3 2 1"},
		{"one day", report.ContributionsQuery{From: day(t, "2026-03-29"), To: day(t, "2026-03-29")}, "3 2"},
		{"status", report.ContributionsQuery{Status: "pending"}, "3"},
		{"campaign", report.ContributionsQuery{Campaign: "winter"}, "2"},
		{"currency", report.ContributionsQuery{Currency: "USD"}, "2"},
		{"article", report.ContributionsQuery{Article: "https://example.org/a"}, "1"},
		{"attention", report.ContributionsQuery{Attention: true}, "3"},
		{"all together", report.ContributionsQuery{From: day(t, "2026-03-29"), Status: "completed", Campaign: "winter", Currency: "USD"}, "2"},
	} {
		c.query.Limit = 2
		var got []string
		for _, receipt := range receipts(t, r, c.query) {
			got = append(got, receipt[8:])
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %v, want %s", c.name, got, c.want)
		}
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	r := report.New(b.d, time.UTC, "EUR")
	g := b.paid(gift{Receipt: "K0M3-1QX2", Amount: 100, At: at("2026-03-28T22:00:00Z")}, 1)
	b.exec(`INSERT INTO refund (payment_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
		VALUES ($1, 'refund', 'REFUND9', 'completed', 10, 'EUR', now(), now())`, g.payment)
	b.paid(gift{Receipt: "AAAA-0002", Amount: 100, At: at("2026-03-28T23:00:00Z")}, 1)
	for _, text := range []string{"K0M3-1QX2", "k0m3-1qx2", "k0m31qx2", " K0M3 1QX2 ", "KOM3-lQX2", "ORDER1", "order1", "CAPTURE1", "REFUND9", "refund9"} {
		if got := receipts(t, r, report.ContributionsQuery{Search: text, Limit: 10}); !slices.Equal(got, []string{"K0M3-1QX2"}) {
			t.Errorf("search %q: got %v", text, got)
		}
	}
	for _, text := range []string{"K0M3", "ORDER", "%", "'", "K0M3-1QX3", "nobody", strings.Repeat("ä", 500)} {
		if got := receipts(t, r, report.ContributionsQuery{Search: text, Limit: 10}); len(got) != 0 {
			t.Errorf("search %q: got %v", text, got)
		}
	}
}

// Thousands of rows, many at the very same microsecond, paged while new ones arrive: each once, in order.
func TestPagesHaveNoGapAndNoDuplicate(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	r := report.New(b.d, time.UTC, "EUR")
	const n = 5000
	b.exec(`INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, state, created_at, updated_at)
		SELECT gen_random_uuid(), 'R' || i, ''::bytea, (SELECT id FROM campaign WHERE slug = 'autumn'), 'once', 100, 'EUR', 'created', at, at
		FROM generate_series(1, $1) i, LATERAL (SELECT timestamptz '2026-01-01' + (i / 90) * interval '1 microsecond' AS at) s`, n)
	var want []string
	if err := b.d.SelectContext(t.Context(), &want, `SELECT receipt FROM contribution ORDER BY created_at DESC, id DESC`); err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{1, 23, 50, 500} {
		q := report.ContributionsQuery{Limit: limit}
		if limit == 1 {
			q.From, q.To = day(t, "2026-01-01"), day(t, "2026-01-01")
		}
		var got []string
		for pages := 0; ; pages++ {
			page, err := r.Contributions(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page.Contributions {
				got = append(got, c.Receipt)
			}
			if q.After = page.Next; q.After == "" || limit == 1 && pages == 30 {
				break
			}
			if pages%10 == 0 {
				b.give(gift{At: at("2026-05-01T00:00:00Z"), State: "created"}) // news on top moves nothing below
			}
		}
		if limit == 1 {
			want := want[:len(got)]
			if !slices.Equal(got, want) {
				t.Errorf("page by single rows: %d rows differ", len(got))
			}
			continue
		}
		got = slices.DeleteFunc(got, func(receipt string) bool { return strings.HasPrefix(receipt, "TEST-") })
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d: %d rows, want %d", limit, len(got), len(want))
		}
	}
	var streamed []string
	err := r.EachContribution(t.Context(), report.ContributionsQuery{To: day(t, "2026-01-01"), Limit: 3}, func(c report.Contribution) error {
		streamed = append(streamed, c.Receipt)
		return nil
	})
	if err != nil || !slices.Equal(streamed, want) {
		t.Errorf("stream: %d rows, want %d, %v", len(streamed), len(want), err)
	}
}

func TestEachContributionEndsWithItsReceiver(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	r := report.New(b.d, time.UTC, "EUR")
	for range 3 {
		b.give(gift{At: at("2026-05-01T00:00:00Z"), State: "created"})
	}
	n := 0
	err := r.EachContribution(t.Context(), report.ContributionsQuery{}, func(report.Contribution) error {
		n++
		return fault.Conflictf("enough")
	})
	if n != 1 || !fault.Is(err, fault.Conflict) {
		t.Fatalf("%d rows, %v", n, err)
	}
}

// Whoever an export is for may be slow: while they have their turn, the export holds no connection.
func TestEachContributionHoldsNoConnection(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.give(gift{At: at("2026-05-01T00:00:00Z"), State: "created"})
	narrow, err := db.Open(t.Context(), b.d.URL(), db.Options{MaxOpen: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = narrow.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r := report.New(narrow, time.UTC, "EUR")
	err = r.EachContribution(ctx, report.ContributionsQuery{}, func(report.Contribution) error {
		return narrow.PingContext(ctx)
	})
	if err != nil {
		t.Error(err)
	}
}

// What comes while an export runs puts nothing into it twice and leaves nothing out that was there.
func TestEachContributionWhileGiftsGoOn(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	want := report.MaxLimit + 20
	began := at("2026-05-01T00:00:00Z")
	for n := range want {
		b.give(gift{At: began.Add(time.Duration(n) * time.Second), State: "created"})
	}
	seen := map[string]int{}
	late := 0
	r := report.New(b.d, time.UTC, "EUR")
	err := r.EachContribution(t.Context(), report.ContributionsQuery{}, func(c report.Contribution) error {
		seen[c.Receipt]++
		if late < 20 {
			late++
			b.give(gift{At: began.Add(time.Hour), State: "created"})
		}
		return nil
	})
	if err != nil || len(seen) != want {
		t.Fatalf("%d contributions, want %d, %v", len(seen), want, err)
	}
	for receipt, times := range seen {
		if times != 1 {
			t.Errorf("%s came %d times", receipt, times)
		}
	}
}

func TestContributionsRefuse(t *testing.T) {
	t.Parallel()
	r := report.New(newBook(t).d, time.UTC, "EUR")
	tooLate := base64.RawURLEncoding.EncodeToString(append([]byte{0x7f, 255, 255, 255, 255, 255, 255, 255}, make([]byte, 16)...))
	for _, c := range []struct {
		field string
		query report.ContributionsQuery
	}{
		{"to", report.ContributionsQuery{From: day(t, "2026-02-02"), To: day(t, "2026-02-01")}},
		{"status", report.ContributionsQuery{Status: "paid"}},
		{"currency", report.ContributionsQuery{Currency: "XXX"}},
		{"search", report.ContributionsQuery{Search: "a\x00b"}},
		{"article", report.ContributionsQuery{Article: "\xff"}},
		{"limit", report.ContributionsQuery{Limit: -1}},
		{"limit", report.ContributionsQuery{Limit: 501}},
		{"after", report.ContributionsQuery{After: "x"}},
		{"after", report.ContributionsQuery{After: strings.Repeat("A", 31)}},
		{"after", report.ContributionsQuery{After: strings.Repeat("A", 32) + "="}},
		{"after", report.ContributionsQuery{After: tooLate}},
		{"after", report.ContributionsQuery{After: "' OR 1=1"}},
	} {
		_, err := r.Contributions(t.Context(), c.query)
		if faults := fault.All(err); len(faults) != 1 || faults[0].Kind != fault.Invalid || faults[0].Field != c.field {
			t.Errorf("%+v: got %v", c.query, err)
		}
	}
}

// The list of states here and the schema's are the same.
func TestStatusesAreTheSchemas(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	for _, c := range []struct {
		table  string
		column string
		list   []string
	}{{"contribution", "state", report.Statuses()}, {"webhook_event", "state", report.WebhookStates()}} {
		var rule string
		if err := b.d.GetContext(t.Context(), &rule, `
			SELECT pg_get_constraintdef(oid) FROM pg_constraint
			WHERE conrelid = $1::regclass AND contype = 'c' AND pg_get_constraintdef(oid) LIKE '%(' || $2 || ' = ANY%'`, c.table, c.column); err != nil {
			t.Fatal(err)
		}
		for _, state := range c.list {
			if !strings.Contains(rule, "'"+state+"'") {
				t.Errorf("%s: the schema knows no %q", c.table, state)
			}
		}
		if n := strings.Count(rule, "'::text"); n != len(c.list) {
			t.Errorf("%s: the schema knows %d states, the list %d: %s", c.table, n, len(c.list), rule)
		}
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	r := report.New(b.d, time.UTC, "EUR")
	if _, err := r.History(t.Context(), uuid.New()); !fault.Is(err, fault.NotFound) {
		t.Fatalf("got %v", err)
	}
	start := at("2026-11-22T12:00:00Z")
	g := b.give(gift{Amount: 2500, At: start, State: "partially_refunded"})
	other := b.paid(gift{Amount: 900, At: start}, 1)
	b.exec(`INSERT INTO refund (payment_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
		VALUES ($1, 'refund', 'REFUND9', 'completed', 500, 'EUR', $2, $2)`, g.payment, start.Add(time.Hour))
	event := b.webhook(webhook{event: "WH-1", kind: "PAYMENT.CAPTURE.COMPLETED", at: start.Add(time.Second), about: g.ID})
	b.webhook(webhook{event: "WH-2", kind: "PAYMENT.CAPTURE.COMPLETED", at: start, about: other.ID})
	for i, step := range [][3]string{{"order_created", "started", "created"}, {"money_completed", "created", "completed"}} {
		b.exec(`INSERT INTO contribution_event (contribution_id, fact, detail, paypal_ref, from_state, to_state, source, webhook_event_id, at)
			VALUES ($1, $2, '', 'X', $3, $4, 'webhook', $5, $6)`, g.ID, step[0], step[1], step[2], event, start.Add(time.Duration(i)*time.Second))
	}
	b.enter(g, "charge", 2500, start.Add(time.Second))
	b.enter(g, "refund", -500, start.Add(time.Hour))

	h, err := r.History(t.Context(), g.ID)
	if err != nil {
		t.Fatal(err)
	}
	if h.Receipt != g.Receipt || h.Heading != "The autumn appeal" || h.Email != "ann@example.org" || h.Message != "Go on!" || h.Frequency != "once" || h.Net != 2000 {
		t.Errorf("head %+v", h)
	}
	if len(h.Payments) != 1 || h.Payments[0].PayPalID != "CAPTURE1" || h.Payments[0].Amount != money.New(2500, "EUR") {
		t.Errorf("payments %+v", h.Payments)
	}
	if len(h.Refunds) != 1 || h.Refunds[0].PaymentID != g.payment || h.Refunds[0].Amount.Minor != 500 {
		t.Errorf("refunds %+v", h.Refunds)
	}
	var story []string
	for _, m := range h.Timeline() {
		switch {
		case m.Event != nil:
			story = append(story, fmt.Sprintf("%s→%s", m.Event.From, m.Event.To))
		case m.Entry != nil:
			story = append(story, m.Entry.Kind)
		case m.Webhook != nil:
			story = append(story, m.Webhook.EventID)
		}
	}
	if got := strings.Join(story, " "); got != "started→created WH-1 created→completed charge refund" {
		t.Errorf("timeline %s", got)
	}
}
