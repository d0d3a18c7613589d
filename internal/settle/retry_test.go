package settle_test

import (
	"sync"
	"testing"
	"time"

	"readerfund/internal/checkout"
	"readerfund/internal/contribution"
	"readerfund/internal/review"
)

// back is the reader coming from PayPal's page, where they took their time.
func (n *world) back(c contribution.Contribution) contribution.Contribution {
	n.T.Helper()
	n.Clock.Advance(checkout.PickTime)
	return n.settles(c)
}

func (n *world) settles(c contribution.Contribution) contribution.Contribution {
	n.T.Helper()
	c, err := n.Settler.Settle(n.T.Context(), c.ID, returning)
	if err != nil {
		n.T.Fatal(err)
	}
	return c
}

// declined is a contribution whose reader was told that it was declined.
func (n *world) declined() contribution.Contribution {
	n.T.Helper()
	c := n.Start(gift(""))
	n.Approve(c, "decline")
	if c = n.back(c); c.Outcome() != contribution.OutcomeDeclined {
		n.T.Fatalf("told %s", c.Outcome())
	}
	return c
}

func (n *world) swept() {
	n.T.Helper()
	if _, err := n.Sweeper.Sweep(n.T.Context()); err != nil {
		n.T.Fatal(err)
	}
}

// as wants the contribution to be told of so, after so many attempts.
func (n *world) as(c contribution.Contribution, want contribution.Outcome, attempts int) {
	n.T.Helper()
	c, err := n.Contributions.Get(n.T.Context(), c.ID)
	if err != nil || c.Outcome() != want || c.Checkout.Attempt != attempts {
		n.T.Fatalf("%s after %d attempts (%v), want %s after %d", c.Outcome(), c.Checkout.Attempt, err, want, attempts)
	}
}

// The reader picks another card at PayPal and is back before half a minute is over: it is tried once when it is,
// whether or not they are still there.
func TestTooEarlyIsTriedLater(t *testing.T) {
	t.Parallel()
	for name, settle := range map[string]func(n *world, c contribution.Contribution){
		"by the sweep":         func(n *world, _ contribution.Contribution) { n.swept() },
		"by the reader's page": func(n *world, c contribution.Contribution) { n.settle(c, contribution.ByReader) },
		"by a webhook":         func(n *world, c contribution.Contribution) { n.settle(c, contribution.ByWebhook) },
		"by all three at once": func(n *world, c contribution.Contribution) { n.allAtOnce(c) },
		"when they are back":   func(n *world, c contribution.Contribution) { n.back(c) },
		"when PayPal was away": func(n *world, c contribution.Contribution) { n.afterAnOutage(c) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := open(t)
			c := n.declined()
			n.Approve(c, "approve")
			for range 5 {
				if got := n.back(c); got.Outcome() != contribution.OutcomeRetrying || got.Checkout.RetryAt.IsZero() {
					t.Fatalf("told %s, to be tried at %v", got.Outcome(), got.Checkout.RetryAt)
				}
			}
			n.swept()
			n.settle(c, contribution.ByWebhook)
			n.as(c, contribution.OutcomeRetrying, 1)
			n.Clock.Advance(checkout.AttemptPause)
			settle(n, c)
			n.as(c, contribution.OutcomeReceived, 2)
			n.BooksEqual()
			if all, err := review.Of(t.Context(), n.DB, c.ID); err != nil || len(all) > 0 {
				t.Errorf("staff are asked to look: %v, %v", all, err)
			}
		})
	}
}

func (n *world) allAtOnce(c contribution.Contribution) {
	var all sync.WaitGroup
	all.Go(n.swept)
	all.Go(func() { n.settle(c, contribution.ByWebhook) })
	all.Go(func() { n.back(c) })
	all.Wait()
}

func (n *world) afterAnOutage(c contribution.Contribution) {
	n.fault(`{"kind":"reset_before","match":{"path":"/v2/*"}}`)
	n.swept()
	n.clearFaults()
	n.as(c, contribution.OutcomeRetrying, 1)
	n.Clock.Advance(10 * time.Minute)
	n.swept()
}

// A request is for one attempt, and five are all there are, however often the reader comes back and in which process.
func TestAWishIsForOneTry(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.declined()
	for attempts := 1; attempts < checkout.MostAttempts; attempts++ {
		n.back(c)
		n.as(c, contribution.OutcomeRetrying, attempts)
		n.Clock.Advance(checkout.AttemptPause)
		for range 3 {
			n.swept()
			n.settle(c, contribution.ByWebhook)
		}
		n.as(c, contribution.OutcomeDeclined, attempts+1)
		n.back(c) // and is told so
		n.as(c, contribution.OutcomeDeclined, attempts+1)
	}
	n.back(c)
	n.Clock.Advance(time.Hour)
	n.swept()
	n.as(c, contribution.OutcomeDeclined, checkout.MostAttempts)
}

// What is no request for another attempt: the first return, also where a webhook's attempt was declined before it; a
// copy of it; a look without PayPal's sign or ours. Turning back drops the request, and so does the end of the order.
func TestNoWishForAnotherTry(t *testing.T) {
	t.Parallel()
	later := func(n *world, c contribution.Contribution) {
		t.Helper()
		n.Approve(c, "approve")
		n.Clock.Advance(checkout.AttemptPause)
		n.swept()
		n.settle(c, contribution.ByWebhook)
		n.Clock.Advance(20 * time.Minute)
		n.swept()
		if n.captures() > 0 {
			t.Error("charged without having asked for it")
		}
	}
	t.Run("the first return", func(t *testing.T) {
		t.Parallel()
		n := open(t)
		c := n.Start(gift(""))
		n.Approve(c, "decline")
		n.settle(c, contribution.ByWebhook)
		n.back(c)
		n.as(c, contribution.OutcomeDeclined, 1)
		later(n, c)
	})
	t.Run("a copy of it", func(t *testing.T) {
		t.Parallel()
		n := open(t)
		c := n.Start(gift(""))
		n.Approve(c, "decline")
		n.fault(`{"kind":"delay","delay":"300ms","match":{"method":"POST","path":"/v2/checkout/orders/*/capture"}}`)
		var copies sync.WaitGroup
		for range 5 {
			copies.Go(func() { n.settles(c) })
		}
		copies.Wait()
		n.as(c, contribution.OutcomeDeclined, 1)
		later(n, c)
	})
	t.Run("a look", func(t *testing.T) {
		t.Parallel()
		n := open(t)
		c := n.declined()
		n.comeBack(c)
		n.as(c, contribution.OutcomeDeclined, 1)
		later(n, c)
	})
	t.Run("who turns back", func(t *testing.T) {
		t.Parallel()
		n := open(t)
		c := n.declined()
		n.back(c)
		n.as(c, contribution.OutcomeRetrying, 1)
		if got, err := n.Settler.Cancel(t.Context(), c.ID); err != nil || got.Outcome() != contribution.OutcomeDeclined {
			t.Fatal(got.Outcome(), err)
		}
		later(n, c)
	})
	t.Run("the order's end", func(t *testing.T) {
		t.Parallel()
		n := open(t)
		c := n.declined()
		n.back(c)
		n.fault(`{"kind":"issue","issue":"INVALID_RESOURCE_ID","match":{"method":"GET","path":"/v2/checkout/*"}}`)
		n.Clock.Advance(checkout.AttemptPause)
		n.swept()
		n.Clock.Advance(4 * time.Hour)
		n.swept()
		n.as(c, contribution.OutcomeDeclined, 1)
	})
}
