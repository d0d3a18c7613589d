package staff

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// Action is what was done, in the audit log.
type Action string

// The actions of this package.
const (
	ActionSignIn  Action = "staff.sign_in"
	ActionRefuse  Action = "staff.sign_in_failed"
	ActionSignOut Action = "staff.sign_out"
	ActionAdd     Action = "staff.add"
	ActionDisable Action = "staff.disable"
	ActionExport  Action = "staff.export" // downloaded a list; the subject is its name
	ActionEnable  Action = "staff.enable"
	ActionRole    Action = "staff.role"
	ActionReset   Action = "staff.password_reset" // a new one-time password
	ActionChoose  Action = "staff.password"       // a person chose their own
	ActionUnlock  Action = "staff.unlock"
	ActionEnd     Action = "staff.end_sessions"
)

// CommandLine is the actor when a command did it.
const CommandLine = "command line"

// Entry is one line of the audit log: who did what to what. Detail holds what else is worth knowing; never a secret.
type Entry struct {
	At      time.Time
	StaffID uuid.UUID // the account that did it; uuid.Nil when it was nobody with an account
	Actor   string    // mail address, CommandLine or "unknown"
	Action  Action
	Subject string
	Detail  map[string]string
}

// Note writes an entry for what needs no other write.
func (a *Accounts) Note(ctx context.Context, e Entry) error {
	e.At = a.now().UTC()
	return a.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error { return Audit(ctx, tx, e) })
}

// Audit writes an entry in the caller's transaction: what was done and the note of it are committed together.
func Audit(ctx context.Context, tx *sqlx.Tx, e Entry) error {
	detail, err := json.Marshal(e.Detail)
	if err != nil || e.Detail == nil {
		detail = []byte(`{}`)
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO audit_entry (at, staff_id, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6)`,
		e.At, uuid.NullUUID{UUID: e.StaffID, Valid: e.StaffID != uuid.Nil}, e.Actor, string(e.Action), e.Subject, string(detail))
	if err != nil {
		return fmt.Errorf("audit %s: %w", e.Action, err)
	}
	return nil
}
