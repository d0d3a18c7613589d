package review

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/i18n"
)

// List is the reviews of one contribution as they were read under its lock. Open and Resolve decide in memory; Save
// writes what changed. The zero List has none.
type List struct {
	all []*listed
}

// listed is a review as far as opening and closing need it.
type listed struct {
	Code      Code `json:"code"`
	Args      Args `json:"arguments"`
	WasOpen   bool `json:"open"`
	ByProgram bool `json:"by_program"` // the program closed it

	kept bool // it has a row
	open bool
	why  i18n.Message // it was resolved
}

// Column is an expression that reads the list of the contribution c, for ParseList.
const Column = `(
	SELECT coalesce(json_agg(json_build_object(
	    'code', r.code, 'arguments', r.arguments, 'open', r.closed_at IS NULL,
	    'by_program', r.closed_by = '` + Program + `')), '[]')
	FROM review r WHERE r.contribution_id = c.id)`

// ParseList reads what Column gave.
func ParseList(column []byte) (*List, error) {
	var l List
	if err := json.Unmarshal(column, &l.all); err != nil {
		return nil, fmt.Errorf("read reviews: %w", err)
	}
	for _, r := range l.all {
		r.kept, r.open = true, r.WasOpen
	}
	return &l, nil
}

// Open asks a person to look, and reports whether that is new, as the function Open does.
func (l *List) Open(code Code, args Args) bool {
	args = clean(args)
	for _, r := range l.all {
		if r.Code != code || !maps.Equal(r.Args, args) {
			continue
		}
		if r.open || r.kept && !r.WasOpen && !r.ByProgram {
			return false
		}
		r.open = true
		return true
	}
	l.all = append(l.all, &listed{Code: code, Args: args, open: true})
	return true
}

// Resolve closes the open reviews that match, because their reason went away.
func (l *List) Resolve(why i18n.Message, which ...Match) {
	for _, m := range which {
		about := clean(m.About)
		for _, r := range l.all {
			if r.open && r.Code == m.Code && r.Args.hold(about) {
				r.open, r.why = false, why
			}
		}
	}
}

// IsOpen reports whether a review of the code is open.
func (l *List) IsOpen(code Code) bool {
	for _, r := range l.all {
		if r.open && r.Code == code {
			return true
		}
	}
	return false
}

// Len counts the reviews, open and closed.
func (l *List) Len() int { return len(l.all) }

// Save writes what was opened and resolved since the list was read. Where nothing was it says nothing to the database.
func (l *List) Save(ctx context.Context, tx *sqlx.Tx, contribution uuid.UUID, at time.Time) error {
	var codes, args, reasons []string
	for _, r := range l.all {
		if r.open && !r.WasOpen || !r.kept {
			if _, err := Open(ctx, tx, contribution, r.Code, r.Args, at); err != nil {
				return err
			}
		}
		if r.open || r.kept && !r.WasOpen {
			continue
		}
		written, err := encode(r.Args)
		if err != nil {
			return err
		}
		codes, args, reasons = append(codes, string(r.Code)), append(args, written), append(reasons, r.why.String())
	}
	if len(codes) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `
		UPDATE review SET closed_at = $2, closed_by = $3, closed_why = which.why
		FROM unnest($4::text[], $5::text[], $6::text[]) AS which (code, arguments, why)
		WHERE contribution_id = $1 AND closed_at IS NULL
		  AND review.code = which.code AND review.arguments = which.arguments::jsonb`,
		contribution, at, Program, db.Array(codes), db.Array(args), db.Array(reasons))
	if err != nil {
		return fmt.Errorf("resolve reviews: %w", err)
	}
	return nil
}

// hold reports whether all of about is among the arguments.
func (a Args) hold(about Args) bool {
	for name, value := range about {
		if had, ok := a[name]; !ok || had != value {
			return false
		}
	}
	return true
}
