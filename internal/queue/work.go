package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// ErrStopped ends a run's context when the queue was told to stop.
var ErrStopped = errors.New("the service is stopping")

// RunDue runs the work that is due at this moment and fits into the free places, waits until all of it has ended, and
// returns how many runs succeeded. The error joins those of the runs. It is Run for a process that does not stay.
func (q *Queue) RunDue(ctx context.Context) (int, error) {
	if err := q.announce(ctx, q.now()); err != nil {
		return 0, err
	}
	claims, err := q.claim(ctx)
	if err != nil {
		return 0, err
	}
	problems := make([]error, len(claims))
	var working sync.WaitGroup
	for i, c := range claims {
		working.Go(func() { problems[i] = q.work(ctx, c) })
	}
	working.Wait()
	well := 0
	for _, problem := range problems {
		if problem == nil {
			well++
		}
	}
	return well, errors.Join(problems...)
}

// work runs claimed work, renews the lease in the meantime, and saves how it ended.
func (q *Queue) work(ctx context.Context, c claimed) error {
	defer q.release(c.Kind)
	kind := q.kinds[c.Kind]
	run, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(nil)
	stopped := context.AfterFunc(ctx, func() { end(ErrStopped) })
	defer stopped()
	timed, cancel := context.WithTimeout(run, kind.Timeout)
	defer cancel()

	renewing := make(chan struct{})
	go func() {
		defer close(renewing)
		if lost := KeepLease(timed, q.lease, func(ctx context.Context) (bool, error) { return q.renew(ctx, c) }); lost != nil {
			end(lost)
		}
	}()
	err := recovering(timed, kind.Run, c.Key)
	if err != nil && errors.Is(timed.Err(), context.DeadlineExceeded) {
		err = timeLimit(kind.Timeout, err)
	}
	cause := context.Cause(run)
	cancel()
	<-renewing
	return q.close(context.WithoutCancel(ctx), c, err, cause)
}

// recovering runs work; a panic is a failure of the work, not of the service.
func recovering(ctx context.Context, run func(context.Context, string) error, key string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return run(ctx, key)
}

// closeWithin is how long saving the end of a run may take; after that the lease simply runs out.
const closeWithin = 10 * time.Second

// close saves the result of a run, and logs and counts it.
func (q *Queue) close(ctx context.Context, c claimed, problem, cause error) error {
	ctx, cancel := context.WithTimeout(ctx, closeWithin)
	defer cancel()
	log := q.log.With("job", c.Kind, "key", c.Key, "took", q.now().Sub(c.Started))
	if problem != nil && errors.Is(cause, ErrStopped) {
		q.metrics.Job(c.Kind, outcomeStopped)
		log.InfoContext(ctx, "work was broken off for the stop; it stays due")
		_, err := q.giveBack(ctx, c)
		return errors.Join(ErrStopped, err)
	}
	e := q.kinds[c.Kind].ending(c, problem, q.now(), q.random())
	ours, err := q.end(ctx, c, e)
	switch {
	case err != nil:
		q.metrics.Job(c.Kind, outcomeFailed)
		err = errors.Join(problem, err)
		log.ErrorContext(ctx, "the end of work was not saved; it will run again", "error", err)
		return err
	case !ours:
		q.metrics.Job(c.Kind, outcomeLost)
		log.WarnContext(ctx, "work was taken over by another process while it ran; its end changes nothing", "error", problem)
		return fmt.Errorf("%q %s: %w", c.Kind, c.Key, ErrLost)
	}
	q.metrics.Job(c.Kind, e.outcome)
	switch e.outcome {
	case outcomeFailed:
		level := slog.LevelWarn
		if q.kinds[c.Kind].periodic() {
			level = slog.LevelError
		}
		log.Log(ctx, level, "work failed; it is tried again", "failures", e.failures, "at", e.due, "error", problem)
		return fmt.Errorf("%q %s: %w", c.Kind, c.Key, problem)
	case outcomeDead:
		log.ErrorContext(ctx, "work failed and is given up; it waits for a person", "failures", e.failures, "error", problem)
		return fmt.Errorf("%q %s: %w", c.Kind, c.Key, problem)
	default:
		if q.kinds[c.Kind].periodic() { // kinds that are not periodic may have nothing to do for days
			q.metrics.JobSucceeded(c.Kind, q.now())
		}
		log.DebugContext(ctx, "work is done", "then", e.outcome)
		return nil
	}
}
