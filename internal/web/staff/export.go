package staff

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"readerfund/internal/audit"
	"readerfund/internal/dashboard"
	"readerfund/internal/i18n"
	"readerfund/internal/report"
)

// downloaded is the audit log's action for a download. The subject is the list's name.
const downloaded audit.Action = "staff.export"

// record writes a download to the audit log before its first byte is sent: the account, the list, its days and filter,
// and how many rows it has. If that fails, there is no download.
func (s *exporter) record(r *http.Request, name string, days dateRange, filter url.Values, rows int64) error {
	detail := map[string]string{
		"days": days.inWords(english), "rows": strconv.FormatInt(rows, 10), "separator": "comma",
	}
	for field := range filter {
		if field != "from" && field != "to" {
			detail[field] = filter.Get(field)
		}
	}
	if separator := r.URL.Query().Get("separator"); separator != "" {
		detail["separator"] = separator
	}
	by := accountOf(r)
	return s.audit.Record(r.Context(), audit.Entry{
		StaffID: by.ID, Actor: by.Email, Action: downloaded, Subject: name, Detail: detail,
	})
}

// Export answers GET /staff/contributions.csv: everything the filter finds.
func (s *Contributions) Export(w http.ResponseWriter, r *http.Request) error {
	loc := s.pages.Localizer(r)
	f := readContributionFilter(loc, r.URL.Query())
	dialect, err := report.ParseDialect(r.URL.Query().Get("separator"))
	if err := f.Wrong.Note(loc, err); err != nil || len(f.Wrong) > 0 {
		return f.Wrong.Err()
	}
	q := f.reportQuery(r)
	q.After = ""
	return s.exports.download(w, r, "contributions", f.dateRange, func(out io.Writer) error {
		rows, err := s.views.CountContributions(r.Context(), q)
		if err != nil {
			return err
		}
		if err := s.exports.record(r, "contributions", f.dateRange, f.query(), rows); err != nil {
			return err
		}
		return s.views.ExportContributions(r.Context(), out, dialect, q, s.contributionColumns(mayContact(r)))
	})
}

// Export answers GET /staff/ledger.csv: everything the filter finds.
func (s *Ledger) Export(w http.ResponseWriter, r *http.Request) error {
	loc := s.pages.Localizer(r)
	f := readMoneyFilter(loc, r.URL.Query())
	dialect, err := report.ParseDialect(r.URL.Query().Get("separator"))
	if err := f.Wrong.Note(loc, err); err != nil || len(f.Wrong) > 0 {
		return f.Wrong.Err()
	}
	q := f.reportQuery()
	return s.exports.download(w, r, "ledger", f.dateRange, func(out io.Writer) error {
		rows, err := s.reports.Totals(r.Context(), q)
		if err != nil {
			return err
		}
		var entries int64
		for _, row := range rows {
			entries += row.Entries
		}
		if err := s.exports.record(r, "ledger", f.dateRange, f.query(), entries); err != nil {
			return err
		}
		return s.reports.ExportLedger(r.Context(), out, dialect, report.LedgerQuery{TotalsQuery: q}, s.ledgerColumns())
	})
}

// Export answers GET /staff/reports.csv: the same totals, all of them.
func (s *Reports) Export(w http.ResponseWriter, r *http.Request) error {
	loc := s.pages.Localizer(r)
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
	return s.exports.download(w, r, name, f.dateRange, func(out io.Writer) error {
		if err := s.exports.record(r, name, f.dateRange, f.query(), int64(len(rows))); err != nil {
			return err
		}
		return report.ExportTotals(out, dialect, q.By, rows)
	})
}

// english is the language of files and of the audit log: programs compare the words in a file's columns, so they are
// the same for every account.
var english i18n.Localizer

