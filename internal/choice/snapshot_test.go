package choice

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"readerfund/internal/campaign"
)

// live is a campaign that began yesterday, with rules.
func live(slug string, rules ...campaign.Rule) campaign.Campaign {
	return campaign.Campaign{
		Slug: slug, State: campaign.Published, StartsAt: noon().AddDate(0, 0, -1), Content: campaign.Content{
			Name: slug, Language: "en", Texts: map[string]campaign.Texts{"en": {}}, Rules: rules,
		},
	}
}

func ruleOf(kind string, values ...string) campaign.Rule {
	return campaign.Rule{Kind: kind, Values: values}
}

func not(r campaign.Rule) campaign.Rule { r.Not = true; return r }

// slugs are the campaigns that are offered to a page, in their order.
func slugs(v Visit, all ...campaign.Campaign) []string {
	var names []string
	for _, c := range NewSnapshot(all).Offer(v, noon()).Candidates {
		names = append(names, c.Campaign)
	}
	return names
}

func TestRulesAboutTheArticle(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return noon().AddDate(0, 0, n) }
	page := Visit{
		Article: "https://news.example/politics/2026/river?x=1", Section: "Politics",
		Authors: []string{"Ada Moreau", "B. Ito"},
		Tags:    []string{"Water", "courts"}, Language: "pt-BR",
	}
	for name, c := range map[string]struct {
		rule  campaign.Rule
		visit Visit
		shown bool
	}{
		"section":                  {ruleOf("section", "economy", " politics "), page, true},
		"another section":          {ruleOf("section", "sport"), page, false},
		"not in another section":   {not(ruleOf("section", "sport")), page, true},
		"not in this section":      {not(ruleOf("section", "politics")), page, false},
		"no section said":          {ruleOf("section", "politics"), Visit{}, false},
		"no section said, not":     {not(ruleOf("section", "politics")), Visit{}, true},
		"tag":                      {ruleOf("tag", "courts"), page, true},
		"another tag":              {ruleOf("tag", "court"), page, false},
		"author":                   {ruleOf("author", "b. ito"), page, true},
		"a section's name as tag":  {ruleOf("tag", "politics"), page, false},
		"language":                 {ruleOf("language", "pt"), page, true},
		"language of a region":     {ruleOf("language", "pt-br"), page, true},
		"of another region":        {ruleOf("language", "pt-PT"), page, false},
		"rubbish as language":      {ruleOf("language", "pt"), Visit{Language: "!!"}, false},
		"path":                     {ruleOf("address", "/politics/"), page, true},
		"another path":             {ruleOf("address", "/sport/"), page, false},
		"beginning of an address":  {ruleOf("address", "https://news.example/"), page, true},
		"another site":             {ruleOf("address", "https://other.example/"), page, false},
		"no address":               {ruleOf("address", "/"), Visit{}, false},
		"rubbish as address":       {ruleOf("address", "/"), Visit{Article: "::"}, false},
		"from today on":            {campaign.Rule{Kind: "dates", From: day(0)}, page, true},
		"from tomorrow on":         {campaign.Rule{Kind: "dates", From: day(1)}, page, false},
		"until tomorrow":           {campaign.Rule{Kind: "dates", Until: day(1)}, page, true},
		"until today":              {campaign.Rule{Kind: "dates", Until: day(0)}, page, false},
		"between":                  {campaign.Rule{Kind: "dates", From: day(-1), Until: day(1)}, page, true},
		"not between":              {campaign.Rule{Kind: "dates", From: day(-1), Until: day(1), Not: true}, page, false},
		"a rule without values":    {ruleOf("section"), page, false},
		"a rule of a newer schema": {ruleOf("moon", "full"), page, false},
		"a rule about the reader":  {ruleOf("device", "phone"), page, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := slugs(c.visit, live("a", c.rule)); (len(got) == 1) != c.shown {
				t.Errorf("offered: %v", got)
			}
		})
	}
	if got := slugs(page, live("a", ruleOf("section", "politics"), ruleOf("tag", "sport"))); got != nil {
		t.Error("one rule of two is enough")
	}
}

