package settle_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/paypal"
	"readerfund/internal/settle"
	"readerfund/internal/testkit/newsroom"
)

// dispute opens or moves a dispute about a capture, and gives its id.
func (n *world) dispute(capture, how string) string {
	n.T.Helper()
	var seen struct {
		ID string `json:"dispute_id"`
	}
	n.hook("POST", "captures/"+capture+"/dispute", how, &seen)
	return seen.ID
}

func (n *world) heard(disputeID string, want contribution.State) contribution.Contribution {
	n.T.Helper()
	c, err := n.Disputes.Settle(n.T.Context(), disputeID, byWebhook)
	if err != nil || c.State != want {
		n.T.Fatalf("state %s, want %s; %v", c.State, want, err)
	}
	n.BooksEqual()
	return c
}

// sums are the ledger's entries of a contribution in minor units, by kind.
func (n *world) sums(c contribution.Contribution) map[string]int64 {
	n.T.Helper()
	var rows []struct {
		Kind string
		Sum  int64
	}
	if err := n.DB.Select(&rows, `SELECT kind, sum(amount_minor)::bigint AS sum FROM ledger_entry
		WHERE contribution_id = $1 GROUP BY kind`, c.ID); err != nil {
		n.T.Fatal(err)
	}
	sums := map[string]int64{}
	for _, r := range rows {
		sums[r.Kind] = r.Sum
	}
	return sums
}

func TestADisputeThatIsWon(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, capture := n.Pay(gift(""))
	id := n.dispute(capture, `{"stage":"INQUIRY"}`)
	n.heard(id, contribution.Disputed)
	if held := n.sums(c)["dispute_hold"]; held != 0 {
		t.Errorf("an inquiry holds %d", held)
	}
	n.dispute(capture, `{"stage":"CHARGEBACK"}`)
	for range 2 {
		n.heard(id, contribution.Disputed)
	}
	if held := n.sums(c)["dispute_hold"]; held != -2500 {
		t.Errorf("a claim holds %d", held)
	}
	n.dispute(capture, `{"outcome":"seller"}`)
	for range 2 {
		n.heard(id, contribution.Completed)
	}
	if got := n.sums(c); got["dispute_release"] != 2500 || got["reversal"] != 0 {
		t.Errorf("won: %v", got)
	}
}

// Lost, with a fee. The news of the reversal itself never comes: how the dispute ended says where to look.
func TestADisputeThatIsLost(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, capture := n.Pay(gift(""))
	n.hook("POST", "captures/"+capture+"/refund", `{"amount":"5.00"}`, nil)
	id := n.dispute(capture, `{"fee":"16.00","outcome":"buyer"}`)
	n.heard(id, contribution.Reversed)
	got := n.sums(c)
	if got["refund"] != -500 || got["reversal"] != -2000 || got["chargeback_fee"] != -1600 ||
		got["dispute_hold"]+got["dispute_release"] != 0 {
		t.Errorf("lost: %v", got)
	}
	var status, outcome string
	err := n.DB.QueryRowx(`SELECT status, outcome FROM dispute WHERE paypal_id = $1`, id).Scan(&status, &outcome)
	if err != nil || status != "resolved" || outcome == "" {
		t.Errorf("%s %s, %v", status, outcome, err)
	}
}

// Two disputes, one of each kind, of which only the last word is heard.
func TestOnlyTheEndOfADisputeIsHeard(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, capture := n.Pay(gift(""))
	n.dispute(capture, `{"stage":"INQUIRY"}`)
	n.heard(n.dispute(capture, `{"outcome":"seller"}`), contribution.Completed)
	if got := n.sums(c); len(got) != 2 {
		t.Errorf("an inquiry that ended left %v", got)
	}
	n.dispute(capture, `{}`)
	n.heard(n.dispute(capture, `{"outcome":"seller"}`), contribution.Completed)
}

// Nobody tells of the dispute's end: the sweep asks.
func TestTheSweepAsksAboutOpenDisputes(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, capture := n.Pay(gift(""))
	n.heard(n.dispute(capture, `{}`), contribution.Disputed)
	n.dispute(capture, `{"outcome":"buyer"}`)
	n.Clock.Advance(13 * time.Hour)
	if _, err := n.Sweeper.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.Wants(c, contribution.Reversed)
	n.BooksEqual()
}

