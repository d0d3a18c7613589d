package report

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
)

// period is what a row of a table of sums is about: the name of the column with its first day.
type period string

const (
	day     period = "day"
	month   period = "month"
	quarter period = "quarter"
)

// start is the first day of the period with a day in it.
func (p period) start(d Day) Day {
	switch p {
	case month:
		return d.Month()
	case quarter:
		first := d.Month()
		return Day{first.at.AddDate(0, -(int(first.at.Month())-1)%3, 0)}
	default:
		return d
	}
}

// next is the first day of the period after that with a day in it.
func (p period) next(d Day) Day {
	switch p {
	case month:
		return d.Month().Add(31).Month()
	case quarter:
		return p.start(p.start(d).Add(93))
	default:
		return d.Add(1)
	}
}

// moneyTable is a table of sums: what it has a row for, by the columns of cellsOf. Its period is one of its keys.
type moneyTable struct {
	name   string
	period period
	keys   []string
}

var (
	moneyDay       = moneyTable{"money_day", day, []string{"day", "currency", "campaign_id", "frequency"}}
	articleQuarter = moneyTable{"money_article_quarter", quarter, []string{"article_id", "quarter", "currency"}}
	articleMonth   = moneyTable{"money_article_month", month, []string{"article_id", "month", "currency"}}
	articleDay     = moneyTable{"money_article_day", day, []string{"article_id", "day", "currency"}}

	campaignArticle = moneyTable{"money_campaign_article", month,
		[]string{"campaign_id", "article_id", "month", "currency"}}

	moneyTables = []moneyTable{moneyDay, articleQuarter, articleMonth, articleDay, campaignArticle}
)

// kept says what sums there are. They are ours if they are of our time zone; then all of them are of days from the
// first to the last, which are zero if there are none.
type kept struct {
	ours        bool
	first, last Day
}

// readKept reads what sums there are for a time zone, in the transaction that reads them.
func readKept(ctx context.Context, tx *sqlx.Tx, zone *time.Location) (kept, error) {
	var rows []struct {
		First sql.NullTime `db:"first"`
		Last  sql.NullTime `db:"last"`
	}
	err := tx.SelectContext(ctx, &rows, `
		SELECT (SELECT min(day) FROM money_day) AS first, (SELECT max(day) FROM money_day) AS last
		FROM money_progress WHERE zone = $1`, zone.String())
	if err != nil {
		return kept{}, fmt.Errorf("read what sums there are: %w", err)
	}
	if len(rows) == 0 {
		return kept{}, nil
	}
	k := kept{ours: true}
	if rows[0].First.Valid {
		k.first, k.last = DayOf(rows[0].First.Time), DayOf(rows[0].Last.Time)
	}
	return k, nil
}

// widen opens the ends of a range that reach as far as the sums: then it has no days beside its whole periods there.
func (k kept) widen(from, to Day) (Day, Day) {
	if !k.first.Before(from) {
		from = Day{}
	}
	if !to.Before(k.last) {
		to = Day{}
	}
	return from, to
}

// tableRange is a table of sums with the days to read from it, both included; a zero Day leaves that end open. Without
// a table, the days are read from entries.
type tableRange struct {
	moneyTable

	from, to Day
}

// tables are the tables that answer the query together, from that of the longest periods; days beside its whole periods
// are read from the next, and from entries if there is none. answered is false if sums do not tell enough apart.
func (q TotalsQuery) tables() (tables []moneyTable, answered bool) {
	by := func(k Key) bool { return slices.Contains(q.By, k) }
	campaign, frequency := q.Campaign != "" || by(ByCampaign), q.Frequency != "" || by(ByFrequency)
	switch article := q.Article != "" || q.NoArticle || by(ByArticle); {
	case !article:
		return []moneyTable{moneyDay}, true
	case frequency, campaign && by(ByDay):
		return nil, false
	case campaign:
		return []moneyTable{campaignArticle}, true
	case by(ByDay):
		return []moneyTable{articleDay}, true
	case by(ByMonth):
		return []moneyTable{articleMonth, articleDay}, true
	default:
		return []moneyTable{articleQuarter, articleMonth, articleDay}, true
	}
}

// divide reads the whole periods of a range from the first table, and what is beside them from the others.
func divide(from, to Day, tables []moneyTable) []tableRange {
	if len(tables) == 0 {
		return []tableRange{{from: from, to: to}}
	}
	first, next, p := from, Day{}, tables[0].period // whole periods are from first up to, but not including, next
	if !from.IsZero() && from != p.start(from) {
		first = p.next(from)
	}
	if !to.IsZero() {
		next = p.start(to.Add(1))
		if !first.Before(next) {
			return divide(from, to, tables[1:])
		}
	}
	all := []tableRange{{moneyTable: tables[0], from: first}}
	if first != from {
		all = append(all, divide(from, first.Add(-1), tables[1:])...)
	}
	if !to.IsZero() {
		all[0].to = next.Add(-1)
		if all[0].to != to {
			all = append(all, divide(next, to, tables[1:])...)
		}
	}
	return all
}
