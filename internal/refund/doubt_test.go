package refund_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/paypal"
	"readerfund/internal/refund"
	"readerfund/internal/testkit/newsroom"
)

// What becomes of one call for a refund at PayPal. Retry-After asks for more patience than the client has, so that
// each is one attempt.
const (
	fine      = ""
	made      = `"kind":"status","status":500,"when":"after","headers":{"Retry-After":"60"}` // and the answer is lost
	outage    = `"kind":"status","status":503,"headers":{"Retry-After":"60"}`
	forbidden = `"kind":"issue","issue":"PERMISSION_DENIED"`
	unknownID = `"kind":"issue","issue":"INVALID_RESOURCE_ID"`
	noFunds   = `"kind":"issue","issue":"REFUND_FAILED_INSUFFICIENT_FUNDS"`
	duplicate = `"kind":"issue","issue":"DUPLICATE_INVOICE_ID"`
	busy      = `"kind":"status","status":409,"body":{"name":"RESOURCE_CONFLICT","message":"x"}`
)

// refundCallsEnd sets what becomes of the next calls for refunds, and of reading PayPal's books.
func (n *world) refundCallsEnd(how, books string) {
	n.T.Helper()
	n.clearFaults()
	if how != fine {
		n.fault(`{"match":{"method":"POST","path":"/v2/payments/captures/*/refund"},` + how + `}`)
	}
	if books != fine {
		n.fault(`{"match":{"method":"GET","path":"/v2/*"},` + books + `}`)
	}
}

// dies sends a request to PayPal and does not live to see the answer.
func (n *world) dies(r refund.Request) {
	n.T.Helper()
	if _, mine, err := n.Refunds.Lease(n.T.Context(), r.ID); err != nil || !mine {
		n.T.Fatalf("mine: %t, %v", mine, err)
	}
	_, _ = n.Client.RefundCapture(n.T.Context(), r.Payment, paypal.RefundRequest{
		RequestID: "refund-" + r.ID.String(), Amount: r.Amount, InvoiceID: r.InvoiceID(), CustomID: r.Contribution.String(),
	})
}

func (n *world) request(c contribution.Contribution, number int) refund.Request {
	n.T.Helper()
	r, err := refund.Find(n.T.Context(), n.DB, "r.contribution_id = $1 AND r.number = $2", c.ID, number)
	if err != nil {
		n.T.Fatal(err)
	}
	return r
}

// What one attempt may have done, no later answer undoes: PayPal made the refund, nobody saw it, and everything
// that PayPal can say afterwards ends with that one refund.
func TestWhatAnEarlierAttemptDidIsFound(t *testing.T) {
	t.Parallel()
	for name, later := range map[string]string{
		"403": forbidden, "404": unknownID, "422": noFunds, "a number used before": duplicate, "40 days": outage,
	} {
		for _, died := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", died: ", died), func(t *testing.T) {
				t.Parallel()
				n := open(t)
				c, _ := n.Pay(newsroom.Intent())
				n.refundCallsEnd(made, fine)
				if died {
					n.refundCallsEnd(busy, fine)
				}
				r, err := n.refund(c, "10.00", "form")
				if err != nil || r.State != refund.Unknown {
					t.Fatalf("%+v, %v", r, err)
				}
				if died {
					n.clearFaults()
					n.dies(r)
				}
				n.Clock.Advance(2 * time.Minute)
				if name == "40 days" {
					n.Clock.Advance(refund.RememberedFor)
				}
				n.refundCallsEnd(later, fine)
				if r, err = n.refund(c, "10.00", "form"); err != nil || r.State != refund.Done || r.RefundID == "" ||
					n.refunds() != 1 {
					t.Errorf("%+v, %v, %d refunds", r, err, n.refunds())
				}
				n.Wants(c, contribution.PartiallyRefunded)
				n.BooksEqual()
				if got := n.Audited(c); got != "contribution.refund, contribution.refund_answer done" {
					t.Errorf("audited: %s", got)
				}
			})
		}
	}
}

// Where PayPal's books say that nothing went back, a refusal stands; but not while they cannot be read, and not
// before a refund would show in them.
func TestARefusalStandsOnceThereIsNoDoubt(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, _ := n.Pay(newsroom.Intent())
	press := func(want refund.State) {
		t.Helper()
		if r, err := n.refund(c, "10.00", "form"); err != nil || r.State != want {
			t.Fatalf("%s, want %s; %v", r.State, want, err)
		}
	}
	n.refundCallsEnd(outage, fine)
	press(refund.Unknown)
	n.refundCallsEnd(forbidden, fine)
	press(refund.Unknown)
	n.Clock.Advance(2 * time.Minute)
	n.refundCallsEnd(forbidden, outage)
	press(refund.Unknown)
	n.clearFaults()
	n.fault(`{"match":{"method":"POST","path":"/v2/payments/captures/*/refund"},` + forbidden + `}`)
	n.fault(`{"match":{"method":"GET","path":"/v2/checkout/orders/*"},` + unknownID + `}`)
	press(refund.Unknown)
	n.refundCallsEnd(forbidden, fine)
	press(refund.Refused)
	n.clearFaults()
	if r, err := n.refund(c, "10.00", "another"); err != nil || r.State != refund.Done || n.refunds() != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	if got := n.Audited(c); !strings.HasPrefix(got, "contribution.refund, contribution.refund_answer refused, ") {
		t.Errorf("audited: %s", got)
	}
}

