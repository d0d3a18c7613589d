package report

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/fault"
	"readerfund/internal/listing"
	"readerfund/internal/money"
)

// LedgerQuery asks for the ledger entries that make up the totals of the same query, the latest first; By is ignored.
type LedgerQuery struct {
	TotalsQuery

	After string // the cursor that the previous page returned
	Limit int    // 0 for listing.DefaultLimit
}

// Entry is a line of the ledger: money in is positive.
type Entry struct {
	ID         int64
	Kind       string
	Amount     money.Amount
	PayPalRef  string
	OccurredAt time.Time // at PayPal
	RecordedAt time.Time // here
	Source     string    // the way the news reached us
	WebhookID  int64     // 0 if it was not a webhook
}

// LedgerLine is an entry with its contribution.
type LedgerLine struct {
	Entry
	ContributionID uuid.UUID
	Receipt        string
	Campaign       string
	Article        string
	Name           string // the reader's, as they typed it, or else as PayPal has it
}

// LedgerPage is a page of the ledger. Next is the cursor of the next page, empty on the last one.
type LedgerPage struct {
	Lines []LedgerLine
	Next  string
}

// Ledger returns one page. Errors are fault.Invalid if the query is wrong.
func (r *Reports) Ledger(ctx context.Context, q LedgerQuery) (LedgerPage, error) {
	if q.Limit == 0 {
		q.Limit = listing.DefaultLimit
	}
	if q.Limit < 0 || q.Limit > listing.MaxLimit {
		return LedgerPage{}, fault.Input("limit", "listing.limit_entries", fault.Args{"max": listing.MaxLimit})
	}
	lines, err := r.readLedger(ctx, q, q.Limit+1) // the extra row shows that there is more
	if err != nil {
		return LedgerPage{}, err
	}
	page := LedgerPage{Lines: lines}
	if len(lines) > q.Limit {
		page.Lines = lines[:q.Limit]
		last := lines[q.Limit-1]
		number := binary.BigEndian.AppendUint64(nil, uint64(last.ID)) //nolint:gosec // its bits
		page.Next = listing.EncodeCursor(last.OccurredAt, number)
	}
	return page, nil
}

// EachLedgerLine calls each with every line the query finds, ignoring Limit, the latest first, as EachContribution
// does.
func (r *Reports) EachLedgerLine(ctx context.Context, q LedgerQuery, each func(LedgerLine) error) error {
	q.Limit = listing.MaxLimit
	for {
		page, err := r.Ledger(ctx, q)
		if err != nil {
			return err
		}
		for _, line := range page.Lines {
			if err := each(line); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		q.After = page.Next
	}
}

// readLedger pages by time and number, the order of the indexes on entries.
func (r *Reports) readLedger(ctx context.Context, q LedgerQuery, limit int) ([]LedgerLine, error) {
	w := &listing.Where{}
	if q.After != "" {
		at, id, err := listing.DecodeCursor(q.After, 8)
		if err != nil {
			return nil, err
		}
		number := int64(binary.BigEndian.Uint64(id)) //nolint:gosec // its bits
		w.Addf("(l.occurred_at, l.id) < (%s, %s)", w.Arg(at), w.Arg(number))
	}
	tail := ` ORDER BY l.occurred_at DESC, l.id DESC LIMIT ` + w.Arg(limit)
	campaign, err := r.check(ctx, q.TotalsQuery)
	if err != nil {
		return nil, err
	}
	entries := r.entries(q.TotalsQuery, campaign, w).list(tail)
	var rows []struct {
		ID             int64         `db:"id"`
		Kind           string        `db:"kind"`
		AmountMinor    int64         `db:"amount_minor"`
		Currency       string        `db:"currency"`
		OccurredAt     time.Time     `db:"occurred_at"`
		RecordedAt     time.Time     `db:"recorded_at"`
		PayPalRef      string        `db:"paypal_ref"`
		Source         string        `db:"source"`
		WebhookID      sql.NullInt64 `db:"webhook_event_id"`
		ContributionID uuid.UUID     `db:"contribution_id"`
		Receipt        string        `db:"receipt"`
		Campaign       string        `db:"campaign"`
		Article        string        `db:"article"`
		Name           string        `db:"name"`
	}
	err = r.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, `
			SELECT l.id, l.kind, l.amount_minor, l.currency, l.paypal_ref, l.occurred_at, l.recorded_at, l.source,
			       l.webhook_event_id, l.contribution_id, c.receipt, k.slug AS campaign, l.article,
			       coalesce(nullif(c.name, ''), s.name, '') AS name
			FROM `+entries+` JOIN contribution c ON c.id = l.contribution_id JOIN campaign k ON k.id = l.campaign_id
			LEFT JOIN supporter s ON s.id = c.supporter_id`+tail, w.Args()...)
	})
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	lines := make([]LedgerLine, len(rows))
	for i, e := range rows {
		lines[i] = LedgerLine{
			Entry: Entry{
				ID: e.ID, Kind: e.Kind, Amount: money.New(e.AmountMinor, money.Currency(e.Currency)),
				PayPalRef: e.PayPalRef, OccurredAt: e.OccurredAt.UTC(), RecordedAt: e.RecordedAt.UTC(), Source: e.Source,
				WebhookID: e.WebhookID.Int64,
			},
			ContributionID: e.ContributionID, Receipt: e.Receipt, Campaign: e.Campaign, Article: e.Article, Name: e.Name,
		}
	}
	return lines, nil
}

