package report

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/fault"
)

// listing is a question whose answer comes in pages, the newest row first. A row's number only grows, so that it is the
// cursor as well: what is added meanwhile moves no row to another page.
type listing struct {
	things string // in messages: "events"
	sql    string // up to WHERE
	number string // the column with the row's number: "w.id"
	after  string // the cursor that the page before gave
	limit  int    // 0 for DefaultLimit
}

// numbered is a row with a number that only grows.
type numbered interface{ number() int64 }

// newest reads a page of rows under conditions, and the cursor of the page after it: empty on the last one.
func newest[R numbered](ctx context.Context, r *Reports, l listing, c *conditions) ([]R, string, error) {
	if l.limit == 0 {
		l.limit = DefaultLimit
	}
	if l.limit < 0 || l.limit > MaxLimit {
		return nil, "", fault.Invalidf("limit", "A page has between 1 and %d %s.", MaxLimit, l.things)
	}
	if l.after != "" {
		after, err := strconv.ParseInt(l.after, 10, 64)
		if err != nil {
			return nil, "", errCursor()
		}
		c.add("%s < %s", l.number, c.arg(after))
	}
	query := l.sql + c.where() + ` ORDER BY ` + l.number + ` DESC LIMIT ` + c.arg(l.limit+1)
	var rows []R
	err := r.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, query, c.args...)
	})
	if err != nil {
		return nil, "", fmt.Errorf("read %s: %w", l.things, err)
	}
	if len(rows) <= l.limit {
		return rows, "", nil
	}
	rows = rows[:l.limit] // the one too many says that there is more
	return rows, strconv.FormatInt(rows[l.limit-1].number(), 10), nil
}
