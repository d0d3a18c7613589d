// Package experiment says which variant of a campaign does better, and when nobody can say yet: it puts the counts of
// the appeal (package count) beside the gifts and the ledger, and judges them. docs/decisions/0043 has the reasons.
//
// It only reads, other packages' tables too, as package report does, and draws no page. Readers are counted, not
// known: what is compared are sums.
package experiment

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/campaign"
	"readerfund/internal/db"
	"readerfund/internal/money"
	"readerfund/internal/report"
)

// Experiments reads results from one database. Days are the publication's.
type Experiments struct {
	db    *db.DB
	zone  *time.Location
	order func(a, b money.Currency) int
}

// New makes one; the arguments are those of report.New.
func New(d *db.DB, zone *time.Location, own money.Currency) *Experiments {
	return &Experiments{db: d, zone: zone, order: money.Order(own)}
}

// Results are what became of a campaign's appeal from one day to another, both included.
type Results struct {
	From, To report.Day
	Changed  time.Time // when what is compared was last changed; zero: never since the campaign was made

	Arms    []Arm   // one for each variant, in the campaign's order; a single one without a name where it has none
	Holdout *Arm    // readers who were shown nothing; nil where the campaign keeps none
	Split   Split   // whether readers were divided as the weights say
	Verdict Verdict // one sentence

	Channels []Channel // by format, each with its own views and gifts
	Outside  []Outside // gifts that belong to no variant, by where their readers came from
	Articles []Article // where it was seen most
}

// Arm is a variant, and what its readers did. Gifts that came by a link that a reader shared are not in it: whoever
// follows that link was shown nothing.
type Arm struct {
	Name   string
	Weight int
	Seen
	Given
}

// Seen are counts of the appeal.
type Seen struct {
	Readers  int64 `db:"readers"` // browsers that saw it for the first time; in the holdout, would have
	Views    int64 `db:"views"`
	Clicks   int64 `db:"clicks"`
	Closed   int64 `db:"closed"`
	OptedOut int64 `db:"opted_out"`
}

// Given is what came of it. A gift counts on the day on which its reader began it, with all money that has moved
// since.
type Given struct {
	Starts    int64 // went to PayPal
	Begun     int64 // paid, or agreed to give monthly or yearly
	Gifts     int64 // of those, less what went back whole
	Regretted int64 // begun, and stopped, refunded, reversed or disputed: report.Regretted
	Money     []Money
}

// Money is of one currency, in minor units.
type Money struct {
	Currency money.Currency
	Net      int64   // after fees, refunds and holds
	Squares  float64 // the sum of each gift's net, squared: how much it varies
}

// Channel is one format of one variant.
type Channel struct {
	Format string // empty: a link of the newsroom's own that carries the variant
	Arm
}

// Outside are gifts of the campaign without a variant: no lot was drawn for their readers.
type Outside struct {
	Way string // "shared", "earlier" (a variant that is no more), or the referrer's class; empty where it is not known
	Given
}

// Article is a page on which the appeal was seen.
type Article struct {
	Address string `db:"article"`
	Views   int64  `db:"views"`
	Clicks  int64  `db:"clicks"`
	Gifts   int64
}

// Results reads the results of a campaign as it stands. A zero From is the day from which what is compared was the same
// as now; a zero To is today. The error is a fault.Invalid on "to" where the days are in the wrong order.
func (e *Experiments) Results(
	ctx context.Context, k campaign.Campaign, now time.Time, from, to report.Day,
) (r Results, err error) {
	err = e.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		// Compiling the query took longer than it saved, with 200,000 gifts as with few.
		if _, err := tx.ExecContext(ctx, `SET LOCAL jit = off`); err != nil {
			return err
		}
		r, err = e.read(ctx, tx, k, now, from, to)
		return err
	})
	if err != nil {
		return Results{}, fmt.Errorf("read the results of campaign %s: %w", k.Slug, err)
	}
	r.Split = splitOf(r.Arms)
	drawing := slices.DeleteFunc(slices.Clone(r.Arms), func(a Arm) bool { return a.Weight <= 0 })
	r.Verdict = judge(drawing, r.Split, k.Currency)
	return r, nil
}

func (e *Experiments) read(
	ctx context.Context, tx *sqlx.Tx, k campaign.Campaign, now time.Time, from, to report.Day,
) (r Results, err error) {
	r.From, r.To = from, to
	if to.IsZero() {
		r.To = report.DayOf(now.In(e.zone))
	}
	first, err := e.sameSince(ctx, tx, k)
	if err != nil {
		return r, err
	}
	r.Changed = first.changed
	if from.IsZero() {
		r.From = first.day
	}
	if from.IsZero() && r.To.Before(r.From) { // it was changed today, and the new test begins tomorrow
		r.To = r.From
	}
	if err := report.CheckRange(r.From, r.To); err != nil {
		return r, err
	}
	cells, err := e.cells(ctx, tx, k, r.From, r.To)
	if err != nil {
		return r, err
	}
	r.fill(k, cells, e.order)
	r.Articles, err = e.articles(ctx, tx, k, r.From, r.To)
	return r, err
}

// fill adds up cells as they are shown.
func (r *Results) fill(k campaign.Campaign, cells []cell, order func(a, b money.Currency) int) {
	variants := k.Variants
	if len(variants) == 0 {
		variants = []campaign.Variant{{Weight: 1}}
	}
	for _, v := range variants {
		r.addArm(k, Arm{Name: v.Name, Weight: v.Weight}, cells, order)
	}
	if k.Holdout > 0 {
		r.Holdout = &Arm{Name: campaign.Holdout}
		r.Holdout.add(cells, order, func(c cell) bool { return c.variant == campaign.Holdout && drawn(k, c) })
	}
	r.Outside = outside(cells, order, func(c cell) bool { return c.Starts > 0 && !drawn(k, c) })
}

// drawn reports whether a cell belongs to one of the campaign's arms. Without variants, links on paper and in mails
// carry nothing, so that only a format tells that it was the appeal.
func drawn(k campaign.Campaign, c cell) bool {
	switch {
	case c.shared:
		return false
	case c.variant == campaign.Holdout:
		return k.Holdout > 0
	case len(k.Variants) == 0:
		return c.variant == "" && c.format != ""
	default:
		return k.HasVariant(c.variant)
	}
}

// addArm adds a variant, and each of its formats that was seen or brought anything.
func (r *Results) addArm(k campaign.Campaign, arm Arm, cells []cell, order func(a, b money.Currency) int) {
	own := func(c cell) bool { return c.variant == arm.Name && drawn(k, c) }
	for _, format := range append(campaign.Formats(), "") {
		channel := Channel{Format: format, Arm: Arm{Name: arm.Name, Weight: arm.Weight}}
		if channel.add(cells, order, func(c cell) bool { return own(c) && c.format == format }) {
			r.Channels = append(r.Channels, channel)
		}
	}
	arm.add(cells, order, own)
	r.Arms = append(r.Arms, arm)
}

// add adds the cells that belong to the arm, and reports whether there were any.
func (a *Arm) add(cells []cell, order func(a, b money.Currency) int, belongs func(cell) bool) (found bool) {
	for _, c := range cells {
		if !belongs(c) {
			continue
		}
		found = true
		a.Readers += c.Readers
		a.Views += c.Views
		a.Clicks += c.Clicks
		a.Closed += c.Closed
		a.OptedOut += c.OptedOut
		a.Given.add(c.Given, order)
	}
	return found
}
