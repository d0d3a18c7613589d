package notice_test

import (
	"encoding/json"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/mail"
	"readerfund/internal/receipt"
	"readerfund/internal/receipt/form"
	"readerfund/internal/testkit/newsroom"
)

// receipts issues the receipts of what was given.
func (w *world) receipts() *receipt.Service {
	w.T.Helper()
	receipts, err := receipt.New(receipt.Config{
		DB: w.DB, Issuer: form.Issuer{Form: form.Plain, Series: "R"}, Zone: time.UTC, Now: w.Clock.Now,
		Links: receipt.Links{Sign: func(string, string) string { return "" }}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		w.T.Fatal(err)
	}
	if err := receipts.Issue(w.T.Context()); err != nil {
		w.T.Fatal(err)
	}
	return receipts
}

// give is a gift of a reader who typed an address, or none.
func (w *world) give(address, amount string) {
	w.T.Helper()
	in := newsroom.Intent()
	in.Email, in.Amount = address, amount
	w.Pay(in)
}

func (w *world) statementsOn(year int, month time.Month, day int) int {
	w.T.Helper()
	w.Clock.Set(time.Date(year, month, day, 9, 0, 0, 0, time.UTC))
	if err := w.notices.Statements(w.T.Context()); err != nil {
		w.T.Fatal(err)
	}
	return w.Count("mail WHERE kind = 'statement'")
}

// Who gave last year hears of their statement once, in January.
func TestStatementsAreSentInJanuary(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.give("ada@example.org", "25.00")
	w.receipts()
	for _, on := range []struct {
		year  int
		month time.Month
		day   int
		wants int
	}{
		{2026, time.December, 31, 0}, {2027, time.January, 4, 0}, {2027, time.January, 5, 1}, {2027, time.January, 6, 1},
		{2028, time.January, 6, 1},
	} {
		if n := w.statementsOn(on.year, on.month, on.day); n != on.wants {
			t.Errorf("on %+v: %d statements", on, n)
		}
	}
	all := w.letters()
	last := all[slices.IndexFunc(all, func(l letter) bool { return l.Kind == "statement" })]
	if last.Recipient != "ada@example.org" || !strings.Contains(last.Args, "statements/2026") {
		t.Errorf("the statement: %+v", last)
	}
}

// One PayPal account paid for all; each address hears of what was given under it, and its link shows no more.
func TestAStatementHoldsTheGiftsOfItsAddress(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.give("ada@example.org", "25.00")
	w.give("bob@example.org", "10.00")
	w.give("ADA@example.org", "5.00")
	w.give("", "3.00")
	receipts := w.receipts()
	var supporters []uuid.UUID
	if err := w.DB.Select(&supporters, `SELECT id FROM supporter`); err != nil || len(supporters) != 1 {
		t.Fatalf("supporters %v, %v", supporters, err)
	}
	w.Exec(`DELETE FROM mail`)
	w.statementsOn(2027, time.January, 5)
	got := map[string]string{}
	for _, l := range w.letters() {
		var args mail.StatementArgs
		if err := json.Unmarshal([]byte(l.Args), &args); err != nil {
			t.Fatal(err)
		}
		at, err := url.Parse(args.URL)
		if err != nil {
			t.Fatal(err)
		}
		st, err := receipts.Statement(t.Context(), supporters[0], 2026, uuid.MustParse(at.Query().Get("of")))
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range st.Given {
			got[strings.ToLower(l.Recipient)] += g.Amount.Decimal() + " "
		}
	}
	var payer string
	if err := w.DB.Get(&payer, `SELECT email FROM supporter`); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"ada@example.org": "25.00 5.00 ", "bob@example.org": "10.00 ", payer: "3.00 "}
	if len(got) != len(want) {
		t.Fatalf("statements: %v", got)
	}
	for address, gifts := range want {
		if got[address] != gifts {
			t.Errorf("%s reads of %q, want %q", address, got[address], gifts)
		}
	}
	if st, err := receipts.Statement(t.Context(), supporters[0], 2026, uuid.Nil); err != nil || len(st.Given) != 4 {
		t.Errorf("all of it: %+v, %v", st.Given, err)
	}
	if _, err := receipts.Statement(t.Context(), supporters[0], 2026, uuid.New()); err == nil {
		t.Error("a gift that is not among them opens a statement")
	}
}

