package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"readerfund/internal/fault"
)

// attempts is how often InTx runs a transaction that loses against another one. Five tries with growing pauses take
// about a tenth of a second: longer than a deadlock lasts, shorter than a reader waits.
const attempts = 5

// ErrCommitUnknown says that COMMIT was sent and its answer lost: the transaction may have taken place or not. The
// caller looks for its row by key and does not simply try again. It is a fault.Unavailable for those who cannot look.
var ErrCommitUnknown error = fault.New(fault.Unavailable, "outage.commit_unknown")

// InTx runs fn in a read-committed transaction and commits it; an error or a panic rolls it back.
//
// When the transaction loses against another one (serialization failure, deadlock), fn runs again, at most five times
// in all: fn must not keep anything from a run that failed, and does no network calls. fn's context is the
// transaction's.
//
// The request's deadline ends the transaction up to COMMIT, and not from there on: under synchronous replication a
// cancelled COMMIT reports success for a row that only the primary has. If the answer to COMMIT is lost, the error is
// ErrCommitUnknown.
//
// Errors come translated, see Translate; fn's own faults come through unchanged.
func (d *DB) InTx(ctx context.Context, fn func(ctx context.Context, tx *sqlx.Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := d.try(ctx, fn)
		if !lost(err) || attempt == attempts {
			return Translate(err)
		}
		pause := time.Duration(attempt*attempt) * time.Millisecond
		select {
		case <-ctx.Done():
			return Translate(err)
		case <-time.After(pause + rand.N(4*pause)): //nolint:gosec // jitter, not a secret
		}
	}
}

// lost reports whether a transaction was rolled back in favour of another one, so that running it again is right.
func lost(err error) bool {
	return hasState(err, "40001") || hasState(err, "40P01")
}

func (d *DB) try(ctx context.Context, fn func(ctx context.Context, tx *sqlx.Tx) error) error {
	txCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	detach := context.AfterFunc(ctx, cancel)
	defer detach()
	after := new(afterCommit)
	txCtx = context.WithValue(txCtx, afterCommitKey{}, after)

	tx, err := d.BeginTxx(txCtx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return orCause(ctx, beginError(err))
	}
	defer func() { _ = tx.Rollback() }() // after COMMIT it does nothing; before it, the server forgets us anyway

	if err := fn(txCtx, tx); err != nil {
		return orCause(ctx, err)
	}
	if !detach() {
		return fmt.Errorf("transaction rolled back: %w", context.Cause(ctx))
	}
	if err := commitError(tx.Commit()); err != nil {
		return err
	}
	for _, then := range after.all {
		then()
	}
	return nil
}

// afterCommit is what a transaction's context carries for AfterCommit.
type afterCommit struct{ all []func() }

type afterCommitKey struct{}

// AfterCommit has then called once the transaction that ctx belongs to is committed, before InTx returns: what is
// counted or told of a transaction must have taken place. It is called at most once, however often InTx ran fn, and not
// at all where the transaction was rolled back, or nobody knows whether it was committed, or ctx is not of InTx.
func AfterCommit(ctx context.Context, then func()) {
	if after, ok := ctx.Value(afterCommitKey{}).(*afterCommit); ok {
		after.all = append(after.all, then)
	}
}

// beginError: a server that refuses BEGIN cannot serve us now, whatever the code; a standby, for one, says "feature not
// supported" to READ WRITE.
func beginError(err error) error {
	if SQLState(err) != "" {
		return unavailable(fmt.Errorf("begin: %w", err))
	}
	return fmt.Errorf("begin: %w", err)
}

// orCause names the request's own end where that is what cut the statement short; inside the transaction it is only
// seen as a cancellation.
func orCause(ctx context.Context, err error) error {
	if ctx.Err() != nil && fault.KindOf(err) == fault.Internal {
		return fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return err
}

// commitError sorts the answers to COMMIT: an error from the server means that it rolled back; anything else means that
// we do not know.
func commitError(err error) error {
	switch state := SQLState(err); {
	case err == nil:
		return nil
	case errors.Is(err, pq.ErrInFailedTransaction), errors.Is(err, sql.ErrTxDone):
		return fmt.Errorf("commit after a failed statement: %w", err)
	case state == "" || state == "40003" || state == "08007":
		return fmt.Errorf("commit: %w: %w", ErrCommitUnknown, err)
	default:
		return fmt.Errorf("commit: %w", err)
	}
}

// InReadTx runs fn in a read-only transaction that sees one state of the database throughout (repeatable read). A
// statement that takes longer than Options.ReadTimeout is a fault.Unavailable. Errors come translated, see Translate.
func (d *DB) InReadTx(ctx context.Context, fn func(ctx context.Context, tx *sqlx.Tx) error) error {
	tx, err := d.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return Translate(beginError(err))
	}
	defer func() { _ = tx.Rollback() }() // nothing was written, so there is nothing to commit
	if limit := d.opts.ReadTimeout; limit > 0 {
		// Of this transaction alone, so that it is right behind PgBouncer, too.
		_, err := tx.ExecContext(ctx, fmt.Sprintf("SET LOCAL statement_timeout = %d", limit.Milliseconds()))
		if err != nil {
			return Translate(fmt.Errorf("limit the time of a statement: %w", err))
		}
	}
	return Translate(fn(ctx, tx))
}
