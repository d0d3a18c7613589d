package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/reconcile"
	"readerfund/internal/settle"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

// paid starts a gift as a reader does, and has PayPal take its money; we are told nothing after the start.
func (f *fixture) paid(currency, outcome string, approve testkit.Fields) (contribution.Contribution, string) {
	f.T.Helper()
	c, err := f.Starter.Start(f.T.Context(),
		contribution.Intent{Campaign: campaign.DefaultSlug, Amount: "50.00", Currency: currency, Frequency: "once"}, nil)
	if err != nil {
		f.T.Fatal(err)
	}
	if approve == nil {
		approve = testkit.Fields{}
	}
	approve["outcome"] = outcome
	f.PayPal.Must("POST", "/sandbox/orders/"+c.Checkout.PayPalID+"/approve", approve, nil)
	o, err := f.Client.CaptureOrder(f.T.Context(), c.Checkout.PayPalID, "unseen-"+c.Checkout.PayPalID)
	if err != nil || len(o.Captures) != 1 {
		f.T.Fatalf("%+v, %v", o, err)
	}
	return c, o.Captures[0].ID
}

func (f *fixture) state(c contribution.Contribution) contribution.State {
	f.T.Helper()
	got, err := f.Contributions.Get(f.T.Context(), c.ID)
	if err != nil {
		f.T.Fatal(err)
	}
	return got.State
}

// A payment waits at PayPal, then clears, and nobody tells us either time.
func TestAPendingPaymentThatClears(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	c, capture := f.paid("EUR", "pending", nil)
	refused, _ := f.paid("EUR", "declined_capture", nil)
	f.clean(reconcile.Order{})
	if got := f.state(c); got != contribution.Pending {
		t.Errorf("it is %s, want pending", got)
	}
	f.PayPal.Must("POST", "/sandbox/captures/"+capture+"/settle", testkit.Fields{"outcome": "completed"}, nil)
	f.clean(reconcile.Order{})
	if got := f.state(c); got != contribution.Completed {
		t.Errorf("it is %s, want completed", got)
	}
	if got := f.state(refused); got == contribution.Completed {
		t.Error("a declined payment counts as money")
	}
	f.agree()
}

// The search calls a payment pending that has cleared since: the API knows better, and nothing is left open.
func TestTheSearchIsBehindTheAPI(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	c, capture := f.paid("EUR", "pending", nil)
	// It clears while PayPal's record is being read, so that what was read says "pending".
	res := f.clean(reconcile.Order{Progress: func(p reconcile.Progress) {
		if p.Doing == "read PayPal's record" {
			f.PayPal.Must("POST", "/sandbox/captures/"+capture+"/settle", testkit.Fields{"outcome": "completed"}, nil)
			if _, err := f.Payments.SettleCapture(t.Context(), capture, settle.Source{Way: contribution.ByWebhook}); err != nil {
				t.Error(err)
			}
		}
	}})
	if got := f.state(c); got != contribution.Completed || res.Fixed != 0 {
		t.Errorf("it is %s, mended %d", got, res.Fixed)
	}
	f.agree()
}

