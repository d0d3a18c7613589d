package paypal

import (
	"errors"
	"net/http"
	"sync"
	"time"
)

// busy is until when PayPal asks to be left alone, as any call may learn: by 429, or by a Retry-After. The
// limit is the app's, and PayPal does not publish it, so what one call learns holds for all work that nobody waits for.
// Source: PayPal, "Rate limiting guidelines" (developer.paypal.com/api/rate-limiting).
type busy struct {
	mu    sync.Mutex
	until time.Time
	pause time.Duration // the latest one; it doubles while PayPal goes on refusing after it
}

const (
	firstBusyPause = time.Second
	// longestBusyPause also bounds what PayPal names: one odd header must not stop the work for a year.
	longestBusyPause = 5 * time.Minute
)

// note takes what an attempt came to; nil is success.
func (b *busy) note(failure *Error, now time.Time) {
	wait, refused := failure.refusedForNow()
	b.mu.Lock()
	defer b.mu.Unlock()
	switch over := !now.Before(b.until); {
	case refused && over:
		b.pause = min(max(2*b.pause, firstBusyPause), longestBusyPause)
		b.extend(now.Add(max(wait, b.pause)), now)
	case refused: // it was under way when the pause began
		b.extend(now.Add(wait), now)
	case over && failure.answered():
		b.pause = 0
	}
}

func (b *busy) extend(until, now time.Time) {
	if latest := now.Add(longestBusyPause); until.After(latest) {
		until = latest
	}
	if until.After(b.until) {
		b.until = until
	}
}

// refusedForNow reports whether PayPal asked us to wait, and for how long where it said so.
func (e *Error) refusedForNow() (time.Duration, bool) {
	for e != nil {
		if e.Status == http.StatusTooManyRequests || e.RetryAfter > 0 {
			return e.RetryAfter, true
		}
		e, _ = errors.AsType[*Error](e.Err) // the failure of a token is inside
	}
	return 0, false
}

// answered reports whether PayPal took the call, whatever it said to it.
func (e *Error) answered() bool {
	return e == nil || e.Status > 0 && e.Status < http.StatusInternalServerError
}

// Busy is how long PayPal asks to be left alone by work that can wait; 0 when it does not ask for that.
func (c *Client) Busy() time.Duration {
	c.busy.mu.Lock()
	defer c.busy.mu.Unlock()
	return max(c.busy.until.Sub(c.now()), 0)
}
