package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"pgregory.net/rapid"

	"readerfund/internal/campaign"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
	"readerfund/migrations"
)

func database(t *testing.T) *db.DB {
	t.Helper()
	d := dbtest.New(t)
	if err := campaign.EnsureDefault(t.Context(), d, "The Test Gazette", "EUR", noon); err != nil {
		t.Fatal(err)
	}
	return d
}

// failer is what a test and a history of rapid's have in common.
type failer interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// contribution is one that has been written down.
func contribution(ctx context.Context, t failer, q sqlx.ExtContext, frequency string) uuid.UUID {
	t.Helper()
	id := uuid.New()
	_, err := q.ExecContext(ctx, `
		INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, article, state,
		                          created_at, updated_at)
		SELECT $1, $4, ''::bytea, id, $2, 2500, 'EUR', 'https://gazette.example/' || $4, 'started', $3, $3
		FROM campaign`, id, frequency, noon, id.String()[:8])
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// learn loads the book, applies the steps and saves it, as one transaction does.
func learn(ctx context.Context, t failer, tx *sqlx.Tx, id uuid.UUID, steps ...step) *Book {
	t.Helper()
	var facts []Fact
	for _, s := range steps {
		facts = append(facts, s.facts...)
	}
	b, err := Load(ctx, tx, id, facts...)
	if err != nil {
		t.Fatal(err)
	}
	play(t, b, steps...)
	if err := b.Save(ctx, tx, noon); err != nil {
		t.Fatalf("%s: %v", names(steps), err)
	}
	return b
}

func inTx(t *testing.T, d *db.DB, do func(ctx context.Context, tx *sqlx.Tx)) {
	t.Helper()
	err := d.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		do(ctx, tx)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func texts(ctx context.Context, t failer, q sqlx.QueryerContext, query string, args ...any) string {
	t.Helper()
	var lines []string
	if err := sqlx.SelectContext(ctx, q, &lines, query, args...); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// A history that is saved and loaded on its way, in any order of arrival, comes to what it comes to in memory; hearing
// all of it once more finds nothing to write.
func TestHistoriesAreKept(t *testing.T) {
	t.Parallel()
	d := database(t)
	tried := 0
	rapid.Check(t, func(rt *rapid.T) {
		tx, err := d.BeginTxx(t.Context(), nil)
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = tx.Rollback() }() // so that PayPal's ids can be used again
		id := contribution(t.Context(), rt, tx, rapid.SampledFrom([]string{"once", "month"}).Draw(rt, "frequency"))
		steps := history(rt)
		arrived := shuffled(rt, steps)
		at := rapid.IntRange(0, len(arrived)).Draw(rt, "saved after")
		learn(t.Context(), rt, tx, id, arrived[:at]...)
		learn(t.Context(), rt, tx, id, arrived[at:]...)
		kept, err := Load(t.Context(), tx, id)
		if err != nil {
			rt.Fatal(err)
		}
		if got, want := picture(kept), picture(play(rt, New(kept.subject, &review.List{}), steps...)); got != want {
			rt.Fatalf("%s came to\n%s\nand is kept as\n%s", names(steps), want, got)
		}
		play(rt, kept, steps...)
		if w, err := WritesOf(noon, kept); err != nil || w.Queries != "" {
			rt.Fatalf("what is known already is written again: %s %s %v", w.Queries, w.Arg, err)
		}
		tried++
	})
	t.Logf("%d histories, saved and loaded on their way", tried)
}

// What a row holds, column by column: a payment held, completed, partly refunded, disputed and converted.
func TestRowsAreWhole(t *testing.T) {
	t.Parallel()
	d := database(t)
	id := contribution(t.Context(), t, d, "once")
	seen := capture("CAP", "COMPLETED")
	net, received := eur(2380), money.New(2600, "USD")
	seen.Net, seen.Receivable, seen.ExchangeRate = &net, &received, "1.092"
	held := capture("CAP", "PENDING")
	held.Reason = "PENDING_REVIEW"
	dispute := paypal.Dispute{
		ID: "PP-D-1", CaptureIDs: []string{"CAP"}, Status: paypal.DisputeWaitingForSeller, Stage: paypal.StageChargeback,
		Reason: "UNAUTHORISED", Channel: "INTERNAL", Amount: eur(2000), MayAccept: true,
		CreatedAt: noon, UpdatedAt: noon, RespondBy: noon.AddDate(0, 0, 10),
	}
	refund := back("REF", "CAP", "COMPLETED", 500)
	refund.FeeRefunded = eur(10)
	for _, s := range []step{
		{"held", []Fact{CaptureSeen(held)}},
		{"completed", []Fact{CaptureSeen(seen), RefundSeen(back("REF", "CAP", "PENDING", 500))}},
		{"refunded", []Fact{RefundSeen(refund), DisputeSeen(dispute)}},
		{"again", []Fact{CaptureSeen(seen), RefundSeen(refund), DisputeSeen(dispute)}},
	} {
		inTx(t, d, func(ctx context.Context, tx *sqlx.Tx) { learn(ctx, t, tx, id, s) })
	}
	for what, want := range map[string]struct{ query, rows string }{
		"payment": {`SELECT concat_ws(' ', kind, paypal_id, status, state, receipt = left(contribution_id::text, 8),
			nullif(reason, ''), amount_minor, currency, returned_minor, occurred_at, recorded_at) FROM payment`,
			"capture CAP completed disputed t 2500 EUR 500 2026-03-01 12:01:00+00 2026-03-01 12:00:00+00"},
		"refund": {`SELECT concat_ws(' ', kind, paypal_id, status, amount_minor, currency, occurred_at) FROM refund`,
			"refund REF completed 500 EUR 2026-03-01 13:00:00+00"},
		"dispute": {`SELECT concat_ws(' ', paypal_id, status, paypal_status, stage, channel, reason, amount_minor, currency,
			may_accept, respond_by, opened_at, changed_at) FROM dispute`,
			"PP-D-1 open WAITING_FOR_SELLER_RESPONSE CHARGEBACK INTERNAL UNAUTHORISED 2000 EUR t 2026-03-11 12:00:00+00 " +
				"2026-03-01 12:00:00+00 2026-03-01 12:00:00+00"},
		"conversion": {`SELECT concat_ws(' ', from_minor, from_currency, to_minor, to_currency, rate) FROM conversion`,
			"2380 EUR 2600 USD 1.092"},
		"entries": {`
			SELECT concat_ws(' ', kind, amount_minor, paypal_ref, source, frequency) FROM ledger_entry ORDER BY id`,
			"charge 2500 CAP webhook once\nfee -120 CAP webhook once\nrefund -500 REF webhook once\n" +
				"fee_refund 10 REF webhook once\ndispute_hold -2000 PP-D-1 webhook once"},
		"what they are for": {`SELECT count(*)::text FROM ledger_entry l JOIN contribution c ON c.id = l.contribution_id
			WHERE l.campaign_id = c.campaign_id`, "5"},
	} {
		if got := texts(t.Context(), t, d, want.query); got != want.rows {
			t.Errorf("%s:\n%s\nwant\n%s", what, got, want.rows)
		}
	}
}

// What belongs to another contribution is refused, and the database refuses it once more where two learn it at once.
func TestWhatBelongsElsewhereIsRefused(t *testing.T) {
	t.Parallel()
	d := database(t)
	theirs, mine := contribution(t.Context(), t, d, "once"), contribution(t.Context(), t, d, "once")
	dispute := func(about string) Fact {
		return DisputeSeen(paypal.Dispute{
			ID: "PP-D", CaptureIDs: []string{about}, Stage: paypal.StageChargeback, Status: paypal.DisputeWaitingForSeller,
			Amount: eur(100), CreatedAt: noon, UpdatedAt: noon,
		})
	}
	paid := step{"paid", []Fact{
		CaptureSeen(capture("CAP", "COMPLETED")), RefundSeen(back("REF", "CAP", "COMPLETED", 100)), dispute("CAP"),
	}}
	inTx(t, d, func(ctx context.Context, tx *sqlx.Tx) { learn(ctx, t, tx, theirs, paid) })
	inTx(t, d, func(ctx context.Context, tx *sqlx.Tx) {
		for _, f := range []Fact{paid.facts[0], RefundSeen(back("REF", "OTHER", "COMPLETED", 100)), dispute("OTHER")} {
			b, err := Load(ctx, tx, mine, f)
			if err != nil {
				t.Fatal(err)
			}
			play(t, b, step{"other", []Fact{CaptureSeen(capture("OTHER", "COMPLETED"))}})
			if _, err := b.Apply(f, news, noon); err == nil {
				t.Errorf("%s was applied", f.Kind())
			}
		}
	})
	err := d.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		b, err := Load(ctx, tx, mine) // before the other one learned of it
		if err != nil {
			return err
		}
		return play(t, b, step{"paid", paid.facts[:1]}).Save(ctx, tx, noon)
	})
	if !db.IsUnique(err) {
		t.Errorf("a payment of two contributions: %v", err)
	}
}

