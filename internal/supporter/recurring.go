package supporter

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/listing"
)

// owned are the contributions of an address, $1: those for which PayPal names it, and those that it was typed into. The
// two lookups each use an index of their own; an OR could use none.
const owned = `
	mine AS (
		SELECT c.id FROM supporter s JOIN contribution c ON c.supporter_id = s.id WHERE s.email = $1
		UNION
		SELECT id FROM contribution WHERE email <> '' AND lower(email) = $1
	)`

// recurringAtOnce is how many recurring contributions a page lists.
const recurringAtOnce = 20

// ofMine are the recurring contributions of an address that were started at PayPal, and whether each has ended.
const ofMine = `
	SELECT c.id, c.created_at, NOT EXISTS (SELECT 1 FROM subscription b
	           WHERE b.contribution_id = c.id AND b.state IN ('approval_pending', 'active', 'suspended')) AS ended
	FROM mine JOIN contribution c USING (id)
	WHERE c.frequency <> 'once' AND EXISTS (SELECT 1 FROM subscription b
	    WHERE b.contribution_id = c.id AND (b.state <> 'approval_pending' OR b.starts_at IS NOT NULL))`

// Recurring lists a reader's recurring contributions that were started at PayPal, in pages of 20: those that still run
// come first, and within each group the latest. older is the cursor of the next page, empty on the last one. The
// address is in the form in which it is stored: in lower case. The error is a fault.Invalid on "after" for a cursor
// that no page returned.
func (s *Service) Recurring(ctx context.Context, address, after string) (page []uuid.UUID, older string, err error) {
	at, place, err := recurringAfter(after)
	if err != nil {
		return nil, "", err
	}
	var rows []recurringRow
	// Contributions that have ended sort after those that run; within each group, the latest comes first.
	err = s.db.SelectContext(ctx, &rows, `WITH `+owned+`, repeats AS (`+ofMine+`)
		SELECT id, created_at, ended FROM repeats
		WHERE $2::timestamptz IS NULL OR (NOT ended, created_at, id) < (NOT $3::boolean, $2, $4::uuid)
		ORDER BY ended, created_at DESC, id DESC LIMIT $5`, address, at, place.Ended, place.ID, recurringAtOnce+1)
	if err != nil {
		return nil, "", db.Translate(fmt.Errorf("list recurring contributions of a reader: %w", err))
	}
	if len(rows) > recurringAtOnce {
		rows = rows[:recurringAtOnce] // the extra row shows that there is more
		older = rows[recurringAtOnce-1].cursor()
	}
	return db.Column(rows, func(r recurringRow) uuid.UUID { return r.ID }), older, nil
}

// mostRunning bounds the list of running contributions: more than any person gives at once.
const mostRunning = 100

// Running lists a reader's recurring contributions that have not ended, the latest first, at most 100.
func (s *Service) Running(ctx context.Context, address string) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := s.db.SelectContext(ctx, &ids, `WITH `+owned+`, repeats AS (`+ofMine+`)
		SELECT id FROM repeats WHERE NOT ended ORDER BY created_at DESC, id DESC LIMIT $2`, address, mostRunning)
	if err != nil {
		return nil, db.Translate(fmt.Errorf("list running contributions of a reader: %w", err))
	}
	return ids, nil
}

// recurringRow is a position in the list of recurring contributions.
type recurringRow struct {
	ID        uuid.UUID `db:"id"`
	CreatedAt time.Time `db:"created_at"`
	Ended     bool      `db:"ended"`
}

func (r recurringRow) cursor() string {
	ended := byte(0)
	if r.Ended {
		ended = 1
	}
	return listing.EncodeCursor(r.CreatedAt, append([]byte{ended}, r.ID[:]...))
}

// recurringAfter is the position that a cursor names; at is nil for the first page.
func recurringAfter(cursor string) (at *time.Time, place recurringRow, err error) {
	if cursor == "" {
		return nil, place, nil
	}
	t, b, err := listing.DecodeCursor(cursor, 1+len(uuid.UUID{}))
	if err != nil {
		return nil, place, err
	}
	return &t, recurringRow{ID: uuid.UUID(b[1:]), Ended: b[0] != 0}, nil
}

// ID returns the supporter with an address; uuid.Nil if PayPal has not named it for a payment.
func (s *Service) ID(ctx context.Context, address string) (id uuid.UUID, err error) {
	err = s.db.GetContext(ctx, &id, `SELECT id FROM supporter WHERE email = $1`, address)
	if db.IsNotFound(err) {
		return uuid.Nil, nil
	}
	if err != nil {
		return uuid.Nil, db.Translate(fmt.Errorf("find a supporter: %w", err))
	}
	return id, nil
}

// Owns reports whether a contribution belongs to the reader of the address.
func (s *Service) Owns(ctx context.Context, address string, id uuid.UUID) (bool, error) {
	var owns bool
	err := s.db.GetContext(ctx, &owns, `
		SELECT EXISTS (
			SELECT 1 FROM contribution c LEFT JOIN supporter s ON s.id = c.supporter_id
			WHERE c.id = $2 AND (s.email = $1 OR c.email <> '' AND lower(c.email) = $1))`, address, id)
	if err != nil {
		return false, db.Translate(fmt.Errorf("find whose contribution %s is: %w", id, err))
	}
	return owns, nil
}
