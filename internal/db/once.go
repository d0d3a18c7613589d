package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// GetOnce runs one data-modifying statement that is a transaction of its own, BEGIN and COMMIT included in its one
// round trip, and returns the row that it returns. Otherwise it is like InTx: a statement that loses against another
// transaction runs again, the request's deadline ends it only until it is sent, and where its answer is lost, or does
// not come within Options.OnceTimeout, the error is ErrCommitUnknown: then it may also take place later. The error is
// sql.ErrNoRows where it returns no row; others come translated, see Translate.
func GetOnce[T any](ctx context.Context, d *DB, query string, args ...any) (T, error) {
	for attempt := 1; ; attempt++ {
		row, err := getOnce[T](ctx, d, query, args)
		if !lost(err) || attempt == attempts {
			return row, Translate(err)
		}
		select {
		case <-ctx.Done():
			return row, Translate(err)
		case <-time.After(time.Duration(attempt*attempt) * time.Millisecond):
		}
	}
}

func getOnce[T any](ctx context.Context, d *DB, query string, args []any) (T, error) {
	var none T
	conn, err := d.Connx(ctx)
	if err != nil {
		return none, orCause(ctx, beginError(err))
	}
	type answer struct {
		row T
		err error
	}
	answered := make(chan answer, 1)
	go func() {
		defer func() { _ = conn.Close() }() // it goes back to the pool
		var a answer
		a.err = conn.GetContext(context.WithoutCancel(ctx), &a.row, query, args...)
		answered <- a
	}()
	select {
	case a := <-answered:
		return a.row, onceError(a.err)
	case <-time.After(d.opts.OnceTimeout):
		// It waits for a lock, perhaps, and goes on there. Cancelling it would be no answer either: under synchronous
		// replication a cancelled statement reports success for a row that only the primary has.
		return none, fmt.Errorf("%w: no answer within %s", ErrCommitUnknown, d.opts.OnceTimeout)
	}
}

// onceError sorts the answers to a statement that commits: only an error of the server is a refusal.
func onceError(err error) error {
	switch {
	case err == nil, errors.Is(err, sql.ErrNoRows):
		return err
	case SQLState(err) != "" && !hasState(err, "40003") && !hasState(err, "08007") && !hasState(err, "57P"):
		return err // the server refused the statement; one that shuts down may have committed it
	default: // driver.ErrBadConn, too: lib/pq says so also where the connection ended before the answer came
		return fmt.Errorf("%w: %w", ErrCommitUnknown, err)
	}
}