// What was certainly not sent leaves no doubt behind.
func TestWhatWasNotSentLeavesNoDoubt(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, _ := n.Pay(newsroom.Intent())
	n.refundCallsEnd(`"kind":"status","status":429,"headers":{"Retry-After":"60"}`, fine)
	if r, err := n.refund(c, "10.00", "form"); err != nil || r.State != refund.Asked {
		t.Fatalf("%+v, %v", r, err)
	}
	n.refundCallsEnd(noFunds, outage)
	if r, err := n.refund(c, "10.00", "form"); err != nil || r.State != refund.Refused {
		t.Errorf("%+v, %v", r, err)
	}
}

// One process at a time sends a request, and one that died is followed by another.
func TestARefundIsSentByOneProcessAtATime(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, _ := n.Pay(newsroom.Intent())
	n.refundCallsEnd(outage, fine)
	r, err := n.refund(c, "10.00", "form")
	if err != nil || r.State != refund.Unknown {
		t.Fatalf("%+v, %v", r, err)
	}
	n.clearFaults()
	first, mine, err := n.Refunds.Lease(t.Context(), r.ID)
	if err != nil || !mine {
		t.Fatal(mine, err)
	}
	if r, err = n.refund(c, "10.00", "form"); err != nil || r.State != refund.Unknown || n.refunds() != 0 {
		t.Errorf("while another process has it: %+v, %v", r, err)
	}
	n.Clock.Advance(2 * refund.LeasedFor)
	second, mine, err := n.Refunds.Lease(t.Context(), r.ID)
	if err != nil || !mine {
		t.Fatal(mine, err)
	}
	// The first wakes up and has been told no: the second may be at it.
	if r, err = n.Refunds.End(t.Context(), first, refund.Refused, "X", "x"); err != nil || r.State != refund.Unknown {
		t.Errorf("ended by who lost it: %+v, %v", r, err)
	}
	if _, err = n.Refunds.Postpone(t.Context(), first, refund.Asked); err != nil {
		t.Error(err)
	}
	if r = n.request(c, 1); r.State != refund.Unknown || r.DoubtSince().IsZero() ||
		!r.LeaseUntil().Equal(second.LeaseUntil()) {
		t.Errorf("put off by who lost it: %+v", r)
	}
}

// The news of a refund ends the request that it belongs to, even one that was said to have been refused: then a
// person is asked to look.
func TestNewsOfARefundEndsItsRequest(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, capture := n.Pay(newsroom.Intent())
	n.refundCallsEnd(made, fine)
	if r, err := n.refund(c, "10.00", "form"); err != nil || r.State != refund.Unknown {
		t.Fatalf("%+v, %v", r, err)
	}
	n.clearFaults()
	const ended = `UPDATE refund_request SET state = 'refused', ended_at = asked_at, check_at = NULL, doubt_at = NULL`
	if _, err := n.DB.Exec(ended); err != nil {
		t.Fatal(err)
	}
	var theirs struct{ ID string }
	n.hook("POST", "captures/"+capture+"/refund", `{"amount":"10.00"}`, &theirs)
	if err := n.told(theirs.ID); err != nil {
		t.Fatal(err)
	}
	if r := n.request(c, 1); r.State != refund.Refused {
		t.Errorf("another refund of the same amount is taken for it: %+v", r)
	}
	o, err := n.Client.Order(t.Context(), c.Checkout.PayPalID)
	if err != nil || len(o.Refunds) != 2 {
		t.Fatal(len(o.Refunds), err)
	}
	for range 2 {
		if err := n.told(o.Refunds[0].ID); err != nil {
			t.Fatal(err)
		}
	}
	if r := n.request(c, 1); r.State != refund.Done || r.RefundID != o.Refunds[0].ID {
		t.Errorf("%+v", r)
	}
	if got := n.reviews(c); !strings.Contains(got, "made the refund all the same") {
		t.Errorf("to look at: %q", got)
	}
	n.BooksEqual()
}

