package queue

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"readerfund/internal/backoff"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/text"
)

// At ends a run as planned: there is more to do, not before t. It is not a failure.
func At(t time.Time) error { return &laterError{t} }

// Permanent marks an error that no retry would change: the row is dead at once. Periodic work is never dead.
func Permanent(err error) error { return &permanentError{err} }

// Unreached marks an error that says nothing about the work, because the service it needs did not answer. The work is
// retried for as long as that lasts. An error that says that our own database is unreachable needs no mark.
func Unreached(err error) error { return &unreachedError{err} }

type laterError struct{ at time.Time }

func (e *laterError) Error() string {
	return "there is more to do at " + e.at.UTC().Format(time.RFC3339)
}

type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

type unreachedError struct{ err error }

func (e *unreachedError) Error() string { return e.err.Error() }
func (e *unreachedError) Unwrap() error { return e.err }

// errTimeLimit ends a run that took longer than its kind allows.
var errTimeLimit = errors.New("not done")

func timeLimit(limit time.Duration, err error) error {
	return fmt.Errorf("%w within %s: %w", errTimeLimit, limit, err)
}

// How a run ended, as metrics name it.
const (
	outcomeDone    = "done"
	outcomeLater   = "later"
	outcomeFailed  = "failed"
	outcomeDead    = "dead"
	outcomeLost    = "lost"
	outcomeStopped = "stopped"
)

// ending is the row's next state after a run.
type ending struct {
	outcome      string
	due          time.Time // zero if the work is done or dead
	failures     int
	failingSince time.Time
	lastError    string
}

// ending decides the row's next state: the claimed run has just ended with err. random is as for backoff.Jittered.
func (k Kind) ending(c claimed, err error, now time.Time, random float64) ending {
	later, isLater := errors.AsType[*laterError](err)
	switch {
	case err == nil && k.periodic():
		return ending{outcome: outcomeDone, due: k.next(c.Started, now)}
	case err == nil:
		return ending{outcome: outcomeDone}
	case isLater:
		return ending{outcome: outcomeLater, due: later.at}
	}
	e := ending{
		outcome: outcomeFailed, failures: c.Failures + 1, failingSince: c.FailingSince.Time, lastError: summary(err),
		due: now.Add(backoff.Failed.Jittered(c.Failures+1, random)),
	}
	reached := !unreached(err)
	if e.failingSince.IsZero() && (reached || k.periodic()) {
		e.failingSince = now
	}
	if k.periodic() { // a failure makes it due earlier, never later
		if planned := k.next(c.Started, now); planned.Before(e.due) {
			e.due = planned
		}
		return e
	}
	_, permanent := errors.AsType[*permanentError](err)
	if permanent || reached && k.TryFor > 0 && e.due.Sub(e.failingSince) > k.TryFor {
		e.outcome, e.due = outcomeDead, time.Time{}
	}
	return e
}

// unreached reports whether an error only says that some service did not answer.
func unreached(err error) bool {
	if _, marked := errors.AsType[*unreachedError](err); marked {
		return true
	}
	return !errors.Is(err, errTimeLimit) && fault.KindOf(db.Translate(err)) == fault.Unavailable
}

// summary formats an error for a table's cell: its first line, storable and not too long.
func summary(err error) string {
	first, _, _ := strings.Cut(err.Error(), "\n")
	first = text.Line(first)
	if runes := []rune(first); len(runes) > 500 {
		first = string(runes[:500]) + "…"
	}
	return first
}
