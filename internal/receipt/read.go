package receipt

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/money"
	"readerfund/internal/receipt/form"
	"readerfund/internal/supporter"
)

// stored is a receipt as the database holds it.
type stored struct {
	ID           uuid.UUID    `db:"id"`
	Serial       string       `db:"serial"`
	Kind         Kind         `db:"kind"`
	Contribution uuid.UUID    `db:"contribution_id"`
	Reference    string       `db:"reference"`
	Payment      string       `db:"paypal_id"`
	Of           string       `db:"of_serial"`
	OfAt         sql.NullTime `db:"of_at"`
	ReplacedBy   string       `db:"replaced_by"`
	ReplacedAt   sql.NullTime `db:"replaced_at"`
	Minor        int64        `db:"amount_minor"`
	Left         int64        `db:"left_minor"`
	Currency     string       `db:"currency"`
	Frequency    string       `db:"frequency"`
	PaidAt       time.Time    `db:"paid_at"`
	IssuedAt     time.Time    `db:"issued_at"`
	Form         form.Form    `db:"form"`
	Name         string       `db:"name"`
	Address      string       `db:"address"`
	Country      string       `db:"country"`
}

const selectReceipt = `
	SELECT r.id, r.serial, r.kind, r.contribution_id, coalesce(p.receipt, c.receipt) AS reference, p.paypal_id,
	       coalesce(o.serial, '') AS of_serial, o.issued_at AS of_at, r.amount_minor, r.left_minor, r.currency,
	       r.frequency, r.paid_at, r.issued_at, r.form, r.name, r.address, r.country,
	       coalesce(x.serial, '') AS replaced_by, x.issued_at AS replaced_at
	FROM receipt r JOIN payment p ON p.id = r.payment_id JOIN contribution c ON c.id = r.contribution_id
	LEFT JOIN receipt o ON o.id = r.of_id
	LEFT JOIN receipt x ON x.payment_id = r.payment_id AND x.kind = 'replacement' AND r.kind = 'receipt' `

func (r stored) receipt() Receipt {
	return Receipt{
		ID: r.ID, Serial: r.Serial, Kind: r.Kind, Contribution: r.Contribution, Reference: r.Reference, Payment: r.Payment,
		Of: r.Of, OfAt: r.OfAt.Time.UTC(), ReplacedBy: r.ReplacedBy, ReplacedAt: r.ReplacedAt.Time.UTC(),
		Amount: money.New(r.Minor, money.Currency(r.Currency)),
		Left:   money.New(r.Left, money.Currency(r.Currency)), Frequency: r.Frequency, PaidAt: r.PaidAt.UTC(),
		IssuedAt: r.IssuedAt.UTC(), Form: r.Form, Name: r.Name, Address: r.Address,
		Country: r.Country,
	}
}

// Of returns the receipts and notices of a contribution, oldest first.
func (s *Service) Of(ctx context.Context, contribution uuid.UUID) ([]Receipt, error) {
	all, err := list(ctx, s.db, "WHERE r.contribution_id = $1 ORDER BY r.issued_at, r.year, r.number", contribution)
	return all, db.Translate(err)
}

func list(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) ([]Receipt, error) {
	var rows []stored
	if err := sqlx.SelectContext(ctx, q, &rows, selectReceipt+where, args...); err != nil {
		return nil, fmt.Errorf("read receipts: %w", err)
	}
	return db.Column(rows, stored.receipt), nil
}

// Serials returns the numbers of the receipts that payments have now, by the payments' ids. A payment without a receipt
// is left out.
func (s *Service) Serials(ctx context.Context, payments []int64) (map[int64]string, error) {
	var rows []struct {
		Payment int64  `db:"payment_id"`
		Serial  string `db:"serial"`
	}
	err := s.db.SelectContext(ctx, &rows, `
		SELECT o.payment_id, coalesce(x.serial, o.serial) AS serial
		FROM receipt o LEFT JOIN receipt x ON x.payment_id = o.payment_id AND x.kind = 'replacement'
		WHERE o.payment_id = ANY ($1::bigint[]) AND o.kind = 'receipt'`, db.Array(payments))
	if err != nil {
		return nil, db.Translate(fmt.Errorf("read numbers of receipts: %w", err))
	}
	of := make(map[int64]string, len(rows))
	for _, r := range rows {
		of[r.Payment] = r.Serial
	}
	return of, nil
}

