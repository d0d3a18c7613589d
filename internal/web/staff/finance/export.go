package finance

import (
	"fmt"
	"io"
	"net/http"

	"readerfund/internal/report"
	"readerfund/internal/web/staff/words"
)

// Export answers GET /staff/reports.csv: the same totals, all of them.
func (s *Reports) Export(w http.ResponseWriter, r *http.Request) error {
	loc := s.Pages.Localizer(r)
	f := s.readFilter(loc, r.URL.Query())
	q := f.reportQuery(loc)
	dialect, err := report.ParseDialect(r.URL.Query().Get("separator"))
	if err := f.Wrong.Note(loc, err); err != nil || len(f.Wrong) > 0 {
		return f.Wrong.Err()
	}
	rows, err := s.reports.Totals(r.Context(), q)
	if err != nil {
		return err
	}
	name := "totals-by-" + f.By
	return s.exports.Download(w, r, name, f.DateRange, func(out io.Writer) error {
		if err := s.exports.Record(r, name, f.DateRange, f.query(), int64(len(rows))); err != nil {
			return err
		}
		return report.ExportTotals(out, dialect, q.By, rows)
	})
}

// Export answers GET /staff/ledger.csv: everything the filter finds.
func (s *Ledger) Export(w http.ResponseWriter, r *http.Request) error {
	loc := s.Pages.Localizer(r)
	f := readMoneyFilter(loc, r.URL.Query())
	dialect, err := report.ParseDialect(r.URL.Query().Get("separator"))
	if err := f.Wrong.Note(loc, err); err != nil || len(f.Wrong) > 0 {
		return f.Wrong.Err()
	}
	q := f.reportQuery()
	return s.exports.Download(w, r, "ledger", f.DateRange, func(out io.Writer) error {
		rows, err := s.reports.Totals(r.Context(), q)
		if err != nil {
			return err
		}
		var entries int64
		for _, row := range rows {
			entries += row.Entries
		}
		if err := s.exports.Record(r, "ledger", f.DateRange, f.query(), entries); err != nil {
			return err
		}
		return s.reports.ExportLedger(r.Context(), out, dialect, report.LedgerQuery{TotalsQuery: q}, s.ledgerColumns())
	})
}

// ledgerColumns are the columns of a ledger entry for people: in words, in the publication's time zone.
func (s *Ledger) ledgerColumns() []report.Column[report.LedgerLine] {
	type l = report.LedgerLine
	inWords := func(name string, of func(l) string) report.Column[l] {
		return report.Column[l]{Name: name, Cell: func(r l) report.Cell { return report.Text(of(r)) }}
	}
	return []report.Column[l]{
		{Name: fmt.Sprintf("Date (%s)", s.Zone), Cell: func(r l) report.Cell {
			return report.Local(r.OccurredAt, s.Zone)
		}},
		inWords("Type", func(r l) string { return words.Entry(words.English, r.Kind) }),
		inWords("Currency", func(r l) string { return string(r.Amount.Currency) }),
		{Name: "Amount", Cell: func(r l) report.Cell { return report.Money(r.Amount) }},
		inWords("Receipt", func(r l) string { return r.Receipt }),
		inWords("Reader", func(r l) string { return r.Name }),
		inWords("Campaign", func(r l) string { return r.Campaign }),
		inWords("Article", func(r l) string { return r.Article }),
		inWords("PayPal ID", func(r l) string { return r.PayPalRef }),
	}
}
