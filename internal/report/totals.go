package report

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/fault"
	"readerfund/internal/listing"
	"readerfund/internal/money"
)

// Key is a dimension that totals are broken down by, besides the currency, which they always are.
type Key string

// The keys.
const (
	ByDay      Key = "day"      // the publication's day on which the money moved
	ByMonth    Key = "month"    // its month, written 2026-11
	ByCampaign Key = "campaign" // the campaign's slug
	ByArticle  Key = "article"  // the article's address, empty for none

	ByFrequency Key = "frequency" // how often its reader gives: once, month or year
)

// Keys lists the keys.
func Keys() []Key { return []Key{ByDay, ByMonth, ByCampaign, ByArticle, ByFrequency} }

// ParseKeys reads keys as --by takes them: names with commas between. The error is a fault.Invalid on "by".
func ParseKeys(text string) ([]Key, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var keys []Key
	for name := range strings.SplitSeq(text, ",") {
		key := Key(strings.TrimSpace(name))
		if !slices.Contains(Keys(), key) {
			return nil, fault.Input("by", "report.group_unknown", fault.Args{"group": name})
		}
		if slices.Contains(keys, key) {
			return nil, fault.Input("by", "report.group_twice", fault.Args{"group": name})
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// Part is the part of the money that one figure of totals counts.
type Part string

// The parts.
const (
	Gifts   Part = "gifts"   // count and gross
	Fees    Part = "fees"    // fee
	Refunds Part = "refunds" // refunded
	Holds   Part = "holds"   // held
)

// TotalsQuery asks for totals of the money that moved from one day to another, both included; a zero day leaves that
// end open. Campaign (slug), Article (address), Frequency, Currency and Part restrict it if they are not empty.
type TotalsQuery struct {
	From, To  Day
	By        []Key
	Campaign  string
	Article   string
	NoArticle bool   // only money without an article
	Frequency string // once, month or year
	Currency  money.Currency
	Part      Part
}

func (q TotalsQuery) check() error {
	var part, article, frequency error
	if q.Frequency != "" && !slices.Contains([]string{"once", "month", "year"}, q.Frequency) {
		frequency = fault.Input("frequency", "report.frequency_unknown", fault.Args{"frequency": q.Frequency})
	}
	if q.Part != "" && !slices.Contains([]Part{Gifts, Fees, Refunds, Holds}, q.Part) {
		part = fault.Input("part", "report.part_unknown", fault.Args{"part": q.Part})
	}
	if q.NoArticle && q.Article != "" {
		article = fault.Input("article", "report.article_contradiction")
	}
	return errors.Join(
		CheckRange(q.From, q.To), listing.CheckText("campaign", q.Campaign), listing.CheckText("article", q.Article),
		article, frequency, CheckCurrency(q.Currency), part)
}

// TotalsRow is the money of one currency, for one value of each key of the query; the other keys are empty.
//
// Gross is what readers paid; Fee what PayPal kept, including for disputes, less what it gave back; Refunded what went
// back to readers, by refund or by reversal; Held what PayPal holds back for open disputes; Net the sum of all entries.
// Net = Gross - Fee - Refunded - Held. Money counts on the day it moved, so a day with only refunds has a negative Net,
// and a day on which a hold ended has a negative Held.
type TotalsRow struct {
	Currency money.Currency
	Day      string // 2026-11-30
	Month    string // 2026-11
	Campaign string
	Article  string

	Frequency string // once, month or year
	Count     int64  // charges
	Entries   int64  // of the ledger
	Sums
}

// Sums are minor units of one currency.
type Sums struct {
	Gross    int64 `db:"gross"`
	Fee      int64 `db:"fee"`
	Refunded int64 `db:"refunded"`
	Held     int64 `db:"held"`
	Net      int64 `db:"net"`
}

// Totals adds up the ledger. Rows are in the order of the keys, days and months from the earliest and text by its
// bytes, then of currencies, the publication's first. Errors are fault.Invalid if the query is wrong.
func (r *Reports) Totals(ctx context.Context, q TotalsQuery) ([]TotalsRow, error) {
	query, args, err := r.totalsQuery(ctx, q)
	if err != nil {
		return nil, err
	}
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
	err = r.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, query, args...)
	})
	if err != nil {
		return nil, fmt.Errorf("read totals: %w", err)
	}
	totals := make([]TotalsRow, len(rows))
	for i, row := range rows {
		totals[i] = TotalsRow{
			Currency: money.Currency(row.Currency), Day: row.Day, Month: row.Month,
			Campaign: row.Campaign, Article: row.Article, Frequency: row.Frequency,
			Count: row.Count, Entries: row.Entries, Sums: row.Sums,
		}
	}
	slices.SortFunc(totals, func(a, b TotalsRow) int {
		for _, key := range q.By {
			if d := strings.Compare(a.value(key), b.value(key)); d != 0 {
				return d
			}
		}
		return r.order(a.Currency, b.Currency)
	})
	return totals, nil
}

func (r *Reports) totalsQuery(ctx context.Context, q TotalsQuery) (string, []any, error) {
	w := &listing.Where{}
	from, err := r.entries(ctx, q, w, "")
	if err != nil {
		return "", nil, err
	}
	if slices.Contains(q.By, ByCampaign) {
		from += " JOIN campaign k ON k.id = l.campaign_id"
	}
	columns := []string{"l.currency AS currency"}
	groups := []string{"l.currency"}
	for _, key := range q.By {
		column, group := r.column(w, key)
		columns = append(columns, column+" AS "+string(key))
		groups = append(groups, group)
	}
	return `
		SELECT ` + strings.Join(columns, ", ") + `, count(*) FILTER (WHERE l.kind = 'charge') AS count, count(*) AS entries,
		       ` + SumColumns + `
		FROM ` + from + `
		GROUP BY ` + strings.Join(groups, ", "), w.Args(), nil
}

// column is the expression of a key, and the one to group by for it: a date rather than its text for each entry, and
// text by its bytes, which sorts many times as fast as by a language's collation.
func (r *Reports) column(w *listing.Where, k Key) (column, group string) {
	switch k {
	case ByDay:
		day := local(w, r.zone, "l.occurred_at") + "::date"
		return "to_char(" + day + ", 'YYYY-MM-DD')", day
	case ByMonth:
		month := "date_trunc('month', " + local(w, r.zone, "l.occurred_at") + ")"
		return "to_char(" + month + ", 'YYYY-MM')", month
	case ByCampaign:
		return "k.slug", "k.slug"
	case ByFrequency:
		return "l.frequency", "l.frequency"
	default:
		return `l.article COLLATE "C"`, `l.article COLLATE "C"`
	}
}

// Add adds sums of the same currency.
func (s Sums) Add(other Sums) Sums {
	return Sums{
		Gross: s.Gross + other.Gross, Fee: s.Fee + other.Fee, Refunded: s.Refunded + other.Refunded,
		Held: s.Held + other.Held, Net: s.Net + other.Net,
	}
}
