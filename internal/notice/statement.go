package notice

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/mail"
	"readerfund/internal/supporter"
)

// firstStatementDay is the day of January on which the first statements are mailed: the days before it leave time for
// payments that PayPal confirms late.
const firstStatementDay = 5

// Statements mails every reader who gave last year the statement of that year, once, in January. It is periodic work:
// one pass over all supporters, which resumes where it was interrupted. A gift that PayPal confirms after the pass
// appears on the reader's own page only.
func (s *Service) Statements(ctx context.Context) error {
	local := s.Now().In(s.Zone)
	if local.Month() != time.January || local.Day() < firstStatementDay {
		return nil
	}
	year := local.Year() - 1
	var ended bool
	err := s.DB.GetContext(ctx, &ended, `
		SELECT EXISTS (SELECT 1 FROM statement_progress WHERE year = $1 AND ended_at IS NOT NULL)`, year)
	for err == nil && !ended {
		ended, err = s.tellStatements(ctx, year)
	}
	if err != nil {
		return db.Translate(fmt.Errorf("send statements of %d: %w", year, err))
	}
	return nil
}

// tellStatements enqueues the mails of the next supporters, by id, and reports whether those were the last.
func (s *Service) tellStatements(ctx context.Context, year int) (ended bool, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		// The row is locked until the mails are enqueued: should two processes do this at once, they take turns.
		var progress struct {
			After uuid.UUID  `db:"after_id"`
			Ended *time.Time `db:"ended_at"`
		}
		err := tx.GetContext(ctx, &progress, `
			INSERT INTO statement_progress (year, after_id) VALUES ($1, $2)
			ON CONFLICT (year) DO UPDATE SET year = excluded.year RETURNING after_id, ended_at`, year, uuid.Nil)
		if err != nil {
			return fmt.Errorf("lock the progress: %w", err)
		}
		if ended = progress.Ended != nil; ended {
			return nil
		}
		var next []uuid.UUID
		err = tx.SelectContext(ctx, &next, `SELECT id FROM supporter WHERE id > $1 ORDER BY id LIMIT $2`,
			progress.After, batch)
		if err != nil {
			return fmt.Errorf("read supporters: %w", err)
		}
		given, err := s.givenIn(ctx, tx, year, next)
		if err != nil {
			return err
		}
		if err := mail.Enqueue(ctx, tx, s.Now().UTC(), s.statements(year, given)...); err != nil {
			return err
		}
		last := progress.After
		if ended = len(next) < batch; len(next) > 0 {
			last = next[len(next)-1]
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE statement_progress SET after_id = $2, ended_at = CASE WHEN $3 THEN $4::timestamptz END WHERE year = $1`,
			year, last, ended, s.Now().UTC())
		if err != nil {
			return fmt.Errorf("note the progress: %w", err)
		}
		return nil
	})
	return ended, err
}

// given is a contribution that was paid in a year.
type given struct {
	ID        uuid.UUID `db:"id"`
	Supporter uuid.UUID `db:"supporter_id"`
	PaidAt    time.Time `db:"paid_at"` // the latest time

	person
}

// givenIn returns the contributions of supporters that have a receipt for a payment of the year.
func (s *Service) givenIn(ctx context.Context, tx *sqlx.Tx, year int, supporters []uuid.UUID) ([]given, error) {
	from := time.Date(year, time.January, 1, 0, 0, 0, 0, s.Zone)
	var all []given
	// Locked, so that no person is erased between this query and their mail; in the order in which an erasure locks
	// them.
	err := tx.SelectContext(ctx, &all, `
		SELECT c.id, c.supporter_id, g.paid_at, `+supporter.RecipientColumns+`
		FROM contribution c JOIN supporter s ON s.id = c.supporter_id CROSS JOIN LATERAL (
		    SELECT max(r.paid_at) AS paid_at FROM receipt r
		    WHERE r.contribution_id = c.id AND r.kind = 'receipt' AND r.paid_at >= $2 AND r.paid_at < $3) g
		WHERE c.supporter_id = ANY ($1::uuid[]) AND g.paid_at IS NOT NULL
		ORDER BY c.id FOR KEY SHARE OF c`,
		db.Array(db.Column(supporters, uuid.UUID.String)), from.UTC(), from.AddDate(1, 0, 0).UTC())
	if err != nil {
		return nil, fmt.Errorf("find who gave: %w", err)
	}
	return all, nil
}

// statements returns the mails about a year: one for each address under which a supporter gave, covering the gifts made
// with that address. A family that shares a PayPal account is one supporter to PayPal, so each of them learns only
// about their own gifts. The account's owner finds the statement of everything on their own page.
func (s *Service) statements(year int, all []given) []mail.Message {
	type recipient struct {
		supporter uuid.UUID
		address   string
	}
	place := map[recipient]int{}
	var latest []given // for each recipient, in the order of their first contributions
	var first []uuid.UUID
	for _, g := range all {
		r := recipient{g.Supporter, strings.ToLower(g.Email)}
		n, known := place[r]
		switch {
		case !known:
			place[r], latest, first = len(latest), append(latest, g), append(first, g.ID)
		case g.PaidAt.After(latest[n].PaidAt):
			latest[n] = g
		}
	}
	mails := make([]mail.Message, len(latest))
	for n, g := range latest {
		key := g.Supporter.String() + " " + strconv.Itoa(year) + " " + first[n].String()
		mails[n] = g.to(mail.Statement, key, mail.StatementArgs{Year: year, URL: s.Statement(g.Supporter, year, first[n])})
	}
	return mails
}
