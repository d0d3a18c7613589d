package settle_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
	"readerfund/internal/settle"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

// News of a reversal that names the charge, as its own or in the place of the reversal's id: what went back is read
// from PayPal's record, which is hours behind, and booked once.
func TestAReversalThatNamesTheChargeItself(t *testing.T) {
	t.Parallel()
	n := still(t)
	c := n.subscribed("reversed")
	n.pass(33)
	n.sweepSubscriptions()
	sale := n.sales()[1]
	told := func() error {
		_, err := n.Payments.SettleReturned(t.Context(), sale, "", byWebhook)
		return err
	}
	if err := told(); err != nil || n.Count("refund") != 0 {
		t.Errorf("nothing went back: %v, %d refunds", err, n.Count("refund"))
	}
	n.hook("POST", "search", `{"lag":"3h"}`, nil)
	n.PayPal.Must("POST", "/sandbox/captures/"+sale+"/reverse", testkit.Fields{}, nil)
	if err := told(); !isContradiction(err, review.ReturnNotListed) {
		t.Errorf("the record does not have it yet: %v", err)
	}
	n.Clock.Advance(4 * time.Hour)
	if _, err := n.Payments.SettleRefund(t.Context(), sale, true, byWebhook); err != nil {
		t.Errorf("the charge's id in the place of the reversal's: %v", err)
	}
	if err := told(); err != nil || n.Count("refund WHERE kind = 'reversal'") != 1 {
		t.Errorf("%v, %d reversals", err, n.Count("refund WHERE kind = 'reversal'"))
	}
	n.Wants(c, contribution.Completed) // the first charge is kept
	n.BooksEqual()
	if _, err := n.Payments.SettleRefund(t.Context(), "4KP00000000000000", true, byWebhook); !paypal.NotFound(err) {
		t.Errorf("what PayPal does not know: %v", err)
	}
}

// What went back in parts, of which one is booked, and the record of which cannot be read for a while.
func TestPartsOfAChargeThatWentBack(t *testing.T) {
	t.Parallel()
	n := still(t)
	n.subscribed("parts")
	sale := n.sales()[0]
	n.RefundAtPayPal(sale, "2.00")
	n.PayPal.Refund(sale, "3.00")
	n.Clock.Advance(time.Minute)
	n.fault(`{"kind":"status","status":403,"match":{"path":"/v1/reporting/transactions"}}`)
	if _, err := n.Payments.SettleReturned(t.Context(), sale, "", byWebhook); !isContradiction(err,
		review.ReturnNotListed) {
		t.Errorf("the record may not be read: %v", err)
	}
	n.clearFaults()
	n.fault(`{"kind":"status","status":503,"times":9,"match":{"path":"/v1/reporting/transactions"}}`)
	if _, err := n.Payments.SettleReturned(t.Context(), sale, "", byWebhook); !paypal.Unanswered(err) {
		t.Errorf("PayPal is away: %v", err)
	}
	n.clearFaults()
	for range 2 {
		if _, err := n.Payments.SettleReturned(t.Context(), sale, "", byWebhook); err != nil {
			t.Error(err)
		}
	}
	n.BooksEqual()
}

