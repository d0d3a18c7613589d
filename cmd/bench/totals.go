package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/report"
)

// Sizes of the two histories that totals are timed over, in payments.
const (
	fewGifts   = 100_000
	manyGifts  = 1_000_000
	quickGifts = 20_000
)

// tablesAim is how long all tables of a year may take together, in milliseconds, and sizeAim how many times what they
// take of few payments.
const (
	tablesAim = 50
	sizeAim   = 1.3
	limitAim  = 1.5
)

// measureTotals times the money of a year, by all that totals are broken down by, over few and over many payments; and,
// over the many, beside the same figures by the ledger's entries, and beside a bare query for the rows that the sums
// have of them.
func (b *bench) measureTotals(ctx context.Context) (err error) {
	sizes := []int{fewGifts, manyGifts}
	switch {
	case b.Rows > 0:
		sizes[1] = b.Rows
	case b.Quick:
		sizes = []int{quickGifts / 10, quickGifts}
	}
	var books []*summed
	defer func() {
		for _, of := range books {
			err = errors.Join(err, of.pool.Close())
		}
	}()
	var rebuilt [2][]float64
	for n, size := range sizes {
		of, seconds, err := b.openBooks(ctx, size)
		if err != nil {
			return err
		}
		books, rebuilt[n] = append(books, of), []float64{seconds}
	}
	few, many, of := books[0], books[1], fmt.Sprintf(", of %s payments", grouped(float64(sizes[1])))
	against := "of " + grouped(float64(sizes[0]))
	b.add(compare("sums of money, made anew"+of, "s", against, rebuilt[1], rebuilt[0], 0))
	for _, q := range yearQuestions() {
		took, err := contest(ctx, b.plan, many.asks(many.reports, q.queries...), few.asks(few.reports, q.queries...),
			many.asks(many.entries, q.queries...), many.reads(q.bare))
		if err != nil {
			return err
		}
		sized := compare(q.what+of, "ms", against, took[0], took[1], 0)
		limited := compare("the same", "ms", "a bare query of the sums", took[0], took[3], 0)
		if q.aims {
			sized, limited = sized.atMost(sizeAim), limited.atMost(limitAim)
			b.add(compare(q.what+of, "ms", "-", took[0], nothing(len(took[0])), 0).figureAtMost(tablesAim))
		}
		b.add(sized)
		b.add(limited)
		b.add(compare("the same", "ms", "GROUP BY over the ledger", took[0], took[2], 0))
	}
	return nil
}

// summed is a history with its sums.
type summed struct {
	pool             *db.DB
	reports, entries *report.Reports // by sums, and by the ledger's entries
}

// openBooks fills a database, and makes its sums, which takes so many seconds.
func (b *bench) openBooks(ctx context.Context, payments int) (*summed, float64, error) {
	address, err := b.house.database(ctx, fmt.Sprintf("totals_%d", payments))
	if err != nil {
		return nil, 0, err
	}
	if err := b.house.migrate([]string{"DATABASE_URL=" + address}); err != nil {
		return nil, 0, err
	}
	if err := newHistory(payments, time.Now()).fill(ctx, address, b.say); err != nil {
		return nil, 0, err
	}
	pool, err := db.Open(ctx, address, db.Options{MaxOpen: 1, MaxLifetime: 24 * time.Hour, AnswerTimeout: -1})
	if err != nil {
		return nil, 0, err
	}
	of := &summed{pool: pool, reports: report.New(pool, time.UTC, "EUR")}
	// Sums are of one time zone, by its name; where totals are asked for in another, they are read from the ledger.
	zone, err := time.LoadLocation("Etc/UTC")
	if err != nil {
		return of, 0, err
	}
	of.entries = report.New(pool, zone, "EUR")
	began := time.Now()
	if err := report.NewMoneyRollup(pool, time.UTC).Rebuild(ctx); err != nil {
		return of, 0, err
	}
	seconds := time.Since(began).Seconds()
	return of, seconds, execute(ctx, pool, "VACUUM ANALYZE")
}

// yearQuestion is what is asked about a year, and bare queries for the same rows of the sums.
type yearQuestion struct {
	what    string
	queries []report.TotalsQuery
	bare    []string
	aims    bool
}

