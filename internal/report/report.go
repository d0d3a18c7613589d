// Package report answers the newsroom's questions about money: how much came in, from which campaigns and articles,
// what it cost, and what happened to one contribution.
//
// It only reads, except for the tables of Rollup. Like dashboard and health it reads other packages' tables, each
// answer in a read-only transaction that sees one state of the database. Every amount is a sum of ledger entries;
// amounts of two currencies are never added. Days are the publication's, in its time zone.
package report

import (
	"time"

	"readerfund/internal/db"
	"readerfund/internal/money"
)

// Reports answers queries from one database in one time zone.
type Reports struct {
	db    *db.DB
	zone  *time.Location
	order func(a, b money.Currency) int
}

// New returns the reports of a database. zone is where the publication's days begin and end; own is its currency, which
// is listed before all others. In the service, the database is a pool separate from the one for gifts, so that no
// report, however slow, keeps a gift waiting for a connection.
func New(d *db.DB, zone *time.Location, own money.Currency) *Reports {
	return &Reports{db: d, zone: zone, order: money.Order(own)}
}

// Today is the publication's current day at a given time.
func (r *Reports) Today(now time.Time) Day { return DayOf(now.In(r.zone)) }
