package refund_test

import (
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/refund"
	"readerfund/internal/testkit"
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
	n.clearFaults()
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

// PayPal says no to a refund of a charge that an earlier attempt may have made. Where PayPal says that nothing went
// back, the refusal stands; else its record of transactions tells, once that reaches so far.
func TestARefusedRefundOfACharge(t *testing.T) {
	t.Parallel()
	n := open(t)
	n.hook("POST", "search", `{"lag":"3h"}`, nil)
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
		n.Clock.Advance(4 * time.Hour)
		n.refundCallsEnd(forbidden, fine)
		want = map[string]refund.State{outage: refund.Refused, made: refund.Done}[before]
		if r, err := n.refund(c, "10.00", c.ID.String()); err != nil || r.State != want {
			t.Errorf("hours later: %+v, %v; want %s", r, err, want)
		}
		n.clearFaults()
	}
	n.BooksEqual()
	if open := n.Count(`refund_request WHERE state IN ('asked', 'unknown')`); open != 0 || n.refunds() != 1 {
		t.Errorf("%d in doubt, %d refunds", open, n.refunds())
	}
}

// A part of the charge went back before, so that PayPal's word that some did says nothing of the refund in doubt. Its
// record ends the doubt, once it reaches beyond the time of the attempt.
func TestARefundThatWasNotMadeOfAChargePartlyRefunded(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "25.00")
	n.RefundAtPayPal(n.Capture(c.ID), "4.00")
	n.Clock.Advance(2 * time.Minute)
	n.refundCallsEnd(outage, fine)
	if r, err := n.refund(c, "10.00", "form"); err != nil || r.State != refund.Unknown {
		t.Fatalf("%+v, %v", r, err)
	}
	n.refundCallsEnd(forbidden, fine)
	n.Clock.Advance(2 * time.Minute)
	if r, err := n.refund(c, "10.00", "form"); err != nil || r.State != refund.Unknown {
		t.Errorf("the record may be behind: %+v, %v", r, err)
	}
	n.Clock.Advance(4 * time.Hour)
	n.refundCallsEnd(forbidden, fine)
	if r, err := n.refund(c, "10.00", "form"); err != nil || r.State != refund.Refused {
		t.Errorf("the record has no such refund: %+v, %v", r, err)
	}
	n.BooksEqual()
}

// PayPal gives refunds without their invoice numbers. One of just that amount is taken for the one in doubt; of two,
// either may be, and neither is. What a bank took back is no refund of ours.
func TestARefundOfAChargeThatNamesNoRequest(t *testing.T) {
	t.Parallel()
	for others, want := range map[int]refund.State{0: refund.Done, 1: refund.Unknown} {
		n := open(t)
		c := n.Subscribe("month", "25.00")
		sale := n.Capture(c.ID)
		n.refundCallsEnd(made, fine)
		if r, err := n.refund(c, "5.00", "form"); err != nil || r.State != refund.Unknown {
			t.Fatalf("%+v, %v", r, err)
		}
		for range others {
			n.PayPal.Refund(sale, "5.00")
		}
		n.PayPal.Must("POST", "/sandbox/captures/"+sale+"/reverse", testkit.Fields{"amount": "5.00"}, nil)
		n.Clock.Advance(4 * time.Hour)
		n.refundCallsEnd(forbidden, fine)
		for _, l := range n.Ledger() {
			if l.Parent == sale {
				n.withoutInvoice(l, sale)
			}
		}
		r, err := n.refund(c, "5.00", "form")
		if err != nil || r.State != want {
			t.Errorf("beside %d others: %+v, %v", others, r, err)
		}
		if want == refund.Done {
			n.BooksEqual()
		}
	}
}

// withoutInvoice has PayPal's API leave out whose a refund is.
func (n *world) withoutInvoice(m testkit.Movement, sale string) {
	n.T.Helper()
	seen, err := n.Client.Refund(n.T.Context(), m.ID)
	if err != nil {
		n.T.Fatal(err)
	}
	n.PayPal.Fault(testkit.Fields{
		"kind": "status", "status": 200, "match": testkit.Fields{"method": "GET", "path": "/v2/payments/refunds/" + m.ID},
		"body": testkit.Fields{
			"id": m.ID, "status": "COMPLETED", "create_time": seen.CreatedAt.Format(time.RFC3339),
			"amount": testkit.Fields{"value": m.Amount, "currency_code": m.Currency},
			"links":  []testkit.Fields{{"rel": "up", "href": "https://api-m.paypal.com/v2/payments/captures/" + sale}},
		},
	})
}
