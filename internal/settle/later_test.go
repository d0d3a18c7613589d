package settle_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/review"
	"readerfund/internal/subscription"
)

// inAMonth is when a gift that follows a one-time one is first charged.
func (n *world) inAMonth() time.Time { return subscription.MonthsLater(n.Clock.Now(), 1) }

// Whichever way PayPal keeps it until its first charge: nothing is counted as paid before, PayPal is asked about it
// once a day, and the charge is found although no webhook tells.
func TestAGiftThatBeginsLater(t *testing.T) {
	t.Parallel()
	for _, waitsAs := range []string{"active", "approved"} {
		n := still(t)
		first := n.inAMonth()
		c := n.BeginLater("4.00", first, waitsAs)
		s := n.sub(c)
		if c.State != contribution.Approved || c.Outcome() != contribution.OutcomeScheduled || !c.CompletedAt.IsZero() ||
			!s.Ongoing() || s.AwaitsStart() != (waitsAs == "approved") || s.FirstCharge().Sub(first).Abs() > 24*time.Hour {
			t.Fatalf("%s: it stands at %s, %+v", waitsAs, c.State, s)
		}
		asked := 0
		for range 27 {
			n.pass(1)
			asked += n.sweepSubscriptions()
			some, err := n.Sweeper.Sweep(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			asked += some
		}
		if asked < 20 || asked > 28 || n.Count("payment") != 0 || n.State(c.ID) != contribution.Approved {
			t.Errorf("%s: asked %d times in 27 days, %d payments, %s", waitsAs, asked, n.Count("payment"), n.State(c.ID))
		}
		n.pass(7)
		n.sweepSubscriptions()
		n.Wants(c, contribution.Completed)
		if s = n.sub(c); s.State != subscription.Active || !s.FirstCharge().IsZero() || n.Count("review") != 0 {
			t.Errorf("%s: after the first charge %+v, %d reviews", waitsAs, s, n.Count("review"))
		}
		n.BooksEqual()
	}
}

// However often and at once a yes is sent, one gift follows another.
func TestOneGiftFollowsAnother(t *testing.T) {
	t.Parallel()
	n := still(t)
	in := monthly("")
	in.Follows, in.FirstChargeAt = uuid.New(), n.inAMonth()
	var all sync.WaitGroup
	for amount := range 8 {
		all.Go(func() {
			mine := in
			mine.Amount = strconv.Itoa(amount+2) + ".00"
			if _, err := n.Starter.Start(t.Context(), mine, nil); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if made := n.Count("contribution"); made != 1 {
		t.Errorf("%d contributions", made)
	}
	in.IdempotencyKey = "§follows:" + in.Follows.String() // nobody can take the key before
	in.Follows = uuid.Nil
	if _, err := n.Starter.Start(t.Context(), in, nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("a reader's key: %v", err)
	}
}

// What PayPal begins well before the day that the reader agreed to is looked at, and so is what it charges then.
func TestABeginAndAChargeMuchTooEarlyAreLookedAt(t *testing.T) {
	t.Parallel()
	n := still(t)
	in := monthly("")
	in.Follows, in.FirstChargeAt = uuid.New(), n.inAMonth()
	c := n.Start(in)
	n.Exec(`UPDATE contribution SET first_charge_at = first_charge_at + interval '20 days' WHERE id = $1`, c.ID)
	n.agree(c)
	c = n.comeBack(c)
	if c.State != contribution.Approved || n.reviews(review.SubscriptionStartsEarly) != 1 ||
		n.reviews(review.ChargedEarly) != 0 {
		t.Errorf("approved: %s, %d reviews", c.State, n.reviews(review.SubscriptionStartsEarly))
	}
	n.pass(33)
	n.sweepSubscriptions()
	n.Wants(c, contribution.Completed)
	if n.reviews(review.ChargedEarly) != 1 || n.Count("review") != 2 {
		t.Errorf("charged: %d reviews", n.Count("review"))
	}
	n.BooksEqual()
}

// A subscription of another amount is looked at before it charges anything.
func TestAPledgeThatBeginsLaterIsHeldAgainstAtOnce(t *testing.T) {
	t.Parallel()
	for _, waitsAs := range []string{"active", "approved"} {
		n := still(t)
		n.hook("POST", "billing", `{"future_start":"`+waitsAs+`"}`, nil)
		in := monthly("")
		in.Follows, in.FirstChargeAt = uuid.New(), n.inAMonth()
		c := n.Start(in)
		n.Exec(`UPDATE contribution SET amount_minor = 400 WHERE id = $1`, c.ID)
		n.agree(c)
		n.comeBack(c)
		if n.reviews(review.SubscriptionDiffers) != 1 || n.Count("review") != 1 {
			t.Errorf("%s: %d reviews", waitsAs, n.Count("review"))
		}
	}
}
