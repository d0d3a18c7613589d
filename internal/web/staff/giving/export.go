package giving

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"time"

	"readerfund/internal/dashboard"
	"readerfund/internal/report"
	"readerfund/internal/web/staff/screen"
	"readerfund/internal/web/staff/words"
)

// Export answers GET /staff/contributions.csv: everything the filter finds.
func (s *Contributions) Export(w http.ResponseWriter, r *http.Request) error {
	loc := s.Pages.Localizer(r)
	f := readContributionFilter(loc, r.URL.Query())
	dialect, err := report.ParseDialect(r.URL.Query().Get("separator"))
	if err := f.Wrong.Note(loc, err); err != nil || len(f.Wrong) > 0 {
		return f.Wrong.Err()
	}
	q := f.reportQuery(r)
	q.After = ""
	return s.exports.Download(w, r, "contributions", f.DateRange, func(out io.Writer) error {
		rows, err := s.views.CountContributions(r.Context(), q)
		if err != nil {
			return err
		}
		if err := s.exports.Record(r, "contributions", f.DateRange, f.query(), rows); err != nil {
			return err
		}
		return s.views.ExportContributions(r.Context(), out, dialect, q, s.contributionColumns(screen.MayContact(r)))
	})
}

// contributionColumns are the columns of a contribution for people: in words, in the publication's time zone. Addresses
// and messages are included if the account may see them.
func (s *Contributions) contributionColumns(contact bool) []report.Column[dashboard.Contribution] {
	type c = dashboard.Contribution
	inWords := func(name string, of func(c) string) report.Column[c] {
		return report.Column[c]{Name: name, Cell: func(r c) report.Cell { return report.Text(of(r)) }}
	}
	sum := func(name string, of func(ContributionLine) report.Cell) report.Column[c] {
		return report.Column[c]{Name: name, Cell: func(r c) report.Cell {
			return of(ContributionLines(s.Layout, words.English, []c{r})[0])
		}}
	}
	local := func(name string, of func(c) time.Time) report.Column[c] {
		return report.Column[c]{Name: fmt.Sprintf("%s (%s)", name, s.Zone), Cell: func(r c) report.Cell {
			return report.Local(of(r), s.Zone)
		}}
	}
	columns := []report.Column[c]{
		inWords("Receipt", func(r c) string { return r.Receipt }),
		inWords("Status", func(r c) string { return words.State(words.English, r.Status).Label }),
		local("Date", func(r c) time.Time { return r.CreatedAt }),
		local("Completed", func(r c) time.Time { return r.CompletedAt }),
		inWords("Currency", func(r c) string { return string(r.Amount.Currency) }),
		sum("Amount", func(l ContributionLine) report.Cell { return report.Money(l.Amount) }),
		sum("Gross", func(l ContributionLine) report.Cell { return report.Money(l.Gross) }),
		sum("Fee", func(l ContributionLine) report.Cell { return report.Money(l.Fee) }),
		sum("Refunded", func(l ContributionLine) report.Cell { return report.Money(l.Refunded) }),
		sum("Held", func(l ContributionLine) report.Cell { return report.Money(l.Held) }),
		sum("Net", func(l ContributionLine) report.Cell { return report.Money(l.NetIn) }),
		sum("Converted", func(l ContributionLine) report.Cell { return report.Money(l.Converted) }),
		inWords("Converted to", func(r c) string { return string(r.Converted.Currency) }),
		inWords("Rate", func(r c) string { return r.Rate }),
		inWords("Campaign", func(r c) string { return r.Campaign }),
		inWords("Article", func(r c) string { return r.Article }),
		inWords("UTM source", func(r c) string { return r.Source.UTM.Source }),
		inWords("UTM medium", func(r c) string { return r.Source.Medium }),
		inWords("UTM campaign", func(r c) string { return r.Source.Campaign }),
		inWords("UTM term", func(r c) string { return r.Source.Term }),
		inWords("UTM content", func(r c) string { return r.Source.Content }),
		inWords("Variant", func(r c) string { return r.Source.Variant }),
		inWords("Format", func(r c) string { return r.Source.Format }),
		inWords("Section", func(r c) string { return r.Source.Section }),
		inWords("Author", func(r c) string { return r.Source.Author }),
		inWords("Article's ID", func(r c) string { return r.Source.ArticleRef }),
		inWords("Came from", func(r c) string { return string(r.Source.Referrer) }),
		inWords("By a share link", sharedLink),
		inWords("Name", func(r c) string { return r.Name }),
		inWords("Name at PayPal", func(r c) string { return r.PayerName }),
		inWords("May be named", mayBeNamed),
		inWords("Tribute", func(r c) string { return r.Tribute.Kind }),
		inWords("Tribute to", func(r c) string { return r.Tribute.Name }),
		sum("Of it for the fee", func(l ContributionLine) report.Cell { return report.Money(l.Covered) }),
	}
	if contact {
		columns = append(columns,
			inWords("Email", func(r c) string { return r.Email }),
			inWords("Email at PayPal", func(r c) string { return r.PayerMail }),
			inWords("Message", func(r c) string { return r.Message }))
	}
	return append(columns,
		inWords("Reason", func(r c) string { return whyInWords(words.English, r) }),
		inWords("Needs review", func(r c) string { return r.Attention }),
		inWords("PayPal order", func(r c) string { return r.OrderID }),
		inWords("PayPal payment", func(r c) string { return r.CaptureID }),
		inWords("How often", func(r c) string { return words.Of(words.English, "contribution.frequency.", r.Frequency) }),
		inWords("PayPal subscription", func(r c) string { return r.Subscription }),
		report.Column[c]{Name: "Payment number", Cell: func(r c) report.Cell { return report.Ordinal(r.Cycle) }},
		inWords("Readerfund ID", func(r c) string { return r.ID.String() }))
}

func sharedLink(c dashboard.Contribution) string {
	if c.Source.Shared {
		return "yes"
	}
	return ""
}

func mayBeNamed(c dashboard.Contribution) string { return cmp.Or(c.Naming, "not asked") }
