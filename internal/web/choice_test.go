package web

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"readerfund/internal/campaign"
	"readerfund/internal/choice"
)

// offered are the campaigns that a page is offered.
func (r *reader) offered(query string) (names []string, o choice.Offer) {
	r.t.Helper()
	got := r.do("GET", "/embed/choice?"+query, "", "Origin", "https://news.example")
	if got.status != 200 || got.header.Get("Content-Type") != "application/json" {
		r.t.Fatalf("%d %s", got.status, got.body)
	}
	if err := json.Unmarshal([]byte(got.body), &o); err != nil {
		r.t.Fatal(err)
	}
	for _, c := range o.Candidates {
		names = append(names, c.Campaign)
	}
	return names, o
}

func TestAPageIsOfferedWhatMayStandOnIt(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.EmbedOrigins, d.EmbedConsent = []string{"https://news.example"}, true })
	h.exec(`
		INSERT INTO campaign (id, slug, heading, why, ask, button, reassurance, currency, suggested, is_default, created_at,
			updated_at, content, state)
		SELECT gen_random_uuid(), 'water', heading, why, ask, button, reassurance, currency, suggested, false, created_at,
			updated_at, jsonb_build_object('name', 'Water', 'language', 'en', 'texts', '{"en": {}, "de": {}}'::jsonb,
			'currency', 'EUR', 'format', 'banner', 'caps', '{"per_day": 1}'::jsonb, 'holdout', 5, 'rules', '[
			{"kind": "tag", "values": ["water"]}, {"kind": "articles", "least": 3}]'::jsonb), 'published'
		FROM campaign WHERE is_default`)
	r := h.newReader()
	for query, want := range map[string][]string{
		"":                               {"support"},
		"tags=courts,%20Water":           {"water", "support"},
		"tags=courts&tags=water":         {"water", "support"},
		"tags=water&campaign=support":    {"support"},
		"tags=courts&campaign=water":     {"support"},
		"campaign=%00%ff&lang=%22&tags=": {"support"},
		"tags=" + url.QueryEscape(strings.Repeat("x,", 32)+"water"):    {"support"}, // bounded
		"tags=" + url.QueryEscape(strings.Repeat("ä", 201)) + ",water": {"water", "support"},
	} {
		if got, _ := r.offered(query); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	_, o := r.offered("tags=water&format=goal")
	c := o.Candidates[0]
	if !o.Consent || o.Rests[choice.Gave] != 90 || c.Format != "goal" || len(c.Rules) != 1 || c.Rules[0].Least != 3 ||
		c.Caps.PerDay != 1 || c.Holdout != 5 {
		t.Errorf("%+v", o)
	}
	if _, o = r.offered("tags=water&format=fullscreen"); o.Candidates[0].Format != "banner" {
		t.Errorf("%+v", o.Candidates[0])
	}
}

func TestTheOfferMayBeKeptAndReadByThoseWhoEmbed(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.EmbedOrigins = []string{"https://news.example"} })
	r := h.newReader()
	got := r.do("GET", "/embed/choice", "", "Origin", "https://news.example")
	if got.header.Get("Access-Control-Allow-Origin") != "https://news.example" ||
		!strings.HasPrefix(got.header.Get("Cache-Control"), "public, max-age=60") || got.header.Get("Set-Cookie") != "" {
		t.Errorf("%v", got.header)
	}
	again := r.do("GET", "/embed/choice", "", "If-None-Match", `"x", W/`+got.header.Get("ETag"))
	if again.status != 304 || again.body != "" {
		t.Errorf("unchanged: %d %s", again.status, again.body)
	}
	if other := r.do("GET", "/embed/choice", "", "Origin", "https://evil.example"); other.header.Get(
		"Access-Control-Allow-Origin") != "" {
		t.Errorf("%v", other.header)
	}
	h.exec(`UPDATE campaign SET state = 'paused'`)
	h.alter(func(d *Deps) { d.Campaigns = campaign.NewCatalog(h.db, d.Now) })
	if names, _ := r.offered(""); names != nil {
		t.Errorf("a paused campaign is offered: %v", names)
	}
}

