package paypal

import (
	"testing"
	"time"
)

// What PayPal asks for is kept, and where it names no time the pause doubles until it takes calls again.
func TestHowLongPayPalIsLeftAlone(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	c := &Client{now: func() time.Time { return now }}
	refused := func(status int, wait time.Duration) *Error { return &Error{Status: status, RetryAfter: wait} }
	for n, step := range []struct {
		after   time.Duration // the step before
		failure *Error
		busy    time.Duration
	}{
		{0, nil, 0},
		{0, &Error{Err: errUnreadable}, 0},
		{0, refused(503, 0), 0},
		{0, refused(404, 0), 0},
		{0, refused(429, 0), time.Second},
		{0, refused(429, 0), time.Second},                     // it was under way
		{500 * time.Millisecond, nil, 500 * time.Millisecond}, // so was this
		{500 * time.Millisecond, refused(429, 0), 2 * time.Second},
		{2 * time.Second, &Error{}, 0}, // no answer says nothing
		{0, refused(429, 0), 4 * time.Second},
		{4 * time.Second, nil, 0}, // PayPal takes calls again
		{0, refused(429, 0), time.Second},
		{0, refused(429, 30*time.Second), 30 * time.Second},
		{10 * time.Second, refused(503, 5*time.Second), 20 * time.Second}, // shorter than what is known
		{20 * time.Second, refused(503, time.Minute), time.Minute},
		{time.Minute, &Error{Err: refused(429, 0)}, 4 * time.Second}, // a token was refused
		{4 * time.Second, refused(429, 365*24*time.Hour), longestBusyPause},
		{longestBusyPause, &Error{Status: 404}, 0},
		{0, refused(429, 0), time.Second},
	} {
		now = now.Add(step.after)
		c.busy.note(step.failure, now)
		if got := c.Busy(); got != step.busy {
			t.Errorf("step %d: %v, want %v", n, got, step.busy)
		}
	}
	for range 20 {
		now = now.Add(time.Hour)
		c.busy.note(refused(429, 0), now)
	}
	if got := c.Busy(); got != longestBusyPause {
		t.Errorf("after many refusals: %v", got)
	}
}
