package appeal

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
	"readerfund/internal/web/staff/appeal/form"
	"readerfund/internal/web/staff/screen"
)

// Edit is the form with which staff make a campaign, and change one.
type Edit struct {
	screen.Layout

	campaigns *campaign.Service
	media     *media.Store
	look      *appearance.Store
	preview   *Preview
}

// editPage is the form, with the campaign as it is saved.
type editPage struct {
	*form.Form
	Saved  *campaignLine // nil for a new one
	Theirs *theirs       // what another person saved meanwhile
}

// theirs is what another person saved while this one wrote.
type theirs struct {
	By      string
	At      screen.Stamp
	Both    []form.FieldChange // what both changed, each in another way: the form keeps what this person wrote
	Changes []form.FieldChange // what the other changed besides; it stands in the form now
}

// campaignActor is the signed-in account as the history of a campaign names it.
func campaignActor(r *http.Request) campaign.Actor { return campaign.Actor(screen.Actor(r)) }

// New answers GET /staff/campaigns/new: a form that begins with the amounts and the small print of the campaign on the
// home page, and with the publication's portrait.
func (s *Edit) New(w http.ResponseWriter, r *http.Request) error {
	all, err := s.campaigns.All(r.Context())
	if err != nil {
		return err
	}
	k := campaign.Campaign{Content: campaign.Content{
		Language: s.Pages.Languages()[0].String(), Currency: s.Currency, Frequency: "once", Format: campaign.FormatInline,
		Suggested: map[money.Currency][]int64{s.Currency: nil}, Portrait: s.look.Current().Portrait,
	}}
	if i := slices.IndexFunc(all, func(k campaign.Campaign) bool { return k.IsDefault }); i >= 0 {
		from := all[i].Content
		k.Currency, k.Suggested, k.Monthly, k.Yearly = from.Currency, from.Suggested, from.Monthly, from.Yearly
		k.Frequency, k.Language = from.Frequency, from.Language
		own := from.Texts[from.Language]
		k.Texts = map[string]campaign.Texts{k.Language: {Button: own.Button, Reassurance: own.Reassurance}}
	}
	return s.render(w, r, http.StatusOK, s.page(r, nil, form.Values(k, s.Zone)))
}

// Show answers GET /staff/campaigns/{slug}/edit.
func (s *Edit) Show(w http.ResponseWriter, r *http.Request) error {
	k, err := s.campaigns.Campaign(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, s.page(r, &k, form.Values(k, s.Zone)))
}

// page is the form of a campaign, of a new one where none is saved, with what is typed into it.
func (s *Edit) page(r *http.Request, saved *campaign.Campaign, v url.Values) editPage {
	loc := s.Pages.Localizer(r)
	p := editPage{Form: form.New(loc, s.Pages.Languages(), saved, v)}
	if saved != nil {
		line := newCampaignLine(s.Layout, loc, *saved)
		p.Saved = &line
	}
	return p
}

func (s *Edit) render(w http.ResponseWriter, r *http.Request, status int, p editPage) error {
	title := i18n.New("campaigns.title.new")
	if p.Saved != nil {
		title = i18n.New("campaigns.title.edit", i18n.Args{"name": p.Title()})
	}
	portrait, err := s.picture(r, p.Get("portrait"), "portrait")
	if err != nil {
		return err
	}
	picture, err := s.picture(r, p.Get("picture"), "picture")
	if err != nil {
		return err
	}
	p.SetPictures(portrait, picture)
	return s.Render(w, r, status, "staff/campaign_edit.html", title, "campaigns", p)
}

