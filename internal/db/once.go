package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// GetOnce runs one data-modifying statement that is a transaction of its own, BEGIN and COMMIT included in its one round
// trip, and reads the row that it returns into dest. Otherwise it is like InTx: a statement that loses against another
// transaction runs again, the request's deadline ends it only until it is sent, and where its answer is lost the error
// is ErrCommitUnknown. The error is sql.ErrNoRows where it returns no row; others come translated, see Translate.
func (d *DB) GetOnce(ctx context.Context, dest any, query string, args ...any) error {
	for attempt := 1; ; attempt++ {
		err := d.getOnce(ctx, dest, query, args...)
		if !lost(err) || attempt == attempts {
			return Translate(err)
		}
		select {
		case <-ctx.Done():
			return Translate(err)
		case <-time.After(time.Duration(attempt*attempt) * time.Millisecond):
		}
	}
}

func (d *DB) getOnce(ctx context.Context, dest any, query string, args ...any) error {
	conn, err := d.Connx(ctx)
	if err != nil {
		return orCause(ctx, beginError(err))
	}
	defer func() { _ = conn.Close() }() // it goes back to the pool
	err = conn.GetContext(context.WithoutCancel(ctx), dest, query, args...)
	switch {
	case err == nil, errors.Is(err, sql.ErrNoRows):
		return err
	case SQLState(err) != "" && !hasState(err, "40003") && !hasState(err, "08007") && !hasState(err, "57P"):
		return err // the server refused the statement; one that shuts down may have committed it
	default: // driver.ErrBadConn, too: lib/pq says so also where the connection ended before the answer came
		return fmt.Errorf("%w: %w", ErrCommitUnknown, err)
	}
}
