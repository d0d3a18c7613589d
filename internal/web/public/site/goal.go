package site

import (
	"golang.org/x/text/language"

	"readerfund/internal/campaign"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
)

// Goal is how far a campaign is on the way to its goal.
type Goal struct {
	Reached string // "€12,340"
	Of      string // "given of €20,000"
	Left    string // "12 days left"; empty without an end
	Share   int    // 0 to 100, for the bar
}

// HasBar reports whether there is a goal, and it is known how far it is reached.
func HasBar(k *campaign.Entry) bool {
	return k.Facts.Known && (k.Facts.Goal.Minor > 0 || k.Facts.GoalCount > 0)
}

// Goal says in a language how far a campaign is on the way to its goal.
func (l Layout) Goal(f campaign.Facts, lang language.Tag) *Goal {
	loc := l.Pages.Speaking(lang)
	g := &Goal{Share: f.Share()}
	if f.Goal.Minor > 0 {
		g.Reached = money.FormatBrief(f.Raised.Whole(), lang)
		g.Of = loc.Say("cta.of_amount", i18n.Args{"goal": f.Goal})
	} else {
		g.Reached = loc.Say("cta.supporters", i18n.Args{"count": f.Supporters})
		g.Of = loc.Say("cta.of_supporters", i18n.Args{"goal": f.GoalCount})
	}
	if f.DaysLeft > 0 {
		g.Left = loc.Say("cta.days_left", i18n.Args{"count": f.DaysLeft})
	}
	return g
}
