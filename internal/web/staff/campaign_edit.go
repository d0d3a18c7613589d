package staff

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"readerfund/internal/appearance"
	"readerfund/internal/campaign"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/media"
	"readerfund/internal/money"
	"readerfund/internal/web/page"
)

// CampaignEdit is the form with which staff make a campaign, and change one.
type CampaignEdit struct {
	layout

	campaigns *campaign.Service
	media     *media.Store
	look      *appearance.Store
	preview   *CampaignPreview
}

// campaignActor is the signed-in account as the history of a campaign names it.
func campaignActor(r *http.Request) campaign.Actor { return campaign.Actor(actor(r)) }

// New answers GET /staff/campaigns/new: a form that begins with the amounts and the small print of the campaign on the
// home page, and with the publication's portrait.
func (s *CampaignEdit) New(w http.ResponseWriter, r *http.Request) error {
	all, err := s.campaigns.All(r.Context())
	if err != nil {
		return err
	}
	k := campaign.Campaign{Content: campaign.Content{
		Language: s.pages.Languages()[0].String(), Currency: s.currency, Frequency: "once", Format: campaign.FormatInline,
		Suggested: map[money.Currency][]int64{s.currency: nil}, Portrait: s.look.Current().Portrait,
	}}
	if i := slices.IndexFunc(all, func(k campaign.Campaign) bool { return k.IsDefault }); i >= 0 {
		from := all[i].Content
		k.Currency, k.Suggested, k.Monthly, k.Yearly = from.Currency, from.Suggested, from.Monthly, from.Yearly
		k.Frequency, k.Language = from.Frequency, from.Language
		own := from.Texts[from.Language]
		k.Texts = map[string]campaign.Texts{k.Language: {Button: own.Button, Reassurance: own.Reassurance}}
	}
	return s.render(w, r, http.StatusOK, s.newForm(s.pages.Localizer(r), campaignValues(k, s.zone)))
}

// Show answers GET /staff/campaigns/{slug}/edit.
func (s *CampaignEdit) Show(w http.ResponseWriter, r *http.Request) error {
	k, err := s.campaigns.Campaign(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, s.formOf(r, k, campaignValues(k, s.zone)))
}

// formOf is the form of a campaign that is there, with what is typed into it.
func (s *CampaignEdit) formOf(r *http.Request, k campaign.Campaign, v url.Values) *campaignForm {
	loc := s.pages.Localizer(r)
	if !v.Has("version") {
		v.Set("version", strconv.FormatInt(k.Version, 10))
	}
	f := s.newForm(loc, v)
	line := s.campaignLine(loc, k)
	f.Saved = &line
	return f
}

func (s *CampaignEdit) render(w http.ResponseWriter, r *http.Request, status int, f *campaignForm) error {
	title := i18n.New("campaigns.title.new")
	if f.Saved != nil {
		title = i18n.New("campaigns.title.edit", i18n.Args{"name": f.Title()})
	}
	var err error
	if f.portrait, err = s.picture(r, f.values, "portrait"); err != nil {
		return err
	}
	if f.picture, err = s.picture(r, f.values, "picture"); err != nil {
		return err
	}
	return s.show(w, r, status, "staff/campaign_edit.html", title, "campaigns", f)
}

// picture is the one that a field holds; nil for none, and for one that is not ours.
func (s *CampaignEdit) picture(r *http.Request, v url.Values, name string) (*campaign.Picture, error) {
	digest := v.Get(name)
	if digest == "" {
		return nil, nil //nolint:nilnil // having no picture is an answer
	}
	p, err := s.media.Find(r.Context(), name, digest)
	if fault.Is(err, fault.Invalid) {
		return nil, nil //nolint:nilnil // saving it says what is wrong
	}
	return &p, err
}

// Create answers POST /staff/campaigns/new.
func (s *CampaignEdit) Create(w http.ResponseWriter, r *http.Request) error {
	return s.submit(w, r, nil)
}

