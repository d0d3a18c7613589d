package appeal

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"readerfund/internal/appearance"
	"readerfund/internal/campaign"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/media"
	"readerfund/internal/text"
	"readerfund/internal/web/page"
	"readerfund/internal/web/staff/screen"
)

const appearanceAddress = "/staff/appearance"

// Appearance is the page on which staff choose colours, logo, portrait and typefaces.
type Appearance struct {
	screen.Layout

	store *appearance.Store
	media *media.Store
}

// appearancePage is the form, fresh or shown again, with samples of its colours where they can be read.
type appearancePage struct {
	page.FormErrors
	appearance.Content

	Notice    *page.Flash
	Version   int64 // the one that the form was made from
	ChangedBy string
	Changed   screen.Stamp
	Samples   []sample
}

// sample is a page in small, drawn with a palette.
type sample struct {
	Dark        bool
	Paper, Card string
	Ink         string
	appearance.Palette
}

// appearanceFields are the form's fields, in its order.
var appearanceFields = []string{
	"accent", "accent_dark", "logo", "logo_dark", "portrait", "headings", "text", "bold",
}

// Show answers GET /staff/appearance.
func (s *Appearance) Show(w http.ResponseWriter, r *http.Request) error {
	now := s.store.Current()
	p := s.page(now, now.Content, now.Version)
	if r.URL.Query().Has("saved") && now.Version > 0 {
		p.Notice = page.Good(s.Pages.Localizer(r), "appearance.saved")
	}
	return s.render(w, r, http.StatusOK, p)
}

func (s *Appearance) page(now *appearance.Appearance, c appearance.Content, version int64) *appearancePage {
	p := &appearancePage{Content: c, Version: version, ChangedBy: now.ChangedBy}
	if now.Version > 0 {
		p.Changed = s.Stamp(now.ChangedAt)
	}
	light, dark, err := c.Palettes()
	if err == nil {
		p.Samples = []sample{
			{false, "#faf8f4", "#ffffff", "#1c1a17", light}, {true, "#161412", "#201d1a", "#ede8df", dark},
		}
	}
	return p
}

func (s *Appearance) render(w http.ResponseWriter, r *http.Request, status int, p *appearancePage) error {
	return s.Render(w, r, status, "staff/appearance.html", i18n.New("appearance.title"), "campaigns", p)
}

// Save answers POST /staff/appearance. What was typed or uploaded stays in the form where something else is wrong.
func (s *Appearance) Save(w http.ResponseWriter, r *http.Request) error {
	u, err := page.ReadUpload(w, r, media.MaxBytes)
	if err != nil {
		return err
	}
	version, err := strconv.ParseInt(u.Get("version"), 10, 64)
	if err != nil {
		return page.NewError(http.StatusBadRequest, "web.form_garbled")
	}
	c, failure := s.read(r.Context(), u)
	if failure == nil {
		by := screen.Actor(r)
		failure = s.store.Save(r.Context(), appearance.Actor{ID: by.ID, Name: by.Name}, version, c)
	} else if _, _, wrong := c.Palettes(); fault.Is(wrong, fault.Invalid) {
		failure = errors.Join(failure, wrong)
	}
	loc := s.Pages.Localizer(r)
	switch kind := fault.KindOf(failure); {
	case failure == nil:
		page.Redirect(w, screen.Address(appearanceAddress, screen.Query("saved", "1")))
		return nil
	case kind == fault.Conflict: // the form shows what is typed; sent again, it replaces what the other person saved
		now := s.store.Current()
		p := s.page(now, c, now.Version)
		p.Put(loc, failure)
		return s.render(w, r, http.StatusConflict, p)
	case kind == fault.Invalid:
		p := s.page(s.store.Current(), c, version)
		p.Put(loc, failure, appearanceFields...)
		return s.render(w, r, http.StatusUnprocessableEntity, p)
	default:
		return failure
	}
}

// read reads the form. Where a field is wrong, the others are there all the same.
func (s *Appearance) read(ctx context.Context, u page.Upload) (appearance.Content, error) {
	c := appearance.Content{Accent: text.Line(u.Get("accent")), AccentDark: text.Line(u.Get("accent_dark"))}
	var problems []error
	for field, to := range map[string]**campaign.Picture{
		"logo": &c.Logo, "logo_dark": &c.LogoDark, "portrait": &c.Portrait,
	} {
		p, err := chosen(u, field, func(r io.Reader) (campaign.Picture, error) { return s.media.Add(ctx, field, r) },
			func(digest string) (campaign.Picture, error) { return s.media.Find(ctx, field, digest) })
		*to, problems = p, append(problems, err)
	}
	for field, to := range map[string]**appearance.Font{"headings": &c.Headings, "text": &c.Text, "bold": &c.Bold} {
		f, err := chosen(u, field, func(r io.Reader) (appearance.Font, error) { return s.store.AddFont(ctx, field, r) },
			func(digest string) (appearance.Font, error) { return s.store.FindFont(ctx, field, digest) })
		*to, problems = f, append(problems, err)
	}
	return c, errors.Join(problems...)
}

// chosen is what a field of the form stands for: the file that was chosen, or else the one that the form showed, unless
// its removal was ticked.
func chosen[T any](
	u page.Upload, field string, add func(io.Reader) (T, error), find func(digest string) (T, error),
) (*T, error) {
	file, err := u.File(field + "_file")
	digest := u.Get(field)
	var made T
	switch {
	case err != nil:
		for _, wrong := range fault.All(err) {
			wrong.Field = field
		}
		return nil, err
	case file != nil:
		made, err = add(file)
	case digest != "" && !u.Has(field+"_remove"):
		made, err = find(digest)
	default:
		return nil, nil //nolint:nilnil // that nothing was chosen is an answer
	}
	if err != nil {
		return nil, err
	}
	return &made, nil
}