// Money of charges went back, and no news of that arrived: staff who ask PayPal see it, and so does the end of a
// dispute.
func TestWhatWentBackOfChargesIsAskedFor(t *testing.T) {
	t.Parallel()
	n := still(t)
	c := n.subscribed("unheard")
	n.pass(33)
	n.sweepSubscriptions()
	sales := n.sales()
	n.PayPal.Refund(sales[0], "3.00")
	n.hook("POST", "search", `{"lag":"3h"}`, nil)
	if _, err := n.Settler.AskPayPal(t.Context(), c.ID, newsroom.Editor); err != nil || n.Count("refund") != 0 {
		t.Errorf("while PayPal's record is behind: %v, %d refunds", err, n.Count("refund"))
	}
	n.Clock.Advance(4 * time.Hour)
	if _, err := n.Settler.AskPayPal(t.Context(), c.ID, newsroom.Editor); err != nil || n.Count("refund") != 1 {
		t.Errorf("staff asked: %v, %d refunds", err, n.Count("refund"))
	}
	n.BooksEqual()
	dispute := n.PayPal.Dispute(sales[1], testkit.Fields{"stage": "CHARGEBACK"})
	n.PayPal.Dispute(sales[1], testkit.Fields{"outcome": "buyer"})
	n.Clock.Advance(4 * time.Hour)
	if _, err := n.Disputes.Settle(t.Context(), dispute, byWebhook); err != nil ||
		n.Count("refund WHERE kind = 'reversal'") != 1 {
		t.Errorf("the dispute ended: %v, %d reversals", err, n.Count("refund WHERE kind = 'reversal'"))
	}
	n.BooksEqual()
}

// Neither PayPal's answer about a charge nor its news names the subscription, and PayPal gives no list of charges until
// both pieces of news have come. In whatever order they come, and come again, the charge and its refund are booked,
// also where PayPal's record may not be read.
func TestEveryOrderOfNewsOfAnUnnamedChargeThatIsRefunded(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"sale refund", "refund sale", "refund refund sale", "sale refund sale", "refund"} {
		n := still(t)
		c := n.subscribed("unnamed")
		n.pass(32)
		sale := n.sales()[1]
		back := n.PayPal.Refund(sale, "3.00")
		n.unnamed(sale)
		n.PayPal.Fault(testkit.Fields{
			"kind": "status", "status": 404, "match": testkit.Fields{"path": "/v2/payments/captures/" + sale},
		})
		n.fault(`{"kind":"status","status":403,"match":{"path":"/v1/reporting/transactions"}}`)
		settle := map[string]func() error{
			"sale": func() error { return second(n.Payments.SettleSale(t.Context(), sale, "", byWebhook)) },
			"refund": func() error {
				return second(n.Payments.SettleRefund(t.Context(), back, false, byWebhook))
			},
		}
		n.hook("POST", "billing", `{"transactions_unknown":true}`, nil)
		for _, news := range strings.Fields(order) {
			if err := settle[news](); !isContradiction(err, review.SaleNamesNoSubscription) {
				t.Errorf("%s: the %s does not wait while PayPal gives no list: %v", order, news, err)
			}
		}
		n.hook("POST", "billing", `{"transactions_unknown":false}`, nil)
		for _, news := range strings.Fields(order) {
			if err := settle[news](); err != nil {
				t.Errorf("%s: the %s afterwards: %v", order, news, err)
			}
		}
		if n.Count("payment WHERE contribution_id = $1", c.ID) != 2 || n.Count("refund WHERE paypal_id = $1", back) != 1 {
			t.Errorf("%s: the charge or its refund is missing", order)
		}
		n.BooksEqual()
	}
}

// A payment of which PayPal names nothing is nobody's here by its own news, unless PayPal lists it with a subscription.
func TestACaptureThatNamesNothing(t *testing.T) {
	t.Parallel()
	n := still(t)
	c := n.subscribed("unnamed")
	n.pass(32)
	sale := n.sales()[1]
	n.unnamed(sale)
	n.hook("POST", "billing", `{"transactions_unknown":true}`, nil)
	n.PayPal.Fault(testkit.Fields{
		"kind": "status", "status": 404, "match": testkit.Fields{"path": "/v2/payments/captures/" + sale},
	})
	if _, err := n.Payments.SettleCapture(t.Context(), sale, byWebhook); !errors.Is(err, settle.ErrNotOurs) {
		t.Errorf("while PayPal gives no list: %v", err)
	}
	n.hook("POST", "billing", `{"transactions_unknown":false}`, nil)
	if settled, err := n.Payments.SettleCapture(t.Context(), sale, byWebhook); err != nil || settled.ID != c.ID {
		t.Errorf("it is %s's, %v", settled.ID, err)
	}
	n.BooksEqual()
}
