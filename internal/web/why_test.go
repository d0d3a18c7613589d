package web

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"

	"readerfund/internal/account"
	"readerfund/internal/campaign"
)

// addCampaign publishes a copy of the default campaign with other content: content is JSON that is laid over it.
func (h house) addCampaign(slug, content, more string) {
	h.t.Helper()
	h.exec(`
		INSERT INTO campaign (id, slug, heading, why, ask, button, reassurance, currency, suggested, is_default, created_at,
			updated_at, content, state, starts_at, ends_at, fund_drive)
		SELECT gen_random_uuid(), $1, heading, why, ask, button, reassurance, currency, suggested, false, created_at,
			updated_at, content || jsonb_build_object('name', $1::text) || $2::jsonb, 'published', '2026-01-01',
			nullif($3, '')::timestamptz, $3 <> ''
		FROM campaign WHERE is_default`, slug, content, more)
}

// openWhy has campaigns for each of the rules.
func openWhy(t *testing.T) (house, reader) {
	t.Helper()
	h := openNewsroom(t, nil)
	h.exec(`UPDATE campaign SET content = content || '{"name": "support", "caps": {"per_day": 2}}'::jsonb,
		version = version + 1 WHERE is_default`)
	h.addCampaign("water", `{"rules": [{"kind": "tag", "values": ["water"]}, {"kind": "articles", "least": 3}]}`, "")
	h.addCampaign("members", `{"rules": [{"kind": "section", "values": ["politics"]},
		{"kind": "given", "values": ["yes"]}]}`, "")
	h.addCampaign("phones", `{"rules": [{"kind": "section", "values": ["sport"]},
		{"kind": "device", "values": ["phone"]}]}`, "")
	h.alter(func(d *Deps) { d.Campaigns = campaign.NewCatalog(h.db, d.Now) })
	return h, h.signedIn(account.Viewer)
}

var whyBecause = regexp.MustCompile(`(?s)<h3><a href="/staff/campaigns/[^"]+">([^<]+)</a></h3>.*?</article>`)

// explains is what the page says about each campaign.
func (r reader) explains(query string) (said string, because map[string]string) {
	r.t.Helper()
	got := r.get("/staff/campaigns/why?" + query)
	if got.status != 200 {
		r.t.Fatalf("%s: %d\n%s", query, got.status, got.body)
	}
	because = map[string]string{}
	for _, m := range whyBecause.FindAllStringSubmatch(got.body, -1) {
		text := regexp.MustCompile(`<strong>(.*?)\.</strong> (.*?)</p>`).FindStringSubmatch(m[0])
		if text != nil {
			because[m[1]] = html.UnescapeString(text[1] + ": " + text[2])
		} else {
			because[m[1]] = "shown"
		}
	}
	title := regexp.MustCompile(`<h2 id="notice">([^<]*)</h2>`).FindStringSubmatch(got.body)
	if title == nil {
		r.t.Fatalf("no answer\n%s", got.body)
	}
	return html.UnescapeString(title[1]), because
}

