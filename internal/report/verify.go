package report

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/fault"
	"readerfund/internal/ledger"
	"readerfund/internal/money"
)

// SumDifference is a figure of the sums that MoneyRollup keeps that is not what the ledger's entries come to.
type SumDifference struct {
	Sums      string // the table: money_day, money_article_month and so on
	Day       Day    // of a month or a quarter, the first
	Currency  money.Currency
	Campaign  string // its slug, or its id if there is no such campaign; empty in sums of all campaigns
	Frequency string // empty in sums by article
	Article   string // its address, or its number if there is no such article; empty for none
	Figure    string // gross, fee, refunded or held, in minor units; charges, fees, refunds or holds, in entries
	Kept      int64
	Ledger    int64
}

// EachDifference compares all sums with the ledger, a month at a time, in one state of the database, and calls each for
// every figure that differs, the earliest first. It takes minutes with millions of payments; nothing waits for it.
//
// The error is a fault.Conflict if there are no sums, or if they are of another time zone.
func (r *MoneyRollup) EachDifference(ctx context.Context, each func(SumDifference) error) error {
	return r.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		sums, err := readKept(ctx, tx, r.zone)
		if err != nil {
			return err
		}
		if !sums.ours {
			return fault.New(fault.Conflict, "report.sums_missing", fault.Args{"zone": r.zone.String()})
		}
		first, last, err := r.span(ctx, tx)
		if err != nil {
			return err
		}
		for ; !last.Before(first); first = month.next(first) {
			if err := r.compareMonth(ctx, tx, first, each); err != nil {
				return err
			}
		}
		return nil
	})
}

// compareMonth compares the sums of a month, and those of the quarter that begins with it.
func (r *MoneyRollup) compareMonth(ctx context.Context, tx *sqlx.Tx, first Day, each func(SumDifference) error) error {
	long := func(t moneyTable) bool { return t.period == quarter }
	for _, c := range []struct {
		tables []moneyTable
		next   Day
	}{
		{slices.DeleteFunc(slices.Clone(moneyTables), long), month.next(first)},
		{slices.DeleteFunc(slices.Clone(moneyTables), func(t moneyTable) bool {
			return !long(t) || quarter.start(first) != first
		}), quarter.next(first)},
	} {
		if len(c.tables) == 0 {
			continue
		}
		found, err := r.differences(ctx, tx, c.tables, first, c.next)
		if err != nil {
			return fmt.Errorf("compare sums of the month of %s: %w", first, err)
		}
		for _, d := range found {
			if err := each(d); err != nil {
				return err
			}
		}
	}
	return nil
}

// differences are those of some tables, from one day up to, but not including, another.
func (r *MoneyRollup) differences(
	ctx context.Context, tx *sqlx.Tx, tables []moneyTable, first, next Day,
) ([]SumDifference, error) {
	var rows []struct {
		Sums      string         `db:"sums"`
		Day       time.Time      `db:"day"`
		Currency  string         `db:"currency"`
		Campaign  sql.NullString `db:"campaign"`
		Frequency sql.NullString `db:"frequency"`
		Article   sql.NullString `db:"article"`
		Figure    string         `db:"figure"`
		Kept      int64          `db:"kept"`
		Ledger    int64          `db:"ledger"`
	}
	var compared []string
	for _, t := range tables {
		compared = append(compared, t.compared())
	}
	err := tx.SelectContext(ctx, &rows, `
		WITH `+cellsOf("booked", entriesBetween("$4", "$5"), ofDays)+`,
		`+cellsOf("changed", "(SELECT "+ledger.ChangeColumns+" FROM ledger_change) l", ofDays)+`
		SELECT d.sums, d.day, d.currency, coalesce(k.slug, d.campaign_id::text) AS campaign, d.frequency,
		       CASE WHEN d.article_id > 0 THEN coalesce(a.address, d.article_id::text) END AS article,
		       d.figure, d.kept, d.ledger
		FROM (`+strings.Join(compared, " UNION ALL ")+`) d
		LEFT JOIN campaign k ON k.id = d.campaign_id LEFT JOIN article a ON a.id = d.article_id
		ORDER BY d.day, d.sums, d.currency, campaign, frequency, article, d.figure`,
		r.zone.String(), first.String(), next.String(), first.Add(-1).at, next.Add(1).at)
	all := make([]SumDifference, len(rows))
	for i, d := range rows {
		all[i] = SumDifference{
			Sums: d.Sums, Day: DayOf(d.Day), Currency: money.Currency(d.Currency), Campaign: d.Campaign.String,
			Frequency: d.Frequency.String, Article: d.Article.String, Figure: d.Figure, Kept: d.Kept, Ledger: d.Ledger,
		}
	}
	return all, err
}

// compared is a query for the figures in which the table, with what is to be added to it from the cells changed, is not
// what the cells booked come to.
func (t moneyTable) compared() string {
	column := map[string]string{"frequency": "NULL", "article_id": "NULL::bigint", "campaign_id": "NULL::uuid"}
	for _, key := range t.keys {
		column[key] = key
	}
	var added, figures []string
	for _, name := range sumNames {
		added = append(added, fmt.Sprintf("sum(%[1]s)::bigint AS %[1]s", name))
		figures = append(figures, fmt.Sprintf("('%[1]s', coalesce(k.%[1]s, 0), coalesce(b.%[1]s, 0))", name))
	}
	keys, sums := strings.Join(t.keys, ", "), strings.Join(added, ", ")
	return fmt.Sprintf(`
		SELECT '%[1]s' AS sums, %[2]s AS day, currency, %[9]s AS campaign_id, %[3]s AS frequency,
		       %[4]s AS article_id, f.*
		FROM (SELECT %[5]s, %[6]s FROM (
			SELECT %[5]s, %[7]s FROM %[1]s WHERE %[2]s >= $2::date AND %[2]s < $3::date
			UNION ALL SELECT %[5]s, %[7]s FROM changed) a GROUP BY %[5]s) k
		FULL JOIN (SELECT %[5]s, %[6]s FROM booked GROUP BY %[5]s) b USING (%[5]s)
		CROSS JOIN LATERAL (VALUES %[8]s) AS f (figure, kept, ledger)
		WHERE f.kept <> f.ledger`,
		t.name, t.period, column["frequency"], column["article_id"], keys, sums, strings.Join(sumNames, ", "),
		strings.Join(figures, ", "), column["campaign_id"])
}

// DifferenceColumns are the columns of a list of differences.
func DifferenceColumns() []Column[SumDifference] {
	return []Column[SumDifference]{
		{"sums", func(d SumDifference) Cell { return Text(d.Sums) }},
		{"day", func(d SumDifference) Cell { return Text(d.Day.String()) }},
		{"currency", func(d SumDifference) Cell { return Text(string(d.Currency)) }},
		{"campaign", func(d SumDifference) Cell { return Text(d.Campaign) }},
		{"frequency", func(d SumDifference) Cell { return Text(d.Frequency) }},
		{"article", func(d SumDifference) Cell { return Text(d.Article) }},
		{"figure", func(d SumDifference) Cell { return Text(d.Figure) }},
		{"kept", func(d SumDifference) Cell { return d.cell(d.Kept) }},
		{"ledger", func(d SumDifference) Cell { return d.cell(d.Ledger) }},
	}
}

// cell is an amount, or a number of entries.
func (d SumDifference) cell(n int64) Cell {
	for _, s := range sums {
		if d.Figure == s.column {
			return Digits(n, d.Currency)
		}
	}
	return count(n)
}