// Behind is the query for the entries behind a figure of these totals: those of the row and the part. The empty part is
// the net, which all entries make up.
func (q TotalsQuery) Behind(row TotalsRow, part Part) TotalsQuery {
	q.Currency, q.Part = row.Currency, part
	for _, key := range q.By {
		switch key {
		case ByDay:
			day, _ := ParseDay("", row.Day) // written by Totals
			q.From, q.To = day, day
		case ByMonth:
			first, _ := ParseDay("", row.Month+"-01")
			q.From, q.To = later(q.From, first), earlier(q.To, first.Add(31).Month().Add(-1))
		case ByCampaign:
			q.Campaign = row.Campaign
		case ByArticle:
			q.Article, q.NoArticle = row.Article, row.Article == ""
		case ByFrequency:
			q.Frequency = row.Frequency
		}
	}
	q.By = nil
	return q
}

// sums are the parts of the net: which kinds of entries each takes, and whether it is money that left, which figures
// show without its minus sign. Every new kind must be put into one of them: TestNetIsTheSumOfAllEntries compares them
// with the ledger's kinds.
var sums = []struct {
	part   Part
	column string
	count  string // the column with the number of its entries, where that is kept
	kinds  string
	left   bool
}{
	{Gifts, "gross", "charges", `'charge'`, false},
	{Fees, "fee", "fees", `'fee', 'fee_refund', 'chargeback_fee', 'chargeback_fee_refund'`, true},
	{Refunds, "refunded", "refunds", `'refund', 'reversal'`, true},
	{Holds, "held", "holds", `'dispute_hold', 'dispute_release'`, true},
}

// SumColumns turns ledger entries l into Sums.
var SumColumns = func() string {
	var columns string
	for _, s := range sums {
		sign := ""
		if s.left {
			sign = "-"
		}
		columns += sign + "coalesce(sum(l.amount_minor) FILTER (WHERE l.kind IN (" + s.kinds + ")), 0)::bigint"
		columns += " AS " + s.column + ", "
	}
	return columns + "coalesce(sum(l.amount_minor), 0)::bigint AS net"
}()

// later and earlier return the narrower of two first or last days, where a zero Day is open.
func later(a, b Day) Day {
	if a.Before(b) {
		return b
	}
	return a
}

func earlier(a, b Day) Day {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}
