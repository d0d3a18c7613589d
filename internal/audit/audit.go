// Package audit keeps the audit log: who did what to what. An entry is written in the transaction that does it, so that
// neither is there without the other.
//
// It does not decide who may do what, and it puts nothing into words: each package names its own actions, and
// internal/web says them.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// Action is what was done: the package's word and the act's, "contribution.refund".
type Action string

// CommandLine is the actor when a command did it.
const CommandLine = "command line"

// Reader is the actor when a reader did it on their own page. Who, the subject says, if anybody may know.
const Reader = "reader"

// Unknown is the actor and the subject where an account is not known.
const Unknown = "unknown"

// Entry is one line of the log. Detail holds what else is worth knowing; never a secret. Times are UTC.
type Entry struct {
	At      time.Time
	StaffID uuid.UUID // the account that did it; uuid.Nil when it was nobody with an account
	Actor   string    // email address, CommandLine, Reader or Unknown
	Action  Action
	Subject string // a contribution's receipt number, an email address, an event's id
	Detail  map[string]string
}

// Write writes an entry in the caller's transaction: what was done and the note of it are committed together.
func Write(ctx context.Context, tx *sqlx.Tx, e Entry) error {
	detail, err := e.detail()
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO audit_entry (at, staff_id, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6)`,
		e.At, e.staffID(), e.Actor, string(e.Action), e.Subject, detail)
	if err != nil {
		return fmt.Errorf("audit %s: %w", e.Action, err)
	}
	return nil
}

// Count writes an entry where none has this key yet, and counts one more in the entry that has it, so that a flood is
// one line. It is one statement, which needs no transaction around it.
func Count(ctx context.Context, on sqlx.ExecerContext, e Entry, key string) error {
	detail, err := e.detail()
	if err != nil {
		return err
	}
	_, err = on.ExecContext(ctx, `
		INSERT INTO audit_entry AS e (at, staff_id, actor, action, subject, detail, same_as)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (same_as) DO UPDATE
		SET repeats = e.repeats + 1, detail = e.detail || jsonb_build_object('times', (e.repeats + 1)::text)`,
		e.At, e.staffID(), e.Actor, string(e.Action), e.Subject, detail, key)
	if err != nil {
		return fmt.Errorf("audit %s: %w", e.Action, err)
	}
	return nil
}

func (e Entry) staffID() uuid.NullUUID {
	return uuid.NullUUID{UUID: e.StaffID, Valid: e.StaffID != uuid.Nil}
}

func (e Entry) detail() (string, error) {
	if e.Detail == nil {
		return `{}`, nil
	}
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return "", fmt.Errorf("audit %s: %w", e.Action, err)
	}
	return string(detail), nil
}