// A dispute about a payment of which we have not heard: its capture is asked for first.
func TestADisputeBeforeItsPayment(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Start(gift(""))
	n.Approve(c, "approve")
	o, err := n.Client.CaptureOrder(t.Context(), c.Checkout.PayPalID, "somebody-else")
	if err != nil {
		t.Fatal(err)
	}
	got := n.heard(n.dispute(o.Captures[0].ID, `{}`), contribution.Disputed)
	if got.ID != c.ID {
		t.Errorf("booked to %s", got.ID)
	}
}

func TestDisputesOfOthersAreLeftAlone(t *testing.T) {
	t.Parallel()
	n := open(t)
	o, err := n.Client.CreateOrder(t.Context(), paypal.OrderRequest{
		RequestID: "foreign", CustomID: "order-77", Amount: eur(500),
		ReturnURL: "http://127.0.0.1:1/r", CancelURL: "http://127.0.0.1:1/c",
	})
	if err != nil {
		t.Fatal(err)
	}
	n.hook("POST", "orders/"+o.ID+"/approve", `{}`, nil)
	if o, err = n.Client.CaptureOrder(t.Context(), o.ID, "foreign-capture"); err != nil {
		t.Fatal(err)
	}
	id := n.dispute(o.Captures[0].ID, `{}`)
	if _, err := n.Disputes.Settle(t.Context(), id, byWebhook); !errors.Is(err, settle.ErrNotOurs) {
		t.Errorf("another program's: %v", err)
	}
	if _, err := n.Disputes.Settle(t.Context(), "PP-D-00000", byWebhook); !paypal.NotFound(err) {
		t.Errorf("nobody's: %v", err)
	}
}

func TestStaffAcceptADispute(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, capture := n.Pay(gift(""))
	id := n.dispute(capture, `{}`)
	accept := func(dispute, note string) (contribution.Contribution, error) {
		return n.Disputes.Accept(t.Context(), c.ID, dispute, note, newsroom.Editor)
	}
	if _, err := accept(id, "Sorry."); !fault.Is(err, fault.NotFound) {
		t.Errorf("before we heard of it: %v", err)
	}
	n.heard(id, contribution.Disputed)
	if _, err := accept(id, " "); !fault.Is(err, fault.Invalid) {
		t.Errorf("without a note: %v", err)
	}
	_, err := n.Disputes.Accept(t.Context(), uuid.New(), id, "Sorry.", newsroom.Editor)
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("of another gift: %v", err)
	}

	n.fault(`{"kind":"status","status":503,"times":50,"match":{"method":"POST","path":"/v1/customer/disputes/*"}}`)
	if _, err := accept(id, "Sorry."); !fault.Is(err, fault.Unavailable) {
		t.Errorf("while PayPal does not answer: %v", err)
	}
	n.clearFaults()
	back, err := accept(id, "Sorry.")
	if err != nil || back.State != contribution.Reversed {
		t.Fatalf("%s, %v", back.State, err)
	}
	n.BooksEqual()
	if _, err := accept(id, "Sorry."); !fault.Is(err, fault.Conflict) {
		t.Errorf("once more: %v", err)
	}
	if got := n.Audited(c); !strings.HasSuffix(got, "contribution.accept_dispute accepted") {
		t.Errorf("audited: %s", got)
	}
}

func TestADisputeThatCannotBeAcceptedHere(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, capture := n.Pay(gift(""))
	id := n.dispute(capture, `{}`)
	n.heard(id, contribution.Disputed)
	if _, err := n.DB.Exec(`UPDATE dispute SET may_accept = false`); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Disputes.Accept(t.Context(), c.ID, id, "Sorry.", newsroom.Editor); !fault.Is(err, fault.Conflict) ||
		!strings.Contains(err.Error(), "Resolution") {
		t.Error(err)
	}
	// PayPal ended it in the meantime, and says no.
	if _, err := n.DB.Exec(`UPDATE dispute SET may_accept = true`); err != nil {
		t.Fatal(err)
	}
	n.dispute(capture, `{"outcome":"seller"}`)
	if _, err := n.Disputes.Accept(t.Context(), c.ID, id, "Sorry.", newsroom.Editor); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	n.Wants(c, contribution.Completed) // what PayPal says to it is not lost
}

