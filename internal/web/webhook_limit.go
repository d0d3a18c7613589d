package web

import (
	"net/netip"
	"sync"

	"readerfund/internal/fault"
	"readerfund/internal/inbox"
	"readerfund/internal/web/page"
)

// The limits on all deliveries in progress together: PayPal sends a few at a time, a few kilobytes each.
const (
	bodiesAtOnce        = 256      // being read
	bodiesOfOneNetwork  = 64       // of those, from one network, so that a slow sender leaves some for others
	deliveryBytesAtOnce = 32 << 20 // declared by all that are not answered yet, in total
)

// deliveryLimiter bounds what deliveries take up together. It is safe for concurrent use.
type deliveryLimiter struct {
	mu      sync.Mutex
	reading int
	from    map[netip.Prefix]int
	bytes   int64
}

// deliverySlot is one delivery's share of the limits.
type deliverySlot struct {
	of      *deliveryLimiter
	network netip.Prefix
	bytes   int64
	read    bool
}

// acquire takes a slot for a delivery of the declared length, -1 if it declares none. If there is none, the delivery is
// refused at once, so that PayPal sends it again later: a queue would only hold more connections.
func (d *deliveryLimiter) acquire(from page.Client, declared int64) (*deliverySlot, error) {
	if declared < 0 {
		declared = inbox.LargestBody
	}
	r := &deliverySlot{of: d, network: from.Network, bytes: declared}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.reading >= bodiesAtOnce || d.from[r.network] >= bodiesOfOneNetwork || d.bytes+declared > deliveryBytesAtOnce {
		return nil, fault.New(fault.Unavailable, "api.deliveries_busy")
	}
	if d.from == nil {
		d.from = map[netip.Prefix]int{}
	}
	d.reading++
	d.from[r.network]++
	d.bytes += declared
	return r, nil
}

// bodyRead says that the body has been read: from now on only its bytes count.
func (r *deliverySlot) bodyRead() {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	r.stopReading()
}

func (r *deliverySlot) stopReading() {
	if r.read {
		return
	}
	r.read = true
	r.of.reading--
	if r.of.from[r.network]--; r.of.from[r.network] == 0 {
		delete(r.of.from, r.network)
	}
}

// release gives the slot back.
func (r *deliverySlot) release() {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	r.stopReading()
	r.of.bytes -= r.bytes
}
