package contribution

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
)

// disputeRow is a case as far as what is learned later needs it.
type disputeRow struct {
	Status    string    `db:"status"`
	Stage     string    `db:"stage"`
	ChangedAt time.Time `db:"changed_at"`
}

// learnDispute keeps a case and books what it did to the money: a hold while it is past an inquiry, the release at its
// end, and the fees PayPal took or gave back for it. That the buyer won is not booked here: the money then goes back by a
// reversal, which PayPal gives as a refund of its own.
func learnDispute(ctx context.Context, tx *sqlx.Tx, c *Contribution, f Fact, now time.Time) (bool, error) {
	seen := *f.dispute
	paid, err := disputedPayment(ctx, tx, *c, seen)
	if err != nil {
		return false, err
	}
	news, err := joinDispute(ctx, tx, c, paid, seen, now)
	if err != nil {
		return false, err
	}
	odd, err := noteOddCase(ctx, tx, *c, paid, seen, now)
	if err != nil || caseImpossible(paid, seen) {
		return news || odd, err
	}
	for _, e := range disputeEntries(seen, now) {
		booked, err := book(ctx, tx, c, paid, f, e, now)
		if err != nil {
			return false, err
		}
		news = news || booked
	}
	return news, nil
}

// caseImpossible reports whether what a case says of the money cannot be about the payment.
func caseImpossible(paid payment, seen paypal.Dispute) bool {
	return string(seen.Amount.Currency) != paid.Currency || seen.Amount.Minor > paid.AmountMinor
}

// noteOddCase asks for a look at a case of which nothing can be booked, until a later answer is one that can.
func noteOddCase(
	ctx context.Context, tx *sqlx.Tx, c Contribution, paid payment, seen paypal.Dispute, now time.Time,
) (bool, error) {
	args := review.Args{"case": seen.ID}
	switch {
	case string(seen.Amount.Currency) != paid.Currency:
		args["disputed"], args["paid"] = string(seen.Amount.Currency), paid.Currency
		return review.Open(ctx, tx, c.ID, review.DisputeCurrency, args, now)
	case caseImpossible(paid, seen):
		args["disputed"], args["paid"] = seen.Amount.String(), money.New(paid.AmountMinor, seen.Amount.Currency).String()
		return review.Open(ctx, tx, c.ID, review.DisputeTooLarge, args, now)
	default:
		_, err := review.Resolve(ctx, tx, c.ID, review.Settled, now,
			review.Match{Code: review.DisputeCurrency, About: args}, review.Match{Code: review.DisputeTooLarge, About: args})
		return false, err
	}
}

// disputedPayment is the payment of this contribution that the case is about.
func disputedPayment(ctx context.Context, tx *sqlx.Tx, c Contribution, seen paypal.Dispute) (payment, error) {
	for _, id := range seen.CaptureIDs {
		paid, err := paymentOf(ctx, tx, c.ID, id)
		if err == nil || !errors.Is(err, sql.ErrNoRows) && !errors.Is(err, ErrNotOurs) {
			return paid, err
		}
	}
	return payment{}, fmt.Errorf("dispute %s is about no payment of it: %w", seen.ID, ErrNotOurs)
}

// disputeEntries is what the ledger has of a case. It follows from PayPal's latest word alone, so that it is the same
// whichever of the case's steps we heard of: PayPal does not tell when a case left the inquiry, so the hold is dated by
// its beginning.
func disputeEntries(d paypal.Dispute, now time.Time) []entry {
	began, ended := orNow(d.CreatedAt, now), orNow(d.UpdatedAt, now)
	var all []entry
	if d.Holds() {
		all = append(all, entry{"dispute_hold", d.Amount.Neg(), d.ID, began})
		if !d.Open() {
			all = append(all, entry{"dispute_release", d.Amount, d.ID, ended})
		}
	}
	taken, given := money.New(0, d.Amount.Currency), money.New(0, d.Amount.Currency)
	var takenAt, givenAt time.Time
	for _, fee := range d.Fees {
		switch {
		case fee.Amount.Currency != d.Amount.Currency:
			// The account holds another currency. The ledger is in the payment's; reconciliation names what is left.
		case fee.Amount.Minor > 0:
			taken.Minor += fee.Amount.Minor
			takenAt = orNow(fee.At, ended)
		default:
			given.Minor -= fee.Amount.Minor
			givenAt = orNow(fee.At, ended)
		}
	}
	if taken.Minor > 0 {
		all = append(all, entry{"chargeback_fee", taken.Neg(), d.ID, takenAt})
	}
	if given.Minor > 0 {
		all = append(all, entry{"chargeback_fee_refund", given, d.ID, givenAt})
	}
	return all
}

// joinDispute inserts the case or advances the row we have. An older look at a case never undoes a newer one, and the end
// is the end: should PayPal open a case again, a person has to look.
func joinDispute(ctx context.Context, tx *sqlx.Tx, c *Contribution, paid payment, seen paypal.Dispute, now time.Time) (bool, error) {
	status := "open"
	if !seen.Open() {
		status = "resolved"
	}
	changed := orNow(seen.UpdatedAt, now)
	var known disputeRow
	err := tx.GetContext(ctx, &known, `SELECT status, stage, changed_at FROM dispute WHERE paypal_id = $1`, seen.ID)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("read dispute %s: %w", seen.ID, err)
	}
	if err == nil {
		switch {
		case known.Status == "resolved" && status == "open":
			if !changed.After(known.ChangedAt) {
				return false, nil
			}
			return review.Open(ctx, tx, c.ID, review.DisputeOpenAgain, review.Args{"case": seen.ID}, now)
		case known.Status == status && !changed.After(known.ChangedAt) && stageRank(string(seen.Stage)) <= stageRank(known.Stage):
			return false, nil
		}
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO dispute (payment_id, paypal_id, status, paypal_status, stage, channel, reason, outcome, amount_minor, currency,
		                     may_accept, respond_by, opened_at, changed_at, recorded_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (paypal_id) DO UPDATE SET
		    status = excluded.status, paypal_status = excluded.paypal_status, stage = excluded.stage, outcome = excluded.outcome,
		    may_accept = excluded.may_accept, respond_by = excluded.respond_by, changed_at = greatest(dispute.changed_at, excluded.changed_at)`,
		paid.ID, seen.ID, status, string(seen.Status), string(seen.Stage), seen.Channel, seen.Reason, string(seen.Outcome),
		seen.Amount.Minor, string(seen.Amount.Currency), seen.MayAccept, null(seen.RespondBy), orNow(seen.CreatedAt, now), changed, now)
	if err != nil {
		return false, fmt.Errorf("keep dispute %s: %w", seen.ID, err)
	}
	return true, nil
}

// stageRank orders PayPal's stages (Disputes v1, dispute_lifecycle_stage): a case only moves on. One we do not know comes first.
func stageRank(stage string) int {
	return slices.Index([]string{"INQUIRY", "CHARGEBACK", "PRE_ARBITRATION", "ARBITRATION"}, stage)
}

func orNow(at, now time.Time) time.Time {
	if at.IsZero() {
		return now
	}
	return at
}
