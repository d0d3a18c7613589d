package contribution

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
)

// payment is one capture, as far as the state needs it.
type payment struct {
	ID          int64         `db:"id"`
	PayPalID    string        `db:"paypal_id"`
	Status      paymentStatus `db:"status"`
	Reason      string        `db:"reason"` // why it is pending or was declined; only paymentOf reads it
	AmountMinor int64         `db:"amount_minor"`
	Currency    string        `db:"currency"`
}

const selectPayments = `SELECT id, paypal_id, status, amount_minor, currency FROM payment WHERE contribution_id = $1 ORDER BY id`

// learnCapture keeps a capture and books it once it completed. The charge is dated by PayPal's create_time, which no
// later look at the capture changes, so that the entries do not depend on which look came first.
func learnCapture(ctx context.Context, tx *sqlx.Tx, c *Contribution, f Fact, now time.Time) (bool, error) {
	seen := *f.capture
	if seen.CreatedAt.IsZero() {
		seen.CreatedAt = now
	}
	learned, ok := captureStatus(seen.Status)
	if !ok {
		return false, contradiction(review.PaymentStatus, review.Args{"payment": seen.ID, "status": string(seen.Status)})
	}
	if seen.CustomID != "" && seen.CustomID != c.ID.String() {
		return false, notOurs(review.PaymentOfAnother, review.Args{"payment": seen.ID, "number": seen.CustomID})
	}
	kind := "capture"
	if f.direct {
		kind = "direct"
	}
	known, news, err := joinPayment(ctx, tx, c.ID, kind, seen, learned, now)
	if err != nil {
		return false, err
	}
	if err := keepConversion(ctx, tx, known, seen, now); err != nil {
		return false, err
	}
	if seen.Amount != c.Amount {
		args := review.Args{"captured": seen.Amount.String(), "chosen": c.Amount.String()}
		odd, err := review.Open(ctx, tx, c.ID, review.AmountDiffers, args, now)
		if err != nil {
			return false, err
		}
		news = news || odd
	}
	if known.Status != paymentCompleted {
		return news, nil
	}
	if c.CompletedAt.IsZero() || seen.CreatedAt.Before(c.CompletedAt) {
		c.CompletedAt, news = seen.CreatedAt, true
	}
	charged, err := book(ctx, tx, c, known, f, entry{"charge", seen.Amount, seen.ID, seen.CreatedAt}, now)
	if err != nil || seen.Fee == nil {
		return news || charged, err
	}
	odd, err := noteOddFee(ctx, tx, *c, seen, now)
	if err != nil || feeImpossible(seen) {
		return news || charged || odd, err
	}
	short, err := noteNet(ctx, tx, *c, seen, now)
	if err != nil {
		return false, err
	}
	news = news || short
	feed, err := book(ctx, tx, c, known, f, entry{"fee", seen.Fee.Neg(), seen.ID, seen.CreatedAt}, now)
	return news || charged || odd || feed, err
}

// feeImpossible reports whether a capture's fee is none that can be booked.
func feeImpossible(seen paypal.Capture) bool {
	return seen.Fee != nil && (seen.Fee.Currency != seen.Amount.Currency || seen.Fee.Minor < 0)
}

// noteOddFee asks for a look at a fee that cannot be, or is only large: that is PayPal's word all the same, and booked.
func noteOddFee(ctx context.Context, tx *sqlx.Tx, c Contribution, seen paypal.Capture, now time.Time) (bool, error) {
	args := review.Args{"fee": seen.Fee.String(), "amount": seen.Amount.String()}
	switch {
	case feeImpossible(seen):
		args["payment"] = seen.ID
		return review.Open(ctx, tx, c.ID, review.FeeImpossible, args, now)
	case seen.Fee.Minor > seen.Amount.Minor:
		return review.Open(ctx, tx, c.ID, review.FeeLarge, args, now)
	default:
		return false, nil
	}
}

