package manage_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/review"
	"readerfund/internal/settle"
	"readerfund/internal/subscription"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

func byWebhook() settle.Source { return settle.Source{Way: contribution.ByWebhook} }

func intentOnce() contribution.Intent { return newsroom.Intent() }

func intentOf(frequency, amount string) contribution.Intent {
	in := newsroom.Intent()
	in.Frequency, in.Amount = frequency, amount
	return in
}

// One person's second subscription is named to staff, with the first, and both go on.
func TestASecondSubscriptionOfOnePersonIsNamed(t *testing.T) {
	t.Parallel()
	n := open(t)
	first, second := n.Subscribe("month", "10.00"), n.Subscribe("year", "60.00")
	if got := n.reviews(first); got != "" {
		t.Errorf("of the first: %q", got)
	}
	got := n.reviews(second)
	for _, want := range []string{n.sub(first).PayPalID, n.sub(second).PayPalID, first.Receipt} {
		if !strings.Contains(got, want) {
			t.Errorf("%q does not name %s", got, want)
		}
	}
	n.news(second)
	n.news(second)
	if n.Count("review") != 1 {
		t.Errorf("%d reviews", n.Count("review"))
	}
	n.wants(first, subscription.Active)
	n.wants(second, subscription.Active)
	if third := n.Subscribe("month", "7.00"); n.reviews(third) == "" {
		t.Error("the third is not named")
	} else if _, err := n.Manage.Stop(t.Context(), third.ID, reader); err != nil || n.reviews(third) != "" {
		t.Errorf("once it is stopped: %q, %v", n.reviews(third), err)
	}
	if _, err := n.Manage.Stop(t.Context(), first.ID, reader); err != nil {
		t.Fatal(err)
	}
	if third := n.Subscribe("month", "5.00"); strings.Contains(n.reviews(third), n.sub(first).PayPalID) {
		t.Errorf("what has ended is named: %q", n.reviews(third))
	}
}

// Once the older of two has ended, nothing is left to look at on the newer; on a third, the other one still runs.
func TestTheEndOfTheOlderSubscriptionSettlesTheReview(t *testing.T) {
	t.Parallel()
	n := open(t)
	first, second := n.Subscribe("month", "10.00"), n.Subscribe("year", "60.00")
	third := n.Subscribe("month", "7.00")
	n.inPayPal(first, "cancel")
	n.news(first)
	if got := n.reviews(second); got != "" {
		t.Errorf("on the second: %q", got)
	}
	if got := n.reviews(third); strings.Contains(got, n.sub(first).PayPalID) ||
		!strings.Contains(got, n.sub(second).PayPalID) {
		t.Errorf("on the third: %q", got)
	}
}

// A subscription begins while the older one ends: the end waits until it can see what was opened about the two.
func TestTheEndOfOneSeesTheBeginningOfAnother(t *testing.T) {
	t.Parallel()
	n := open(t)
	first, second := n.Subscribe("month", "10.00"), n.Subscribe("year", "60.00")
	testkit.Exec(t, n.DB, `DELETE FROM review`) // the second is about to begin
	args := review.Args{
		"subscription": n.sub(second).PayPalID, "other": n.sub(first).PayPalID, "receipt": first.Receipt,
	}
	n.inPayPal(first, "cancel")
	ended := make(chan error, 1)
	err := n.DB.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `SELECT 1 FROM supporter FOR NO KEY UPDATE`); err != nil { // it is linked
			return err
		}
		if _, err := review.Open(ctx, tx, second.ID, review.TwoSubscriptions, args, n.Clock.Now()); err != nil {
			return err
		}
		go func() {
			_, err := n.Settler.SettleSubscription(t.Context(), n.sub(first).PayPalID, byWebhook())
			ended <- err
		}()
		for range 200 { // until it waits, or ends without having waited
			if n.Count("pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") > 0 ||
				len(ended) > 0 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if got := n.reviews(second); got != "" {
		t.Errorf("left open: %q", got)
	}
}

// Should PayPal have two subscriptions for one gift, a stop ends both, and nothing else is done to either.
func TestTwoSubscriptionsOfOneGift(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	var made struct {
		Subscriptions []struct{ ID string }
	}
	n.PayPal.Must("POST", "/sandbox/subscriptions", map[string]any{
		"custom_ids": []string{c.ID.String()}, "currency": "EUR", "amount": "10.00",
	}, &made)
	if len(made.Subscriptions) != 1 {
		t.Fatalf("%+v", made)
	}
	if _, err := n.Settler.SettleSubscription(t.Context(), made.Subscriptions[0].ID, byWebhook()); err != nil {
		t.Fatal(err)
	}
	if n.Count("subscription WHERE contribution_id = $1", c.ID) != 2 {
		t.Fatal("the second one is not kept")
	}
	if _, err := n.Manage.Pause(t.Context(), c.ID, 1, reader); !fault.Is(err, fault.Conflict) {
		t.Errorf("pausing two: %v", err)
	}
	if _, err := n.Manage.Stop(t.Context(), c.ID, reader); err != nil {
		t.Fatal(err)
	}
	n.wantChanges(c, "stop done, stop done")
	if n.Count("subscription WHERE state = 'cancelled'") != 2 {
		t.Error("one goes on")
	}
}
