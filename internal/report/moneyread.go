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
			fmt.Sprintf("coalesce(sum(l.entries) FILTER (WHERE l.kind IN (%s)), 0)::bigint AS %s", s.kinds, s.count))
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

// totalsQuery adds up each source by the ids that rows have, then all of them by what ids stand for, which is little.
func (r *Reports) totalsQuery(q TotalsQuery, campaign uuid.UUID, k kept) (string, []any) {
	w := &listing.Where{}
	entries := r.entries(q, campaign, w)
	sources, tail := []string(nil), entries.all()
	if tables, answered := q.tables(); k.ours && answered {
		from, to := k.widen(q.From, q.To)
		read := divide(from, to, tables)
		for _, t := range read {
			if t.name != "" {
				sources = append(sources, q.addUp(t.sums(q, campaign, w)))
			}
		}
		tail = r.lacking(entries, read)
	}
	sources = append(sources, q.addUp(r.postings(w, tail)))
	columns, groups := []string{"t.currency"}, []string{"t.currency"}
	for _, key := range q.By {
		columns = append(columns, keys[key].label+" AS "+string(key))
		groups = append(groups, keys[key].label)
	}
	return `
		SELECT ` + strings.Join(columns, ", ") + `, ` + q.sums() + `
		FROM (` + strings.Join(sources, " UNION ALL ") + `) t
		LEFT JOIN campaign k ON k.id = t.campaign_id LEFT JOIN article a ON a.id = t.article_id
		GROUP BY ` + strings.Join(groups, ", ") + ` HAVING ` + q.counted() + ` > 0`, w.Args()
}

// lacking are tables of the entries that the sums of some ranges lack. Those of days that no table is read for come from
// the ledger, all of them; changes of these days are among them.
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

// keys say how totals are broken down by each key: the columns by which a source is added up, and, over sources t,
// campaign k and article a, what a row shows. Text is grouped by its bytes, which sort many times as fast as by a
// language's collation.
var keys = map[Key]struct {
	columns []string
	label   string
}{
	ByDay:       {[]string{"day"}, "to_char(t.day, 'YYYY-MM-DD')"},
	ByMonth:     {[]string{"month"}, "to_char(t.month, 'YYYY-MM')"},
	ByCampaign:  {[]string{"campaign_id"}, "k.slug"},
	ByArticle:   {[]string{"article_id", "address"}, `coalesce(nullif(t.address, ''), a.address, '') COLLATE "C"`},
	ByFrequency: {[]string{"frequency"}, "t.frequency"},
}

// source is what totals are added up from: entries and changes, or a table of sums.
type source struct {
	from   string                         // with the conditions
	column func(name string) (sql string) // empty for one that it does not have
	sums   string                         // the columns of a table of sums, added up
}

// addUp adds a source up for a query. Every source has the same columns; those that the query does not ask for are
// null.
func (q TotalsQuery) addUp(s source) string {
	columns, groups := []string{"currency"}, []string{"currency"}
	for _, c := range []struct{ name, none string }{
		{"day", "NULL::date"}, {"month", "NULL::date"}, {"campaign_id", "NULL::uuid"}, {"article_id", "NULL::bigint"},
		{"address", "''"}, {"frequency", "NULL::text"},
	} {
		of := ""
		if slices.ContainsFunc(q.By, func(k Key) bool { return slices.Contains(keys[k].columns, c.name) }) {
			of = s.column(c.name)
		}
		if of == "" {
			columns = append(columns, c.none+" AS "+c.name)
			continue
		}
		columns, groups = append(columns, of+" AS "+c.name), append(groups, of)
	}
	return `(SELECT ` + strings.Join(columns, ", ") + `, ` + s.sums + ` FROM ` + s.from +
		` GROUP BY ` + strings.Join(groups, ", ") + `)`
}

// postings are entries or changes l from some tables.
func (r *Reports) postings(w *listing.Where, tables []string) source {
	column := func(name string) string {
		switch name {
		case "day":
			return local(w, r.zone, "l.occurred_at") + "::date"
		case "month":
			return "date_trunc('month', " + local(w, r.zone, "l.occurred_at") + ")::date"
		default:
			return "l." + name
		}
	}
	return source{"(" + strings.Join(tables, " UNION ALL ") + ") l", column, postingSums}
}

// sums are the sums over sources t, of a part only where the query asks for one.
func (q TotalsQuery) sums() string {
	columns, net := []string{"sum(t.charges)::bigint AS count", q.counted() + " AS entries"}, "0"
	for _, s := range sums {
		of := "0::bigint"
		if q.Part == "" || q.Part == s.part {
			of = "sum(t." + s.column + ")::bigint"
		}
		if s.left {
			net += " - " + of
		} else {
			net += " + " + of
		}
		columns = append(columns, of+" AS "+s.column)
	}
	columns[0] = "0::bigint AS count"
	if q.Part == "" || q.Part == Gifts {
		columns[0] = "sum(t.charges)::bigint AS count"
	}
	return strings.Join(append(columns, net+" AS net"), ", ")
}

// counted is the number of entries over sources t. Sums of no entries are no row: all of them moved to another
// frequency.
func (q TotalsQuery) counted() string {
	var counts []string
	for _, s := range sums {
		if q.Part == "" || q.Part == s.part {
			counts = append(counts, "sum(t."+s.count+")::bigint")
		}
	}
	return "(" + strings.Join(counts, " + ") + ")"
}

// sums are those rows of the table that a query covers.
func (t tableRange) sums(q TotalsQuery, campaign uuid.UUID, all *listing.Where) source {
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
	from := t.name
	if len(w) > 0 {
		from += " WHERE " + strings.Join(w, " AND ")
	}
	return source{from, t.column, tableSums}
}

// column is the expression of a column that totals are broken down by.
func (t tableRange) column(name string) string {
	switch {
	case name == "address": // it has the article's id
		return ""
	case name == "month" && t.period == day:
		return "date_trunc('month', day::timestamp)::date"
	default:
		return name
	}
}

// tableSums adds up the columns of a table of sums.
var tableSums = func() string {
	columns := make([]string, len(sumNames))
	for i, name := range sumNames {
		columns[i] = fmt.Sprintf("sum(%[1]s)::bigint AS %[1]s", name)
	}
	return strings.Join(columns, ", ")
}()
