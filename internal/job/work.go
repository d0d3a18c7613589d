package job

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"readerfund/internal/text"
)

// work runs a job that is held, renews the hold beside it, and writes down how it ended.
func (k *Keeper) work(ctx context.Context, c claimed) error {
	defer k.done(c.job.Name)
	run, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(nil)
	stopped := context.AfterFunc(ctx, func() { end(ErrStopped) })
	defer stopped()
	timed, cancel := context.WithTimeout(run, c.job.Timeout)
	defer cancel()

	renewing := make(chan struct{})
	go func() {
		defer close(renewing)
		k.keepHold(timed, c, end)
	}()
	problem := safely(timed, c.job.Run)
	if problem != nil && errors.Is(timed.Err(), context.DeadlineExceeded) {
		problem = fmt.Errorf("not done within %s: %w", c.job.Timeout, problem)
	}
	cause := context.Cause(run)
	cancel()
	<-renewing
	return k.close(context.WithoutCancel(ctx), c, problem, cause)
}

func (k *Keeper) done(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.running, name)
}

// safely runs a job; a panic is a failure of the job, not of the service.
func safely(ctx context.Context, run func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return run(ctx)
}

// keepHold renews the lease three times in its length, until ctx ends. When the job is somebody else's, or nobody could
// be asked for a whole lease, it ends the run.
func (k *Keeper) keepHold(ctx context.Context, c claimed, end context.CancelCauseFunc) {
	tick := time.NewTicker(k.lease / 3)
	defer tick.Stop()
	heard := c.started
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		ours, err := k.renew(ctx, c)
		switch {
		case err == nil && !ours:
			end(ErrLost)
			return
		case err == nil:
			heard = k.now()
		case k.now().Sub(heard) >= k.lease:
			end(fmt.Errorf("%w: %w", ErrLost, err))
			return
		}
	}
}

// closing is how long the end of a run may take to write down; after it the lease runs out by itself.
const closing = 10 * time.Second

// close writes down how a run ended, and tells it.
func (k *Keeper) close(ctx context.Context, c claimed, problem, cause error) error {
	ctx, cancel := context.WithTimeout(ctx, closing)
	defer cancel()
	log := k.log.With("job", c.job.Name, "took", k.now().Sub(c.started))
	if problem != nil && errors.Is(cause, ErrStopped) {
		k.metrics.Job(c.job.Name, "stopped")
		log.InfoContext(ctx, "a job was broken off for the stop; it stays due")
		return errors.Join(ErrStopped, k.giveBack(ctx, c))
	}
	ours, err := k.finish(ctx, c, problem)
	switch {
	case err != nil:
		k.metrics.Job(c.job.Name, "failed")
		log.ErrorContext(ctx, "the end of a job was not saved; it will run again", "error", errors.Join(problem, err))
		return errors.Join(problem, err)
	case !ours:
		k.metrics.Job(c.job.Name, "lost")
		log.WarnContext(ctx, "a job was taken over by another replica while it ran; its end changes nothing", "error", problem)
		return fmt.Errorf("job %q: %w", c.job.Name, ErrLost)
	case problem != nil:
		k.metrics.Job(c.job.Name, "failed")
		log.ErrorContext(ctx, "a job failed; it will be tried again", "failures", c.failures+1, "error", problem)
		return fmt.Errorf("job %q: %w", c.job.Name, problem)
	default:
		k.metrics.Job(c.job.Name, "done")
		k.metrics.JobSucceeded(c.job.Name, k.now())
		log.DebugContext(ctx, "a job is done")
		return nil
	}
}

// short is an error for a table's cell: its first line, storable and not too long.
func short(err error) string {
	first, _, _ := strings.Cut(err.Error(), "\n")
	first = text.Line(first)
	if runes := []rune(first); len(runes) > 500 {
		first = string(runes[:500]) + "…"
	}
	return first
}
