package manage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/audit"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/field"
	"readerfund/internal/money"
	"readerfund/internal/settle"
	"readerfund/internal/subscription"
)

// longestReason is the longest reason, in characters.
const longestReason = 500

// Stop ends a recurring contribution for good: it cancels all its subscriptions that have not ended. It overrides any
// other change under way. A contribution that has already ended counts as stopped.
//
// A nil error of this and the following functions means that the change is accepted and will be carried out, by the
// queue if PayPal does not answer now; the subscription that is returned shows whether it has taken place already.
// Errors: fault.NotFound when there is no subscription, fault.Invalid for values that are not allowed, fault.Conflict
// when the subscription's state or another change does not allow it, or PayPal refuses; fault.Unavailable.
func (s *Service) Stop(ctx context.Context, id uuid.UUID, by By) (subscription.Subscription, error) {
	return s.askFor(ctx, id, Change{Kind: Stop, By: by})
}

// Pause stops charging for one to LongestPause months; then the subscription resumes by itself. A running pause can
// be made longer or shorter, up to LongestPause months from its beginning.
func (s *Service) Pause(ctx context.Context, id uuid.UUID, months int, by By) (subscription.Subscription, error) {
	if _, err := pauseUntil(s.now().UTC(), months, time.Time{}); err != nil {
		return subscription.Subscription{}, err
	}
	return s.askFor(ctx, id, Change{Kind: Pause, Months: months, By: by})
}

// Resume ends a pause, including one that PayPal or the payer began.
func (s *Service) Resume(ctx context.Context, id uuid.UUID, by By) (subscription.Subscription, error) {
	return s.askFor(ctx, id, Change{Kind: Resume, By: by})
}

// ChangeAmount changes what is charged each time. PayPal lets us lower it at once. To raise it, PayPal requires the
// reader's consent, and Change.ApproveURL is where to send them.
func (s *Service) ChangeAmount(ctx context.Context, id uuid.UUID, amount money.Amount, by By) (Change, error) {
	return s.ChangeFrequency(ctx, id, "", amount, by)
}

// ChangeFrequency changes how often the reader is charged, and how much each time. PayPal requires the reader's
// consent to another frequency: Change.ApproveURL is where to send them.
func (s *Service) ChangeFrequency(
	ctx context.Context, id uuid.UUID, f contribution.Frequency, amount money.Amount, by By,
) (Change, error) {
	if f != "" && f != contribution.Monthly && f != contribution.Yearly {
		return Change{}, fault.Input("frequency", "change.frequency")
	}
	all, err := s.ask(ctx, id, Change{Kind: Amount, Frequency: f, Amount: amount, By: by})
	if err != nil {
		return Change{}, err
	}
	return all[0], nil
}

func (s *Service) askFor(ctx context.Context, id uuid.UUID, want Change) (subscription.Subscription, error) {
	if _, err := s.ask(ctx, id, want); err != nil {
		return subscription.Subscription{}, err
	}
	return s.Subscription(ctx, id)
}

// Subscription is the one that a page about the contribution shows, chosen by Current. The error is a fault.NotFound
// when there is none.
func (s *Service) Subscription(ctx context.Context, id uuid.UUID) (subscription.Subscription, error) {
	all, err := s.subscriptions(ctx, s.db, id)
	if err != nil {
		return subscription.Subscription{}, err
	}
	return Current(all), nil
}

// Subscriptions is Subscription for several contributions at once. It leaves out those without a subscription.
func (s *Service) Subscriptions(
	ctx context.Context, ids []uuid.UUID,
) (map[uuid.UUID]subscription.Subscription, error) {
	of, err := subscription.OfEach(ctx, s.db, ids)
	if err != nil {
		return nil, db.Translate(err)
	}
	current := make(map[uuid.UUID]subscription.Subscription, len(of))
	for id, all := range of {
		current[id] = Current(all)
	}
	return current, nil
}

// Current is the subscription that a page is about: the latest that is ongoing, or else the latest. all is not empty.
func Current(all []subscription.Subscription) subscription.Subscription {
	current := all[len(all)-1]
	for _, sub := range all {
		if sub.Ongoing() {
			current = sub
		}
	}
	return current
}

// ask records the requested change and has PayPal carry it out.
func (s *Service) ask(ctx context.Context, id uuid.UUID, want Change) ([]Change, error) {
	if err := want.By.check(); err != nil {
		return nil, err
	}
	want.By.Reason = field.Normalised(want.By.Reason)
	if err := s.lookFirst(ctx, id, want); err != nil {
		return nil, err
	}
	wanted, err := s.write(ctx, id, want)
	if err != nil {
		return nil, err
	}
	var problems []error
	for i, c := range wanted {
		sent, err := s.send(ctx, c)
		if err == nil {
			err = s.failure(ctx, sent)
		}
		wanted[i], problems = sent, append(problems, err)
	}
	return wanted, errors.Join(problems...)
}

// failure is why a change that has ended did not take place; nil if it did, or still may.
func (s *Service) failure(ctx context.Context, c Change) error {
	switch c.State {
	case Refused:
		return fault.New(fault.Conflict, "change.refused", fault.Args{"code": c.Answer})
	case Superseded:
		sub, err := subscription.Find(ctx, s.db, c.Subscription)
		switch {
		case err != nil:
			return err
		case sub.State.Ended():
			return fault.New(fault.Conflict, "change.ended")
		default:
			return errUnderWay
		}
	default:
		return nil
	}
}