// The version before writes rows without states, numbers and what they are for. Whoever learns of such a payment next
// completes it.
func TestRowsOfTheVersionBeforeAreCompleted(t *testing.T) {
	t.Parallel()
	d := database(t)
	id := contribution(t.Context(), t, d, "once")
	d.MustExec(`
		INSERT INTO payment (contribution_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
		SELECT $1, 'capture', 'OLD-' || n, 'completed', 2500, 'EUR', $2, $2 FROM generate_series(1, 2) n`, id, noon)
	d.MustExec(`
		INSERT INTO ledger_entry (contribution_id, payment_id, kind, amount_minor, currency, paypal_ref, occurred_at,
		                          recorded_at, source)
		SELECT contribution_id, id, 'charge', 2500, 'EUR', paypal_id, $1, $1, 'return' FROM payment`, noon)
	d.MustExec(`
		INSERT INTO refund (payment_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
		SELECT id, 'refund', 'OLD-R', 'completed', 2500, 'EUR', $1, $1 FROM payment WHERE paypal_id = 'OLD-1'`, noon)
	inTx(t, d, func(ctx context.Context, tx *sqlx.Tx) {
		learn(ctx, t, tx, id, step{"new", []Fact{CaptureSeen(capture("NEW", "COMPLETED"))}})
	})
	got := texts(t.Context(), t, d, `
		SELECT concat_ws(' ', paypal_id, state, replace(receipt, left(contribution_id::text, 8), '#'))
		FROM payment ORDER BY id`)
	if got != "OLD-1 refunded #\nOLD-2 completed #-2\nNEW completed #-3" {
		t.Error(got)
	}
	if n := texts(t.Context(), t, d, `SELECT count(*)::text FROM ledger_entry WHERE campaign_id IS NULL`); n != "0" {
		t.Errorf("%s entries do not say what they are for", n)
	}
}

