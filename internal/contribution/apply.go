package contribution

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/ledger"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
)

// ErrNotOurs is returned for something PayPal knows that no contribution here belongs to.
var ErrNotOurs = ledger.ErrNotOurs

// Apply is the one door by which facts change a contribution: it locks it, learns what the facts say in memory, and writes
// what is new: the status, the history and what the ledger learned. The facts are about one contribution. Applying a fact
// again changes nothing; facts in any order end in the same state and the same entries, provided a refund's capture is
// applied before the refund. The contribution as it stands afterwards is returned. The error is a *ContradictionError, and
// nothing was applied, where one of the facts cannot be.
func (d *Desk) Apply(ctx context.Context, tx *sqlx.Tx, facts ...Fact) (Contribution, error) {
	a, err := d.learnAll(ctx, tx, facts)
	if err != nil {
		return Contribution{}, err
	}
	if len(a.contradictions) > 0 {
		return Contribution{}, a.contradictions[0]
	}
	if err := d.save(ctx, tx, a, facts); err != nil {
		return Contribution{}, err
	}
	return a.c, nil
}

// applyAll applies several facts about one contribution in a transaction of their own. It leaves out those that cannot be,
// so that one odd refund does not keep the gift itself out of the books: a person is asked to look at each, and the first
// is the error.
func (d *Desk) applyAll(ctx context.Context, facts []Fact) (Contribution, error) {
	var a *application
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) (err error) {
		if a, err = d.learnAll(ctx, tx, facts); err != nil {
			return err
		}
		// Opened before what settles reviews is applied: PayPal may say it rightly elsewhere among the facts.
		for _, odd := range a.contradictions {
			a.book.Reviews.Open(odd.Code, odd.Args)
		}
		if facts[0].order.ID != "" && len(a.contradictions) == 0 {
			a.settled = append(a.settled, settledByOrder()...)
		}
		return d.save(ctx, tx, a, facts)
	})
	switch {
	case err != nil:
		return Contribution{}, err
	case len(a.contradictions) == 0:
		return a.c, nil
	case len(a.contradictions) == len(facts):
		return Contribution{}, a.contradictions[0]
	default:
		return a.c, a.contradictions[0]
	}
}

// application is what the facts of one Apply come to.
type application struct {
	c    Contribution
	book *ledger.Book
	now  time.Time
	from State // before the first of them
	news bool  // one of them was

	toldNo         bool         // somebody was charged lately after they had read that nothing was
	charged        bool         // the money is in by one of these facts
	payer          paypal.Payer // who is to be linked as the supporter
	history        []event
	transitions    [][3]string    // changes of the state: from, to, source
	settled        []review.Match // what a person need not look at any more
	contradictions []*ledger.ContradictionError
}

// learnAll locks the contribution and learns from the facts in memory. A contradiction teaches nothing and is kept.
func (d *Desk) learnAll(ctx context.Context, tx *sqlx.Tx, facts []Fact) (*application, error) {
	a, err := lockBook(ctx, tx, facts)
	if err != nil {
		return nil, err
	}
	a.now, a.from = d.now(), a.c.State
	for _, f := range facts {
		if f.contribution != a.c.ID {
			return nil, fmt.Errorf("apply %s to contribution %s: it is about %s", f.kind(), a.c.ID, f.contribution)
		}
		err := a.apply(f)
		if odd, is := errors.AsType[*ledger.ContradictionError](err); is {
			a.contradictions = append(a.contradictions, odd)
		} else if err != nil {
			return nil, fmt.Errorf("apply %s to contribution %s: %w", f.kind(), a.c.ID, err)
		}
	}
	return a, nil
}

// apply learns from one fact and moves the state.
func (a *application) apply(f Fact) error {
	news, err := a.learn(f)
	if err != nil {
		return err
	}
	a.settled = append(a.settled, f.settles()...)
	if !news {
		return nil
	}
	a.news = true
	c, from, standing := &a.c, a.c.State, a.book.Standing()
	if at := standing.CompletedAt; !at.IsZero() && (c.CompletedAt.IsZero() || at.Before(c.CompletedAt)) {
		c.CompletedAt = at
	}
	c.State = a.next(f)
	if c.State != Declined || c.gone {
		c.retryAt = time.Time{}
	}
	pending := f.money != nil && f.money.Pending()
	if c.State != from || pending && c.State == Pending {
		c.Reason = f.detail // a payment may be held for one reason after the other
	}
	a.noteCharged(from, f.source)
	if c.State != from {
		a.transitions = append(a.transitions, [3]string{string(from), string(c.State), string(f.source.Way)})
	}
	a.history = append(a.history, f.event(from, c.State, len(a.history)))
	return nil
}

