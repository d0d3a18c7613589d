package receipt

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/receipt/form"
)

// incomplete are the receipts o of a mail address, $1, that were issued in the form $2 without a postal address, are
// good for something, and were not replaced. Receipts that are mailed to others are left out, whoever paid.
const incomplete = `
		FROM (SELECT id FROM contribution WHERE email <> '' AND lower(email) = $1
		      UNION SELECT c.id FROM supporter s JOIN contribution c ON c.supporter_id = s.id
		            WHERE s.email = $1 AND c.email = '') mine
		JOIN contribution c ON c.id = mine.id
		JOIN receipt o ON o.contribution_id = c.id JOIN payment p ON p.id = o.payment_id` + personTables + `
		WHERE o.kind = 'receipt' AND o.address = '' AND o.form = $2 AND c.erased_at IS NULL AND ` + left + ` > 0
		  AND NOT EXISTS (SELECT 1 FROM receipt x WHERE x.payment_id = o.payment_id AND x.kind = 'replacement')`

// Incomplete counts the receipts of a mail address that Replace would replace: those that lack an address which the
// form that is set wants on each. A declaration that is filled in by hand is complete without.
func (s *Service) Incomplete(ctx context.Context, email string) (n int, err error) {
	if s.AddressUse() != form.OnReceipt {
		return 0, nil
	}
	if err := s.db.GetContext(ctx, &n, `SELECT count(*)`+incomplete, email, s.issuer.Form); err != nil {
		return 0, db.Translate(fmt.Errorf("count receipts without an address: %w", err))
	}
	return n, nil
}

// Replace issues receipts with name and address for those of a mail address that lack both, once for each, and returns
// how many. A replacement has a number of its own, names the receipt that it cancels and replaces, and is about what
// that one was still good for. It is not mailed: its reader asked for it. Errors are as for Issue; without an address
// that was saved there is nothing to replace.
func (s *Service) Replace(ctx context.Context, email string) (replaced int, err error) {
	if s.AddressUse() != form.OnReceipt {
		return 0, nil
	}
	for more := true; more; {
		var n int
		n, more, err = s.numberBatch(ctx, func(ctx context.Context, tx *sqlx.Tx) ([]row, bool, error) {
			return s.replacements(ctx, tx, email)
		})
		if err != nil {
			return replaced, fmt.Errorf("replace receipts: %w", err)
		}
		replaced += n
	}
	return replaced, nil
}

func (s *Service) replacements(ctx context.Context, tx *sqlx.Tx, email string) (rows []row, more bool, err error) {
	var due []struct {
		ID uuid.UUID `db:"id"`

		receiptDue
	}
	err = tx.SelectContext(ctx, &due, `
		SELECT o.id, o.payment_id, o.contribution_id, o.currency, o.frequency, o.paid_at, `+left+` AS amount_minor, `+
		personColumns+incomplete+` AND a.email IS NOT NULL ORDER BY o.year, o.number LIMIT $3`+lockPayments,
		email, s.issuer.Form, batch)
	if err != nil {
		return nil, false, fmt.Errorf("find receipts without an address: %w", err)
	}
	rows = make([]row, len(due))
	for i, d := range due {
		rows[i] = d.receipt(Replacement, s.issuer.Form)
		rows[i].Of = &d.ID
	}
	return rows, len(due) == batch, nil
}