// The migration makes of every history what this package makes of it; taken back and made again it is the same.
func TestTheMigrationSaysWhatTheTableSays(t *testing.T) {
	t.Parallel()
	d := database(t)
	for i := range stepsOf("") {
		id := contribution(t.Context(), t, d, "once")
		one, two := fmt.Sprintf("A%d", i), fmt.Sprintf("B%d", i)
		steps := []step{{"held", []Fact{CaptureSeen(capture(one, "PENDING"))}}, stepsOf(one)[i], stepsOf(two)[i]}
		inTx(t, d, func(ctx context.Context, tx *sqlx.Tx) { learn(ctx, t, tx, id, steps...) })
	}
	d.MustExec(`INSERT INTO article (address, digest)
		SELECT article, sha256(convert_to(article, 'UTF8')) FROM contribution ON CONFLICT DO NOTHING`)
	d.MustExec(`UPDATE contribution SET article_id = (SELECT id FROM article WHERE address = article)`)
	d.MustExec(`UPDATE ledger_entry l SET article_id = c.article_id FROM contribution c WHERE c.id = l.contribution_id`)
	snapshot := func() string {
		return texts(t.Context(), t, d, `
				SELECT concat_ws(' ', paypal_id, status, state, receipt) FROM payment ORDER BY id`) +
			texts(t.Context(), t, d, `
				SELECT concat_ws(' ', l.id, l.campaign_id, l.frequency, a.address)
				FROM ledger_entry l JOIN article a ON a.id = l.article_id ORDER BY l.id`) +
			texts(t.Context(), t, d, `SELECT a.address FROM contribution c JOIN article a ON a.id = c.article_id ORDER BY 1`)
	}
	want := snapshot()
	for _, hard := range []string{"disputed", "partially_refunded", "-2", "gazette.example"} {
		if !strings.Contains(want, hard) {
			t.Errorf("there is nothing to migrate with %s in\n%s", hard, want)
		}
	}
	for version := int64(99); version > 15; {
		undone, err := db.MigrateDown(t.Context(), d, migrations.FS)
		if err != nil {
			t.Fatal(err)
		}
		version = undone.Version
	}
	if _, err := db.Migrate(t.Context(), d, migrations.FS); err != nil {
		t.Fatal(err)
	}
	if got := snapshot(); got != want {
		t.Errorf("made again:\n%s\nwas\n%s", got, want)
	}
}

func TestAnEmptyFactIsNone(t *testing.T) {
	t.Parallel()
	if _, err := New(once(), &review.List{}).Apply(Fact{}, news, noon); err == nil || errors.Is(err, ErrNotOurs) {
		t.Errorf("it says something: %v", err)
	}
}