// Whatever happens to the calls of several people over some weeks: no request is carried out twice, nothing that went
// back is said not to have, and in the end everything is known. READERFUND_REFUND_HISTORIES says how many are
// tried.
func TestRandomHistoriesOfRefunds(t *testing.T) {
	t.Parallel()
	n := open(t)
	histories := uint64(30)
	if more, err := strconv.ParseUint(os.Getenv("READERFUND_REFUND_HISTORIES"), 10, 64); err == nil {
		histories = more
	}
	ends := map[refund.State]int{}
	for seed := range histories {
		h := &refundHistory{world: n, random: rand.New(rand.NewPCG(seed, 8))}
		h.c, h.capture = n.Pay(newsroom.Intent())
		for range 4 + h.random.IntN(8) {
			h.step()
			if trouble := h.trouble(); trouble != "" {
				t.Fatalf("history %d: %s\n%s", seed, trouble, strings.Join(h.story, "\n"))
			}
		}
		n.clearFaults()
		for range 4 { // the books settle, and the queue comes by
			n.Clock.Advance(2 * time.Hour)
			n.workOff()
		}
		for _, r := range h.requests() {
			ends[r.State]++
			if r.State != refund.Done && r.State != refund.Refused && r.State != refund.Failed {
				t.Fatalf("history %d ends with a request that is %s\n%s", seed, r.State, strings.Join(h.story, "\n"))
			}
		}
		if trouble := h.trouble(); trouble != "" {
			t.Fatalf("history %d: %s\n%s", seed, trouble, strings.Join(h.story, "\n"))
		}
	}
	n.BooksEqual()
	t.Logf("%d histories, ends %v", histories, ends)
}

// refundHistory is what happens to the refunds of one gift.
type refundHistory struct {
	*world
	random   *rand.Rand
	c        contribution.Contribution
	capture  string
	accepted []refund.Intent // that were taken
	story    []string
}

func (h *refundHistory) step() {
	h.T.Helper()
	pick := func(from ...string) string { return from[h.random.IntN(len(from))] }
	how := pick(fine, made, made, outage, forbidden, unknownID, noFunds, duplicate, busy)
	books := pick(fine, fine, fine, outage)
	act := h.random.IntN(6)
	h.story = append(h.story, fmt.Sprintf("act %d, PayPal: %s; its books: %s", act, how, books))
	h.refundCallsEnd(how, books)
	switch {
	case act == 0 || len(h.accepted) == 0:
		o := refund.Intent{Contribution: h.c.ID, Amount: pick("", "5.00", "10.00"), Reason: "x", By: newsroom.Editor}
		o.Key = fmt.Sprint(h.c.ID, len(h.story))
		if r, err := h.Refunds.Request(h.T.Context(), o); err == nil {
			h.accepted = append(h.accepted, o)
			h.story = append(h.story, fmt.Sprintf("  request %d of %s: %s", r.Number, r.Amount, r.State))
		}
	case act == 1 || act == 2: // somebody presses the button of an open page again
		r, err := h.Refunds.Request(h.T.Context(), h.accepted[h.random.IntN(len(h.accepted))])
		h.story = append(h.story, fmt.Sprintf("  again %d: %s, %v", r.Number, r.State, err))
	case act == 3: // a process dies after it has sent a request
		for _, r := range h.requests() {
			if r.UnderWay() && !h.Clock.Now().Before(r.LeaseUntil()) {
				h.dies(r)
			}
		}
	case act == 4:
		h.workOff()
	default:
		if refunds := h.refundsOf(); len(refunds) > 0 {
			_ = h.told(refunds[h.random.IntN(len(refunds))].ID)
		}
	}
	h.clearFaults()
	h.Clock.Advance([]time.Duration{0, 10 * time.Second, 2 * time.Minute, time.Hour,
		10 * 24 * time.Hour}[h.random.IntN(5)])
}

func (h *refundHistory) requests() (all []refund.Request) {
	h.T.Helper()
	for number := range h.accepted {
		all = append(all, h.request(h.c, number+1))
	}
	return all
}

// refundsOf is what PayPal's books have, which it shows now.
func (h *refundHistory) refundsOf() []paypal.Refund {
	h.T.Helper()
	h.clearFaults()
	o, err := h.Client.Order(h.T.Context(), h.c.Checkout.PayPalID)
	if err != nil {
		h.T.Fatal(err)
	}
	return o.Refunds
}

// trouble says what must never be so.
func (h *refundHistory) trouble() string {
	h.T.Helper()
	at, refunds := map[string]int{}, h.refundsOf()
	for _, back := range refunds {
		at[back.InvoiceID]++
	}
	underWay := 0
	for _, r := range h.requests() {
		made := at[r.InvoiceID()]
		switch {
		case made > 1:
			return fmt.Sprintf("request %d went back %d times", r.Number, made)
		case made == 1 && (r.State == refund.Refused || r.State == refund.Failed):
			return fmt.Sprintf("request %d is %s and went back", r.Number, r.State)
		case made == 0 && r.State == refund.Done:
			return fmt.Sprintf("request %d is done and did not go back", r.Number)
		}
		if r.UnderWay() {
			underWay++
		}
	}
	if underWay > 1 {
		return fmt.Sprintf("%d requests are under way at once", underWay)
	}
	if len(refunds) > len(h.accepted) {
		return fmt.Sprintf("%d refunds of %d requests", len(refunds), len(h.accepted))
	}
	return ""
}
