package inbox

import (
	"context"
	"errors"
	"sync"

	"readerfund/internal/db"
)

// batches gathers items that are to be committed while a commit is under way, so that they share the next one. An item
// that comes alone waits for nobody: the first to join a batch leads it, and commits it as soon as a slot is free.
//
// This is why: each commit costs a flush to disk, which takes longer than the statement. Under load the flushes would
// queue up one by one, whatever the number of connections.
type batches[T, R any] struct {
	commit func(ctx context.Context, items []T) ([]R, error) // it returns a result for each item

	mu    sync.Mutex
	open  *batch[T, R]
	slots chan struct{} // one for each commit that may run at once
}

// batch is a set of items that are committed together.
type batch[T, R any] struct {
	items   []T
	results []R
	err     error
	done    chan struct{} // closed when results and err are set
}

const (
	// commitsAtOnce: while one commit waits for the disk, the next batch is already being parsed and written.
	commitsAtOnce = 2
	// batchSize bounds one statement, and with it what one poisoned row can hold up.
	batchSize = 128
)

func newBatches[T, R any](commit func(context.Context, []T) ([]R, error)) *batches[T, R] {
	return &batches[T, R]{commit: commit, open: newBatch[T, R](), slots: make(chan struct{}, commitsAtOnce)}
}

func newBatch[T, R any]() *batch[T, R] { return &batch[T, R]{done: make(chan struct{})} }

// do commits the item together with others and waits for the commit. Who leads the batch commits it here and now,
// without another goroutine in between, and finishes it even when its own caller has gone: others wait for this commit
// too, and a COMMIT is never cancelled.
func (g *batches[T, R]) do(ctx context.Context, item T) (R, error) {
	b, place := g.join(item)
	if place == 0 {
		g.run(context.WithoutCancel(ctx), b)
		return b.result(place)
	}
	select {
	case <-b.done:
		return b.result(place)
	case <-ctx.Done():
		var none R
		return none, db.Translate(context.Cause(ctx))
	}
}

// join adds an item to the open batch, and returns its place there. The caller at place 0 must run the batch.
func (g *batches[T, R]) join(item T) (*batch[T, R], int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.open
	b.items = append(b.items, item)
	if len(b.items) == batchSize {
		g.open = newBatch[T, R]()
	}
	return b, len(b.items) - 1
}

// run waits for a slot, closes the batch to newcomers, and commits it.
func (g *batches[T, R]) run(ctx context.Context, b *batch[T, R]) {
	g.slots <- struct{}{}
	defer func() { <-g.slots }()
	g.mu.Lock()
	if g.open == b {
		g.open = newBatch[T, R]()
	}
	g.mu.Unlock()
	b.err = errBrokeOff // unless commit returns and says otherwise: those who wait must hear of a panic too
	defer close(b.done)
	b.results, b.err = g.commit(ctx, b.items)
}

var errBrokeOff = errors.New("the commit broke off")

func (b *batch[T, R]) result(place int) (R, error) {
	if b.err != nil {
		var none R
		return none, b.err
	}
	return b.results[place], nil
}
