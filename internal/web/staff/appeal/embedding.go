package appeal

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"readerfund/internal/campaign"
	"readerfund/internal/i18n"
	"readerfund/internal/web/staff/screen"
)

// Embedding is the page that gives staff the lines to paste into their site.
type Embedding struct {
	screen.Layout

	campaigns *campaign.Catalog
	baseURL   string
	origins   []string // EMBED_ORIGINS
}

// embeddingPage is what was chosen, and what goes into the lines for it.
type embeddingPage struct {
	Campaigns []string
	Formats   []string
	Languages []string
	Campaign  string // empty: the one that fits the article
	Format    string // empty: the campaign's own
	Language  string // empty: the page's
	Base      string // where the service is reached
	Host      string // its host, for settings of servers
	Origins   []string
	Slug      string // a campaign for what cannot choose: the chosen one, else the default one
	Data      string // the script's attributes, with a blank before each
	Query     string // the same for the fragment's address; empty, or with "&" before each
	StandIn   string // what the link says that stands there without the appeal, in the language chosen
}

// Show answers GET /staff/embedding. What does not exist is not chosen.
func (s *Embedding) Show(w http.ResponseWriter, r *http.Request) error {
	all, err := s.campaigns.All(r.Context())
	if err != nil {
		return err
	}
	p := embeddingPage{Base: s.baseURL, Origins: s.origins, Formats: campaign.Formats()}
	if u, err := url.Parse(s.baseURL); err == nil {
		p.Host = u.Host
	}
	for n := range all {
		k := &all[n]
		if k.State == campaign.Draft {
			continue
		}
		p.Campaigns = append(p.Campaigns, k.Slug)
		p.Languages = append(p.Languages, k.Content.Languages()...)
		if k.IsDefault {
			p.Slug = k.Slug
		}
	}
	slices.Sort(p.Languages)
	p.Languages = slices.Compact(p.Languages)
	p.choose(r.URL.Query())
	p.StandIn = s.Pages.Speaking(language.Make(cmp.Or(p.Language, language.English.String()))).Say("cta.stand_in")
	return s.Render(w, r, http.StatusOK, "staff/embedding.html", i18n.New("staff.title.embedding"), "campaigns", p)
}

func (p *embeddingPage) choose(q url.Values) {
	among := func(name string, offered []string) string {
		if value := q.Get(name); slices.Contains(offered, value) {
			return value
		}
		return ""
	}
	p.Campaign, p.Format = among("campaign", p.Campaigns), among("format", p.Formats)
	p.Language = among("lang", p.Languages)
	if p.Campaign != "" {
		p.Slug = p.Campaign
	}
	var data, query strings.Builder
	for _, one := range []struct{ name, value string }{
		{"campaign", p.Campaign}, {"format", p.Format}, {"lang", p.Language},
	} {
		if one.value == "" {
			continue
		}
		data.WriteString(` data-` + one.name + `="` + one.value + `"`)
		if one.name != "campaign" {
			query.WriteString("&" + one.name + "=" + one.value)
		}
	}
	p.Data, p.Query = data.String(), query.String()
}
