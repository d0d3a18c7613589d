package faults

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/mail"
	"readerfund/internal/money"
	"readerfund/internal/testkit"
)

// round is one fault provoked under load, with so many processes; the seed decides what readers do and what of the
// fault is provoked. When exactly things meet is up to the machine.
type round struct {
	fault     string
	processes int
	seed      uint64
}

// outcome is what a round came to.
type outcome struct {
	struck, gifts, acknowledged int
	harness.Differences
}

// usualPause is how long a reader waits between two gifts.
const usualPause = 30 * time.Millisecond

// settleTimeout is how long the service may take to put its books in order once the trouble is over.
const settleTimeout = 90 * time.Second

// play provokes the fault under load, lets the system settle, and compares the books.
func (r round) play(t *testing.T, g *cluster, out *outcome) {
	t.Helper()
	f := faultNamed(t, r.fault)
	h := &fixture{round: r, cluster: g, draw: rand.New(rand.NewPCG(r.seed, 0))}
	if f.prepare != nil {
		f.prepare(t, h)
	}
	h.open(t)
	if f.start != nil {
		f.start(h)
	} else {
		h.startProcesses()
	}
	h.load = h.NewLoad(0, r.seed)
	h.load.BaseURLs = h.baseURLs
	h.load.Pause = cmp.Or(f.pause, usualPause)
	if f.readers != "" {
		h.load.Endings = strings.Fields(f.readers)
	}
	h.load.AddReaders(3, r.seed)
	h.waitForGifts(4)
	f.provoke(h)
	h.waitForGifts(h.load.Given() + 2) // life goes on
	h.load.Stop()
	out.Differences = h.settle()
	out.struck, out.gifts = h.struck, h.load.Given()
	out.acknowledged = h.checkAcknowledged(&out.Differences)
	h.checkReport(&out.Differences)
	h.checkReconciler(&out.Differences)
	h.checkReceipts(&out.Differences)
	if f.settled != nil {
		f.settled(h, &out.Differences)
	}
}

// failOn fails the test for what a round came to.
func (o outcome) failOn(t *testing.T) {
	t.Helper()
	for _, line := range o.All() {
		t.Error(line)
	}
	if o.struck == 0 {
		t.Error("the fault struck nothing, so this says nothing")
	}
}

// waitForGifts waits until so many gifts were given.
func (h *fixture) waitForGifts(n int) {
	h.T.Helper()
	testkit.Eventually(h.T, harness.RetryFor, fmt.Sprintf("%d gifts are given", n), func() (bool, string) {
		return h.load.Given() >= n, fmt.Sprintf("%d are", h.load.Given())
	})
}

// settle lets the system come to rest, and gives what differs then.
func (h *fixture) settle() harness.Differences {
	h.T.Helper()
	h.clearFaults()
	for _, p := range []*proxy{h.toDatabase, h.toPayPal, h.toService} {
		p.reset()
	}
	for _, v := range h.processes {
		if err := v.Ready(settleTimeout); err != nil {
			h.T.Error(err)
		}
	}
	var last harness.Differences
	var restless string
	atRest, attempts := 0, -1
	for deadline := time.Now().Add(settleTimeout); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		h.expireAll()
		if h.reconcile {
			if said, err := h.reconciler(); err != nil && !strings.Contains(said, "unexplained") {
				h.T.Errorf("the reconciler: %v: %s", err, said)
			}
		}
		var n int
		n, restless = h.pending()
		if restless == "" && n == attempts {
			last = h.compare()
			if atRest++; atRest >= 2 && len(last.All()) == 0 {
				return last
			}
		}
		attempts = n
	}
	last = h.compare()
	if restless != "" {
		last.Unexplained = append(last.Unexplained, "it never came to rest: "+restless)
	}
	return last
}