// noteNet asks for a look where what reached the account is not the payment less PayPal's fee, as with a fee of a
// platform: the ledger has PayPal's own fee, which is what transaction search compares. It asks until it adds up.
func noteNet(ctx context.Context, tx *sqlx.Tx, c Contribution, seen paypal.Capture, now time.Time) (bool, error) {
	if seen.Net == nil || seen.Net.Currency != seen.Amount.Currency || seen.FeeElsewhere {
		return false, nil
	}
	missing := money.New(seen.Amount.Minor-seen.Fee.Minor-seen.Net.Minor, seen.Amount.Currency)
	about := review.Args{"payment": seen.ID}
	args := review.Args{
		"payment": seen.ID, "amount": seen.Amount.String(), "fee": seen.Fee.String(), "net": seen.Net.String(),
	}
	switch {
	case missing.Minor == 0:
		_, err := review.Resolve(ctx, tx, c.ID, review.Settled, now,
			review.Match{Code: review.NetDiffers, About: about}, review.Match{Code: review.PlatformFee, About: about})
		return false, err
	case seen.PlatformFee != nil && *seen.PlatformFee == missing:
		args["platform"] = missing.String()
		return review.Open(ctx, tx, c.ID, review.PlatformFee, args, now)
	default:
		args["difference"] = missing.String()
		return review.Open(ctx, tx, c.ID, review.NetDiffers, args, now)
	}
}

// notePaidTwice asks for a look where PayPal took the money of one decision to give more than once. All of it is
// booked: it is there. With each further payment it is asked anew, in place of what was asked before.
func notePaidTwice(ctx context.Context, tx *sqlx.Tx, c Contribution, k knowledge, now time.Time) error {
	var ids []string
	for _, p := range k.payments {
		if p.Status == paymentCompleted {
			ids = append(ids, p.PayPalID)
		}
	}
	if c.Frequency != Once || len(ids) < 2 {
		return nil
	}
	count := len(ids)
	args := review.Args{"count": strconv.Itoa(count), "payments": strings.Join(ids, ", ")}
	if asked, err := review.Open(ctx, tx, c.ID, review.PaidTwice, args, now); err != nil || !asked {
		return err
	}
	var before []review.Match
	for fewer := 2; fewer < count; fewer++ {
		before = append(before, review.Match{Code: review.PaidTwice, About: review.Args{"count": strconv.Itoa(fewer)}})
	}
	_, err := review.Resolve(ctx, tx, c.ID, review.Superseded, now, before...)
	return err
}

// joinPayment inserts the capture, or advances the row we have. The contribution is locked, so nobody else does.
func joinPayment(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, kind string, seen paypal.Capture, learned paymentStatus, now time.Time) (payment, bool, error) {
	known, err := paymentOf(ctx, tx, id, seen.ID)
	if errors.Is(err, sql.ErrNoRows) {
		known = payment{PayPalID: seen.ID, Status: learned, AmountMinor: seen.Amount.Minor, Currency: string(seen.Amount.Currency)}
		err = tx.GetContext(ctx, &known.ID, `
			INSERT INTO payment (contribution_id, kind, paypal_id, status, reason, amount_minor, currency, occurred_at, recorded_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id`,
			id, kind, seen.ID, string(learned), seen.Reason, seen.Amount.Minor, string(seen.Amount.Currency), seen.CreatedAt, now)
		if err != nil {
			return payment{}, false, fmt.Errorf("keep capture %s: %w", seen.ID, err)
		}
		return known, true, nil
	}
	if err != nil {
		return payment{}, false, err
	}
	advanced := known.Status.advance(learned)
	if advanced == known.Status && (learned != paymentPending || advanced != paymentPending || seen.Reason == known.Reason) {
		return known, false, nil
	}
	known.Status = advanced
	_, err = tx.ExecContext(ctx, `UPDATE payment SET status = $2, reason = $3 WHERE id = $1`, known.ID, string(advanced), seen.Reason)
	if err != nil {
		return payment{}, false, fmt.Errorf("advance capture %s: %w", seen.ID, err)
	}
	return known, true, nil
}

