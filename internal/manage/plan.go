package manage

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/ledger"
	"readerfund/internal/subscription"
)

// approveWithin is how long we use a PayPal page that was made for the reader to consent on. After that another one
// is made: PayPal does not say how long one lives.
const approveWithin = time.Hour

// plan decides which change to store for a request, given the subscription's state and its changes under way. known
// reports that there is none to store: the change that is returned requests the same already, or has taken place. all
// is the result of latest. The contribution is locked.
func (s *Service) plan(
	ctx context.Context, tx *sqlx.Tx, sub subscription.Subscription, all []Change, want Change,
) (c Change, known bool, err error) {
	if stop := underWay(all, Stop); stop != nil {
		if want.Kind == Stop {
			return *stop, true, nil
		}
		return Change{}, false, fault.New(fault.Conflict, "change.stopping")
	}
	switch want.Kind {
	case Stop:
		return want, false, nil
	case Pause:
		return s.planPause(sub, all, want)
	case Resume:
		return s.planResume(ctx, tx, sub, all, want)
	default:
		return s.planTerms(sub, all, want)
	}
}

var errUnderWay = fault.New(fault.Conflict, "change.under_way")

func (s *Service) planPause(sub subscription.Subscription, all []Change, want Change) (Change, bool, error) {
	if other := underWay(all, Pause); other != nil {
		if other.sameRequest(want) {
			return *other, true, nil
		}
		return Change{}, false, errUnderWay
	}
	paused, began := pausedBy(all), time.Time{}
	if sub.State == subscription.Suspended {
		began = sub.StatusAt
	}
	until, err := pauseUntil(s.now().UTC(), want.Months, began)
	want.Until = until
	switch {
	case sub.State == subscription.Active:
		return want, false, err
	case paused == nil:
		return Change{}, false, fault.New(fault.Conflict, "change.suspended_at_paypal")
	case paused.dispute != "":
		return Change{}, false, fault.New(fault.Conflict, "change.disputed")
	case err != nil:
		return Change{}, false, err
	case sameDay(paused.Until, want.Until): // pressed twice
		return *paused, true, nil
	default: // longer or shorter than before
		return want, false, nil
	}
}

func sameDay(a, b time.Time) bool {
	return a.Format(time.DateOnly) == b.Format(time.DateOnly)
}

func (s *Service) planResume(
	ctx context.Context, tx *sqlx.Tx, sub subscription.Subscription, all []Change, want Change,
) (Change, bool, error) {
	if other := underWay(all, Pause); other != nil {
		if other.sameRequest(want) {
			return *other, true, nil
		}
		return Change{}, false, errUnderWay
	}
	if sub.State == subscription.Active {
		return alreadyDone(want, sub), true, nil
	}
	if want.By.Kind == ByStaff {
		return want, false, nil // staff may resume despite an open dispute
	}
	open, err := ledger.OpenDisputes(ctx, tx, sub.Contribution)
	if err == nil && len(open) > 0 {
		err = fault.New(fault.Conflict, "change.disputed")
	}
	return want, false, err
}

func (s *Service) planTerms(sub subscription.Subscription, all []Change, want Change) (Change, bool, error) {
	if want.Frequency == "" {
		want.Frequency = contribution.Frequency(sub.Frequency)
	}
	if want.Frequency != contribution.Frequency(sub.Frequency) {
		want.Kind = Frequency
	}
	if want.Amount.Currency != sub.Amount.Currency {
		return Change{}, false, fault.Input("amount", "change.other_currency", fault.Args{"currency": sub.Amount.Currency})
	}
	if err := s.contributions.CheckAmount(want.Amount); err != nil {
		return Change{}, false, err
	}
	now := s.now()
	if other := underWay(all, Amount); other != nil {
		waits := other.State == Approval
		switch {
		case other.sameRequest(want) && (!waits || now.Sub(other.AskedAt) < approveWithin):
			return *other, true, nil
		case !waits:
			return Change{}, false, errUnderWay
		}
	}
	want.consent = want.Kind == Frequency || want.Amount.Minor > sub.Amount.Minor
	want.MissesNext = sub.NextIsFixed(now)
	if want.reached(sub) && underWay(all, Amount) == nil {
		return alreadyDone(want, sub), true, nil
	}
	return want, false, nil
}

// alreadyDone is a change that asks for the present state.
func alreadyDone(want Change, sub subscription.Subscription) Change {
	want.Contribution, want.Subscription, want.State = sub.Contribution, sub.PayPalID, Done
	return want
}
