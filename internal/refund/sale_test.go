package refund_test

import (
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/refund"
)

// A charge of a subscription is refunded like any payment, and what was in doubt ends with one refund.
func TestAChargeOfASubscriptionIsRefunded(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "25.00")
	n.refundCallsEnd(made, fine)
	if r, err := n.refund(c, "10.00", "form"); err != nil || r.State != refund.Unknown {
		t.Fatalf("%+v, %v", r, err)
	}
	n.heal()
	n.Clock.Advance(2 * time.Minute)
	if r, err := n.refund(c, "10.00", "form"); err != nil || r.State != refund.Done || n.refunds() != 1 {
		t.Errorf("%+v, %v, %d refunds", r, err, n.refunds())
	}
	if r, err := n.refund(c, "", "rest"); err != nil || r.State != refund.Done || n.refunds() != 2 {
		t.Errorf("the rest: %+v, %v", r, err)
	}
	n.Wants(c, contribution.Refunded)
	n.BooksEqual()
}

// PayPal says no to a refund of a charge that an earlier attempt may have made. It lists no refunds of charges, but it
// says whether there is one: the refusal stands where there is none, and else waits for the news of it.
func TestARefusedRefundOfACharge(t *testing.T) {
	t.Parallel()
	n := open(t)
	for _, before := range []string{outage, made} {
		c := n.Subscribe("month", "25.00")
		n.refundCallsEnd(before, fine)
		if r, err := n.refund(c, "10.00", c.ID.String()); err != nil || r.State != refund.Unknown {
			t.Fatalf("%+v, %v", r, err)
		}
		n.Clock.Advance(2 * time.Minute)
		n.refundCallsEnd(forbidden, fine)
		r, err := n.refund(c, "10.00", c.ID.String())
		want := map[string]refund.State{outage: refund.Refused, made: refund.Unknown}[before]
		if err != nil || r.State != want {
			t.Errorf("%+v, %v; want %s", r, err, want)
		}
		n.heal()
	}
	for _, l := range n.Ledger() {
		if l.Kind == "refund" {
			if err := n.told(l.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	n.BooksEqual()
	if open := n.Count(`refund_request WHERE state IN ('asked', 'unknown')`); open != 0 || n.refunds() != 1 {
		t.Errorf("%d in doubt, %d refunds", open, n.refunds())
	}
}