// Addressed reports whether a document of a contribution shows a postal address. Such a document is only for the reader
// of the mailbox that it was sent to: the person who paid, or who typed that address into the form, may be another
// person.
func (s *Service) Addressed(ctx context.Context, contribution uuid.UUID, serial string) (bool, error) {
	var addressed bool
	err := s.db.GetContext(ctx, &addressed, `
		SELECT EXISTS (SELECT 1 FROM receipt WHERE contribution_id = $1 AND serial = $2 AND address <> '')`,
		contribution, serial)
	if err != nil {
		return false, db.Translate(fmt.Errorf("look for an address on %s: %w", serial, err))
	}
	return addressed, nil
}

// MailedTo reports whether the documents of a contribution are mailed to an address, which is in lower case.
func (s *Service) MailedTo(ctx context.Context, contribution uuid.UUID, email string) (bool, error) {
	var theirs bool
	err := s.db.GetContext(ctx, &theirs, `
		SELECT EXISTS (SELECT 1 FROM contribution c LEFT JOIN supporter s ON s.id = c.supporter_id
		               WHERE c.id = $1 AND `+supporter.RecipientAddress+` = $2)`, contribution, email)
	if err != nil {
		return false, db.Translate(fmt.Errorf("find who gets the receipts of %s: %w", contribution, err))
	}
	return theirs, nil
}

// Open hands out a document of a contribution, by its serial: the first time as the original, and as a duplicate from
// then on. If several requests open it at once, one gets the original: the row's lock decides which. The error is
// fault.NotFound if the contribution has no such document.
func (s *Service) Open(ctx context.Context, contribution uuid.UUID, serial string) (Document, error) {
	var first bool
	var r Receipt
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		// RETURNING sees the new row; the old one shows whether this is the first time.
		err := tx.GetContext(ctx, &first, `
			UPDATE receipt r SET opened_at = coalesce(r.opened_at, $3),
			       copies = r.copies + CASE WHEN old.opened_at IS NULL THEN 0 ELSE 1 END
			FROM (SELECT id, opened_at FROM receipt WHERE contribution_id = $1 AND serial = $2 FOR NO KEY UPDATE) old
			WHERE r.id = old.id RETURNING old.opened_at IS NULL`, contribution, serial, s.now().UTC())
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.NotFound, "receipt.unknown")
		}
		if err != nil {
			return fmt.Errorf("open receipt %s: %w", serial, err)
		}
		r, err = one(ctx, tx, contribution, serial)
		return err
	})
	if err != nil {
		return Document{}, err
	}
	d, err := s.Document(r)
	if !first {
		d.Mark = Duplicate
	}
	return d, err
}

// Copy returns a document of a contribution for the staff's file, by its serial: the text that its reader gets, marked
// as a copy for the file. It leaves the original to the reader and does not count as a duplicate. The error is
// fault.NotFound if the contribution has no such document.
func (s *Service) Copy(ctx context.Context, contribution uuid.UUID, serial string) (Document, error) {
	r, err := one(ctx, s.db, contribution, serial)
	if err != nil {
		return Document{}, db.Translate(err)
	}
	d, err := s.Document(r)
	d.Mark = CopyForFile
	return d, err
}

func one(ctx context.Context, q sqlx.QueryerContext, contribution uuid.UUID, serial string) (Receipt, error) {
	all, err := list(ctx, q, "WHERE r.contribution_id = $1 AND r.serial = $2", contribution, serial)
	if err != nil {
		return Receipt{}, err
	}
	if len(all) == 0 {
		return Receipt{}, fault.New(fault.NotFound, "receipt.unknown")
	}
	return all[0], nil
}
