package staff

import (
	"net/http"
	"net/url"

	"golang.org/x/text/language"

	"readerfund/internal/campaign"
	"readerfund/internal/money"
	"readerfund/internal/report"
	"readerfund/internal/web/page"
)

// Ledger is the list of entries with its filter, as a page and as CSV.
type Ledger struct {
	layout

	reports   *report.Reports
	campaigns *campaign.Catalog
	exports   *exporter
}

// ledgerPage is the ledger, entry by entry, with what it sums up to.
type ledgerPage struct {
	moneyFilter
	options
	Parts []choiceOf
	Scope string
	Sums  totalsTable
	Tag   language.Tag
	Lines []ledgerLine
	Next  string // the page after this one
	First string // the first page, when this is a later one
	CSV   string
}

// ledgerLine is one entry. Address leads to its contribution.
type ledgerLine struct {
	report.LedgerLine
	Address  string
	What     string
	Occurred stamp
}

// Short is an article's address as a list shows it.
func (ledgerPage) Short(article string) string { return shortAddress(article) }

// moneyFilter is what was asked about the money that moved, as it was typed.
type moneyFilter struct {
	dateRange
	Campaign, Currency, Article, Part, After string
	NoArticle                                bool
	Wrong                                    page.FilterErrors
}

func readMoneyFilter(v url.Values) moneyFilter {
	f := moneyFilter{
		Campaign: v.Get("campaign"), Currency: string(money.Code(v.Get("currency"))), Article: v.Get("article"),
		Part:      v.Get("part"),
		NoArticle: v.Get("noarticle") == "1", After: v.Get("after"), Wrong: page.FilterErrors{},
	}
	f.dateRange = readDateRange(v, f.Wrong)
	return f
}

// query is the filter as an address says it; the page is not part of it.
func (f moneyFilter) query() url.Values {
	noArticle := ""
	if f.NoArticle {
		noArticle = "1"
	}
	return filled("from", f.From, "to", f.To, "part", f.Part, "campaign", f.Campaign, "currency", f.Currency,
		"article", f.Article, "noarticle", noArticle)
}

func (f moneyFilter) reportQuery() report.TotalsQuery {
	return report.TotalsQuery{
		From: f.from, To: f.to, Campaign: f.Campaign, Article: f.Article, NoArticle: f.NoArticle,
		Currency: money.Currency(f.Currency), Part: report.Part(f.Part),
	}
}

// scope is the filter in words.
func (f moneyFilter) scope() string {
	none := ""
	if f.NoArticle {
		none = "article"
	}
	return scope(f.dateRange, "only", f.Part, "campaign", f.Campaign, "currency", f.Currency,
		"article", f.Article, "without", none)
}

// Any reports whether anything is left out.
func (f moneyFilter) Any() bool { return len(f.query()) > 0 }

// ledgerAddress is the page that lists the entries a question is about.
func ledgerAddress(q report.TotalsQuery) string {
	f := moneyFilter{
		dateRange: dateRange{From: q.From.String(), To: q.To.String()}, Campaign: q.Campaign, Currency: string(q.Currency),
		Article: q.Article, NoArticle: q.NoArticle, Part: string(q.Part),
	}
	return address("/staff/ledger", f.query())
}

// partsOfMoney are the figures that a list can be restricted to.
func partsOfMoney() []choiceOf {
	return []choiceOf{
		{"", "All"}, {string(report.Gifts), "Payments"}, {string(report.Fees), "Fees"},
		{string(report.Refunds), "Refunds"}, {string(report.Holds), "Dispute holds"},
	}
}

// Show answers GET /staff/ledger.
func (s *Ledger) Show(w http.ResponseWriter, r *http.Request) error {
	f := readMoneyFilter(r.URL.Query())
	p := ledgerPage{
		moneyFilter: f, Parts: partsOfMoney(), Scope: f.scope(), Tag: page.Locale(r),
		CSV: csvAddress("/staff/ledger.csv", f.query()),
	}
	var err error
	if p.options, err = s.filterOptions(r, s.campaigns); err != nil {
		return err
	}
	if len(f.Wrong) == 0 {
		if err := f.Wrong.Note(s.fill(r, &p)); err != nil {
			return err
		}
	}
	if f.After != "" {
		p.First = address("/staff/ledger", f.query())
	}
	return s.show(w, r, f.Wrong.Status(), "staff/ledger.html", "Ledger", "reports", p)
}

func (s *Ledger) fill(r *http.Request, p *ledgerPage) error {
	q := p.reportQuery()
	found, err := s.reports.Ledger(r.Context(), report.LedgerQuery{TotalsQuery: q, After: p.After})
	if err != nil {
		return err
	}
	rows, err := s.reports.Totals(r.Context(), q)
	if err != nil {
		return err
	}
	p.Sums = newTotalsTable("Sums", p.Tag, s.sumByCurrency(rows, q))
	p.Sums.Entries = true
	for _, l := range found.Lines {
		p.Lines = append(p.Lines, ledgerLine{
			LedgerLine: l, Address: "/staff/contributions/" + l.ContributionID.String(), What: entryInWords(l.Kind),
			Occurred: s.stamp(l.OccurredAt),
		})
	}
	if found.Next != "" {
		p.Next = address("/staff/ledger", with(p.query(), "after", found.Next))
	}
	return nil
}
