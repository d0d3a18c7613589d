package newsroom

import (
	"strings"

	"github.com/google/uuid"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/refund"
	"readerfund/internal/settle"
	"readerfund/internal/testkit"
)

// Editor is a person of the newsroom.
var Editor = contribution.Actor{Name: "editor@example.org"}

// Intent is what a reader's form sends: once 25.00 EUR, without a word.
func Intent() contribution.Intent {
	return contribution.Intent{Campaign: campaign.DefaultSlug, Amount: "25.00", Currency: "EUR", Frequency: "once"}
}

// Start is a reader who sends the form; PayPal has made the order.
func (n *Newsroom) Start(in contribution.Intent) contribution.Contribution {
	n.T.Helper()
	c, err := n.Starter.Start(n.T.Context(), in, nil)
	if err != nil {
		n.T.Fatal(err)
	}
	return c
}

// Approve is the reader's click at PayPal. The outcome says what the later capture will come to: empty for completed,
// "pending", "declined_capture"; or "decline", where PayPal refuses at once.
func (n *Newsroom) Approve(c contribution.Contribution, outcome string) {
	n.T.Helper()
	if _, err := n.PayPal.Approve(c.Checkout.PayPalID, outcome); err != nil {
		n.T.Fatal(err)
	}
}

// Return is the reader who comes back from PayPal, and our taking the money.
func (n *Newsroom) Return(c contribution.Contribution) contribution.Contribution {
	n.T.Helper()
	c, err := n.Settler.Settle(n.T.Context(), c.ID, settle.Source{Way: contribution.ByReader})
	if err != nil {
		n.T.Fatal(err)
	}
	return c
}

// Pay is all of it: a gift that came in, and the id of PayPal's capture.
func (n *Newsroom) Pay(in contribution.Intent) (c contribution.Contribution, capture string) {
	n.T.Helper()
	c = n.Start(in)
	n.Approve(c, "")
	if c = n.Return(c); c.State != contribution.Completed {
		n.T.Fatalf("the gift is %s (%s)", c.State, c.Reason)
	}
	return c, n.Capture(c.ID)
}

// Capture is PayPal's id of the payment of a contribution.
func (n *Newsroom) Capture(id uuid.UUID) (capture string) {
	n.T.Helper()
	err := n.DB.GetContext(n.T.Context(), &capture, `
		SELECT paypal_id FROM payment WHERE contribution_id = $1 ORDER BY occurred_at, id LIMIT 1`, id)
	if err != nil {
		n.T.Fatal(err)
	}
	return capture
}

// State is how a contribution stands now.
func (n *Newsroom) State(id uuid.UUID) contribution.State {
	n.T.Helper()
	c, err := n.Contributions.Get(n.T.Context(), id)
	if err != nil {
		n.T.Fatal(err)
	}
	return c.State
}

// Refund is staff who give money back; the key tells one press of the button from another.
func (n *Newsroom) Refund(c contribution.Contribution, amount, key string) refund.Request {
	n.T.Helper()
	r, err := n.Refunds.Request(n.T.Context(), refund.Intent{
		Contribution: c.ID, Amount: amount, Reason: "Given twice.", Key: key, By: Editor,
	})
	if err != nil {
		n.T.Fatal(err)
	}
	return r
}

// RefundAtPayPal is somebody who gives money back in PayPal's own pages, and the news of it; without an amount, all
// that is left. It gives PayPal's id of the refund.
func (n *Newsroom) RefundAtPayPal(capture, amount string) string {
	n.T.Helper()
	id := n.PayPal.Refund(capture, amount)
	if _, err := n.Payments.SettleRefund(n.T.Context(), id, false, byWebhook()); err != nil {
		n.T.Fatal(err)
	}
	return id
}

// Reverse is a bank that takes the money back, and the news of it.
func (n *Newsroom) Reverse(capture string) {
	n.T.Helper()
	var made struct{ ID string }
	n.PayPal.Must("POST", "/sandbox/captures/"+capture+"/reverse", testkit.Fields{}, &made)
	if _, err := n.Payments.SettleRefund(n.T.Context(), made.ID, true, byWebhook()); err != nil {
		n.T.Fatal(err)
	}
}

// Dispute opens a dispute at PayPal, or moves one on, and brings the news: fields stage (INQUIRY, CHARGEBACK), outcome
// (buyer, seller) and fee, see the sandbox. It gives PayPal's id of the dispute.
func (n *Newsroom) Dispute(capture string, f testkit.Fields) string {
	n.T.Helper()
	id := n.PayPal.Dispute(capture, f)
	if _, err := n.Disputes.Settle(n.T.Context(), id, byWebhook()); err != nil {
		n.T.Fatal(err)
	}
	return id
}

func byWebhook() settle.Source { return settle.Source{Way: contribution.ByWebhook} }

// Wants ends the test unless the contribution is in this state.
func (n *Newsroom) Wants(c contribution.Contribution, want contribution.State) {
	n.T.Helper()
	now, err := n.Contributions.Get(n.T.Context(), c.ID)
	if err != nil || now.State != want {
		n.T.Fatalf("state %s (%s), want %s; %v", now.State, now.Reason, want, err)
	}
}

// Audited gives what the editor did about a contribution, as the audit log has it, oldest first.
func (n *Newsroom) Audited(c contribution.Contribution) string {
	n.T.Helper()
	var all []string
	err := n.DB.Select(&all, `
		SELECT action || coalesce(' ' || (detail->>'outcome'), '') FROM audit_entry
		WHERE subject = $1 AND actor = $2 ORDER BY id`, c.Receipt, Editor.Name)
	if err != nil {
		n.T.Fatal(err)
	}
	return strings.Join(all, ", ")
}
