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

// ExportTotals writes rows of totals for a spreadsheet.
func ExportTotals(w io.Writer, d Dialect, by []Key, rows []TotalsRow) error {
	columns := totalsColumns(by)
	out := newCSVSheet(w, d, names(columns))
	for _, row := range rows {
		if err := out.row(cells(columns, row)); err != nil {
			return err
		}
	}
	return out.end()
}

// ExportContributions writes everything the query finds for a spreadsheet, in columns that the caller puts into words.
func (r *Reports) ExportContributions(
	ctx context.Context, w io.Writer, d Dialect, q ContributionsQuery, columns []Column[Contribution],
) error {
	out := newCSVSheet(w, d, names(columns))
	if err := r.EachContribution(ctx, q, func(c Contribution) error { return out.row(cells(columns, c)) }); err != nil {
		return err
	}
	return out.end()
}

// ExportLedger is ExportContributions for the ledger.
func (r *Reports) ExportLedger(
	ctx context.Context, w io.Writer, d Dialect, q LedgerQuery, columns []Column[LedgerLine],
) error {
	out := newCSVSheet(w, d, names(columns))
	if err := r.EachLedgerLine(ctx, q, func(l LedgerLine) error { return out.row(cells(columns, l)) }); err != nil {
		return err
	}
	return out.end()
}

// Text is a cell of free text.
func Text(s string) Cell { return text(s) }

// Money is a cell with an amount's digits, empty where there is no currency.
func Money(a money.Amount) Cell {
	if a.Currency == "" {
		return Cell{absent: true, number: true}
	}
	return amount(a.Minor, a.Currency)
}

// Local is a cell with a moment on a clock, as spreadsheets read it; empty for the zero time.
func Local(t time.Time, zone *time.Location) Cell {
	if t.IsZero() {
		return Cell{absent: true}
	}
	return Cell{text: t.In(zone).Format(time.DateTime)}
}

// Column is one column of a report of Ts.
type Column[T any] struct {
	Name string
	Cell func(T) Cell
}

// Cell is a value with what it is: free text is guarded in spreadsheets, numbers stand to the right in tables.
type Cell struct {
	text   string
	number bool // digits, perhaps a minus and a point
	bare   bool // a number in JSON too, not a string
	absent bool // did not happen: null in JSON, empty elsewhere
}

func text(s string) Cell { return Cell{text: s} }

func amount(minor int64, c money.Currency) Cell {
	return Cell{text: money.New(minor, c).Decimal(), number: true}
}

func count(n int64) Cell { return Cell{text: fmt.Sprint(n), number: true, bare: true} }

// moment writes a time on the publication's clock, with its distance from UTC.
func moment(t time.Time, zone *time.Location) Cell {
	if t.IsZero() {
		return Cell{absent: true}
	}
	return Cell{text: t.In(zone).Format(time.RFC3339)}
}

func totalsColumns(by []Key) []Column[TotalsRow] {
	var columns []Column[TotalsRow]
	for _, key := range by {
		columns = append(columns, Column[TotalsRow]{string(key), func(r TotalsRow) Cell { return text(r.value(key)) }})
	}
	return append(columns,
		Column[TotalsRow]{"currency", func(r TotalsRow) Cell { return text(string(r.Currency)) }},
		Column[TotalsRow]{"count", func(r TotalsRow) Cell { return count(r.Count) }},
		Column[TotalsRow]{"gross", func(r TotalsRow) Cell { return amount(r.Gross, r.Currency) }},
		Column[TotalsRow]{"fee", func(r TotalsRow) Cell { return amount(r.Fee, r.Currency) }},
		Column[TotalsRow]{"refunded", func(r TotalsRow) Cell { return amount(r.Refunded, r.Currency) }},
		Column[TotalsRow]{"held", func(r TotalsRow) Cell { return amount(r.Held, r.Currency) }},
		Column[TotalsRow]{"net", func(r TotalsRow) Cell { return amount(r.Net, r.Currency) }},
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

func contributionColumns(zone *time.Location) []Column[Contribution] {
	type c = Contribution
	return []Column[c]{
		{"id", func(r c) Cell { return text(r.ID.String()) }},
		{"receipt", func(r c) Cell { return text(r.Receipt) }},
		{"status", func(r c) Cell { return text(r.Status) }},
		{"created_at", func(r c) Cell { return moment(r.CreatedAt, zone) }},
		{"completed_at", func(r c) Cell { return moment(r.CompletedAt, zone) }},
		{"currency", func(r c) Cell { return text(string(r.Amount.Currency)) }},
		{"amount", func(r c) Cell { return amount(r.Amount.Minor, r.Amount.Currency) }},
		{"gross", func(r c) Cell { return amount(r.Gross, r.Amount.Currency) }},
		{"fee", func(r c) Cell { return amount(r.Fee, r.Amount.Currency) }},
		{"refunded", func(r c) Cell { return amount(r.Refunded, r.Amount.Currency) }},
		{"held", func(r c) Cell { return amount(r.Held, r.Amount.Currency) }},
		{"net", func(r c) Cell { return amount(r.Net, r.Amount.Currency) }},
		{"campaign", func(r c) Cell { return text(r.Campaign) }},
		{"article", func(r c) Cell { return text(r.Article) }},
		{"utm_source", func(r c) Cell { return text(r.UTM.Source) }},
		{"utm_medium", func(r c) Cell { return text(r.UTM.Medium) }},
		{"utm_campaign", func(r c) Cell { return text(r.UTM.Campaign) }},
		{"utm_term", func(r c) Cell { return text(r.UTM.Term) }},
		{"utm_content", func(r c) Cell { return text(r.UTM.Content) }},
		{"reason", func(r c) Cell { return text(r.Reason) }},
		{"attention", func(r c) Cell { return text(r.Attention) }},
		{"paypal_order_id", func(r c) Cell { return text(r.OrderID) }},
		{"paypal_capture_id", func(r c) Cell { return text(r.CaptureID) }},
	}
}

func names[T any](columns []Column[T]) []string {
	all := make([]string, len(columns))
	for i, c := range columns {
		all[i] = c.Name
	}
	return all
}

func cells[T any](columns []Column[T], row T) []Cell {
	all := make([]Cell, len(columns))
	for i, c := range columns {
		all[i] = c.Cell(row)
	}
	return all
}
