package giving

import (
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/text/language"

	"readerfund/internal/campaign"
	"readerfund/internal/dashboard"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/screen"
	"readerfund/internal/web/staff/words"
)

// Contributions is the list with its filter, as a page and as CSV.
type Contributions struct {
	screen.Layout

	views     *dashboard.Views
	campaigns *campaign.Catalog
	exports   *screen.Exporter
}

// contributionsPage is the list with its filter.
type contributionsPage struct {
	contributionFilter
	screen.Options
	Statuses    []screen.Choice
	Frequencies []screen.Choice
	Standings   []screen.Choice
	Table       ContributionTable
	Next        string // the page after this one
	First       string // the first page, when this is a later one
	CSV         string
	Scope       string // printed on paper: which contributions the list contains
	Messages    string // how many are unread
}

// contributionFilter is the filter as it was typed.
type contributionFilter struct {
	screen.DateRange
	Status, Campaign, Currency, Article, Search string
	Frequency, Subscription                     string
	Attention                                   bool
	After                                       string
	Wrong                                       page.FilterErrors
}

// ContributionTable is a list of contributions. Label says what it is a list of.
type ContributionTable struct {
	Label string
	Tag   language.Tag
	Rows  []ContributionLine
	Mail  bool // shows addresses
}

// Short shortens an article's address for a list.
func (ContributionTable) Short(article string) string { return screen.ShortAddress(article) }

// ContributionLine is a line of a list of contributions.
type ContributionLine struct {
	dashboard.Contribution
	Address                           string
	Started                           screen.Stamp
	State                             words.Status
	Gross, Fee, Refunded, Held, NetIn money.Amount
}

func readContributionFilter(loc i18n.Localizer, v url.Values) contributionFilter {
	f := contributionFilter{
		Status: v.Get("status"), Campaign: v.Get("campaign"), Currency: string(money.Code(v.Get("currency"))),
		Article: v.Get("article"), Frequency: v.Get("frequency"), Subscription: v.Get("subscription"),
		Search: strings.TrimSpace(v.Get("q")), Attention: v.Get("attention") == "1", After: v.Get("after"),
		Wrong: page.FilterErrors{},
	}
	f.DateRange = screen.ReadDateRange(loc, v, f.Wrong)
	return f
}

// query is the filter as a query string, without the page.
func (f contributionFilter) query() url.Values {
	attention := ""
	if f.Attention {
		attention = "1"
	}
	return screen.Query("from", f.From, "to", f.To, "status", f.Status, "campaign", f.Campaign, "currency", f.Currency,
		"article", f.Article, "frequency", f.Frequency, "subscription", f.Subscription, "q", f.Search,
		"attention", attention)
}

// scope is the filter in words.
func (f contributionFilter) scope(loc i18n.Localizer) string {
	state, review, frequency, standing := "", "", "", ""
	if f.Status != "" {
		state = words.State(loc, f.Status).Label
	}
	if f.Attention {
		review = "1"
	}
	if f.Frequency != "" {
		frequency = words.Of(loc, "contribution.frequency.", f.Frequency)
	}
	if f.Subscription != "" {
		standing = words.Of(loc, "subscription.state.", f.Subscription)
	}
	return screen.Scope(loc, f.DateRange, "status", state, "frequency", frequency, "subscription", standing,
		"campaign", f.Campaign, "currency", f.Currency, "article", f.Article, "search", f.Search, "review", review)
}

// Any reports whether the list is filtered at all.
func (f contributionFilter) Any() bool { return len(f.query()) > 0 }

// Everywhere is the page with the same search and no other filter.
func (f contributionFilter) Everywhere() string {
	return screen.Address("/staff/contributions", screen.Query("q", f.Search))
}

// Narrow reports whether the list is filtered by more than the search.
func (f contributionFilter) Narrow() bool {
	return screen.Address("/staff/contributions", f.query()) != f.Everywhere()
}

// reportQuery is the filter as dashboard takes it; it searches email addresses if the account may see them.
func (f contributionFilter) reportQuery(r *http.Request) dashboard.ContributionsQuery {
	return dashboard.ContributionsQuery{
		Mail: screen.MayContact(r),
		From: f.FirstDay, To: f.LastDay, Status: f.Status, Campaign: f.Campaign, Article: f.Article,
		Currency:  money.Currency(f.Currency),
		Frequency: f.Frequency, Subscribed: f.Subscription,
		Search: f.Search, Attention: f.Attention, After: f.After,
	}
}

// List answers GET /staff/contributions.
func (s *Contributions) List(w http.ResponseWriter, r *http.Request) error {
	loc := s.Pages.Localizer(r)
	f := readContributionFilter(loc, r.URL.Query())
	p := contributionsPage{
		contributionFilter: f, Scope: f.scope(loc), CSV: screen.CSVAddress("/staff/contributions.csv", f.query()),
	}
	p.Table.Mail = screen.MayContact(r)
	for _, state := range dashboard.Statuses() {
		p.Statuses = append(p.Statuses, screen.Choice{Value: state, Label: words.State(loc, state).Label})
	}
	for _, frequency := range dashboard.Frequencies() {
		p.Frequencies = append(p.Frequencies, screen.Choice{Value: frequency,
			Label: words.Of(loc, "contribution.frequency.", frequency)})
	}
	for _, state := range dashboard.SubscriptionStates() {
		p.Standings = append(p.Standings, screen.Choice{Value: state, Label: words.Of(loc, "subscription.state.", state)})
	}
	var err error
	if p.Options, err = s.FilterOptions(r, s.campaigns); err != nil {
		return err
	}
	if len(f.Wrong) == 0 {
		found, err := s.views.Contributions(r.Context(), f.reportQuery(r))
		if err := f.Wrong.Note(loc, err); err != nil {
			return err
		}
		p.Table = NewContributionTable(s.Layout, r, i18n.New("staff.title.contributions"), found.Contributions)
		if found.Next != "" {
			p.Next = screen.Address("/staff/contributions", screen.With(f.query(), "after", found.Next))
		}
	}
	if f.After != "" {
		p.First = screen.Address("/staff/contributions", f.query())
	}
	if p.Messages, err = s.Waiting(r, s.views); err != nil {
		return err
	}
	return s.Render(w, r, f.Wrong.Status(), "staff/contributions.html", i18n.New("staff.title.contributions"),
		"contributions", p)
}

// NewContributionTable is the table of some contributions, with addresses where the account may see them.
func NewContributionTable(
	s screen.Layout, r *http.Request, label i18n.Message, rows []dashboard.Contribution,
) ContributionTable {
	loc := s.Pages.Localizer(r)
	return ContributionTable{
		Label: loc.Message(label), Tag: loc.Tag(), Rows: ContributionLines(s, loc, rows), Mail: screen.MayContact(r),
	}
}

// ContributionLines puts contributions into words, line by line.
func ContributionLines(s screen.Layout, loc i18n.Localizer, rows []dashboard.Contribution) []ContributionLine {
	lines := make([]ContributionLine, len(rows))
	for i, c := range rows {
		in := func(minor int64) money.Amount { return money.New(minor, c.Amount.Currency) }
		lines[i] = ContributionLine{
			Contribution: c, Address: screen.ContributionAddress(c.ID), Started: s.Stamp(c.CreatedAt),
			State: words.State(loc, c.Status),
			Gross: in(c.Sums.Gross), Fee: in(c.Sums.Fee), Refunded: in(c.Sums.Refunded), Held: in(c.Sums.Held),
			NetIn: in(c.Sums.Net),
		}
	}
	return lines
}
