// Package report answers the newsroom's questions about money: what came in, from where, what it cost, and what became
// of one contribution.
//
// It only reads, but for the tables of Rollup. It is the one package that reads other packages' tables, each answer in
// a read-only transaction that sees one state of the database. Every amount is a sum of ledger entries; amounts of two
// currencies are never added. Days are the publication's, in its time zone.
package report

import (
	"time"

	"readerfund/internal/db"
	"readerfund/internal/money"
)

// Reports answers questions from one database in one time zone.
type Reports struct {
	db    *db.DB
	zone  *time.Location
	order func(a, b money.Currency) int
}

// New gives the reports of a database. zone is where the publication's days begin and end; own is its currency, which
// comes before all others. Beside readers who give, the database is a pool of its own, so that no report, however slow,
// keeps a gift waiting for a connection.
func New(d *db.DB, zone *time.Location, own money.Currency) *Reports {
	return &Reports{db: d, zone: zone, order: money.Order(own)}
}

// Today is the publication's day at a moment.
func (r *Reports) Today(now time.Time) Day { return dayOf(now.In(r.zone)) }
