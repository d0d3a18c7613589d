package supporter_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/manage"
	"readerfund/internal/refund"
	"readerfund/internal/report"
	"readerfund/internal/testkit/newsroom"
)

// figures are all that reports say, as text.
func (f *fixture) figures() string {
	f.T.Helper()
	var text string
	err := f.DB.GetContext(f.T.Context(), &text, `
		SELECT string_agg(x::text, E'\n' ORDER BY x.id) FROM ledger_entry x`)
	if err != nil {
		f.T.Fatal(err)
	}
	totals, err := report.New(f.DB, time.UTC, "EUR").Totals(f.T.Context(), report.TotalsQuery{})
	if err != nil {
		f.T.Fatal(err)
	}
	return fmt.Sprint(text, totals)
}

// A person who is erased is gone from every table, stays gone when PayPal is asked again, and no figure changes.
func TestAnErasedPersonStaysErased(t *testing.T) {
	t.Parallel()
	f := open(t)
	const name, typed = "Zdenka Quillfeather", "Zdenka@reader.example"
	paid, unpaid := f.pay(name, typed), f.start(name, typed)
	other := f.pay("Somebody Else", "else@reader.example")
	var payer string
	if err := f.DB.GetContext(t.Context(), &payer, `
		SELECT s.email FROM supporter s JOIN contribution c ON c.supporter_id = s.id WHERE c.id = $1`, paid.ID); err != nil {
		t.Fatal(err)
	}
	// the sandbox's payer is one and the same
	f.Exec(`UPDATE contribution SET supporter_id = NULL WHERE id = $1`, other.ID)
	if err := f.Contributions.Note(t.Context(), paid.ID, name+" rang and was kind.", newsroom.Editor); err != nil {
		t.Fatal(err)
	}
	_, err := f.Refunds.Request(t.Context(), refund.Intent{
		Contribution: paid.ID, Amount: "5.00", Reason: name + " asked for it", Note: "Dear " + name, Key: "form-1",
		By: newsroom.Editor,
	})
	if err != nil {
		t.Fatal(err)
	}
	f.delivered("WH-1", `{"payer": "`+typed+`"}`, "applied", nil, paid.ID)
	f.delivered("WH-2", `{"payer": "`+typed+`"}`, "ignored", nil, nil)
	f.delivered("WH-3", `{"payer": "`+typed+`"}`, "received", f.Clock.Now(), paid.ID)
	for n, state := range []string{"applied", "ignored", "received"} { // and the same, kept apart
		id, due, of := fmt.Sprintf("WH-%d", n+4), any(nil), any(paid.ID)
		switch state {
		case "received":
			due = f.Clock.Now()
		case "ignored":
			of = nil
		}
		f.delivered(id, `{"payer": "`+typed+`"}`, state, due, of)
		f.apart(id)
	}
	f.Exec(`INSERT INTO mail (id, kind, key, recipient, name, args, answer, created_at, wanted_at, due_at)
		VALUES (gen_random_uuid(), 'receipt', 'X', upper($1), $2, json_build_object('name', $2::text), $1, $3, $3, $3)`,
		typed, name, f.Clock.Now())
	f.Exec(`INSERT INTO suspect_delivery (transmission_id, event_id, event_type, headers, body, first_seen_at, last_seen_at)
		VALUES ('T-9', 'WH-9', 'X', '{}', $1, $2, $2)`, []byte(`"`+typed+`"`), f.Clock.Now())
	f.Exec(`INSERT INTO discrepancy (kind, paypal_ref, code, ours, theirs, occurred_at, detail, state, advice, run_id,
		                         first_seen, last_seen)
		VALUES ('unknown_payer', 'PAY-1', 'T0000', '', '5.00 EUR', $1,
			jsonb_build_object('id', 'PAY-1', 'payer_email', $2::text,
		        'payer_given_name', 'Zdenka', 'payer_surname', 'Quillfeather'), 'open', '', 1, $1, $1)`, f.Clock.Now(), typed)
	f.Exec(`UPDATE contribution SET utm_content = 'to-' || $2, author = $2, section = $2, article_ref = $2,
		tribute = 'memory', tribute_name = $2, later_message = $2 WHERE id = $1`, unpaid.ID, typed)
	figures, before := f.figures(), f.names("quillfeather")

	dry, err := f.Erase(t.Context(), " "+strings.ToUpper(typed), true)
	if err != nil {
		t.Fatal(err)
	}
	if after := f.names("quillfeather"); len(after) != len(before) {
		t.Errorf("a dry run changed %v to %v", before, after)
	}
	e, err := f.Erase(t.Context(), typed, false)
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
		if _, err := f.Settler.AskPayPal(t.Context(), id.ID, newsroom.Editor); err != nil {
			t.Fatal(err)
		}
	}
	f.Exec(`UPDATE webhook_event SET state = 'applied', due_at = NULL WHERE event_id IN ('WH-3', 'WH-6')`)
	if err := f.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"quillfeather", typed} {
		if left := f.names(text); len(left) > 0 {
			t.Errorf("%s is still in %v", text, left)
		}
	}
	if n := f.Count(`contribution WHERE id IN ($1, $2) AND supporter_id IS NOT NULL`, paid.ID, unpaid.ID); n != 0 {
		t.Error("PayPal's payer is linked again")
	}
	if now := f.figures(); now != figures {
		t.Errorf("figures changed:\n%s\nbefore:\n%s", now, figures)
	}
	if n := f.Count(`contribution WHERE id = $1 AND name = 'Somebody Else'`, other.ID); n != 1 {
		t.Error("another person was erased as well")
	}
	n := f.Count(`audit_entry WHERE action = 'supporter.erase' AND detail ->> 'receipts' LIKE '%' || $1 || '%'`,
		paid.Receipt)
	if n != 1 {
		t.Errorf("%d entries in the audit log", n)
	}
	if _, err := f.Erase(t.Context(), typed, false); !fault.Is(err, fault.NotFound) {
		t.Errorf("erased again: %v", err)
	}
}

