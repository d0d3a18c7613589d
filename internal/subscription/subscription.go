// Package subscription is an agreement at PayPal by which a reader gives monthly or yearly: how it moves as PayPal's
// answers about it come in, its row, and when to ask about it again.
//
// Its core is pure: Apply learns from an answer in memory. The reader's choice belongs to the contribution, the money
// that a subscription brings to the ledger, and changes to a running one to internal/manage.
package subscription

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/money"
)

// Subscription is a subscription as PayPal's API last described it. Times are UTC, and zero when the event did not
// happen or PayPal does not say.
type Subscription struct {
	PayPalID     string // "I-…"
	Contribution uuid.UUID
	PlanID       string
	State        State
	StatusAt     time.Time // PayPal's status_update_time, by which answers are ordered
	SeenAt       time.Time // PayPal's update_time, by which answers of one status are ordered
	Note         string    // PayPal's status_change_note: the reason given for the latest change of status

	Frequency       string       // "month" or "year"; like Amount, it follows PayPal when the reader changes it
	FrequencySince  time.Time    // charges from this time on have the frequency; zero until PayPal has been asked
	Amount          money.Amount // of the next charge
	NextBillingAt   time.Time
	CyclesCompleted int
	Outstanding     money.Amount // what failed payments left unpaid; nothing is charged for it later
	LastPaymentAt   time.Time

	FailedPayments   int // in a row, by PayPal's count
	LastFailedAt     time.Time
	LastFailedReason string    // PayPal's code: "PAYER_CANNOT_PAY"
	RetryAt          time.Time // when PayPal tries the failed payment again

	StartedAt time.Time // PayPal's create_time; zero until the payer has approved it
	StartsAt  time.Time // PayPal's start_time, when the first charge is due; zero when that was at its creation
	EndedAt   time.Time // when it was cancelled or expired

	// These two are written by internal/manage.
	PausedUntil time.Time
	EndedBy     string // "reader", "staff", "system" or "paypal"; empty while unknown
}

// NextCharge is when PayPal charges next. It is zero between a charge and PayPal's answer about the next one, for
// which we ask some minutes later: until then NextBillingAt is the day that has just been charged.
func (s Subscription) NextCharge() time.Time {
	if !s.NextBillingAt.After(s.LastPaymentAt) {
		return time.Time{}
	}
	return s.NextBillingAt
}

// priceFixedFor is how long before a charge its amount is fixed at PayPal: "Price changes do not apply to billing
// within the next 10 days" (Subscriptions v1, update subscription).
const priceFixedFor = 10 * 24 * time.Hour

// NextIsFixed reports whether the next charge is so near that PayPal may still take the amount agreed before a change
// that is made now.
func (s Subscription) NextIsFixed(now time.Time) bool {
	next := s.NextCharge()
	return !next.IsZero() && next.Sub(now) < priceFixedFor
}

// AwaitsStart reports whether it is approved and becomes active by itself when its first charge is due.
func (s Subscription) AwaitsStart() bool { return s.State == ApprovalPending && !s.StartsAt.IsZero() }

// Ongoing reports whether PayPal may charge the reader: now, once it is resumed, or once it starts.
func (s Subscription) Ongoing() bool { return s.State.Runs() || s.AwaitsStart() }

// FirstCharge is when PayPal will make the first charge; zero if it already has, or was to do so at once.
func (s Subscription) FirstCharge() time.Time {
	switch {
	case s.StartsAt.IsZero() || s.State.Ended() || s.CyclesCompleted > 0 || !s.LastPaymentAt.IsZero():
		return time.Time{}
	case s.NextBillingAt.IsZero():
		return s.StartsAt
	default:
		return s.NextBillingAt
	}
}

// Find reads a subscription by PayPal's id. The error is fault.NotFound if we have none.
func Find(ctx context.Context, q sqlx.QueryerContext, paypalID string) (Subscription, error) {
	var r row
	err := sqlx.GetContext(ctx, q, &r, `SELECT `+columns+` FROM subscription s WHERE s.paypal_id = $1`, paypalID)
	if db.IsNotFound(err) {
		return Subscription{}, fault.New(fault.NotFound, "subscription.not_found")
	}
	if err != nil {
		return Subscription{}, db.Translate(fmt.Errorf("read subscription %s: %w", paypalID, err))
	}
	return r.subscription(), nil
}

// Of reads the subscriptions of a contribution, the oldest first: nearly always one, and none for a one-time gift.
func Of(ctx context.Context, q sqlx.QueryerContext, contribution uuid.UUID) ([]Subscription, error) {
	of, err := OfEach(ctx, q, []uuid.UUID{contribution})
	return of[contribution], err
}

// OfEach is Of for several contributions at once, by their ids.
func OfEach(
	ctx context.Context, q sqlx.QueryerContext, contributions []uuid.UUID,
) (map[uuid.UUID][]Subscription, error) {
	var rows []row
	err := sqlx.SelectContext(ctx, q, &rows, `
		SELECT `+columns+` FROM subscription s WHERE s.contribution_id = ANY ($1::uuid[])
		ORDER BY s.recorded_at, s.paypal_id`, db.Array(db.Column(contributions, uuid.UUID.String)))
	if err != nil {
		return nil, db.Translate(fmt.Errorf("read subscriptions of contributions: %w", err))
	}
	of := make(map[uuid.UUID][]Subscription, len(contributions))
	for _, r := range rows {
		of[r.Contribution] = append(of[r.Contribution], r.subscription())
	}
	return of, nil
}

// Owner is the contribution that a subscription belongs to.
type Owner struct {
	PayPalID     string    `db:"paypal_id"`
	Contribution uuid.UUID `db:"contribution_id"`
	State        State     `db:"state"`
}

// Owners finds the contributions to which the subscriptions that we know belong, by PayPal's ids.
func Owners(ctx context.Context, q sqlx.QueryerContext, paypalIDs ...string) (map[string]Owner, error) {
	var rows []Owner
	err := sqlx.SelectContext(ctx, q, &rows, `
		SELECT paypal_id, contribution_id, state FROM subscription WHERE paypal_id = ANY ($1::text[])`, db.Array(paypalIDs))
	if err != nil {
		return nil, db.Translate(fmt.Errorf("find whose subscriptions are: %w", err))
	}
	owners := make(map[string]Owner, len(rows))
	for _, r := range rows {
		owners[r.PayPalID] = r
	}
	return owners, nil
}
