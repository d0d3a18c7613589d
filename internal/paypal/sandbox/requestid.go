package sandbox

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"
)

// How long PayPal remembers a PayPal-Request-Id [header texts of the documents].
const (
	orderMemory   = 6 * time.Hour
	refundMemory  = 45 * 24 * time.Hour
	billingMemory = 72 * time.Hour // products, plans and subscriptions
	maxRequestID  = 108
)

// remembering are the operations that know the header.
var remembering = []operation{
	opCreate, opCapture, opRefund, opSaleRefund, opProductCreate, opPlanCreate, opSubscribe, opOutstanding,
}

// requestBook remembers what came of each PayPal-Request-Id: the resource it made, or PayPal's refusal. A call that
// failed in any other way leaves no trace: the same id may be tried again.
type requestBook struct {
	mu    sync.Mutex
	slots map[string]*requestSlot
}

// requestSlot is one request id: being worked on while done is open, remembered until the time it lapses afterwards.
type requestSlot struct {
	done     chan struct{}
	resource string   // empty if nothing was made
	refusal  *problem // why, where that is final; nil otherwise
	lapses   time.Time
}

// remembered is a slot as the journal keeps it.
type remembered struct {
	Key, Resource string
	Refusal       *problem `json:",omitempty"`
	Status        int      `json:",omitempty"` // of the refusal
	Lapses        time.Time
}

func newRequestBook() *requestBook { return &requestBook{slots: map[string]*requestSlot{}} }

// repeatable reports whether the call is one whose PayPal-Request-Id is remembered, and has one.
func (c *call) repeatable() bool {
	return slices.Contains(remembering, c.op) && c.Method == http.MethodPost && c.Header.Get("PayPal-Request-Id") != ""
}

// final reports whether a refusal is PayPal's decision about the request, and not about who sent it, when or in what
// form.
func final(status int) bool { return status == http.StatusUnprocessableEntity }

// onceOnly runs work under a request id, or says what came of an earlier run. Of several at once the first works and
// the others wait for it. Without a request id the work is always done.
func (s *Server) onceOnly(
	c *call, memory time.Duration, work func() (string, error),
) (resource string, replay bool, err error) {
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
			resource, err = s.firstTime(c, work)
			if kept := s.once.settle(key, slot, resource, err, s.now().Add(memory)); kept != nil {
				s.journal.put("request", key, kept)
			}
			return resource, false, err
		}
		if resource, err = slot.wait(c.Context()); resource != "" || err != nil {
			return resource, true, err
		}
	}
}

// firstTime does the work, unless a fault wants it refused.
func (s *Server) firstTime(c *call, work func() (string, error)) (string, error) {
	if f := s.faults.takeIssue(c.Method, c.URL.Path, final); f != nil {
		return "", namedProblem(c.op, f.Issue)
	}
	return work()
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

// settle ends the work on a slot; it gives what is to be remembered, nil if that is nothing.
func (b *requestBook) settle(key string, slot *requestSlot, resource string, err error, lapses time.Time) *remembered {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer close(slot.done)
	var p *problem
	if errors.As(err, &p) && final(p.Status) {
		slot.refusal, slot.lapses = p, lapses
		return slot.record(key)
	}
	if resource == "" {
		delete(b.slots, key)
		return nil
	}
	slot.resource, slot.lapses = resource, lapses
	return slot.record(key)
}

func (slot *requestSlot) record(key string) *remembered {
	r := remembered{Key: key, Resource: slot.resource, Refusal: slot.refusal, Lapses: slot.lapses}
	if r.Refusal != nil {
		r.Status = r.Refusal.Status
	}
	return &r
}

func (slot *requestSlot) wait(ctx context.Context) (string, error) {
	select {
	case <-slot.done:
		if slot.refusal != nil {
			return "", slot.refusal
		}
		return slot.resource, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// restore puts back what the journal kept.
func (b *requestBook) restore(r remembered) {
	done := make(chan struct{})
	close(done)
	if r.Refusal != nil {
		r.Refusal.Status = r.Status
	}
	b.slots[r.Key] = &requestSlot{done, r.Resource, r.Refusal, r.Lapses}
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
