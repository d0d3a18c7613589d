package supporter_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/refund"
	"readerfund/internal/report"
)

var editor = contribution.Actor{Name: "editor@example.org"}

// figures are all that reports say, as text.
func (w *world) figures() string {
	w.t.Helper()
	var text string
	err := w.db.GetContext(w.t.Context(), &text, `
		SELECT string_agg(x::text, E'\n' ORDER BY x.id) FROM ledger_entry x`)
	if err != nil {
		w.t.Fatal(err)
	}
	totals, err := report.New(w.db, time.UTC, "EUR").Totals(w.t.Context(), report.TotalsQuery{})
	if err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprint(text, totals)
}

// A person who is erased is gone from every table, stays gone when PayPal is asked again, and no figure changes.
func TestAnErasedPersonStaysErased(t *testing.T) {
	t.Parallel()
	w := open(t)
	const name, typed = "Zdenka Quillfeather", "Zdenka@reader.example"
	paid, unpaid := w.pay(w.start(name, typed)), w.start(name, typed)
	other := w.pay(w.start("Somebody Else", "else@reader.example"))
	var payer string
	if err := w.db.GetContext(t.Context(), &payer, `
		SELECT s.email FROM supporter s JOIN contribution c ON c.supporter_id = s.id WHERE c.id = $1`, paid.ID); err != nil {
		t.Fatal(err)
	}
	w.exec(`UPDATE contribution SET supporter_id = NULL WHERE id = $1`, other.ID) // the sandbox's payer is one and the same
	if err := w.desk.Note(t.Context(), paid.ID, name+" rang and was kind.", editor); err != nil {
		t.Fatal(err)
	}
	_, err := w.refunds.Request(t.Context(), refund.Intent{
		Contribution: paid.ID, Amount: "5.00", Reason: name + " asked for it", Note: "Dear " + name, Key: "form-1", By: editor,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.delivered("WH-1", `{"payer": "`+typed+`"}`, "applied", nil, paid.ID)
	w.delivered("WH-2", `{"payer": "`+typed+`"}`, "ignored", nil, nil)
	w.delivered("WH-3", `{"payer": "`+typed+`"}`, "received", w.now(), paid.ID)
	for n, state := range []string{"applied", "ignored", "received"} { // and the same, kept apart
		id, due, of := fmt.Sprintf("WH-%d", n+4), any(nil), any(paid.ID)
		switch state {
		case "received":
			due = w.now()
		case "ignored":
			of = nil
		}
		w.delivered(id, `{"payer": "`+typed+`"}`, state, due, of)
		w.apart(id)
	}
	w.exec(`INSERT INTO suspect_delivery (transmission_id, event_id, event_type, headers, body, first_seen_at, last_seen_at)
		VALUES ('T-9', 'WH-9', 'X', '{}', $1, $2, $2)`, []byte(`"`+typed+`"`), w.now())
	w.exec(`INSERT INTO discrepancy (kind, paypal_ref, code, ours, theirs, occurred_at, detail, state, advice, run_id,
		                         first_seen, last_seen)
		VALUES ('unknown_payer', 'PAY-1', 'T0000', '', '5.00 EUR', $1, jsonb_build_object('id', 'PAY-1', 'payer_email', $2::text,
		        'payer_given_name', 'Zdenka', 'payer_surname', 'Quillfeather'), 'open', '', 1, $1, $1)`, w.now(), typed)
	w.exec(`UPDATE contribution SET utm_content = 'to-' || $2 WHERE id = $1`, unpaid.ID, typed)
	figures, before := w.figures(), w.names("quillfeather")

	dry, err := w.Erase(t.Context(), " "+strings.ToUpper(typed), true)
	if err != nil {
		t.Fatal(err)
	}
	if after := w.names("quillfeather"); len(after) != len(before) {
		t.Errorf("a dry run changed %v to %v", before, after)
	}
	e, err := w.Erase(t.Context(), typed, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(dry.Gifts) != 2 || e.Words != 2 || e.Later != 2 || dry.Words != e.Words || dry.Deliveries != e.Deliveries ||
		dry.Notes != e.Notes || e.Deliveries != 5 || e.Payments != 1 {
		t.Errorf("dry %+v\nthen %+v", dry, e)
	}
	if len(e.Others) != 1 || e.Others[0] != payer {
		t.Errorf("also known as %v, want %s", e.Others, payer)
	}

	// PayPal is asked again, in every way.
	for _, id := range []contribution.Contribution{paid, unpaid} {
		if _, err := w.desk.AskPayPal(t.Context(), id.ID, editor); err != nil {
			t.Fatal(err)
		}
	}
	w.exec(`UPDATE webhook_event SET state = 'applied', due_at = NULL WHERE event_id IN ('WH-3', 'WH-6')`)
	if err := w.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"quillfeather", typed} {
		if left := w.names(text); len(left) > 0 {
			t.Errorf("%s is still in %v", text, left)
		}
	}
	if n := w.count(`contribution WHERE id IN ($1, $2) AND supporter_id IS NOT NULL`, paid.ID, unpaid.ID); n != 0 {
		t.Error("PayPal's payer is linked again")
	}
	if now := w.figures(); now != figures {
		t.Errorf("figures changed:\n%s\nbefore:\n%s", now, figures)
	}
	if n := w.count(`contribution WHERE id = $1 AND name = 'Somebody Else'`, other.ID); n != 1 {
		t.Error("another person was erased as well")
	}
	n := w.count(`audit_entry WHERE action = 'supporter.erase' AND detail ->> 'receipts' LIKE '%' || $1 || '%'`, paid.Receipt)
	if n != 1 {
		t.Errorf("%d entries in the audit log", n)
	}
	if _, err := w.Erase(t.Context(), typed, false); !fault.Is(err, fault.NotFound) {
		t.Errorf("erased again: %v", err)
	}
}

// What is kept of a person can be handed out, by either address.
func TestExport(t *testing.T) {
	t.Parallel()
	w := open(t)
	c := w.pay(w.start("Ada Reader", "ada@reader.example"))
	w.exec(`UPDATE contribution SET utm_source = 'letter' WHERE id = $1`, c.ID)
	text, err := w.Export(t.Context(), "ADA@reader.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{c.Receipt, "Keep going, says Ada Reader", `"amount_minor": 2500`, `"at_paypal": [{`, c.OrderID,
		`"may_be_named": null`, `"utm_source": "letter"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
	if n := w.count(`audit_entry WHERE action = 'supporter.export'`); n != 1 {
		t.Errorf("%d entries in the audit log", n)
	}
	if n := w.names("ada@reader.example")["audit_entry"]; n != 0 {
		t.Error("the audit log keeps the address")
	}
	if _, err := w.Find(t.Context(), "nobody@reader.example"); !fault.Is(err, fault.NotFound) {
		t.Errorf("somebody unknown: %v", err)
	}
	if _, err := w.Find(t.Context(), "no address"); !fault.Is(err, fault.Invalid) {
		t.Errorf("no address: %v", err)
	}
}

// Bodies and words go when their time is over, and not before their event is settled or while money may come.
func TestForget(t *testing.T) {
	t.Parallel()
	w := open(t)
	paid := w.pay(w.start("Paid", "paid@reader.example"))
	unpaid, approved := w.start("Unpaid", "u@reader.example"), w.start("Waits", "w@reader.example")
	w.exec(`UPDATE contribution SET state = 'approved' WHERE id = $1`, approved.ID)
	w.delivered("WH-1", `{"n": 1}`, "applied", nil, paid.ID)
	w.delivered("WH-2", `{"n": 2}`, "parked", nil, nil)
	w.delivered("WH-3", `{"n": 3}`, "received", w.now(), nil)
	w.delivered("WH-4", `{"n": 4}`, "applied", nil, paid.ID)
	w.apart("WH-4")
	w.delivered("WH-5", `{"n": 5}`, "parked", nil, nil)
	w.apart("WH-5")
	w.delivered("WH-6", `{"n": 6}`, "applied", nil, paid.ID)
	w.apart("WH-6")
	// As a version of before leaves it, which knows only the row.
	w.exec(`UPDATE webhook_event SET body = '', body_erased_at = received_at WHERE event_id = 'WH-6'`)
	w.exec(`INSERT INTO suspect_delivery (transmission_id, event_id, event_type, headers, body, first_seen_at, last_seen_at)
		VALUES ('T-9', 'WH-9', 'X', '{}', 'x', $1, $1)`, w.now())
	kept := func() [5]int {
		t.Helper()
		if err := w.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		return [5]int{
			w.count(`webhook_event WHERE body <> ''`), w.count(`webhook_body`), w.count(`suspect_delivery WHERE body <> ''`),
			w.count(`contribution WHERE name <> '' AND message <> '' AND email <> ''`), w.count(`contribution`),
		}
	}
	w.later(29 * 24 * time.Hour)
	if got, want := kept(), [5]int{5, 2, 1, 3, 3}; got != want {
		t.Errorf("after 29 days %v are kept, want %v", got, want)
	}
	w.later(2 * 24 * time.Hour)
	if got, want := kept(), [5]int{5, 2, 1, 2, 3}; got != want {
		t.Errorf("after 31 days %v are kept, want %v", got, want)
	}
	if n := w.count(`contribution WHERE id = $1 AND name = ''`, unpaid.ID); n != 1 {
		t.Error("the words that went are another's")
	}
	w.later(60 * 24 * time.Hour)
	if got, want := kept(), [5]int{3, 1, 0, 2, 3}; got != want {
		t.Errorf("after 91 days %v are kept, want %v", got, want)
	}
	n := w.count(`webhook_event WHERE headers = '{}' AND body = '' AND body_digest = CASE event_id
		WHEN 'WH-1' THEN sha256('{"n": 1}'::bytea) WHEN 'WH-4' THEN sha256('{"n": 4}'::bytea) END`)
	if n != 2 {
		t.Errorf("the digest of what went is kept of %d", n)
	}
}
