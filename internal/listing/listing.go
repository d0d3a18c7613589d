// Package listing is what lists that come in pages have in common: how long a page is, where the next one begins, and
// what can be searched for at all.
//
// It knows no table: whoever has a list brings its query.
package listing

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/fault"
)

// The sizes of a page.
const (
	DefaultLimit = 50
	MaxLimit     = 500
)

// List is a question whose answer comes in pages, the newest row first. A row's number only grows, so that it is the
// cursor as well: what is added meanwhile moves no row to another page.
type List struct {
	Things string // the end of the key of its own listing.limit_ sentence: "events"
	SQL    string // up to WHERE
	Where  Where
	Number string // the column with the row's number: "w.id"
	After  string // the cursor that the page before gave
	Limit  int    // 0 for DefaultLimit
}

// Numbered is a row with a number that only grows.
type Numbered interface{ RowNumber() int64 }

// Newest reads a page of a list, and the cursor of the page after it: empty on the last one. Errors are fault.Invalid
// on "limit" and "after".
func Newest[R Numbered](ctx context.Context, d *db.DB, l List) ([]R, string, error) {
	if l.Limit == 0 {
		l.Limit = DefaultLimit
	}
	if l.Limit < 0 || l.Limit > MaxLimit {
		return nil, "", fault.Input("limit", "listing.limit_"+l.Things, fault.Args{"max": MaxLimit})
	}
	where := l.Where.clone()
	if l.After != "" {
		after, err := strconv.ParseInt(l.After, 10, 64)
		if err != nil {
			return nil, "", ErrCursor()
		}
		where.Addf("%s < %s", l.Number, where.Arg(after))
	}
	query := l.SQL + where.SQL() + " ORDER BY " + l.Number + " DESC LIMIT " + where.Arg(l.Limit+1)
	var rows []R
	err := d.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, query, where.Args()...)
	})
	if err != nil {
		return nil, "", fmt.Errorf("read %s: %w", l.Things, err)
	}
	if len(rows) <= l.Limit {
		return rows, "", nil
	}
	rows = rows[:l.Limit] // the one too many says that there is more
	return rows, strconv.FormatInt(rows[l.Limit-1].RowNumber(), 10), nil
}

// ErrCursor is the answer to a cursor that no page gave: a fault.Invalid on "after".
func ErrCursor() error {
	return fault.Input("after", "listing.cursor")
}

// longestText is more than any slug, address of an article or PayPal id has.
const longestText = 2048

// CheckText refuses what PostgreSQL cannot compare with a text at all: a fault.Invalid on field.
func CheckText(field, text string) error {
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) || len(text) > longestText {
		return fault.Input(field, "listing.text")
	}
	return nil
}