func TestOnlyLiveCampaignsAreOffered(t *testing.T) {
	t.Parallel()
	var all []campaign.Campaign
	add := func(slug string, change func(*campaign.Campaign)) {
		k := live(slug)
		change(&k)
		all = append(all, k)
	}
	add("draft", func(k *campaign.Campaign) { k.State = campaign.Draft })
	add("paused", func(k *campaign.Campaign) { k.State = campaign.Paused })
	add("ended", func(k *campaign.Campaign) { k.State = campaign.Ended })
	add("over", func(k *campaign.Campaign) { k.EndsAt = noon() })
	add("scheduled", func(k *campaign.Campaign) { k.StartsAt = noon().Add(time.Second) })
	add("live", func(k *campaign.Campaign) { k.EndsAt = noon().Add(time.Second) })
	if got := slugs(Visit{}, all...); !slices.Equal(got, []string{"live"}) {
		t.Errorf("%v", got)
	}
	_, trace := NewSnapshot(all).Decide(Visit{}, Reader{}, noon())
	for _, line := range trace {
		if failed := line.Failed(); line.Campaign.Slug != "live" && (failed == nil || failed.Code != "status") {
			t.Errorf("%s: %+v", line.Campaign.Slug, failed)
		}
	}
}

func TestTheOrder(t *testing.T) {
	t.Parallel()
	standard, old, recent, narrow, german := live("standard"), live("old"), live("recent"), live("narrow"), live("german")
	standard.IsDefault, standard.StartsAt = true, noon()
	old.StartsAt, recent.StartsAt = noon().AddDate(-1, 0, 0), noon().AddDate(0, 0, -2)
	narrow.StartsAt, narrow.Rules = noon().AddDate(-2, 0, 0), []campaign.Rule{ruleOf("section", "politics")}
	german.StartsAt, german.Texts = noon().AddDate(-3, 0, 0), map[string]campaign.Texts{"en": {}, "de": {}}
	all := []campaign.Campaign{standard, old, recent, narrow, german}
	drive := live("drive", ruleOf("language", "en"))
	drive.FundDrive = true
	for name, c := range map[string]struct {
		visit Visit
		also  []campaign.Campaign
		want  []string
	}{
		"narrow first, default last": {Visit{Section: "politics"}, nil, []string{"narrow", "recent", "old",
			"german", "standard"}},
		"without the narrow one": {Visit{}, nil, []string{"recent", "old", "german", "standard"}},
		"in the page's language first": {
			Visit{Section: "politics", Language: "de-AT"}, nil, []string{"german", "narrow", "recent", "old", "standard"},
		},
		"the named one alone": {Visit{Campaign: "old", Section: "politics"}, nil, []string{"old"}},
		"named, but its rules do not hold": {Visit{Campaign: "narrow"}, nil,
			[]string{"recent", "old", "german", "standard"}},
		"named, but there is none": {Visit{Campaign: "x"}, nil, []string{"recent", "old", "german", "standard"}},
		"a fund drive in place of the named": {Visit{Campaign: "old", Language: "en"}, []campaign.Campaign{drive},
			[]string{"drive"}},
		"a fund drive for other pages": {Visit{Campaign: "old", Language: "fr"}, []campaign.Campaign{drive},
			[]string{"old"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := slugs(c.visit, append(slices.Clone(all), c.also...)...); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestNoPageIsOfferedTooMany(t *testing.T) {
	t.Parallel()
	var all []campaign.Campaign
	for n := range MostCandidates + 5 {
		k := live(fmt.Sprintf("c%02d", n))
		if n >= MostCandidates {
			k.Texts = map[string]campaign.Texts{"de": {}}
		}
		all = append(all, k)
	}
	got := slugs(Visit{Language: "de"}, all...)
	if len(got) != MostCandidates || got[0] != "c16" || got[5] != "c00" {
		t.Errorf("%d: %v", len(got), got)
	}
	_, trace := NewSnapshot(all).Decide(Visit{Language: "de"}, Reader{}, noon())
	if last := trace[len(trace)-1].Failed(); last == nil || last.Code != "many" {
		t.Errorf("%+v", last)
	}
}

// What a page says its format is holds for whatever is chosen.
func TestThePagesFormat(t *testing.T) {
	t.Parallel()
	banner := live("a")
	banner.Format = campaign.FormatBanner
	for asked, want := range map[string]string{"": "banner", "goal": "goal"} {
		if got := NewSnapshot([]campaign.Campaign{banner}).Offer(Visit{Format: asked}, noon()).Candidates[0].Format; got != want {
			t.Errorf("%q: %q", asked, got)
		}
	}
}
