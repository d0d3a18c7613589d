package settle_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/paypal"
	"readerfund/internal/settle"
	"readerfund/internal/testkit/newsroom"
)

// reported gives what PayPal's transaction search has of one code, oldest first.
func (n *world) reported(code string) []paypal.Transaction {
	n.T.Helper()
	page, err := n.Client.Transactions(n.T.Context(), paypal.TransactionQuery{
		From: n.Clock.Now().Add(-24 * time.Hour), To: n.Clock.Now().Add(time.Minute), Page: 1, PageSize: paypal.MaxPage,
	})
	if err != nil {
		n.T.Fatal(err)
	}
	var found []paypal.Transaction
	for _, t := range page.Transactions {
		if t.EventCode == code {
			found = append(found, t)
		}
	}
	return found
}

// A donation made in PayPal, without us, becomes a contribution when somebody says so; its refund follows it.
func TestAPaymentMadeInPayPalIsAdopted(t *testing.T) {
	t.Parallel()
	n := open(t)
	var made struct{ ID string }
	n.hook("POST", "payments", `{"amount":"30.00","currency":"EUR","kind":"donation","note":"For the printers",
		"payer_email":"friend@example.org"}`, &made)
	gift := n.reported("T0013")
	if len(gift) != 1 || gift[0].ID != made.ID {
		t.Fatalf("transaction search has %+v", gift)
	}
	var c contribution.Contribution
	for range 2 {
		var err error
		if c, err = n.Adopter.Adopt(t.Context(), gift[0], campaign.DefaultSlug, newsroom.Editor); err != nil {
			t.Fatal(err)
		}
	}
	n.Wants(c, contribution.Completed)
	n.BooksEqual()
	if c.Naming != contribution.NotAsked {
		t.Error("somebody whom nobody asked may be named")
	}
	if c.Message != "For the printers" || c.Amount.Minor != 3000 || n.Audited(c) != "contribution.adopt" {
		t.Errorf("adopted: %+v; audited %q", c, n.Audited(c))
	}
	var person, origin string
	err := n.DB.QueryRowx(`SELECT s.email, c.origin FROM supporter s JOIN contribution c ON c.supporter_id = s.id
		WHERE c.id = $1`, c.ID).Scan(&person, &origin)
	if err != nil || person != "friend@example.org" || origin != "adopted" {
		t.Errorf("%q, %q, %v", person, origin, err)
	}

	n.hook("POST", "payments/"+made.ID+"/refund", `{"amount":"12.00"}`, nil)
	back := n.reported("T1107")
	for range 2 {
		if _, err := n.Adopter.AdoptRefund(t.Context(), back[0], settle.Source{Way: contribution.ByReconcile}); err != nil {
			t.Fatal(err)
		}
	}
	n.Wants(c, contribution.PartiallyRefunded)
	n.BooksEqual()
	if again, err := n.Settler.AskPayPal(t.Context(), c.ID, newsroom.Editor); err != nil ||
		again.State != contribution.PartiallyRefunded {
		t.Errorf("asked again: %s, %v", again.State, err)
	}
}

func TestWhatCannotBeAdopted(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, capture := n.Pay(gift(""))
	ours := n.reported("T0006")[0]
	if ours.ID != capture {
		t.Fatalf("%+v", ours)
	}
	_, err := n.Adopter.Adopt(t.Context(), ours, campaign.DefaultSlug, newsroom.Editor)
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), c.Receipt) {
		t.Errorf("our own payment: %v", err)
	}
	stray := ours
	stray.ID = "8XY12345AB678901C"
	for name, change := range map[string]func(*paypal.Transaction){
		"money that went out": func(t *paypal.Transaction) { t.Amount = t.Amount.Neg() },
		"what is pending":     func(t *paypal.Transaction) { t.Status = "P" },
	} {
		odd := stray
		change(&odd)
		if _, err := n.Adopter.Adopt(t.Context(), odd, campaign.DefaultSlug, newsroom.Editor); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := n.Adopter.Adopt(t.Context(), stray, "nowhere", newsroom.Editor); !fault.Is(err, fault.NotFound) {
		t.Errorf("into no campaign: %v", err)
	}
	refund := stray
	refund.Amount, refund.ReferenceID, refund.EventCode = refund.Amount.Neg(), capture, "T1107"
	if _, err := n.Adopter.AdoptRefund(t.Context(), refund, settle.Source{Way: contribution.ByReconcile}); err == nil {
		t.Error("a refund of a payment that was not adopted was booked")
	}
	if _, err := n.Adopter.AdoptRefund(t.Context(), stray, settle.Source{Way: contribution.ByReconcile}); err == nil {
		t.Error("money that came in was booked as a refund")
	}
	n.BooksEqual()
}

// The database comes back from a backup that is older than the gift: PayPal's order has what it takes to know it again.
func TestAGiftWhoseRowWasLostIsRestored(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, capture := n.Pay(gift(""))
	n.hook("POST", "captures/"+capture+"/refund", `{"amount":"5.00"}`, nil)
	for _, table := range []string{"ledger_entry", "refund", "payment", "contribution_event", "contribution"} {
		if _, err := n.DB.Exec(`DELETE FROM ` + table); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := n.Payments.SettleCapture(t.Context(), capture, byWebhook); !errors.Is(err, settle.ErrNotOurs) {
		t.Errorf("a webhook for a gift we do not know: %v", err)
	}
	for range 2 {
		back, err := n.Adopter.Restore(t.Context(), capture, settle.Source{Way: contribution.ByReconcile})
		if err != nil || back.ID != c.ID || back.Receipt != c.Receipt || back.Campaign != c.Campaign ||
			back.Amount != c.Amount || back.Naming != contribution.NotAsked {
			t.Fatalf("%+v, %v", back, err)
		}
	}
	n.Wants(c, contribution.PartiallyRefunded)
	n.BooksEqual()

	o, err := n.Client.CreateOrder(t.Context(), paypal.OrderRequest{
		RequestID: "foreign", CustomID: "0190163d-8694-739b-aea5-966c26f8ad91", InvoiceID: "INV-77", Amount: c.Amount,
		ReturnURL: "http://127.0.0.1:1/r", CancelURL: "http://127.0.0.1:1/c",
	})
	if err != nil {
		t.Fatal(err)
	}
	n.hook("POST", "orders/"+o.ID+"/approve", `{}`, nil)
	if o, err = n.Client.CaptureOrder(t.Context(), o.ID, "foreign-capture"); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Adopter.Restore(t.Context(), o.Captures[0].ID,
		settle.Source{Way: contribution.ByReconcile}); !errors.Is(err, settle.ErrNotOurs) {
		t.Errorf("another program's payment: %v", err)
	}
}
