package appeal

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"readerfund/internal/campaign"
	"readerfund/internal/choice"
	"readerfund/internal/i18n"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/screen"
	"readerfund/internal/web/staff/words"
)

const whyAddress = screen.CampaignsAddress + "/why"

// Why is the page on which staff ask why a reader sees an appeal on a page, or sees none.
type Why struct {
	screen.Layout

	chooser *choice.Chooser
}

// whyPage is the question as it was asked, and the answer.
type whyPage struct {
	url.Values // as they were typed

	Wrong     page.FilterErrors
	Asked     bool
	Readers   []screen.Preset // who are often asked about
	Campaigns []*campaign.Campaign
	Formats   []whyOption
	Said      *page.Flash // what the reader sees
	Lines     []whyLine
	More      int // campaigns that are not among Lines
}

// whyNumber is a field for a number.
type whyNumber struct{ Field, Label, Value, Wrong string }

// Number is the field of that name.
func (p whyPage) Number(field, label string) whyNumber {
	return whyNumber{field, label, p.Get(field), p.Wrong[field]}
}

// Only is the campaign that alone is asked about.
func (p whyPage) Only() string { return p.Get("campaign") }

type whyOption struct{ Value, Label string }

// whyLine is what was asked about one campaign.
type whyLine struct {
	Campaign      *campaign.Campaign
	Address       string // asks about this campaign alone
	StatusInWords words.Status
	Because       *whyStep // the first that does not hold
	Steps         []whyStep
}

type whyStep struct {
	Held       bool
	Rule, Fact string
}

// mostLines is how many campaigns are explained on one page.
const mostLines = 25

// Show answers GET /staff/campaigns/why. Without a question, it shows the form for one.
func (s *Why) Show(w http.ResponseWriter, r *http.Request) error {
	snapshot, err := s.chooser.Snapshot(r.Context())
	if err != nil {
		return err
	}
	loc, v := s.Pages.Localizer(r), r.URL.Query()
	p := whyPage{
		Values: v, Wrong: page.FilterErrors{}, Asked: v.Has("known"), Readers: whyReaders(loc, v),
		Campaigns: snapshot.Campaigns(), Formats: whyFormats(loc),
	}
	if !p.Asked {
		p.Values = whyDefaults(v)
	} else if err := p.answer(loc, snapshot, s); err != nil {
		return err
	}
	return s.Render(w, r, p.Wrong.Status(), "staff/why.html", i18n.New("choice.title"), "campaigns", p)
}

// answer decides for the page and the reader that were described.
func (p *whyPage) answer(loc i18n.Localizer, snapshot *choice.Snapshot, s *Why) error {
	visit, reader, at, err := readQuestion(p.Values, s.Now().In(s.Zone))
	if err != nil {
		return p.Wrong.Note(loc, err)
	}
	decision, trace := snapshot.Decide(visit, reader, at)
	p.Said = said(loc, snapshot, decision)
	only := p.Get("campaign")
	for _, line := range trace {
		switch {
		case only != "" && line.Campaign.Slug != only:
		case len(p.Lines) == mostLines:
			p.More++
		default:
			p.Lines = append(p.Lines, p.line(loc, line))
		}
	}
	return nil
}

// said says what the reader sees.
func said(loc i18n.Localizer, snapshot *choice.Snapshot, d choice.Decision) *page.Flash {
	if !d.Shown() {
		return page.Pending(loc, "choice.said.nothing")
	}
	k := snapshot.Campaign(d.Campaign)
	return &page.Flash{
		Tone:  "good",
		Title: loc.Say("choice.said.shown.title", i18n.Args{"name": k.Name, "format": i18n.New("choice.format." + d.Format)}),
		Text:  variantsInWords(loc, k),
	}
}

// variantsInWords says by which shares readers see a campaign's variants.
func variantsInWords(loc i18n.Localizer, k *campaign.Campaign) string {
	var sentences []string
	total := 0
	for _, v := range k.Variants {
		total += v.Weight
	}
	if total > 0 {
		var shares []string
		for _, v := range k.Variants {
			shares = append(shares, fmt.Sprintf("%s %d %%", v.Name, (100*v.Weight+total/2)/total))
		}
		sentences = append(sentences, loc.Say("choice.said.variants", i18n.Args{"shares": strings.Join(shares, ", ")}))
	}
	if k.Holdout > 0 {
		sentences = append(sentences, loc.Say("choice.said.holdout", i18n.Args{"percent": k.Holdout}))
	}
	return strings.Join(sentences, " ")
}

func (p *whyPage) line(loc i18n.Localizer, l choice.Line) whyLine {
	v := screen.Query("campaign", l.Campaign.Slug)
	for name, values := range p.Values {
		if name != "campaign" {
			v[name] = values
		}
	}
	line := whyLine{Campaign: l.Campaign, Address: screen.Address(whyAddress, v)}
	for _, step := range l.Steps {
		line.Steps = append(line.Steps, whyStep{step.Held, loc.Message(step.Rule), loc.Message(step.Fact)})
	}
	code := "shown"
	if i := slices.IndexFunc(line.Steps, func(step whyStep) bool { return !step.Held }); i >= 0 {
		code, line.Because = "not_shown", &line.Steps[i]
	}
	line.StatusInWords = words.StatusIn(loc, "choice.stands.", code, map[string]string{"shown": "good"})
	return line
}

func whyFormats(loc i18n.Localizer) []whyOption {
	var all []whyOption
	for _, format := range campaign.Formats() {
		all = append(all, whyOption{format, loc.Say("choice.format." + format)})
	}
	return all
}
