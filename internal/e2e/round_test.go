package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"readerfund/internal/money"
)

// round is one fault provoked under load, with so many processes; the seed decides what readers do and what of the fault
// is provoked. When exactly things meet is up to the machine.
type round struct {
	fault     string
	processes int
	seed      uint64
}

// outcome is what a round came to.
type outcome struct {
	struck, gifts, acknowledged int
	findings
}

// settling is how long the service may take to put its books in order once the trouble is over.
const settling = 45 * time.Second

// play provokes the fault under load, lets the system settle, and compares the books.
func (r round) play(t *testing.T, g *ground, out *outcome) {
	t.Helper()
	f := faultNamed(t, r.fault)
	h := &house{round: r, ground: g, draw: rand.New(rand.NewPCG(r.seed, 0))}
	if f.prepare != nil {
		f.prepare(t, h)
	}
	h.open(t)
	if f.fill != nil {
		f.fill(h)
	} else {
		h.fill()
	}
	h.crowd = h.gather(0, r.seed)
	h.crowd.bases = h.bases
	h.crowd.pause = 30 * time.Millisecond
	if f.readers != "" {
		h.crowd.endings = strings.Fields(f.readers)
	}
	h.crowd.begin(3, r.seed)
	h.givenAtLeast(4)
	f.provoke(h)
	h.givenAtLeast(h.crowd.gave() + 2) // life goes on
	h.crowd.leave()
	out.findings = h.settle()
	out.struck, out.gifts = h.struck, h.crowd.gave()
	out.acknowledged = h.heard(&out.findings)
	h.reported(&out.findings)
	h.checked(&out.findings)
	if f.settled != nil {
		f.settled(h, &out.findings)
	}
}

// failOn fails the test for what a round came to.
func (o outcome) failOn(t *testing.T) {
	t.Helper()
	for _, line := range o.all() {
		t.Error(line)
	}
	if o.struck == 0 {
		t.Error("the fault struck nothing, so this says nothing")
	}
}

// givenAtLeast waits until so many gifts were given.
func (h *house) givenAtLeast(n int) {
	h.t.Helper()
	eventually(h.t, patience, fmt.Sprintf("%d gifts are given", n), func() (bool, string) {
		return h.crowd.gave() >= n, fmt.Sprintf("%d are", h.crowd.gave())
	})
}

// settle lets the system come to rest, and gives what differs then.
func (h *house) settle() findings {
	h.t.Helper()
	h.calm()
	for _, p := range []*proxy{h.toDatabase, h.toPayPal, h.toUs} {
		p.heal()
	}
	for _, v := range h.services {
		if err := v.ready(settling); err != nil {
			h.t.Error(err)
		}
	}
	var last findings
	var restless string
	atRest, attempts := 0, -1
	for deadline := time.Now().Add(settling); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		h.timePasses()
		if h.reconcile {
			if said, err := h.reconciler(); err != nil && !strings.Contains(said, "unexplained") {
				h.t.Errorf("the reconciler: %v: %s", err, said)
			}
		}
		var n int
		n, restless = h.restless()
		if restless == "" && n == attempts {
			last = h.compare()
			if atRest++; atRest >= 2 && len(last.all()) == 0 {
				return last
			}
		}
		attempts = n
	}
	last = h.compare()
	if restless != "" {
		last.unexplained = append(last.unexplained, "it never came to rest: "+restless)
	}
	return last
}

// reconciler runs the reconciler, which says in its first line what it could not explain.
func (h *house) reconciler() (said string, err error) {
	ctx, cancel := context.WithTimeout(h.t.Context(), settling)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(h.t, "readerfund"), "reconcile")
	cmd.Env = environment(h.settings)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// checked has the reconciler look at what the harness has just found in order: it must find the same, and leave it so.
func (h *house) checked(f *findings) {
	h.t.Helper()
	if len(f.all()) > 0 {
		return
	}
	if said, err := h.reconciler(); err != nil || !strings.Contains(said, " 0 unexplained,") {
		f.unexplained = append(f.unexplained, fmt.Sprintf("the reconciler: %v: %s", err, said))
	}
	f.add(h.compare())
}

