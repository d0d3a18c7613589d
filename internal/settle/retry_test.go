package settle

import (
	"sync"
	"testing"
	"time"

	"readerfund/internal/checkout"
	"readerfund/internal/contribution"
	"readerfund/internal/review"
)

// back is the reader coming from PayPal's page, where they took their time.
func (n *newsroom) back(c contribution.Contribution) contribution.Contribution {
	n.t.Helper()
	n.later(checkout.PickTime)
	return n.settles(c)
}

func (n *newsroom) settles(c contribution.Contribution) contribution.Contribution {
	n.t.Helper()
	c, err := n.Settler.Settle(n.t.Context(), c.ID, Source{Way: contribution.ByReader, Caller: checkout.Caller{Present: true, Returning: true}})
	if err != nil {
		n.t.Fatal(err)
	}
	return c
}

// declined is a contribution whose reader was told that it was declined.
func (n *newsroom) declined() contribution.Contribution {
	n.t.Helper()
	c := n.start()
	n.approve(c, "decline")
	if c = n.back(c); c.Outcome() != contribution.OutcomeDeclined {
		n.t.Fatalf("told %s", c.Outcome())
	}
	return c
}

func (n *newsroom) swept() {
	n.t.Helper()
	if _, err := n.Sweeper.Sweep(n.t.Context()); err != nil {
		n.t.Fatal(err)
	}
}

// as wants the contribution to be told of so, after so many attempts.
func (n *newsroom) as(c contribution.Contribution, want contribution.Outcome, attempts int) {
	n.t.Helper()
	c, err := n.Contributions.Get(n.t.Context(), c.ID)
	if err != nil || c.Outcome() != want || c.Checkout.Attempt != attempts {
		n.t.Fatalf("%s after %d attempts (%v), want %s after %d", c.Outcome(), c.Checkout.Attempt, err, want, attempts)
	}
}

// The reader picks another card at PayPal and is back before half a minute is over: it is tried once when it is, whether
// or not they are still there.
func TestTooEarlyIsTriedLater(t *testing.T) {
	t.Parallel()
	for name, settle := range map[string]func(n *newsroom, c contribution.Contribution){
		"by the sweep":         func(n *newsroom, _ contribution.Contribution) { n.swept() },
		"by the reader's page": func(n *newsroom, c contribution.Contribution) { n.settle(c, contribution.ByReader) },
		"by a webhook":         func(n *newsroom, c contribution.Contribution) { n.settle(c, contribution.ByWebhook) },
		"by all three at once": func(n *newsroom, c contribution.Contribution) { n.allAtOnce(c) },
		"when they are back":   func(n *newsroom, c contribution.Contribution) { n.back(c) },
		"when PayPal was away": func(n *newsroom, c contribution.Contribution) { n.afterAnOutage(c) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := open(t)
			c := n.declined()
			n.approve(c, "approve")
			for range 5 {
				if got := n.back(c); got.Outcome() != contribution.OutcomeRetrying || got.Checkout.RetryAt.IsZero() {
					t.Fatalf("told %s, to be tried at %v", got.Outcome(), got.Checkout.RetryAt)
				}
			}
			n.swept()
			n.settle(c, contribution.ByWebhook)
			n.as(c, contribution.OutcomeRetrying, 1)
			n.later(checkout.AttemptPause)
			settle(n, c)
			n.as(c, contribution.OutcomeReceived, 2)
			n.booksEqual()
			if all, err := review.Of(t.Context(), n.DB, c.ID); err != nil || len(all) > 0 {
				t.Errorf("staff are asked to look: %v, %v", all, err)
			}
		})
	}
}

func (n *newsroom) allAtOnce(c contribution.Contribution) {
	var all sync.WaitGroup
	all.Go(n.swept)
	all.Go(func() { n.settle(c, contribution.ByWebhook) })
	all.Go(func() { n.back(c) })
	all.Wait()
}

func (n *newsroom) afterAnOutage(c contribution.Contribution) {
	n.fault(`{"kind":"reset_before","match":{"path":"/v2/*"}}`)
	n.swept()
	n.heal()
	n.as(c, contribution.OutcomeRetrying, 1)
	n.later(10 * time.Minute)
	n.swept()
}

// A wish is for one attempt, and five are all there are, however often the reader comes back and whoever settles.
func TestAWishIsForOneTry(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.declined()
	for attempts := 1; attempts < checkout.MostAttempts; attempts++ {
		n.back(c)
		n.as(c, contribution.OutcomeRetrying, attempts)
		n.later(checkout.AttemptPause)
		for range 3 {
			n.swept()
			n.settle(c, contribution.ByWebhook)
		}
		n.as(c, contribution.OutcomeDeclined, attempts+1)
		n.back(c) // and is told so
		n.as(c, contribution.OutcomeDeclined, attempts+1)
	}
	n.back(c)
	n.later(time.Hour)
	n.swept()
	n.as(c, contribution.OutcomeDeclined, checkout.MostAttempts)
}

// What is no wish for another try: the first return, also where a webhook's attempt was declined before it; a copy of
// it; a look without PayPal's sign or ours. Who turns back ends the wish, and so does the end of the order.
func TestNoWishForAnotherTry(t *testing.T) {
	t.Parallel()
	later := func(n *newsroom, c contribution.Contribution) {
		t.Helper()
		n.approve(c, "approve")
		n.later(checkout.AttemptPause)
		n.swept()
		n.settle(c, contribution.ByWebhook)
		n.later(20 * time.Minute)
		n.swept()
		if n.captures() > 0 {
			t.Error("charged without having asked for it")
		}
	}
	t.Run("the first return", func(t *testing.T) {
		t.Parallel()
		n := open(t)
		c := n.start()
		n.approve(c, "decline")
		n.settle(c, contribution.ByWebhook)
		n.back(c)
		n.as(c, contribution.OutcomeDeclined, 1)
		later(n, c)
	})
	t.Run("a copy of it", func(t *testing.T) {
		t.Parallel()
		n := open(t)
		c := n.start()
		n.approve(c, "decline")
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
		n.later(checkout.AttemptPause)
		n.swept()
		n.later(4 * time.Hour)
		n.swept()
		n.as(c, contribution.OutcomeDeclined, 1)
	})
}
