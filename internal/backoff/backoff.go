// Package backoff says how long to wait before the next try. It is the one formula for all that waits in the database:
// the queue's work, webhook events, and orders that PayPal is asked about.
package backoff

import "time"

// Backoff is a wait that doubles from First to Longest.
type Backoff struct{ First, Longest time.Duration }

// Failed is for work that failed, whatever it is. Half an hour at the longest: what waits for PayPal or our database is
// done that soon after an outage, however long it was.
var Failed = Backoff{First: 5 * time.Second, Longest: 30 * time.Minute}

// Wait is how long to wait after the n-th time in a row.
func (b Backoff) Wait(n int) time.Duration {
	wait := b.First
	for i := 1; i < n && wait < b.Longest; i++ {
		wait *= 2
	}
	return min(wait, b.Longest)
}

// Jittered is Wait ± 10 %, so that what failed together is not tried again together. random is in [0, 1).
func (b Backoff) Jittered(n int, random float64) time.Duration {
	wait := b.Wait(n)
	return wait + time.Duration((random-0.5)*0.2*float64(wait))
}
