package sandbox

import (
	"container/heap"
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// postOffice sends deliveries when they are due.
type postOffice struct {
	server *Server
	client *http.Client
	wake   chan struct{}
	work   chan *delivery
	nextID atomic.Int64

	mu       sync.Mutex
	queue    dueHeap
	held     map[string]*delivery // by webhook: held back by reorder_webhooks
	delayed  []*delivery          // held back by delay_webhook
	attempts []*attempt
}

func newPostOffice(s *Server) *postOffice {
	return &postOffice{
		server: s, wake: make(chan struct{}, 1), work: make(chan *delivery), held: map[string]*delivery{},
		client: &http.Client{
			Timeout:       answerTimeout,
			Transport:     &http.Transport{MaxIdleConnsPerHost: s.opts.DeliveryConcurrency, IdleConnTimeout: time.Minute},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

func (p *postOffice) enqueue(d *delivery) {
	p.mu.Lock()
	heap.Push(&p.queue, d)
	p.mu.Unlock()
	p.wakeUp()
}

// enqueueInOrder queues a delivery, or holds it back until the next one to the same webhook has been tried (or two
// retry units have passed). A delivery that finds one held takes it along.
func (p *postOffice) enqueueInOrder(d *delivery, hold bool) {
	p.mu.Lock()
	earlier := p.held[d.WebhookID]
	switch {
	case earlier != nil:
		delete(p.held, d.WebhookID)
		d.then = append(d.then, earlier)
		heap.Push(&p.queue, d)
	case hold:
		p.held[d.WebhookID] = d
		time.AfterFunc(2*p.server.opts.RetryUnit, func() { p.release(d) })
	default:
		heap.Push(&p.queue, d)
	}
	p.mu.Unlock()
	p.wakeUp()
}

// release queues a delivery that is still held.
func (p *postOffice) release(d *delivery) {
	p.mu.Lock()
	if p.held[d.WebhookID] == d {
		delete(p.held, d.WebhookID)
		heap.Push(&p.queue, d)
	}
	p.mu.Unlock()
	p.wakeUp()
}

// delay keeps a delivery until the sandbox's clock has come to when it opens.
func (p *postOffice) delay(d *delivery) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delayed = append(p.delayed, d)
}

// open queues what was delayed until now, oldest first.
func (p *postOffice) open(now time.Time) {
	p.mu.Lock()
	var later, ripe []*delivery
	for _, d := range p.delayed {
		if d.opens.After(now) {
			later = append(later, d)
		} else {
			ripe = append(ripe, d)
		}
	}
	p.delayed = later
	slices.SortStableFunc(ripe, func(a, b *delivery) int { return a.opens.Compare(b.opens) })
	for _, d := range ripe {
		d.due = time.Now()
		heap.Push(&p.queue, d)
	}
	p.mu.Unlock()
	p.wakeUp()
}

func (p *postOffice) wakeUp() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run hands due deliveries to the senders until the context ends.
func (p *postOffice) run(ctx context.Context) {
	var senders sync.WaitGroup
	for range p.server.opts.DeliveryConcurrency {
		senders.Go(func() { p.send(ctx) })
	}
	defer senders.Wait()
	for {
		d, wait := p.next()
		if d != nil {
			select {
			case p.work <- d:
			case <-ctx.Done():
				return
			}
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-p.wake:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// next takes the delivery that is due, or says how long until one is.
func (p *postOffice) next() (*delivery, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		return nil, time.Hour
	}
	if wait := time.Until(p.queue[0].due); wait > 0 {
		return nil, wait
	}
	return heap.Pop(&p.queue).(*delivery), 0
}

func (p *postOffice) send(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case d := <-p.work:
			p.attempt(ctx, d)
		}
	}
}

// dueHeap orders deliveries by when they are due.
type dueHeap []*delivery

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)        { *h = append(*h, x.(*delivery)) }
func (h *dueHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}