// contributionColumns are the columns of a contribution for people: in words, in the publication's time zone. Addresses
// and messages are included if the account may see them.
func (s layout) contributionColumns(contact bool) []report.Column[dashboard.Contribution] {
	type c = dashboard.Contribution
	words := func(name string, of func(c) string) report.Column[c] {
		return report.Column[c]{Name: name, Cell: func(r c) report.Cell { return report.Text(of(r)) }}
	}
	sum := func(name string, of func(contributionLine) report.Cell) report.Column[c] {
		return report.Column[c]{Name: name, Cell: func(r c) report.Cell {
			return of(s.contributionLines(english, []c{r})[0])
		}}
	}
	local := func(name string, of func(c) time.Time) report.Column[c] {
		return report.Column[c]{Name: fmt.Sprintf("%s (%s)", name, s.zone), Cell: func(r c) report.Cell {
			return report.Local(of(r), s.zone)
		}}
	}
	columns := []report.Column[c]{
		words("Receipt", func(r c) string { return r.Receipt }),
		words("Status", func(r c) string { return stateInWords(english, r.Status).Label }),
		local("Date", func(r c) time.Time { return r.CreatedAt }),
		local("Completed", func(r c) time.Time { return r.CompletedAt }),
		words("Currency", func(r c) string { return string(r.Amount.Currency) }),
		sum("Amount", func(l contributionLine) report.Cell { return report.Money(l.Amount) }),
		sum("Gross", func(l contributionLine) report.Cell { return report.Money(l.Gross) }),
		sum("Fee", func(l contributionLine) report.Cell { return report.Money(l.Fee) }),
		sum("Refunded", func(l contributionLine) report.Cell { return report.Money(l.Refunded) }),
		sum("Held", func(l contributionLine) report.Cell { return report.Money(l.Held) }),
		sum("Net", func(l contributionLine) report.Cell { return report.Money(l.NetIn) }),
		sum("Converted", func(l contributionLine) report.Cell { return report.Money(l.Converted) }),
		words("Converted to", func(r c) string { return string(r.Converted.Currency) }),
		words("Rate", func(r c) string { return r.Rate }),
		words("Campaign", func(r c) string { return r.Campaign }),
		words("Article", func(r c) string { return r.Article }),
		words("UTM source", func(r c) string { return r.Source.UTM.Source }),
		words("UTM medium", func(r c) string { return r.Source.Medium }),
		words("UTM campaign", func(r c) string { return r.Source.Campaign }),
		words("UTM term", func(r c) string { return r.Source.Term }),
		words("UTM content", func(r c) string { return r.Source.Content }),
		words("Variant", func(r c) string { return r.Source.Variant }),
		words("Format", func(r c) string { return r.Source.Format }),
		words("Section", func(r c) string { return r.Source.Section }),
		words("Author", func(r c) string { return r.Source.Author }),
		words("Article's ID", func(r c) string { return r.Source.ArticleRef }),
		words("Came from", func(r c) string { return string(r.Source.Referrer) }),
		words("By a share link", sharedLink),
		words("Name", func(r c) string { return r.Name }),
		words("Name at PayPal", func(r c) string { return r.PayerName }),
		words("May be named", mayBeNamed),
		words("Tribute", func(r c) string { return r.Tribute.Kind }),
		words("Tribute to", func(r c) string { return r.Tribute.Name }),
		sum("Of it for the fee", func(l contributionLine) report.Cell { return report.Money(l.Covered) }),
	}
	if contact {
		columns = append(columns,
			words("Email", func(r c) string { return r.Email }),
			words("Email at PayPal", func(r c) string { return r.PayerMail }),
			words("Message", func(r c) string { return r.Message }))
	}
	return append(columns,
		words("Reason", func(r c) string { return whyInWords(english, r) }),
		words("Needs review", func(r c) string { return r.Attention }),
		words("PayPal order", func(r c) string { return r.OrderID }),
		words("PayPal payment", func(r c) string { return r.CaptureID }),
		words("How often", func(r c) string { return wordIn(english, "contribution.frequency.", r.Frequency) }),
		words("PayPal subscription", func(r c) string { return r.Subscription }),
		report.Column[c]{Name: "Payment number", Cell: func(r c) report.Cell { return report.Ordinal(r.Cycle) }},
		words("Readerfund ID", func(r c) string { return r.ID.String() }))
}

func sharedLink(c dashboard.Contribution) string {
	if c.Source.Shared {
		return "yes"
	}
	return ""
}

func mayBeNamed(c dashboard.Contribution) string { return cmp.Or(c.Naming, "not asked") }

func (s layout) ledgerColumns() []report.Column[report.LedgerLine] {
	type l = report.LedgerLine
	words := func(name string, of func(l) string) report.Column[l] {
		return report.Column[l]{Name: name, Cell: func(r l) report.Cell { return report.Text(of(r)) }}
	}
	return []report.Column[l]{
		{Name: fmt.Sprintf("Date (%s)", s.zone), Cell: func(r l) report.Cell {
			return report.Local(r.OccurredAt, s.zone)
		}},
		words("Type", func(r l) string { return entryInWords(english, r.Kind) }),
		words("Currency", func(r l) string { return string(r.Amount.Currency) }),
		{Name: "Amount", Cell: func(r l) report.Cell { return report.Money(r.Amount) }},
		words("Receipt", func(r l) string { return r.Receipt }),
		words("Reader", func(r l) string { return r.Name }),
		words("Campaign", func(r l) string { return r.Campaign }),
		words("Article", func(r l) string { return r.Article }),
		words("PayPal ID", func(r l) string { return r.PayPalRef }),
	}
}
