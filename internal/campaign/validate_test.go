package campaign_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/fault"
	"readerfund/internal/money"
)

// edited is a campaign that can be published, with one change.
func edited(change func(*campaign.Campaign)) campaign.Campaign {
	e := whole("winter")
	k := campaign.Campaign{Slug: e.Slug, Content: e.Content, StartsAt: noon, UpdatedAt: noon}
	change(&k)
	return k
}

// text changes one of the English texts.
func text(change func(*campaign.Texts)) func(*campaign.Campaign) {
	return func(k *campaign.Campaign) {
		t := k.Texts["en"]
		change(&t)
		k.Texts["en"] = t
	}
}

func TestBadInputIsRefusedBesideItsField(t *testing.T) {
	t.Parallel()
	type k = campaign.Campaign
	for name, c := range map[string]struct {
		change     func(*k)
		field, key string
	}{
		"no slug":             {func(k *k) { k.Slug = "" }, "slug", "campaign.slug_malformed"},
		"capitals":            {func(k *k) { k.Slug = "Winter" }, "slug", "campaign.slug_malformed"},
		"path":                {func(k *k) { k.Slug = "../x" }, "slug", "campaign.slug_malformed"},
		"reserved":            {func(k *k) { k.Slug = "new" }, "slug", "campaign.slug_reserved"},
		"no name":             {func(k *k) { k.Name = "" }, "name", "campaign.name_missing"},
		"long name":           {func(k *k) { k.Name = strings.Repeat("x", 81) }, "name", "field.text_too_long"},
		"HTML in the name":    {func(k *k) { k.Name = "<b>Winter" }, "name", "campaign.markup"},
		"dates reversed":      {func(k *k) { k.EndsAt = noon.Add(-time.Second) }, "ends_at", "campaign.ends_before_start"},
		"no time at all":      {func(k *k) { k.EndsAt = noon }, "ends_at", "campaign.ends_before_start"},
		"endless drive":       {func(k *k) { k.FundDrive = true }, "ends_at", "campaign.fund_drive_endless"},
		"unknown language":    {func(k *k) { k.Language = "english" }, "language", "campaign.language_unknown"},
		"language of nothing": {func(k *k) { k.Language = "de" }, "language", "campaign.language_without_texts"},
		"odd language":        {func(k *k) { k.Texts["de_AT"] = k.Texts["en"] }, "texts.de_AT", "campaign.language_unknown"},
		"missing translation": {func(k *k) { k.Texts["de"] = campaign.Texts{Heading: "Nur das"} }, "texts.de.why", "campaign.text_missing"},
		"missing signature": {func(k *k) {
			de := k.Texts["en"]
			text(func(t *campaign.Texts) { t.Signature = "Ada" })(k)
			k.Texts["de"] = de
		}, "texts.de.signature", "campaign.text_missing"},
		"other amounts described": {func(k *k) {
			k.Texts["de"] = k.Texts["en"]
			text(func(t *campaign.Texts) { t.Does = []campaign.Does{{500, "An hour"}} })(k)
		}, "texts.de.does", "campaign.does_differ"},
		"long heading":           {text(func(t *campaign.Texts) { t.Heading = strings.Repeat("x", 10_000) }), "texts.en.heading", "field.text_too_long"},
		"heading in lines":       {text(func(t *campaign.Texts) { t.Heading = "a\nb" }), "texts.en.heading", "field.text_not_shown"},
		"control character":      {text(func(t *campaign.Texts) { t.Why = "a\x00b" }), "texts.en.why", "field.text_not_shown"},
		"bad UTF-8":              {text(func(t *campaign.Texts) { t.Ask = "\xff" }), "texts.en.ask", "field.text_unreadable"},
		"many lines":             {text(func(t *campaign.Texts) { t.Does = make([]campaign.Does, 7) }), "texts.en.does", "campaign.does_too_many"},
		"a line without amount":  {text(func(t *campaign.Texts) { t.Does = []campaign.Does{{0, "x"}} }), "texts.en.does.0.minor", "campaign.amount_missing"},
		"a line without text":    {text(func(t *campaign.Texts) { t.Does = []campaign.Does{{5, ""}} }), "texts.en.does.0.text", "campaign.text_missing"},
		"nothing without givers": {text(func(t *campaign.Texts) { t.Heading = "{gave_today} gave today!" }), "texts.en.heading", "campaign.only_today"},
		"invented figure":        {text(func(t *campaign.Texts) { t.Why = "{moon}" }), "texts.en.why", "campaign.placeholder_unknown"},
		"goal without one":       {text(func(t *campaign.Texts) { t.Why = "{goal}" }), "texts.en.why", "campaign.placeholder_without_goal"},
		"days without end":       {text(func(t *campaign.Texts) { t.Why = "{days_left}" }), "texts.en.why", "campaign.placeholder_without_end"},
		"one plural form":        {text(func(t *campaign.Texts) { t.Why = "{supporters:people}" }), "texts.en.why", "campaign.placeholder_plurals"},
		"plurals of money":       {text(func(t *campaign.Texts) { t.Why = "{raised:a|b}" }), "texts.en.why", "campaign.placeholder_forms"},
		"unknown currency":       {func(k *k) { k.Currency = "XXX" }, "currency", "money.currency_not_offered"},
		"nothing offered":        {func(k *k) { k.Suggested = nil }, "suggested.EUR", "campaign.amounts_missing"},
		"unknown frequency":      {func(k *k) { k.Frequency = "weekly" }, "frequency", "campaign.frequency_unknown"},
		"strange currency":       {func(k *k) { k.Suggested["ABC"] = []int64{5} }, "suggested.ABC", "money.currency_not_offered"},
		"not rising":             {func(k *k) { k.Suggested["EUR"] = []int64{500, 500} }, "suggested.EUR", "campaign.amounts_not_rising"},
		"nine amounts":           {func(k *k) { k.Suggested["EUR"] = []int64{1, 2, 3, 4, 5, 6, 7, 8, 9} }, "suggested.EUR", "campaign.amounts_too_many"},
		"zero":                   {func(k *k) { k.Suggested["EUR"] = []int64{0} }, "suggested.EUR", "campaign.amount_too_small"},
		"below the limit":        {func(k *k) { k.Suggested["EUR"] = []int64{99} }, "suggested.EUR", "campaign.amount_too_small"},
		"above the limit":        {func(k *k) { k.Suggested["EUR"] = []int64{1_000_001} }, "suggested.EUR", "campaign.amount_too_large"},
		"below its minimum":      {func(k *k) { k.Minimum = campaign.Amounts{"EUR": 600} }, "suggested.EUR", "campaign.amount_too_small"},
		"monthly elsewhere":      {func(k *k) { k.Monthly = map[money.Currency][]int64{"USD": {500}} }, "monthly.USD", "campaign.currency_not_taken"},
		"minimum elsewhere":      {func(k *k) { k.Minimum = campaign.Amounts{"USD": 600} }, "minimum.USD", "campaign.currency_not_taken"},
		"minimum too small":      {func(k *k) { k.Minimum = campaign.Amounts{"EUR": 1} }, "minimum.EUR", "campaign.minimum_too_small"},
		"chosen elsewhere":       {func(k *k) { k.Chosen = map[string]campaign.Amounts{"once": {"USD": 5}} }, "chosen.once.USD", "campaign.currency_not_taken"},
		"chosen not offered":     {func(k *k) { k.Chosen = map[string]campaign.Amounts{"month": {"EUR": 5}} }, "chosen.month.EUR", "campaign.chosen_not_offered"},
		"chosen never":           {func(k *k) { k.Chosen = map[string]campaign.Amounts{"daily": {}} }, "chosen.daily", "campaign.frequency_unknown"},
		"strange goal":           {func(k *k) { k.Goal = &campaign.Goal{Kind: "fame"} }, "goal.kind", "campaign.goal_kind"},
		"goal of nothing":        {func(k *k) { k.Goal = &campaign.Goal{Kind: "amount", Currency: "EUR"} }, "goal.minor", "campaign.goal_amount"},
		"goal in a currency not taken": {func(k *k) { k.Goal = &campaign.Goal{Kind: "amount", Minor: 5, Currency: "USD"} },
			"goal.currency", "campaign.currency_not_taken"},
		"goal of nobody": {func(k *k) { k.Goal = &campaign.Goal{Kind: "supporters"} }, "goal.count", "campaign.goal_count"},
		"broken picture": {func(k *k) { k.Picture = &campaign.Picture{Digest: "x"} }, "picture", "campaign.picture_unknown"},
		"picture undescribed": {func(k *k) {
			k.Portrait = &campaign.Picture{Digest: strings.Repeat("a", 64), Width: 1, Height: 1}
		}, "texts.en.portrait_alt", "campaign.text_missing"},
		"unknown step":     {func(k *k) { k.Next.Kind = "jump" }, "next.kind", "campaign.next_unknown"},
		"step nowhere":     {func(k *k) { k.Next.Kind = "read" }, "next.address", "campaign.next_address"},
		"step by script":   {func(k *k) { k.Next = campaign.Next{"read", "javascript:alert(1)"} }, "next.address", "campaign.next_address"},
		"needless address": {func(k *k) { k.Next = campaign.Next{"share", "https://example.org"} }, "next.address", "campaign.next_without_address"},
		"unknown format":   {func(k *k) { k.Format = "popup" }, "format", "campaign.format_unknown"},
		"negative cap":     {func(k *k) { k.Caps.PerDay = -1 }, "caps.per_day", "campaign.cap_outside"},
		"many rules":       {func(k *k) { k.Rules = make([]campaign.Rule, 21) }, "rules", "campaign.rules_too_many"},
		"empty rule":       {func(k *k) { k.Rules = []campaign.Rule{{Kind: "tag"}} }, "rules.0.values", "choice.values_missing"},
		"nine variants":    {func(k *k) { k.Variants = make([]campaign.Variant, 9) }, "variants", "campaign.variants_too_many"},
		"weight of zero":   {func(k *k) { k.Variants = []campaign.Variant{{Name: "a"}} }, "variants.0.weight", "campaign.variant_weight"},
		"nameless variant": {func(k *k) { k.Variants = []campaign.Variant{{Weight: 1}} }, "variants.0.name", "campaign.variant_name"},
		"variant holdout":  {func(k *k) { k.Variants = []campaign.Variant{{Name: "holdout", Weight: 1}} }, "variants.0.name", "campaign.variant_name"},
		"variants alike":   {func(k *k) { k.Variants = []campaign.Variant{{Name: "a", Weight: 1}, {Name: "a", Weight: 1}} }, "variants.1.name", "campaign.variant_twice"},
		"variant's language": {func(k *k) {
			k.Variants = []campaign.Variant{{Name: "a", Weight: 1, Texts: map[string]campaign.Texts{"fr": {}}}}
		}, "variants.0.texts.fr", "campaign.variant_language"},
		"variant's amount": {func(k *k) {
			k.Variants = []campaign.Variant{{Name: "a", Weight: 1, Suggested: campaign.Amounts{"EUR": 7}}}
		}, "variants.0.chosen.EUR", "campaign.chosen_not_offered"},
		"variant's frequency": {func(k *k) { k.Variants = []campaign.Variant{{Name: "a", Weight: 1, Frequency: "x"}} }, "variants.0.frequency", "campaign.frequency_unknown"},
		"large holdout":       {func(k *k) { k.Holdout = 51 }, "holdout", "campaign.holdout_outside"},
	} {
		err := campaign.Validate(edited(c.change), campaign.Options{
			Complete: true, Limit: func(money.Currency) (int64, int64) { return 100, 1_000_000 },
		})
		if got := refused(err); got[c.field] != c.key {
			t.Errorf("%s: got %v, want %s on %s", name, got, c.key, c.field)
		}
		for _, f := range fault.All(err) {
			if said := f.Message.String(); f.Kind != fault.Invalid || strings.HasPrefix(said, "campaign.") || strings.Contains(said, "<no value>") {
				t.Errorf("%s: says %q", name, said)
			}
		}
	}
}

