package reconcile_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"readerfund/internal/reconcile"
	"readerfund/internal/testkit"
)

// From a copy of the books, 100 payments are deleted, 100 amounts changed, and 10 payments added that PayPal does not
// know: a dry run names all 210 and writes nothing. Outside of CI there are 20 of each.
func TestEveryTamperedRowIsNamed(t *testing.T) {
	if testing.Short() {
		t.Skip("many gifts, one after the other: left out of the short run")
	}
	t.Parallel()
	f := open(t, options{})
	n := 20 // how many of each kind
	if testkit.Full() {
		n = 100
	}
	gifts := f.gifts(4*n, f.Clock.Now().Add(-40*24*time.Hour), f.Clock.Now().Add(-4*time.Hour))
	for i := 0; i < len(gifts); i += 9 {
		f.PayPal.Must("POST", "/sandbox/captures/"+gifts[i].Capture+"/refund", testkit.Fields{"amount": "3.00"}, nil)
	}
	f.clean(reconcile.Order{})
	f.agree()

	// Spread over all of them, by what nobody chose: the captures' ids.
	ids := make([]string, 0, len(gifts))
	for _, g := range gifts {
		ids = append(ids, g.Capture)
	}
	slices.Sort(ids)
	deleted, changed := ids[:n], ids[3*n/2:5*n/2]
	for _, id := range deleted {
		f.Exec(`DELETE FROM ledger_entry WHERE payment_id = (SELECT id FROM payment WHERE paypal_id = $1)`, id)
		f.Exec(`DELETE FROM refund WHERE payment_id = (SELECT id FROM payment WHERE paypal_id = $1)`, id)
		f.Exec(`DELETE FROM payment WHERE paypal_id = $1`, id)
	}
	for i, id := range changed {
		if i%2 == 0 {
			f.Exec(`UPDATE ledger_entry SET amount_minor = amount_minor + 100 WHERE kind = 'charge' AND paypal_ref = $1`, id)
		} else {
			f.Exec(`UPDATE payment SET amount_minor = amount_minor + 1 WHERE paypal_id = $1`, id)
		}
	}
	var added []string
	for i := range 10 {
		id := fmt.Sprintf("7XX%014d", i)
		added = append(added, id)
		f.Exec(`
			INSERT INTO payment (contribution_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
			SELECT id, 'capture', $1, 'completed', 2500, 'EUR', $2, $2 FROM contribution
			LIMIT 1`, id, f.Clock.Now().Add(-time.Duration(24+i)*time.Hour))
		f.Exec(`
			INSERT INTO ledger_entry (contribution_id, payment_id, kind, amount_minor, currency, paypal_ref, occurred_at,
				recorded_at, source)
			SELECT contribution_id, id, 'charge', 2500, 'EUR', paypal_id, occurred_at, recorded_at, 'test' FROM payment
			WHERE paypal_id = $1`, id)
	}

	before, runs := f.dump(), f.Count("reconcile_run")
	res := f.run(reconcile.Order{Dry: true, From: f.Clock.Now().Add(-41 * 24 * time.Hour)})
	f.unchanged(before)
	if f.Count("reconcile_run") != runs {
		t.Error("the dry run left a row")
	}
	for kind, want := range map[reconcile.Kind][]string{
		reconcile.MissingHere: deleted, reconcile.WrongAmount: changed, reconcile.MissingThere: added,
	} {
		named := 0
		for _, id := range want {
			if slices.ContainsFunc(res.Open, func(d reconcile.Difference) bool { return d.Kind == kind && d.Ref == id && d.Advice != "" }) {
				named++
			} else {
				t.Errorf("%s %s is not named", kind, id)
			}
		}
		t.Logf("%s: %d of %d named", kind, named, len(want))
	}
	for _, d := range res.Open {
		if !slices.Contains(slices.Concat(deleted, changed, added), d.Ref) && !slices.Contains(deleted, d.Parent) {
			t.Errorf("named, and nobody touched it: %v", d)
		}
	}

	// What was deleted comes back, what was changed and added is left for a person.
	res = f.run(reconcile.Order{From: f.Clock.Now().Add(-41 * 24 * time.Hour)})
	left := kinds(res.Open)
	if left[reconcile.WrongAmount] != n || left[reconcile.MissingThere] != 10 || len(res.Open) != n+10 {
		t.Errorf("left: %v", left)
	}
	for _, id := range deleted {
		if f.Count("payment WHERE paypal_id = $1", id) != 1 {
			t.Errorf("%s is not mended", id)
		}
	}
}
