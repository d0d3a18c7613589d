package report

import (
	"context"
	"fmt"
	"io"
	"time"

	"readerfund/internal/money"
)

// Format is the format of a report.
type Format string

// The formats.
const (
	Table Format = "table" // columns for a terminal
	CSV   Format = "csv"   // RFC 4180 with a header line, UTF-8
	JSON  Format = "json"  // an array of objects; amounts are decimal strings
)

// Write writes rows of columns as they arrive: each calls back with one row after another, and its error ends the
// report and is returned. If it fails midway, the part that was written stays written.
func Write[T any](w io.Writer, f Format, columns []Column[T], each func(func(T) error) error) error {
	return write(newSheet(w, f, names(columns)), columns, each)
}

// Export is Write for a spreadsheet.
func Export[T any](w io.Writer, d Dialect, columns []Column[T], each func(func(T) error) error) error {
	return write(newCSVSheet(w, d, names(columns)), columns, each)
}

func write[T any](out sheet, columns []Column[T], each func(func(T) error) error) error {
	if err := each(func(row T) error { return out.row(cells(columns, row)) }); err != nil {
		return err
	}
	return out.end()
}

// WriteTotals writes rows of totals, with a column for each key they were asked by.
func WriteTotals(w io.Writer, f Format, by []Key, rows []TotalsRow) error {
	return Write(w, f, totalsColumns(by), all(rows))
}

// ExportTotals writes rows of totals for a spreadsheet.
func ExportTotals(w io.Writer, d Dialect, by []Key, rows []TotalsRow) error {
	return Export(w, d, totalsColumns(by), all(rows))
}

// ExportLedger writes every line the query finds for a spreadsheet while reading, in columns whose words the caller
// chooses: it keeps one page in memory, and no connection while it writes.
func (r *Reports) ExportLedger(
	ctx context.Context, w io.Writer, d Dialect, q LedgerQuery, columns []Column[LedgerLine],
) error {
	return Export(w, d, columns, func(row func(LedgerLine) error) error { return r.EachLedgerLine(ctx, q, row) })
}

func all[T any](rows []T) func(func(T) error) error {
	return func(row func(T) error) error {
		for _, r := range rows {
			if err := row(r); err != nil {
				return err
			}
		}
		return nil
	}
}

// Text is a cell of free text.
func Text(s string) Cell { return Cell{text: s} }

// Money is a cell with an amount's digits, empty if there is no currency.
func Money(a money.Amount) Cell {
	if a.Currency == "" {
		return Cell{absent: true, number: true}
	}
	return Digits(a.Minor, a.Currency)
}

// Local is a cell with a time in a time zone, as spreadsheets read it; empty for the zero time.
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

// Cell is a value with its type: free text is escaped in spreadsheets, numbers are aligned right in tables.
type Cell struct {
	text   string
	number bool // digits, perhaps a minus and a point
	bare   bool // a number in JSON too, not a string
	absent bool // did not happen: null in JSON, empty elsewhere
}

// Digits is a cell with an amount's digits.
func Digits(minor int64, c money.Currency) Cell {
	return Cell{text: money.New(minor, c).Decimal(), number: true}
}

func count(n int64) Cell { return Cell{text: fmt.Sprint(n), number: true, bare: true} }

// Ordinal is a cell with a number that counts from one; 0 is none.
func Ordinal(n int64) Cell {
	if n == 0 {
		return Cell{absent: true, number: true}
	}
	return count(n)
}

// Moment is a cell with a time in a time zone, with its offset from UTC, for programs; null or empty for the zero time.
func Moment(t time.Time, zone *time.Location) Cell {
	if t.IsZero() {
		return Cell{absent: true}
	}
	return Cell{text: t.In(zone).Format(time.RFC3339)}
}

func totalsColumns(by []Key) []Column[TotalsRow] {
	var columns []Column[TotalsRow]
	for _, key := range by {
		columns = append(columns, Column[TotalsRow]{string(key), func(r TotalsRow) Cell { return Text(r.value(key)) }})
	}
	return append(columns,
		Column[TotalsRow]{"currency", func(r TotalsRow) Cell { return Text(string(r.Currency)) }},
		Column[TotalsRow]{"count", func(r TotalsRow) Cell { return count(r.Count) }},
		Column[TotalsRow]{"gross", func(r TotalsRow) Cell { return Digits(r.Gross, r.Currency) }},
		Column[TotalsRow]{"fee", func(r TotalsRow) Cell { return Digits(r.Fee, r.Currency) }},
		Column[TotalsRow]{"refunded", func(r TotalsRow) Cell { return Digits(r.Refunded, r.Currency) }},
		Column[TotalsRow]{"held", func(r TotalsRow) Cell { return Digits(r.Held, r.Currency) }},
		Column[TotalsRow]{"net", func(r TotalsRow) Cell { return Digits(r.Net, r.Currency) }},
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
	case ByFrequency:
		return r.Frequency
	default:
		return r.Article
	}
}

func names[T any](columns []Column[T]) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c.Name
	}
	return out
}

func cells[T any](columns []Column[T], row T) []Cell {
	out := make([]Cell, len(columns))
	for i, c := range columns {
		out[i] = c.Cell(row)
	}
	return out
}
