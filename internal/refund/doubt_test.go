package refund

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
func (n *newsroom) refundCallsEnd(how, books string) {
	n.t.Helper()
	n.heal()
	if how != fine {
		n.fault(`{"match":{"method":"POST","path":"/v2/payments/captures/*/refund"},` + how + `}`)
	}
	if books != fine {
		n.fault(`{"match":{"method":"GET","path":"/v2/*"},` + books + `}`)
	}
}

// dies sends a request to PayPal and does not live to see the answer.
func (n *newsroom) dies(r Request) {
	n.t.Helper()
	if _, mine, err := n.lease(n.t.Context(), r.ID); err != nil || !mine {
		n.t.Fatalf("mine: %t, %v", mine, err)
	}
	_, _ = n.paypal.RefundCapture(n.t.Context(), r.Payment, paypal.RefundRequest{
		RequestID: "refund-" + r.ID.String(), Amount: r.Amount, InvoiceID: r.invoiceID, CustomID: r.Contribution.String(),
	})
}

func (n *newsroom) request(c contribution.Contribution, number int) Request {
	n.t.Helper()
	r, err := find(n.t.Context(), n.db, "r.contribution_id = $1 AND r.number = $2", c.ID, number)
	if err != nil {
		n.t.Fatal(err)
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
				c, _ := n.paid()
				n.refundCallsEnd(made, fine)
				if died {
					n.refundCallsEnd(busy, fine)
				}
				r, err := n.refund(c, "10.00", "form")
				if err != nil || r.State != Unknown {
					t.Fatalf("%+v, %v", r, err)
				}
				if died {
					n.heal()
					n.dies(r)
				}
				n.later(2 * time.Minute)
				if name == "40 days" {
					n.later(rememberedFor)
				}
				n.refundCallsEnd(later, fine)
				if r, err = n.refund(c, "10.00", "form"); err != nil || r.State != Done || r.RefundID == "" ||
					n.refunds() != 1 {
					t.Errorf("%+v, %v, %d refunds", r, err, n.refunds())
				}
				n.wants(c, contribution.PartiallyRefunded)
				n.booksEqual()
				if got := n.audited(c); got != "contribution.refund, contribution.refund_answer done" {
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
	c, _ := n.paid()
	press := func(want State) {
		t.Helper()
		if r, err := n.refund(c, "10.00", "form"); err != nil || r.State != want {
			t.Fatalf("%s, want %s; %v", r.State, want, err)
		}
	}
	n.refundCallsEnd(outage, fine)
	press(Unknown)
	n.refundCallsEnd(forbidden, fine)
	press(Unknown)
	n.later(2 * time.Minute)
	n.refundCallsEnd(forbidden, outage)
	press(Unknown)
	n.heal()
	n.fault(`{"match":{"method":"POST","path":"/v2/payments/captures/*/refund"},` + forbidden + `}`)
	n.fault(`{"match":{"method":"GET","path":"/v2/checkout/orders/*"},` + unknownID + `}`)
	press(Unknown)
	n.refundCallsEnd(forbidden, fine)
	press(Refused)
	n.heal()
	if r, err := n.refund(c, "10.00", "another"); err != nil || r.State != Done || n.refunds() != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	if got := n.audited(c); !strings.HasPrefix(got, "contribution.refund, contribution.refund_answer refused, ") {
		t.Errorf("audited: %s", got)
	}
}

// What was certainly not sent leaves no doubt behind.
func TestWhatWasNotSentLeavesNoDoubt(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, _ := n.paid()
	n.refundCallsEnd(`"kind":"status","status":429,"headers":{"Retry-After":"60"}`, fine)
	if r, err := n.refund(c, "10.00", "form"); err != nil || r.State != Asked {
		t.Fatalf("%+v, %v", r, err)
	}
	n.refundCallsEnd(noFunds, outage)
	if r, err := n.refund(c, "10.00", "form"); err != nil || r.State != Refused {
		t.Errorf("%+v, %v", r, err)
	}
}

// One process at a time sends a request, and one that died is followed by another.
func TestARefundIsSentByOneProcessAtATime(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, _ := n.paid()
	n.refundCallsEnd(outage, fine)
	r, err := n.refund(c, "10.00", "form")
	if err != nil || r.State != Unknown {
		t.Fatalf("%+v, %v", r, err)
	}
	n.heal()
	first, mine, err := n.lease(t.Context(), r.ID)
	if err != nil || !mine {
		t.Fatal(mine, err)
	}
	if r, err = n.refund(c, "10.00", "form"); err != nil || r.State != Unknown || n.refunds() != 0 {
		t.Errorf("while another process has it: %+v, %v", r, err)
	}
	n.later(2 * leasedFor)
	second, mine, err := n.lease(t.Context(), r.ID)
	if err != nil || !mine {
		t.Fatal(mine, err)
	}
	// The first wakes up and has been told no: the second may be at it.
	if r, err = n.end(t.Context(), first, Refused, "X", "x"); err != nil || r.State != Unknown {
		t.Errorf("ended by who lost it: %+v, %v", r, err)
	}
	if _, err = n.postpone(t.Context(), first, Asked); err != nil {
		t.Error(err)
	}
	if r = n.request(c, 1); r.State != Unknown || r.doubtSince.IsZero() || !r.leaseUntil.Equal(second.leaseUntil) {
		t.Errorf("put off by who lost it: %+v", r)
	}
}

// The news of a refund ends the request that it belongs to, even one that was said to have been refused: then a
// person is asked to look.
func TestNewsOfARefundEndsItsRequest(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, capture := n.paid()
	n.refundCallsEnd(made, fine)
	if r, err := n.refund(c, "10.00", "form"); err != nil || r.State != Unknown {
		t.Fatalf("%+v, %v", r, err)
	}
	n.heal()
	const ended = `UPDATE refund_request SET state = 'refused', ended_at = asked_at, check_at = NULL, doubt_at = NULL`
	if _, err := n.db.Exec(ended); err != nil {
		t.Fatal(err)
	}
	var theirs struct{ ID string }
	n.hook("POST", "captures/"+capture+"/refund", `{"amount":"10.00"}`, &theirs)
	if err := n.told(theirs.ID); err != nil {
		t.Fatal(err)
	}
	if r := n.request(c, 1); r.State != Refused {
		t.Errorf("another refund of the same amount is taken for it: %+v", r)
	}
	o, err := n.paypal.Order(t.Context(), c.Checkout.PayPalID)
	if err != nil || len(o.Refunds) != 2 {
		t.Fatal(len(o.Refunds), err)
	}
	for range 2 {
		if err := n.told(o.Refunds[0].ID); err != nil {
			t.Fatal(err)
		}
	}
	if r := n.request(c, 1); r.State != Done || r.RefundID != o.Refunds[0].ID {
		t.Errorf("%+v", r)
	}
	if got := n.reviews(c); !strings.Contains(got, "made the refund all the same") {
		t.Errorf("to look at: %q", got)
	}
	n.booksEqual()
}

// Whatever happens to the calls of several people over some weeks: no wish is fulfilled twice, nothing that went
// back is said not to have, and in the end everything is known. READERFUND_REFUND_HISTORIES says how many are
// tried.
func TestRandomHistoriesOfRefunds(t *testing.T) {
	t.Parallel()
	n := open(t)
	histories := uint64(30)
	if more, err := strconv.ParseUint(os.Getenv("READERFUND_REFUND_HISTORIES"), 10, 64); err == nil {
		histories = more
	}
	ends := map[State]int{}
	for seed := range histories {
		h := &refundHistory{newsroom: n, random: rand.New(rand.NewPCG(seed, 8))}
		h.c, h.capture = n.paid()
		for range 4 + h.random.IntN(8) {
			h.step()
			if trouble := h.trouble(); trouble != "" {
				t.Fatalf("history %d: %s\n%s", seed, trouble, strings.Join(h.story, "\n"))
			}
		}
		n.heal()
		for range 4 { // the books settle, and the queue comes by
			n.later(2 * time.Hour)
			n.workOff()
		}
		for _, r := range h.requests() {
			ends[r.State]++
			if r.State != Done && r.State != Refused && r.State != Failed {
				t.Fatalf("history %d ends with a request that is %s\n%s", seed, r.State, strings.Join(h.story, "\n"))
			}
		}
		if trouble := h.trouble(); trouble != "" {
			t.Fatalf("history %d: %s\n%s", seed, trouble, strings.Join(h.story, "\n"))
		}
	}
	n.booksEqual()
	t.Logf("%d histories, ends %v", histories, ends)
}

// refundHistory is what happens to the refunds of one gift.
type refundHistory struct {
	*newsroom
	random  *rand.Rand
	c       contribution.Contribution
	capture string
	wishes  []Intent // that were taken
	story   []string
}

func (h *refundHistory) step() {
	h.t.Helper()
	pick := func(from ...string) string { return from[h.random.IntN(len(from))] }
	how := pick(fine, made, made, outage, forbidden, unknownID, noFunds, duplicate, busy)
	books := pick(fine, fine, fine, outage)
	act := h.random.IntN(6)
	h.story = append(h.story, fmt.Sprintf("act %d, PayPal: %s; its books: %s", act, how, books))
	h.refundCallsEnd(how, books)
	switch {
	case act == 0 || len(h.wishes) == 0:
		o := Intent{Contribution: h.c.ID, Amount: pick("", "5.00", "10.00"), Reason: "x", By: editor}
		o.Key = fmt.Sprint(h.c.ID, len(h.story))
		if r, err := h.Request(h.t.Context(), o); err == nil {
			h.wishes = append(h.wishes, o)
			h.story = append(h.story, fmt.Sprintf("  wish %d of %s: %s", r.Number, r.Amount, r.State))
		}
	case act == 1 || act == 2: // somebody presses the button of an open page again
		r, err := h.Request(h.t.Context(), h.wishes[h.random.IntN(len(h.wishes))])
		h.story = append(h.story, fmt.Sprintf("  again %d: %s, %v", r.Number, r.State, err))
	case act == 3: // a process dies after it has sent a request
		for _, r := range h.requests() {
			if r.UnderWay() && !h.clock().Before(r.leaseUntil) {
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
	h.heal()
	h.later([]time.Duration{0, 10 * time.Second, 2 * time.Minute, time.Hour, 10 * 24 * time.Hour}[h.random.IntN(5)])
}

func (h *refundHistory) requests() (all []Request) {
	h.t.Helper()
	for number := range h.wishes {
		all = append(all, h.request(h.c, number+1))
	}
	return all
}

// refundsOf is what PayPal's books have, which it shows now.
func (h *refundHistory) refundsOf() []paypal.Refund {
	h.t.Helper()
	h.heal()
	o, err := h.paypal.Order(h.t.Context(), h.c.Checkout.PayPalID)
	if err != nil {
		h.t.Fatal(err)
	}
	return o.Refunds
}

// trouble says what must never be so.
func (h *refundHistory) trouble() string {
	h.t.Helper()
	at, refunds := map[string]int{}, h.refundsOf()
	for _, back := range refunds {
		at[back.InvoiceID]++
	}
	underWay := 0
	for _, r := range h.requests() {
		made := at[r.invoiceID]
		switch {
		case made > 1:
			return fmt.Sprintf("wish %d went back %d times", r.Number, made)
		case made == 1 && (r.State == Refused || r.State == Failed):
			return fmt.Sprintf("wish %d is %s and went back", r.Number, r.State)
		case made == 0 && r.State == Done:
			return fmt.Sprintf("wish %d is done and did not go back", r.Number)
		}
		if r.UnderWay() {
			underWay++
		}
	}
	if underWay > 1 {
		return fmt.Sprintf("%d requests are under way at once", underWay)
	}
	if len(refunds) > len(h.wishes) {
		return fmt.Sprintf("%d refunds of %d wishes", len(refunds), len(h.wishes))
	}
	return ""
}
