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
	"readerfund/internal/fault"
	"readerfund/internal/money"
)

// Actor is the person who acts: an account of the staff, or the command line.
type Actor struct {
	ID   uuid.UUID // uuid.Nil when it is nobody with an account
	Name string    // email address, or "command line"
}

// RefundOrder is what staff ask for. Amount is a decimal in major units of the payment's currency; empty is all
// that is left. Currency may be empty; otherwise it must be the payment's. Payment is PayPal's id of the capture,
// needed only where a contribution has several. Reason is for us, Note for the reader, who gets it from PayPal.
// Key belongs to the form that was sent: the same key is the same refund, however often it comes. Seen is what the
// form showed as left; where it is given and something has gone back since, the order is refused.
type RefundOrder struct {
	Contribution     uuid.UUID
	Payment          string
	Amount, Currency string
	Seen             string
	Reason, Note     string
	Key              string
	By               Actor
}

// RefundState is how far a refund that staff asked for has come.
type RefundState string

// The states of a refund request.
const (
	RefundAsked   RefundState = "asked"   // written down; PayPal has not said anything yet
	RefundUnknown RefundState = "unknown" // PayPal was asked and we did not see the answer; we ask again by ourselves
	RefundPending RefundState = "pending" // PayPal has it and has not paid it yet
	RefundDone    RefundState = "done"    // the money went back
	RefundFailed  RefundState = "failed"  // PayPal took it and could not pay it
	RefundRefused RefundState = "refused" // PayPal said no; Advice says what to do
)

// RefundRequest is a refund that staff asked for, with what became of it. Times are UTC.
type RefundRequest struct {
	ID           uuid.UUID
	Contribution uuid.UUID
	Number       int // 1, 2, … of the contribution
	Payment      string
	Amount       money.Amount
	Reason, Note string
	By           Actor
	State        RefundState
	Answer       string // PayPal's code, when it refused
	Advice       string // what that means, for the person who asked
	RefundID     string // PayPal's; empty until it is known
	AskedAt      time.Time

	invoiceID  string
	whole      bool      // all that was left was asked for, and not a sum
	doubtAt    time.Time // when it was last sent without our seeing what PayPal made of it
	leaseUntil time.Time // until when one process has it for sending
}

// UnderWay reports whether it is not known yet what PayPal made of it.
func (r RefundRequest) UnderWay() bool { return r.State == RefundAsked || r.State == RefundUnknown }

// Longest texts of a refund, in characters. PayPal shows the reader 255 of the note (Payments v2, note_to_payer).
const (
	longestReason = 500
	longestNote   = 255
)

// Refund gives money of a contribution back. The request is committed, together with its audit entry, before PayPal hears
// of it; its outcome, when PayPal does not answer, is found out by the sweep. So a nil error means that the request
// stands, and its State tells how far it came.
//
// Errors: fault.Invalid for what cannot be refunded as asked, fault.Conflict when the key was used for another refund or
// one is under way, fault.NotFound.
func (d *Desk) Refund(ctx context.Context, o RefundOrder) (RefundRequest, error) {
	o.Reason, o.Note = normalised(o.Reason), strings.Join(strings.Fields(o.Note), " ")
	if err := checkRefundTexts(o); err != nil {
		return RefundRequest{}, err
	}
	r, err := d.askRefund(ctx, o)
	if err != nil {
		return RefundRequest{}, err
	}
	return d.sendRefund(ctx, r)
}

func checkRefundTexts(o RefundOrder) error {
	if checkText("payment", o.Payment, longestKey, false) != nil {
		return fault.NotFoundf("This contribution has no such payment.")
	}
	var missing error
	if o.Reason == "" {
		missing = fault.Invalidf("reason", "Write why you refund this. Only staff can see it.")
	}
	if o.Key == "" {
		missing = errors.Join(missing, fault.Invalidf("", "The form was sent without its key. Please load the page again."))
	}
	return errors.Join(missing, checkText("reason", o.Reason, longestReason, true), checkText("note", o.Note, longestNote, false), checkKey(o.Key))
}

// askRefund writes the request down, or finds the one that the same key made.
func (d *Desk) askRefund(ctx context.Context, o RefundOrder) (RefundRequest, error) {
	var r RefundRequest
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		c, err := lock(ctx, tx, o.Contribution)
		if err != nil {
			return err
		}
		if r, err = refundRequest(ctx, tx, "r.form_key = $1", o.Key); !db.IsNotFound(err) {
			return err
		}
		if r, err = d.planRefund(ctx, tx, c, o); err != nil {
			return err
		}
		return d.writeRefund(ctx, tx, c, r, o.Key)
	})
	if errors.Is(err, db.ErrCommitUnknown) {
		r, err = refundRequest(ctx, d.db, "r.form_key = $1", o.Key)
		if db.IsNotFound(err) {
			return r, fault.Unavailablef(err, "The refund could not be saved. Nothing was sent to PayPal. Please try again.")
		}
	}
	if err != nil {
		return RefundRequest{}, db.Translate(err)
	}
	if !sameRefund(r, o) {
		return RefundRequest{}, fault.Conflictf("This form was sent before for another refund. Please load the page again.")
	}
	return r, nil
}

// sameRefund reports whether a form that came again asks for what it asked for the first time: everything that it says
// counts.
func sameRefund(r RefundRequest, o RefundOrder) bool {
	if r.Contribution != o.Contribution || r.Reason != o.Reason || r.Note != o.Note ||
		o.Payment != "" && o.Payment != r.Payment || o.Currency != "" && o.Currency != string(r.Amount.Currency) {
		return false
	}
	if o.Amount == "" {
		return r.whole
	}
	amount, err := money.Parse(o.Amount, r.Amount.Currency)
	return err == nil && amount == r.Amount
}

