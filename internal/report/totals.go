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

// Totals adds up the ledger, by the sums that MoneyRollup keeps and what they lack. Rows are in the order of the keys,
// days and months from the earliest and text by its bytes, then of currencies, the publication's first. Errors are
// fault.Invalid if the query is wrong.
func (r *Reports) Totals(ctx context.Context, q TotalsQuery) ([]TotalsRow, error) {
	campaign, err := r.check(ctx, q)
	if err != nil {
		return nil, err
	}
	var totals []TotalsRow
	err = r.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		kept, err := readKept(ctx, tx, r.zone)
		if err != nil {
			return err
		}
		totals, err = r.readTotals(ctx, tx, q, campaign, kept)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read totals: %w", err)
	}
	return r.sorted(q, totals), nil
}

// sorted puts rows in order. Two rows of the same article, one by its id and one by its address, become one.
func (r *Reports) sorted(q TotalsQuery, totals []TotalsRow) []TotalsRow {
	order := func(a, b TotalsRow) int {
		for _, key := range q.By {
			if d := strings.Compare(a.value(key), b.value(key)); d != 0 {
				return d
			}
		}
		return r.order(a.Currency, b.Currency)
	}
	slices.SortFunc(totals, order)
	merged := totals[:0]
	for _, row := range totals {
		if last := len(merged) - 1; last >= 0 && order(merged[last], row) == 0 {
			merged[last].Count += row.Count
			merged[last].Entries += row.Entries
			merged[last].Sums = merged[last].Sums.Add(row.Sums)
			continue
		}
		merged = append(merged, row)
	}
	return merged
}

// Add adds sums of the same currency.
func (s Sums) Add(other Sums) Sums {
	return Sums{
		Gross: s.Gross + other.Gross, Fee: s.Fee + other.Fee, Refunded: s.Refunded + other.Refunded,
		Held: s.Held + other.Held, Net: s.Net + other.Net,
	}
}
