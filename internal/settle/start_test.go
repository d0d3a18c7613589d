package settle_test

import (
	"context"
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
)

// faultHits is how often the sandbox's faults have struck.
func (n *world) faultHits() (hits int) {
	n.T.Helper()
	var faults []struct{ Hits int }
	n.hook("GET", "faults", "", &faults)
	for _, f := range faults {
		hits += f.Hits
	}
	return hits
}

// ordersMade is how many orders PayPal ever made.
func (n *world) ordersMade() int {
	n.T.Helper()
	var orders []struct{ ID string }
	n.hook("GET", "orders", "", &orders)
	return len(orders)
}

// A browser drops the first of two submissions when the second leaves. Both wait for one call to PayPal; that the first
// has gone is no answer to the second.
func TestASecondTapGetsItsOwnAnswerWhenTheFirstHasGone(t *testing.T) {
	t.Parallel()
	n := open(t)
	n.fault(`{"kind":"delay","delay":"700ms","times":1,"match":{"method":"POST","path":"/v2/checkout/orders"}}`)
	first, leave := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, err := n.Starter.Start(first, gift("two-taps"), nil)
		gone <- err
	}()
	for n.faultHits() == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	time.AfterFunc(100*time.Millisecond, leave)
	c, err := n.Starter.Start(t.Context(), gift("two-taps"), nil)
	if err != nil || c.Checkout.ApproveURL == "" {
		t.Errorf("the second tap is sent to %q, %v", c.Checkout.ApproveURL, err)
	}
	if err := <-gone; err == nil {
		t.Error("the first had not gone")
	}
	if made := n.ordersMade(); made != 1 {
		t.Errorf("PayPal made %d orders", made)
	}
}

const ordersAsked = `"match":{"method":"POST","path":"/v2/checkout/orders"}`

// The same key gets the same answer, for ever: it is a program's word that this is the same gift. A new try has a new
// key.
func TestARefusedGiftIsTriedAnewUnderANewKey(t *testing.T) {
	t.Parallel()
	n := open(t)
	n.fault(`{"kind":"issue","issue":"PAYEE_ACCOUNT_RESTRICTED",` + ordersAsked + `}`)
	for range 2 {
		if _, err := n.Starter.Start(t.Context(), gift("first"), nil); !fault.Is(err, fault.Refused) {
			t.Errorf("a restricted account: %v", err)
		}
	}
	n.clearFaults()
	if _, err := n.Starter.Start(t.Context(), gift("first"), nil); !fault.Is(err, fault.Refused) {
		t.Errorf("the same key after the account was mended: %v", err)
	}
	if c, err := n.Starter.Start(t.Context(), gift("second"), nil); err != nil || c.Checkout.ApproveURL == "" {
		t.Errorf("a new try: %q, %v", c.Checkout.ApproveURL, err)
	}
	if made := n.ordersMade(); made != 1 {
		t.Errorf("PayPal made %d orders", made)
	}
}

func TestWhatDoesNotPassIsNoOutage(t *testing.T) {
	t.Parallel()
	n := open(t)
	for spec, want := range map[string]fault.Kind{
		`{"kind":"issue","issue":"PERMISSION_DENIED",` + ordersAsked + `}`:      fault.Refused,
		`{"kind":"issue","issue":"INVALID_ACCOUNT_STATUS",` + ordersAsked + `}`: fault.Refused,
		`{"kind":"issue","issue":"RATE_LIMIT_REACHED",` + ordersAsked + `}`:     fault.Unavailable,
		`{"kind":"status","status":503,` + ordersAsked + `}`:                    fault.Unavailable,
		`{"kind":"reset_before",` + ordersAsked + `}`:                           fault.Unavailable,
	} {
		n.fault(spec)
		if _, err := n.Starter.Start(t.Context(), gift(""), nil); !fault.Is(err, want) {
			t.Errorf("%s: %v", spec, err)
		}
		n.clearFaults()
	}
}

