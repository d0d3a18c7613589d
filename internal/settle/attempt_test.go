package settle_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"readerfund/internal/checkout"
	"readerfund/internal/contribution"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
	"readerfund/internal/settle"
	"readerfund/internal/testkit"
)

// A capture is refused while the approval's webhook is being worked on, the reader coming back at once or up to 50 ms
// after it. Who is told that nothing was charged is not charged afterwards. READERFUND_DECLINES says how many gifts
// of each kind.
func TestNobodyIsChargedAfterADecline(t *testing.T) {
	t.Parallel()
	gifts := testkit.Many(t, "READERFUND_DECLINES", 4, 12)
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
				n.BooksEqual()
			})
		}
	}
}

// declinedAtOnce has one gift's capture refused while the reader's return and the webhook meet, and says what the
// reader was told and how many captures there are in the end, when PayPal has told of the approval again and the
// sweep has asked.
func (n *world) declinedAtOnce(other *world, refusal string, latest time.Duration) (contribution.Outcome, int) {
	n.T.Helper()
	c := n.Start(gift(""))
	n.fault(fmt.Sprintf(refusal, c.Checkout.PayPalID))
	n.Approve(c, "approve")
	var both sync.WaitGroup
	webhook := func() {
		if _, err := other.Settler.SettleOrder(n.T.Context(), c.Checkout.PayPalID, byWebhook); err != nil {
			n.T.Error(err)
		}
	}
	both.Go(webhook)
	var back contribution.Contribution
	both.Go(func() {
		if latest > 0 {
			time.Sleep(rand.N(latest))
		}
		var err error
		if back, err = n.Settler.Settle(n.T.Context(), c.ID, returning); err != nil {
			n.T.Error(err)
		}
	})
	both.Wait()
	webhook()
	n.settle(c, contribution.BySweep)
	taken := 0
	for _, l := range n.Ledger() {
		if l.Kind == "capture" && l.CustomID == c.ID.String() {
			taken++
		}
	}
	n.clearFaults()
	return back.Outcome(), taken
}