// The pass goes on where it was broken off, and does nothing once it has ended.
func TestStatementsAreOnePass(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.give("", "25.00")
	w.receipts()
	w.Exec(`INSERT INTO supporter (id, email, created_at, updated_at)
		SELECT gen_random_uuid(), 'reader' || n || '@example.org', now(), now() FROM generate_series(1, 600) n`)
	w.Exec(`INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, state,
			supporter_id, created_at, updated_at)
		SELECT s.id, left(s.email, 20), intent_digest, campaign_id, frequency, amount_minor, currency, state, s.id,
		       now(), now()
		FROM contribution, supporter s WHERE s.email LIKE 'reader%@example.org' AND s.id <> supporter_id`)
	w.Exec(`INSERT INTO payment (contribution_id, kind, paypal_id, status, amount_minor, currency, occurred_at,
			recorded_at)
		SELECT s.id, 'capture', s.id, 'completed', 2500, 'EUR', p.occurred_at, now() FROM payment p, supporter s
		WHERE s.id IN (SELECT id FROM contribution)`)
	w.receipts()
	if n := w.statementsOn(2027, time.January, 5); n != 601 {
		t.Fatalf("%d statements, want 601", n)
	}
	w.Exec(`DELETE FROM mail`)
	if n := w.statementsOn(2027, time.January, 6); n != 0 {
		t.Errorf("%d statements are written again", n)
	}
	w.Exec(`UPDATE statement_progress SET ended_at = NULL,
		after_id = (SELECT id FROM supporter ORDER BY id OFFSET 550 LIMIT 1)`)
	if n := w.statementsOn(2027, time.January, 7); n != 50 {
		t.Errorf("after a pass that was broken off %d statements are written, want 50", n)
	}
}

// erase begins to erase everybody, in a transaction that is still open.
func (w *world) erase() *sqlx.Tx {
	w.T.Helper()
	erasing, err := w.DB.Beginx()
	if err != nil {
		w.T.Fatal(err)
	}
	for _, step := range []string{
		`SELECT 1 FROM contribution ORDER BY id FOR UPDATE`, `UPDATE contribution SET email = '', supporter_id = NULL`,
		`DELETE FROM supporter`,
	} {
		if _, err := erasing.Exec(step); err != nil {
			w.T.Fatal(err)
		}
	}
	return erasing
}

// Somebody who is erased while the statements are written gets none.
func TestNoStatementForSomebodyWhoIsErased(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.give("ada@example.org", "25.00")
	w.receipts()
	w.Exec(`DELETE FROM mail`)
	erasing := w.erase()
	time.AfterFunc(200*time.Millisecond, func() { _ = erasing.Commit() })
	if n := w.statementsOn(2027, time.January, 5); n != 0 {
		t.Errorf("%d statements", n)
	}
}

// Likewise the notice of a yearly charge. Where the erasure comes to nothing, it is told the next time.
func TestNoNoticeForSomebodyWhoIsErased(t *testing.T) {
	t.Parallel()
	w := open(t)
	c := w.Subscribe("year", "60.00")
	w.Exec(`DELETE FROM mail`)
	w.Clock.Set(w.sub(c).NextBillingAt.Add(-20 * 24 * time.Hour))
	notices := func() int {
		t.Helper()
		if err := w.notices.Yearly(t.Context()); err != nil {
			t.Fatal(err)
		}
		return w.Count("mail WHERE kind = 'yearly_notice'")
	}
	erasing := w.erase()
	if n := notices(); n != 0 {
		t.Errorf("%d notices while they are erased", n)
	}
	if err := erasing.Rollback(); err != nil {
		t.Fatal(err)
	}
	if n := notices(); n != 1 {
		t.Errorf("%d notices once they are not", n)
	}
}
