package choice

import (
	"fmt"
	"testing"
	"time"

	"readerfund/internal/campaign"
)

// thousand are campaigns with ten rules each about the article, of which the last decides: nine hold for the page.
func thousand() (all []campaign.Campaign, page Visit) {
	page = Visit{
		Article: "https://news.example/politics/river", Section: "politics", Authors: []string{"ada moreau"},
		Tags: []string{"water", "courts", "budget"}, Language: "en",
	}
	for n := range 1000 {
		last := ruleOf("tag", fmt.Sprint("tag-", n), "nowhere")
		if n%100 == 0 {
			last = ruleOf("tag", "water")
		}
		all = append(all, live(fmt.Sprint("campaign-", n),
			ruleOf("section", "economy", "politics"), not(ruleOf("section", "sport", "obituaries")), ruleOf("language", "en", "de"),
			not(ruleOf("tag", "sponsored", fmt.Sprint("hidden-", n))), ruleOf("address", "https://news.example/"),
			not(ruleOf("address", fmt.Sprintf("/special/%d/", n))), ruleOf("author", "ada moreau", "b. ito"),
			campaign.Rule{Kind: "dates", From: noon().AddDate(0, 0, -1), Until: noon().AddDate(0, 0, 30)},
			ruleOf("tag", "budget", "courts"), last,
		))
	}
	return all, page
}

// BenchmarkOffer chooses among 1,000 campaigns with ten rules each: issue 11 wants less than 50 µs.
func BenchmarkOffer(b *testing.B) {
	all, page := thousand()
	s := NewSnapshot(all)
	if n := len(s.Offer(page, noon()).Candidates); n != 10 {
		b.Fatalf("%d are offered", n)
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Offer(page, noon())
	}
}

// BenchmarkSnapshot prepares 1,000 campaigns, which happens when staff saved one.
func BenchmarkSnapshot(b *testing.B) {
	all, _ := thousand()
	b.ReportAllocs()
	for b.Loop() {
		NewSnapshot(all)
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(time.Millisecond), "ms/op")
}
