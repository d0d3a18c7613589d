// Package review keeps what a person has to look at: something about a contribution that does not fit together, as a
// code with arguments. Several can be open beside each other, each is closed by itself, and what was looked at once is
// not brought up again.
//
// It does not decide what is odd, and it books nothing: the packages that find something open a review in the
// transaction that finds it.
package review

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/text"
)

// Code says what has to be looked at. Sentence puts it into words.
type Code string

// Args are what a code is about: PayPal's ids, amounts ("25.00 EUR"), PayPal's own words. They belong to the identity
// of a review: the same code with other arguments is another review. At most 200 bytes of each are kept.
type Args map[string]string

// Program is who closes a review whose reason went away by itself.
const Program = "Readerfund"

// Why the program closes a review.
var (
	Settled    = i18n.New("review.settled")
	Superseded = i18n.New("review.superseded")
)

// Review is one thing to look at. Times are UTC; ClosedAt is zero while it is open.
type Review struct {
	ID       int64
	Code     Code
	Args     Args
	OpenedAt time.Time
	ClosedAt time.Time
	ClosedBy string // email address, "command line", or Program
	Why      string // what the one who closed it found
}

// Open reports whether it still waits for a person.
func (r Review) Open() bool { return r.ClosedAt.IsZero() }

// Text is the review in English.
func (r Review) Text() string { return Sentence(r.Code, r.Args).String() }

// By is who closes a review: an account of the staff, or the command line with uuid.Nil.
type By struct {
	ID   uuid.UUID
	Name string
}

// Open asks a person to look, and reports whether that is new: the same is open once, and does not come back once a
// person has closed it. One that the program closed is opened again, because its reason came back.
//
// The caller has locked the contribution: two that ask at once would wait for each other's row otherwise.
func Open(
	ctx context.Context, tx *sqlx.Tx, contribution uuid.UUID, code Code, args Args, at time.Time,
) (bool, error) {
	arguments, err := encode(args)
	if err != nil {
		return false, err
	}
	opened, err := tx.ExecContext(ctx, `
		INSERT INTO review (contribution_id, code, arguments, opened_at) VALUES ($1, $2, $3::text::jsonb, $4)
		ON CONFLICT (contribution_id, code, arguments) DO UPDATE
		SET opened_at = excluded.opened_at, closed_at = NULL, closed_by = '', closed_why = '' WHERE review.closed_by = $5`,
		contribution, string(code), arguments, at, Program)
	if err != nil {
		return false, fmt.Errorf("open review %s: %w", code, err)
	}
	n, err := opened.RowsAffected()
	return n > 0, err
}

// Match picks reviews of a code, those whose arguments hold all of About.
type Match struct {
	Code  Code
	About Args
}

// Resolve closes the open reviews that match, because their reason went away, and reports how many that were.
func Resolve(
	ctx context.Context, tx *sqlx.Tx, contribution uuid.UUID, why i18n.Message, at time.Time, which ...Match,
) (int64, error) {
	if len(which) == 0 {
		return 0, nil
	}
	codes, abouts := make([]string, len(which)), make([]string, len(which))
	for i, m := range which {
		about, err := encode(m.About)
		if err != nil {
			return 0, err
		}
		codes[i], abouts[i] = string(m.Code), about
	}
	closed, err := tx.ExecContext(ctx, `
		UPDATE review SET closed_at = $2, closed_by = $3, closed_why = $4
		FROM unnest($5::text[], $6::text[]) AS which (code, about)
		WHERE contribution_id = $1 AND closed_at IS NULL AND review.code = which.code AND arguments @> which.about::jsonb`,
		contribution, at, Program, why.String(), db.Array(codes), db.Array(abouts))
	if err != nil {
		return 0, fmt.Errorf("resolve reviews: %w", err)
	}
	return closed.RowsAffected()
}

// Close says that a person has looked, and what they found. It gives the closed review. The error is a fault.Conflict
// when the contribution has no such review, or it is closed already.
func Close(
	ctx context.Context, tx *sqlx.Tx, contribution uuid.UUID, id int64, by By, found string, at time.Time,
) (Review, error) {
	var was row
	err := tx.GetContext(ctx, &was, `
		UPDATE review SET closed_at = $3, closed_by = $4, staff_id = $5, closed_why = $6
		WHERE id = $2 AND contribution_id = $1 AND closed_at IS NULL
		RETURNING id, code, arguments, opened_at, closed_at, closed_by, closed_why`,
		contribution, id, at, by.Name, uuid.NullUUID{UUID: by.ID, Valid: by.ID != uuid.Nil}, found)
	if db.IsNotFound(err) {
		return Review{}, fault.New(fault.Conflict, "review.changed")
	}
	if err != nil {
		return Review{}, fmt.Errorf("close review %d: %w", id, err)
	}
	return was.review()
}

// Of lists the reviews of a contribution, the oldest first.
func Of(ctx context.Context, q sqlx.QueryerContext, contribution uuid.UUID) ([]Review, error) {
	var rows []row
	err := sqlx.SelectContext(ctx, q, &rows, `
		SELECT id, code, arguments, opened_at, closed_at, closed_by, closed_why
		FROM review WHERE contribution_id = $1 ORDER BY id`, contribution)
	if err != nil {
		return nil, fmt.Errorf("read reviews: %w", err)
	}
	all := make([]Review, 0, len(rows))
	for _, r := range rows {
		one, err := r.review()
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

type row struct {
	ID        int64      `db:"id"`
	Code      string     `db:"code"`
	Arguments string     `db:"arguments"`
	OpenedAt  time.Time  `db:"opened_at"`
	ClosedAt  *time.Time `db:"closed_at"`
	ClosedBy  string     `db:"closed_by"`
	Why       string     `db:"closed_why"`
}

func (r row) review() (Review, error) {
	out := Review{ID: r.ID, Code: Code(r.Code), OpenedAt: r.OpenedAt.UTC(), ClosedBy: r.ClosedBy, Why: r.Why}
	if r.ClosedAt != nil {
		out.ClosedAt = r.ClosedAt.UTC()
	}
	if err := json.Unmarshal([]byte(r.Arguments), &out.Args); err != nil {
		return Review{}, fmt.Errorf("read arguments of review %d: %w", r.ID, err)
	}
	return out, nil
}

// longestArg is how many bytes of an argument are kept: the arguments are part of a unique key, and an entry of a
// B-tree has at most 2,704 bytes.
const longestArg = 200

// encode writes arguments so that PostgreSQL takes them whatever they hold.
func encode(args Args) (string, error) {
	written, err := json.Marshal(clean(args))
	if err != nil {
		return "", fmt.Errorf("write arguments of a review: %w", err)
	}
	return string(written), nil
}

func clean(args Args) Args {
	kept := make(Args, len(args))
	for name, value := range args {
		kept[name] = cut(text.Line(value))
	}
	return kept
}

func cut(value string) string {
	if len(value) <= longestArg {
		return value
	}
	return strings.ToValidUTF8(value[:longestArg], "") // half a character goes
}