// yearQuestions are the tables of a dashboard, all together and each by itself. The year ends today, so that it has
// days beside its whole months.
func yearQuestions() []yearQuestion {
	year := func(by ...report.Key) report.TotalsQuery {
		return report.TotalsQuery{From: dayBefore(364), To: dayBefore(0), By: by}
	}
	bare := func(table, keys, where string) string {
		return `SELECT ` + keys + `, sum(gross), sum(fee), sum(refunded), sum(held), sum(charges), sum(fees), sum(refunds),
			sum(holds) FROM ` + table + ` WHERE ` + where + ` GROUP BY ` + keys
	}
	days := fmt.Sprintf("day >= '%s'", dayBefore(364))
	one := func(what string, q report.TotalsQuery, queries ...string) yearQuestion {
		return yearQuestion{what: "a year by " + what, queries: []report.TotalsQuery{q}, bare: queries}
	}
	all := yearQuestion{what: "all tables of a year", aims: true}
	questions := []yearQuestion{
		one("day", year(report.ByDay), bare("money_day", "day, currency", days)),
		one("month", year(report.ByMonth), bare("money_day", "currency", days)),
		one("campaign", year(report.ByCampaign), bare("money_day", "campaign_id, currency", days)),
		one("frequency", year(report.ByFrequency), bare("money_day", "frequency, currency", days)),
		one("article", year(report.ByArticle), bareArticles(bare)...),
	}
	for _, q := range questions {
		all.queries, all.bare = append(all.queries, q.queries...), append(all.bare, q.bare...)
	}
	ofOne := year(report.ByDay)
	ofOne.Article = historyArticle
	return append([]yearQuestion{all}, append(questions, yearQuestion{
		what: "an article's year by day", queries: []report.TotalsQuery{ofOne},
		bare: []string{bare("money_article_day", "day, currency", "article_id = 77 AND "+days)},
	})...)
}

// bareArticles are the rows of quarters in the year, and of the months and days before them.
func bareArticles(bare func(table, keys, where string) string) []string {
	const keys = "article_id, currency"
	from := dayBefore(364)
	months := from.Add(-1).Month().Add(31).Month() // the first whole one
	quarters := months
	for !strings.Contains(" 01 04 07 10", " "+quarters.String()[5:7]) {
		quarters = quarters.Add(31).Month()
	}
	return []string{
		bare("money_article_quarter", keys, fmt.Sprintf("quarter >= '%s'", quarters)),
		bare("money_article_month", keys, fmt.Sprintf("month >= '%s' AND month < '%s'", months, quarters)),
		bare("money_article_day", keys, fmt.Sprintf("day >= '%s' AND day < '%s'", from, months)),
	}
}

// asks is a turn in which totals are asked for, in milliseconds for all queries together.
func (of *summed) asks(reports *report.Reports, queries ...report.TotalsQuery) contestant {
	return often("totals", func(ctx context.Context) error {
		for _, q := range queries {
			if _, err := reports.Totals(ctx, q); err != nil {
				return err
			}
		}
		return nil
	})
}

// reads is a turn in which bare queries are made, and their rows are read.
func (of *summed) reads(queries []string) contestant {
	return often("bare queries", func(ctx context.Context) error {
		for _, q := range queries {
			if err := readAll(ctx, of.pool, q); err != nil {
				return err
			}
		}
		return nil
	})
}

// readAll reads every row of a query, and forgets them.
func readAll(ctx context.Context, pool *db.DB, query string) (err error) {
	rows, err := pool.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Err(), rows.Close()) }()
	for rows.Next() {
	}
	return nil
}

// often is a turn in which something is done for as long as it lasts, once at least, in milliseconds for once.
func often(name string, do func(context.Context) error) contestant {
	return contestant{name: name, turn: func(ctx context.Context, length time.Duration) (float64, error) {
		began, times := time.Now(), 0
		for times == 0 || time.Since(began) < length/4 {
			if err := do(ctx); err != nil {
				return 0, err
			}
			times++
		}
		return milliseconds(time.Since(began)) / float64(times), nil
	}}
}