// reconciler runs the reconciler, which says in its first line what it could not explain.
func (h *fixture) reconciler() (said string, err error) {
	ctx, cancel := context.WithTimeout(h.T.Context(), settleTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, harness.Program(h.T, "readerfund"), "reconcile")
	cmd.Env = harness.Environment(h.Settings)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// checkReconciler has the reconciler look at what the harness has just found in order: it must find the same, and leave
// it so.
func (h *fixture) checkReconciler(f *harness.Differences) {
	h.T.Helper()
	if len(f.All()) > 0 {
		return
	}
	if said, err := h.reconciler(); err != nil || !strings.Contains(said, " 0 unexplained,") {
		f.Unexplained = append(f.Unexplained, fmt.Sprintf("the reconciler: %v: %s", err, said))
	}
	f.Add(h.compare())
}

// compare is L and what readers were promised, both.
func (h *fixture) compare() harness.Differences {
	h.T.Helper()
	f, err := h.Compare()
	if err != nil {
		h.T.Fatal(err)
	}
	promises, err := h.load.Promises()
	if err != nil {
		h.T.Fatal(err)
	}
	f.Add(promises)
	return f
}

// expireAll does what hours of waiting would: what is put off is due now.
func (h *fixture) expireAll() {
	h.T.Helper()
	h.ExpireLeases()
	if h.hopeless {
		// What failed three times goes on to its last try: the first ones have shown all there is to see.
		h.mustExec(
			`UPDATE webhook_event SET attempts = greatest(attempts, 19) WHERE due_at IS NOT NULL AND state <> 'parked' AND attempts >= 3`,
		)
	}
	h.mustExec(`
		UPDATE contribution SET check_at = created_at, gone_since = gone_since - interval '1 minute'
		WHERE id IN (SELECT id FROM contribution WHERE check_at IS NOT NULL AND state <> 'pending' FOR UPDATE SKIP LOCKED)`)
	h.mustExec(`
		UPDATE subscription SET check_at = recorded_at
		WHERE paypal_id IN (SELECT paypal_id FROM subscription WHERE check_at IS NOT NULL FOR UPDATE SKIP LOCKED)`)
}

// pending says what is still under way, and how many deliveries PayPal has made so far.
func (h *fixture) pending() (attempts int, what string) {
	h.T.Helper()
	if n := h.Count("webhook_event WHERE due_at IS NOT NULL AND state <> 'parked'"); n > 0 {
		return -1, fmt.Sprintf("%d events are to be worked on", n)
	}
	var all []testkit.Delivery
	h.PayPal.Must("GET", "/sandbox/deliveries", nil, &all)
	arrived := map[string]bool{}
	for _, d := range all {
		arrived[d.EventID] = arrived[d.EventID] || d.Status/100 == 2
	}
	for id, yes := range arrived {
		if !yes && !h.givenUp {
			return len(all), "PayPal still delivers " + id
		}
	}
	return len(all), ""
}

// checkAcknowledged checks that every acknowledged event is kept, and gives how many deliveries were acknowledged.
func (h *fixture) checkAcknowledged(f *harness.Differences) int {
	h.T.Helper()
	told, missing, err := h.Acknowledged()
	if err != nil {
		h.T.Fatal(err)
	}
	for _, id := range missing {
		if !h.Restored {
			f.Lost = append(f.Lost, "PayPal was told that we have event "+id+", and we have not")
		}
	}
	return told
}

// checkReceipts checks that no reader was written to about money that did not move: what they got a receipt or a notice
// for is a payment or a refund that came to its end, and those are PayPal's.
func (h *fixture) checkReceipts(f *harness.Differences) {
	h.T.Helper()
	var wrong []string
	err := h.DB.SelectContext(h.T.Context(), &wrong, `
		SELECT m.key FROM mail m WHERE m.kind = $1 AND NOT EXISTS (
			SELECT FROM receipt r JOIN payment p ON p.id = r.payment_id LEFT JOIN refund back ON back.id = r.refund_id
			WHERE r.id::text = m.key AND p.status = 'completed' AND (r.refund_id IS NULL OR back.status = 'completed'))`,
		mail.Receipt)
	if err != nil {
		h.T.Fatal(err)
	}
	for _, key := range wrong {
		f.Unexplained = append(f.Unexplained, "a mail was written about money that did not move: receipt "+key)
	}
}

// checkReport checks that the report has PayPal's sums.
func (h *fixture) checkReport(f *harness.Differences) {
	h.T.Helper()
	all, err := h.PayPal.Ledger()
	if err != nil {
		h.T.Fatal(err)
	}
	theirs, err := harness.TheirBooks(all)
	if err != nil {
		h.T.Fatal(err)
	}
	sums, charges := map[string]map[string]int64{}, map[string]int64{}
	for key, b := range theirs.Bookings {
		kind := key[:strings.LastIndex(key, " ")]
		if sums[b.Currency] == nil {
			sums[b.Currency] = map[string]int64{}
		}
		sums[b.Currency][kind] += b.Minor
		if kind == "charge" {
			charges[b.Currency]++
		}
	}
	var rows []struct {
		Currency, Gross, Fee, Refunded, Held, Net string
		Count                                     int64
	}
	if err := json.Unmarshal([]byte(h.Command("", "report", "totals", "--format", "json")), &rows); err != nil {
		h.T.Fatal(err)
	}
	for _, row := range rows {
		s := sums[row.Currency]
		decimal := func(minor int64) string { return money.New(minor, money.Currency(row.Currency)).Decimal() }
		net := s["charge"] + s["fee"] + s["back"] + s["fee back"] + s["held"] + s["case fee"]
		want := []string{
			decimal(s["charge"]),
			decimal(-s["fee"] - s["fee back"] - s["case fee"]),
			decimal(-s["back"]),
			decimal(-s["held"]),
			decimal(net),
		}
		got := []string{row.Gross, row.Fee, row.Refunded, row.Held, row.Net}
		if !slices.Equal(got, want) || row.Count != charges[row.Currency] {
			f.Unexplained = append(
				f.Unexplained,
				fmt.Sprintf(
					"the report has %d gifts and %v %s, PayPal's ledger %d and %v",
					row.Count,
					got,
					row.Currency,
					charges[row.Currency],
					want,
				),
			)
		}
		delete(sums, row.Currency)
	}
	for currency := range sums {
		f.Unexplained = append(f.Unexplained, "the report lacks "+currency)
	}
}
