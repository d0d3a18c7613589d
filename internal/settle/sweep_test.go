package settle_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/checkout"
	"readerfund/internal/contribution"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
	"readerfund/internal/settle"
	"readerfund/internal/subscription"
)

// wire notes what PayPal is asked, in order: "GET /v2/checkout/orders/5O19…", and what that says after the question
// mark.
type wire struct {
	mu      sync.Mutex
	calls   []string
	queries []url.Values
}

// RoundTrip notes a request and sends it on.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.calls, w.queries = append(w.calls, r.Method+" "+r.URL.Path), append(w.queries, r.URL.Query())
	w.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

func (w *wire) count(call string) (n int) {
	for _, c := range w.calls {
		if c == call {
			n++
		}
	}
	return n
}

// listen has the newsroom's calls noted from now on.
func (n *world) listen() *wire {
	n.T.Helper()
	w := &wire{}
	client, err := paypal.New(paypal.Config{
		BaseURL: n.PayPal.PublicURL, ClientID: "sandbox-client", ClientSecret: "sandbox-secret", Timeout: 2 * time.Second,
		Now: n.Clock.Now, Transport: w,
	})
	if err != nil {
		n.T.Fatal(err)
	}
	n.Newsroom = n.On(n.DB, client)
	return w
}

// A flood of orders that nobody pays waits behind money, and each of them costs PayPal two
// questions in its life and one when it is over.
func TestAFloodOfOrdersDoesNotStarveTheSweep(t *testing.T) {
	t.Parallel()
	n := open(t)
	w := n.listen()
	flood := make([]contribution.Contribution, 100)
	var clicks sync.WaitGroup
	for i := range 4 {
		clicks.Go(func() {
			for j := i; j < len(flood); j += 4 {
				var err error
				if flood[j], err = n.Starter.Start(t.Context(), gift(""), nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	clicks.Wait()
	n.Clock.Advance(11 * time.Minute) // the flood is due, and has been for longer than what follows
	given := n.Start(gift(""))
	n.Approve(given, "approve")
	n.fault(`{"kind":"reset_before","match":{"method":"POST"}}`)
	if _, err := n.Settler.Settle(t.Context(), given.ID, byWebhook); err == nil {
		t.Fatal("the capture was answered")
	}
	n.clearFaults()
	n.Clock.Advance(2 * time.Minute)
	w.calls = nil
	for range 40 { // some four hours
		if _, err := n.Sweeper.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		n.Clock.Advance(6 * time.Minute)
	}
	n.Wants(given, contribution.Completed)
	n.BooksEqual()
	first := slices.IndexFunc(w.calls, func(c string) bool { return strings.HasPrefix(c, "GET /v2/checkout/orders/") })
	money := slices.Index(w.calls, "GET /v2/checkout/orders/"+given.Checkout.PayPalID)
	// Several workers ask at once, so that some orders of the flood may be asked about just before.
	if money < 0 || money > first+3*settle.SweepWorkers {
		t.Errorf("the approved gift is call %d, the first order %d", money, first)
	}
	for _, c := range flood {
		if asked := w.count("GET /v2/checkout/orders/" + c.Checkout.PayPalID); asked > 3 {
			t.Fatalf("PayPal was asked %d times about an order that nobody came back for", asked)
		}
		n.Wants(c, contribution.Expired)
	}
}

// PayPal refuses more calls for now: the sweep ends with what it had taken, and the rest stays due.
func TestTheSweepLeavesABusyPayPalAlone(t *testing.T) {
	t.Parallel()
	n := open(t)
	n.listen()
	const rest = 10
	for range settle.SweepBatch + rest {
		n.Start(gift(""))
	}
	n.Clock.Advance(11 * time.Minute)
	n.fault(`{"kind":"status","status":429,"headers":{"Retry-After":"60"}}`)
	for _, want := range []int{settle.SweepBatch, 0} {
		if asked, err := n.Sweeper.Sweep(t.Context()); asked != want || err != nil {
			t.Errorf("it asked about %d, want %d; %v", asked, want, err)
		}
	}
	n.clearFaults()
	n.Clock.Advance(time.Minute)
	if asked, err := n.Sweeper.Sweep(t.Context()); asked != rest || err != nil {
		t.Errorf("afterwards it asked about %d, want %d; %v", asked, rest, err)
	}
}

// The tab is closed and the webhook lost: whenever the reader approved, the sweep captures before PayPal drops the
// approval.
func TestAnApprovalThatNobodyToldOfIsCaptured(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{time.Minute, 12 * time.Minute, 2 * time.Hour, 2*time.Hour + 55*time.Minute} {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			n := open(t)
			c := n.Start(gift(""))
			sweepFor := func(span time.Duration) {
				for range span / time.Minute {
					n.Clock.Advance(time.Minute)
					if _, err := n.Sweeper.Sweep(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
			sweepFor(after)
			n.Approve(c, "approve")
			sweepFor(checkout.OrderLife - 2*time.Minute)
			n.Wants(c, contribution.Completed)
			n.BooksEqual()
		})
	}
}

// The reader is back, and PayPal does not say that they approved: the sweep does not wait ten minutes.
func TestAReaderWhoCameBackIsAskedAboutSoon(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Start(gift(""))
	n.fault(`{"kind":"status","status":503}`)
	if _, err := n.Settler.Settle(t.Context(), c.ID, present); err == nil {
		t.Fatal("PayPal answered")
	}
	n.clearFaults()
	n.Approve(c, "approve")
	n.Clock.Advance(61 * time.Second)
	if asked, err := n.Sweeper.Sweep(t.Context()); err != nil || asked != 1 {
		t.Fatalf("asked about %d, %v", asked, err)
	}
	n.Wants(c, contribution.Completed)
}

// The sweep has asked about a subscription and puts its next check off by a day, while a charge comes in, which sets
// one in ten minutes: that one stays. A row that somebody is writing at this moment is left alone.
func TestTheCheckAfterAChargeIsNotPutOff(t *testing.T) {
	t.Parallel()
	n := still(t)
	charged, writing, asked := n.subscribed("charged"), n.subscribed("writing"), n.subscribed("asked")
	n.Exec(`UPDATE subscription SET check_at = $1`, n.Clock.Now())
	claimed := n.Clock.Now()
	due, err := subscription.ClaimDue(t.Context(), n.DB, 10, claimed)
	if err != nil || len(due) != 3 {
		t.Fatalf("%d are due: %v", len(due), err)
	}
	soon := claimed.Add(10 * time.Minute)
	n.Exec(`UPDATE subscription SET check_at = $2 WHERE paypal_id = $1`, charged.Checkout.PayPalID, soon)
	tx := n.DB.MustBegin()
	tx.MustExec(`UPDATE subscription SET check_at = $2 WHERE paypal_id = $1`, writing.Checkout.PayPalID, soon)
	patience, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := subscription.Postpone(patience, n.DB, claimed, n.Clock.Now(), due...); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	for c, want := range map[string]time.Time{
		charged.Checkout.PayPalID: soon, writing.Checkout.PayPalID: soon,
		asked.Checkout.PayPalID: n.sub(asked).NextCheck(n.Clock.Now()),
	} {
		if at := n.Count("subscription WHERE paypal_id = $1 AND check_at = $2", c, want); at != 1 {
			t.Errorf("%s is not due at %s", c, want)
		}
	}
}

// PayPal does not know subscriptions that run, as where our credentials are of another account now: it is asked about
// each once a day, staff hear of each once, and nothing is ended. The next good answer closes the review.
func TestARunningSubscriptionThatPayPalDoesNotKnow(t *testing.T) {
	t.Parallel()
	n := still(t)
	begun, later := n.subscribed("begun"), n.BeginLater("4.00", n.inAMonth(), "approved")
	all := []contribution.Contribution{begun, later}
	states := map[uuid.UUID]contribution.State{begun.ID: contribution.Completed, later.ID: contribution.Approved}
	n.pass(2)
	n.sweepSubscriptions()
	w := n.listen()
	const days = 6
	n.fault(`{"kind":"issue","issue":"INVALID_RESOURCE_ID","match":{"method":"GET","path":"/v1/billing/subscriptions/*"}}`)
	for range days * 24 {
		n.Clock.Advance(time.Hour)
		n.sweepSubscriptions()
		if _, err := n.Sweeper.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range all {
		asked := w.count("GET /v1/billing/subscriptions/" + c.Checkout.PayPalID)
		if asked < days-1 || asked > days+1 {
			t.Errorf("PayPal was asked %d times in %d days", asked, days)
		}
		for range 2 { // staff ask, too, well after an order would be given up
			if _, err := n.Settler.Settle(t.Context(), c.ID, settle.Source{Way: contribution.ByStaff}); err == nil {
				t.Error("staff are told that all is well")
			}
			n.Clock.Advance(time.Minute)
		}
		n.Wants(c, states[c.ID])
		if !n.sub(c).Ongoing() {
			t.Errorf("a subscription was ended: %+v", n.sub(c))
		}
	}
	missing := `review WHERE code = $1 AND closed_at IS NULL`
	if found := n.Count(missing, review.SubscriptionMissing); found != len(all) {
		t.Errorf("%d reviews, want %d", found, len(all))
	}
	n.clearFaults()
	n.Clock.Advance(25 * time.Hour)
	n.sweepSubscriptions()
	if n.Count(missing, review.SubscriptionMissing) != 0 || n.reviews(review.SubscriptionMissing) != len(all) {
		t.Error("a good answer did not close the reviews")
	}
	n.BooksEqual()
}
