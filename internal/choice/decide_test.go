package choice

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/testkit"
)

// noon is when these tests are.
func noon() time.Time { return time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC) }

// caseCampaign is a live campaign with what is about readers.
type caseCampaign struct {
	Slug     string
	Format   string
	Rules    []campaign.Rule
	Caps     campaign.Caps
	Variants []campaign.Variant
	Holdout  int
}

// choiceCase is what one reader sees where some campaigns are live.
type choiceCase struct {
	Name      string
	Campaigns []caseCampaign
	Reader    Reader
	Want      *Decision
	Why       string // the first step that fails for the first campaign
}

// snapshot has the case's campaigns, in their order.
func (c *choiceCase) snapshot() *Snapshot {
	var all []campaign.Campaign
	for n, k := range c.Campaigns {
		all = append(all, campaign.Campaign{
			Slug: k.Slug, State: campaign.Published, StartsAt: noon().AddDate(0, 0, -1-n), Content: campaign.Content{
				Name: k.Slug, Language: "en", Texts: map[string]campaign.Texts{"en": {}}, Format: k.Format, Rules: k.Rules,
				Caps: k.Caps, Variants: k.Variants, Holdout: k.Holdout,
			},
		})
	}
	return NewSnapshot(all)
}

func casesOf(t *testing.T) []choiceCase {
	t.Helper()
	text, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []choiceCase
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for n := range all {
		all[n].Reader.ID = fmt.Sprintf("%032x", n)
		if w := all[n].Want; w != nil && w.Format == "" {
			w.Format = "inline"
		}
	}
	return all
}

func TestTheCases(t *testing.T) {
	t.Parallel()
	for _, c := range casesOf(t) {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			got, trace := c.snapshot().Decide(Visit{Language: "en"}, c.Reader, noon())
			if c.Want == nil {
				c.Want = &Decision{}
			}
			if got != *c.Want {
				t.Errorf("%+v, want %+v", got, *c.Want)
			}
			why := ""
			if len(trace) > 0 && trace[0].Failed() != nil {
				why = trace[0].Failed().Code
			}
			if why != c.Why {
				t.Errorf("because of %q, want %q", why, c.Why)
			}
		})
	}
}

// The browser gets the offer as the service sends it.
func TestTheBrowserDecidesTheSame(t *testing.T) {
	t.Parallel()
	all := casesOf(t)
	rnd := rand.New(rand.NewPCG(testkit.Seed(t), 1))
	for n := range 3000 {
		all = append(all, drawnCase(rnd, n))
	}
	var calls [][]any
	for _, c := range all {
		calls = append(calls, []any{"decide", c.snapshot().Offer(Visit{Language: "en"}, noon()), c.Reader})
	}
	var got []*Decision
	inJavaScript(t, calls, &got)
	shown := 0
	for n, c := range all {
		want, _ := c.snapshot().Decide(Visit{Language: "en"}, c.Reader, noon())
		if got[n] == nil {
			got[n] = &Decision{}
		} else {
			shown++
		}
		if *got[n] != want {
			offer, _ := json.Marshal(calls[n])
			t.Fatalf("%s: %+v in the browser, %+v here\n%s", c.Name, *got[n], want, offer)
		}
	}
	if shown < len(all)/10 || shown > len(all)*9/10 {
		t.Errorf("%d of %d are shown something: the draw says little", shown, len(all))
	}
}

// drawnCase makes up campaigns and a reader.
func drawnCase(rnd *rand.Rand, n int) choiceCase {
	oneOf := func(values ...string) string { return values[rnd.IntN(len(values))] }
	some := func(values []string) []string {
		return slices.DeleteFunc(slices.Clone(values), func(string) bool { return rnd.IntN(2) == 0 })
	}
	c := choiceCase{Name: fmt.Sprint("drawn ", n)}
	c.Campaigns = make([]caseCampaign, rnd.IntN(4))
	for i := range c.Campaigns {
		k := &c.Campaigns[i]
		k.Slug, k.Format, k.Holdout = fmt.Sprint("c", i), oneOf("", "inline", "banner", "button"), rnd.IntN(30)
		k.Caps = campaign.Caps{PerDay: rnd.IntN(4), PerWeek: rnd.IntN(6), InAll: rnd.IntN(9)}
		k.Variants = variants([]int{rnd.IntN(3), rnd.IntN(5)}[:rnd.IntN(3)]...)
		for _, kind := range campaign.RuleKinds() {
			if kind.Reader && rnd.IntN(4) == 0 {
				k.Rules = append(k.Rules, campaign.Rule{
					Kind: kind.Kind, Values: some(kind.Allowed), Least: rnd.IntN(4), Most: rnd.IntN(8), Not: rnd.IntN(3) == 0,
				})
			}
		}
	}
	c.Reader = Reader{
		ID: fmt.Sprintf("%032x", rnd.Uint64()), Known: rnd.IntN(4) > 0, Returning: rnd.IntN(2) == 0, Articles: rnd.IntN(9),
		Device: oneOf("", "phone", "tablet", "computer"), OptedOut: rnd.IntN(12) == 0, Ago: map[Answer]int{},
		Seen: map[string]Seen{"c0": {Day: rnd.IntN(3), Week: rnd.IntN(5), All: rnd.IntN(9)}},
	}
	for answer, days := range Rests() {
		if rnd.IntN(6) == 0 {
			c.Reader.Ago[answer] = rnd.IntN(days + 5)
		}
	}
	return c
}
