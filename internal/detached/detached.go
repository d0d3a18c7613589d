// Package detached runs work that has to reach its end although whoever asked for it goes away: a reader who closes the
// tab while PayPal is being asked for their money must not leave us ignorant of what became of it. It does not retry
// and keeps nothing: work that must survive the process belongs into the database.
package detached

import (
	"context"
	"sync"
	"time"
)

const (
	// runsAtMost bounds work that nobody waits for any more: PayPal's time-out, and the saving after it.
	runsAtMost = 20 * time.Second
	// savesAtMost bounds the writing down of an outcome.
	savesAtMost = 5 * time.Second
)

// Group is the detached work of one service. Its zero value is ready, and safe for concurrent use.
type Group struct{ running sync.WaitGroup }

// Wait returns once all of the group's work has ended.
func (g *Group) Wait() { g.running.Wait() }

// Run runs work to its end, for at most 20 seconds, even when ctx ends before. It returns early then, with ctx's error.
func Run[T any](ctx context.Context, g *Group, work func(ctx context.Context) (T, error)) (T, error) {
	type outcome struct {
		got T
		err error
	}
	done := make(chan outcome, 1)
	g.running.Go(func() {
		long, cancel := context.WithTimeout(context.WithoutCancel(ctx), runsAtMost)
		defer cancel()
		got, err := work(long)
		done <- outcome{got, err}
	})
	select {
	case o := <-done:
		return o.got, o.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// Saving is a context for writing an outcome down, which is needed most where the time of the call that had it is over.
func Saving(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), savesAtMost)
}
