package reconcile_test

import (
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/reconcile"
	"readerfund/internal/settle"
	"readerfund/internal/testkit"
)

// The nightly run covers a few days. Our own open disputes are compared whenever they began: one that PayPal has ended
// without our hearing of it, and one that PayPal does not know.
func TestOpenDisputesOfAnyAgeAreCompared(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	gifts := f.settled(3, f.Clock.Now().Add(-42*24*time.Hour), f.Clock.Now().Add(-41*24*time.Hour))
	f.PayPal.Must("POST", "/sandbox/captures/"+gifts[0].Capture+"/dispute", testkit.Fields{}, nil)
	f.clean(reconcile.Order{})
	f.agree()
	f.Clock.Advance(40 * 24 * time.Hour)
	f.clean(reconcile.Order{})

	// The dispute ends at PayPal; neither its event nor PayPal's list of changed disputes tells of it.
	f.PayPal.Must("POST", "/sandbox/captures/"+gifts[0].Capture+"/dispute", testkit.Fields{"outcome": "seller"}, nil)
	f.Clock.Advance(10 * 24 * time.Hour)
	f.Exec(`UPDATE reconcile_run SET checked_to = $1 WHERE state = 'done'`, f.Clock.Now().Add(-4*24*time.Hour))
	d := only(t, f.run(reconcile.Order{Dry: true}))
	if d.Kind != reconcile.WrongStatus || d.Parent != gifts[0].Capture || !d.Mendable {
		t.Errorf("a dry run names %+v", d)
	}
	if res := f.clean(reconcile.Order{}); res.Fixed != 1 {
		t.Errorf("mended %d", res.Fixed)
	}
	if n := f.Count(`dispute WHERE status = 'open'`); n != 0 {
		t.Errorf("%d disputes are still open here", n)
	}
	f.agree()

	// A dispute of ours that PayPal does not know, as if the service had pointed at another account when it was kept.
	f.Exec(`
		INSERT INTO dispute (payment_id, paypal_id, status, paypal_status, stage, amount_minor, currency,
		                     opened_at, changed_at, recorded_at)
		SELECT id, 'PP-D-999999', 'open', 'UNDER_REVIEW', 'CHARGEBACK', 700, 'EUR', $1, $1, $1
		FROM payment WHERE paypal_id = $2`,
		f.Clock.Now().Add(-60*24*time.Hour), gifts[1].Capture)
	d = only(t, f.run(reconcile.Order{}))
	if d.Kind != reconcile.MissingThere || d.Ref != "PP-D-999999" || d.Parent != gifts[1].Capture {
		t.Errorf("%+v", d)
	}
	// Once it is gone from our books, the difference goes as well, however old the dispute was.
	f.Exec(`DELETE FROM dispute WHERE paypal_id = 'PP-D-999999'`)
	f.clean(reconcile.Order{})
}

// What we hold back for a dispute that has ended is compared by the nightly run as well.
func TestHoldsOfEndedDisputesAreCompared(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	gift := f.settled(1, f.Clock.Now().Add(-12*24*time.Hour), f.Clock.Now().Add(-11*24*time.Hour))[0]
	f.clean(reconcile.Order{})
	began := f.Clock.Now().Add(-10 * 24 * time.Hour)
	f.Exec(`
		INSERT INTO dispute (payment_id, paypal_id, status, paypal_status, stage, amount_minor, currency,
		                     opened_at, changed_at, recorded_at)
		SELECT id, 'PP-D-999998', 'resolved', 'RESOLVED', 'CHARGEBACK', 700, 'EUR', $1, $1, $1
		FROM payment WHERE paypal_id = $2`,
		began, gift.Capture)
	for kind, minor := range map[string]int{"dispute_hold": -700, "dispute_release": 700} {
		f.Exec(`
			INSERT INTO ledger_entry (contribution_id, payment_id, kind, amount_minor, currency, paypal_ref,
			                          occurred_at, recorded_at, source)
			SELECT contribution_id, id, $3, $4, 'EUR', 'PP-D-999998', $1, $1, 'test' FROM payment WHERE paypal_id = $2`,
			began, gift.Capture, kind, minor)
	}
	res := f.run(reconcile.Order{})
	if d := only(t, res); d.Kind != reconcile.MissingThere || d.Ref != "PP-D-999998" {
		t.Errorf("%+v", d)
	}
}

// A dry run changes no row that was there, not even what an earlier run left unfinished.
func TestADryRunWritesNothing(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	gifts := f.gifts(5, f.Clock.Now().Add(-50*time.Hour), f.Clock.Now().Add(-5*time.Hour))
	src := settle.Source{Way: contribution.ByWebhook}
	if _, err := f.Payments.SettleCapture(t.Context(), gifts[0].Capture, src); err != nil {
		t.Fatal(err)
	}
	f.Exec(`
		INSERT INTO reconcile_run (from_at, to_at, read_to, state, started_at, seen_at)
		VALUES ($1::timestamptz - interval '1 day', $1, $1, 'broken', $2, $2)`, f.Clock.Now(),
		f.Clock.Now().Add(-8*time.Hour))
	f.Exec(`
		INSERT INTO paypal_transaction (run_id, paypal_id, code, initiated_at, currency, class, status,
		                                amount_minor, fee_minor, invoice_id,
		                                reference_id, reference_type, unreadable, updated_at)
		SELECT id, 'LEFT', 'T0006', $1, 'EUR', 'gift', 'S', 2500, -100, '', '', '', '', $1 FROM reconcile_run`,
		f.Clock.Now().Add(-9*time.Hour))
	before := f.dump()
	if res := f.run(reconcile.Order{Dry: true}); res.Fixed != 4 {
		t.Errorf("a dry run would mend %d: %v", res.Fixed, res.Open)
	}
	f.unchanged(before)
}
