package main

import (
	"context"
	"fmt"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/choice"
)

// chosenFrom is among how many campaigns is chosen. Each has ten rules about the article.
const chosenFrom = 1000

// measureChoosing chooses for one page again and again, in this process: what GET /embed/choice does beside HTTP.
func (b *bench) measureChoosing(ctx context.Context) error {
	now := time.Now()
	snapshot, visit := choice.NewSnapshot(manyCampaigns(now)), chosenPage()
	if n := len(snapshot.Offer(visit, now).Candidates); n != chosenFrom/100 {
		return fmt.Errorf("%d campaigns are offered to the page", n)
	}
	var took []float64
	for range b.rounds {
		times, began := 0, time.Now()
		for time.Since(began) < b.turn && ctx.Err() == nil {
			for range 100 {
				snapshot.Offer(visit, now)
			}
			times += 100
		}
		took = append(took, float64(time.Since(began).Microseconds())/float64(times))
	}
	const what = "choosing for a page among 1,000 campaigns of 10 rules"
	b.add(compare(what, "µs", "-", took, nothing(len(took)), 0).figureAtMost(50))
	return ctx.Err()
}

// chosenPage is the page that is chosen for.
func chosenPage() choice.Visit {
	return choice.Visit{
		Article: "https://news.example/politics/river", Section: "politics", Authors: []string{"ada moreau"},
		Tags: []string{"water", "courts", "budget"}, Language: "en",
	}
}

// manyCampaigns have ten rules each, of which nine hold for the page; the last one holds for one campaign in a hundred.
func manyCampaigns(now time.Time) (all []campaign.Campaign) {
	only := func(kind string, values ...string) campaign.Rule { return campaign.Rule{Kind: kind, Values: values} }
	not := func(kind string, values ...string) campaign.Rule {
		return campaign.Rule{Kind: kind, Values: values, Not: true}
	}
	for n := range chosenFrom {
		last := only(campaign.RuleTag, fmt.Sprint("tag-", n), "nowhere")
		if n%100 == 0 {
			last = only(campaign.RuleTag, "water")
		}
		all = append(all, campaign.Campaign{
			Slug: fmt.Sprint("campaign-", n), State: campaign.Published, StartsAt: now.AddDate(0, 0, -1),
			Content: campaign.Content{Language: "en", Texts: map[string]campaign.Texts{"en": {}}, Rules: []campaign.Rule{
				only(campaign.RuleSection, "economy", "politics"), not(campaign.RuleSection, "sport", "obituaries"),
				only(campaign.RuleLanguage, "en", "de"), not(campaign.RuleTag, "sponsored", fmt.Sprint("hidden-", n)),
				only(campaign.RuleAddress, "https://news.example/"), not(campaign.RuleAddress, fmt.Sprintf("/special/%d/", n)),
				only(campaign.RuleAuthor, "ada moreau", "b. ito"), only(campaign.RuleTag, "budget", "courts"),
				{Kind: campaign.RuleDates, From: now.AddDate(0, 0, -1), Until: now.AddDate(0, 0, 30)}, last,
			}},
		})
	}
	return all
}
