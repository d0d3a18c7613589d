package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/reconcile"
)

// paid starts a gift as a reader does, and has PayPal take its money; we are told nothing after the start.
func (w *world) paid(currency, outcome string, approve fields) (contribution.Contribution, string) {
	w.t.Helper()
	c, err := w.desk.Start(w.t.Context(), contribution.Intent{Campaign: campaign.DefaultSlug, Amount: "50.00", Currency: currency, Frequency: "once"})
	if err != nil {
		w.t.Fatal(err)
	}
	if approve == nil {
		approve = fields{}
	}
	approve["outcome"] = outcome
	w.hook("POST", "orders/"+c.OrderID+"/approve", approve, nil)
	o, err := w.paypal.CaptureOrder(w.t.Context(), c.OrderID, "unseen-"+c.OrderID)
	if err != nil || len(o.Captures) != 1 {
		w.t.Fatalf("%+v, %v", o, err)
	}
	return c, o.Captures[0].ID
}

func (w *world) state(c contribution.Contribution) contribution.State {
	w.t.Helper()
	got, err := w.desk.Get(w.t.Context(), c.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return got.State
}

// A payment waits at PayPal, then clears, and nobody tells us either time.
func TestAPendingPaymentThatClears(t *testing.T) {
	t.Parallel()
	w := open(t, options{})
	c, capture := w.paid("EUR", "pending", nil)
	refused, _ := w.paid("EUR", "declined_capture", nil)
	w.clean(reconcile.Order{})
	if got := w.state(c); got != contribution.Pending {
		t.Errorf("it is %s, want pending", got)
	}
	w.hook("POST", "captures/"+capture+"/settle", fields{"outcome": "completed"}, nil)
	w.clean(reconcile.Order{})
	if got := w.state(c); got != contribution.Completed {
		t.Errorf("it is %s, want completed", got)
	}
	if got := w.state(refused); got == contribution.Completed {
		t.Error("a declined payment counts as money")
	}
	w.agree()
}

// The search calls a payment pending that has cleared since: the API knows better, and nothing is left open.
func TestTheSearchIsBehindTheAPI(t *testing.T) {
	t.Parallel()
	w := open(t, options{})
	c, capture := w.paid("EUR", "pending", nil)
	// It clears while PayPal's record is being read, so that what was read says "pending".
	res := w.clean(reconcile.Order{Progress: func(p reconcile.Progress) {
		if p.Doing == "read PayPal's record" {
			w.hook("POST", "captures/"+capture+"/settle", fields{"outcome": "completed"}, nil)
			if _, err := w.desk.SettleCapture(t.Context(), capture, contribution.Source{Way: contribution.ByWebhook}); err != nil {
				t.Error(err)
			}
		}
	}})
	if got := w.state(c); got != contribution.Completed || res.Mended != 0 {
		t.Errorf("it is %s, mended %d", got, res.Mended)
	}
	w.agree()
}

// Each kind that only a person can judge.
func TestWhatAPersonHasToJudge(t *testing.T) {
	t.Parallel()
	w := open(t, options{})
	gifts := w.settled(6, w.now().Add(-48*time.Hour), w.now().Add(-40*time.Hour))
	w.exec(`UPDATE ledger_entry SET amount_minor = amount_minor - 7 WHERE kind = 'fee' AND paypal_ref = $1`, gifts[0].Capture)
	w.exec(`UPDATE ledger_entry SET currency = 'USD' WHERE paypal_ref = $1`, gifts[1].Capture)
	w.exec(`UPDATE payment SET currency = 'USD' WHERE paypal_id = $1`, gifts[1].Capture)
	w.exec(`DELETE FROM ledger_entry WHERE kind = 'fee' AND paypal_ref = $1`, gifts[2].Capture) // the one that is mended
	w.hook("POST", "captures/"+gifts[3].Capture+"/refund", fields{"amount": "4.00"}, nil)
	if _, err := w.desk.SettleCapture(t.Context(), gifts[3].Capture, contribution.Source{Way: contribution.ByWebhook}); err != nil {
		t.Fatal(err)
	}
	w.exec(`UPDATE ledger_entry SET amount_minor = -500 WHERE kind = 'refund'`)
	dry := w.run(reconcile.Order{Dry: true})
	if n := kinds(dry.Open); dry.Mended != 1 || n[reconcile.WrongFee] != 2 || n[reconcile.WrongMoney] != 1 || n[reconcile.WrongAmount] != 1 {
		t.Errorf("a dry run: %d would be mended of %v", dry.Mended, dry.Open)
	}
	res := w.run(reconcile.Order{})
	if n := kinds(res.Open); res.Mended != 1 || n[reconcile.WrongFee] != 1 || n[reconcile.WrongMoney] != 1 || n[reconcile.WrongAmount] != 1 || len(res.Open) != 3 {
		t.Errorf("mended %d, left %v", res.Mended, res.Open)
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
	w := open(t, options{})
	_, capture := w.paid("USD", "approve", fields{"convert_to": "EUR", "rate": "0.9200"})
	w.clean(reconcile.Order{})
	if n := w.count("conversion c JOIN payment p ON p.id = c.payment_id WHERE p.paypal_id = $1", capture); n != 1 {
		t.Errorf("%d conversions are noted", n)
	}
	w.exec(`DELETE FROM conversion`)
	if d := only(t, w.run(reconcile.Order{Dry: true})); !strings.Contains(d.Theirs, "EUR") || !strings.Contains(d.Theirs, "USD") {
		t.Errorf("%v", d)
	}
}

// The database comes back from a backup that is older than the gifts.
func TestLostGiftsComeBack(t *testing.T) {
	t.Parallel()
	w := open(t, options{})
	_, capture := w.paid("EUR", "approve", nil)
	w.hook("POST", "captures/"+capture+"/refund", fields{"amount": "5.00"}, nil)
	_, disputed := w.paid("EUR", "approve", nil)
	w.hook("POST", "captures/"+disputed+"/dispute", fields{}, nil)
	w.clean(reconcile.Order{})
	for _, table := range []string{"discrepancy", "ledger_entry", "webhook_event", "refund", "dispute", "payment", "contribution_event", "contribution", "reconcile_run"} {
		w.exec(`DELETE FROM ` + table)
	}
	if dry := w.run(reconcile.Order{Dry: true}); dry.Mended < 3 {
		t.Errorf("a dry run would mend %d: %v", dry.Mended, dry.Open)
	}
	w.clean(reconcile.Order{})
	w.agree()
	if n := w.count("contribution WHERE origin = 'restored'"); n != 2 {
		t.Errorf("%d contributions came back", n)
	}
}

// A payment that carries an id of the right form which is not ours: another program on the same account.
func TestAnotherProgramsPaymentIsAdopted(t *testing.T) {
	t.Parallel()
	w := open(t, options{})
	var made struct{ List []past }
	w.hook("POST", "history", fields{"payments": 1, "from": w.now().Add(-9 * time.Hour), "to": w.now().Add(-8 * time.Hour), "custom_ids": []string{uuid.NewString()}, "list": true}, &made)
	// The account's life before we were set up is none of ours, unless somebody asks for it.
	w.clean(reconcile.Order{})
	found := only(t, w.run(reconcile.Order{From: w.now().Add(-24 * time.Hour)}))
	if found.Kind != reconcile.UnknownPayer || found.Ref != made.List[0].Capture {
		t.Fatalf("%v", found)
	}
	if _, err := w.Adopt(t.Context(), found.ID, campaign.DefaultSlug, editor); err != nil {
		t.Fatal(err)
	}
	w.clean(reconcile.Order{})
	w.agree()
}

// Webhook events that no delivery brought tell of what is too new for PayPal's record.
func TestEventsTellOfWhatIsTooNew(t *testing.T) {
	t.Parallel()
	w := open(t, options{})
	if _, err := w.paypal.CreateWebhook(t.Context(), "http://127.0.0.1:1/webhooks/paypal", inboxTypes()); err != nil {
		t.Fatal(err)
	}
	w.hook("POST", "faults", fields{"kind": "drop_webhook"}, nil)
	w.hook("POST", "search", fields{"lag": "3h"}, nil)
	c, capture := w.paid("EUR", "approve", nil)
	w.hook("POST", "captures/"+capture+"/refund", fields{"amount": "5.00"}, nil)
	res := w.clean(reconcile.Order{From: w.now().Add(-24 * time.Hour)})
	if got := w.state(c); got != contribution.PartiallyRefunded || res.Recovered == 0 {
		t.Errorf("it is %s after %d events", got, res.Recovered)
	}
	w.agree()
	if again := w.clean(reconcile.Order{From: w.now().Add(-24 * time.Hour)}); again.Recovered != 0 {
		t.Errorf("%d events were news again", again.Recovered)
	}
}

func inboxTypes() []string {
	return []string{"CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.REFUNDED"}
}

// What a case did to the money is held against PayPal's record by payment, also where the case itself is known.
func TestWhatACaseDidIsBooked(t *testing.T) {
	t.Parallel()
	w := open(t, options{})
	gifts := w.gifts(2, w.now().Add(-48*time.Hour), w.now().Add(-40*time.Hour))
	w.hook("POST", "captures/"+gifts[0].Capture+"/dispute", fields{"outcome": "seller"}, nil)
	w.hook("POST", "captures/"+gifts[1].Capture+"/dispute", fields{"outcome": "buyer", "fee": "16.00"}, nil)
	w.clean(reconcile.Order{})
	if n := w.exec(`DELETE FROM ledger_entry WHERE kind IN ('dispute_hold', 'dispute_release', 'chargeback_fee')`); n != 5 {
		t.Fatalf("%d entries of two cases", n)
	}
	if dry := w.run(reconcile.Order{Dry: true}); len(dry.Open) != 5 || dry.Mended != 5 {
		t.Errorf("a dry run: %v", dry.Open)
	}
	if res := w.clean(reconcile.Order{}); res.Mended != 5 {
		t.Errorf("mended %d", res.Mended)
	}
	w.agree()

	// A hold of ours that PayPal does not know, long enough ago to be judged.
	gift := w.settled(1, w.now().Add(-42*24*time.Hour), w.now().Add(-41*24*time.Hour))[0]
	w.exec(`
		INSERT INTO dispute (payment_id, paypal_id, status, paypal_status, stage, amount_minor, currency, opened_at, changed_at, recorded_at)
		SELECT id, 'PP-D-999999', 'open', 'UNDER_REVIEW', 'CHARGEBACK', 700, 'EUR', $1, $1, $1 FROM payment WHERE paypal_id = $2`, w.now(), gift.Capture)
	w.exec(`
		INSERT INTO ledger_entry (contribution_id, payment_id, kind, amount_minor, currency, paypal_ref, occurred_at, recorded_at, source)
		SELECT contribution_id, id, 'dispute_hold', -700, 'EUR', 'PP-D-999999', $1, $1, 'test' FROM payment WHERE paypal_id = $2`,
		w.now().Add(-40*24*time.Hour), gift.Capture)
	res := w.run(reconcile.Order{From: w.now().Add(-60 * 24 * time.Hour)})
	if d := only(t, res); d.Kind != reconcile.MissingThere || d.Ref != "PP-D-999999" || d.Parent != gift.Capture {
		t.Errorf("%v", d)
	}
}
