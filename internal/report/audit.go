package report

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"readerfund/internal/db"
)

// AuditEntry is one line of the audit log: who did what to what. Times are UTC.
type AuditEntry struct {
	ID      int64
	At      time.Time
	Actor   string // mail address, "command line" or "unknown"
	Action  string
	Subject string            // a contribution's receipt number, a mail address, an event's id
	Detail  map[string]string // what else was noted, before and after among it
}

// AuditQuery asks for the audit log, newest first. Empty fields restrict nothing.
type AuditQuery struct {
	Actor   string // whole, in any case
	Subject string // whole; a receipt number in any spelling
	After   string // the cursor that the page before gave
	Limit   int    // 0 for DefaultLimit
}

// AuditPage is a page of the audit log. Next is the cursor of the page after it, empty on the last one.
type AuditPage struct {
	Entries []AuditEntry
	Next    string
}

type auditRow struct {
	ID      int64     `db:"id"`
	At      time.Time `db:"at"`
	Actor   string    `db:"actor"`
	Action  string    `db:"action"`
	Subject string    `db:"subject"`
	Detail  []byte    `db:"detail"`
}

const selectAudit = `SELECT a.id, a.at, a.actor, a.action, a.subject, a.detail FROM audit_entry a`

func (row auditRow) number() int64 { return row.ID }

func (row auditRow) entry() (AuditEntry, error) {
	e := AuditEntry{ID: row.ID, At: row.At.UTC(), Actor: row.Actor, Action: row.Action, Subject: row.Subject}
	if err := json.Unmarshal(row.Detail, &e.Detail); err != nil {
		return AuditEntry{}, fmt.Errorf("read audit entry %d: %w", row.ID, err)
	}
	return e, nil
}

// Audit gives one page of the audit log. Errors are fault.Invalid where the question is wrong.
func (r *Reports) Audit(ctx context.Context, q AuditQuery) (AuditPage, error) {
	c, err := r.auditConditions(q)
	if err != nil {
		return AuditPage{}, err
	}
	asked := listing{things: "audit entries", sql: selectAudit, number: "a.id", after: q.After, limit: q.Limit}
	rows, next, err := newest[auditRow](ctx, r, asked, c)
	page := AuditPage{Next: next}
	for _, row := range rows {
		e, err := row.entry()
		if err != nil {
			return AuditPage{}, err
		}
		page.Entries = append(page.Entries, e)
	}
	return page, err
}

func (r *Reports) auditConditions(q AuditQuery) (*conditions, error) {
	for field, text := range map[string]string{"actor": q.Actor, "subject": q.Subject} {
		if err := checkText(field, text); err != nil {
			return nil, err
		}
	}
	c := &conditions{zone: r.zone}
	c.equal("a.actor", strings.ToLower(strings.TrimSpace(q.Actor))) // accounts are kept in small letters
	if subject := strings.TrimSpace(q.Subject); subject != "" {
		c.add("a.subject = ANY (%s)", c.arg(db.Array(append(spellings(subject), strings.ToLower(subject)))))
	}
	return c, nil
}
