package report

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/listing"
	"readerfund/internal/money"
)

// sumNames are the columns of a table of sums: the amount and the number of entries of each part.
var sumNames = func() (names []string) {
	for _, s := range sums {
		names = append(names, s.column, s.count)
	}
	return names
}()

// postingSums turns ledger entries or changes l into the columns of a table of sums.
var postingSums = func() string {
	var columns []string
	for _, s := range sums {
		sign := ""
		if s.left {
			sign = "-"
		}
		columns = append(columns,
			fmt.Sprintf("%scoalesce(sum(l.amount_minor) FILTER (WHERE l.kind IN (%s)), 0)::bigint AS %s",
				sign, s.kinds, s.column),
			fmt.Sprintf("coalesce(sum(l.entries) FILTER (WHERE l.kind IN (%s)), 0)::integer AS %s", s.kinds, s.count))
	}
	return strings.Join(columns, ", ")
}()

// readTotals adds up in one statement, from the sums that are kept and what they lack. Without sums, or where they do
// not tell enough apart, it reads entries.
func (r *Reports) readTotals(
	ctx context.Context, tx *sqlx.Tx, q TotalsQuery, campaign uuid.UUID, k kept,
) ([]TotalsRow, error) {
	var rows []struct {
		Currency string `db:"currency"`
		Day      string `db:"day"`
		Month    string `db:"month"`
		Campaign string `db:"campaign"`
		Article  string `db:"article"`

		Frequency string `db:"frequency"`
		Count     int64  `db:"count"`
		Entries   int64  `db:"entries"`
		Sums
	}
	query, args := r.totalsQuery(q, campaign, k)
	if err := tx.SelectContext(ctx, &rows, query, args...); err != nil {
		return nil, err
	}
	totals := make([]TotalsRow, len(rows))
	for i, row := range rows {
		totals[i] = TotalsRow{
			Currency: money.Currency(row.Currency), Day: row.Day, Month: row.Month,
			Campaign: row.Campaign, Article: row.Article, Frequency: row.Frequency,
			Count: row.Count, Entries: row.Entries, Sums: row.Sums,
		}
	}
	return totals, nil
}

// totalsQuery adds up all sources together by the ids that their rows have, and then looks up what ids stand for.
func (r *Reports) totalsQuery(q TotalsQuery, campaign uuid.UUID, k kept) (string, []any) {
	w := &listing.Where{}
	entries := r.entries(q, campaign, w)
	sources, tail := []string(nil), entries.all()
	if tables, answered := q.tables(); k.ours && answered {
		from, to := k.widen(q.From, q.To)
		read := divide(from, to, tables)
		for _, t := range read {
			if t.name != "" {
				sources = append(sources, t.rows(q, campaign, w))
			}
		}
		tail = r.lacking(entries, read)
	}
	sources = append(sources, r.addedUp(q, w, tail))
	names, labels := []string{"currency"}, []string{"t.currency"}
	for _, key := range q.By {
		names, labels = append(names, keys[key].columns...), append(labels, keys[key].label+" AS "+string(key))
	}
	by := strings.Join(names, ", ")
	return `
		SELECT ` + strings.Join(labels, ", ") + `, count, entries, gross, fee, refunded, held, net FROM (
			SELECT ` + by + `, ` + q.sums() + ` FROM (` + strings.Join(sources, " UNION ALL ") + `) m
			GROUP BY ` + by + ` HAVING ` + q.counted() + ` > 0) t` + q.named(), w.Args()
}

// lacking are tables of the entries that the sums of some ranges lack. Those of days that no table is read for come
// from the ledger, all of them; changes of these days are among them.
func (r *Reports) lacking(e entries, read []tableRange) []string {
	tail := e.uncounted()
	if !slices.ContainsFunc(read, func(t tableRange) bool { return t.name == "" }) {
		return append(tail, e.changes(nil))
	}
	for _, t := range read {
		days := between(e.w, r.zone, "l.occurred_at", t.from, t.to)
		if t.name == "" {
			tail = append(tail, e.counted(days))
		} else {
			tail = append(tail, e.changes(days))
		}
	}
	return tail
}