// While the database is away, a page gets what was known; a process that knows nothing yet says so.
func TestThePageIsAnsweredWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	r.offered("")
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	if names, _ := r.offered(""); len(names) != 1 {
		t.Errorf("what was known is gone: %v", names)
	}
	h.alter(func(d *Deps) { d.Campaigns = campaign.NewCatalog(h.db, d.Now) })
	if got := r.do("GET", "/embed/choice", ""); got.status < 500 || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", got.status, got.header)
	}
}

func TestTheChoosingScriptIsAModuleForOtherSites(t *testing.T) {
	t.Parallel()
	w := ask(bareServer(t, nil).routes(), "GET", "/embed/choose.js", "")
	if w.Code != 200 || w.Header().Get("Access-Control-Allow-Origin") != "*" ||
		w.Header().Get("Cache-Control") != "public, max-age=300" || strings.Contains(w.Body.String(), "cookie") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestWhatIsKeptIsSaidInEveryLanguage(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.EmbedOrigins, d.EmbedConsent = []string{"https://news.example"}, true })
	r := h.newReader()
	for lang, want := range map[string][]string{
		"en": {"Remove it from this browser", "90 days", "After “Remind me later”", "before you have agreed"},
		"es": {"Borrarlo de este navegador", "90 días", "Tras «Recuérdemelo más tarde»"},
		"de": {"Aus diesem Browser löschen", "90 Tage", "Nach „Später erinnern“"},
		"fr": {"L’effacer de ce navigateur", "90 jours", "plus tard"},
		"uk": {"Видалити з цього браузера", "90 днів", "3 дні", "«Нагадати пізніше»"},
		"ar": {"حذفه من هذا المتصفح", "90 يومًا", "7 أيام", `dir="rtl"`},
	} {
		got := r.get("/embed/kept?lang=" + lang + "&back=" + url.QueryEscape("https://news.example/a?b=1"))
		for _, text := range append(want, `href="https://news.example/a?b=1#readerfund-forget"`) {
			if got.status != 200 || !strings.Contains(got.body, text) {
				t.Errorf("%s: %d without %q\n%s", lang, got.status, text, got.body)
			}
		}
	}
	for _, back := range []string{"", "https://evil.example/", "javascript:alert(1)"} {
		got := r.get("/embed/kept?back=" + url.QueryEscape(back))
		if !strings.Contains(got.body, "put <bdi><code>#readerfund-forget</code></bdi> at the end") || strings.Contains(got.body, `href="https://evil`) {
			t.Errorf("%s\n%s", back, got.body)
		}
	}
	if got := r.get("/embed/kept?removed=1"); !strings.Contains(got.body, "It has been removed") ||
		strings.Contains(got.body, "#readerfund-forget") {
		t.Error(got.body)
	}
}

// A server that puts the appeal into its pages gets the one that may stand there. Of readers nothing is known.
func TestAnAppealIsChosenWithoutAScript(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.EmbedOrigins = []string{"https://news.example"} })
	h.addCampaign("water", `{"rules": [{"kind": "tag", "values": ["water"]}], "format": "button",
		"variants": [{"name": "a", "weight": 1}], "holdout": 100}`, "")
	h.addCampaign("members", `{"rules": [{"kind": "section", "values": ["politics"]},
		{"kind": "given", "values": ["no"]}]}`, "")
	h.alter(func(d *Deps) { d.Campaigns = campaign.NewCatalog(h.db, d.Now) })
	r := h.newReader()
	for query, want := range map[string]string{
		"":                                       `name="campaign" value="support"`,
		"section=politics":                       `name="campaign" value="support"`,
		"tags=water&article=https://n.example/a": `/support/water?`,
		"tags=water&format=inline":               `name="campaign" value="water"`,
		"campaign=water":                         `name="campaign" value="support"`,
	} {
		got := r.do("GET", "/embed?"+query, "", "Origin", "https://news.example")
		if got.status != 200 || !strings.Contains(got.body, want) || strings.Contains(got.body, `name="variant" value="a"`) ||
			got.header.Get("Access-Control-Allow-Origin") != "https://news.example" {
			t.Errorf("%s: %d without %s\n%s", query, got.status, want, got.body)
		}
	}
	h.exec(`UPDATE campaign SET state = 'paused', version = version + 1`)
	h.alter(func(d *Deps) { d.Campaigns = campaign.NewCatalog(h.db, d.Now) })
	if got := r.get("/embed"); got.status != 204 || got.body != "" {
		t.Errorf("nothing is live: %d %s", got.status, got.body)
	}
}
