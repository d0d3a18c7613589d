package reconcile_test

import (
	"testing"
	"time"

	"readerfund/internal/reconcile"
)

// Payments are compared by time, and those that are not found so by their ids: that PayPal dates one otherwise than we
// do is no difference, and PayPal need not be asked.
func TestPaymentsThatPayPalDatesOtherwise(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	now := f.Clock.Now()
	gifts := f.settled(4, now.Add(-48*time.Hour), now.Add(-40*time.Hour))
	for i, apart := range []string{"2 hours", "-2 hours", "11 minutes", "-30 seconds"} {
		f.Exec(`UPDATE payment SET occurred_at = occurred_at + $2::interval WHERE paypal_id = $1`, gifts[i].Capture, apart)
		f.Exec(`UPDATE ledger_entry SET occurred_at = occurred_at - $2::interval WHERE paypal_ref = $1 AND kind = 'charge'`,
			gifts[i].Capture, apart)
	}
	before := f.looks.Load()
	if res := f.clean(reconcile.Order{}); res.Payments != 4 || res.Fixed != 0 || f.looks.Load() != before {
		t.Errorf("%d payments, %d mended, PayPal was asked %d times", res.Payments, res.Fixed, f.looks.Load()-before)
	}
	// A fee of ours that PayPal does not list is found, wherever it is dated.
	f.list(`UPDATE paypal_transaction SET fee_minor = 0 WHERE paypal_id = $1`, gifts[3].Capture)
	f.Exec(`UPDATE ledger_entry SET occurred_at = occurred_at - interval '1 day' WHERE kind = 'fee'`)
	if d := only(t, f.run(f.listed())); d.Kind != reconcile.WrongFee || d.Ref != gifts[3].Capture {
		t.Errorf("%+v", d)
	}
}

// PayPal lists an id twice, far apart: one row counts, the one that changed last, and what differs there is found once.
func TestAnIDThatIsListedTwice(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	now := f.Clock.Now()
	cases := []struct {
		what           string
		apart, updated string // of the second row, from the first
		amount         int    // of the second row
		ours           string // how far our date is from the first row's
		differs        bool
	}{
		{"the later row counts and differs", "6 hours", "1 hour", 2600, "0", true},
		{"the earlier row counts and differs", "-6 hours", "1 hour", 2600, "0", true},
		{"it counts and differs, and both are looked up by id", "6 hours", "1 hour", 2600, "1 day", true},
		{"the later row differs, and is old", "6 hours", "-1 hour", 2600, "0", false},
		{"the earlier row differs, and is old", "-6 hours", "-1 hour", 2600, "0", false},
		{"neither differs", "6 hours", "1 hour", 2500, "0", false},
	}
	gifts := f.settled(len(cases), now.Add(-49*time.Hour), now.Add(-48*time.Hour))
	for i, c := range cases {
		f.Exec(`UPDATE payment SET occurred_at = occurred_at + $2::interval WHERE paypal_id = $1`, gifts[i].Capture, c.ours)
		f.list(`
			INSERT INTO paypal_transaction
			SELECT run_id, paypal_id, code, initiated_at + $2::interval, currency, class, status, $4, fee_minor, owner,
				invoice_id, reference_id, reference_type, unreadable, detail, updated_at + $3::interval
			FROM paypal_transaction WHERE paypal_id = $1`, gifts[i].Capture, c.apart, c.updated, c.amount)
	}
	// So many other movements lie before and after that the two rows are compared in batches of their own.
	f.list(`
		INSERT INTO paypal_transaction
		SELECT DISTINCT run_id, 'OTHER' || n, 'T0400', $1::timestamptz + interval '1 second' * n, 'EUR', 'other', 'S', 0, 0,
			NULL::uuid, '', '', '', '', NULL::jsonb, $1::timestamptz
		FROM paypal_transaction, generate_series(-6000, 6000) n`, now.Add(-48*time.Hour-30*time.Minute))
	check := func(o reconcile.Order) {
		found := map[string]int{}
		for _, d := range f.run(o).Open {
			found[d.Ref]++
			if d.Kind != reconcile.WrongAmount {
				t.Errorf("%v", d)
			}
		}
		for i, c := range cases {
			if n := found[gifts[i].Capture]; c.differs != (n == 1) || n > 1 {
				t.Errorf("%s: found %d times (dry: %t)", c.what, n, o.Dry)
			}
		}
	}
	dry := f.listed()
	dry.Dry = true
	check(dry)
	check(f.listed())
}

// list has each of the runs of listed change PayPal's rows, once they are read.
func (f *fixture) list(change string, args ...any) {
	f.changes = append(f.changes, func() { f.Exec(change, args...) })
}

// listed is an order whose run finds in PayPal's record what list has put there.
func (f *fixture) listed() reconcile.Order {
	return reconcile.Order{Progress: func(p reconcile.Progress) {
		if p.Doing == "read PayPal's record" {
			for _, change := range f.changes {
				change()
			}
		}
	}}
}
