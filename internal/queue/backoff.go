package queue

import "time"

const (
	// Lease is how long work is left to a process that is not heard of. It must be long against the difference of the
	// processes' clocks (NTP: well under a second).
	Lease = 15 * time.Second
	// renewals is how often a lease is renewed in its length.
	renewals = 3

	shortestBackoff = 5 * time.Second
	longestBackoff  = time.Hour
)

// Backoff is how long to wait after the n-th failure in a row: five seconds, doubling up to an hour, ± 10 %. random is
// a number in [0, 1) that decides where in that span, so that what failed together is not tried again together.
func Backoff(n int, random float64) time.Duration {
	doublings := min(max(n, 1)-1, 16) // far beyond the longest, and no overflow
	wait := min(shortestBackoff<<doublings, longestBackoff)
	return wait + time.Duration((random-0.5)*0.2*float64(wait))
}
