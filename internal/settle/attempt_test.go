package settle

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"readerfund/internal/checkout"
	"readerfund/internal/contribution"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
)

// A capture is refused while the approval's webhook is being worked on, the reader coming back at once or up to 50 ms
// after it. Who is told that nothing was charged is not charged afterwards. READERFUND_DECLINES says how many gifts
// of each kind.
func TestNobodyIsChargedAfterADecline(t *testing.T) {
	t.Parallel()
	gifts := 12
	if text := os.Getenv("READERFUND_DECLINES"); text != "" {
		var err error
		if gifts, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	for name, refusal := range map[string]string{
		// PayPal gives the same answer to both copies of a request.
		"replayed": `{"kind":"issue","issue":"INSTRUMENT_DECLINED","times":1,"match":{"path":"*/%s/capture"}}`,
		// "PayPal processes the first request and might fail the second": one copy is refused, another one would do.
		"once": `{"kind":"status","status":422,"times":1,"match":{"path":"/v2/checkout/orders/%s/capture"},"body":` +
			`{"name":"UNPROCESSABLE_ENTITY","debug_id":"d","details":[{"issue":"INSTRUMENT_DECLINED"}]}}`,
	} {
		for _, latest := range []time.Duration{0, 50 * time.Millisecond} {
			t.Run(fmt.Sprintf("%s, within %v", name, latest), func(t *testing.T) {
				t.Parallel()
				n := open(t)
				other := n.replica()
				declined, charged := 0, 0
				for range gifts {
					told, taken := n.declinedAtOnce(other, refusal, latest)
					if told == contribution.OutcomeDeclined {
						declined++
					}
					if told == contribution.OutcomeDeclined && taken > 0 {
						charged++
					}
				}
				t.Logf("%d gifts, %d told that nothing was charged, %d of those charged", gifts, declined, charged)
				if charged > 0 {
					t.Errorf("%d of %d readers were told that nothing was charged, and were charged", charged, declined)
				}
				n.booksEqual()
			})
		}
	}
}

// declinedAtOnce has one gift's capture refused while the reader's return and the webhook meet, and says what the
// reader was told and how many captures there are in the end, when PayPal has told of the approval again and the
// sweep has asked.
func (n *newsroom) declinedAtOnce(other *newsroom, refusal string, latest time.Duration) (contribution.Outcome, int) {
	n.t.Helper()
	c := n.start()
	n.fault(fmt.Sprintf(refusal, c.Checkout.PayPalID))
	n.approve(c, "approve")
	var both sync.WaitGroup
	webhook := func() {
		if _, err := other.Settler.SettleOrder(n.t.Context(), c.Checkout.PayPalID, Source{Way: contribution.ByWebhook}); err != nil {
			n.t.Error(err)
		}
	}
	both.Go(webhook)
	var back contribution.Contribution
	both.Go(func() {
		if latest > 0 {
			time.Sleep(rand.N(latest))
		}
		var err error
		if back, err = n.Settler.Settle(n.t.Context(), c.ID, Source{Way: contribution.ByReader, Caller: checkout.Caller{Present: true, Returning: true}}); err != nil {
			n.t.Error(err)
		}
	})
	both.Wait()
	webhook()
	n.settle(c, contribution.BySweep)
	taken := 0
	for _, l := range n.ledger() {
		if l.Kind == "capture" && l.CustomID == c.ID.String() {
			taken++
		}
	}
	n.heal()
	return back.Outcome(), taken
}

// Five attempts in all, half a minute between two, whoever asks, however often and through how many processes.
func TestACardIsNotTriedWithoutEnd(t *testing.T) {
	t.Parallel()
	n := open(t)
	desks := []*newsroom{n, n.replica(), n.replica()}
	c := n.start()
	n.approve(c, "decline")
	asked := func() int {
		var asks sync.WaitGroup
		for i := range 12 {
			asks.Go(func() {
				if _, err := desks[i%3].Settler.Settle(t.Context(), c.ID, Source{Way: contribution.ByReader, Caller: checkout.Caller{Present: true}}); err != nil {
					t.Error(err)
				}
			})
		}
		asks.Wait()
		now, err := n.Contributions.Get(t.Context(), c.ID)
		if err != nil || now.State != contribution.Declined || now.Checkout.Attempt != now.Checkout.Refused {
			t.Fatalf("%s, attempt %d, refused %d, %v", now.State, now.Checkout.Attempt, now.Checkout.Refused, err)
		}
		return now.Checkout.Attempt
	}
	for want := 1; want <= checkout.MostAttempts; want++ {
		if got := asked(); got != want {
			t.Fatalf("%d attempts, want %d", got, want)
		}
		n.later(checkout.AttemptPause - 5*time.Second)
		if got := asked(); got != want {
			t.Fatalf("%d attempts before half a minute had passed, want %d", got, want)
		}
		n.later(6 * time.Second)
	}
	n.later(time.Hour)
	n.approve(c, "approve")
	if got := asked(); got != checkout.MostAttempts || n.captures() != 0 {
		t.Fatalf("%d attempts, %d captures", got, n.captures())
	}
}

// While the second way to pay is tried, nobody is told that nothing was charged.
func TestAnAttemptUnderWayIsBeingConfirmed(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.start()
	n.approve(c, "decline")
	n.wants(n.comeBack(c), contribution.Declined)
	n.approve(c, "approve")
	n.later(checkout.AttemptPause)
	n.fault(`{"kind":"delay","delay":"400ms","match":{"method":"POST","path":"/v2/checkout/orders/*/capture"}}`)
	var back sync.WaitGroup
	back.Go(func() { n.comeBack(c) })
	defer back.Wait()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		now, err := n.Contributions.Get(t.Context(), c.ID)
		if err != nil || time.Now().After(deadline) {
			t.Fatal(now.State, err)
		}
		if now.Checkout.Attempt == 2 {
			if o := now.Outcome(); o != contribution.OutcomeConfirming && o != contribution.OutcomeReceived {
				t.Fatalf("told %s", o)
			}
			return
		}
	}
}

