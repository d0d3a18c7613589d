package refund

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/money"
)

// firstAnswer is how long the one who asked may take to see PayPal's answer, before the queue sends it as well.
const firstAnswer = 45 * time.Second

// pendingCheck is how often PayPal is asked about a refund that it has not paid yet.
const pendingCheck = 6 * time.Hour

// invoiceOf is PayPal's invoice_id of a refund, which PayPal takes once: a second guard beside the PayPal-Request-Id,
// and what tells of a refund at PayPal which request made it.
func invoiceOf(receipt string, number int) string { return fmt.Sprintf("%s-R%d", receipt, number) }

// numberOf is which of a contribution's requests made a refund, by its invoice_id; 0 where it was none of them.
func numberOf(receipt, invoiceID string) int {
	number, _ := strings.CutPrefix(invoiceID, receipt+"-R")
	n, err := strconv.Atoi(number)
	if err != nil || invoiceID != invoiceOf(receipt, n) {
		return 0
	}
	return n
}

// insert writes the request down, with its line in the contribution's history and in the audit log, and puts its
// sending into the queue, all in one transaction. check_at is there for the version before, which sweeps by it.
func insert(ctx context.Context, tx *sqlx.Tx, c contribution.Contribution, r Request, key string) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO refund_request (id, contribution_id, payment_id, number, form_key, amount_minor, currency, reason, note,
		                            staff_id, actor, state, check_at, asked_at, whole)
		SELECT $1, $2, p.id, $3, $4, $5, $6, $7, $8, $9, $10, 'asked', $11, $12, $14 FROM payment p WHERE p.paypal_id = $13`,
		r.ID, c.ID, r.Number, key, r.Amount.Minor, string(r.Amount.Currency), r.Reason, r.Note,
		uuid.NullUUID{UUID: r.By.ID, Valid: r.By.ID != uuid.Nil}, r.By.Name, r.AskedAt.Add(firstAnswer), r.AskedAt,
		r.Payment, r.whole)
	if err != nil {
		return fmt.Errorf("write refund request: %w", err)
	}
	if err := putSending(ctx, tx, r.ID, r.AskedAt.Add(firstAnswer), r.AskedAt); err != nil {
		return err
	}
	event := contribution.Event{Kind: "refund_asked", Ref: r.Payment, Detail: r.Reason}
	if err := contribution.AddEvent(ctx, tx, c, event, r.AskedAt); err != nil {
		return err
	}
	return contribution.Audit(ctx, tx, r.By, ActionRequest, c, r.AskedAt, map[string]string{
		"amount": r.Amount.String(), "payment": r.Payment, "reason": r.Reason, "number": fmt.Sprint(r.Number),
		"before": string(c.State),
	})
}

// update writes down what became of a request. Nothing of it is in doubt any more.
func update(ctx context.Context, tx *sqlx.Tx, r Request, now time.Time) error {
	checkAt, endedAt := sql.NullTime{}, sql.NullTime{Time: now, Valid: true}
	if r.State == Pending {
		checkAt, endedAt = sql.NullTime{Time: now.Add(pendingCheck), Valid: true}, checkAt
	}
	_, err := tx.ExecContext(ctx, `
		UPDATE refund_request
		SET state = $2, answer = $3, advice = $4, refund_id = nullif($5, ''), check_at = $6, ended_at = $7,
		    doubt_at = NULL, lease_until = NULL
		WHERE id = $1`,
		r.ID, string(r.State), r.Answer, r.Advice, r.RefundID, checkAt, endedAt)
	if err != nil {
		return fmt.Errorf("save refund request: %w", err)
	}
	if r.State == Pending {
		return putSending(ctx, tx, r.ID, checkAt.Time, now)
	}
	return nil
}

// auditAnswer notes what became of a request. before is the contribution's state before PayPal answered.
func auditAnswer(
	ctx context.Context, tx *sqlx.Tx, c contribution.Contribution, r Request, before contribution.State, now time.Time,
) error {
	return contribution.Audit(ctx, tx, r.By, ActionAnswer, c, now, map[string]string{
		"amount": r.Amount.String(), "number": fmt.Sprint(r.Number), "outcome": string(r.State), "answer": r.Answer,
		"refund": r.RefundID, "before": string(before), "after": string(c.State),
	})
}

// row is a request as the database holds it.
type row struct {
	ID           uuid.UUID     `db:"id"`
	Contribution uuid.UUID     `db:"contribution_id"`
	Number       int           `db:"number"`
	Payment      string        `db:"paypal_id"`
	AmountMinor  int64         `db:"amount_minor"`
	Currency     string        `db:"currency"`
	Reason       string        `db:"reason"`
	Note         string        `db:"note"`
	StaffID      uuid.NullUUID `db:"staff_id"`
	Actor        string        `db:"actor"`
	State        string        `db:"state"`
	Answer       string        `db:"answer"`
	Advice       string        `db:"advice"`
	RefundID     string        `db:"refund_id"`
	AskedAt      time.Time     `db:"asked_at"`
	Whole        bool          `db:"whole"`
	DoubtAt      sql.NullTime  `db:"doubt_at"`
	LeaseUntil   sql.NullTime  `db:"lease_until"`
	Receipt      string        `db:"receipt"`
}

const selectRow = `
	SELECT r.id, r.contribution_id, r.number, p.paypal_id, r.amount_minor, r.currency, r.reason, r.note, r.staff_id,
	       r.actor, r.state, r.answer, r.advice, coalesce(r.refund_id, '') AS refund_id, r.asked_at, r.whole,
	       r.doubt_at, r.lease_until, c.receipt
	FROM refund_request r JOIN payment p ON p.id = r.payment_id JOIN contribution c ON c.id = r.contribution_id`

// find reads one request by a condition on r, p and c. The error is sql.ErrNoRows when there is none.
func find(ctx context.Context, q sqlx.QueryerContext, condition string, args ...any) (Request, error) {
	var read row
	if err := sqlx.GetContext(ctx, q, &read, selectRow+" WHERE "+condition, args...); err != nil {
		return Request{}, fmt.Errorf("read refund request: %w", err)
	}
	return read.request(), nil
}

func (r row) request() Request {
	return Request{
		ID: r.ID, Contribution: r.Contribution, Number: r.Number, Payment: r.Payment,
		Amount: money.New(r.AmountMinor, money.Currency(r.Currency)), Reason: r.Reason, Note: r.Note,
		By: contribution.Actor{ID: r.StaffID.UUID, Name: r.Actor}, State: State(r.State), Answer: r.Answer, Advice: r.Advice,
		RefundID: r.RefundID, AskedAt: r.AskedAt.UTC(), invoiceID: invoiceOf(r.Receipt, r.Number),
		whole: r.Whole, doubtSince: r.DoubtAt.Time, leaseUntil: r.LeaseUntil.Time,
	}
}