// keepConversion notes what PayPal made of a payment in a currency that the account does not hold. The first word stays:
// the money was converted once.
func keepConversion(ctx context.Context, tx *sqlx.Tx, p payment, seen paypal.Capture, now time.Time) error {
	if p.Status != paymentCompleted || seen.Receivable == nil || seen.Receivable.Currency == seen.Amount.Currency || seen.Net == nil {
		return nil
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO conversion (payment_id, from_minor, from_currency, to_minor, to_currency, rate, recorded_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (payment_id) DO NOTHING`,
		p.ID, seen.Net.Minor, string(seen.Net.Currency), seen.Receivable.Minor, string(seen.Receivable.Currency), seen.ExchangeRate, now)
	if err != nil {
		return fmt.Errorf("keep what %s was converted to: %w", seen.ID, err)
	}
	return nil
}

// paymentOf reads one capture of the contribution. A capture that belongs to another contribution is an error.
func paymentOf(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, captureID string) (payment, error) {
	var known struct {
		payment
		Contribution uuid.UUID `db:"contribution_id"`
	}
	err := tx.GetContext(ctx, &known, `
		SELECT id, contribution_id, paypal_id, status, reason, amount_minor, currency FROM payment WHERE paypal_id = $1`, captureID)
	if errors.Is(err, sql.ErrNoRows) {
		return payment{}, err
	}
	if err != nil {
		return payment{}, fmt.Errorf("read capture %s: %w", captureID, err)
	}
	if known.Contribution != id {
		return payment{}, notOurs(review.PaymentElsewhere,
			review.Args{"payment": captureID, "other": known.Contribution.String()})
	}
	return known.payment, nil
}

// learnRefund keeps a refund or reversal and books it once it completed. Its capture must be known already.
func learnRefund(ctx context.Context, tx *sqlx.Tx, c *Contribution, f Fact, now time.Time) (bool, error) {
	seen := *f.refund
	if seen.CreatedAt.IsZero() {
		seen.CreatedAt = now
	}
	paid, err := paymentOf(ctx, tx, c.ID, seen.CaptureID)
	if errors.Is(err, sql.ErrNoRows) {
		return false, contradiction(review.RefundOfNoPayment, review.Args{"refund": seen.ID, "payment": seen.CaptureID})
	}
	if err != nil {
		return false, fmt.Errorf("refund %s of capture %s: %w", seen.ID, seen.CaptureID, err)
	}
	kind := "refund"
	if f.reversal {
		kind = "reversal"
	}
	whole := money.New(paid.AmountMinor, money.Currency(paid.Currency))
	// More than the whole is a guard for reversals: of them together more may go back than came in.
	if seen.Amount.Currency != whole.Currency || seen.Amount.Minor <= 0 || seen.Amount.Minor > whole.Minor {
		return false, contradiction(review.RefundImpossible,
			review.Args{"amount": seen.Amount.String(), "refund": seen.ID, "paid": whole.String()})
	}
	kind, status, news, err := joinRefund(ctx, tx, paid, kind, seen, now)
	if err != nil || status != "completed" {
		return news, err
	}
	if news && kind == "refund" {
		if err := countReturned(ctx, tx, paid, seen); err != nil {
			return false, err
		}
	}
	booked, err := book(ctx, tx, c, paid, f, entry{kind, seen.Amount.Neg(), seen.ID, seen.CreatedAt}, now)
	if err != nil || seen.FeeRefunded.Minor == 0 {
		return news || booked, err
	}
	if seen.FeeRefunded.Currency != whole.Currency {
		args := review.Args{"refund": seen.ID, "fee": seen.FeeRefunded.String(), "currency": string(whole.Currency)}
		odd, err := review.Open(ctx, tx, c.ID, review.RefundFeeImpossible, args, now)
		return news || booked || odd, err
	}
	feed, err := book(ctx, tx, c, paid, f, entry{"fee_refund", seen.FeeRefunded, seen.ID, seen.CreatedAt}, now)
	return news || booked || feed, err
}

// countReturned keeps the guard against refunds of more than was paid. Should PayPal itself say so, nothing of it is
// booked and a person has to look.
func countReturned(ctx context.Context, tx *sqlx.Tx, paid payment, seen paypal.Refund) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE payment p SET returned_minor = (
		    SELECT coalesce(sum(r.amount_minor), 0) FROM refund r WHERE r.payment_id = p.id AND r.kind = 'refund' AND r.status = 'completed')
		WHERE p.id = $1`, paid.ID)
	if db.IsCheck(err) {
		return contradiction(review.RefundTooLarge,
			review.Args{"refund": seen.ID, "amount": seen.Amount.String(), "payment": paid.PayPalID})
	}
	if err != nil {
		return fmt.Errorf("count what went back of %s: %w", paid.PayPalID, err)
	}
	return nil
}

// joinRefund inserts the refund, or advances it from pending; completed and failed are final. What it was first seen as,
// refund or reversal, it stays: the ledger's entry has that name.
func joinRefund(ctx context.Context, tx *sqlx.Tx, paid payment, kind string, seen paypal.Refund, now time.Time) (string, string, bool, error) {
	learned := map[paypal.RefundStatus]string{
		paypal.RefundPending: "pending", paypal.RefundCompleted: "completed", paypal.RefundFailed: "failed", paypal.RefundCancelled: "failed",
	}[seen.Status]
	if learned == "" {
		return "", "", false, contradiction(review.RefundStatus,
			review.Args{"refund": seen.ID, "status": string(seen.Status)})
	}
	var known struct{ Kind, Status string }
	err := tx.GetContext(ctx, &known, `SELECT kind, status FROM refund WHERE paypal_id = $1`, seen.ID)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		_, err = tx.ExecContext(ctx, `
			INSERT INTO refund (payment_id, kind, paypal_id, status, reason, amount_minor, currency, occurred_at, recorded_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			paid.ID, kind, seen.ID, learned, seen.Reason, seen.Amount.Minor, string(seen.Amount.Currency), seen.CreatedAt, now)
		if err != nil {
			return "", "", false, fmt.Errorf("keep refund %s: %w", seen.ID, err)
		}
		return kind, learned, true, nil
	case err != nil:
		return "", "", false, fmt.Errorf("read refund %s: %w", seen.ID, err)
	case known.Status == learned || known.Status != "pending":
		return known.Kind, known.Status, false, nil
	}
	if _, err = tx.ExecContext(ctx, `UPDATE refund SET status = $2, reason = $3 WHERE paypal_id = $1`, seen.ID, learned, seen.Reason); err != nil {
		return "", "", false, fmt.Errorf("advance refund %s: %w", seen.ID, err)
	}
	return known.Kind, learned, true, nil
}

// entry is one line of the ledger.
type entry struct {
	kind   string
	amount money.Amount // signed: money in is positive
	ref    string       // PayPal's id of the capture or refund
	at     time.Time
}

// book adds the entry unless the ledger has it. An entry that is there with another amount is never changed: it is
// marked for a person to look at.
func book(ctx context.Context, tx *sqlx.Tx, c *Contribution, p payment, f Fact, e entry, now time.Time) (bool, error) {
	var row struct {
		Minor    int64  `db:"amount_minor"`
		Currency string `db:"currency"`
	}
	err := tx.GetContext(ctx, &row, `SELECT amount_minor, currency FROM ledger_entry WHERE kind = $1 AND paypal_ref = $2`, e.kind, e.ref)
	if err == nil {
		return noteLedger(ctx, tx, *c, e, money.New(row.Minor, money.Currency(row.Currency)), now)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("read ledger: %w", err)
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO ledger_entry (contribution_id, payment_id, kind, amount_minor, currency, paypal_ref, occurred_at, recorded_at, source, webhook_event_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		c.ID, p.ID, e.kind, e.amount.Minor, string(e.amount.Currency), e.ref, e.at, now, string(f.source.Way), f.source.event())
	if err != nil {
		return false, fmt.Errorf("book %s of %s: %w", e.kind, e.ref, err)
	}
	return true, nil
}

// noteLedger asks for a look where PayPal's word for an entry is not the ledger's any more, until it is again.
func noteLedger(
	ctx context.Context, tx *sqlx.Tx, c Contribution, e entry, there money.Amount, now time.Time,
) (bool, error) {
	args := review.Args{"kind": strings.ReplaceAll(e.kind, "_", " "), "ref": e.ref}
	if there == e.amount {
		_, err := review.Resolve(ctx, tx, c.ID, review.Settled, now, review.Match{Code: review.LedgerDiffers, About: args})
		return false, err
	}
	args["says"], args["booked"] = e.amount.String(), there.String()
	return review.Open(ctx, tx, c.ID, review.LedgerDiffers, args, now)
}

// linkSupporter joins the contribution to the person PayPal names, by email address. What PayPal leaves out this time
// stays as it was known.
func linkSupporter(ctx context.Context, tx *sqlx.Tx, c *Contribution, p paypal.Payer, now time.Time) error {
	_, err := tx.ExecContext(ctx, `
		WITH person AS (
			INSERT INTO supporter (id, email, name, country, created_at, updated_at) VALUES ($2, lower($3), $4, $5, $6, $6)
			ON CONFLICT (email) DO UPDATE SET
				name = coalesce(nullif(excluded.name, ''), supporter.name),
				country = coalesce(nullif(excluded.country, ''), supporter.country), updated_at = excluded.updated_at
			RETURNING id)
		UPDATE contribution SET supporter_id = (SELECT id FROM person) WHERE id = $1`,
		c.ID, uuid.New(), p.Email, p.Name(), p.Country, now)
	if err != nil {
		return fmt.Errorf("link supporter: %w", err)
	}
	c.hasSupporter = true
	return nil
}

func lower(s string) string { return strings.ToLower(s) }