// The process that captures dies before PayPal hears of it: another one goes on with the same attempt once the lease
// is over.
func TestAnAttemptWhoseCallerDiedIsSentAgain(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.start()
	n.approve(c, "approve")
	o, err := n.Client.Order(t.Context(), c.Checkout.PayPalID)
	if err != nil {
		t.Fatal(err)
	}
	src := Source{Way: contribution.ByWebhook}
	_, err = n.Applier.applyAnd(t.Context(), OrderSeen(c.ID, src, o), func(a *application) error {
		if got, err := a.claim(src); err != nil || got != checkout.ClaimNew {
			t.Fatal(got, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	n.wants(n.settle(c, contribution.BySweep), contribution.Approved)
	n.later(captureLease)
	if asked, err := n.Sweeper.Sweep(t.Context()); err != nil || asked != 1 {
		t.Fatalf("asked about %d, %v", asked, err)
	}
	n.wants(c, contribution.Completed)
	n.booksEqual()
}

// PayPal made the capture, its answer was lost, and the same request is then refused: the money is booked all the same.
func TestARefusalDoesNotUndoWhatAnEarlierCallDid(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.start()
	n.approve(c, "approve")
	n.fault(`{"kind":"reset_after","match":{"method":"POST","path":"/v2/checkout/orders/*/capture"}}`)
	if _, err := n.Settler.Settle(t.Context(), c.ID, Source{Way: contribution.ByReader, Caller: checkout.Caller{Present: true}}); err == nil {
		t.Fatal("the capture was answered")
	}
	n.heal()
	n.fault(`{"kind":"status","status":422,"match":{"method":"POST","path":"/v2/checkout/orders/*/capture"},"body":` +
		`{"name":"UNPROCESSABLE_ENTITY","debug_id":"d","details":[{"issue":"TRANSACTION_REFUSED"}]}}`)
	seen, err := n.Client.Order(t.Context(), c.Checkout.PayPalID)
	if err != nil {
		t.Fatal(err)
	}
	seen.Status = paypal.OrderApproved // as it was when the second call was begun
	seen.Captures = nil
	now, err := n.Settler.orders.capture(t.Context(), c, seen, Source{Way: contribution.BySweep})
	if err != nil || now.State != contribution.Completed {
		t.Fatalf("%s, %v", now.State, err)
	}
	n.booksEqual()
}

// Who was told that the order had expired is charged only when they come back.
func TestAnExpiredOrderIsNotCapturedBehindTheReadersBack(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.start()
	n.fault(`{"kind":"issue","issue":"INVALID_RESOURCE_ID","times":2,"match":{"method":"GET","path":"/v2/checkout/*"}}`)
	n.settle(c, contribution.BySweep)
	n.later(secondLook)
	n.wants(n.settle(c, contribution.BySweep), contribution.Expired)
	n.approve(c, "approve")
	n.wants(n.settle(c, contribution.ByWebhook), contribution.Expired)
	n.wants(n.comeBack(c), contribution.Completed)
	n.booksEqual()
}

// Who approved and then turned back is not told that nothing was charged.
func TestTurningBackAfterTheApproval(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.start()
	n.approve(c, "approve")
	c, err := n.Settler.Cancel(t.Context(), c.ID)
	if err != nil || c.Outcome() != contribution.OutcomeConfirming {
		t.Fatalf("%s, %v", c.State, err)
	}
	n.fault(`{"kind":"reset_before","match":{"method":"GET"}}`)
	unsure := n.start()
	if _, err := n.Settler.Cancel(t.Context(), unsure.ID); err == nil {
		t.Fatal("PayPal was not asked")
	}
	n.wants(unsure, contribution.Created)
}

// A capture that PayPal had declined completes after all, when the reader has given again: staff read of both,
// whichever money comes in first, and nobody is bothered with anybody else's gift.
func TestStaffHearOfMoneyAfterANo(t *testing.T) {
	t.Parallel()
	for _, firstLast := range []bool{true, false} {
		t.Run(fmt.Sprintf("the first last: %v", firstLast), func(t *testing.T) {
			t.Parallel()
			n := open(t)
			first := n.start()
			n.approve(first, "declined_capture")
			n.wants(n.comeBack(first), contribution.Declined)
			n.later(time.Minute)
			second := n.start()
			n.approve(second, "approve")
			n.hook("POST", "orders/"+n.start().Checkout.PayPalID+"/approve", `{"payer":{"email":"other@example.com"}}`, nil)
			charge := func() {
				captureID := n.captureOf(first)
				seen := paypal.Capture{ID: captureID, Status: paypal.CaptureCompleted, Amount: first.Amount}
				_, err := n.Applier.ApplyAll(t.Context(), []Fact{CaptureSeen(first.ID, Source{Way: contribution.ByWebhook}, seen)})
				if err != nil {
					t.Fatal(err)
				}
			}
			if firstLast {
				n.comeBack(second)
				charge()
			} else {
				charge()
				n.comeBack(second)
			}
			reviews, err := review.Of(t.Context(), n.DB, first.ID)
			var codes []review.Code
			for _, r := range reviews {
				codes = append(codes, r.Code)
			}
			if err != nil || !slices.Equal(codes, []review.Code{review.ChargedAfterNo, review.GaveAgain}) ||
				reviews[1].Args["receipt"] != second.Receipt {
				t.Errorf("%v, %v", reviews, err)
			}
			var others int
			err = n.DB.Get(&others, `SELECT count(*) FROM review WHERE contribution_id <> $1`, first.ID)
			if err != nil || others > 0 {
				t.Errorf("%d reviews of other gifts, %v", others, err)
			}
		})
	}
}

// replica is another Service on the same database and the same PayPal.
func (n *newsroom) replica() *newsroom {
	n.t.Helper()
	d := newServices(n.DB, n.Client, n.clock)
	n.t.Cleanup(d.Close)
	return d
}