// Each kind that only a person can judge.
func TestWhatAPersonHasToJudge(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	gifts := f.settled(6, f.Clock.Now().Add(-48*time.Hour), f.Clock.Now().Add(-40*time.Hour))
	f.Exec(`UPDATE ledger_entry SET amount_minor = amount_minor - 7 WHERE kind = 'fee' AND paypal_ref = $1`,
		gifts[0].Capture)
	f.Exec(`UPDATE ledger_entry SET currency = 'USD' WHERE paypal_ref = $1`, gifts[1].Capture)
	f.Exec(`UPDATE payment SET currency = 'USD' WHERE paypal_id = $1`, gifts[1].Capture)
	f.Exec(`DELETE FROM ledger_entry WHERE kind = 'fee' AND paypal_ref = $1`, gifts[2].Capture) // the one that is fixed
	f.PayPal.Must("POST", "/sandbox/captures/"+gifts[3].Capture+"/refund", testkit.Fields{"amount": "4.00"}, nil)
	if _, err := f.Payments.SettleCapture(t.Context(), gifts[3].Capture,
		settle.Source{Way: contribution.ByWebhook}); err != nil {
		t.Fatal(err)
	}
	f.Exec(`UPDATE ledger_entry SET amount_minor = -500 WHERE kind = 'refund'`)
	dry := f.run(reconcile.Order{Dry: true})
	if n := kinds(dry.Open); dry.Fixed != 1 || n[reconcile.WrongFee] != 2 || n[reconcile.WrongMoney] != 1 ||
		n[reconcile.WrongAmount] != 1 {
		t.Errorf("a dry run: %d would be mended of %v", dry.Fixed, dry.Open)
	}
	res := f.run(reconcile.Order{})
	if n := kinds(res.Open); res.Fixed != 1 || n[reconcile.WrongFee] != 1 || n[reconcile.WrongMoney] != 1 ||
		n[reconcile.WrongAmount] != 1 || len(res.Open) != 3 {
		t.Errorf("mended %d, left %v", res.Fixed, res.Open)
	}
	for _, d := range res.Open {
		if d.Advice == "" || d.Receipt == "" || d.Ours == "" || d.Theirs == "" {
			t.Errorf("it does not say enough: %+v", d)
		}
	}
}

// The account holds euros, the gift came in dollars: PayPal lists two rows more, and they are explained.
func TestAConversionIsExplained(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	_, capture := f.paid("USD", "approve", testkit.Fields{"convert_to": "EUR", "rate": "0.9200"})
	f.clean(reconcile.Order{})
	if n := f.Count("conversion c JOIN payment p ON p.id = c.payment_id WHERE p.paypal_id = $1", capture); n != 1 {
		t.Errorf("%d conversions are noted", n)
	}
	f.Exec(`DELETE FROM conversion`)
	if d := only(t, f.run(reconcile.Order{Dry: true})); !strings.Contains(d.Theirs, "EUR") ||
		!strings.Contains(d.Theirs, "USD") {
		t.Errorf("%v", d)
	}
}

// The database comes back from a backup that is older than the gifts.
func TestLostGiftsComeBack(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	_, capture := f.paid("EUR", "approve", nil)
	f.PayPal.Must("POST", "/sandbox/captures/"+capture+"/refund", testkit.Fields{"amount": "5.00"}, nil)
	_, disputed := f.paid("EUR", "approve", nil)
	f.PayPal.Must("POST", "/sandbox/captures/"+disputed+"/dispute", testkit.Fields{}, nil)
	f.clean(reconcile.Order{})
	for _, table := range []string{
		"discrepancy", "ledger_entry", "webhook_event", "refund", "dispute", "payment", "contribution_event", "contribution",
		"reconcile_run",
	} {
		f.Exec(`DELETE FROM ` + table)
	}
	if dry := f.run(reconcile.Order{Dry: true}); dry.Fixed < 3 {
		t.Errorf("a dry run would mend %d: %v", dry.Fixed, dry.Open)
	}
	f.clean(reconcile.Order{})
	f.agree()
	if n := f.Count("contribution WHERE origin = 'restored'"); n != 2 {
		t.Errorf("%d contributions came back", n)
	}
}

// A payment that carries an id of the right form which is not ours: another program on the same account.
func TestAnotherProgramsPaymentIsAdopted(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	var made struct{ List []past }
	f.PayPal.Must("POST", "/sandbox/history",
		testkit.Fields{
			"payments": 1, "from": f.Clock.Now().Add(-9 * time.Hour), "to": f.Clock.Now().Add(-8 * time.Hour),
			"custom_ids": []string{uuid.NewString()}, "list": true,
		}, &made)
	// What the account did before we were set up is compared only when it is asked for.
	f.clean(reconcile.Order{})
	found := only(t, f.run(reconcile.Order{From: f.Clock.Now().Add(-24 * time.Hour)}))
	if found.Kind != reconcile.UnknownPayer || found.Ref != made.List[0].Capture {
		t.Fatalf("%v", found)
	}
	if _, err := f.Adopt(t.Context(), found.ID, campaign.DefaultSlug, newsroom.Editor); err != nil {
		t.Fatal(err)
	}
	f.clean(reconcile.Order{})
	f.agree()
}

