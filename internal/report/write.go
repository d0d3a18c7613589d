package report

import (
	"context"
	"fmt"
	"io"
	"time"

	"readerfund/internal/money"
)

// Format is how a report is written.
type Format string

// The formats.
const (
	Table Format = "table" // columns for a terminal
	CSV   Format = "csv"   // RFC 4180 with a header line, UTF-8
	JSON  Format = "json"  // an array of objects; amounts are decimal strings
)

// WriteTotals writes rows of totals, with a column for each key they were asked by.
func WriteTotals(w io.Writer, f Format, by []Key, rows []TotalsRow) error {
	columns := totalsColumns(by)
	out := newSheet(w, f, names(columns))
	for _, row := range rows {
		if err := out.row(cells(columns, row)); err != nil {
			return err
		}
	}
	return out.end()
}

// WriteContributions writes everything the query finds as it is read: it keeps a page in memory, or two for Table, and
// no connection while it writes. When it fails midway, what was written stays written.
func (r *Reports) WriteContributions(ctx context.Context, w io.Writer, f Format, q ContributionsQuery) error {
	columns := contributionColumns(r.zone)
	out := newSheet(w, f, names(columns))
	err := r.EachContribution(ctx, q, func(c Contribution) error { return out.row(cells(columns, c)) })
	if err != nil {
		return err
	}
	return out.end()
}

// WriteLedger is WriteContributions for the ledger.
func (r *Reports) WriteLedger(ctx context.Context, w io.Writer, f Format, q LedgerQuery) error {
	columns := ledgerColumns(r.zone)
	out := newSheet(w, f, names(columns))
	if err := r.EachLedgerLine(ctx, q, func(l LedgerLine) error { return out.row(cells(columns, l)) }); err != nil {
		return err
	}
	return out.end()
}

// column is one column of a report of Ts.
type column[T any] struct {
	name string
	cell func(T) cell
}

// cell is a value with what it is: free text is guarded in spreadsheets, numbers stand to the right in tables.
type cell struct {
	text   string
	number bool // digits, perhaps a minus and a point
	bare   bool // a number in JSON too, not a string
	absent bool // did not happen: null in JSON, empty elsewhere
}

func text(s string) cell { return cell{text: s} }

func amount(minor int64, c money.Currency) cell {
	return cell{text: money.New(minor, c).Decimal(), number: true}
}

func count(n int64) cell { return cell{text: fmt.Sprint(n), number: true, bare: true} }

// moment writes a time on the publication's clock, with its distance from UTC.
func moment(t time.Time, zone *time.Location) cell {
	if t.IsZero() {
		return cell{absent: true}
	}
	return cell{text: t.In(zone).Format(time.RFC3339)}
}

func totalsColumns(by []Key) []column[TotalsRow] {
	var columns []column[TotalsRow]
	for _, key := range by {
		columns = append(columns, column[TotalsRow]{string(key), func(r TotalsRow) cell { return text(r.value(key)) }})
	}
	return append(columns,
		column[TotalsRow]{"currency", func(r TotalsRow) cell { return text(string(r.Currency)) }},
		column[TotalsRow]{"count", func(r TotalsRow) cell { return count(r.Count) }},
		column[TotalsRow]{"gross", func(r TotalsRow) cell { return amount(r.Gross, r.Currency) }},
		column[TotalsRow]{"fee", func(r TotalsRow) cell { return amount(r.Fee, r.Currency) }},
		column[TotalsRow]{"refunded", func(r TotalsRow) cell { return amount(r.Refunded, r.Currency) }},
		column[TotalsRow]{"held", func(r TotalsRow) cell { return amount(r.Held, r.Currency) }},
		column[TotalsRow]{"net", func(r TotalsRow) cell { return amount(r.Net, r.Currency) }},
	)
}

// value is the row's value of a key.
func (r TotalsRow) value(k Key) string {
	switch k {
	case ByDay:
		return r.Day
	case ByMonth:
		return r.Month
	case ByCampaign:
		return r.Campaign
	default:
		return r.Article
	}
}

func contributionColumns(zone *time.Location) []column[Contribution] {
	type c = Contribution
	return []column[c]{
		{"id", func(r c) cell { return text(r.ID.String()) }},
		{"receipt", func(r c) cell { return text(r.Receipt) }},
		{"status", func(r c) cell { return text(r.Status) }},
		{"created_at", func(r c) cell { return moment(r.CreatedAt, zone) }},
		{"completed_at", func(r c) cell { return moment(r.CompletedAt, zone) }},
		{"currency", func(r c) cell { return text(string(r.Amount.Currency)) }},
		{"amount", func(r c) cell { return amount(r.Amount.Minor, r.Amount.Currency) }},
		{"gross", func(r c) cell { return amount(r.Gross, r.Amount.Currency) }},
		{"fee", func(r c) cell { return amount(r.Fee, r.Amount.Currency) }},
		{"refunded", func(r c) cell { return amount(r.Refunded, r.Amount.Currency) }},
		{"held", func(r c) cell { return amount(r.Held, r.Amount.Currency) }},
		{"net", func(r c) cell { return amount(r.Net, r.Amount.Currency) }},
		{"campaign", func(r c) cell { return text(r.Campaign) }},
		{"article", func(r c) cell { return text(r.Article) }},
		{"reason", func(r c) cell { return text(r.Reason) }},
		{"attention", func(r c) cell { return text(r.Attention) }},
		{"paypal_order_id", func(r c) cell { return text(r.OrderID) }},
		{"paypal_capture_id", func(r c) cell { return text(r.CaptureID) }},
	}
}

func ledgerColumns(zone *time.Location) []column[LedgerLine] {
	type l = LedgerLine
	return []column[l]{
		{"occurred_at", func(r l) cell { return moment(r.OccurredAt, zone) }},
		{"kind", func(r l) cell { return text(r.Kind) }},
		{"currency", func(r l) cell { return text(string(r.Amount.Currency)) }},
		{"amount", func(r l) cell { return amount(r.Amount.Minor, r.Amount.Currency) }},
		{"receipt", func(r l) cell { return text(r.Receipt) }},
		{"campaign", func(r l) cell { return text(r.Campaign) }},
		{"article", func(r l) cell { return text(r.Article) }},
		{"paypal_ref", func(r l) cell { return text(r.PayPalRef) }},
		{"contribution_id", func(r l) cell { return text(r.ContributionID.String()) }},
	}
}

func names[T any](columns []column[T]) []string {
	all := make([]string, len(columns))
	for i, c := range columns {
		all[i] = c.name
	}
	return all
}

func cells[T any](columns []column[T], row T) []cell {
	all := make([]cell, len(columns))
	for i, c := range columns {
		all[i] = c.cell(row)
	}
	return all
}
