package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
)

// Config is what a Log needs.
type Config struct {
	DB      *db.DB
	Reading *db.DB // for lists: the same database through a pool that no reader waits for
	Now     func() time.Time
}

// Log is the audit log of a database. It is safe for concurrent use.
type Log struct {
	db      *db.DB
	reading *db.DB
	now     func() time.Time
}

// NewLog gives the audit log of a database.
func NewLog(c Config) *Log { return &Log{db: c.DB, reading: c.Reading, now: c.Now} }

// Record writes an entry, as of now, for what needs no other write.
func (l *Log) Record(ctx context.Context, e Entry) error {
	e.At = l.now().UTC()
	return l.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error { return Write(ctx, tx, e) })
}

// viewAgain is how long a look at the same page is the same look: reading on, going back and reloading are no news.
const viewAgain = time.Hour

// RecordView is Record for a look at personal data: once for an actor, action, subject and hour.
func (l *Log) RecordView(ctx context.Context, e Entry) error {
	var seen bool
	err := l.db.GetContext(ctx, &seen, `
		SELECT EXISTS (SELECT 1 FROM audit_entry WHERE subject = $1 AND actor = $2 AND action = $3 AND at > $4)`,
		e.Subject, e.Actor, string(e.Action), l.now().UTC().Add(-viewAgain))
	if err != nil {
		return db.Translate(fmt.Errorf("look for an earlier view: %w", err))
	}
	if seen {
		return nil
	}
	return l.Record(ctx, e)
}
