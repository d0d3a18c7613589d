package checkout

import (
	"testing"
	"time"

	"readerfund/internal/paypal"
)

func TestClaims(t *testing.T) {
	t.Parallel()
	anybody, reader := Caller{}, Caller{Present: true}
	returning := Caller{Present: true, Returning: true}
	approved := learned(t, OrderSeen(order(paypal.OrderApproved))...)
	// refused is a checkout whose attempts up to n were refused, the last of them begun at noon.
	refused := func(n int) Checkout {
		c := approved
		c.Attempt, c.AttemptedAt = n, noon
		if _, err := c.Apply(CaptureRefused(n, "INSTRUMENT_DECLINED", "")); err != nil {
			t.Fatal(err)
		}
		return c
	}
	told := func(c Checkout) Checkout {
		c.RefusalToldAt = noon.Add(5 * time.Second)
		return c
	}
	leased := approved
	leased.Attempt, leased.LeasedUntil = 1, noon.Add(12*time.Second)
	expired := learned(t, append(OrderSeen(order(paypal.OrderApproved)), OrderGone())...)
	requested := told(refused(1))
	requested.RequestRetry()
	for _, c := range []struct {
		name string
		of   Checkout
		by   Caller
		at   time.Duration // after noon
		want Claim
	}{
		{"the first attempt is anybody's", approved, anybody, 0, ClaimNew},
		{"a call is under way", leased, reader, 0, ClaimBusy},
		{"whoever called died", leased, anybody, 12 * time.Second, ClaimAgain},
		{"nobody tries a refused card again", refused(1), anybody, time.Hour, ClaimRefused},
		{"its reader does", refused(1), reader, AttemptPause, ClaimNew},
		{"not at once", refused(1), reader, AttemptPause - 1, ClaimRefused},
		{"not at once, coming from PayPal without having been told", refused(1), returning, 10 * time.Second, ClaimRefused},
		{"a copy of the return that was told", told(refused(1)), returning, 7 * time.Second, ClaimRefused},
		{"told, and back from PayPal", told(refused(1)), returning, 8 * time.Second, ClaimLater},
		{"told, and only looking", told(refused(1)), reader, 8 * time.Second, ClaimRefused},
		{"requested, and not due", requested, anybody, AttemptPause - 1, ClaimRefused},
		{"requested, and due", requested, anybody, AttemptPause, ClaimNew},
		{"the fourth refused", refused(4), reader, AttemptPause, ClaimNew},
		{"the fifth refused", refused(5), reader, time.Hour, ClaimRefused},
		{"the fifth refused, and back", told(refused(5)), returning, time.Hour, ClaimRefused},
		{"what we called expired", expired, anybody, 0, ClaimRefused},
		{"what we called expired, and its reader is back", expired, reader, 0, ClaimNew},
	} {
		if got := c.of.Claim(c.by, noon.Add(c.at)); got != c.want {
			t.Errorf("%s: claim %d, want %d", c.name, got, c.want)
		}
	}
	c := requested
	if c.RetryAt != noon.Add(AttemptPause) || c.Begin(c.RetryAt) != 2 || c.AttemptedAt != c.RetryAt || c.ToldOfRefusal() {
		t.Errorf("begun: %+v", c)
	}
	if _, err := c.Apply(CaptureUnanswered(2)); err != nil || c.State != CaptureUnknown || !c.RetryAt.IsZero() {
		t.Errorf("one request is one attempt: %+v, %v", c, err)
	}
}
