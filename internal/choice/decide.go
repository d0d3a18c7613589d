package choice

import (
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/i18n"
)

// Decision is the appeal that a reader sees on a page. The zero Decision is none.
type Decision struct {
	Campaign string `json:"campaign"` // slug
	Variant  string `json:"variant"`
	Format   string `json:"format"`
	Holdout  bool   `json:"holdout"` // nothing is shown, and the reader is counted among those who were shown nothing
}

// Shown reports whether the reader sees an appeal.
func (d Decision) Shown() bool { return d.Campaign != "" && !d.Holdout }

// Trace says for each campaign why it is shown or not: first those that may stand on the page, in their order, then the
// others.
type Trace []Line

// Line is one campaign in a Trace.
type Line struct {
	Campaign *campaign.Campaign
	Steps    []Step
}

// Shown reports whether everything held.
func (l Line) Shown() bool { return l.Failed() == nil }

// Failed is the first step that does not hold, nil where all do.
func (l Line) Failed() *Step {
	for n := range l.Steps {
		if !l.Steps[n].Held {
			return &l.Steps[n]
		}
	}
	return nil
}

// Step is one thing that was asked about a campaign.
type Step struct {
	Code string // "status", "rule.section", "rest.gave", "cap.per_day" …
	Held bool
	Rule i18n.Message // what was asked
	Fact i18n.Message // what was found
}

// Decide is the whole choice: what a reader sees on a page at a moment, and why, with dates in the moment's time zone.
// In a reader's browser, choose.js decides the same from the Offer.
func (s *Snapshot) Decide(v Visit, r Reader, now time.Time) (Decision, Trace) {
	places, alone := s.choose(v, now)
	offer := s.Offer(v, now)
	trace := make(Trace, 0, len(s.entries))
	decided := offer.pick(r, now.Location())
	reached := false
	offered := make(map[int]bool, len(places))
	for n, place := range places {
		offered[place] = true
		e, c := &s.entries[place], offer.Candidates[n]
		line := Line{e.campaign, s.articleSteps(e, v, now)}
		if reached {
			line.Steps = append(line.Steps, behind("first", i18n.Args{"other": s.Campaign(decided.Campaign).Name}))
		} else {
			line.Steps = append(line.Steps, offer.readerSteps(c, r, now.Location())...)
		}
		if c.Campaign == decided.Campaign {
			reached = true
			if decided.Holdout {
				line.Steps = append(line.Steps, heldOut(c.Holdout))
			}
		}
		trace = append(trace, line)
	}
	for place := range s.entries {
		if offered[place] {
			continue
		}
		line := Line{s.entries[place].campaign, s.articleSteps(&s.entries[place], v, now)}
		if line.Shown() {
			line.Steps = append(line.Steps, s.crowdedOut(places, alone))
		}
		trace = append(trace, line)
	}
	return decided, trace
}

// Pick is the decision alone: what a reader sees on a page at a moment.
func (s *Snapshot) Pick(v Visit, r Reader, now time.Time) Decision {
	offer := s.Offer(v, now)
	return offer.pick(r, now.Location())
}

// pick takes the first candidate that fits the reader.
func (o *Offer) pick(r Reader, zone *time.Location) Decision {
	for _, c := range o.Candidates {
		if (Line{Steps: o.readerSteps(c, r, zone)}).Shown() {
			return c.shownTo(r)
		}
	}
	return Decision{}
}

// shownTo is the decision for a reader whom the candidate fits.
func (c *Candidate) shownTo(r Reader) Decision {
	d := Decision{Campaign: c.Campaign, Format: c.Format}
	if r.ID != "" {
		d.Variant = Assign(r.ID, c.Campaign, c.Variants, c.Holdout)
		d.Holdout = d.Variant == campaign.Holdout
	}
	return d
}

// articleSteps asks what does not depend on the reader. While the campaign is not live, its rules do not matter.
func (s *Snapshot) articleSteps(e *entry, v Visit, now time.Time) []Step {
	steps := []Step{statusStep(e.campaign, now)}
	if !steps[0].Held {
		return steps
	}
	truths := s.truths(v)
	for n := range e.checks {
		c := &e.checks[n]
		steps = append(steps, Step{
			"rule." + c.rule.Kind, s.holds(c, truths, now), SayRule(c.rule, now.Location()), v.fact(c.rule.Kind, now),
		})
	}
	return steps
}

// crowdedOut is why a campaign that fits the article is not offered.
func (s *Snapshot) crowdedOut(places []int, alone bool) Step {
	first := s.entries[places[0]].campaign
	switch {
	case alone && first.FundDrive:
		return behind("drive", i18n.Args{"other": first.Name})
	case alone:
		return behind("named", i18n.Args{"other": first.Name})
	default:
		return behind("many", i18n.Args{"count": MostCandidates})
	}
}

// readerSteps asks what depends on the reader.
func (o *Offer) readerSteps(c Candidate, r Reader, zone *time.Location) []Step {
	var steps []Step
	if o.asks(c) {
		steps = append(steps, o.restSteps(r)...)
		steps = append(steps, capSteps(c.Caps, r.Seen[c.Campaign])...)
	}
	for n := range c.Rules {
		rule := &c.Rules[n]
		steps = append(steps, Step{"rule." + rule.Kind, r.fits(rule), SayRule(rule, zone), r.fact(rule.Kind)})
	}
	return steps
}
