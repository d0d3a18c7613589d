package choice

import (
	"slices"

	"readerfund/internal/campaign"
)

// Reader is what a reader's browser knows about them. Only the browser has it; staff describe one to ask why.
type Reader struct {
	ID        string          `json:"id"`    // random; where it is empty, no variant is drawn
	Known     bool            `json:"known"` // the browser remembers something from page to page
	Returning bool            `json:"returning"`
	Articles  int             `json:"articles"` // read in 30 days, this one included
	Device    string          `json:"device"`   // "phone", "tablet" or "computer"; "" where there is no script
	Ago       map[Answer]int  `json:"ago"`      // days since each answer
	OptedOut  bool            `json:"optout"`   // "Do not ask me again"
	Seen      map[string]Seen `json:"seen"`     // by campaign
}

// Seen is how often a reader has seen a campaign.
type Seen struct {
	Day  int `json:"day"`
	Week int `json:"week"` // in seven days, with this one
	All  int `json:"all"`
}

// Given is whether the reader has given: "yes", "no" or "unknown". Someone who went to PayPal and was not heard of
// since may have, for as long as they rest.
func (r *Reader) Given() string {
	if _, gave := r.Ago[Gave]; gave {
		return "yes"
	}
	if _, said := r.Ago[Said]; said {
		return "yes"
	}
	if days, went := r.Ago[Start]; went && days < Rests()[Start] || !r.Known {
		return "unknown"
	}
	return "no"
}

// is the reader's value for a kind of rule; "" where it is not known.
func (r *Reader) is(kind string) string {
	switch {
	case kind == campaign.RuleDevice:
		return r.Device
	case kind == campaign.RuleGiven:
		return r.Given()
	case kind == campaign.RuleReader && r.Known && r.Returning:
		return "returning"
	case kind == campaign.RuleReader && r.Known:
		return "new"
	default:
		return ""
	}
}

// fits reports whether a rule about the reader holds. What is not known holds nowhere, not even where the rule is
// reversed, except for "unknown" as an answer to whether the reader has given.
func (r *Reader) fits(rule *campaign.Rule) bool {
	if rule.Kind == campaign.RuleArticles {
		within := r.Articles >= rule.Least && (rule.Most == 0 || r.Articles <= rule.Most)
		return r.Known && within != rule.Not
	}
	is := r.is(rule.Kind)
	if is == "" || is == "unknown" && rule.Not {
		return false
	}
	return slices.Contains(rule.Values, is) != rule.Not
}
