package checkout

import (
	"slices"
	"testing"
	"time"
)

func TestNextCheckGrowsAndEnds(t *testing.T) {
	t.Parallel()
	for _, k := range []struct {
		state State
		money Money
	}{
		{Created, Money{}}, {Cancelled, Money{}}, {Approved, Money{}}, {CaptureUnknown, Money{}},
		{Approved, Money{Paid: true, Held: true}}, {Expired, Money{Paid: true, Held: true}},
	} {
		var last time.Duration
		for done := range 40 {
			c := Checkout{State: k.state, PayPalID: "O", Returned: true, CreatedAt: noon}
			wait := c.NextCheck(k.money, done, noon, time.Minute).Sub(noon)
			if wait < time.Minute || wait < last || wait > 12*time.Hour {
				t.Fatalf("%s %+v, check %d: wait %s after %s", k.state, k.money, done, wait, last)
			}
			last = wait
		}
	}
	for _, s := range States() {
		c := Checkout{State: s, PayPalID: "O", CreatedAt: noon}
		if at := c.NextCheck(Money{Paid: true}, 0, noon, time.Minute); !at.IsZero() {
			t.Errorf("%s, paid, is asked about again at %s", s, at)
		}
		c.Gone = true
		if at := c.NextCheck(Money{}, 0, noon, time.Minute); !at.IsZero() {
			t.Errorf("%s, gone, is asked about again at %s", s, at)
		}
	}
	for _, s := range []State{Failed, Expired} {
		c := Checkout{State: s, PayPalID: "O", CreatedAt: noon}
		if at := c.NextCheck(Money{}, 0, noon, time.Minute); !at.IsZero() {
			t.Errorf("%s is asked about again at %s", s, at)
		}
	}
	started := Checkout{State: Started, CreatedAt: noon}
	if at := started.NextCheck(Money{}, 0, noon, time.Minute); at.Sub(noon) < OrderLife {
		t.Errorf("an intent without an order is asked about after %s; before its life has passed nothing can be learned",
			at.Sub(noon))
	}
}

// An order that nobody came back for is asked about twice in its life, and once when it is over.
func TestAnAbandonedOrderIsAskedAboutTwice(t *testing.T) {
	t.Parallel()
	for _, s := range []State{Created, Cancelled, Declined} {
		c := Checkout{State: s, PayPalID: "O", CreatedAt: noon}
		var asked []time.Duration
		for now := noon; len(asked) < 4; {
			now = c.NextCheck(Money{}, len(asked), now, time.Minute)
			asked = append(asked, now.Sub(noon))
		}
		want := []time.Duration{10 * time.Minute, 170 * time.Minute, 181 * time.Minute}
		if !slices.Equal(asked[:3], want) || asked[3] < 3*time.Hour+30*time.Minute {
			t.Errorf("%s is asked about after %v", s, asked)
		}
	}
}

func TestAWishIsDueWhenTheLimitsAllowIt(t *testing.T) {
	t.Parallel()
	c := Checkout{State: Declined, PayPalID: "O", AttemptedAt: noon, CreatedAt: noon}
	c.RequestRetry()
	if at := c.NextCheck(Money{}, 0, noon, time.Minute); at != noon.Add(AttemptPause) {
		t.Errorf("asked at %s", at)
	}
	if at := c.NextCheck(Money{}, 0, noon.Add(time.Hour), time.Minute); at != noon.Add(time.Hour+time.Minute) {
		t.Errorf("what is overdue is asked about at %s", at)
	}
}

// What begins in a month is not asked about before that: its subscription has checks of its own.
func TestWhatBeginsLaterIsAskedAboutThen(t *testing.T) {
	t.Parallel()
	first := noon.AddDate(0, 1, 0)
	c := Checkout{Kind: Subscription, State: Approved, PayPalID: "I-1", CreatedAt: noon, FirstChargeAt: first}
	if at := c.NextCheck(Money{}, 0, noon, time.Minute); !at.Equal(first.Add(12 * time.Hour)) {
		t.Errorf("asked at %s", at)
	}
	if at := c.NextCheck(Money{Ended: true}, 0, noon, time.Minute); !at.IsZero() {
		t.Errorf("stopped, and asked at %s", at)
	}
	asked := 0
	for now := first.Add(12 * time.Hour); !now.IsZero(); now = c.NextCheck(Money{}, asked, now, time.Minute) {
		if asked++; now.Sub(first) > SubscriptionLife+2*time.Hour || asked > 300 {
			t.Fatalf("asked %d times, at last at %s", asked, now)
		}
	}
	if asked < 10 {
		t.Errorf("asked %d times about a charge that is late", asked)
	}
}
