package receipt

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/mail"
	"readerfund/internal/receipt/form"
)

// batch is how many numbers one transaction assigns: it takes a few milliseconds, and a renewal day of 20,000 payments
// takes a hundred of them.
const batch = 200

// Issue gives every completed payment without a receipt its receipt, and then every refund of a receipted payment its
// notice, in the order in which they were booked. It is periodic work. Any number of processes may do it at once, and
// may die midway: number, document, mail and the mark on the payment are saved in one transaction, under the lock of
// the counter's row.
func (s *Service) Issue(ctx context.Context) error {
	for _, step := range []struct {
		what string
		due  string // queried without a lock, so that nothing is written while nothing is due
		do   finder
	}{
		{"receipts", `SELECT EXISTS (SELECT 1 FROM payment WHERE receipt_due AND status = 'completed')`, s.receipts},
		{"notices", `SELECT EXISTS (SELECT 1 FROM refund WHERE notice_due AND status = 'completed')`, s.notices},
	} {
		for more := true; more; {
			var n int
			var err error
			if n, more, err = s.issueBatch(ctx, step.due, step.do); err != nil {
				return fmt.Errorf("issue %s: %w", step.what, err)
			}
			if n > 0 {
				s.log.DebugContext(ctx, "issued "+step.what, "count", n)
			}
		}
	}
	return nil
}

// finder finds what is due, locks it, and reports whether there may be more.
type finder func(context.Context, *sqlx.Tx) (rows []row, more bool, err error)

// issueBatch issues up to one batch of what is due, and reports whether there may be more.
func (s *Service) issueBatch(
	ctx context.Context, due string, find finder,
) (issued int, more bool, err error) {
	if err := s.db.GetContext(ctx, &more, due); err != nil || !more {
		return 0, false, db.Translate(err)
	}
	return s.numberBatch(ctx, find)
}

// numberBatch assigns numbers to what a finder finds, and reports whether there may be more.
func (s *Service) numberBatch(ctx context.Context, find finder) (issued int, more bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		now := s.now().UTC()
		year := now.In(s.zone).Year()
		// The counter first: a transaction that waits for it then holds no payment that a booking might need.
		var last int
		err := tx.GetContext(ctx, &last, `
			INSERT INTO receipt_counter (series, year, last) VALUES ($1, $2, 0)
			ON CONFLICT (series, year) DO UPDATE SET series = excluded.series RETURNING last`, s.issuer.Series, year)
		if err != nil {
			return fmt.Errorf("lock the counter: %w", err)
		}
		var rows []row
		if rows, more, err = find(ctx, tx); err != nil {
			return err
		}
		if issued = len(rows); issued == 0 {
			return nil
		}
		for i := range rows {
			if err := s.number(&rows[i], year, last+i+1, now); err != nil {
				return err
			}
		}
		return s.save(ctx, tx, rows, now)
	})
	return issued, more, err
}

// row is a document that is being issued, as it is inserted, with its recipient.
type row struct {
	ID           uuid.UUID  `json:"id"`
	Series       string     `json:"series"`
	Year         int        `json:"year"`
	Number       int        `json:"number"`
	Serial       string     `json:"serial"`
	Kind         Kind       `json:"kind"`
	Contribution uuid.UUID  `json:"contribution_id"`
	Payment      int64      `json:"payment_id"`
	Refund       *int64     `json:"refund_id"`
	Of           *uuid.UUID `json:"of_id"`
	Minor        int64      `json:"amount_minor"`
	Left         int64      `json:"left_minor"`
	Currency     string     `json:"currency"`
	Frequency    string     `json:"frequency"`
	PaidAt       time.Time  `json:"paid_at"`
	IssuedAt     time.Time  `json:"issued_at"`
	Form         form.Form  `json:"form"`
	Name         string     `json:"name"`
	Address      string     `json:"address"`
	Country      string     `json:"country"`

	to recipient
}

// recipient is the person a document is mailed to, and what the mail needs beyond the row.
type recipient struct {
	email, locale, reference, payPalID, ofSerial string
	ofAt                                         time.Time
}

// number assigns a document its number.
func (s *Service) number(r *row, year, number int, now time.Time) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("draw an id: %w", err)
	}
	r.ID, r.Series, r.Year, r.Number, r.IssuedAt = id, s.issuer.Series, year, number, now
	r.Serial = fmt.Sprintf("%s-%d-%06d", r.Series, year, number)
	return nil
}

// save writes documents, the counter, the marks on what was due, and the mails.
func (s *Service) save(ctx context.Context, tx *sqlx.Tx, rows []row, now time.Time) error {
	list, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("write receipts: %w", err)
	}
	last := rows[len(rows)-1]
	_, err = tx.ExecContext(ctx, `
		WITH new AS (
			SELECT * FROM jsonb_to_recordset($1::text::jsonb) AS r (
			    id uuid, series text, year integer, number integer, serial text, kind text, contribution_id uuid,
			    payment_id bigint, refund_id bigint, of_id uuid, amount_minor bigint, left_minor bigint, currency text,
			    frequency text, paid_at timestamptz, issued_at timestamptz, form text, name text, address text,
			    country text)),
		counted AS (
			UPDATE receipt_counter SET last = $4 WHERE series = $2 AND year = $3),
		receipted AS (
			UPDATE payment p SET receipt_due = false FROM new WHERE p.id = new.payment_id AND new.kind = 'receipt'),
		noticed AS (
			UPDATE refund f SET notice_due = false FROM new WHERE f.id = new.refund_id)
		INSERT INTO receipt (id, series, year, number, serial, kind, contribution_id, payment_id, refund_id, of_id,
		                     amount_minor, left_minor, currency, frequency, paid_at, issued_at, form, name, address, country)
		SELECT id, series, year, number, serial, kind, contribution_id, payment_id, refund_id, of_id,
		       amount_minor, left_minor, currency, frequency, paid_at, issued_at, form, name, address, country
		FROM new ORDER BY number`, string(list), last.Series, last.Year, last.Number)
	if err != nil {
		return fmt.Errorf("write receipts: %w", err)
	}
	mails := make([]mail.Message, 0, len(rows))
	for _, r := range rows {
		if r.Kind == Replacement {
			continue // the reader requested it, and already sees it in the browser
		}
		m, err := s.letter(r)
		if err != nil {
			return err
		}
		mails = append(mails, m)
	}
	return mail.Enqueue(ctx, tx, now, mails...)
}