// Save answers POST /staff/campaigns/{slug}/edit.
func (s *CampaignEdit) Save(w http.ResponseWriter, r *http.Request) error {
	k, err := s.campaigns.Campaign(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	return s.submit(w, r, &k)
}

// submit does what the pressed button says: it saves, shows a preview, or gives the form again with a part more or
// less.
func (s *CampaignEdit) submit(w http.ResponseWriter, r *http.Request, saved *campaign.Campaign) error {
	u, err := page.ReadUpload(w, r, media.MaxBytes)
	if err != nil {
		return err
	}
	v, problems := u.Values, s.takePictures(r, u)
	if fault.Is(problems, fault.Internal) {
		return problems
	}
	k, err := readCampaign(v, s.zone)
	problems = errors.Join(problems, err)
	switch act, about, _ := strings.Cut(v.Get("do"), ":"); act {
	case "save":
		return s.save(w, r, saved, k, v, problems)
	case "preview":
		if problems == nil {
			return s.preview.showUnsaved(w, r, saved, k, v)
		}
	default:
		changeForm(v, act, about)
	}
	f := s.form(r, saved, v)
	if problems != nil {
		f.refuse(problems)
	}
	return s.render(w, r, statusFor(problems), f)
}

func statusFor(problems error) int {
	if problems == nil {
		return http.StatusOK
	}
	return http.StatusUnprocessableEntity
}

func (s *CampaignEdit) form(r *http.Request, saved *campaign.Campaign, v url.Values) *campaignForm {
	if saved == nil {
		return s.newForm(s.pages.Localizer(r), v)
	}
	return s.formOf(r, *saved, v)
}

// takePictures keeps the pictures that came with the form, and puts them in the place of those before.
func (s *CampaignEdit) takePictures(r *http.Request, u page.Upload) error {
	var problems []error
	for _, name := range []string{"portrait", "picture"} {
		file, err := u.File(name + "_file")
		if file != nil {
			var p campaign.Picture
			if p, err = s.media.Add(r.Context(), name, file); err == nil {
				u.Set(name, p.Digest)
			}
		}
		problems = append(problems, inNamedField(err, name))
	}
	return errors.Join(problems...)
}

// inNamedField moves an error about what was typed to another field.
func inNamedField(err error, name string) error {
	if !fault.Is(err, fault.Invalid) {
		return err
	}
	f := *fault.All(err)[0]
	f.Field = name
	return &f
}

// save keeps what was read from the form, or gives the form again with all that is wrong.
func (s *CampaignEdit) save(
	w http.ResponseWriter, r *http.Request, saved *campaign.Campaign, k campaign.Campaign, v url.Values, problems error,
) error {
	problems = errors.Join(problems, s.measure(r, &k))
	if problems == nil {
		var err error
		if saved, err = s.keep(r, saved, k, v); err == nil {
			page.Redirect(w, address(campaignAddress(saved.Slug), url.Values{"did": {"saved"}}))
			return nil
		}
		if conflict, ok := errors.AsType[*campaign.ConflictError](err); ok {
			return s.conflict(w, r, conflict, v)
		}
		problems = err
	} else {
		problems = errors.Join(problems, s.otherProblems(saved, k, problems))
	}
	if !fault.Is(problems, fault.Invalid) {
		return problems
	}
	f := s.form(r, saved, v)
	f.refuse(problems)
	return s.render(w, r, http.StatusUnprocessableEntity, f)
}

// keep saves a campaign, or makes a new one where there is none yet.
func (s *CampaignEdit) keep(
	r *http.Request, saved *campaign.Campaign, k campaign.Campaign, v url.Values,
) (*campaign.Campaign, error) {
	e := campaign.Edit{Slug: k.Slug, Content: k.Content, StartsAt: k.StartsAt, EndsAt: k.EndsAt, FundDrive: k.FundDrive}
	if saved == nil {
		made, err := s.campaigns.Create(r.Context(), campaignActor(r), e)
		if err != nil {
			return nil, err
		}
		return &made, nil
	}
	version, _ := strconv.ParseInt(v.Get("version"), 10, 64) // what is no number is no version that anybody read
	changed, err := s.campaigns.Save(r.Context(), campaignActor(r), saved.Slug, version, e)
	if err != nil {
		return saved, err
	}
	return &changed, nil
}

// measure puts in the sizes of the campaign's pictures, which only the store knows.
func (s *CampaignEdit) measure(r *http.Request, k *campaign.Campaign) error {
	var problems []error
	for name, p := range map[string]*campaign.Picture{"portrait": k.Portrait, "picture": k.Picture} {
		if p == nil {
			continue
		}
		found, err := s.media.Find(r.Context(), name, p.Digest)
		if err == nil {
			*p = found
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// otherProblems are those of a campaign beside the ones that are known, so that all are said at once.
func (s *CampaignEdit) otherProblems(saved *campaign.Campaign, k campaign.Campaign, known error) error {
	var fields []string
	for _, f := range fault.All(known) {
		fields = append(fields, f.Field)
	}
	var others []error
	err := campaign.Validate(k, campaign.Options{
		Complete: saved != nil && saved.State != campaign.Draft, Zone: s.campaigns.Zone, Limit: s.campaigns.Limit,
	})
	for _, f := range fault.All(err) {
		if !slices.Contains(fields, f.Field) {
			others = append(others, f)
		}
	}
	return errors.Join(others...)
}

// conflict gives the form again, with what another person saved meanwhile put in where this one had changed nothing.
func (s *CampaignEdit) conflict(
	w http.ResponseWriter, r *http.Request, c *campaign.ConflictError, mine url.Values,
) error {
	history, err := s.campaigns.History(r.Context(), c.Saved.Slug)
	if err != nil {
		return err
	}
	base := c.Saved
	for _, v := range history {
		if strconv.FormatInt(v.Version, 10) == mine.Get("version") {
			base = v.Campaign
		}
	}
	merged, both := mergeValues(campaignValues(base, s.zone), campaignValues(c.Saved, s.zone), mine)
	merged.Set("version", strconv.FormatInt(c.Saved.Version, 10))
	f := s.formOf(r, c.Saved, merged)
	inBoth := func(unit string) bool { return slices.Contains(both, unit) }
	f.Theirs = &theirs{
		By: c.By, At: s.stamp(c.At), Both: s.fieldChanges(f.loc, base, c.Saved, inBoth),
		Changes: s.fieldChanges(f.loc, base, c.Saved, func(unit string) bool { return !inBoth(unit) }),
	}
	f.refuse(c)
	return s.render(w, r, http.StatusConflict, f)
}
