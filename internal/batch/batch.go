// Package batch has what comes at about the same time written by one statement, which is one commit. It does not know
// what is written, and keeps nothing but what waits.
package batch

import (
	"context"
	"errors"
	"sync"
)

// Writer gathers items while others are being written, so that they share the next write. An item that comes alone
// waits for nobody: the first to join a batch leads it, and writes it as soon as a slot is free.
//
// This is why: each commit costs a flush to disk, which takes longer than the statement, and each statement is planned
// anew (docs/decisions/0008). Under load both would queue up one by one, whatever the number of connections.
type Writer[T, R any] struct {
	write func(ctx context.Context, items []T) ([]R, error)

	mu    sync.Mutex
	open  *batch[T, R]
	slots chan struct{} // one for each write that may run at once
}

// batch is a set of items that are written together.
type batch[T, R any] struct {
	items   []T
	results []R
	err     error
	done    chan struct{} // closed when results and err are set
}

// Most bounds one statement, and with it what one poisoned row can hold up.
const Most = 128

// NewWriter makes a Writer whose write returns a result for each item, in their order. At most atOnce writes run at the
// same time: with two, the next batch is being parsed and planned while one waits for the disk.
func NewWriter[T, R any](atOnce int, write func(context.Context, []T) ([]R, error)) *Writer[T, R] {
	return &Writer[T, R]{write: write, open: newBatch[T, R](), slots: make(chan struct{}, atOnce)}
}

func newBatch[T, R any]() *batch[T, R] { return &batch[T, R]{done: make(chan struct{})} }

// Do writes the item together with others and waits for that. Who leads the batch writes it here and now, without
// another goroutine in between, and finishes it even when its own caller has gone: others wait for this write too, and
// a COMMIT is never cancelled.
func (w *Writer[T, R]) Do(ctx context.Context, item T) (R, error) {
	b, place := w.join(item)
	if place == 0 {
		w.run(context.WithoutCancel(ctx), b)
		return b.result(place)
	}
	select {
	case <-b.done:
		return b.result(place)
	case <-ctx.Done():
		var none R
		return none, context.Cause(ctx)
	}
}

// join adds an item to the open batch, and returns its place there. The caller at place 0 must run the batch.
func (w *Writer[T, R]) join(item T) (*batch[T, R], int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := w.open
	b.items = append(b.items, item)
	if len(b.items) == Most {
		w.open = newBatch[T, R]()
	}
	return b, len(b.items) - 1
}

// run waits for a slot, closes the batch to newcomers, and writes it.
func (w *Writer[T, R]) run(ctx context.Context, b *batch[T, R]) {
	w.slots <- struct{}{}
	defer func() { <-w.slots }()
	w.mu.Lock()
	if w.open == b {
		w.open = newBatch[T, R]()
	}
	w.mu.Unlock()
	b.err = errBrokeOff // unless write returns and says otherwise: those who wait must hear of a panic too
	defer close(b.done)
	b.results, b.err = w.write(ctx, b.items)
}

var errBrokeOff = errors.New("the write broke off")

func (b *batch[T, R]) result(place int) (R, error) {
	if b.err != nil {
		var none R
		return none, b.err
	}
	return b.results[place], nil
}
