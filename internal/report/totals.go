package report

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/fault"
	"readerfund/internal/money"
)

// Key is what totals are broken down by, besides the currency, which they always are.
type Key string

// The keys.
const (
	ByDay      Key = "day"      // the publication's day on which the money moved
	ByMonth    Key = "month"    // its month, written 2026-11
	ByCampaign Key = "campaign" // the campaign's slug
	ByArticle  Key = "article"  // the article's address, empty for none
)

// Keys lists the keys.
func Keys() []Key { return []Key{ByDay, ByMonth, ByCampaign, ByArticle} }

// ParseKeys reads keys as --by takes them: names with commas between. The error is a fault.Invalid on "by".
func ParseKeys(text string) ([]Key, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var keys []Key
	for name := range strings.SplitSeq(text, ",") {
		key := Key(strings.TrimSpace(name))
		if !slices.Contains(Keys(), key) {
			return nil, fault.Invalidf("by", "%q is nothing to break totals down by: take day, month, campaign or article, with commas between.", name)
		}
		if slices.Contains(keys, key) {
			return nil, fault.Invalidf("by", "%q is asked for twice.", name)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// TotalsQuery asks for totals of the money that moved from one day to another, both included; a zero day leaves that
// end open. Campaign (slug), Article (address) and Currency restrict it where they are not empty.
type TotalsQuery struct {
	From, To Day
	By       []Key
	Campaign string
	Article  string
	Currency money.Currency
}

// TotalsRow is the money of one currency, for one value of each key asked for; the other keys are empty.
//
// Gross is what readers paid; Fee what PayPal kept, also for disputes, less what it gave back; Refunded what went back to
// readers, by refund or by reversal; Held what PayPal holds back for open disputes; Net the sum of all entries.
// Net = Gross - Fee - Refunded - Held. Money counts on the day it moved, so a day with only refunds has a negative Net,
// and one on which a hold ended a negative Held.
type TotalsRow struct {
	Currency money.Currency
	Day      string // 2026-11-30
	Month    string // 2026-11
	Campaign string
	Article  string
	Count    int64 // charges
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

// sumColumns turns ledger entries l into Sums. What readers and PayPal took or hold is shown without its minus sign. A
// kind that is new here must be put into one of the parts: TestNetIsTheSumOfAllEntries holds them against the ledger's kinds.
const sumColumns = `
	coalesce(sum(l.amount_minor) FILTER (WHERE l.kind = 'charge'), 0)::bigint AS gross,
	-coalesce(sum(l.amount_minor) FILTER (WHERE l.kind IN ('fee', 'fee_refund', 'chargeback_fee', 'chargeback_fee_refund')), 0)::bigint AS fee,
	-coalesce(sum(l.amount_minor) FILTER (WHERE l.kind IN ('refund', 'reversal')), 0)::bigint AS refunded,
	-coalesce(sum(l.amount_minor) FILTER (WHERE l.kind IN ('dispute_hold', 'dispute_release')), 0)::bigint AS held,
	coalesce(sum(l.amount_minor), 0)::bigint AS net`

// Totals adds up the ledger. Rows are in the order of the keys, days and months from the earliest and text by its
// bytes, then of currencies, the publication's first.
// Errors are fault.Invalid where the question is wrong.
func (r *Reports) Totals(ctx context.Context, q TotalsQuery) ([]TotalsRow, error) {
	err := errors.Join(
		checkRange(q.From, q.To), checkText("campaign", q.Campaign), checkText("article", q.Article), checkCurrency(q.Currency))
	if err != nil {
		return nil, err
	}
	query, args := r.totalsQuery(q)
	var rows []struct {
		Currency string `db:"currency"`
		Day      string `db:"day"`
		Month    string `db:"month"`
		Campaign string `db:"campaign"`
		Article  string `db:"article"`
		Count    int64  `db:"count"`
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
			Currency: money.Currency(row.Currency), Day: row.Day, Month: row.Month, Campaign: row.Campaign, Article: row.Article,
			Count: row.Count, Sums: row.Sums,
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

func (r *Reports) totalsQuery(q TotalsQuery) (string, []any) {
	c := conditions{zone: r.zone}
	columns := []string{"l.currency AS currency"}
	positions := []string{"1"}
	for _, key := range q.By {
		columns = append(columns, c.key(key)+" AS "+string(key))
		positions = append(positions, strconv.Itoa(len(columns)))
	}
	c.days("l.occurred_at", q.From, q.To)
	c.equal("k.slug", q.Campaign)
	c.equal("c.article", q.Article)
	c.equal("l.currency", string(q.Currency))
	return `
		SELECT ` + strings.Join(columns, ", ") + `, count(*) FILTER (WHERE l.kind = 'charge') AS count, ` + sumColumns + `
		FROM ledger_entry l
		JOIN contribution c ON c.id = l.contribution_id
		JOIN campaign k ON k.id = c.campaign_id` + c.where() + `
		GROUP BY ` + strings.Join(positions, ", "), c.args
}

// key is the expression for what totals are broken down by.
func (c *conditions) key(k Key) string {
	switch k {
	case ByDay:
		return "to_char(" + c.local("l.occurred_at") + ", 'YYYY-MM-DD')"
	case ByMonth:
		return "to_char(" + c.local("l.occurred_at") + ", 'YYYY-MM')"
	case ByCampaign:
		return "k.slug"
	default:
		return "c.article"
	}
}

// Add adds the sums of the same currency.
func (s Sums) Add(other Sums) Sums {
	return Sums{
		Gross: s.Gross + other.Gross, Fee: s.Fee + other.Fee, Refunded: s.Refunded + other.Refunded, Held: s.Held + other.Held, Net: s.Net + other.Net,
	}
}
