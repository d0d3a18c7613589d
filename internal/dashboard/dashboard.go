// Package dashboard provides the data of the staff pages: lists of contributions, of PayPal's events and of
// differences, and everything that is known about one contribution.
//
// It only reads, including other packages' tables, each answer in a read-only transaction that sees one state of the
// database. It adds up only the figures of a single line; package report computes totals.
package dashboard

import (
	"database/sql"
	"time"

	"readerfund/internal/db"
)

// Views answers queries from one database in one time zone.
type Views struct {
	db   *db.DB
	zone *time.Location
}

// New returns the views of a database. zone is where the publication's days begin and end. In the service, the database
// is a pool separate from the one for gifts, so that no list, however slow, keeps a contribution waiting for a
// connection.
func New(d *db.DB, zone *time.Location) *Views { return &Views{db: d, zone: zone} }

// utc is a column's time in UTC, zero for null.
func utc(t sql.NullTime) time.Time {
	if !t.Valid {
		return time.Time{}
	}
	return t.Time.UTC()
}
