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

// application collects the effects of the facts of one Apply.
type application struct {
	*contribution.Locked

	facts   []Fact
	now     time.Time
	before  contribution.State          // before the first of the facts
	paid    []string                    // PayPal's ids of the payments whose money was in before
	known   []subscription.Subscription // before the facts
	news    bool                        // at least one of the facts was new
	changed bool                        // the checkout or a subscription changed otherwise

	latest struct{ kind, reason string } // the history's words for the latest fact about a subscription

	charged        bool         // one of these facts brought the money in
	payer          paypal.Payer // to be linked as the supporter
	history        []contribution.Event
	transitions    [][3]string    // changes of the state: from, to, source
	settled        []review.Match // reviews that are settled
	contradictions []*ContradictionError
}

// learn applies facts to a locked contribution, in memory. A contradiction changes nothing and is kept.
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

// apply learns from one fact and updates the state.
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
		_, c.Reason = f.about() // the reason why a payment is held may change
	}
	a.reviewCharged(from, f.source)
	if c.State != from {
		a.transitions = append(a.transitions, [3]string{string(from), string(c.State), string(f.source.Way)})
	}
	e := f.event(from, c.State)
	if f.subscription != nil {
		e.Kind, e.Detail = a.latest.kind, a.latest.reason
	}
	a.history = append(a.history, e)
	return nil
}

// learn applies the fact, and reports whether any of it was new.
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

// completed lists the payments whose money came in by these facts.
func (a *application) completed() (all []ledger.Payment) {
	for _, p := range a.Book.Payments() {
		if p.Status == ledger.StatusCompleted && !slices.Contains(a.paid, p.PayPalID) {
			all = append(all, p)
		}
	}
	return all
}

// reviewCharged handles money that has just come in. A reader who was told before that nothing was charged has to
// hear of it, and may have given again in the meantime: staff are asked to look at both gifts, whichever came first.
func (a *application) reviewCharged(from contribution.State, src Source) {
	c := a.Contribution
	if from.HoldsMoney() || !c.State.HoldsMoney() {
		return
	}
	a.charged = true
	if saidUncharged(from, src) {
		a.Book.Reviews.Open(review.ChargedAfterNo, review.Args{"told": string(from), "amount": c.Amount.String()})
	}
}

// saidUncharged reports whether the reader, if they looked, has read that nothing was charged. A further attempt of
// theirs leaves the state declined first; after an expired or cancelled one, their own return shows them the outcome.
func saidUncharged(s contribution.State, src Source) bool {
	switch s {
	case contribution.Declined:
		return true
	case contribution.Expired, contribution.Failed, contribution.Cancelled:
		return src.Way != contribution.ByReader
	default:
		return false
	}
}

// answerAcceptances ends the acceptances of the disputes that ended by these facts.
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
