package receipt

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/receipt/form"
	"readerfund/internal/supporter"
	"readerfund/internal/text"
)

// person is what is known of whom a document is for: what the reader wrote, and else what PayPal says of who paid.
// Address is what the reader of Email had us keep; documents that are mailed to others do not show it.
type person struct {
	Name    string  `db:"name"`
	Email   string  `db:"email"`
	Locale  string  `db:"locale"` // BCP 47; empty for the publication's own
	Country string  `db:"country"`
	Address Address `db:"address"`
}

// The columns of a person, and the tables that they are in besides a contribution c.
const (
	personColumns = supporter.RecipientColumns + `, coalesce(s.country, '') AS country, ` + addressColumns
	personTables  = `
		LEFT JOIN supporter s ON s.id = c.supporter_id LEFT JOIN receipt_address a ON a.email = ` + supporter.RecipientAddress
)

// shown is the name and the address that a receipt in a form shows. The name in full goes with the address.
func (p person) shown(f form.Form) (name, address string) {
	use := f.Address()
	if p.Address.Empty() || use != form.OnReceipt && use != form.OnDeclaration {
		return text.Line(p.Name), ""
	}
	return text.Line(p.Address.Name), p.Address.line(f)
}

// receiptDue is a payment for which a receipt, or its replacement, is to be issued.
type receiptDue struct {
	Payment      int64     `db:"payment_id"`
	Contribution uuid.UUID `db:"contribution_id"`
	Minor        int64     `db:"amount_minor"` // what the receipt is good for
	Currency     string    `db:"currency"`
	Frequency    string    `db:"frequency"`
	PaidAt       time.Time `db:"paid_at"`

	person
}

// receipt returns the row of a receipt in a form.
func (d receiptDue) receipt(kind Kind, f form.Form) row {
	name, address := d.shown(f)
	return row{
		Kind: kind, Contribution: d.Contribution, Payment: d.Payment, Minor: d.Minor, Left: d.Minor, Currency: d.Currency,
		Frequency: d.Frequency, PaidAt: d.PaidAt.UTC(), Form: f, Name: name, Address: address, Country: d.Country,
	}
}

// The locks under which a person is read. A contribution that is being erased is left for the next time: it would get a
// document, and a mail, with the name and address that are gone by the time they are written. So is a payment that a
// booking holds. Neither keeps the others waiting.
const (
	lockPayments = ` FOR NO KEY UPDATE OF p SKIP LOCKED FOR KEY SHARE OF c SKIP LOCKED`
	lockRefunds  = ` FOR NO KEY UPDATE OF f, p SKIP LOCKED FOR KEY SHARE OF c SKIP LOCKED`
)

// receipts are the receipts that completed payments wait for.
func (s *Service) receipts(ctx context.Context, tx *sqlx.Tx) (rows []row, more bool, err error) {
	var due []struct {
		PayPalID  string `db:"paypal_id"`
		Reference string `db:"reference"`

		receiptDue
	}
	err = tx.SelectContext(ctx, &due, `
		SELECT p.id AS payment_id, p.paypal_id, coalesce(p.receipt, c.receipt) AS reference, p.contribution_id,
		       p.amount_minor, p.currency, coalesce(p.frequency, c.frequency) AS frequency, p.occurred_at AS paid_at,
		       `+personColumns+`
		FROM payment p JOIN contribution c ON c.id = p.contribution_id`+personTables+`
		WHERE p.receipt_due AND p.status = 'completed'
		ORDER BY p.id LIMIT $1`+lockPayments, batch)
	if err != nil {
		return nil, false, fmt.Errorf("find payments without a receipt: %w", err)
	}
	rows = make([]row, len(due))
	for i, d := range due {
		rows[i] = d.receipt(Original, s.issuer.Form)
		rows[i].to = recipient{email: d.Email, locale: d.Locale, reference: d.Reference, payPalID: d.PayPalID}
	}
	return rows, len(due) == batch, nil
}

// noticeDue is a refund that waits for its notice.
type noticeDue struct {
	Refund       int64     `db:"refund_id"`
	Payment      int64     `db:"payment_id"`
	PayPalID     string    `db:"paypal_id"`
	Reference    string    `db:"reference"`
	Contribution uuid.UUID `db:"contribution_id"`
	Minor        int64     `db:"amount_minor"`
	Currency     string    `db:"currency"`
	At           time.Time `db:"at"`

	person
}

