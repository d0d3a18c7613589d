package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/listing"
	"readerfund/internal/text"
)

// Query asks for entries, the newest first. Empty fields restrict nothing.
type Query struct {
	Actor   string // whole, in any case
	Subject string // whole; a receipt number in any spelling
	After   string // the cursor that the page before gave
	Limit   int    // 0 for listing.DefaultLimit
}

// Page is a page of the log. Next is the cursor of the page after it, empty on the last one.
type Page struct {
	Entries []Entry
	Next    string
}

// List gives one page of the log. Errors are fault.Invalid where the question is wrong.
func (l *Log) List(ctx context.Context, q Query) (Page, error) {
	if err := errors.Join(listing.CheckText("actor", q.Actor), listing.CheckText("subject", q.Subject)); err != nil {
		return Page{}, err
	}
	list := listing.List{
		Things: "audit_entries", Number: "a.id", After: q.After, Limit: q.Limit,
		SQL: `SELECT a.id, a.at, a.staff_id, a.actor, a.action, a.subject, a.detail FROM audit_entry a`,
	}
	add := func(condition string, value any) {
		list.Args = append(list.Args, value)
		list.Where = append(list.Where, fmt.Sprintf(condition, len(list.Args)))
	}
	if actor := strings.ToLower(strings.TrimSpace(q.Actor)); actor != "" { // accounts are kept in small letters
		add("a.actor = $%d", actor)
	}
	if subject := strings.TrimSpace(q.Subject); subject != "" {
		add("a.subject = ANY ($%d)", db.Array(append(text.Spellings(subject), strings.ToLower(subject))))
	}
	rows, next, err := listing.Newest[row](ctx, l.reading, list)
	if err != nil {
		return Page{}, err
	}
	page := Page{Next: next}
	for _, row := range rows {
		e, err := row.entry()
		if err != nil {
			return Page{}, err
		}
		page.Entries = append(page.Entries, e)
	}
	return page, nil
}

type row struct {
	ID      int64         `db:"id"`
	At      time.Time     `db:"at"`
	StaffID uuid.NullUUID `db:"staff_id"`
	Actor   string        `db:"actor"`
	Action  string        `db:"action"`
	Subject string        `db:"subject"`
	Detail  []byte        `db:"detail"`
}

// RowNumber is the entry's number.
func (r row) RowNumber() int64 { return r.ID }

func (r row) entry() (Entry, error) {
	e := Entry{At: r.At.UTC(), StaffID: r.StaffID.UUID, Actor: r.Actor, Action: Action(r.Action), Subject: r.Subject}
	if err := json.Unmarshal(r.Detail, &e.Detail); err != nil {
		return Entry{}, fmt.Errorf("read audit entry %d: %w", r.ID, err)
	}
	return e, nil
}
