package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

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
	list.Where.Equal("a.actor", strings.ToLower(strings.TrimSpace(q.Actor))) // accounts are kept in small letters
	if subject := strings.TrimSpace(q.Subject); subject != "" {
		spellings := append(text.Spellings(subject), strings.ToLower(subject))
		list.Where.Addf("a.subject = ANY (%s)", list.Where.Arg(db.Array(spellings)))
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

// recentEntries is how many of the newest entries Recent looks at: more say nothing new to who counts a flood.
const recentEntries = 1000

// Recent counts the entries of one action since a moment, repeats too, among the newest of the log, and says when the
// first of them was; zero where there is none. It reads in the caller's transaction.
func Recent(ctx context.Context, tx *sqlx.Tx, action Action, since time.Time) (n int64, first time.Time, err error) {
	var row struct {
		Count int64        `db:"count"`
		First sql.NullTime `db:"first"`
	}
	err = tx.GetContext(ctx, &row, `
		SELECT coalesce(sum(repeats), 0) AS count, min(at) AS first
		FROM (SELECT at, action, repeats FROM audit_entry ORDER BY id DESC LIMIT $3) latest
		WHERE action = $1 AND at > $2`, string(action), since, recentEntries)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("count recent audit entries: %w", err)
	}
	if row.First.Valid {
		first = row.First.Time.UTC()
	}
	return row.Count, first, nil
}
