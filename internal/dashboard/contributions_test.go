package dashboard_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/dashboard"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/listing"
	"readerfund/internal/money"
	"readerfund/internal/report"
)

// receipts are the receipt numbers of everything a query finds, page by page.
func receipts(t *testing.T, r *dashboard.Views, q dashboard.ContributionsQuery) []string {
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
	r := dashboard.New(b.DB, time.UTC)
	g := b.Paid(gift{
		Amount: 2500, At: at("2026-11-22T12:00:00.123456Z"), Article: "https://example.org/a", Receipt: "K7M3-9QX2",
	}, 98)
	b.Enter(g, "refund", -500, at("2026-11-23T12:00:00Z"))
	b.Give(gift{Amount: 0, At: at("2026-11-21T12:00:00Z"), State: "created", Attention: "Look here."})
	page, err := r.Contributions(t.Context(), dashboard.ContributionsQuery{})
	if err != nil || len(page.Contributions) != 2 || page.Next != "" {
		t.Fatalf("got %+v, %v", page, err)
	}
	want := dashboard.Contribution{
		ID: g.ID, Receipt: "K7M3-9QX2", Status: "completed", Amount: money.New(2500, "EUR"),
		Covered: money.New(0, "EUR"), Sums: report.Sums{Gross: 2500, Fee: 98, Refunded: 500, Net: 1902},
		Campaign: "autumn", Article: "https://example.org/a", Name: "Ann", Email: "ann@example.org", Message: "Go on!",
		OrderID: "ORDER1", CaptureID: "CAPTURE1", Frequency: "once",
		CreatedAt: at("2026-11-22T12:00:00.123456Z"), CompletedAt: at("2026-11-22T12:00:00.123456Z"),
	}
	if page.Contributions[0] != want {
		t.Errorf("got  %+v\nwant %+v", page.Contributions[0], want)
	}
	if c := page.Contributions[1]; c.Sums != (report.Sums{}) || c.CaptureID != "" || !c.CompletedAt.IsZero() ||
		c.Attention != "Look here." {
		t.Errorf("without money: %+v", c)
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	r := dashboard.New(b.DB, zone(t, "Europe/Berlin"))
	b.Paid(gift{Receipt: "AAAA-0001", Amount: 100, At: at("2026-03-28T22:59:59Z"), Article: "https://example.org/a"}, 1)
	b.Paid(gift{Receipt: "AAAA-0002", Amount: 100, At: at("2026-03-28T23:00:00Z"), Currency: "USD", Campaign: "winter"}, 1)
	b.Give(gift{Receipt: "AAAA-0003", Amount: 0, At: at("2026-03-29T21:59:59Z"), State: "pending", Attention: "!"})
	b.Paid(gift{Receipt: "AAAA-0004", Amount: 100, At: at("2026-03-29T22:00:00Z"), State: "refunded"}, 1)
	for _, c := range []struct {
		name  string
		query dashboard.ContributionsQuery
		want  string
	}{
		{"nothing", dashboard.ContributionsQuery{}, "4 3 2 1"},
		{"from", dashboard.ContributionsQuery{From: day(t, "2026-03-29")}, "4 3 2"},
		{"to", dashboard.ContributionsQuery{To: day(t, "2026-03-29")}, "3 2 1"},
		{"one day", dashboard.ContributionsQuery{From: day(t, "2026-03-29"), To: day(t, "2026-03-29")}, "3 2"},
		{"status", dashboard.ContributionsQuery{Status: "pending"}, "3"},
		{"campaign", dashboard.ContributionsQuery{Campaign: "winter"}, "2"},
		{"currency", dashboard.ContributionsQuery{Currency: "USD"}, "2"},
		{"article", dashboard.ContributionsQuery{Article: "https://example.org/a"}, "1"},
		{"attention", dashboard.ContributionsQuery{Attention: true}, "3"},
		{"all together", dashboard.ContributionsQuery{From: day(t, "2026-03-29"), Status: "completed", Campaign: "winter",
			Currency: "USD"}, "2"},
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
	r := dashboard.New(b.DB, time.UTC)
	g := b.Paid(gift{Receipt: "K0M3-1QX2", Amount: 100, At: at("2026-03-28T22:00:00Z")}, 1)
	b.Exec(`INSERT INTO refund (payment_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
		VALUES ($1, 'refund', 'REFUND9', 'completed', 10, 'EUR', now(), now())`, g.Payment)
	b.Paid(gift{Receipt: "AAAA-0002", Amount: 100, At: at("2026-03-28T23:00:00Z")}, 1)
	for _, text := range []string{
		"K0M3-1QX2", "k0m3-1qx2", "k0m31qx2", " K0M3 1QX2 ", "KOM3-lQX2", "ORDER1", "order1", "CAPTURE1", "REFUND9",
		"refund9",
	} {
		if got := receipts(
			t, r, dashboard.ContributionsQuery{Search: text, Limit: 10},
		); !slices.Equal(got, []string{"K0M3-1QX2"}) {
			t.Errorf("search %q: got %v", text, got)
		}
	}
	for _, text := range []string{"K0M3", "ORDER", "%", "'", "K0M3-1QX3", "nobody", strings.Repeat("ä", 500)} {
		if got := receipts(t, r, dashboard.ContributionsQuery{Search: text, Limit: 10}); len(got) != 0 {
			t.Errorf("search %q: got %v", text, got)
		}
	}
}

// Thousands of rows, many at the very same microsecond, paged while new ones arrive: each once, in order.
func TestPagesHaveNoGapAndNoDuplicate(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	r := dashboard.New(b.DB, time.UTC)
	const n = 5000
	b.Exec(`INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, state, created_at, updated_at)
		SELECT gen_random_uuid(), 'R' || i, ''::bytea,
			(SELECT id FROM campaign WHERE slug = 'autumn'), 'once', 100, 'EUR', 'created', at, at
		FROM generate_series(1, $1) i, LATERAL (SELECT timestamptz '2026-01-01' + (i / 90) * interval '1 microsecond' AS at) s`, n)
	var want []string
	if err := b.DB.SelectContext(t.Context(), &want,
		`SELECT receipt FROM contribution ORDER BY created_at DESC, id DESC`); err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{1, 23, 50, 500} {
		q := dashboard.ContributionsQuery{Limit: limit}
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
				b.Give(gift{At: at("2026-05-01T00:00:00Z"), State: "created"}) // news on top moves nothing below
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
	err := r.EachContribution(t.Context(), dashboard.ContributionsQuery{
		To: day(t, "2026-01-01"), Limit: 3,
	}, func(c dashboard.Contribution) error {
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
	r := dashboard.New(b.DB, time.UTC)
	for range 3 {
		b.Give(gift{At: at("2026-05-01T00:00:00Z"), State: "created"})
	}
	n := 0
	err := r.EachContribution(t.Context(), dashboard.ContributionsQuery{}, func(dashboard.Contribution) error {
		n++
		return fault.New(fault.Conflict, "enough")
	})
	if n != 1 || !fault.Is(err, fault.Conflict) {
		t.Fatalf("%d rows, %v", n, err)
	}
}

// Whoever an export is for may be slow: while they have their turn, the export holds no connection.
func TestEachContributionHoldsNoConnection(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.Give(gift{At: at("2026-05-01T00:00:00Z"), State: "created"})
	narrow, err := db.Open(t.Context(), b.DB.URL(), db.Options{MaxOpen: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = narrow.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r := dashboard.New(narrow, time.UTC)
	err = r.EachContribution(ctx, dashboard.ContributionsQuery{}, func(dashboard.Contribution) error {
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
	want := listing.MaxLimit + 20
	began := at("2026-05-01T00:00:00Z")
	for n := range want {
		b.Give(gift{At: began.Add(time.Duration(n) * time.Second), State: "created"})
	}
	seen := map[string]int{}
	late := 0
	r := dashboard.New(b.DB, time.UTC)
	err := r.EachContribution(t.Context(), dashboard.ContributionsQuery{}, func(c dashboard.Contribution) error {
		seen[c.Receipt]++
		if late < 20 {
			late++
			b.Give(gift{At: began.Add(time.Hour), State: "created"})
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
	r := dashboard.New(newBook(t).DB, time.UTC)
	tooLate := base64.RawURLEncoding.EncodeToString(append([]byte{0x7f, 255, 255, 255, 255, 255, 255, 255},
		make([]byte, 16)...))
	for _, c := range []struct {
		field string
		query dashboard.ContributionsQuery
	}{
		{"to", dashboard.ContributionsQuery{From: day(t, "2026-02-02"), To: day(t, "2026-02-01")}},
		{"status", dashboard.ContributionsQuery{Status: "paid"}},
		{"currency", dashboard.ContributionsQuery{Currency: "XXX"}},
		{"search", dashboard.ContributionsQuery{Search: "a\x00b"}},
		{"article", dashboard.ContributionsQuery{Article: "\xff"}},
		{"limit", dashboard.ContributionsQuery{Limit: -1}},
		{"limit", dashboard.ContributionsQuery{Limit: 501}},
		{"after", dashboard.ContributionsQuery{After: "x"}},
		{"after", dashboard.ContributionsQuery{After: strings.Repeat("A", 31)}},
		{"after", dashboard.ContributionsQuery{After: strings.Repeat("A", 32) + "="}},
		{"after", dashboard.ContributionsQuery{After: tooLate}},
		{"after", dashboard.ContributionsQuery{After: "' OR 1=1"}},
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
	}{{"contribution", "state", dashboard.Statuses()}, {"webhook_event", "state", dashboard.WebhookStates()}} {
		var rule string
		if err := b.DB.GetContext(t.Context(), &rule, `
			SELECT pg_get_constraintdef(oid) FROM pg_constraint
			WHERE conrelid = $1::regclass AND contype = 'c'
				AND pg_get_constraintdef(oid) LIKE '%(' || $2 || ' = ANY%'`, c.table, c.column); err != nil {
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
	r := dashboard.New(b.DB, time.UTC)
	if _, err := r.History(t.Context(), uuid.New()); !fault.Is(err, fault.NotFound) {
		t.Fatalf("got %v", err)
	}
	start := at("2026-11-22T12:00:00Z")
	g := b.Give(gift{Amount: 2500, At: start, State: "partially_refunded"})
	other := b.Paid(gift{Amount: 900, At: start}, 1)
	b.Exec(`INSERT INTO refund (payment_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
		VALUES ($1, 'refund', 'REFUND9', 'completed', 500, 'EUR', $2, $2)`, g.Payment, start.Add(time.Hour))
	event := b.webhook(webhook{event: "WH-1", kind: "PAYMENT.CAPTURE.COMPLETED", at: start.Add(time.Second), about: g.ID})
	b.webhook(webhook{event: "WH-2", kind: "PAYMENT.CAPTURE.COMPLETED", at: start, about: other.ID})
	for i, step := range [][3]string{
		{"order_created", "started", "created"}, {"money_completed", "created", "completed"},
	} {
		b.Exec(`INSERT INTO contribution_event (contribution_id, fact, detail, paypal_ref, from_state, to_state, source, webhook_event_id, at)
			VALUES ($1, $2, '', 'X', $3, $4, 'webhook', $5, $6)`, g.ID, step[0], step[1], step[2], event,
			start.Add(time.Duration(i)*time.Second))
	}
	b.Enter(g, "charge", 2500, start.Add(time.Second))
	b.Enter(g, "refund", -500, start.Add(time.Hour))

	h, err := r.History(t.Context(), g.ID)
	if err != nil {
		t.Fatal(err)
	}
	if h.Receipt != g.Receipt || h.Heading != "The autumn appeal" || h.Email != "ann@example.org" ||
		h.Message != "Go on!" || h.Frequency != "once" || h.Net != 2000 {
		t.Errorf("head %+v", h)
	}
	if len(h.Payments) != 1 || h.Payments[0].PayPalID != "CAPTURE1" || h.Payments[0].Amount != money.New(2500, "EUR") {
		t.Errorf("payments %+v", h.Payments)
	}
	if len(h.Refunds) != 1 || h.Refunds[0].PaymentID != g.Payment || h.Refunds[0].Amount.Minor != 500 {
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