// What is kept of a person can be handed out, by either address.
func TestExport(t *testing.T) {
	t.Parallel()
	f := open(t)
	c := f.pay("Ada Reader", "ada@reader.example")
	f.Exec(`UPDATE contribution SET utm_source = 'letter' WHERE id = $1`, c.ID)
	text, err := f.Export(t.Context(), "ADA@reader.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{c.Receipt, "Keep going, says Ada Reader", `"amount_minor": 2500`, `"at_paypal": [{`,
		c.Checkout.PayPalID,
		`"may_be_named": null`, `"utm_source": "letter"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
	if n := f.Count(`audit_entry WHERE action = 'supporter.export'`); n != 1 {
		t.Errorf("%d entries in the audit log", n)
	}
	if n := f.names("ada@reader.example")["audit_entry"]; n != 0 {
		t.Error("the audit log keeps the address")
	}
	if _, err := f.Find(t.Context(), "nobody@reader.example"); !fault.Is(err, fault.NotFound) {
		t.Errorf("somebody unknown: %v", err)
	}
	if _, err := f.Find(t.Context(), "no address"); !fault.Is(err, fault.Invalid) {
		t.Errorf("no address: %v", err)
	}
}

// Bodies and words go when their time is over, and not before their event is settled or while money may come.
func TestForget(t *testing.T) {
	t.Parallel()
	f := open(t)
	paid := f.pay("Paid", "paid@reader.example")
	unpaid, approved := f.start("Unpaid", "u@reader.example"), f.start("Waits", "w@reader.example")
	f.Exec(`UPDATE contribution SET state = 'approved' WHERE id = $1`, approved.ID)
	inMemory := f.start("", "")
	f.Exec(`UPDATE contribution SET message = '', tribute = 'memory', tribute_name = 'Zdenka' WHERE id = $1`, inMemory.ID)
	f.delivered("WH-1", `{"n": 1}`, "applied", nil, paid.ID)
	f.delivered("WH-2", `{"n": 2}`, "parked", nil, nil)
	f.delivered("WH-3", `{"n": 3}`, "received", f.Clock.Now(), nil)
	f.delivered("WH-4", `{"n": 4}`, "applied", nil, paid.ID)
	f.apart("WH-4")
	f.delivered("WH-5", `{"n": 5}`, "parked", nil, nil)
	f.apart("WH-5")
	f.delivered("WH-6", `{"n": 6}`, "applied", nil, paid.ID)
	f.apart("WH-6")
	// As a version of before leaves it, which knows only the row.
	f.Exec(`UPDATE webhook_event SET body = '', body_erased_at = received_at WHERE event_id = 'WH-6'`)
	f.Exec(`INSERT INTO suspect_delivery (transmission_id, event_id, event_type, headers, body, first_seen_at, last_seen_at)
		VALUES ('T-9', 'WH-9', 'X', '{}', 'x', $1, $1)`, f.Clock.Now())
	kept := func() [5]int {
		t.Helper()
		if err := f.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		return [5]int{
			f.Count(`webhook_event WHERE body <> ''`), f.Count(`webhook_body`), f.Count(`suspect_delivery WHERE body <> ''`),
			f.Count(`contribution WHERE name <> '' AND message <> '' AND email <> ''`), f.Count(`contribution`),
		}
	}
	f.Clock.Advance(29 * 24 * time.Hour)
	if got, want := kept(), [5]int{5, 2, 1, 3, 4}; got != want {
		t.Errorf("after 29 days %v are kept, want %v", got, want)
	}
	f.Clock.Advance(2 * 24 * time.Hour)
	if got, want := kept(), [5]int{5, 2, 1, 2, 4}; got != want {
		t.Errorf("after 31 days %v are kept, want %v", got, want)
	}
	if n := f.Count(`contribution WHERE id = $1 AND name = ''`, unpaid.ID); n != 1 {
		t.Error("the words that went are another's")
	}
	if n := f.Count(`contribution WHERE tribute_name <> ''`); n != 0 {
		t.Error("in whose memory an unpaid gift was is kept")
	}
	f.Clock.Advance(60 * 24 * time.Hour)
	if got, want := kept(), [5]int{3, 1, 0, 2, 4}; got != want {
		t.Errorf("after 91 days %v are kept, want %v", got, want)
	}
	n := f.Count(`webhook_event WHERE headers = '{}' AND body = '' AND body_digest = CASE event_id
		WHEN 'WH-1' THEN sha256('{"n": 1}'::bytea) WHEN 'WH-4' THEN sha256('{"n": 4}'::bytea) END`)
	if n != 2 {
		t.Errorf("the digest of what went is kept of %d", n)
	}
}

// What people wrote about the change of a recurring gift is theirs, too; what was changed stays.
func TestReasonsOfChangesAreErased(t *testing.T) {
	t.Parallel()
	f := open(t)
	c := f.Subscribe("month", "10.00")
	by := manage.By{Kind: manage.ByStaff, Actor: newsroom.Editor, Reason: "Ms Quillfeather called."}
	if _, err := f.Manage.Pause(t.Context(), c.ID, 1, by); err != nil {
		t.Fatal(err)
	}
	by = manage.By{Kind: manage.ByReader, Reason: "I am moving. Ada Quillfeather"}
	if _, err := f.Manage.Stop(t.Context(), c.ID, by); err != nil {
		t.Fatal(err)
	}
	var payer string
	if err := f.DB.Get(&payer, `SELECT email FROM supporter`); err != nil {
		t.Fatal(err)
	}
	given, err := f.Export(t.Context(), payer)
	if text := string(given); err != nil || !strings.Contains(text, "I am moving.") || strings.Contains(text, "called") {
		t.Errorf("%v: %s", err, text)
	}
	if _, err := f.Erase(t.Context(), payer, false); err != nil {
		t.Fatal(err)
	}
	if left := f.names("quillfeather"); len(left) > 0 || f.Count("subscription_change WHERE state = 'done'") != 2 {
		t.Errorf("still there: %v", left)
	}
}

// A payment is handed out with how often it was taken then, which is not how the gift began where it was switched
// since.
func TestExportSaysHowOftenEachPaymentWasTaken(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.pay("Ada Reader", "ada@reader.example")
	c := f.Subscribe("month", "10.00")
	f.Exec(`UPDATE contribution SET email = 'ada@reader.example' WHERE id = $1`, c.ID)
	exported := func() (all []string) {
		t.Helper()
		text, err := f.Export(t.Context(), "ada@reader.example")
		if err != nil {
			t.Fatal(err)
		}
		var told struct {
			Contributions []struct {
				Payments []struct{ Frequency string }
			}
		}
		if err := json.Unmarshal(text, &told); err != nil {
			t.Fatal(err)
		}
		for _, gift := range told.Contributions {
			for _, p := range gift.Payments {
				all = append(all, p.Frequency)
			}
		}
		slices.Sort(all)
		return all
	}
	for _, at := range []struct {
		frequency any
		want      []string
	}{{nil, []string{"month", "once"}}, {"year", []string{"once", "year"}}} {
		f.Exec(`UPDATE payment SET frequency = $2 WHERE contribution_id = $1`, c.ID, at.frequency)
		if got := exported(); !slices.Equal(got, at.want) {
			t.Errorf("a payment of %v: %v, want %v", at.frequency, got, at.want)
		}
	}
}
