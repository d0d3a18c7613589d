package appeal

import (
	"net/http"
	"slices"
	"time"

	"golang.org/x/text/language"

	"readerfund/internal/campaign"
	"readerfund/internal/choice"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/report"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/appeal/form"
	"readerfund/internal/web/staff/finance"
	"readerfund/internal/web/staff/screen"
)

// Campaign is the page of one campaign: how it stands, what came of it, and what can be done.
type Campaign struct {
	screen.Layout

	campaigns *campaign.Service
	catalog   *campaign.Catalog
	reports   *report.Reports
}

// campaignPage is that page.
type campaignPage struct {
	campaignLine
	Notice    *page.Flash
	Money     []finance.TotalsLine
	Progress  progress
	Languages []campaignLanguage
	Rules     []string
	Variants  []variantLine
	Acts      []campaignAct
	Recent    []versionLine
	Missing   []problem // what a draft lacks before it can be published
}

// progress is how far a campaign is, in words.
type progress struct {
	Known  bool
	Goal   string // empty without a goal
	Raised string
	People int64
	Share  int // of the bar that is filled, in percent
	Text   string
}

// campaignLanguage is a language that a campaign has texts in.
type campaignLanguage struct {
	Name    string
	Own     bool
	Heading string
}

// variantLine is a variant with its part of the readers.
type variantLine struct {
	Letter, Name string
	Percent      int
}

// campaignAct is something that can be done now.
type campaignAct struct {
	Name, Label string
	First       bool // it is the one that is expected
}

// actsNow are the acts that fit a campaign's status.
func actsNow(loc i18n.Localizer, k campaign.Campaign, now time.Time) (all []campaignAct) {
	names := map[campaign.Status][]string{
		campaign.StatusDraft: {"publish"}, campaign.StatusScheduled: {"pause", "end"},
		campaign.StatusLive: {"pause", "end"}, campaign.StatusPaused: {"resume", "end"}, campaign.StatusEnded: {"publish"},
	}[k.Status(now)]
	if k.State == campaign.Published && k.Status(now) == campaign.StatusEnded {
		names = nil // its end is past: a later one shows it again
	}
	if k.State == campaign.Published && !k.IsDefault && len(names) > 0 {
		names = append(names, "default")
	}
	for _, name := range names {
		all = append(all, campaignAct{name, loc.Say("campaigns.act." + name), name == "publish" || name == "resume"})
	}
	return all
}

// Show answers GET /staff/campaigns/{slug}.
func (s *Campaign) Show(w http.ResponseWriter, r *http.Request) error {
	k, err := s.campaigns.Campaign(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	history, err := s.campaigns.History(r.Context(), k.Slug)
	if err != nil {
		return err
	}
	query := report.TotalsQuery{Campaign: k.Slug}
	rows, err := s.reports.Totals(r.Context(), query)
	if err != nil {
		return err
	}
	all, err := s.catalog.All(r.Context())
	if err != nil {
		return err
	}
	loc := s.Pages.Localizer(r)
	p := campaignPage{
		campaignLine: newCampaignLine(s.Layout, loc, k), Money: finance.SumByCurrency(s.Currency, rows, query),
		Progress: progressInWords(loc, k, s.catalog.Facts(k.ID)), Variants: variantLines(k.Variants),
		Acts: actsNow(loc, k, s.Now()), Recent: versionLines(s.Layout, loc, history[:min(len(history), 3)]),
		Notice: campaignNotice(loc, r.URL.Query().Get("did")),
	}
	p.giveWay(s.Layout, loc, all)
	for _, lang := range k.Languages() {
		p.Languages = append(p.Languages, campaignLanguage{
			form.NewLanguage(lang).Name, lang == k.Language, k.In(language.Make(lang)).Heading,
		})
	}
	p.Rules = rulesInWords(s.Layout, loc, k)
	if k.State == campaign.Draft {
		p.Missing = problems(loc, k, whole(s.campaigns, k))
	}
	return s.Render(w, r, http.StatusOK, "staff/campaign.html", i18n.Verbatim(k.Name),
		"campaigns", p)
}

// rulesInWords are the rules by which the campaign is shown.
func rulesInWords(s screen.Layout, loc i18n.Localizer, k campaign.Campaign) (all []string) {
	for n := range k.Rules {
		all = append(all, loc.Message(choice.SayRule(&k.Rules[n], s.Zone)))
	}
	return all
}

// progressInWords says how far a campaign is.
func progressInWords(loc i18n.Localizer, k campaign.Campaign, f campaign.Facts) progress {
	p := progress{
		Known: f.Known, Raised: money.FormatBrief(f.Raised, loc.Tag()), People: f.Supporters, Share: f.Share(),
	}
	switch {
	case f.Goal.Minor > 0:
		p.Goal = money.FormatBrief(f.Goal, loc.Tag())
	case f.GoalCount > 0:
		p.Goal = loc.Say("campaigns.goal_supporters", i18n.Args{"count": f.GoalCount})
	case k.Goal != nil && k.Goal.Kind == campaign.GoalAmount: // the snapshot does not have it yet
		p.Goal = money.FormatBrief(money.New(k.Goal.Minor, k.Goal.Currency), loc.Tag())
	}
	if p.Known && p.Goal != "" {
		p.Text = loc.Say("campaigns.progress", i18n.Args{"percent": f.Percent, "goal": p.Goal})
	}
	return p
}

func variantLines(all []campaign.Variant) (lines []variantLine) {
	sum := 0
	for _, v := range all {
		sum += v.Weight
	}
	for n, v := range all {
		lines = append(lines, variantLine{form.VariantLetter(n), v.Name, v.Weight * 100 / max(sum, 1)})
	}
	return lines
}

// campaignNotice reports that an act was done; how the campaign stands now is said below it.
func campaignNotice(loc i18n.Localizer, did string) *page.Flash {
	if !slices.Contains([]string{"saved", "publish", "pause", "resume", "end", "restore", "duplicate", "default"}, did) {
		return nil
	}
	return &page.Flash{Tone: "good", Title: loc.Say("campaigns.did." + did)}
}

// Expected reports whether one of the acts is what comes next, so that it stands out.
func (p campaignPage) Expected() bool {
	return len(p.Missing) == 0 && slices.ContainsFunc(p.Acts, func(a campaignAct) bool { return a.First })
}