// Webhook events that no delivery brought tell of what is too new for PayPal's record.
func TestEventsTellOfWhatIsTooNew(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	if _, err := f.Client.CreateWebhook(t.Context(), "http://127.0.0.1:1/webhooks/paypal", inboxTypes()); err != nil {
		t.Fatal(err)
	}
	f.PayPal.Must("POST", "/sandbox/faults", testkit.Fields{"kind": "drop_webhook"}, nil)
	f.PayPal.Must("POST", "/sandbox/search", testkit.Fields{"lag": "3h"}, nil)
	c, capture := f.paid("EUR", "approve", nil)
	f.PayPal.Must("POST", "/sandbox/captures/"+capture+"/refund", testkit.Fields{"amount": "5.00"}, nil)
	res := f.clean(reconcile.Order{From: f.Clock.Now().Add(-24 * time.Hour)})
	if got := f.state(c); got != contribution.PartiallyRefunded || res.Recovered == 0 {
		t.Errorf("it is %s after %d events", got, res.Recovered)
	}
	f.agree()
	if again := f.clean(reconcile.Order{From: f.Clock.Now().Add(-24 * time.Hour)}); again.Recovered != 0 {
		t.Errorf("%d events were news again", again.Recovered)
	}
}

func inboxTypes() []string {
	return []string{"CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.REFUNDED"}
}

// What a dispute did to the money is held against PayPal's record by payment, also where the dispute itself is known.
func TestWhatADisputeDidIsBooked(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	gifts := f.gifts(2, f.Clock.Now().Add(-48*time.Hour), f.Clock.Now().Add(-40*time.Hour))
	f.PayPal.Must("POST", "/sandbox/captures/"+gifts[0].Capture+"/dispute", testkit.Fields{"outcome": "seller"}, nil)
	f.PayPal.Must("POST", "/sandbox/captures/"+gifts[1].Capture+"/dispute",
		testkit.Fields{"outcome": "buyer", "fee": "16.00"}, nil)
	f.clean(reconcile.Order{})
	if n := f.Exec(`DELETE FROM ledger_entry WHERE kind IN ('dispute_hold', 'dispute_release', 'chargeback_fee')`); n != 5 {
		t.Fatalf("%d entries of two disputes", n)
	}
	if dry := f.run(reconcile.Order{Dry: true}); len(dry.Open) != 5 || dry.Fixed != 5 {
		t.Errorf("a dry run: %v", dry.Open)
	}
	if res := f.clean(reconcile.Order{}); res.Fixed != 5 {
		t.Errorf("mended %d", res.Fixed)
	}
	f.agree()

	// A hold of ours that PayPal does not know, long enough ago to be judged.
	gift := f.settled(1, f.Clock.Now().Add(-42*24*time.Hour), f.Clock.Now().Add(-41*24*time.Hour))[0]
	f.Exec(`
		INSERT INTO dispute (payment_id, paypal_id, status, paypal_status, stage, amount_minor, currency, opened_at,
			changed_at, recorded_at)
		SELECT id, 'PP-D-999999', 'open', 'UNDER_REVIEW', 'CHARGEBACK', 700, 'EUR', $1, $1, $1 FROM payment
		WHERE paypal_id = $2`, f.Clock.Now(), gift.Capture)
	f.Exec(`
		INSERT INTO ledger_entry (contribution_id, payment_id, kind, amount_minor, currency, paypal_ref, occurred_at,
			recorded_at, source)
		SELECT contribution_id, id, 'dispute_hold', -700, 'EUR', 'PP-D-999999', $1, $1, 'test' FROM payment
		WHERE paypal_id = $2`,
		f.Clock.Now().Add(-40*24*time.Hour), gift.Capture)
	res := f.run(reconcile.Order{From: f.Clock.Now().Add(-60 * 24 * time.Hour)})
	if d := only(t, res); d.Kind != reconcile.MissingThere || d.Ref != "PP-D-999999" || d.Parent != gift.Capture {
		t.Errorf("%v", d)
	}
}