// Ten readers, each with the rule that decides about the campaign that is asked about.
func TestWhyIsAnAppealShownOrNot(t *testing.T) {
	t.Parallel()
	_, r := openWhy(t)
	const nothing = "This reader sees no appeal here."
	sees := func(name string) string {
		return fmt.Sprintf("This reader sees “%s” at the end of the article.", name)
	}
	for name, c := range map[string]struct{ query, said, about, because string }{
		"new, and nothing is in the way": {
			"known=yes&reader=new&articles=1&device=phone", sees("support"), "support", "shown",
		},
		"has read too little for the water campaign": {
			"known=yes&articles=2&tags=water&device=phone", sees("support"), "water",
			"After 3 articles or more in 30 days: The reader has read 2, with this one.",
		},
		"has read enough": {
			"known=yes&articles=3&tags=water&device=phone", sees("water"), "support",
			"One campaign at a time: “water” comes first.",
		},
		"gave a month ago": {
			"known=yes&reader=returning&gave=30&device=phone", nothing, "support", "Rest of 90 days after giving: 30 days ago.",
		},
		"gave a year ago": {
			"known=yes&reader=returning&gave=200&section=Politics", sees("members"), "members", "shown",
		},
		"said “I already gave” two weeks ago": {
			"known=yes&said=14", nothing, "support", "Rest of 28 days after “I already gave”: 14 days ago.",
		},
		"went to PayPal yesterday and may have given": {
			"known=yes&start=1", nothing, "support",
			"Rest of 28 days after going to PayPal: the reader may have given: 1 day ago.",
		},
		"closed the banner this week": {
			"known=yes&close=6&format=banner", nothing, "support", "Rest of 7 days after closing an appeal: 6 days ago.",
		},
		"does not want to be asked": {
			"known=yes&optout=yes", nothing, "support", "Rest for good after “Do not ask me again”: The reader has said so.",
		},
		"has seen it twice today": {
			"known=yes&seen=support&day=2", nothing, "support", "2 times a day for each reader: Seen 2 times.",
		},
		"on a computer, where phones are asked for": {
			"known=yes&device=computer&section=sport", sees("support"), "phones", "Only on: phone: The reader has a computer.",
		},
		"of whom nothing is known, where members are asked for": {
			"known=no&section=politics", sees("support"), "members",
			"Only where the answer to “Has the reader given?” is: yes: It is not known whether the reader has given, so the " +
				"reader is not asked.",
		},
		"on a page of another section": {
			"known=yes&section=economy", sees("support"), "members",
			"Only in the sections: politics: The page is in the section economy.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said, because := r.explains(c.query)
			if said != c.said || because[c.about] != c.because {
				t.Errorf("%s\n%s: %q, want %q", said, c.about, because[c.about], c.because)
			}
		})
	}
}

// A fund drive stands in place of the others for its time: staff can look at tomorrow.
func TestWhyAtAnotherTime(t *testing.T) {
	t.Parallel()
	h, r := openWhy(t)
	h.addCampaign("drive", `{"variants": [{"name": "plain", "weight": 3}, {"name": "warm", "weight": 1}], "holdout": 10}`,
		"2026-12-31")
	h.alter(func(d *Deps) { d.Campaigns = campaign.NewCatalog(h.db, d.Now) })
	said, because := r.explains("known=yes&at=2026-12-30T23:00")
	if !strings.Contains(said, "“drive”") ||
		because["support"] != "One campaign at a time: The fund drive “drive” is running; it stands in place of all others." {
		t.Errorf("%s %v", said, because)
	}
	if got := r.get("/staff/campaigns/why?known=yes&at=2026-12-30T23:00"); !strings.Contains(got.body,
		"Its wording is drawn by lot: plain 75 %, warm 25 %. 10 % of readers are shown nothing") {
		t.Error(got.body)
	}
	if said, because = r.explains("known=yes&at=2026-12-31T02:00&campaign=drive"); !strings.Contains(said, "“support”") ||
		because["drive"] != "Live campaigns only: It has ended." || len(because) != 1 {
		t.Errorf("%s %v", said, because)
	}
}

func TestAQuestionThatCannotBeAnswered(t *testing.T) {
	t.Parallel()
	_, r := openWhy(t)
	for query, want := range map[string]string{
		"known=yes&articles=-1":            "Write a whole number, or nothing.",
		"known=yes&gave=soon":              "Write a whole number, or nothing.",
		"known=yes&article=javascript%3A1": "Write the whole address",
		"known=yes&at=tomorrow":            "Write a date and a time.",
	} {
		got := r.get("/staff/campaigns/why?" + query)
		if got.status != 422 || !strings.Contains(got.body, want) || strings.Contains(got.body, `id="notice"`) {
			t.Errorf("%s: %d\n%s", query, got.status, got.body)
		}
	}
	if got := r.get("/staff/campaigns/why?campaign=water"); got.status != 200 || strings.Contains(got.body, `id="notice"`) {
		t.Errorf("without a question: %d", got.status)
	}
	got := r.get("/staff/campaigns/why?known=yes&section=%3Cb%3E&lang=%22%3E&campaign=none&seen=%3Cscript%3E")
	if got.status != 200 || strings.Contains(got.body, "<b>") || !strings.Contains(got.body, "There is no such campaign.") {
		t.Errorf("%d\n%s", got.status, got.body)
	}
}
