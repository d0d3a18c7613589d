package supporter

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/listing"
	"readerfund/internal/money"
)

// Payment is one payment of a reader, as they see it on their own page. Times are UTC.
type Payment struct {
	ID           int64
	Contribution uuid.UUID
	Reference    string // the payment's own number, which people read out: "K7M3-9QX2"
	State        string
	Amount       money.Amount
	Returned     money.Amount // how much of it went back
	At           time.Time
}

// givenAtOnce is how many payments a page lists: four years of a monthly gift.
const givenAtOnce = 50

// Given lists the payments of a reader, the newest first, in pages of 50; declined ones are left out. older is the
// cursor of the next page, empty on the last one. The address is in the form in which it is stored: in lower case. The
// error is a fault.Invalid on "after" for a cursor that no page returned.
func (s *Service) Given(ctx context.Context, address, after string) (page []Payment, older string, err error) {
	before, id, err := givenAfter(after)
	if err != nil {
		return nil, "", err
	}
	var rows []givenRow
	err = s.db.SelectContext(ctx, &rows, `WITH `+owned+`
		SELECT p.id, p.contribution_id, coalesce(p.receipt, c.receipt) AS reference, p.status, p.amount_minor, p.currency,
		       p.returned_minor, p.occurred_at
		FROM mine JOIN contribution c USING (id) JOIN payment p ON p.contribution_id = c.id
		WHERE p.status <> 'declined' AND ($2::timestamptz IS NULL OR (p.occurred_at, p.id) < ($2, $3))
		ORDER BY p.occurred_at DESC, p.id DESC LIMIT $4`, address, before, id, givenAtOnce+1)
	if err != nil {
		return nil, "", db.Translate(fmt.Errorf("list what a reader gave: %w", err))
	}
	if len(rows) > givenAtOnce {
		rows = rows[:givenAtOnce] // the extra row shows that there is more
		last := rows[givenAtOnce-1]
		older = listing.EncodeCursor(last.At, binary.BigEndian.AppendUint64(nil, uint64(last.ID))) //nolint:gosec // positive
	}
	return db.Column(rows, givenRow.payment), older, nil
}

// givenRow is a payment as the database holds it.
type givenRow struct {
	ID           int64          `db:"id"`
	Contribution uuid.UUID      `db:"contribution_id"`
	Reference    string         `db:"reference"`
	State        string         `db:"status"`
	Minor        int64          `db:"amount_minor"`
	Currency     money.Currency `db:"currency"`
	Returned     int64          `db:"returned_minor"`
	At           time.Time      `db:"occurred_at"`
}

func (r givenRow) payment() Payment {
	return Payment{
		ID: r.ID, Contribution: r.Contribution, Reference: r.Reference, State: r.State,
		Amount: money.New(r.Minor, r.Currency), Returned: money.New(r.Returned, r.Currency), At: r.At.UTC(),
	}
}

// givenAfter is the payment that a cursor names; nil for the first page.
func givenAfter(cursor string) (at *time.Time, id int64, err error) {
	if cursor == "" {
		return nil, 0, nil
	}
	t, b, err := listing.DecodeCursor(cursor, 8)
	if err != nil {
		return nil, 0, err
	}
	return &t, int64(binary.BigEndian.Uint64(b)), nil //nolint:gosec // its bits
}
