package subscription

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/money"
)

// When to check a running subscription. PayPal charges some hours after next_billing_time and normally reports it by
// a webhook; a charge that is still unreported after a day and a half is looked for.
const (
	checkEvery    = 24 * time.Hour
	chargeExpect  = 12 * time.Hour
	chargeOverdue = 36 * time.Hour
	chargedSoon   = 10 * time.Minute // after a charge, for the day of the next one
	checkSpread   = 2 * time.Hour    // many subscriptions are charged on the same day
	checkLease    = time.Hour
)

// NextCheck is when to ask PayPal about it next, or zero when PayPal has nothing new to say: a day later, once after
// a charge should have come, and soon after one came, to learn when the next one is. While it waits for its approval,
// the contribution's own checks cover it.
func (s Subscription) NextCheck(now time.Time) time.Time {
	if !s.Ongoing() {
		return time.Time{}
	}
	at, charge := now.Add(checkEvery), s.NextBillingAt
	if s.AwaitsStart() {
		charge = s.StartsAt
	}
	if s.State == Suspended || charge.IsZero() {
		return at
	}
	if s.State == Active && s.NextCharge().IsZero() { // less and less often if PayPal does not say
		return now.Add(min(max(chargedSoon, now.Sub(s.LastPaymentAt)), checkEvery))
	}
	for _, after := range []time.Duration{chargeExpect, chargeOverdue} {
		if due := charge.Add(after + s.spread()); due.After(now) && due.Before(at) {
			return due
		}
	}
	return at
}

// Overdue reports whether a charge should have come by now, and by more than a day.
func (s Subscription) Overdue(now time.Time) bool {
	return s.State == Active && !s.NextBillingAt.IsZero() && now.Sub(s.NextBillingAt) >= chargeOverdue
}

// spread keeps subscriptions that are charged on the same day from being checked at the same moment.
func (s Subscription) spread() time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s.PayPalID)) // never fails
	return time.Duration(h.Sum32()) % checkSpread
}

// DueFor finds subscriptions that a charge of this amount, made at this time, may belong to: their billing day or the
// day of a retry had come, and no charge for it is known. It returns at most limit of PayPal's ids, chosen at random
// if more are due.
func DueFor(
	ctx context.Context, q sqlx.QueryerContext, amount money.Amount, at time.Time, limit int,
) ([]string, error) {
	var ids []string
	// Each side of the OR has an index of its own: subscription_expected, and subscription_failing for the few.
	err := sqlx.SelectContext(ctx, q, &ids, `
		SELECT paypal_id FROM subscription
		WHERE amount_minor = $1 AND currency = $2
		  AND (next_billing_at BETWEEN $3 AND $4 OR failed_payments > 0 AND retry_at BETWEEN $3 AND $4)
		  AND (last_payment_at IS NULL OR last_payment_at < next_billing_at OR next_billing_at IS NULL)
		ORDER BY random() LIMIT $5`,
		amount.Minor, string(amount.Currency), at.Add(-chargeOverdue), at.Add(time.Hour), limit)
	if err != nil {
		return nil, db.Translate(fmt.Errorf("find subscriptions that are due a charge: %w", err))
	}
	return ids, nil
}

// MonthsLater is the same day of the month, the given number of months later; the last day of a month that has no
// such day.
func MonthsLater(from time.Time, months int) time.Time {
	y, m, d := from.Date()
	first := time.Date(y, m+time.Month(months), 1, from.Hour(), from.Minute(), from.Second(), 0, from.Location())
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(d, last)-1)
}

// ClaimDue takes at most limit subscriptions that are due for a check, by PayPal's ids, the longest overdue first.
// They are due again an hour later, unless Postpone sets another time: if the process dies, nothing is lost.
func ClaimDue(ctx context.Context, d *db.DB, limit int, now time.Time) ([]string, error) {
	var ids []string
	// SKIP LOCKED: leave the rows that another process is taking at this moment to it.
	err := d.SelectContext(ctx, &ids, `
		UPDATE subscription SET check_at = $2
		WHERE paypal_id IN (
		    SELECT paypal_id FROM subscription WHERE check_at <= $1 ORDER BY check_at LIMIT $3 FOR UPDATE SKIP LOCKED)
		RETURNING paypal_id`, now, now.Add(checkLease), limit)
	if err != nil {
		return nil, db.Translate(fmt.Errorf("find subscriptions that are due: %w", err))
	}
	return ids, nil
}

// Postpone sets the next check of subscriptions that ClaimDue returned at the time claimed and that PayPal has been
// asked about since. A check that a charge or a change has set in the meantime stays.
func Postpone(ctx context.Context, d *db.DB, claimed, now time.Time, paypalIDs ...string) error {
	err := d.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var rows []row
		// Locked, so that nothing is learned between the read and the write. SKIP LOCKED: the transaction that is
		// writing a row at this moment sets its check, too.
		err := tx.SelectContext(ctx, &rows, `
			SELECT `+columns+` FROM subscription s WHERE s.paypal_id = ANY ($1::text[]) AND s.check_at = $2
			FOR NO KEY UPDATE SKIP LOCKED`, db.Array(paypalIDs), claimed.Add(checkLease))
		if err != nil || len(rows) == 0 {
			return err
		}
		ids, times := make([]string, len(rows)), make([]string, len(rows))
		for n, r := range rows {
			ids[n] = r.PayPalID
			if at := r.subscription().NextCheck(now); !at.IsZero() {
				times[n] = at.UTC().Format(time.RFC3339Nano)
			}
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE subscription s SET check_at = nullif(n.at, '')::timestamptz
			FROM unnest($1::text[], $2::text[]) AS n (id, at) WHERE s.paypal_id = n.id`, db.Array(ids), db.Array(times))
		return err
	})
	if err != nil {
		return db.Translate(fmt.Errorf("postpone checks of subscriptions: %w", err))
	}
	return nil
}
