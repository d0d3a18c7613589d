package report

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/fault"
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

// Audit gives one page of the audit log. Errors are fault.Invalid where the question is wrong.
func (r *Reports) Audit(ctx context.Context, q AuditQuery) (AuditPage, error) {
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	c, err := r.auditConditions(q)
	if err != nil {
		return AuditPage{}, err
	}
	var rows []struct {
		ID      int64     `db:"id"`
		At      time.Time `db:"at"`
		Actor   string    `db:"actor"`
		Action  string    `db:"action"`
		Subject string    `db:"subject"`
		Detail  []byte    `db:"detail"`
	}
	query := `SELECT a.id, a.at, a.actor, a.action, a.subject, a.detail FROM audit_entry a` + c.where() + ` ORDER BY a.id DESC LIMIT ` + c.arg(q.Limit+1)
	err = r.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, query, c.args...)
	})
	if err != nil {
		return AuditPage{}, fmt.Errorf("read audit log: %w", err)
	}
	var page AuditPage
	if len(rows) > q.Limit { // the one too many says that there is more
		rows = rows[:q.Limit]
		page.Next = strconv.FormatInt(rows[q.Limit-1].ID, 10)
	}
	for _, row := range rows {
		e := AuditEntry{ID: row.ID, At: row.At.UTC(), Actor: row.Actor, Action: row.Action, Subject: row.Subject}
		if err := json.Unmarshal(row.Detail, &e.Detail); err != nil {
			return AuditPage{}, fmt.Errorf("read audit entry %d: %w", row.ID, err)
		}
		page.Entries = append(page.Entries, e)
	}
	return page, nil
}

func (r *Reports) auditConditions(q AuditQuery) (*conditions, error) {
	if q.Limit < 0 || q.Limit > MaxLimit {
		return nil, fault.Invalidf("limit", "A page has between 1 and %d entries.", MaxLimit)
	}
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
	if q.After != "" {
		after, err := strconv.ParseInt(q.After, 10, 64)
		if err != nil {
			return nil, errCursor()
		}
		c.add("a.id < %s", c.arg(after))
	}
	return c, nil
}
