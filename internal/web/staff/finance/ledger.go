package finance

import (
	"net/http"
	"net/url"

	"golang.org/x/text/language"

	"readerfund/internal/campaign"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/report"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/screen"
	"readerfund/internal/web/staff/words"
)

// Ledger is the list of entries with its filter, as a page and as CSV.
type Ledger struct {
	screen.Layout

	reports   *report.Reports
	campaigns *campaign.Catalog
	exports   *screen.Exporter
}

// ledgerPage is the ledger, entry by entry, with its totals.
type ledgerPage struct {
	moneyFilter
	screen.Options
	Parts []screen.Choice
	Scope string
	Sums  totalsTable
	Tag   language.Tag
	Lines []ledgerLine
	Next  string // the page after this one
	First string // the first page, when this is a later one
	CSV   string
}

// ledgerLine is one entry. Address is the page of its contribution.
type ledgerLine struct {
	report.LedgerLine
	Address  string
	What     string
	Occurred screen.Stamp
}

// Short shortens an article's address for a list.
func (ledgerPage) Short(article string) string { return screen.ShortAddress(article) }

// moneyFilter is a filter of ledger entries, as it was typed.
type moneyFilter struct {
	screen.DateRange
	Campaign, Currency, Article, Frequency, Part, After string
	NoArticle                                           bool
	Wrong                                               page.FilterErrors
}

func readMoneyFilter(loc i18n.Localizer, v url.Values) moneyFilter {
	f := moneyFilter{
		Campaign: v.Get("campaign"), Currency: string(money.Code(v.Get("currency"))), Article: v.Get("article"),
		Part: v.Get("part"), Frequency: v.Get("frequency"),
		NoArticle: v.Get("noarticle") == "1", After: v.Get("after"), Wrong: page.FilterErrors{},
	}
	f.DateRange = screen.ReadDateRange(loc, v, f.Wrong)
	return f
}

// query is the filter as a query string, without the page.
func (f moneyFilter) query() url.Values {
	noArticle := ""
	if f.NoArticle {
		noArticle = "1"
	}
	return screen.Query("from", f.From, "to", f.To, "part", f.Part, "campaign", f.Campaign, "currency", f.Currency,
		"article", f.Article, "noarticle", noArticle, "frequency", f.Frequency)
}

func (f moneyFilter) reportQuery() report.TotalsQuery {
	return report.TotalsQuery{
		From: f.FirstDay, To: f.LastDay, Campaign: f.Campaign, Article: f.Article, NoArticle: f.NoArticle,
		Frequency: f.Frequency, Currency: money.Currency(f.Currency), Part: report.Part(f.Part),
	}
}

// scope is the filter in words.
func (f moneyFilter) scope(loc i18n.Localizer) string {
	none := ""
	if f.NoArticle {
		none = "1"
	}
	return screen.Scope(loc, f.DateRange, "part", f.Part, "campaign", f.Campaign, "currency", f.Currency,
		"article", f.Article,
		"no_article", none, "frequency", f.Frequency)
}

// Any reports whether any entry may be filtered out.
func (f moneyFilter) Any() bool { return len(f.query()) > 0 }

// ledgerAddress is the page that lists the entries behind a query.
func ledgerAddress(q report.TotalsQuery) string {
	f := moneyFilter{
		DateRange: screen.DateRange{From: q.From.String(), To: q.To.String()}, Campaign: q.Campaign,
		Currency: string(q.Currency),
		Article:  q.Article, NoArticle: q.NoArticle, Frequency: q.Frequency, Part: string(q.Part),
	}
	return screen.Address("/staff/ledger", f.query())
}

// partsOfMoney are the figures that a list can be filtered by.
func partsOfMoney(loc i18n.Localizer) []screen.Choice {
	all := []screen.Choice{{Value: "", Label: loc.Say("staff.all")}}
	for _, part := range []report.Part{report.Gifts, report.Fees, report.Refunds, report.Holds} {
		all = append(all, screen.Choice{Value: string(part), Label: loc.Say("report.part." + string(part))})
	}
	return all
}

// Show answers GET /staff/ledger.
func (s *Ledger) Show(w http.ResponseWriter, r *http.Request) error {
	loc := s.Pages.Localizer(r)
	f := readMoneyFilter(loc, r.URL.Query())
	p := ledgerPage{
		moneyFilter: f, Parts: partsOfMoney(loc), Scope: f.scope(loc), Tag: loc.Tag(),
		CSV: screen.CSVAddress("/staff/ledger.csv", f.query()),
	}
	var err error
	if p.Options, err = s.FilterOptions(r, s.campaigns); err != nil {
		return err
	}
	if len(f.Wrong) == 0 {
		if err := f.Wrong.Note(loc, s.fill(r, &p)); err != nil {
			return err
		}
	}
	if f.After != "" {
		p.First = screen.Address("/staff/ledger", f.query())
	}
	return s.Render(w, r, f.Wrong.Status(), "staff/ledger.html", i18n.New("staff.title.ledger"), "reports", p)
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
	p.Sums = newTotalsTable("sums", p.Tag, SumByCurrency(s.Currency, rows, q))
	p.Sums.Entries = true
	loc := s.Pages.Localizer(r)
	for _, l := range found.Lines {
		p.Lines = append(p.Lines, ledgerLine{
			LedgerLine: l, Address: screen.ContributionAddress(l.ContributionID), What: words.Entry(loc, l.Kind),
			Occurred: s.Stamp(l.OccurredAt),
		})
	}
	if found.Next != "" {
		p.Next = screen.Address("/staff/ledger", screen.With(p.query(), "after", found.Next))
	}
	return nil
}
