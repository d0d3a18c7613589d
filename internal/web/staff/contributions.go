package staff

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/text/language"

	"readerfund/internal/campaign"
	"readerfund/internal/dashboard"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/web/page"
)

// Contributions is the list with its filter, as a page and as CSV.
type Contributions struct {
	layout

	views     *dashboard.Views
	campaigns *campaign.Catalog
	exports   *exporter
}

// contributionsPage is the list with its filter.
type contributionsPage struct {
	contributionFilter
	options
	Statuses    []choiceOf
	Frequencies []choiceOf
	Standings   []choiceOf
	Table       contributionTable
	Next        string // the page after this one
	First       string // the first page, when this is a later one
	CSV         string
	Scope       string // printed on paper: which contributions the list contains
}

// choiceOf is one line of a select.
type choiceOf struct{ Value, Label string }

// contributionFilter is the filter as it was typed.
type contributionFilter struct {
	dateRange
	Status, Campaign, Currency, Article, Search string
	Frequency, Subscription                     string
	Attention                                   bool
	After                                       string
	Wrong                                       page.FilterErrors
}

// contributionTable is a list of contributions. Label says what it is a list of.
type contributionTable struct {
	Label string
	Tag   language.Tag
	Rows  []contributionLine
	Mail  bool // shows addresses
}

// Short shortens an article's address for a list.
func (contributionTable) Short(article string) string { return shortAddress(article) }

// shortAddress removes the prefix that every web address has.
func shortAddress(article string) string {
	for _, scheme := range []string{"https://", "http://"} {
		article = strings.TrimPrefix(article, scheme)
	}
	return strings.TrimPrefix(article, "www.")
}

// contributionLine is a line of a list of contributions.
type contributionLine struct {
	dashboard.Contribution
	Address                           string
	Started                           stamp
	State                             status
	Gross, Fee, Refunded, Held, NetIn money.Amount
}

func readContributionFilter(loc i18n.Localizer, v url.Values) contributionFilter {
	f := contributionFilter{
		Status: v.Get("status"), Campaign: v.Get("campaign"), Currency: string(money.Code(v.Get("currency"))),
		Article: v.Get("article"), Frequency: v.Get("frequency"), Subscription: v.Get("subscription"),
		Search: strings.TrimSpace(v.Get("q")), Attention: v.Get("attention") == "1", After: v.Get("after"),
		Wrong: page.FilterErrors{},
	}
	f.dateRange = readDateRange(loc, v, f.Wrong)
	return f
}

// query is the filter as a query string, without the page.
func (f contributionFilter) query() url.Values {
	attention := ""
	if f.Attention {
		attention = "1"
	}
	return filled("from", f.From, "to", f.To, "status", f.Status, "campaign", f.Campaign, "currency", f.Currency,
		"article", f.Article, "frequency", f.Frequency, "subscription", f.Subscription, "q", f.Search,
		"attention", attention)
}

// scope is the filter in words.
func (f contributionFilter) scope(loc i18n.Localizer) string {
	state, review, frequency, standing := "", "", "", ""
	if f.Status != "" {
		state = stateInWords(loc, f.Status).Label
	}
	if f.Attention {
		review = "1"
	}
	if f.Frequency != "" {
		frequency = wordIn(loc, "contribution.frequency.", f.Frequency)
	}
	if f.Subscription != "" {
		standing = wordIn(loc, "subscription.state.", f.Subscription)
	}
	return scope(loc, f.dateRange, "status", state, "frequency", frequency, "subscription", standing,
		"campaign", f.Campaign, "currency", f.Currency, "article", f.Article, "search", f.Search, "review", review)
}

// Any reports whether the list is filtered at all.
func (f contributionFilter) Any() bool { return len(f.query()) > 0 }

// Everywhere is the page with the same search and no other filter.
func (f contributionFilter) Everywhere() string {
	return address("/staff/contributions", filled("q", f.Search))
}

// Narrow reports whether the list is filtered by more than the search.
func (f contributionFilter) Narrow() bool {
	return address("/staff/contributions", f.query()) != f.Everywhere()
}

// reportQuery is the filter as dashboard takes it; it searches email addresses if the account may see them.
func (f contributionFilter) reportQuery(r *http.Request) dashboard.ContributionsQuery {
	return dashboard.ContributionsQuery{
		Mail: mayContact(r),
		From: f.from, To: f.to, Status: f.Status, Campaign: f.Campaign, Article: f.Article,
		Currency:  money.Currency(f.Currency),
		Frequency: f.Frequency, Subscribed: f.Subscription,
		Search: f.Search, Attention: f.Attention, After: f.After,
	}
}

// List answers GET /staff/contributions.
func (s *Contributions) List(w http.ResponseWriter, r *http.Request) error {
	loc := s.pages.Localizer(r)
	f := readContributionFilter(loc, r.URL.Query())
	p := contributionsPage{
		contributionFilter: f, Scope: f.scope(loc), CSV: csvAddress("/staff/contributions.csv", f.query()),
	}
	p.Table.Mail = mayContact(r)
	for _, state := range dashboard.Statuses() {
		p.Statuses = append(p.Statuses, choiceOf{state, stateInWords(loc, state).Label})
	}
	for _, frequency := range dashboard.Frequencies() {
		p.Frequencies = append(p.Frequencies, choiceOf{frequency, wordIn(loc, "contribution.frequency.", frequency)})
	}
	for _, state := range dashboard.SubscriptionStates() {
		p.Standings = append(p.Standings, choiceOf{state, wordIn(loc, "subscription.state.", state)})
	}
	var err error
	if p.options, err = s.filterOptions(r, s.campaigns); err != nil {
		return err
	}
	if len(f.Wrong) == 0 {
		found, err := s.views.Contributions(r.Context(), f.reportQuery(r))
		if err := f.Wrong.Note(loc, err); err != nil {
			return err
		}
		p.Table = s.contributionTable(r, i18n.New("staff.title.contributions"), found.Contributions)
		if found.Next != "" {
			p.Next = address("/staff/contributions", with(f.query(), "after", found.Next))
		}
	}
	if f.After != "" {
		p.First = address("/staff/contributions", f.query())
	}
	return s.show(w, r, f.Wrong.Status(), "staff/contributions.html", i18n.New("staff.title.contributions"),
		"contributions", p)
}

func with(v url.Values, key, value string) url.Values {
	v.Set(key, value)
	return v
}

func (s layout) contributionTable(
	r *http.Request, label i18n.Message, rows []dashboard.Contribution,
) contributionTable {
	loc := s.pages.Localizer(r)
	return contributionTable{
		Label: loc.Message(label), Tag: loc.Tag(), Rows: s.contributionLines(loc, rows), Mail: mayContact(r),
	}
}

// contributionAddress is the page of a contribution.
func contributionAddress(id uuid.UUID) string { return "/staff/contributions/" + id.String() }

func (s layout) contributionLines(loc i18n.Localizer, rows []dashboard.Contribution) []contributionLine {
	lines := make([]contributionLine, len(rows))
	for i, c := range rows {
		in := func(minor int64) money.Amount { return money.New(minor, c.Amount.Currency) }
		lines[i] = contributionLine{
			Contribution: c, Address: contributionAddress(c.ID), Started: s.stamp(c.CreatedAt),
			State: stateInWords(loc, c.Status),
			Gross: in(c.Sums.Gross), Fee: in(c.Sums.Fee), Refunded: in(c.Sums.Refunded), Held: in(c.Sums.Held),
			NetIn: in(c.Sums.Net),
		}
	}
	return lines
}
