package sandbox

import (
	"context"
	"sync"
	"time"
)

// How long PayPal remembers a PayPal-Request-Id [header texts of Orders v2 and Payments v2].
const (
	orderMemory  = 6 * time.Hour
	refundMemory = 45 * 24 * time.Hour
	maxRequestID = 108
)

// requestBook remembers which resource each PayPal-Request-Id made. A call that failed leaves no trace: the same id may
// be tried again.
type requestBook struct {
	mu    sync.Mutex
	slots map[string]*requestSlot
}

// requestSlot is one request id: being worked on while done is open, remembered until the time it lapses afterwards.
type requestSlot struct {
	done     chan struct{}
	resource string // empty if the work failed
	lapses   time.Time
}

// remembered is a slot as the journal keeps it.
type remembered struct {
	Key, Resource string
	Lapses        time.Time
}

func newRequestBook() *requestBook { return &requestBook{slots: map[string]*requestSlot{}} }

// onceOnly runs work under a request id, or says what an earlier run made. Of several at once the first works and the
// others wait for it. Without a request id the work is always done.
func (s *Server) onceOnly(c *call, memory time.Duration, work func() (string, error)) (resource string, replay bool, err error) {
	id := c.Header.Get("PayPal-Request-Id")
	if id == "" {
		resource, err = work()
		return resource, false, err
	}
	if len(id) > maxRequestID {
		return "", false, statusProblem(400, detail{Field: "PayPal-Request-Id", Value: id, Issue: "INVALID_STRING_LENGTH",
			Description: describe(c.op, "INVALID_STRING_LENGTH")})
	}
	key := c.Method + " " + c.URL.Path + " " + id
	for {
		slot, mine := s.once.claim(key, s.now())
		if mine {
			resource, err = work()
			if kept := s.once.settle(key, slot, resource, s.now().Add(memory)); kept != nil {
				s.journal.put("request", key, kept)
			}
			return resource, false, err
		}
		if resource, err = slot.wait(c.Context()); resource != "" || err != nil {
			return resource, true, err
		}
	}
}

// claim gives the slot of a key, and whether the caller is the one who has to do the work.
func (b *requestBook) claim(key string, now time.Time) (*requestSlot, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if slot, taken := b.slots[key]; taken && (slot.lapses.IsZero() || now.Before(slot.lapses)) {
		return slot, false
	}
	slot := &requestSlot{done: make(chan struct{})}
	b.slots[key] = slot
	return slot, true
}

// settle ends the work on a slot; it gives what is to be remembered, nil if the work failed.
func (b *requestBook) settle(key string, slot *requestSlot, resource string, lapses time.Time) *remembered {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer close(slot.done)
	if resource == "" {
		delete(b.slots, key)
		return nil
	}
	slot.resource, slot.lapses = resource, lapses
	return &remembered{key, resource, lapses}
}

func (slot *requestSlot) wait(ctx context.Context) (string, error) {
	select {
	case <-slot.done:
		return slot.resource, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// restore puts back what the journal kept.
func (b *requestBook) restore(r remembered) {
	done := make(chan struct{})
	close(done)
	b.slots[r.Key] = &requestSlot{done, r.Resource, r.Lapses}
}

// forget drops the ids that have lapsed.
func (b *requestBook) forget(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for key, slot := range b.slots {
		if !slot.lapses.IsZero() && now.After(slot.lapses) {
			delete(b.slots, key)
		}
	}
}
