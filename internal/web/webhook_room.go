package web

import (
	"net/netip"
	"sync"

	"readerfund/internal/fault"
	"readerfund/internal/inbox"
	"readerfund/internal/web/page"
)

// What deliveries may take up together while they are on the way: PayPal sends a few at a time, a few kilobytes each.
const (
	bodiesAtOnce        = 256      // that are being read
	bodiesOfOneNetwork  = 64       // of those, from one network, so that a slow sender leaves room for others
	deliveryBytesAtOnce = 32 << 20 // declared by all that are not answered yet
)

// deliveries is the room there is for deliveries. It is safe for concurrent use.
type deliveries struct {
	mu      sync.Mutex
	reading int
	from    map[netip.Prefix]int
	bytes   int64
}

// room is one delivery's part of it.
type room struct {
	of      *deliveries
	network netip.Prefix
	bytes   int64
	read    bool
}

// enter takes room for a delivery of the declared length, -1 where it does not say. Without room it is refused at once,
// so that PayPal sends it again later: a queue would only hold more connections.
func (d *deliveries) enter(from page.Client, declared int64) (*room, error) {
	if declared < 0 {
		declared = inbox.LargestBody
	}
	r := &room{of: d, network: from.Network, bytes: declared}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.reading >= bodiesAtOnce || d.from[r.network] >= bodiesOfOneNetwork || d.bytes+declared > deliveryBytesAtOnce {
		return nil, fault.Unavailablef(nil, "Too many deliveries are on the way at once.")
	}
	if d.from == nil {
		d.from = map[netip.Prefix]int{}
	}
	d.reading++
	d.from[r.network]++
	d.bytes += declared
	return r, nil
}

// isRead says that the body is there, and only its bytes take up room.
func (r *room) isRead() {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	r.doneReading()
}

func (r *room) doneReading() {
	if r.read {
		return
	}
	r.read = true
	r.of.reading--
	if r.of.from[r.network]--; r.of.from[r.network] == 0 {
		delete(r.of.from, r.network)
	}
}

// leave gives the room back.
func (r *room) leave() {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	r.doneReading()
	r.of.bytes -= r.bytes
}
