package inbox

import (
	"errors"
	"sync"
)

// batches gathers deliveries that arrive while a commit is under way, so that they share the next one. A delivery that
// arrives alone waits for nobody: the first to join a batch leads it, and commits it as soon as a slot is free.
//
// This is why: each commit costs a flush to disk, which takes longer than the insert. Under load the flushes would
// queue up one by one, whatever the number of connections.
type batches struct {
	mu    sync.Mutex
	open  *batch
	slots chan struct{} // one for each commit that may run at once
}

// batch is a set of deliveries that are committed together.
type batch struct {
	deliveries []*delivery
	outcomes   []outcome
	err        error
	done       chan struct{} // closed when outcomes and err are set
}

const (
	// commitsAtOnce: while one commit waits for the disk, the next batch is already being parsed and inserted.
	commitsAtOnce = 2
	// batchSize bounds one INSERT, and with it what one poisoned row can hold up.
	batchSize = 128
)

func newBatches() batches {
	return batches{open: &batch{done: make(chan struct{})}, slots: make(chan struct{}, commitsAtOnce)}
}

// join adds a delivery to the open batch, and tells whether the caller must run it.
func (g *batches) join(d *delivery) (*batch, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.open
	b.deliveries = append(b.deliveries, d)
	if len(b.deliveries) == batchSize {
		g.open = &batch{done: make(chan struct{})}
	}
	return b, len(b.deliveries) == 1
}

// run waits for a slot, closes the batch to newcomers, and commits it.
func (g *batches) run(b *batch, commit func([]*delivery) ([]outcome, error)) {
	g.slots <- struct{}{}
	defer func() { <-g.slots }()
	g.mu.Lock()
	if g.open == b {
		g.open = &batch{done: make(chan struct{})}
	}
	g.mu.Unlock()
	b.err = errBrokeOff // unless commit comes back and says otherwise: those who wait must hear of a panic too
	defer close(b.done)
	b.outcomes, b.err = commit(b.deliveries)
}

var errBrokeOff = errors.New("the commit broke off")

func (b *batch) outcomeOf(d *delivery) (outcome, error) {
	if b.err != nil {
		return "", b.err
	}
	for n, other := range b.deliveries {
		if other == d {
			return b.outcomes[n], nil
		}
	}
	panic("a delivery waits for a batch it is not in")
}
