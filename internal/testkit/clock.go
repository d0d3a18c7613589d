package testkit

import (
	"os"
	"sync"
	"time"
)

// Clock is a clock that a test sets, from any goroutine. It stands, or it goes on from where it was set.
type Clock struct {
	mu    sync.Mutex
	at    time.Time // what it shows, or showed when it was set
	since time.Time // when it was set; zero: it stands
}

// Noon is where a clock stands that no test has set: an ordinary day, and no summer time's change.
func Noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// NewClock stands at Noon.
func NewClock() *Clock { return ClockAt(Noon()) }

// ClockAt stands at a time.
func ClockAt(at time.Time) *Clock { return &Clock{at: at} }

// RunningClock goes like the machine's, until a test moves it: for tests that run the real programs.
func RunningClock() *Clock {
	now := time.Now()
	return &Clock{at: now, since: now}
}

// OrdinaryClock goes from Noon on, so that a test says the same on every day. With READERFUND_CLOCK=machine, as
// scripts/test-days.sh sets it, it goes like the machine's.
func OrdinaryClock() *Clock {
	c := RunningClock()
	if os.Getenv("READERFUND_CLOCK") != "machine" {
		c.at = Noon()
	}
	return c
}

// Now is what the clock shows, UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.since.IsZero() {
		return c.at.UTC()
	}
	return c.at.Add(time.Since(c.since)).UTC()
}

// Advance moves the clock on.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// Set moves the clock to a time, and has it stand there.
func (c *Clock) Set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.since = at, time.Time{}
}
