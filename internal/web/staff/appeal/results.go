package appeal

import (
	"math"
	"net/http"
	"slices"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"readerfund/internal/campaign"
	"readerfund/internal/experiment"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/screen"
	"readerfund/internal/web/staff/words"
)

// Results is the page on which a campaign's variants are compared.
type Results struct {
	screen.Layout

	campaigns   *campaign.Service
	experiments *experiment.Experiments
}

// resultsPage is the data of that page.
type resultsPage struct {
	screen.DateRange

	Campaign campaignLine
	Address  string
	Wrong    page.FilterErrors
	Shown    string        // the days in words
	Changed  *screen.Stamp // when what is compared was last changed, where the days begin with that
	Verdict  verdict
	Split    string // empty where there is nothing to say of it
	Arms     []resultLine
	Any      bool // somebody saw the appeal, or gave
	Channels []resultLine
	Outside  []outsideLine
	Articles []articleLine
	Tag      language.Tag
}

// verdict is the sentence of the results, with what to know beside it.
type verdict struct{ Text, More, Tone string }

// resultLine is an arm, or one of its formats.
type resultLine struct {
	Name, Format string
	Holdout      bool
	Share        string // of readers, by weight

	Readers, Views, Clicks, Starts, Gifts, Closed, OptedOut string

	Rate    interval // gifts of a thousand readers
	Plot    plot
	Net     []money.Amount
	PerView []valueLine // net of a thousand views
	Regret  string
	Of      string // the counts behind it
}

// interval is a figure and the range it is in.
type interval struct{ Value, Low, High string }

// plot is an interval as a picture of plotWidth × 10.
type plot struct{ From, Width, At int }

const plotWidth = 200

// valueLine is an amount with its interval.
type valueLine struct{ Value, Low, High money.Amount }

type outsideLine struct {
	Way           string
	Starts, Gifts string
	Net           []money.Amount
}

type articleLine struct {
	Address, Label       string
	Views, Clicks, Gifts string
	Rate                 string // gifts of a thousand views
}

