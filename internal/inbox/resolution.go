package inbox

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/backoff"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
	"readerfund/internal/settle"
)

const (
	// attemptsAtMost, with the waits of backoff.Failed, is about eight hours of trying; an event about something that
	// PayPal does not know gets fewer tries. Then the event is parked, for a person to look at. An attempt that
	// reached neither PayPal nor the database parks nothing, however many came before: an outage says nothing about
	// the event.
	attemptsAtMost        = 20
	attemptsAtMostMissing = 6
	// parkedPause is how long a parked event waits before it is tried again automatically: PayPal may by then know
	// what it did not know, or have corrected what it said wrongly.
	parkedPause = 6 * time.Hour
	// maxAge is the age up to which an event is retried automatically: PayPal keeps events for that long, too.
	maxAge = 30 * 24 * time.Hour
)

// resolution is the result of an attempt at an event.
type resolution struct {
	state, outcome string
	note           i18n.Message
	due, processed *time.Time
	contribution   *uuid.UUID
}

func resolve(e event, c contribution.Contribution, err error, now time.Time) resolution {
	_, contradiction := errors.AsType[*settle.ContradictionError](err)
	switch {
	case err == nil:
		id := c.ID
		return resolution{
			state: "applied", outcome: "applied", note: i18n.New("inbox.note_applied", i18n.Args{"receipt": c.Receipt}),
			processed: &now, contribution: &id,
		}
	case errors.Is(err, settle.ErrNotOurs) && !contradiction:
		return resolution{
			state: "ignored", outcome: "ignored", note: i18n.New("inbox.note_not_ours"), processed: &now,
		}
	}
	v := resolution{state: "received", note: explain(err), outcome: "retried"}
	wait := backoff.Failed.Jittered(e.Attempts, rand.Float64()) //nolint:gosec // jitter, not a secret
	if exhausted(e, err, now) {
		v.state, v.outcome, v.processed, wait = "parked", "parked", &now, parkedPause
	}
	if due := now.Add(wait); !permanent(err) && due.Sub(e.ReceivedAt) < maxAge {
		v.due = &due
	}
	return v
}

// exhausted reports whether an event has been tried so often that a person should look at it.
func exhausted(e event, err error, now time.Time) bool {
	switch {
	case permanent(err):
		return true
	case e.State == "parked": // parked, and tried again automatically
		return true
	case unreachable(err):
		return now.Sub(e.ReceivedAt) >= maxAge-parkedPause
	case paypal.NotFound(err):
		return e.Attempts >= attemptsAtMostMissing
	default:
		return e.Attempts >= attemptsAtMost
	}
}

// permanent reports whether the event itself is at fault, so that trying again changes nothing.
func permanent(err error) bool {
	return errors.Is(err, errUnreadable) || errors.Is(err, errNamesNothing)
}

// unreachable reports whether PayPal or the database could not be asked at all.
func unreachable(err error) bool {
	if _, ok := errors.AsType[*paypal.Error](err); ok {
		return paypal.Unanswered(err)
	}
	return fault.KindOf(db.Translate(err)) == fault.Unavailable
}

var (
	// errUnreadable is a delivery that PayPal signed but that is not an event we can read.
	errUnreadable = errors.New("the body is not a PayPal event")
	// errNamesNothing is an event that names nothing we could ask PayPal's API about.
	errNamesNothing = errors.New("it names nothing to ask about")
	// errPanicked is a defect of ours that one event provokes; the other events are not affected.
	errPanicked = errors.New("working on it went wrong in our own program")
)

// explain tells staff why an event is not settled.
func explain(err error) i18n.Message {
	odd, isOdd := paypal.InvalidAnswer(err)
	answer, isPayPal := errors.AsType[*paypal.Error](err)
	contradiction, isContradiction := errors.AsType[*settle.ContradictionError](err)
	switch {
	case errors.Is(err, errUnreadable):
		return i18n.New("inbox.note_unreadable")
	case errors.Is(err, errNamesNothing):
		return i18n.New("inbox.note_names_nothing")
	case errors.Is(err, errPanicked):
		return i18n.New("inbox.note_panicked")
	case isContradiction:
		return review.Sentence(contradiction.Code, contradiction.Args)
	case isOdd:
		return review.Sentence(review.OddAnswer, review.Args{"says": odd})
	case paypal.NotFound(err):
		return i18n.New("inbox.note_not_at_paypal", i18n.Args{"call": answer.Operation})
	case isPayPal && paypal.Unanswered(err):
		return i18n.New("inbox.note_unanswered", i18n.Args{"call": answer.Operation})
	case isPayPal:
		return i18n.New("inbox.note_unusable", i18n.Args{"call": answer.Operation, "status": answer.Status})
	case unreachable(err):
		return i18n.New("inbox.note_database_away")
	default:
		return i18n.New("inbox.note_not_applied")
	}
}
