package settle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/checkout"
	"readerfund/internal/contribution"
	"readerfund/internal/ledger"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
	"readerfund/internal/subscription"
)

// application is what the facts of one Apply come to.
type application struct {
	*contribution.Locked

	facts   []Fact
	now     time.Time
	before  contribution.State          // before the first of them
	paid    []string                    // PayPal's ids of the payments whose money was in before
	known   []subscription.Subscription // as they were before
	news    bool                        // one of them was
	changed bool                        // the checkout or a subscription changed otherwise

	told struct{ kind, reason string } // what the latest fact about a subscription is in the history

	charged        bool         // the money is in by one of these facts
	payer          paypal.Payer // who is to be linked as the supporter
	history        []contribution.Event
	transitions    [][3]string    // changes of the state: from, to, source
	settled        []review.Match // what a person need not look at any more
	contradictions []*ContradictionError
}

// learn has a contribution that is locked learn from facts, in memory. A contradiction teaches nothing and is kept.
func learn(locked *contribution.Locked, facts []Fact, now time.Time) (*application, error) {
	a := &application{Locked: locked, facts: facts, now: now, before: locked.Contribution.State}
	for _, p := range a.completed() {
		a.paid = append(a.paid, p.PayPalID)
	}
	a.known = slices.Clone(a.Subscriptions)
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
	a.noteTerms()
	a.reviewAfterEnd()
	a.reviewEarly()
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
	c.State = contribution.Status(c.Checkout.State, standing, a.Ended())
	pending := f.money != nil && f.money.Pending()
	if c.State != from || pending && c.State == contribution.Pending {
		_, c.Reason = f.about() // a payment may be held for one reason after the other
	}
	a.reviewCharged(from, f.source)
	if c.State != from {
		a.transitions = append(a.transitions, [3]string{string(from), string(c.State), string(f.source.Way)})
	}
	e := f.event(from, c.State)
	if f.subscription != nil {
		e.Kind, e.Detail = a.told.kind, a.told.reason
	}
	a.history = append(a.history, e)
	return nil
}

// learn keeps what the fact says, and reports whether any of it was new.
func (a *application) learn(f Fact) (news bool, err error) {
	switch {
	case f.subscription != nil:
		news, err = a.learnSubscription(*f.subscription)
	case f.money != nil:
		source := ledger.Source{Way: string(f.source.Way), Event: f.source.Event}
		if news, err = a.Book.Apply(*f.money, source, a.now); err == nil {
			a.noteCharge(*f.money)
		}
	default:
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

// completed are the payments whose money is in by these facts.
func (a *application) completed() (all []ledger.Payment) {
	for _, p := range a.Book.Payments() {
		if p.Status == ledger.StatusCompleted && !slices.Contains(a.paid, p.PayPalID) {
			all = append(all, p)
		}
	}
	return all
}

// reviewCharged looks after money that has just come in. A reader who was told before that nothing was charged has to
// hear of it, and may have given again in the meantime: staff are asked to look, with the other gift beside it,
// whichever of the two came first.
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

// toldNo reports whether the reader, if they looked, has read that nothing was charged. A further attempt of theirs
// leaves the state declined first; of an expired or cancelled one their own return tells them what became of it.
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

// answerAcceptances ends what staff accepted and a dispute among the facts says the end of.
func (a *application) answerAcceptances(ctx context.Context, tx *sqlx.Tx) (answered bool, err error) {
	for _, f := range a.facts {
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
