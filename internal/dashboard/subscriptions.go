package dashboard

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/listing"
	"readerfund/internal/money"
	"readerfund/internal/subscription"
)

// SubscriptionChange is a change of a subscription requested by the reader, staff or the system, with its outcome.
type SubscriptionChange struct {
	ID           uuid.UUID
	Subscription string // PayPal's id
	Kind         string // stop, pause, resume, amount or frequency
	Amount       money.Amount
	Frequency    string
	Until        time.Time // of a pause; zero for one without an end
	By           string    // reader, staff or system
	Actor        string    // the account, if By is staff
	Reason       string
	Dispute      string // the dispute that caused it
	State        string // asked, unknown, approval, done, refused, superseded or expired
	Answer       string // PayPal's code, when it refused
	AskedAt      time.Time
	EndedAt      time.Time
}

func readSubscriptions(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, h *History) (err error) {
	if h.Frequency == "once" {
		return nil
	}
	if h.Subscriptions, err = subscription.Of(ctx, tx, id); err != nil {
		return err
	}
	return readChanges(ctx, tx, id, h)
}

func readChanges(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, h *History) error {
	var rows []struct {
		ID           uuid.UUID    `db:"id"`
		Subscription string       `db:"subscription_id"`
		Kind         string       `db:"kind"`
		AmountMinor  int64        `db:"amount_minor"`
		Currency     string       `db:"currency"`
		Frequency    string       `db:"frequency"`
		Until        sql.NullTime `db:"until"`
		By           string       `db:"by_kind"`
		Actor        string       `db:"actor"`
		Reason       string       `db:"reason"`
		Dispute      string       `db:"dispute_id"`
		State        string       `db:"state"`
		Answer       string       `db:"answer"`
		AskedAt      time.Time    `db:"asked_at"`
		EndedAt      sql.NullTime `db:"ended_at"`
	}
	err := tx.SelectContext(ctx, &rows, `
		SELECT q.id, q.subscription_id, q.kind, coalesce(q.amount_minor, 0) AS amount_minor,
		       coalesce(q.currency, '') AS currency, coalesce(q.frequency, '') AS frequency, q.until, q.by_kind, q.actor,
		       q.reason, coalesce(q.dispute_id, '') AS dispute_id, q.state, q.answer, q.asked_at, q.ended_at
		FROM subscription_change q WHERE q.contribution_id = $1 ORDER BY q.asked_at DESC, q.id DESC`, id)
	for _, q := range rows {
		h.Changes = append(h.Changes, SubscriptionChange{
			ID: q.ID, Subscription: q.Subscription, Kind: q.Kind,
			Amount: money.New(q.AmountMinor, money.Currency(q.Currency)), Frequency: q.Frequency, Until: utc(q.Until),
			By: q.By, Actor: q.Actor, Reason: q.Reason, Dispute: q.Dispute, State: q.State, Answer: q.Answer,
			AskedAt: q.AskedAt.UTC(), EndedAt: utc(q.EndedAt),
		})
	}
	return err
}

// Failing picks subscriptions whose latest charge failed, whatever their state.
const Failing = "failing"

// SubscriptionStates lists the states of subscriptions that a list of contributions can be filtered by.
func SubscriptionStates() []string {
	all := []string{}
	for _, s := range subscription.States() {
		if s != subscription.Unknown {
			all = append(all, string(s))
		}
	}
	return append(all, Failing)
}

// ofSubscription restricts contributions c by their subscriptions. Rare states have an index.
func ofSubscription(w *listing.Where, state string) {
	switch state {
	case "":
	case Failing:
		w.Add(`c.id IN (SELECT contribution_id FROM subscription WHERE failed_payments > 0)`)
	default:
		w.Addf(`EXISTS (SELECT 1 FROM subscription s WHERE s.contribution_id = c.id AND s.state = %s)`, w.Arg(state))
	}
}