// keys say how totals are broken down by each key: the columns that they are added up by, and, over these sums t,
// campaign k and article a, what a row shows.
var keys = map[Key]struct {
	columns []string
	label   string
}{
	ByDay:       {[]string{"day"}, "to_char(t.day, 'YYYY-MM-DD')"},
	ByMonth:     {[]string{"month"}, "to_char(t.month, 'YYYY-MM')"},
	ByCampaign:  {[]string{"campaign_id"}, "k.slug"},
	ByArticle:   {[]string{"article_id", "address"}, "coalesce(nullif(t.address, ''), a.address, '')"},
	ByFrequency: {[]string{"frequency"}, "t.frequency"},
}

// named joins what ids stand for.
func (q TotalsQuery) named() (joins string) {
	if slices.Contains(q.By, ByCampaign) {
		joins += " JOIN campaign k ON k.id = t.campaign_id"
	}
	if slices.Contains(q.By, ByArticle) {
		joins += " LEFT JOIN article a ON a.id = t.article_id"
	}
	return joins
}

// columns are the columns of a source that the query is broken down by, written by column, and the list to group them
// by.
func (q TotalsQuery) columns(column func(name string) string) (columns, groups string) {
	all, by := []string{"currency"}, []string{"currency"}
	for _, key := range q.By {
		for _, name := range keys[key].columns {
			of := column(name)
			all, by = append(all, of+" AS "+name), append(by, of)
		}
	}
	return strings.Join(all, ", "), strings.Join(by, ", ")
}

// addedUp is a source: entries or changes of some tables, added up.
func (r *Reports) addedUp(q TotalsQuery, w *listing.Where, tables []string) string {
	columns, groups := q.columns(func(name string) string {
		switch name {
		case "day":
			return local(w, r.zone, "l.occurred_at") + "::date"
		case "month":
			return "date_trunc('month', " + local(w, r.zone, "l.occurred_at") + ")::date"
		case "article_id":
			return "coalesce(l.article_id, 0)"
		default:
			return "l." + name
		}
	})
	return `SELECT ` + columns + `, ` + postingSums + ` FROM (` + strings.Join(tables, " UNION ALL ") + `) l GROUP BY ` +
		groups
}

// sums are the sums over sources m, of a part only where the query asks for one.
func (q TotalsQuery) sums() string {
	count, columns, net := "0::bigint", []string{q.counted() + " AS entries"}, "0"
	for _, s := range sums {
		of := "0::bigint"
		if q.Part == "" || q.Part == s.part {
			of = "sum(m." + s.column + ")::bigint"
			if s.part == Gifts {
				count = "sum(m." + s.count + ")::bigint"
			}
		}
		if s.left {
			net += " - " + of
		} else {
			net += " + " + of
		}
		columns = append(columns, of+" AS "+s.column)
	}
	return strings.Join(append(columns, count+" AS count", net+" AS net"), ", ")
}

// counted is the number of entries over sources m. Sums of no entries are no row: all of them moved to another
// frequency.
func (q TotalsQuery) counted() string {
	var counts []string
	for _, s := range sums {
		if q.Part == "" || q.Part == s.part {
			counts = append(counts, "m."+s.count)
		}
	}
	return "sum(" + strings.Join(counts, " + ") + ")::bigint"
}

// rows is a source: those rows of the table that a query covers.
func (t tableRange) rows(q TotalsQuery, campaign uuid.UUID, all *listing.Where) string {
	var w []string
	is := func(format string, value any) { w = append(w, fmt.Sprintf(format, all.Arg(value))) }
	if !t.from.IsZero() {
		is(string(t.period)+" >= %s::date", t.from.String())
	}
	if !t.to.IsZero() {
		is(string(t.period)+" <= %s::date", t.to.String())
	}
	if q.Currency != "" {
		is("currency = %s", string(q.Currency))
	}
	if q.Campaign != "" {
		is("campaign_id = %s", campaign)
	}
	if q.Frequency != "" {
		is("frequency = %s", q.Frequency)
	}
	switch {
	case q.Article != "":
		w = append(w, "article_id = "+articleOf(all.Arg(q.Article)))
	case q.NoArticle:
		w = append(w, "article_id = 0")
	}
	columns, _ := q.columns(t.column)
	where := ""
	if len(w) > 0 {
		where = " WHERE " + strings.Join(w, " AND ")
	}
	return `SELECT ` + columns + `, ` + strings.Join(sumNames, ", ") + ` FROM ` + t.name + where
}

// column is the expression of a column that totals are broken down by.
func (t tableRange) column(name string) string {
	switch {
	case name == "address": // it has the article's id
		return "''"
	case name == "month" && t.period == day:
		return "date_trunc('month', day::timestamp)::date"
	default:
		return name
	}
}