func (by By) check() error {
	reason := field.Normalised(by.Reason)
	if reason == "" && by.Kind == ByStaff {
		return fault.Input("reason", "history.reason_missing")
	}
	return field.Text("reason", reason, longestReason)
}

// subscriptions reads a contribution's subscriptions, the oldest first. The error is a fault.NotFound when there are
// none.
func (s *Service) subscriptions(
	ctx context.Context, q sqlx.QueryerContext, id uuid.UUID,
) ([]subscription.Subscription, error) {
	all, err := subscription.Of(ctx, q, id)
	if err == nil && len(all) == 0 {
		err = fault.New(fault.NotFound, "change.no_subscription")
	}
	return all, db.Translate(err)
}

// lookFirst asks PayPal for the state of the subscriptions if our record would not allow the change, or would make it
// unnecessary: the news may not have reached us.
func (s *Service) lookFirst(ctx context.Context, id uuid.UUID, want Change) error {
	all, err := s.subscriptions(ctx, s.db, id)
	if err != nil {
		return err
	}
	for _, sub := range all {
		if sub.State.Ended() || want.fits(sub) {
			continue
		}
		_, err := s.settler.SettleSubscription(ctx, sub.PayPalID, settle.Source{Way: contribution.ByChange})
		if err != nil {
			return unavailable(err)
		}
	}
	return nil
}

// fits reports whether the change applies to the subscription, as far as we know it.
func (c Change) fits(sub subscription.Subscription) bool {
	switch c.Kind {
	case Pause:
		return sub.State == subscription.Active
	case Resume:
		return sub.State == subscription.Suspended
	case Stop:
		return sub.Ongoing()
	default:
		return sub.State.Runs()
	}
}

// write commits the requested changes of a contribution's subscriptions, or finds those that request the same
// already. A change with nothing to do comes back as done, and is not stored.
func (s *Service) write(ctx context.Context, id uuid.UUID, want Change) ([]Change, error) {
	var wanted []Change
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		wanted = nil
		c, err := contribution.Lock(ctx, tx, id)
		if err != nil {
			return err
		}
		subs, err := s.subscriptions(ctx, tx, id)
		if err != nil {
			return err
		}
		targets, err := targetsOf(want.Kind, subs)
		if err != nil {
			return err
		}
		for _, sub := range targets {
			ch, err := s.writeOne(ctx, tx, c, sub, want)
			if err != nil {
				return err
			}
			wanted = append(wanted, ch)
		}
		return nil
	})
	if errors.Is(err, db.ErrCommitUnknown) && len(wanted) > 0 {
		_, err = find(ctx, s.db, wanted[0].ID, "") // all of them, or none
		if fault.Is(err, fault.NotFound) {
			return nil, fault.Wrap(err, fault.Unavailable, "change.not_saved")
		}
	}
	return wanted, db.Translate(err)
}

// targetsOf are the subscriptions that a change applies to: for a stop all that may still charge the reader,
// including those that wait for their first charge; for any other change the running one.
func targetsOf(k Kind, subs []subscription.Subscription) ([]subscription.Subscription, error) {
	var running []subscription.Subscription
	for _, sub := range subs {
		if sub.State.Runs() || k == Stop && sub.Ongoing() {
			running = append(running, sub)
		}
	}
	switch last := subs[len(subs)-1]; {
	case len(running) == 0 && last.State.Ended() && k == Stop:
		return nil, nil
	case len(running) == 0 && last.State.Ended():
		return nil, fault.New(fault.Conflict, "change.ended")
	case len(running) == 0:
		return nil, fault.New(fault.Conflict, "change.not_begun")
	case len(running) > 1 && k != Stop:
		return nil, fault.New(fault.Conflict, "change.several")
	default:
		return running, nil
	}
}

// writeOne stores one change, or returns the one that already requests the same.
func (s *Service) writeOne(
	ctx context.Context, tx *sqlx.Tx, c contribution.Contribution, sub subscription.Subscription, want Change,
) (Change, error) {
	all, err := latest(ctx, tx, sub.PayPalID)
	if err != nil {
		return Change{}, err
	}
	now := s.now().UTC()
	want, known, err := s.plan(ctx, tx, sub, all, want)
	if err != nil || known {
		return want, err
	}
	want.Contribution, want.Subscription, want.State, want.AskedAt = c.ID, sub.PayPalID, Asked, now
	if want.ID, err = uuid.NewV7(); err != nil {
		return Change{}, fmt.Errorf("make an id: %w", err)
	}
	for i := range all {
		other := &all[i]
		if other.UnderWay() && (want.Kind == Stop || other.Kind.group() == want.Kind.group()) {
			if err := save(ctx, tx, c, other, Superseded, "", now); err != nil {
				return Change{}, err
			}
		}
	}
	if err := insert(ctx, tx, want, now.Add(firstAnswer)); err != nil {
		return Change{}, err
	}
	return want, auditAsked(ctx, tx, c, sub, want)
}

// auditAsked records what staff requested.
func auditAsked(
	ctx context.Context, tx *sqlx.Tx, c contribution.Contribution, sub subscription.Subscription, want Change,
) error {
	if want.By.Kind != ByStaff {
		return nil
	}
	detail := map[string]string{
		"subscription": sub.PayPalID, "reason": want.By.Reason, "before": string(sub.State),
	}
	if want.Months > 0 {
		detail["months"] = fmt.Sprint(want.Months)
	}
	action := audit.Action("subscription." + want.Kind)
	return contribution.Audit(ctx, tx, want.By.Actor, action, c, want.AskedAt, detail)
}
