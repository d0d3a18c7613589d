package reconcile_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"readerfund/internal/reconcile"
)

// From a copy of the books, 100 payments are deleted, 100 amounts changed, and 10 payments added that PayPal does not
// know: a dry run names all 210 and writes nothing.
func TestEveryTamperedRowIsNamed(t *testing.T) {
	if testing.Short() {
		t.Skip("many gifts, one after the other: left out of the short run")
	}
	t.Parallel()
	w := open(t, options{})
	gifts := w.gifts(400, w.now().Add(-40*24*time.Hour), w.now().Add(-4*time.Hour))
	for i := 0; i < 400; i += 9 {
		w.hook("POST", "captures/"+gifts[i].Capture+"/refund", fields{"amount": "3.00"}, nil)
	}
	w.clean(reconcile.Order{})
	w.agree()

	// Spread over all of them, by what nobody chose: the captures' ids.
	ids := make([]string, 0, len(gifts))
	for _, g := range gifts {
		ids = append(ids, g.Capture)
	}
	slices.Sort(ids)
	deleted, changed := ids[:100], ids[150:250]
	for _, id := range deleted {
		w.exec(`DELETE FROM ledger_entry WHERE payment_id = (SELECT id FROM payment WHERE paypal_id = $1)`, id)
		w.exec(`DELETE FROM refund WHERE payment_id = (SELECT id FROM payment WHERE paypal_id = $1)`, id)
		w.exec(`DELETE FROM payment WHERE paypal_id = $1`, id)
	}
	for i, id := range changed {
		if i%2 == 0 {
			w.exec(`UPDATE ledger_entry SET amount_minor = amount_minor + 100 WHERE kind = 'charge' AND paypal_ref = $1`, id)
		} else {
			w.exec(`UPDATE payment SET amount_minor = amount_minor + 1 WHERE paypal_id = $1`, id)
		}
	}
	var added []string
	for i := range 10 {
		id := fmt.Sprintf("7XX%014d", i)
		added = append(added, id)
		w.exec(`
			INSERT INTO payment (contribution_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
			SELECT id, 'capture', $1, 'completed', 2500, 'EUR', $2, $2 FROM contribution LIMIT 1`, id, w.now().Add(-time.Duration(24+i)*time.Hour))
		w.exec(`
			INSERT INTO ledger_entry (contribution_id, payment_id, kind, amount_minor, currency, paypal_ref, occurred_at, recorded_at, source)
			SELECT contribution_id, id, 'charge', 2500, 'EUR', paypal_id, occurred_at, recorded_at, 'test' FROM payment WHERE paypal_id = $1`, id)
	}

	before, runs := w.dump(), w.count("reconcile_run")
	res := w.run(reconcile.Order{Dry: true, From: w.now().Add(-41 * 24 * time.Hour)})
	w.unchanged(before)
	if w.count("reconcile_run") != runs {
		t.Error("the dry run left a row")
	}
	for kind, want := range map[reconcile.Kind][]string{reconcile.MissingHere: deleted, reconcile.WrongAmount: changed, reconcile.MissingThere: added} {
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
	res = w.run(reconcile.Order{From: w.now().Add(-41 * 24 * time.Hour)})
	if n := kinds(res.Open); n[reconcile.WrongAmount] != 100 || n[reconcile.MissingThere] != 10 || len(res.Open) != 110 {
		t.Errorf("left: %v", n)
	}
	for _, id := range deleted {
		if w.count("payment WHERE paypal_id = $1", id) != 1 {
			t.Errorf("%s is not mended", id)
		}
	}
}
