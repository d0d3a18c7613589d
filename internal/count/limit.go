package count

import (
	"net/netip"
	"sync"
	"time"
)

// How many events are taken. A mobile network has thousands of readers behind one address; a script that goes round
// the bounds adds about equally much to each variant, or is seen by the check of the split (package experiment).
const (
	eventEvery = 250 * time.Millisecond // of one address: an IPv4 address, or an IPv6 /64
	eventBurst = 400
	ofNetwork  = 4       // as much for the network around it
	mostKnown  = 131_072 // addresses and networks remembered; newcomers wait for a second where there are more
)

// limiter bounds the events of an address in memory, and so by process: a GCRA as in package ratelimit, without its
// write to the database, which would cost more than what it guards. The zero time is an address that sent nothing.
type limiter struct {
	mu   sync.Mutex
	free map[netip.Prefix]time.Time // when all that an address sent is forgotten
}

// take counts n events of an address and of its network, if both have room. What came by no network address has any.
func (l *limiter) take(now time.Time, n int, address, network netip.Prefix) bool {
	if !address.IsValid() {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	cost := time.Duration(n) * eventEvery
	own, fits := l.after(now, address, cost, eventBurst*eventEvery)
	around, both := l.after(now, network, cost/ofNetwork, eventBurst*eventEvery)
	if !fits || !both {
		return false
	}
	l.free[address], l.free[network] = own, around
	return true
}

// after is when a sender's events would be forgotten with these, and whether there is room for them. l.mu is held.
func (l *limiter) after(now time.Time, who netip.Prefix, cost, most time.Duration) (time.Time, bool) {
	free, known := l.free[who]
	if !known && len(l.free) >= mostKnown {
		return now, false
	}
	if free.Before(now) {
		free = now
	}
	free = free.Add(cost)
	return free, free.Sub(now) <= most
}

// forget drops the senders that have room for everything again.
func (l *limiter) forget(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for who, free := range l.free {
		if !free.After(now) {
			delete(l.free, who)
		}
	}
}
