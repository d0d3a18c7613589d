package queue

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/audit"
	"readerfund/internal/db"
	"readerfund/internal/fault"
)

// What staff do about work, in the audit log. The subject is kind and key.
const (
	ActionRetry   audit.Action = "queue.retry"
	ActionDiscard audit.Action = "queue.discard"
)

// By is the person who acts: an account of the staff.
type By struct {
	ID   uuid.UUID
	Name string
}

// longestReason is the longest reason, in characters.
const longestReason = 500

// Retry makes failing or dead work due now. Dead work is tried again for as long as its kind allows.
//
// Errors: fault.Conflict when it no longer fails, or is running at this moment.
func (q *Queue) Retry(ctx context.Context, kind, key string, by By) error {
	err := q.act(ctx, ActionRetry, kind, key, "", by, `
		UPDATE queue SET
			due_at = $3, dead_at = NULL, failures = CASE WHEN dead_at IS NULL THEN failures ELSE 0 END,
			failing_since = CASE WHEN dead_at IS NULL THEN failing_since END
		WHERE kind = $1 AND key = $2`)
	if err == nil {
		q.wake()
	}
	return err
}

// Discard removes dead work for good, without doing it. The audit log keeps the reason.
//
// Errors: fault.Invalid without a reason, fault.Conflict when it is no longer dead.
func (q *Queue) Discard(ctx context.Context, kind, key, reason string, by By) error {
	reason = strings.Join(strings.Fields(reason), " ")
	switch {
	case reason == "":
		return fault.Input("reason", "queue.reason_missing")
	case !storable(reason):
		return fault.Input("reason", "queue.reason_unreadable")
	case utf8.RuneCountInString(reason) > longestReason:
		return fault.Input("reason", "queue.reason_too_long", fault.Args{"max": longestReason})
	}
	return q.act(ctx, ActionDiscard, kind, key, reason, by, `
		DELETE FROM queue WHERE kind = $1 AND key = $2 AND dead_at IS NOT NULL AND $3::timestamptz IS NOT NULL`)
}

// act carries out a staff decision about a row and records it in the audit log, in one transaction.
func (q *Queue) act(
	ctx context.Context, action audit.Action, kind, key, reason string, by By, statement string,
) error {
	if !storable(kind + key) {
		return errChanged()
	}
	now := q.now().UTC()
	err := q.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var before struct {
			Failures  int        `db:"failures"`
			LastError string     `db:"last_error"`
			Held      bool       `db:"held"`
			Dead      *time.Time `db:"dead_at"`
		}
		// Locked, so that what the audit log calls "before" is still true if a worker claims the row at this moment.
		err := tx.GetContext(ctx, &before, `
			SELECT failures, last_error, held_until IS NOT NULL AS held, dead_at FROM queue
			WHERE kind = $1 AND key = $2 FOR UPDATE`, kind, key)
		if db.IsNotFound(err) {
			return errChanged()
		}
		if err != nil {
			return fmt.Errorf("find %q %s: %w", kind, key, err)
		}
		if before.Held || before.Failures == 0 && before.Dead == nil || action == ActionDiscard && before.Dead == nil {
			return errChanged()
		}
		if _, err := tx.ExecContext(ctx, statement, kind, key, now); err != nil {
			return fmt.Errorf("%s %q %s: %w", action, kind, key, err)
		}
		detail := map[string]string{
			"before": "failing", "after": "waiting", "error": before.LastError, "failures": strconv.Itoa(before.Failures),
		}
		if before.Dead != nil {
			detail["before"] = "dead"
		}
		if action == ActionDiscard {
			detail["after"], detail["reason"] = "discarded", reason
		}
		return audit.Write(ctx, tx, audit.Entry{
			At: now, StaffID: by.ID, Actor: by.Name, Action: action, Subject: strings.TrimSpace(kind + " " + key),
			Detail: detail,
		})
	})
	return db.Translate(err)
}

// storable reports whether PostgreSQL accepts a text.
func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

func errChanged() error {
	return fault.New(fault.Conflict, "queue.changed")
}