// next is the state that follows from a fact about the order, or from the ledger where that has a payment.
func (a *application) next(f Fact) State {
	checkout := a.c.State
	if f.money == nil {
		checkout = next(checkout, a.c.reduce(f.news))
	}
	return Status(checkout, a.book.Standing())
}

// learn keeps what the fact says beside the state, and reports whether any of it was new.
func (a *application) learn(f Fact) (bool, error) {
	var news bool
	var err error
	if f.money != nil {
		news, err = a.book.Apply(*f.money, ledger.Source{Way: string(f.source.Way), Event: f.source.Event}, a.now)
	} else {
		news, err = a.learnCheckout(f)
	}
	if err == nil && f.payer.Email != "" && !a.c.hasSupporter {
		a.payer, a.c.hasSupporter, news = f.payer, true, true
	}
	return news, err
}

func (a *application) learnCheckout(f Fact) (bool, error) {
	c := &a.c
	switch f.news {
	case orderCreated, orderApproved:
		return a.learnOrder(f)
	case captureUnanswered:
		news := f.attempt > c.captureDoubt && f.attempt > c.captureRefused
		c.captureDoubt = max(c.captureDoubt, f.attempt)
		return news, nil
	case captureRefused:
		news := f.attempt > c.captureRefused
		c.captureRefused = max(c.captureRefused, f.attempt)
		if news {
			c.RetryURL = f.retryURL
		}
		return news, nil
	case orderGone:
		news := !c.gone
		c.gone = true
		return news, nil
	default:
		return a.next(f) != c.State, nil
	}
}

func (a *application) learnOrder(f Fact) (bool, error) {
	c, news := &a.c, a.next(f) != a.c.State
	switch c.OrderID {
	case f.order.ID:
	case "":
		c.OrderID, news = f.order.ID, true
	default:
		return false, contradiction(review.SecondOrder, review.Args{"order": f.order.ID, "known": c.OrderID})
	}
	if !c.goneSince.IsZero() && !c.gone { // PayPal did not know it for a moment
		c.goneSince, news = time.Time{}, true
	}
	if c.ApproveURL == "" && f.order.ApproveURL != "" {
		c.ApproveURL, news = f.order.ApproveURL, true
	}
	return news, nil
}

// save writes what was learned, and tells of it.
func (d *Desk) save(ctx context.Context, tx *sqlx.Tx, a *application, facts []Fact) error {
	a.book.Reviews.Resolve(review.Settled, a.settled...)
	if a.news {
		if err := a.write(ctx, tx, d.sweepEvery); err != nil {
			return err
		}
	}
	if err := a.book.Reviews.Save(ctx, tx, a.c.ID, a.now); err != nil {
		return err
	}
	if a.charged && (a.toldNo || a.book.Reviews.IsOpen(review.ChargedAfterNo)) {
		if err := noteGaveAgain(ctx, tx, a.c.ID, a.now); err != nil {
			return err
		}
	}
	answered, err := a.answerAcceptances(ctx, tx, facts)
	if err != nil {
		return err
	}
	if err := d.tell(ctx, tx, a.c, facts, a.news || answered, a.from); err != nil {
		return err
	}
	db.AfterCommit(ctx, func() {
		for _, way := range a.transitions {
			d.metrics.Transition(way[0], way[1], way[2])
		}
	})
	return nil
}

// answerAcceptances ends what staff accepted and a dispute among the facts says the end of.
func (a *application) answerAcceptances(ctx context.Context, tx *sqlx.Tx, facts []Fact) (answered bool, err error) {
	for _, f := range facts {
		if f.money == nil || f.money.Dispute() == nil {
			continue
		}
		by, detail, err := answerAcceptance(ctx, tx, *f.money.Dispute())
		if err != nil {
			return false, err
		}
		if detail == nil {
			continue
		}
		answered = true
		detail["before"], detail["after"] = string(a.from), string(a.c.State)
		if err := Audit(ctx, tx, by, ActionAcceptDispute, a.c, a.now.UTC(), detail); err != nil {
			return false, err
		}
	}
	return answered, nil
}

func lock(ctx context.Context, tx *sqlx.Tx, id uuid.UUID) (Contribution, error) {
	// Everything that can change a contribution queues up here, so that what follows reads and writes alone. The
	// campaign's row is only read: FOR UPDATE OF leaves it unlocked.
	return find(ctx, tx, "c.id = $1 FOR UPDATE OF c", id)
}

// Lock reads a contribution and keeps everybody else from changing it until the transaction ends. It returns
// fault.NotFound when there is none.
func Lock(ctx context.Context, tx *sqlx.Tx, id uuid.UUID) (Contribution, error) {
	return lock(ctx, tx, id)
}
