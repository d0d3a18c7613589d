package dashboard_test

import (
	"context"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"readerfund/internal/audit"
	"readerfund/internal/dashboard"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/report"
)

// filled is a database of so many contributions with payments, entries, events and the rest, of which few are what a
// list is restricted to. Many addresses have the same beginning, as those of one site do.
func filled(t *testing.T, rows int) *db.DB {
	t.Helper()
	d := dbtest.New(t)
	filler, err := db.Open(t.Context(), d.URL(), db.Options{MaxOpen: 1, AnswerTimeout: -1})
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`INSERT INTO campaign (id, slug, heading, why, ask, button, reassurance, currency, suggested, created_at, updated_at)
		 SELECT gen_random_uuid(), slug, '', '', '', '', '', 'EUR', '{}', now(), now()
		 FROM unnest('{autumn,winter}'::text[]) slug`,
		`INSERT INTO supporter (id, email, name, created_at, updated_at)
		 SELECT gen_random_uuid(), 'payer' || i || '@paypal.example', 'Payer ' || i, now(), now()
		 FROM generate_series(1, $1 / 4) i`,
		`INSERT INTO article (address, digest)
		 SELECT address, sha256(convert_to(address, 'UTF8'))
		 FROM generate_series(0, 1999) i, LATERAL (SELECT 'https://www.example.org/article/' || i AS address) made`,
		`INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, article,
		        article_id, name, email, state, order_id, approve_url, supporter_id, created_at, updated_at, message, completed_at,
		        message_read_at)
		 SELECT gen_random_uuid(), 'R' || i, ''::bytea, k.id, 'once', 500,
		        CASE WHEN i % 900 = 0 THEN 'NOK' ELSE 'EUR' END, a.address, a.id,
		        CASE i % 7 WHEN 0 THEN 'Zoë Müller' WHEN 1 THEN '' ELSE 'Reader ' || i END, 'Reader' || i || '@example.org',
		        CASE WHEN i % 500 = 0 THEN 'disputed' ELSE 'completed' END, 'O' || i, repeat('x', 120), s.id,
		        timestamptz '2026-01-01' + i * interval '1 minute', now(),
		        CASE WHEN i % 10 = 0 THEN 'Go on!' ELSE '' END, now(), CASE WHEN i % 100 > 0 THEN now() END
		 FROM generate_series(1, $1) i
		 JOIN campaign k ON k.slug = CASE WHEN i % 400 = 0 THEN 'winter' ELSE 'autumn' END
		 JOIN supporter s ON s.email = 'payer' || (i % ($1 / 4) + 1) || '@paypal.example'
		 JOIN article a ON a.address = 'https://www.example.org/article/' || i % 2000`,
		`INSERT INTO payment (contribution_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
		 SELECT id, 'capture', 'C' || receipt, 'completed', 500, currency, created_at, now()
		 FROM contribution ORDER BY created_at`,
		`INSERT INTO ledger_entry (contribution_id, payment_id, kind, amount_minor, currency, paypal_ref, occurred_at,
		        recorded_at, source, campaign_id, frequency, article_id)
		 SELECT c.id, p.id, 'charge', 500, p.currency, p.paypal_id, p.occurred_at, now(), 'return', c.campaign_id,
		        c.frequency, c.article_id
		 FROM payment p JOIN contribution c ON c.id = p.contribution_id`,
		`INSERT INTO refund_request (id, contribution_id, payment_id, number, form_key, amount_minor, currency, reason, actor,
		        state, asked_at)
		 SELECT gen_random_uuid(), contribution_id, id, 1, paypal_id, 500, 'EUR', '', '', 'done', now() FROM payment`,
		`INSERT INTO webhook_event (event_id, transmission_id, transmission_time, event_type, resource_id, headers, body,
		        received_at, state)
		 SELECT 'WH' || id, 't' || id, now(), 'X', paypal_id, '{}', ''::bytea, now(),
		        CASE WHEN id % 900 = 0 THEN 'ignored' ELSE 'applied' END FROM payment ORDER BY id`,
		`INSERT INTO audit_entry (at, actor, action, subject, detail)
		 SELECT now(), 'staff' || i % 300, 'x', 'S' || i % 3000, '{}' FROM generate_series(1, $1) i`,
		`ANALYZE contribution, supporter, campaign, article, payment, ledger_entry, refund_request, webhook_event,
		 audit_entry`,
	} {
		args := []any{rows}
		if !strings.Contains(statement, "$1") {
			args = nil
		}
		if _, err := filler.ExecContext(t.Context(), statement, args...); err != nil {
			t.Fatal(err)
		}
	}
	if err := filler.Close(); err != nil {
		t.Fatal(err)
	}
	// The filler's own scans are counted once it is gone, one table after the other.
	for before := map[string]int64(nil); before["all of payment"] == 0 || !maps.Equal(before, used(t, d)); {
		before = used(t, d)
		time.Sleep(200 * time.Millisecond)
	}
	return d
}

// used counts the scans of every index, and of tables from end to end.
func used(t *testing.T, d *db.DB) map[string]int64 {
	t.Helper()
	var rows []struct {
		Name  string `db:"name"`
		Scans int64  `db:"scans"`
	}
	if err := d.SelectContext(t.Context(), &rows, `
		SELECT indexrelname AS name, idx_scan AS scans FROM pg_stat_user_indexes
		UNION ALL SELECT 'all of ' || relname, seq_scan FROM pg_stat_user_tables`); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int64{}
	for _, row := range rows {
		counts[row.Name] = row.Scans
	}
	return counts
}

