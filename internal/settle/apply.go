package settle

import (
	"context"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/batch"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/ledger"
	"readerfund/internal/metrics"
	"readerfund/internal/review"
)

// ErrNotOurs is returned for something at PayPal that belongs to no contribution here.
var ErrNotOurs = ledger.ErrNotOurs

// Applier applies facts in a transaction and calls the listeners. It makes no network calls.
type Applier struct {
	db            *db.DB
	contributions *contribution.Service
	sweepEvery    time.Duration
	listeners     []Listener
	now           func() time.Time
	log           *slog.Logger
	metrics       *metrics.Metrics
	bookings      *batch.Writer[booking, booked]
}

// Apply is the only way by which facts change a contribution: it locks it, learns from the facts in memory, and
// writes what is new: the status, the history and what the ledger learned. The facts are about one contribution.
// Applying a fact again changes nothing, and facts in any order end in the same state and the same entries, provided
// a refund's capture is applied before the refund. It returns the contribution as it stands afterwards. The error is
// a *ContradictionError, and nothing was applied, if one of the facts is impossible.
func (s *Applier) Apply(ctx context.Context, tx *sqlx.Tx, facts ...Fact) (contribution.Contribution, error) {
	locked, err := contribution.LockBook(ctx, tx, wanted(facts))
	if err != nil {
		return contribution.Contribution{}, err
	}
	a, err := learn(locked, facts, s.now())
	if err != nil {
		return contribution.Contribution{}, err
	}
	if len(a.contradictions) > 0 {
		return contribution.Contribution{}, a.contradictions[0]
	}
	if err := s.save(ctx, tx, a); err != nil {
		return contribution.Contribution{}, err
	}
	return a.Contribution, nil
}

// ApplyAll applies several facts about one contribution in a transaction of its own, or in one that it shares with
// concurrent callers. It leaves out impossible facts, so that one contradiction does not keep the gift itself out of
// the books: a review is opened for each, and the first is the error.
func (s *Applier) ApplyAll(ctx context.Context, facts []Fact) (contribution.Contribution, error) {
	return s.applyAnd(ctx, facts, func(*application) error { return nil })
}

// applyAnd is ApplyAll with one more step under the same lock and in the same transaction, after the facts are
// learned. If the step changes the checkout, it sets changed to have that saved; its error undoes the facts.
func (s *Applier) applyAnd(
	ctx context.Context, facts []Fact, also func(*application) error,
) (contribution.Contribution, error) {
	a, err := s.book(ctx, booking{facts, also})
	switch {
	case err != nil:
		return contribution.Contribution{}, err
	case len(a.contradictions) == 0:
		return a.Contribution, nil
	case len(a.contradictions) == len(facts):
		return contribution.Contribution{}, a.contradictions[0]
	default:
		return a.Contribution, a.contradictions[0]
	}
}

// applyFirst is ApplyAll for PayPal's answer to the first request for an order. Nearly always the contribution has
// not changed since c was read and consists of its checkout alone; then one statement is enough. Otherwise, or if
// that statement's answer is lost, it calls ApplyAll, which finds the facts new or known.
func (s *Applier) applyFirst(
	ctx context.Context, c contribution.Contribution, facts ...Fact,
) (contribution.Contribution, error) {
	if c.State != contribution.Started || len(facts) != 1 || facts[0].checkout == nil || facts[0].payer.Email != "" {
		return s.ApplyAll(ctx, facts)
	}
	f, next := facts[0], c
	if news, err := next.Checkout.Apply(*f.checkout); err != nil || !news {
		return s.ApplyAll(ctx, facts)
	}
	next.State = contribution.State(next.Checkout.State)
	_, next.Reason = f.about()
	e := f.event(c.State, next.State)
	if err := s.contributions.Advance(ctx, c, &next, e); err != nil {
		s.log.DebugContext(ctx, "an order's answer takes the long way", "contribution", c.ID, "error", err)
		return s.ApplyAll(ctx, facts)
	}
	if e.From != e.To {
		s.metrics.Transition(string(e.From), string(e.To), string(e.Way))
	}
	return next, nil
}

// save writes what contributions learned, in one statement, and then calls follow for each.
func (s *Applier) save(ctx context.Context, tx *sqlx.Tx, all ...*application) error {
	var changes []contribution.Change
	for _, a := range all {
		a.Book.Reviews.Resolve(review.Settled, a.settled...)
		if a.news || a.changed {
			change := contribution.Change{Locked: a.Locked, Before: a.before, Events: a.history, Payer: a.payer}
			for _, s := range a.subscriptionChanges() {
				change.Subscriptions = append(change.Subscriptions, s.After)
			}
			changes = append(changes, change)
		}
	}
	if len(changes) > 0 {
		if err := contribution.Save(ctx, tx, changes, all[0].now, s.sweepEvery); err != nil {
			return err
		}
	}
	for _, a := range all {
		if err := s.follow(ctx, tx, a); err != nil {
			return err
		}
	}
	return nil
}

// follow writes the consequences of what a contribution learned; most have none.
func (s *Applier) follow(ctx context.Context, tx *sqlx.Tx, a *application) error {
	id := a.Contribution.ID
	if err := a.Book.Reviews.Save(ctx, tx, id, a.now); err != nil {
		return err
	}
	if a.charged && (a.ChargedAfterNo || a.Book.Reviews.IsOpen(review.ChargedAfterNo)) {
		if err := contribution.ReviewGivenAgain(ctx, tx, id, a.now); err != nil {
			return err
		}
	}
	answered, err := a.answerAcceptances(ctx, tx)
	if err != nil {
		return err
	}
	if err := s.notify(ctx, tx, a, answered); err != nil {
		return err
	}
	db.AfterCommit(ctx, func() {
		for _, moved := range a.transitions {
			s.metrics.Transition(moved[0], moved[1], moved[2])
		}
	})
	return nil
}
