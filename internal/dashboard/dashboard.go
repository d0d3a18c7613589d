// Package dashboard answers what the staff pages ask: lists of contributions, of PayPal's events and of differences,
// and all that is known of one contribution.
//
// It only reads, other packages' tables too, each answer in a read-only transaction that sees one state of the
// database. It adds no money up but what stands on a line; package report does.
package dashboard

import (
	"database/sql"
	"time"

	"readerfund/internal/db"
)

// Views answers questions from one database in one time zone.
type Views struct {
	db   *db.DB
	zone *time.Location
}

// New returns the views of a database. zone is where the publication's days begin and end. Beside readers who give, the
// database is a pool of its own, so that no list, however slow, keeps a contribution waiting for a connection.
func New(d *db.DB, zone *time.Location) *Views { return &Views{db: d, zone: zone} }

// utc is a column's time in UTC, zero for null.
func utc(t sql.NullTime) time.Time {
	if !t.Valid {
		return time.Time{}
	}
	return t.Time.UTC()
}
