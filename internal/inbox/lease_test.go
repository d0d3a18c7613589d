package inbox_test

import (
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/inbox"
)

// However long PayPal takes, an event stays with the process that works on it, and no longer than a lease with one that
// is gone.
func TestAnEventIsLeftToWhoWorksOnIt(t *testing.T) {
	t.Parallel()
	const lease = time.Second
	p := openWaiting(t, time.Minute)
	gift := p.news(1)[0]
	h := p.hold("/v2/checkout/orders/" + gift.Checkout.PayPalID)
	p.running(p.with(func(c *inbox.Config) { c.Lease = lease }))
	p.until("PayPal is asked", func() bool { return h.waiting.Load() == 1 })
	for began := time.Now(); time.Since(began) < 3*lease; time.Sleep(lease / 10) {
		if n, err := p.Work(t.Context()); n != 0 || err != nil {
			t.Fatalf("taken from under another: %d, %v", n, err)
		}
	}
	h.release()
	p.until("it is worked off", func() bool { return p.applied() == 1 })
	if got := p.State(gift.ID); got != contribution.Completed {
		t.Errorf("the gift is %s", got)
	}
}

// What was replayed, or is another's by now, is not renewed: its due time is not the claim's any more.
func TestALostEventIsNotRenewed(t *testing.T) {
	t.Parallel()
	const lease = 300 * time.Millisecond
	p := openWaiting(t, time.Minute)
	gift := p.news(1)[0]
	h := p.hold("/v2/checkout/orders/" + gift.Checkout.PayPalID)
	p.running(p.with(func(c *inbox.Config) { c.Lease = lease }))
	p.until("PayPal is asked", func() bool { return h.waiting.Load() == 1 })
	theirs := p.Clock.Now().Add(time.Hour)
	if _, err := p.DB.Exec(`UPDATE webhook_event SET due_at = $1`, theirs); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * lease)
	if n := p.Count(`webhook_event WHERE due_at = $1`, theirs); n != 1 {
		t.Error("the due time of another was changed")
	}
	h.release()
	p.until("what was begun is finished", func() bool { return p.applied() == 1 })
}