// Whatever was lost, a person can have it asked for.
func TestAskPayPalAgain(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, capture := n.Pay(gift(""))
	n.hook("POST", "captures/"+capture+"/refund", `{"amount":"5.00"}`, nil)
	n.dispute(capture, `{}`)
	got, err := n.Settler.AskPayPal(t.Context(), c.ID, newsroom.Editor)
	if err != nil || got.State != contribution.Disputed {
		t.Fatalf("%s, %v", got.State, err)
	}
	n.BooksEqual()
	var detail string
	if err := n.DB.Get(&detail, `SELECT detail->>'before' || ' ' || (detail->>'after') FROM audit_entry
		WHERE action = 'contribution.ask_paypal'`); err != nil || detail != "completed disputed" {
		t.Errorf("audited %q, %v", detail, err)
	}
	n.fault(`{"kind":"status","status":503,"times":50,"match":{"path":"/v2/*"}}`)
	if _, err := n.Settler.AskPayPal(t.Context(), c.ID, newsroom.Editor); !fault.Is(err, fault.Unavailable) {
		t.Errorf("PayPal down: %v", err)
	}
	if _, err := n.Settler.AskPayPal(t.Context(), uuid.New(), newsroom.Editor); !fault.Is(err, fault.NotFound) {
		t.Errorf("nobody's: %v", err)
	}
}

func TestANoteIsKept(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Start(gift(""))
	if err := n.Contributions.Note(t.Context(), c.ID, "Called her.\r\nAll is well.", newsroom.Editor); err != nil {
		t.Fatal(err)
	}
	var kept string
	err := n.DB.Get(&kept, `SELECT detail FROM contribution_event WHERE contribution_id = $1 AND fact = 'note'`, c.ID)
	if err != nil || kept != "editor@example.org: Called her.\nAll is well." || n.Audited(c) != "contribution.note" {
		t.Errorf("%q, %v, audited %q", kept, err, n.Audited(c))
	}
	for name, text := range map[string]string{"nothing": " \r\n", "too much": strings.Repeat("x", 2000),
		"a NUL": "a\x00b"} {
		if err := n.Contributions.Note(t.Context(), c.ID, text, newsroom.Editor); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := n.Contributions.Note(t.Context(), uuid.New(), "x", newsroom.Editor); !fault.Is(err, fault.NotFound) {
		t.Errorf("nobody's: %v", err)
	}
}

// A look at the dispute that PayPal gave earlier and we get later changes nothing, and one opened again needs a person.
func TestADisputeOnlyAdvances(t *testing.T) {
	t.Parallel()
	d := bare(t)
	c := mustBegin(t, d)
	src := byWebhook
	seen := paypal.Dispute{ID: "PP-D-1", CaptureIDs: []string{"OTHERS", "CAP"}, Status: paypal.DisputeResolved,
		Stage:   paypal.StageChargeback,
		Outcome: paypal.OutcomeSeller, Amount: eur(2500), CreatedAt: noon, UpdatedAt: noon.Add(time.Hour)}
	apply(t, d, settle.CaptureSeen(c.ID, src, captureOf("CAP", "COMPLETED")), settle.DisputeSeen(c.ID, src, seen))
	before := entries(t.Context(), t, d.DB, c.ID)
	early := seen
	early.Status, early.Stage, early.UpdatedAt = paypal.DisputeOpen, paypal.StageInquiry, noon
	if c = apply(t, d, settle.DisputeSeen(c.ID, src, early)); c.State != contribution.Completed || looks(t, d, c) != "" {
		t.Errorf("an older look: %s, %q", c.State, looks(t, d, c))
	}
	again := seen
	again.Status, again.UpdatedAt = paypal.DisputeUnderReview, noon.Add(2*time.Hour)
	c = apply(t, d, settle.DisputeSeen(c.ID, src, again))
	if c.State != contribution.Completed || !strings.Contains(looks(t, d, c), "reopened the dispute PP-D-1") {
		t.Errorf("opened again: %s, %q", c.State, looks(t, d, c))
	}
	if got := entries(t.Context(), t, d.DB, c.ID); got != before {
		t.Errorf("entries were\n%s\nand are\n%s", before, got)
	}

	other := mustBegin(t, d)
	foreign := seen
	foreign.ID, foreign.CaptureIDs, foreign.Amount.Currency = "PP-D-2", []string{"CAP-2"}, "USD"
	other = apply(t, d, settle.CaptureSeen(other.ID, src, captureOf("CAP-2", "COMPLETED")),
		settle.DisputeSeen(other.ID, src, foreign))
	booked := entries(t.Context(), t, d.DB, other.ID)
	if !strings.Contains(looks(t, d, other), "in USD") || strings.Contains(booked, "dispute") {
		t.Errorf("a dispute in another currency: %q", looks(t, d, other))
	}
	_, err := d.Applier.ApplyAll(t.Context(), []settle.Fact{settle.DisputeSeen(other.ID, src, seen)})
	if !errors.Is(err, settle.ErrNotOurs) {
		t.Errorf("a dispute about another gift: %v", err)
	}
}