// A receipt number that PayPal has seen paid, by another system on the same account, is no reason to lose a gift.
func TestAReceiptNumberThatIsTakenIsDrawnAnew(t *testing.T) {
	t.Parallel()
	n := open(t)
	n.fault(`{"kind":"issue","issue":"DUPLICATE_INVOICE_ID","times":1,` + ordersAsked + `}`)
	c, err := n.Starter.Start(t.Context(), gift("taken"), nil)
	if err != nil || c.Checkout.ApproveURL == "" {
		t.Fatalf("%+v, %v", c, err)
	}
	again, err := n.Starter.Start(t.Context(), gift("taken"), nil)
	if err != nil || again.Checkout.PayPalID != c.Checkout.PayPalID || again.Receipt != c.Receipt {
		t.Errorf("the same key gives %s with the receipt %s, and not %s with %s; %v",
			again.Checkout.PayPalID, again.Receipt, c.Checkout.PayPalID, c.Receipt, err)
	}
	n.Approve(c, "approve")
	c = n.settle(c, contribution.ByReader)
	n.Wants(c, contribution.Completed)
	n.BooksEqual()
	seen, err := n.paypalOrder(c)
	if err != nil || seen != c.Receipt {
		t.Errorf("PayPal has the invoice %q, we have %q; %v", seen, c.Receipt, err)
	}

	n.fault(`{"kind":"issue","issue":"DUPLICATE_INVOICE_ID",` + ordersAsked + `}`)
	if _, err := n.Starter.Start(t.Context(), gift("always"), nil); !fault.Is(err, fault.Refused) {
		t.Errorf("taken again and again: %v", err)
	}
}

// paypalOrder is the invoice number of the contribution's order as PayPal has it.
func (n *world) paypalOrder(c contribution.Contribution) (string, error) {
	o, err := n.Client.Order(n.T.Context(), c.Checkout.PayPalID)
	return o.InvoiceID, err
}

// Nothing of a monthly gift that cannot be is written down, and PayPal hears of none.
func TestMonthlyGiftsThatCannotBe(t *testing.T) {
	t.Parallel()
	n := open(t)
	w := n.listen()
	for name, change := range map[string]func(*contribution.Intent){
		"below the limit":                    func(in *contribution.Intent) { in.Amount = "0.99" },
		"above the limit":                    func(in *contribution.Intent) { in.Amount = "10000.01" },
		"nothing":                            func(in *contribution.Intent) { in.Amount = "0" },
		"less than nothing":                  func(in *contribution.Intent) { in.Amount = "-5" },
		"a currency's decimals":              func(in *contribution.Intent) { in.Amount = "5.001" },
		"decimals where there are none":      func(in *contribution.Intent) { in.Amount, in.Currency = "1000.5", "HUF" },
		"a currency that the campaign lacks": func(in *contribution.Intent) { in.Currency = "XXX" },
		"a frequency that PayPal lacks":      func(in *contribution.Intent) { in.Frequency = "week" },
	} {
		in := monthly(name)
		change(&in)
		if _, err := n.Starter.Start(t.Context(), in, nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(w.calls) != 0 || n.Count("contribution") != 0 {
		t.Errorf("PayPal was asked %v, and %d are written down", w.calls, n.Count("contribution"))
	}
}

// The plan that we have for euros is one of dollars at PayPal, as after somebody's hand in the database. PayPal refuses
// a subscription to it in euros, and the reader gets one to a plan for that amount.
func TestAPlanOfAnotherCurrency(t *testing.T) {
	t.Parallel()
	n := open(t)
	dollars := monthly("dollars")
	dollars.Currency = "USD"
	n.Start(dollars)
	n.Start(monthly("euros"))
	var plan string
	if err := n.DB.Get(&plan, `DELETE FROM paypal_plan WHERE currency = 'USD' RETURNING paypal_id`); err != nil {
		t.Fatal(err)
	}
	n.Exec(`UPDATE paypal_plan SET paypal_id = $1 WHERE currency = 'EUR'`, plan)
	c := n.replica().Start(monthly("mixed"))
	n.agree(c)
	if c = n.comeBack(c); c.State != contribution.Completed || n.sub(c).Amount != eur(1000) || n.sub(c).PlanID == plan {
		t.Errorf("it stands at %s: %+v", c.State, n.sub(c))
	}
	n.BooksEqual()
}