// Show answers GET /staff/campaigns/{slug}/results.
func (s *Results) Show(w http.ResponseWriter, r *http.Request) error {
	k, err := s.campaigns.Campaign(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	loc := s.Pages.Localizer(r)
	p := resultsPage{
		Campaign: newCampaignLine(s.Layout, loc, k), Address: screen.CampaignAddress(k.Slug) + "/results",
		Wrong: page.FilterErrors{},
		Tag:   loc.Tag(),
	}
	p.DateRange = screen.ReadDateRange(loc, r.URL.Query(), p.Wrong)
	if len(p.Wrong) == 0 {
		found, err := s.experiments.Results(r.Context(), k, s.Now(), p.FirstDay, p.LastDay)
		if err := p.Wrong.Note(loc, err); err != nil {
			return err
		}
		if err == nil {
			s.fill(loc, &p, k, found)
		}
	}
	return s.Render(w, r, p.Wrong.Status(), "staff/results.html", i18n.New("results.title", i18n.Args{"campaign": k.Name}),
		"campaigns", p)
}

// fill puts the results on the page.
func (s *Results) fill(loc i18n.Localizer, p *resultsPage, k campaign.Campaign, found experiment.Results) {
	if p.FirstDay.IsZero() && !found.Changed.IsZero() {
		changed := s.Stamp(found.Changed)
		p.Changed = &changed
	}
	p.FirstDay, p.LastDay = found.From, found.To
	p.From, p.To, p.Shown = found.From.String(), found.To.String(), p.InWords(loc)
	p.Verdict = verdictIn(loc, found)
	if len(found.Arms) > 1 && !found.Split.Broken && found.Split.P < 1 {
		p.Split = loc.Say("results.split", i18n.Args{"chance": percent(found.Split.P)})
	}
	most, weights := 0.0, 0
	for _, a := range found.Arms {
		most, weights = max(most, a.RateInterval().High), weights+a.Weight
	}
	all := found.Arms
	if found.Holdout != nil {
		all = append(slices.Clone(all), *found.Holdout)
		most = max(most, found.Holdout.RateInterval().High)
	}
	for _, a := range all {
		l := lineOf(loc, a, k.Currency)
		l.Plot = plotOf(a, most)
		if l.Holdout = found.Holdout != nil && a.Name == found.Holdout.Name; l.Holdout {
			l.Name, l.Share = loc.Say("results.holdout"), percent(float64(k.Holdout)/100)
		} else if len(found.Arms) > 1 && weights > 0 {
			l.Share = percent(float64(a.Weight) / float64(weights) * (1 - float64(k.Holdout)/100))
		}
		p.Any = p.Any || a.Views > 0 || a.Starts > 0
		p.Arms = append(p.Arms, l)
	}
	for _, c := range found.Channels {
		l := lineOf(loc, c.Arm, k.Currency)
		l.Format = words.Of(loc, "results.format.", formatKey(c.Format))
		p.Channels = append(p.Channels, l)
	}
	for _, o := range found.Outside {
		p.Outside = append(p.Outside, outsideLine{
			words.Of(loc, "results.way.", wayKey(o.Way)), number(loc, o.Starts), number(loc, o.Gifts), netOf(o.Given),
		})
	}
	for _, a := range found.Articles {
		p.Articles = append(p.Articles, articleLine{
			a.Address, screen.ShortAddress(a.Address), number(loc, a.Views), number(loc, a.Clicks), number(loc, a.Gifts),
			perThousand(float64(a.Gifts) / float64(max(a.Views, 1))),
		})
	}
}

// formatKey is the format's key; a link has no format.
func formatKey(format string) string {
	if format == "" {
		return "link"
	}
	return format
}

// wayKey is the key of a way that readers came by. The catalogue keeps "other" for a plural.
func wayKey(way string) string {
	switch way {
	case "":
		return "unknown"
	case "other":
		return "elsewhere"
	default:
		return way
	}
}

// lineOf is an arm as the tables show it.
func lineOf(loc i18n.Localizer, a experiment.Arm, own money.Currency) resultLine {
	l := resultLine{
		Name:    a.Name,
		Readers: number(loc, a.Readers), Views: number(loc, a.Views), Clicks: number(loc, a.Clicks),
		Starts: number(loc, a.Starts), Gifts: number(loc, a.Gifts), Closed: number(loc, a.Closed),
		OptedOut: number(loc, a.OptedOut), Net: netOf(a.Given),
	}
	if l.Name == "" {
		l.Name = loc.Say("results.the_appeal")
	}
	if a.Readers > 0 {
		in := a.RateInterval()
		l.Rate = interval{perThousand(a.Rate()), perThousand(in.Low), perThousand(in.High)}
	}
	if a.Views > 0 {
		for _, m := range a.Money {
			if m.Currency == own || m.Net != 0 {
				l.PerView = append(l.PerView, valueOf(a, m))
			}
		}
	}
	if a.Begun > 0 {
		l.Regret = percent(a.Regret())
		l.Of = loc.Say("results.of", i18n.Args{"some": number(loc, a.Regretted), "all": number(loc, a.Begun)})
	}
	return l
}

// valueOf is the net of a thousand views.
func valueOf(a experiment.Arm, m experiment.Money) valueLine {
	value, in := a.ValuePerView(m)
	thousand := func(f float64) money.Amount { return money.New(int64(math.Round(f*1000)), m.Currency) }
	return valueLine{thousand(value), thousand(in.Low), thousand(in.High)}
}

func netOf(g experiment.Given) []money.Amount {
	var all []money.Amount
	for _, m := range g.Money {
		all = append(all, money.New(m.Net, m.Currency))
	}
	return all
}

// plotOf draws an arm's rate on a scale that ends at most.
func plotOf(a experiment.Arm, most float64) plot {
	if a.Readers == 0 || most <= 0 {
		return plot{}
	}
	in := a.RateInterval()
	at := func(f float64) int { return int(math.Round(f / most * plotWidth)) }
	return plot{From: at(in.Low), Width: max(at(in.High)-at(in.Low), 1), At: min(max(at(a.Rate()), 4), plotWidth-4)}
}

// number writes a count with the language's separators.
func number(loc i18n.Localizer, n int64) string { return message.NewPrinter(loc.Tag()).Sprint(n) }

// perThousand writes a share as so many of a thousand.
func perThousand(share float64) string {
	return message.NewPrinter(language.English).Sprintf("%.1f", share*1000)
}

// percent writes a share; small ones with a decimal, so that one in three hundred is not none.
func percent(share float64) string {
	digits := "%.0f %%"
	if share != 0 && math.Abs(share) < 0.1 {
		digits = "%.1f %%"
	}
	return message.NewPrinter(language.English).Sprintf(digits, share*100)
}
