package appeal

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/choice"
	"readerfund/internal/i18n"
	"readerfund/internal/web/staff/appeal/form"
	"readerfund/internal/web/staff/screen"
	"readerfund/internal/web/staff/words"
)

// Preview shows an appeal as readers get it, before they do: of what is saved, or of what is typed.
type Preview struct {
	screen.Layout

	campaigns *campaign.Service
	draw      DrawAppeal
}

// DrawAppeal draws the document that a frame on an article gets, of any campaign, whether readers see it or not. wants
// is what a page would ask with in the address of an appeal: format, lang, variant, article.
type DrawAppeal func(k campaign.Campaign, wants url.Values) ([]byte, error)

// previewPage is the appeal in a frame, with what it is drawn for.
type previewPage struct {
	Saved         *campaignLine // nil for a campaign that is not there yet
	Name          string
	StatusInWords *words.Status
	Unsaved       bool
	Hidden        []hiddenField // what was typed, to go back with
	Action        string        // where the form sends it
	Wanted        wanted

	Languages, Formats, Readers, Variants, Widths []screen.Choice

	Frame string // the document; empty where the reader would be shown nothing
	Why   string // what keeps the reader from seeing it
}

type hiddenField struct{ Name, Value string }

// wanted is what a preview is drawn for.
type wanted struct{ Article, Lang, Format, Variant, Reader, Width string }

// widths are the widths that a preview can have, in pixels: phones, a tablet's column, a desk's.
func widths() []string { return []string{"390", "320", "700", "1280"} }

func wantedFrom(v url.Values, k campaign.Campaign) wanted {
	w := wanted{
		Article: strings.TrimSpace(v.Get("preview_article")), Lang: v.Get("preview_lang"), Format: v.Get("preview_format"),
		Variant: v.Get("preview_variant"), Reader: v.Get("preview_reader"), Width: v.Get("preview_width"),
	}
	w.Lang = cmp.Or(w.Lang, k.Language)
	w.Format = cmp.Or(w.Format, k.Format, campaign.FormatInline)
	if !slices.Contains(widths(), w.Width) {
		w.Width = widths()[0]
	}
	return w
}

// Show answers GET /staff/campaigns/{slug}/preview.
func (s *Preview) Show(w http.ResponseWriter, r *http.Request) error {
	k, err := s.campaigns.Campaign(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	p := previewPage{Action: screen.CampaignAddress(k.Slug) + "/preview"}
	return s.render(w, r, &k, k, r.URL.Query(), p)
}

// showUnsaved shows what was typed into the form of a campaign, which keeps it on the way.
func (s *Preview) showUnsaved(
	w http.ResponseWriter, r *http.Request, saved *campaign.Campaign, k campaign.Campaign, v url.Values,
) error {
	p := previewPage{Unsaved: true, Action: screen.CampaignsAddress + "/new"}
	if saved != nil {
		p.Action = screen.CampaignAddress(saved.Slug) + "/edit"
		k.ID, k.State = saved.ID, saved.State
	}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if name == "version" || form.UnitOf(name) != "" {
			for _, value := range v[name] {
				p.Hidden = append(p.Hidden, hiddenField{name, value})
			}
		}
	}
	return s.render(w, r, saved, k, v, p)
}

func (s *Preview) render(
	w http.ResponseWriter, r *http.Request, saved *campaign.Campaign, k campaign.Campaign, v url.Values, p previewPage,
) error {
	loc := s.Pages.Localizer(r)
	p.Name, p.Wanted = k.Name, wantedFrom(v, k)
	if saved != nil {
		line := newCampaignLine(s.Layout, loc, *saved)
		p.Saved = &line
	}
	p.Languages, p.Formats = languagesOf(k), form.OptionsIn(loc, "campaigns.format.", campaign.Formats()...)
	p.Readers = form.OptionsIn(loc, "campaigns.reader.", append([]string{""}, describedReaders()...)...)
	for _, width := range widths() {
		p.Widths = append(p.Widths, screen.Choice{Value: width, Label: loc.Say("campaigns.width." + width)})
	}
	for n, variant := range k.Variants {
		p.Variants = append(p.Variants, screen.Choice{
			Value: variant.Name,
			Label: loc.Say("campaigns.in_variant", i18n.Args{"letter": form.VariantLetter(n)}) + ": " + variant.Name,
		})
	}
	if p.Why = s.why(loc, k, p.Wanted); p.Why == "" {
		var err error
		if p.Frame, err = s.frame(k, p.Wanted); err != nil {
			return err
		}
	}
	return s.Render(w, r, http.StatusOK, "staff/campaign_preview.html",
		i18n.New("campaigns.title.preview", i18n.Args{"name": k.Name}), "campaigns", p)
}

// frame is the document that readers get in a frame.
func (s *Preview) frame(k campaign.Campaign, w wanted) (string, error) {
	document, err := s.draw(k, screen.Query(
		"article", w.Article, "lang", w.Lang, "format", w.Format, "variant", w.Variant))
	return string(document), err
}

// describedReaders are the readers that a preview can be for, beside one of whom nothing is known.
func describedReaders() []string {
	return []string{"new", "returning", "gave", "said", "closed", "later", "optout"}
}

// readerLike is a reader as the browser of one would describe them.
func readerLike(code, device string) choice.Reader {
	r := choice.Reader{Known: true, Articles: 1, Device: device}
	ago := map[string]choice.Answer{
		"gave": choice.Gave, "said": choice.Said, "closed": choice.Close, "later": choice.Later,
	}
	if answer, answered := ago[code]; answered {
		r.Ago = map[choice.Answer]int{answer: 1}
	}
	if code != "new" {
		r.Returning, r.Articles = true, 5
	}
	r.OptedOut = code == "optout"
	return r
}

// why is what keeps a described reader from seeing the campaign once it is live; empty where nothing does, and where no
// reader is described. What an article says of itself beside its address is not known here, so rules about it hold.
func (s *Preview) why(loc i18n.Localizer, k campaign.Campaign, w wanted) string {
	if w.Reader == "" {
		return ""
	}
	k.State, k.StartsAt, k.EndsAt = campaign.Published, time.Time{}, time.Time{}
	k.Rules = slices.DeleteFunc(slices.Clone(k.Rules), func(rule campaign.Rule) bool {
		return slices.Contains([]string{campaign.RuleSection, campaign.RuleTag, campaign.RuleAuthor}, rule.Kind)
	})
	device := map[string]string{"390": "phone", "320": "phone", "700": "tablet"}[w.Width]
	visit := choice.Visit{Article: w.Article, Language: w.Lang, Campaign: k.Slug, Format: w.Format}
	now := s.Now().In(s.Zone)
	reader := readerLike(w.Reader, cmp.Or(device, "computer"))
	_, trace := choice.NewSnapshot([]campaign.Campaign{k}).Decide(visit, reader, now)
	for _, line := range trace {
		if failed := line.Failed(); failed != nil {
			return loc.Message(failed.Rule) + " · " + loc.Message(failed.Fact)
		}
	}
	return ""
}
