package choice

import (
	"slices"
	"strings"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/i18n"
)

func statusStep(k *campaign.Campaign, now time.Time) Step {
	status := k.Status(now)
	return Step{
		"status", status == campaign.StatusLive,
		i18n.New("choice.rule.status"), i18n.New("choice.fact.status." + string(status)),
	}
}

// asks reports whether rests and caps are for the candidate.
func (o *Offer) asks(c Candidate) bool { return slices.Contains(o.Asking, c.Format) }

// restSteps are the answers after which the reader is not asked for a time.
func (o *Offer) restSteps(r Reader) []Step {
	steps := []Step{{
		"optout", !r.OptedOut, i18n.New("choice.rule.rest.optout"), i18n.New("choice.fact.optout." + yesNo(r.OptedOut)),
	}}
	for _, answer := range []Answer{Gave, Start, Said, Close, Later} {
		days, answered := r.Ago[answer]
		fact := i18n.New("choice.fact.never")
		if answered {
			fact = i18n.New("choice.fact.ago", i18n.Args{"count": days})
		}
		steps = append(steps, Step{
			"rest." + string(answer), !answered || days >= o.Rests[answer],
			i18n.New("choice.rule.rest."+string(answer), i18n.Args{"count": o.Rests[answer]}), fact,
		})
	}
	return steps
}

// capSteps are the bounds on how often a reader sees the campaign.
func capSteps(caps campaign.Caps, seen Seen) []Step {
	var steps []Step
	for _, c := range []struct {
		code       string
		most, seen int
	}{
		{"per_day", caps.PerDay, seen.Day}, {"per_week", caps.PerWeek, seen.Week}, {"in_all", caps.InAll, seen.All},
	} {
		if c.most > 0 {
			steps = append(steps, Step{
				"cap." + c.code, c.seen < c.most,
				i18n.New("choice.rule.cap."+c.code, i18n.Args{"count": c.most}),
				i18n.New("choice.fact.seen", i18n.Args{"count": c.seen}),
			})
		}
	}
	return steps
}

func heldOut(percent int) Step {
	return Step{
		Code: "holdout", Rule: i18n.New("choice.rule.holdout", i18n.Args{"percent": percent}),
		Fact: i18n.New("choice.fact.holdout"),
	}
}

// behind is why a campaign that fits does not come first.
func behind(code string, args i18n.Args) Step {
	return Step{Code: code, Rule: i18n.New("choice.rule.alone"), Fact: i18n.New("choice.fact.behind."+code, args)}
}

// dateLayout writes a moment of the publication's.
const dateLayout = "2 January 2006, 15:04"

// SayRule is a rule in words, with its dates in a zone: "Only in the sections: politics, economy."
func SayRule(r *campaign.Rule, zone *time.Location) i18n.Message {
	return i18n.New("choice.rule."+wording(r), i18n.Args{
		"values": strings.Join(r.Values, ", "), "least": r.Least, "most": r.Most,
		"from": r.From.In(zone).Format(dateLayout), "until": r.Until.In(zone).Format(dateLayout),
	})
}

// wording names the sentence for a rule: its kind, which bounds it has, and whether it is reversed.
func wording(r *campaign.Rule) string {
	if _, there := campaign.FindRuleKind(r.Kind); !there {
		return "unknown"
	}
	form := "only"
	if r.Kind == campaign.RuleArticles || r.Kind == campaign.RuleDates {
		form = bounds(r)
	}
	if r.Not {
		form = "not_" + form
	}
	return r.Kind + "." + form
}

// bounds says which bounds a rule has.
func bounds(r *campaign.Rule) string {
	lower, upper := r.Least > 0 || !r.From.IsZero(), r.Most > 0 || !r.Until.IsZero()
	switch {
	case lower && upper:
		return "between"
	case lower:
		return "from"
	default:
		return "until"
	}
}

// fact is what the page says about what a kind of rule asks.
func (v *Visit) fact(kind string, now time.Time) i18n.Message {
	says := map[string]string{
		campaign.RuleSection: v.Section, campaign.RuleTag: strings.Join(v.Tags, ", "),
		campaign.RuleAuthor: strings.Join(v.Authors, ", "), campaign.RuleLanguage: v.Language,
		campaign.RuleAddress: v.Article, campaign.RuleDates: now.Format(dateLayout),
	}
	if _, there := says[kind]; !there {
		return i18n.Message{}
	}
	if says[kind] == "" {
		return i18n.New("choice.fact." + kind + ".none")
	}
	return i18n.New("choice.fact."+kind+".is", i18n.Args{"value": says[kind]})
}

// fact is what is known of the reader about what a kind of rule asks.
func (r *Reader) fact(kind string) i18n.Message {
	if kind == campaign.RuleArticles && r.Known {
		return i18n.New("choice.fact.articles.read", i18n.Args{"count": r.Articles})
	}
	if is := r.is(kind); is != "" {
		return i18n.New("choice.fact." + kind + "." + is)
	}
	return i18n.New("choice.fact." + kind + ".none")
}

func yesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}
