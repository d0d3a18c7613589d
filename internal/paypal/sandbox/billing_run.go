package sandbox

import (
	"container/heap"
	"runtime"
	"time"
)

// runBatch is how many things the run does before it lets others have the lock: a few milliseconds' worth.
const runBatch = 32

// agenda is what falls due by itself: subscriptions, by the time at which something is to be done about them. An entry
// that has been overtaken stays in it, and is passed over when its time comes.
type agenda []agendaEntry

type agendaEntry struct {
	at  time.Time
	sub *subscription
}

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	if !a[i].at.Equal(a[j].at) {
		return a[i].at.Before(a[j].at)
	}
	return a[i].sub.ID < a[j].sub.ID
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(e any)   { *a = append(*a, e.(agendaEntry)) } //nolint:forcetypeassert // heap.Push gives it back
func (a *agenda) Pop() any {
	last := len(*a) - 1
	e := (*a)[last]
	(*a)[last] = agendaEntry{}
	*a = (*a)[:last]
	return e
}

// enterAgenda has something done about a subscription at a time. Holds s.mu.
func (s *Server) enterAgenda(at time.Time, sub *subscription) {
	heap.Push(&s.books.agenda, agendaEntry{at, sub})
}

// advance moves the sandbox's clock on, and does what falls due on the way in the order of time: whoever asks meanwhile
// sees the clock go along.
func (s *Server) advance(by time.Duration) {
	s.advancing.Lock()
	defer s.advancing.Unlock()
	ahead := s.offset.Load() + int64(by)
	s.runUntil(s.now().Add(by))
	s.offset.Store(ahead)
	s.journal.put("clock", "offset", ahead)
}

// catchUp does what has fallen due by now.
func (s *Server) catchUp() {
	s.advancing.Lock()
	defer s.advancing.Unlock()
	s.runUntil(s.now())
}

// runUntil does what falls due until a time. Holds s.advancing.
func (s *Server) runUntil(until time.Time) {
	for s.runSome(until) {
		runtime.Gosched()
	}
}

// runSome does some of it, and reports whether there is more.
func (s *Server) runSome(until time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	done := 0
	for len(s.books.agenda) > 0 && !s.books.agenda[0].at.After(until) {
		if done == runBatch {
			s.journal.put("clock", "offset", s.offset.Load())
			return true
		}
		e := heap.Pop(&s.books.agenda).(agendaEntry) //nolint:forcetypeassert // there is nothing else in it
		if s.moveTo(e) {
			done++
		}
	}
	return false
}

// moveTo does what an entry of the agenda stands for, and reports whether there was anything to be done. Holds s.mu.
func (s *Server) moveTo(e agendaEntry) bool {
	approved := e.sub.Approval != nil && e.sub.Approval.At.Equal(e.at)
	starts := e.sub.awaitsStart() && e.sub.Start.Equal(e.at)
	if !approved && !starts && (e.sub.Status != statusActive || !e.sub.Billing.Due.Equal(e.at)) {
		return false
	}
	if ahead := int64(e.at.Sub(s.opts.Now())); ahead > s.offset.Load() {
		s.offset.Store(ahead)
	}
	switch {
	case approved:
		s.approvalDue(e.sub)
	case starts:
		s.activate(e.sub, "")
	default:
		s.charge(e.sub)()
	}
	return true
}