// planRefund checks the order against what is left of the payment. The contribution is locked.
func (d *Desk) planRefund(ctx context.Context, tx *sqlx.Tx, c Contribution, o RefundOrder) (RefundRequest, error) {
	all, err := readRefundable(ctx, tx, c.ID)
	if err != nil {
		return RefundRequest{}, err
	}
	paid, err := PickRefundable(all, o.Payment)
	if err != nil {
		return RefundRequest{}, err
	}
	amount, err := refundAmount(paid, o)
	if err != nil {
		return RefundRequest{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return RefundRequest{}, fmt.Errorf("make an id: %w", err)
	}
	number := paid.requests + 1
	return RefundRequest{
		ID: id, Contribution: c.ID, Number: number, Payment: paid.Payment, Amount: amount, Reason: o.Reason, Note: o.Note,
		By: o.By, State: RefundAsked, AskedAt: d.now().UTC(), invoiceID: invoiceOf(c.Receipt, number), whole: o.Amount == "",
	}, nil
}

// refundAmount is how much the order gives back of a payment.
func refundAmount(paid Refundable, o RefundOrder) (money.Amount, error) {
	currency := paid.Amount.Currency
	if o.Currency != "" && o.Currency != string(currency) {
		return money.Amount{}, fault.Invalidf("amount", "This payment was made in %s, and can only be refunded in %s.",
			currency, currency)
	}
	amount := paid.Left
	if o.Amount != "" {
		var err error
		if amount, err = money.Parse(o.Amount, currency); err != nil {
			return money.Amount{}, err
		}
	}
	switch seen, err := money.Parse(o.Seen, currency); {
	case amount.Minor <= 0:
		return money.Amount{}, fault.Invalidf("amount", "Write an amount above zero.")
	case o.Seen != "" && (err != nil || seen != paid.Left):
		return money.Amount{}, fault.Conflictf(
			"Part of this payment was refunded after this page was loaded: %s is left now. "+
				"Nothing was sent. Please check again before you refund.", paid.Left)
	case amount.Minor > paid.Left.Minor:
		return money.Amount{}, fault.Invalidf("amount", "At most %s is left to refund.", paid.Left)
	}
	return amount, nil
}

// invoiceOf is PayPal's invoice_id of a refund, which PayPal takes once: a second guard beside the
// PayPal-Request-Id, and what tells of a refund at PayPal which request made it.
func invoiceOf(receipt string, number int) string { return fmt.Sprintf("%s-R%d", receipt, number) }

// requestNumber is which of a contribution's requests made a refund, by its invoice_id; 0 where it was none of them.
func requestNumber(receipt, invoiceID string) int {
	number, _ := strings.CutPrefix(invoiceID, receipt+"-R")
	n, err := strconv.Atoi(number)
	if err != nil || invoiceID != invoiceOf(receipt, n) {
		return 0
	}
	return n
}

// firstAnswer is how long the one who asked may take to see PayPal's answer, before the sweep asks as well.
const firstAnswer = 45 * time.Second

func (d *Desk) writeRefund(ctx context.Context, tx *sqlx.Tx, c Contribution, r RefundRequest, key string) error {
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
	told := Fact{source: Source{Way: ByStaff}, news: "refund_asked", ref: r.Payment, detail: r.Reason}
	if err := record(ctx, tx, c, told, c.State, r.AskedAt); err != nil {
		return err
	}
	return writeAudit(ctx, tx, r.By, ActionRefund, c, r.AskedAt, map[string]string{
		"amount": r.Amount.String(), "payment": r.Payment, "reason": r.Reason, "number": fmt.Sprint(r.Number), "before": string(c.State),
	})
}

const selectRefundRequest = `
	SELECT r.id, r.contribution_id, r.number, p.paypal_id, r.amount_minor, r.currency, r.reason, r.note, r.staff_id, r.actor,
	       r.state, r.answer, r.advice, coalesce(r.refund_id, '') AS refund_id, r.asked_at, r.whole,
	       r.doubt_at, r.lease_until, c.receipt
	FROM refund_request r JOIN payment p ON p.id = r.payment_id JOIN contribution c ON c.id = r.contribution_id`

// refundRequest reads one. The error is sql.ErrNoRows when there is none.
func refundRequest(ctx context.Context, q sqlx.QueryerContext, condition string, args ...any) (RefundRequest, error) {
	var row struct {
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
	if err := sqlx.GetContext(ctx, q, &row, selectRefundRequest+" WHERE "+condition, args...); err != nil {
		return RefundRequest{}, fmt.Errorf("read refund request: %w", err)
	}
	return RefundRequest{
		ID: row.ID, Contribution: row.Contribution, Number: row.Number, Payment: row.Payment,
		Amount: money.New(row.AmountMinor, money.Currency(row.Currency)), Reason: row.Reason, Note: row.Note,
		By: Actor{ID: row.StaffID.UUID, Name: row.Actor}, State: RefundState(row.State), Answer: row.Answer, Advice: row.Advice,
		RefundID: row.RefundID, AskedAt: row.AskedAt.UTC(), invoiceID: invoiceOf(row.Receipt, row.Number),
		whole: row.Whole, doubtAt: row.DoubtAt.Time, leaseUntil: row.LeaseUntil.Time,
	}, nil
}