// Five attempts in all, half a minute between two, whoever asks, however often and through how many processes.
func TestACardIsNotTriedWithoutEnd(t *testing.T) {
	t.Parallel()
	n := open(t)
	processes := []*world{n, n.replica(), n.replica()}
	c := n.Start(gift(""))
	n.Approve(c, "decline")
	asked := func() int {
		var asks sync.WaitGroup
		for i := range 12 {
			asks.Go(func() {
				if _, err := processes[i%3].Settler.Settle(t.Context(), c.ID, present); err != nil {
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
		n.Clock.Advance(checkout.AttemptPause - 5*time.Second)
		if got := asked(); got != want {
			t.Fatalf("%d attempts before half a minute had passed, want %d", got, want)
		}
		n.Clock.Advance(6 * time.Second)
	}
	n.Clock.Advance(time.Hour)
	n.Approve(c, "approve")
	if got := asked(); got != checkout.MostAttempts || n.captures() != 0 {
		t.Fatalf("%d attempts, %d captures", got, n.captures())
	}
}

// While the second way to pay is tried, nobody is told that nothing was charged.
func TestAnAttemptUnderWayIsBeingConfirmed(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Start(gift(""))
	n.Approve(c, "decline")
	n.Wants(n.comeBack(c), contribution.Declined)
	n.Approve(c, "approve")
	n.Clock.Advance(checkout.AttemptPause)
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
	c := n.Start(gift(""))
	n.Approve(c, "approve")
	o, err := n.Client.Order(t.Context(), c.Checkout.PayPalID)
	if err != nil {
		t.Fatal(err)
	}
	src := byWebhook
	if got, err := n.Applier.ClaimCapture(t.Context(), c, o, src); err != nil || got != checkout.ClaimNew {
		t.Fatal(got, err)
	}
	n.Wants(n.settle(c, contribution.BySweep), contribution.Approved)
	n.Clock.Advance(settle.CaptureLease)
	if asked, err := n.Sweeper.Sweep(t.Context()); err != nil || asked != 1 {
		t.Fatalf("asked about %d, %v", asked, err)
	}
	n.Wants(c, contribution.Completed)
	n.BooksEqual()
}

// PayPal made the capture, its answer was lost, and the same request is then refused: the money is booked all the same.
func TestARefusalDoesNotUndoWhatAnEarlierCallDid(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Start(gift(""))
	n.Approve(c, "approve")
	n.fault(`{"kind":"reset_after","match":{"method":"POST","path":"/v2/checkout/orders/*/capture"}}`)
	if _, err := n.Settler.Settle(t.Context(), c.ID, present); err == nil {
		t.Fatal("the capture was answered")
	}
	n.clearFaults()
	n.fault(`{"kind":"status","status":422,"match":{"method":"POST","path":"/v2/checkout/orders/*/capture"},"body":` +
		`{"name":"UNPROCESSABLE_ENTITY","debug_id":"d","details":[{"issue":"TRANSACTION_REFUSED"}]}}`)
	seen, err := n.Client.Order(t.Context(), c.Checkout.PayPalID)
	if err != nil {
		t.Fatal(err)
	}
	seen.Status = paypal.OrderApproved // as it was when the second call was begun
	seen.Captures = nil
	now, err := n.Settler.CaptureAsSeen(t.Context(), c, seen, bySweep)
	if err != nil || now.State != contribution.Completed {
		t.Fatalf("%s, %v", now.State, err)
	}
	n.BooksEqual()
}

// Who was told that the order had expired is charged only when they come back.
func TestAnExpiredOrderIsNotCapturedBehindTheReadersBack(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Start(gift(""))
	n.fault(`{"kind":"issue","issue":"INVALID_RESOURCE_ID","times":2,"match":{"method":"GET","path":"/v2/checkout/*"}}`)
	n.settle(c, contribution.BySweep)
	n.Clock.Advance(settle.SecondLook)
	n.Wants(n.settle(c, contribution.BySweep), contribution.Expired)
	n.Approve(c, "approve")
	n.Wants(n.settle(c, contribution.ByWebhook), contribution.Expired)
	n.Wants(n.comeBack(c), contribution.Completed)
	n.BooksEqual()
}

// Who approved and then turned back is not told that nothing was charged.
func TestTurningBackAfterTheApproval(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Start(gift(""))
	n.Approve(c, "approve")
	c, err := n.Settler.Cancel(t.Context(), c.ID)
	if err != nil || c.Outcome() != contribution.OutcomeConfirming {
		t.Fatalf("%s, %v", c.State, err)
	}
	n.fault(`{"kind":"reset_before","match":{"method":"GET"}}`)
	unsure := n.Start(gift(""))
	if _, err := n.Settler.Cancel(t.Context(), unsure.ID); err == nil {
		t.Fatal("PayPal was not asked")
	}
	n.Wants(unsure, contribution.Created)
}

// A capture that PayPal had declined completes after all, when the reader has given again: staff read of both,
// whichever money comes in first, and nobody is bothered with anybody else's gift.
func TestStaffHearOfMoneyAfterANo(t *testing.T) {
	t.Parallel()
	for _, firstLast := range []bool{true, false} {
		t.Run(fmt.Sprintf("the first last: %v", firstLast), func(t *testing.T) {
			t.Parallel()
			n := open(t)
			first := n.Start(gift(""))
			n.Approve(first, "declined_capture")
			n.Wants(n.comeBack(first), contribution.Declined)
			n.Clock.Advance(time.Minute)
			second := n.Start(gift(""))
			n.Approve(second, "approve")
			n.hook("POST", "orders/"+n.Start(gift("")).Checkout.PayPalID+"/approve", `{"payer":{"email":"other@example.com"}}`,
				nil)
			charge := func() {
				captureID := n.Capture(first.ID)
				seen := paypal.Capture{ID: captureID, Status: paypal.CaptureCompleted, Amount: first.Amount}
				_, err := n.Applier.ApplyAll(t.Context(), []settle.Fact{settle.CaptureSeen(first.ID, byWebhook, seen)})
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