// picture is the one that a field holds; nil for none, and for one that is not ours.
func (s *Edit) picture(r *http.Request, digest, name string) (*campaign.Picture, error) {
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
func (s *Edit) Create(w http.ResponseWriter, r *http.Request) error {
	return s.submit(w, r, nil)
}

// Save answers POST /staff/campaigns/{slug}/edit.
func (s *Edit) Save(w http.ResponseWriter, r *http.Request) error {
	k, err := s.campaigns.Campaign(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	return s.submit(w, r, &k)
}

// submit does what the pressed button says: it saves, shows a preview, or gives the form again with a part more or
// less.
func (s *Edit) submit(w http.ResponseWriter, r *http.Request, saved *campaign.Campaign) error {
	u, err := page.ReadUpload(w, r, media.MaxBytes)
	if err != nil {
		return err
	}
	v := u.Values
	if saved == nil && strings.TrimSpace(v.Get("slug")) == "" {
		v.Set("slug", campaign.SlugOf(v.Get("name")))
	}
	pictures, problems := s.takePictures(r, u)
	if fault.Is(problems, fault.Internal) {
		return problems
	}
	k, err := form.Read(v, s.Zone)
	problems = errors.Join(problems, err)
	measure(&k, pictures)
	switch act, about, _ := strings.Cut(v.Get("do"), ":"); act {
	case "save":
		return s.save(w, r, saved, k, v, problems)
	case "preview":
		if problems == nil {
			return s.preview.showUnsaved(w, r, saved, k, v)
		}
	default:
		form.Change(v, act, about)
	}
	p := s.page(r, saved, v)
	if problems != nil {
		p.Refuse(problems)
	}
	return s.render(w, r, statusFor(problems), p)
}

func statusFor(problems error) int {
	if problems == nil {
		return http.StatusOK
	}
	return http.StatusUnprocessableEntity
}

// takePictures keeps the pictures that came with the form, and puts them in the place of those before. It returns the
// form's pictures by their fields; those that are not kept any more are a fault.Invalid.
func (s *Edit) takePictures(r *http.Request, u page.Upload) (map[string]campaign.Picture, error) {
	var problems []error
	kept := map[string]campaign.Picture{}
	for _, name := range []string{"portrait", "picture"} {
		file, err := u.File(name + "_file")
		var p campaign.Picture
		switch {
		case err != nil:
		case file != nil:
			p, err = s.media.Add(r.Context(), name, file)
		case u.Get(name) != "":
			p, err = s.media.Find(r.Context(), name, u.Get(name)) // one that is gone is not drawn again, either
		}
		if p.Digest != "" && err == nil {
			kept[name] = p
			u.Set(name, p.Digest)
		}
		problems = append(problems, inNamedField(err, name))
	}
	return kept, errors.Join(problems...)
}

// measure puts in the sizes of the campaign's pictures, which only the store knows.
func measure(k *campaign.Campaign, kept map[string]campaign.Picture) {
	for name, p := range map[string]*campaign.Picture{"portrait": k.Portrait, "picture": k.Picture} {
		if p != nil {
			*p = kept[name]
		}
	}
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
func (s *Edit) save(
	w http.ResponseWriter, r *http.Request, saved *campaign.Campaign, k campaign.Campaign, v url.Values, problems error,
) error {
	if problems == nil {
		var err error
		if saved, err = s.keep(r, saved, k, v); err == nil {
			page.Redirect(w, screen.Address(screen.CampaignAddress(saved.Slug), url.Values{"did": {"saved"}}))
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
	p := s.page(r, saved, v)
	p.Refuse(problems)
	return s.render(w, r, http.StatusUnprocessableEntity, p)
}

// keep saves a campaign, or makes a new one where there is none yet.
func (s *Edit) keep(
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

// otherProblems are those of a campaign beside the ones that are known, so that all are said at once.
func (s *Edit) otherProblems(saved *campaign.Campaign, k campaign.Campaign, known error) error {
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
func (s *Edit) conflict(
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
	merged, both := form.Merge(form.Values(base, s.Zone), form.Values(c.Saved, s.Zone), mine)
	merged.Set("version", strconv.FormatInt(c.Saved.Version, 10))
	p, loc := s.page(r, &c.Saved, merged), s.Pages.Localizer(r)
	inBoth := func(unit string) bool { return slices.Contains(both, unit) }
	p.Theirs = &theirs{
		By: c.By, At: s.Stamp(c.At), Both: form.Changes(s.Zone, loc, base, c.Saved, inBoth),
		Changes: form.Changes(s.Zone, loc, base, c.Saved, func(unit string) bool { return !inBoth(unit) }),
	}
	p.Refuse(c)
	return s.render(w, r, http.StatusConflict, p)
}