// notices are the notices that refunds and reversals of receipted payments wait for. What went back beyond what a
// receipt was still good for, as where a bank takes a payment back that was refunded in part, corrects nothing.
func (s *Service) notices(ctx context.Context, tx *sqlx.Tx) (rows []row, more bool, err error) {
	var due []noticeDue
	// The payment is locked, too: what its receipt is still good for is read under that lock, whatever counter is held.
	err = tx.SelectContext(ctx, &due, `
		SELECT f.id AS refund_id, p.id AS payment_id, p.paypal_id, coalesce(p.receipt, c.receipt) AS reference,
		       p.contribution_id, f.amount_minor, f.currency, f.occurred_at AS at, `+personColumns+`
		FROM refund f JOIN payment p ON p.id = f.payment_id JOIN contribution c ON c.id = p.contribution_id`+personTables+`
		WHERE f.notice_due AND f.status = 'completed'
		  AND NOT (p.receipt_due AND p.status = 'completed') -- its receipt comes first
		ORDER BY f.id LIMIT $1`+lockRefunds, batch)
	if err != nil {
		return nil, false, fmt.Errorf("find refunds without a notice: %w", err)
	}
	of, err := receiptsOf(ctx, tx, due)
	if err != nil {
		return nil, false, err
	}
	var needless []int64
	for _, d := range due {
		x := of[d.Payment]
		if x == nil || x.Left == 0 {
			needless = append(needless, d.Refund)
			continue
		}
		rows = append(rows, d.notice(x))
	}
	return rows, len(due) == batch, forgo(ctx, tx, needless)
}

// standing is a receipt and what it is still good for.
type standing struct {
	Payment   int64     `db:"payment_id"`
	ID        uuid.UUID `db:"id"`
	Serial    string    `db:"serial"`
	IssuedAt  time.Time `db:"issued_at"`
	Form      form.Form `db:"form"`
	Frequency string    `db:"frequency"`
	Left      int64     `db:"left_minor"`
}

// left is what the first receipt o of a payment, and the one that replaced it, are still good for.
const left = `o.amount_minor - (SELECT coalesce(sum(n.amount_minor), 0) FROM receipt n
		    WHERE n.contribution_id = o.contribution_id AND n.payment_id = o.payment_id AND n.refund_id IS NOT NULL)`

// receiptsOf are the receipts of the payments that refunds are of, by payment: where one was replaced, the replacement.
func receiptsOf(ctx context.Context, tx *sqlx.Tx, due []noticeDue) (map[int64]*standing, error) {
	payments := db.Column(due, func(d noticeDue) int64 { return d.Payment })
	var all []*standing
	err := tx.SelectContext(ctx, &all, `
		SELECT o.payment_id, coalesce(x.id, o.id) AS id, coalesce(x.serial, o.serial) AS serial,
		       coalesce(x.issued_at, o.issued_at) AS issued_at, o.form, o.frequency, `+left+` AS left_minor
		FROM receipt o LEFT JOIN receipt x ON x.payment_id = o.payment_id AND x.kind = 'replacement'
		WHERE o.payment_id = ANY($1::bigint[]) AND o.kind = 'receipt'`, db.Array(payments))
	if err != nil {
		return nil, fmt.Errorf("read receipts of refunds: %w", err)
	}
	by := make(map[int64]*standing, len(all))
	for _, x := range all {
		by[x.Payment] = x
	}
	return by, nil
}

// notice takes what went back off the receipt.
func (d noticeDue) notice(x *standing) row {
	back := min(d.Minor, x.Left)
	x.Left -= back // the next one may be about the same
	r := row{
		Kind: Correction, Contribution: d.Contribution, Payment: d.Payment, Refund: &d.Refund, Of: &x.ID, Minor: back,
		Left: x.Left, Currency: d.Currency, Frequency: x.Frequency, PaidAt: d.At.UTC(), Form: x.Form,
		Name: text.Line(d.Name), Country: d.Country,
		to: recipient{
			email: d.Email, locale: d.Locale, reference: d.Reference, payPalID: d.PayPalID, ofSerial: x.Serial,
			ofAt: x.IssuedAt.UTC(),
		},
	}
	if r.Left == 0 {
		r.Kind = Cancellation
	}
	return r
}

// forgo marks refunds that need no notice: their payments are from before there were receipts, or nothing was left.
func forgo(ctx context.Context, tx *sqlx.Tx, refunds []int64) error {
	if len(refunds) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE refund SET notice_due = false WHERE id = ANY($1::bigint[])`, db.Array(refunds))
	if err != nil {
		return fmt.Errorf("forgo notices: %w", err)
	}
	return nil
}