// watched runs something on a connection of its own, and names what was scanned for it, waiting for the index that is
// meant: a server counts scans when a connection ends, at the latest.
func watched(t *testing.T, d *db.DB, index string, run func(*db.DB) error) (scanned []string) {
	t.Helper()
	before := used(t, d)
	own, err := db.Open(t.Context(), d.URL(), db.Options{MaxOpen: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := run(own); err != nil {
		t.Fatal(err)
	}
	if err := own.Close(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(5 * time.Second); !slices.Contains(scanned, index) && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
		after := used(t, d)
		maps.DeleteFunc(after, func(name string, n int64) bool { return n == before[name] })
		scanned = slices.Sorted(maps.Keys(after))
	}
	return scanned
}

// Each list of the staff pages is answered from the index that has it in its order. READERFUND_INDEX_ROWS fills the
// tables further, and -v shows how long each takes.
func TestListsUseTheirIndexes(t *testing.T) {
	t.Parallel()
	rows, _ := strconv.Atoi(os.Getenv("READERFUND_INDEX_ROWS"))
	d := filled(t, max(rows, 10_000))
	first := day(t, "2026-01-02")
	contributions := func(q dashboard.ContributionsQuery) func(context.Context, *db.DB) error {
		return func(ctx context.Context, own *db.DB) error {
			r := dashboard.New(own, time.UTC)
			page, err := r.Contributions(ctx, q)
			if err == nil && page.Next != "" {
				q.After = page.Next
				_, err = r.Contributions(ctx, q)
			}
			return err
		}
	}
	ledger := func(q report.TotalsQuery) func(context.Context, *db.DB) error {
		return func(ctx context.Context, own *db.DB) error {
			_, err := report.New(own, time.UTC, "EUR").Ledger(ctx, report.LedgerQuery{TotalsQuery: q})
			return err
		}
	}
	for _, c := range []struct {
		index string
		list  func(context.Context, *db.DB) error
	}{
		{"contribution_newest", contributions(dashboard.ContributionsQuery{})},
		{"contribution_newest", contributions(dashboard.ContributionsQuery{From: first, To: first})},
		{"contribution_state", contributions(dashboard.ContributionsQuery{Status: "disputed", Limit: 5})},
		{"contribution_article", contributions(dashboard.ContributionsQuery{Article: "https://www.example.org/article/77"})},
		{"contribution_campaign", contributions(dashboard.ContributionsQuery{Campaign: "winter", Limit: 5})},
		{"contribution_currency", contributions(dashboard.ContributionsQuery{Currency: "NOK"})},
		{"ledger_entry_newest", ledger(report.TotalsQuery{})},
		{"ledger_entry_newest", ledger(report.TotalsQuery{From: first, To: first})},
		{"ledger_entry_article", ledger(report.TotalsQuery{Article: "https://www.example.org/article/77"})},
		{"ledger_entry_campaign", ledger(report.TotalsQuery{Campaign: "winter"})},
		{"ledger_entry_currency", ledger(report.TotalsQuery{Currency: "NOK"})},
		{"ledger_entry_campaign", ledger(report.TotalsQuery{})}, // that there are none without a campaign
		{"contribution_message_unread", func(ctx context.Context, own *db.DB) error {
			v := dashboard.New(own, time.UTC)
			page, err := v.Messages(ctx, dashboard.MessagesQuery{})
			if err == nil {
				_, err = v.Messages(ctx, dashboard.MessagesQuery{After: page.Next})
			}
			return err
		}},
		{"contribution_message_unread", func(ctx context.Context, own *db.DB) error {
			_, err := dashboard.New(own, time.UTC).UnreadMessages(ctx)
			return err
		}},
		{"webhook_event_state", func(ctx context.Context, own *db.DB) error {
			_, err := dashboard.New(own, time.UTC).Inbox(ctx, dashboard.InboxQuery{State: "ignored"})
			return err
		}},
		{"webhook_event_resource", func(ctx context.Context, own *db.DB) error {
			_, err := dashboard.New(own, time.UTC).Inbox(ctx, dashboard.InboxQuery{Search: "CR77"})
			return err
		}},
	} {
		var took time.Duration
		scanned := watched(t, d, c.index, func(own *db.DB) error {
			begun := time.Now()
			defer func() { took = time.Since(begun) }()
			return c.list(t.Context(), own)
		})
		if !slices.Contains(scanned, c.index) {
			t.Errorf("%s: scanned were %q", c.index, scanned)
		}
		t.Logf("%-24s %s", c.index, took)
	}
	for index, q := range map[string]audit.Query{
		"audit_entry_subject": {Subject: "S77"}, "audit_entry_actor": {Actor: "staff77"},
	} {
		scanned := watched(t, d, index, func(own *db.DB) error {
			_, err := audit.NewLog(audit.Config{DB: own, Reading: own, Now: time.Now}).List(t.Context(), q)
			return err
		})
		if !slices.Contains(scanned, index) {
			t.Errorf("%s: scanned were %q", index, scanned)
		}
	}
	for index, query := range map[string]string{ // of other packages
		"payment_occurred":       `SELECT min(occurred_at) FROM payment`,
		"refund_request_payment": `SELECT count(*) FROM refund_request WHERE payment_id = 77 AND state = 'asked'`,
	} {
		scanned := watched(t, d, index, func(own *db.DB) error {
			var got any
			return own.QueryRowxContext(t.Context(), query).Scan(&got)
		})
		if !slices.Contains(scanned, index) {
			t.Errorf("%s: scanned were %q", index, scanned)
		}
	}
}
