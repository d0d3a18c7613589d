package notice

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/ledger"
	"readerfund/internal/mail"
	"readerfund/internal/manage"
	"readerfund/internal/settle"
	"readerfund/internal/subscription"
)

// news is how old a subscription may be and still be welcomed. An older one was already running: we hear about it
// again, for example after a database was restored.
const news = 3 * 24 * time.Hour

// told is a mail that follows from facts, before its recipient is known.
type told struct {
	kind mail.Kind
	key  string
	args mail.GiftArgs
}

// OnApplied enqueues the mails that follow from the applied facts. It is a settle.Listener, and runs after
// internal/manage's, which records who ended or paused a subscription.
func (s *Service) OnApplied(ctx context.Context, tx *sqlx.Tx, a settle.Applied) error {
	var all []told
	if change := a.Subscription; change != nil {
		all = s.ofSubscription(change.Before, change.After, a.At)
	}
	for _, p := range a.Payments {
		late, err := s.ofLateCharge(ctx, tx, a, p)
		if err != nil {
			return err
		}
		all = append(all, late...)
	}
	if len(all) == 0 {
		return nil
	}
	to, err := reader(ctx, tx, a.Contribution)
	if err != nil {
		return err
	}
	mails := make([]mail.Message, len(all))
	for i, t := range all {
		t.args.Reference, t.args.Manage = a.Contribution.Receipt, s.Manage(a.Contribution.ID)
		mails[i] = to.to(t.kind, t.key, t.args)
	}
	return mail.Enqueue(ctx, tx, a.At, mails...)
}

// ofSubscription returns the mails to the reader about a change of a subscription.
func (s *Service) ofSubscription(before, after subscription.Subscription, at time.Time) []told {
	stands := manage.StandingOf(after, at)
	args := mail.GiftArgs{
		Amount: after.Amount, Frequency: after.Frequency, First: after.FirstCharge(), Next: after.NextCharge(),
		By: after.EndedBy, Until: after.PausedUntil, Retry: after.RetryAt,
		Scheduled: stands == manage.Scheduled, Disputed: manage.PausedForDispute(after, at),
	}
	moved := after.PayPalID + " " + stamp(after.StatusAt)
	began, ran := !before.Ongoing() && !before.State.Ended(), before.Ongoing()
	var all []told
	switch {
	case began && (after.State == subscription.Active || after.AwaitsStart()):
		if at.Sub(after.StartedAt) < news {
			all = append(all, told{mail.Welcome, after.PayPalID, args})
		}
	case ran && after.State.Ended():
		args.First = before.FirstCharge() // in this case nothing was charged
		all = append(all, told{mail.Stopped, moved, args})
	case before.State == subscription.Suspended && after.State == subscription.Active:
		all = append(all, told{mail.Resumed, moved, args})
	case before.State == subscription.Active && after.State == subscription.Suspended:
		kind := mail.Paused
		if stands == manage.Lost { // reported as a failed payment
			kind, args.Suspended = mail.PaymentFailed, true
		}
		all = append(all, told{kind, moved, args})
	case ran && after.FailedPayments > before.FailedPayments:
		all = append(all, told{mail.PaymentFailed, after.PayPalID + " " + stamp(after.LastFailedAt), args})
	}
	if ran && after.State.Runs() && (after.Amount != before.Amount || after.Frequency != before.Frequency) {
		args.Before, args.FrequencyBefore = before.Amount, before.Frequency
		args.MissesNext = after.NextIsFixed(at)
		key := after.PayPalID + " " + after.Amount.String() + " " + after.Frequency + " " + stamp(after.SeenAt)
		all = append(all, told{mail.Changed, key, args})
	}
	return all
}

// ofLateCharge returns the mail about money that came after the subscription had ended: the reader believes that it was
// stopped.
func (s *Service) ofLateCharge(
	ctx context.Context, tx *sqlx.Tx, a settle.Applied, p ledger.Payment,
) ([]told, error) {
	if p.Subscription == "" {
		return nil, nil
	}
	var of subscription.Subscription
	if change := a.Subscription; change != nil && change.After.PayPalID == p.Subscription {
		of = change.After
	} else {
		var err error
		if of, err = subscription.Find(ctx, tx, p.Subscription); err != nil {
			return nil, err
		}
	}
	if !of.State.Ended() || !p.OccurredAt.After(of.EndedAt) {
		return nil, nil
	}
	return []told{{mail.ChargedAfterEnd, p.PayPalID, mail.GiftArgs{
		Amount: p.Amount, Frequency: p.Frequency, At: p.OccurredAt, Ended: of.EndedAt,
	}}}, nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