// compare is L and what readers were promised, both.
func (h *house) compare() findings {
	h.t.Helper()
	f, err := h.audit()
	if err != nil {
		h.t.Fatal(err)
	}
	promises, err := h.crowd.promises()
	if err != nil {
		h.t.Fatal(err)
	}
	f.add(promises)
	return f
}

// timePasses does what hours of waiting would: what is put off is due now.
func (h *house) timePasses() {
	h.t.Helper()
	h.leasesRunOut()
	if h.hopeless {
		// What failed three times goes on to its last try: the first ones have shown all there is to see.
		h.mustExec(`UPDATE webhook_event SET attempts = greatest(attempts, 19) WHERE due_at IS NOT NULL AND state <> 'parked' AND attempts >= 3`)
	}
	h.mustExec(`
		UPDATE contribution SET check_at = created_at, gone_since = gone_since - interval '1 minute'
		WHERE id IN (SELECT id FROM contribution WHERE check_at IS NOT NULL AND state <> 'pending' FOR UPDATE SKIP LOCKED)`)
}

// restless says what is still under way, and how many deliveries PayPal has made so far.
func (h *house) restless() (attempts int, what string) {
	h.t.Helper()
	if n := h.count("webhook_event WHERE due_at IS NOT NULL AND state <> 'parked'"); n > 0 {
		return -1, fmt.Sprintf("%d events are to be worked on", n)
	}
	var all []delivery
	h.bank.must("GET", "/sandbox/deliveries", nil, &all)
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

// heard checks that every acknowledged event is kept, and gives how many deliveries were acknowledged.
func (h *house) heard(f *findings) int {
	h.t.Helper()
	told, missing, err := h.acknowledged()
	if err != nil {
		h.t.Fatal(err)
	}
	for _, id := range missing {
		if !h.forgot {
			f.lost = append(f.lost, "PayPal was told that we have event "+id+", and we have not")
		}
	}
	return told
}

// reported checks that the report has PayPal's sums.
func (h *house) reported(f *findings) {
	h.t.Helper()
	all, err := h.bank.ledger()
	if err != nil {
		h.t.Fatal(err)
	}
	theirs, err := theirBooks(all)
	if err != nil {
		h.t.Fatal(err)
	}
	sums, charges := map[string]map[string]int64{}, map[string]int64{}
	for key, b := range theirs.bookings {
		kind := key[:strings.LastIndex(key, " ")]
		if sums[b.currency] == nil {
			sums[b.currency] = map[string]int64{}
		}
		sums[b.currency][kind] += b.minor
		if kind == "charge" {
			charges[b.currency]++
		}
	}
	var rows []struct {
		Currency, Gross, Fee, Refunded, Held, Net string
		Count                                     int64
	}
	if err := json.Unmarshal([]byte(h.command("", "report", "totals", "--format", "json")), &rows); err != nil {
		h.t.Fatal(err)
	}
	for _, row := range rows {
		s := sums[row.Currency]
		decimal := func(minor int64) string { return money.New(minor, money.Currency(row.Currency)).Decimal() }
		net := s["charge"] + s["fee"] + s["back"] + s["fee back"] + s["held"] + s["case fee"]
		want := []string{decimal(s["charge"]), decimal(-s["fee"] - s["fee back"] - s["case fee"]), decimal(-s["back"]), decimal(-s["held"]), decimal(net)}
		got := []string{row.Gross, row.Fee, row.Refunded, row.Held, row.Net}
		if !slices.Equal(got, want) || row.Count != charges[row.Currency] {
			f.unexplained = append(f.unexplained, fmt.Sprintf("the report has %d gifts and %v %s, PayPal's ledger %d and %v", row.Count, got, row.Currency, charges[row.Currency], want))
		}
		delete(sums, row.Currency)
	}
	for currency := range sums {
		f.unexplained = append(f.unexplained, "the report lacks "+currency)
	}
}