// HTML is refused in every text there is, a variant's too. What only looks like it stays.
func TestHTMLIsRefusedInEveryText(t *testing.T) {
	t.Parallel()
	fields := []string{
		"heading", "greeting", "why", "ask", "button", "reassurance", "signature", "portrait_alt", "picture_alt", "thanks",
		"next_label",
	}
	for _, bad := range []string{"<b>bold</b>", "a<script>", "</p>", "<!-- x", "R&amp;D", "&#60;", "&lt;b"} {
		all := campaign.Texts{
			Heading: bad, Greeting: bad, Why: bad, Ask: bad, Button: bad, Reassurance: bad, Signature: bad, PortraitAlt: bad,
			PictureAlt: bad, Thanks: bad, NextLabel: bad, Does: []campaign.Does{{500, bad}},
		}
		got := refused(campaign.Validate(edited(func(k *campaign.Campaign) {
			k.Texts["en"] = all
			k.Variants = []campaign.Variant{{Name: "b", Weight: 1, Texts: map[string]campaign.Texts{"en": all}}}
		}), campaign.Options{}))
		for _, at := range []string{"texts.en.", "variants.0.texts.en."} {
			for _, field := range append(slices.Clone(fields), "does.0.text") {
				if got[at+field] != "campaign.markup" {
					t.Errorf("%q in %s: %q", bad, at+field, got[at+field])
				}
			}
		}
	}
	for _, good := range []string{"5 < 6 and 7 > 2", "R&D", "we <3 you", "a & b; c"} {
		err := campaign.Validate(edited(text(func(t *campaign.Texts) { t.Why = good })), campaign.Options{Complete: true})
		if err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}

// A draft may be unfinished; what is there has to be right. To publish it, nothing may be missing.
func TestADraftMayBeUnfinished(t *testing.T) {
	t.Parallel()
	d := newFixture(t)
	e := whole("winter")
	e.Texts["en"] = campaign.Texts{Heading: "Only this"}
	k := d.must(d.Create(t.Context(), ann, e))
	_, err := d.Publish(t.Context(), ann, "winter", k.Version)
	want := []string{"texts.en.ask", "texts.en.button", "texts.en.reassurance", "texts.en.why"}
	if got := slices.Sorted(maps.Keys(refused(err))); !slices.Equal(got, want) {
		t.Errorf("published: %v", got)
	}
	k = d.must(d.Campaign(t.Context(), "winter"))
	if k.State != campaign.Draft || !k.StartsAt.IsZero() {
		t.Errorf("what was refused was done: %s since %s", k.State, k.StartsAt)
	}
}

// What a new installation begins with can be saved as it is, in each of its languages.
func TestTheDefaultCampaignIsRight(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	for range 2 {
		if err := campaign.EnsureDefault(t.Context(), d, "The Test Post", "SEK", noon); err != nil {
			t.Fatal(err)
		}
	}
	all, err := campaign.NewCatalog(d, func() time.Time { return noon }).All(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatalf("%d campaigns, %v", len(all), err)
	}
	if err := campaign.Validate(all[0], campaign.Options{Complete: true}); err != nil {
		t.Error(err)
	}
	if got := fmt.Sprint(all[0].Languages()); got != "[en ar de es fr uk]" {
		t.Errorf("languages: %s", got)
	}
	for lang, t2 := range all[0].Texts {
		if !strings.Contains(t2.Why, "The Test Post") {
			t.Errorf("%s does not name the publication: %q", lang, t2.Why)
		}
	}
}
