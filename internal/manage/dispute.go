package manage

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/ledger"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
	"readerfund/internal/settle"
	"readerfund/internal/subscription"
)

// afterDisputes pauses a contribution's subscriptions while a dispute about one of its payments is open: each further
// charge could be disputed, too, and would then cost a fee. When the last dispute has ended in the publication's
// favour, the subscription resumes; otherwise staff are asked.
func afterDisputes(ctx context.Context, tx *sqlx.Tx, a settle.Applied) error {
	opened, wasOpen := a.Contribution.State == contribution.Disputed, a.Before == contribution.Disputed
	paused := a.Subscription != nil && a.Subscription.After.State == subscription.Suspended
	if !opened && !wasOpen && !paused {
		return nil
	}
	open, err := ledger.OpenDisputes(ctx, tx, a.Contribution.ID)
	if err != nil {
		return err
	}
	subs, err := subscription.Of(ctx, tx, a.Contribution.ID)
	if err != nil {
		return err
	}
	for _, sub := range subs {
		all, err := latest(ctx, tx, sub.PayPalID)
		switch {
		case err != nil:
			return err
		case !sub.State.Runs() || underWay(all, Stop) != nil:
		case len(open) > 0:
			err = pauseFor(ctx, tx, a, sub, all, open)
		default:
			err = resumeAfter(ctx, tx, a, sub, all)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pauseFor pauses a subscription for open disputes, once for each dispute: if it is resumed in the meantime, it stays
// so.
func pauseFor(
	ctx context.Context, tx *sqlx.Tx, a settle.Applied, sub subscription.Subscription, all []Change, open []string,
) error {
	if sub.State != subscription.Active {
		return nil
	}
	for _, c := range all {
		if c.Kind == Pause && (c.UnderWay() || c.dispute == open[len(open)-1]) {
			return nil
		}
	}
	pause := Change{Kind: Pause, dispute: open[len(open)-1], By: By{Kind: BySystem}}
	return want(ctx, tx, a, sub, all, pause)
}

// resumeAfter resumes a subscription that was paused for disputes, if all of them ended in the publication's favour.
func resumeAfter(
	ctx context.Context, tx *sqlx.Tx, a settle.Applied, sub subscription.Subscription, all []Change,
) error {
	if pause := underWay(all, Pause); pause != nil {
		if pause.dispute == "" || !pause.sentAt.IsZero() { // it may be at PayPal: handled once that is known
			return nil
		}
		return save(ctx, tx, a.Contribution, pause, Superseded, "", a.At)
	}
	pause := pausedBy(all)
	if sub.State != subscription.Suspended || pause == nil || pause.dispute == "" {
		return nil
	}
	lost, err := lostDispute(ctx, tx, *pause)
	if err != nil {
		return err
	}
	if lost != "" {
		args := review.Args{"subscription": sub.PayPalID, "case": lost}
		_, err := review.Open(ctx, tx, a.Contribution.ID, review.PausedByDispute, args, a.At)
		return err
	}
	return want(ctx, tx, a, sub, all, Change{Kind: Resume, dispute: pause.dispute, By: By{Kind: BySystem}})
}

// lostDispute is the dispute that a subscription was paused for, or one that was opened in the meantime, that did not
// end in the publication's favour; empty if there is none.
func lostDispute(ctx context.Context, tx *sqlx.Tx, pause Change) (string, error) {
	var all []struct {
		ID      string                `db:"paypal_id"`
		Outcome paypal.DisputeOutcome `db:"outcome"`
	}
	err := tx.SelectContext(ctx, &all, `
		SELECT d.paypal_id, d.outcome FROM dispute d JOIN payment p ON p.id = d.payment_id
		WHERE p.contribution_id = $1 AND (d.paypal_id = $2 OR d.recorded_at >= $3) ORDER BY d.id`,
		pause.Contribution, pause.dispute, pause.AskedAt)
	if err != nil {
		return "", fmt.Errorf("read how disputes ended: %w", err)
	}
	for _, d := range all {
		switch d.Outcome {
		case paypal.OutcomeSeller, paypal.OutcomeCanceled, paypal.OutcomeDenied:
		default:
			return d.ID, nil
		}
	}
	return "", nil
}

// want stores a change that the system requests, for the queue to carry out at once. It replaces a change of the same
// group that is under way.
func want(
	ctx context.Context, tx *sqlx.Tx, a settle.Applied, sub subscription.Subscription, all []Change, c Change,
) error {
	var err error
	if c.ID, err = uuid.NewV7(); err != nil {
		return fmt.Errorf("make an id: %w", err)
	}
	c.Contribution, c.Subscription, c.State, c.AskedAt = sub.Contribution, sub.PayPalID, Asked, a.At
	for i := range all {
		if all[i].UnderWay() && all[i].Kind.group() == c.Kind.group() {
			if err := save(ctx, tx, a.Contribution, &all[i], Superseded, "", a.At); err != nil {
				return err
			}
		}
	}
	return insert(ctx, tx, c, a.At)
}
