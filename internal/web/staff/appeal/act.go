package appeal

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"

	"readerfund/internal/campaign"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/appeal/form"
	"readerfund/internal/web/staff/screen"
)

// Act is the page on which staff confirm what they do with a campaign: publish, pause, resume, end, put it on
// the home page. It says first what readers will see.
type Act struct {
	screen.Layout

	campaigns *campaign.Service
	catalog   *campaign.Catalog
	preview   *Preview
}

// campaignActPage is that page.
type campaignActPage struct {
	campaignLine
	page.FormErrors
	Act       string
	Title     string
	Button    string
	When      string // readers see it
	Notes     []string
	Problems  []problem // why it cannot be published; then there is no button
	Languages string
	Rules     []string
	Variants  []variantLine
	Frame     string // the appeal as readers will see it; empty where they will see none
}

// problem is something to mend, with where.
type problem struct{ Field, Message, Address string }

// do calls the service.
func (s *Act) do(
	ctx context.Context, by campaign.Actor, act, slug string, version int64,
) (campaign.Campaign, error) {
	return map[string]func(context.Context, campaign.Actor, string, int64) (campaign.Campaign, error){
		"publish": s.campaigns.Publish, "pause": s.campaigns.Pause, "resume": s.campaigns.Resume, "end": s.campaigns.End,
		"default": s.campaigns.MakeDefault,
	}[act](ctx, by, slug, version)
}

// Show answers GET /staff/campaigns/{slug}/{act}.
func (s *Act) Show(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, nil)
}

// Do answers POST /staff/campaigns/{slug}/{act}.
func (s *Act) Do(w http.ResponseWriter, r *http.Request) error {
	v, err := page.ReadForm(w, r)
	if err != nil {
		return err
	}
	version, _ := strconv.ParseInt(v.Get("version"), 10, 64) // no number is no version that anybody read
	act := r.PathValue("act")
	k, err := s.do(r.Context(), campaignActor(r), act, r.PathValue("slug"), version)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		return s.render(w, r, err)
	}
	if err != nil {
		return err
	}
	page.Redirect(w, screen.Address(screen.CampaignAddress(k.Slug), url.Values{"did": {act}}))
	return nil
}

func (s *Act) render(w http.ResponseWriter, r *http.Request, failure error) error {
	k, err := s.campaigns.Campaign(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	all, err := s.catalog.All(r.Context())
	if err != nil {
		return err
	}
	loc, act, status := s.Pages.Localizer(r), r.PathValue("act"), http.StatusOK
	p := campaignActPage{
		campaignLine: newCampaignLine(s.Layout, loc, k), Act: act, Button: loc.Say("campaigns.act." + act),
		Title: loc.Say("campaigns.confirm."+act, i18n.Args{"name": k.Name}), Notes: s.actNotes(loc, act, k),
	}
	if act != "pause" && act != "end" {
		if err := s.describe(loc, k, all, &p); err != nil {
			return err
		}
	}
	if failure != nil && !fault.Is(failure, fault.Invalid) { // what is invalid stands among the problems
		p.Put(loc, failure)
		status = page.ProblemOf(loc, failure).Status
	} else if failure != nil {
		status = http.StatusUnprocessableEntity
		if len(p.Problems) == 0 { // it is only known when it is tried: another fund drive at that time
			p.Problems = problems(loc, k, failure)
		}
	}
	return s.Render(w, r, status, "staff/campaign_act.html", i18n.Verbatim(p.Title), "campaigns", p)
}

// describe says what readers will see, and what is missing for that.
func (s *Act) describe(loc i18n.Localizer, k campaign.Campaign, all []campaign.Campaign, p *campaignActPage) error {
	if k.State == campaign.Draft || k.State == campaign.Ended {
		p.Problems = problems(loc, k, whole(s.campaigns, k))
	}
	names := make([]string, 0, len(k.Texts))
	for _, lang := range k.Languages() {
		names = append(names, form.NewLanguage(lang).Name)
	}
	if p.Act != "default" {
		p.When = s.whenInWords(loc, k, all)
	}
	p.Languages, p.Rules, p.Variants = strings.Join(names, ", "), rulesInWords(s.Layout, loc, k), variantLines(k.Variants)
	var err error
	p.Frame, err = s.preview.frame(k, wanted{Lang: k.Language})
	return err
}

// whole is what keeps a campaign from being published; nil where nothing does.
func whole(s *campaign.Service, k campaign.Campaign) error {
	return campaign.Validate(k, campaign.Options{Complete: true, Zone: s.Zone, Limit: s.Limit})
}

func problems(loc i18n.Localizer, k campaign.Campaign, err error) (all []problem) {
	for _, f := range fault.All(err) {
		all = append(all, problem{
			form.FieldInWords(loc, f.Field), loc.Message(f.Message), screen.CampaignAddress(k.Slug) + "/edit#" + f.Field,
		})
	}
	return all
}

// actNotes say what an act does.
func (s *Act) actNotes(loc i18n.Localizer, act string, k campaign.Campaign) []string {
	var notes []string
	if act == "publish" || act == "resume" {
		if k.FundDrive {
			notes = append(notes, loc.Say("campaigns.note.fund_drive"))
		}
	}
	return append(notes, loc.Say("campaigns.note."+act))
}

// whenInWords says from when until when readers see the campaign, once it is published.
func (s *Act) whenInWords(loc i18n.Localizer, k campaign.Campaign, all []campaign.Campaign) string {
	if drive := runningDrive(all, k, s.Now()); drive != nil && !k.FundDrive && k.StartsAt.Before(drive.EndsAt) {
		args := i18n.Args{"drive": drive.Name, "until": s.Stamp(drive.EndsAt).Text()}
		if !k.EndsAt.IsZero() && !k.EndsAt.After(drive.EndsAt) {
			return loc.Say("campaigns.when.behind_drive", args)
		}
		return loc.Say("campaigns.when.after_drive", args)
	}
	args := i18n.Args{"from": s.Stamp(k.StartsAt).Text(), "until": s.Stamp(k.EndsAt).Text()}
	later := s.Now().Before(k.StartsAt)
	switch {
	case later && !k.EndsAt.IsZero():
		return loc.Say("campaigns.when.from_until", args)
	case later:
		return loc.Say("campaigns.when.from", i18n.Args{"from": args["from"]})
	case !k.EndsAt.IsZero():
		return loc.Say("campaigns.when.now_until", i18n.Args{"until": args["until"]})
	default:
		return loc.Say("campaigns.when.now")
	}
}

// languagesOf are the languages that a campaign can be previewed in.
func languagesOf(k campaign.Campaign) []screen.Choice {
	var all []screen.Choice
	for _, lang := range k.Languages() {
		if _, err := language.Parse(lang); err == nil {
			all = append(all, screen.Choice{Value: lang, Label: form.NewLanguage(lang).Name})
		}
	}
	return slices.Clip(all)
}
