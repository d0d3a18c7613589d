package settle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/checkout"
	"readerfund/internal/contribution"
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
func (s *Service) Apply(ctx context.Context, tx *sqlx.Tx, facts ...Fact) (contribution.Contribution, error) {
	a, err := s.learnAll(ctx, tx, facts)
	if err != nil {
		return contribution.Contribution{}, err
	}
	if len(a.contradictions) > 0 {
		return contribution.Contribution{}, a.contradictions[0]
	}
	if err := s.save(ctx, tx, a, facts); err != nil {
		return contribution.Contribution{}, err
	}
	return a.Contribution, nil
}

// ApplyAll applies several facts about one contribution in a transaction of their own. It leaves out those that cannot be,
// so that one contradiction does not keep the gift itself out of the books: a person is asked to look at each, and the
// first is the error.
func (s *Service) ApplyAll(ctx context.Context, facts []Fact) (contribution.Contribution, error) {
	return s.applyAnd(ctx, facts, func(*application) error { return nil })
}

// applyAnd is ApplyAll that does one thing more under the same lock and in the same transaction, once the facts are
// learned. A change of the checkout is saved where it sets changed.
func (s *Service) applyAnd(
	ctx context.Context, facts []Fact, also func(*application) error,
) (contribution.Contribution, error) {
	var a *application
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) (err error) {
		if a, err = s.learnAll(ctx, tx, facts); err != nil {
			return err
		}
		// Opened before what settles reviews is applied: PayPal may say it rightly elsewhere among the facts.
		for _, contradiction := range a.contradictions {
			a.Book.Reviews.Open(contradiction.Code, contradiction.Args)
		}
		if facts[0].isOrder() && len(a.contradictions) == 0 {
			a.settled = append(a.settled, settledByOrder()...)
		}
		if err := also(a); err != nil {
			return err
		}
		return s.save(ctx, tx, a, facts)
	})
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

// application is what the facts of one Apply come to.
type application struct {
	*contribution.Locked
	now     time.Time
	before  contribution.State // before the first of them
	news    bool               // one of them was
	changed bool               // the checkout changed otherwise

	charged        bool         // the money is in by one of these facts
	payer          paypal.Payer // who is to be linked as the supporter
	history        []contribution.Event
	transitions    [][3]string    // changes of the state: from, to, source
	settled        []review.Match // what a person need not look at any more
	contradictions []*ContradictionError
}

// learnAll locks the contribution and learns from the facts in memory. A contradiction teaches nothing and is kept.
func (s *Service) learnAll(ctx context.Context, tx *sqlx.Tx, facts []Fact) (*application, error) {
	locked, err := contribution.LockBook(ctx, tx, facts[0].contribution, moneyOf(facts)...)
	if err != nil {
		return nil, err
	}
	a := &application{Locked: locked, now: s.now(), before: locked.Contribution.State}
	for _, f := range facts {
		if f.contribution != a.Contribution.ID {
			return nil, fmt.Errorf("apply %s to contribution %s: it is about %s", f.kind(), a.Contribution.ID, f.contribution)
		}
		err := a.apply(f)
		if contradiction, is := errors.AsType[*ContradictionError](err); is {
			a.contradictions = append(a.contradictions, contradiction)
		} else if err != nil {
			return nil, fmt.Errorf("apply %s to contribution %s: %w", f.kind(), a.Contribution.ID, err)
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
	c, from, standing := &a.Contribution, a.Contribution.State, a.Book.Standing()
	if at := standing.CompletedAt; !at.IsZero() && (c.CompletedAt.IsZero() || at.Before(c.CompletedAt)) {
		c.CompletedAt = at
	}
	c.State = contribution.Status(c.Checkout.State, standing)
	pending := f.money != nil && f.money.Pending()
	if c.State != from || pending && c.State == contribution.Pending {
		_, c.Reason = f.about() // a payment may be held for one reason after the other
	}
	a.reviewCharged(from, f.source)
	if c.State != from {
		a.transitions = append(a.transitions, [3]string{string(from), string(c.State), string(f.source.Way)})
	}
	a.history = append(a.history, f.event(from, c.State))
	return nil
}

// learn keeps what the fact says, and reports whether any of it was new.
func (a *application) learn(f Fact) (news bool, err error) {
	if f.money != nil {
		source := ledger.Source{Way: string(f.source.Way), Event: f.source.Event}
		news, err = a.Book.Apply(*f.money, source, a.now)
	} else {
		news, err = a.Contribution.Checkout.Apply(*f.checkout)
		if second, is := errors.AsType[*checkout.SecondOrderError](err); is {
			err = contradiction(review.SecondOrder, review.Args{"order": second.Named, "known": second.Known})
		}
	}
	if err == nil && f.payer.Email != "" && !a.Contribution.HasSupporter {
		a.payer, a.Contribution.HasSupporter, news = f.payer, true, true
	}
	return news, err
}

// reviewCharged looks after money that has just come in. A reader who was told before that nothing was charged has to hear
// of it, and may have given again in the meantime: staff are asked to look, with the other gift beside it, whichever of the
// two came first.
func (a *application) reviewCharged(from contribution.State, src Source) {
	c := a.Contribution
	if from.HoldsMoney() || !c.State.HoldsMoney() {
		return
	}
	a.charged = true
	if toldNo(from, src) {
		a.Book.Reviews.Open(review.ChargedAfterNo, review.Args{"told": string(from), "amount": c.Amount.String()})
	}
}

// toldNo reports whether the reader, if they looked, has read that nothing was charged. A further attempt of theirs leaves
// the state declined first; of an expired or cancelled one their own return tells them what became of it.
func toldNo(s contribution.State, src Source) bool {
	switch s {
	case contribution.Declined:
		return true
	case contribution.Expired, contribution.Failed, contribution.Cancelled:
		return src.Way != contribution.ByReader
	default:
		return false
	}
}

// save writes what was learned, and tells of it.
func (s *Service) save(ctx context.Context, tx *sqlx.Tx, a *application, facts []Fact) error {
	a.Book.Reviews.Resolve(review.Settled, a.settled...)
	if a.news || a.changed {
		if err := a.Save(ctx, tx, a.before, a.history, a.payer, a.now, s.sweepEvery); err != nil {
			return err
		}
	}
	id := a.Contribution.ID
	if err := a.Book.Reviews.Save(ctx, tx, id, a.now); err != nil {
		return err
	}
	if a.charged && (a.ChargedAfterNo || a.Book.Reviews.IsOpen(review.ChargedAfterNo)) {
		if err := contribution.ReviewGivenAgain(ctx, tx, id, a.now); err != nil {
			return err
		}
	}
	answered, err := a.answerAcceptances(ctx, tx, facts)
	if err != nil {
		return err
	}
	if err := s.tell(ctx, tx, a.Contribution, facts, a.news || answered, a.before); err != nil {
		return err
	}
	db.AfterCommit(ctx, func() {
		for _, moved := range a.transitions {
			s.metrics.Transition(moved[0], moved[1], moved[2])
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
		detail["before"], detail["after"] = string(a.before), string(a.Contribution.State)
		action := contribution.ActionAcceptDispute
		if err := contribution.Audit(ctx, tx, by, action, a.Contribution, a.now.UTC(), detail); err != nil {
			return false, err
		}
	}
	return answered, nil
}
