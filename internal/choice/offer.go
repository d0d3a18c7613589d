package choice

import (
	"time"

	"readerfund/internal/campaign"
)

// MostCandidates is how many campaigns are offered to one page: enough for a reader whom the first ones do not fit, and
// few enough to be sent with every article.
const MostCandidates = 16

// Answer is what a reader did about an appeal, in the words of choose.js.
type Answer string

// The answers after which readers are left in peace.
const (
	Gave  Answer = "gave"  // and we know it
	Start Answer = "start" // went to PayPal, and nothing was heard since: may have given
	Said  Answer = "said"  // "I already gave"
	Close Answer = "close"
	Later Answer = "later" // "Remind me later"
)

// Rests is for how many days readers are not asked after each answer, by any campaign.
func Rests() map[Answer]int { return map[Answer]int{Gave: 90, Start: 28, Said: 28, Close: 7, Later: 3} }

// Asking lists the formats that speak to readers who came for an article: rests and caps are for these. A button, a
// goal or a form stays where the page put it, so that a reader always finds the way to give.
func Asking() []string { return []string{campaign.FormatInline, campaign.FormatBanner} }

// Offer is what may stand on one page, in order, with everything that has to be known about the reader to choose. It is
// the same for all readers, and is sent to their browsers, where choose.js chooses.
type Offer struct {
	Candidates []Candidate    `json:"candidates"`
	Asking     []string       `json:"asking"`
	Rests      map[Answer]int `json:"rests"`
	Consent    bool           `json:"consent"` // nothing may be kept in the browser before the reader agreed
}

// Candidate is a campaign that may stand on the page, if the reader fits.
type Candidate struct {
	Campaign string             `json:"campaign"` // slug
	Format   string             `json:"format"`
	Rules    []campaign.Rule    `json:"rules,omitempty"` // those about the reader
	Caps     campaign.Caps      `json:"caps,omitzero"`
	Variants []campaign.Variant `json:"variants,omitempty"` // names and weights
	Holdout  int                `json:"holdout,omitempty"`
}

func newCandidate(k *campaign.Campaign) Candidate {
	c := Candidate{Campaign: k.Slug, Format: k.Format, Caps: k.Caps, Holdout: k.Holdout}
	if c.Format == "" {
		c.Format = campaign.FormatInline
	}
	for _, rule := range k.Rules {
		if kind, there := campaign.FindRuleKind(rule.Kind); there && kind.Reader {
			c.Rules = append(c.Rules, rule)
		}
	}
	for _, v := range k.Variants {
		c.Variants = append(c.Variants, campaign.Variant{Name: v.Name, Weight: v.Weight})
	}
	return c
}

// Offer chooses what may stand on a page now. A fund drive that fits the article is alone; else the campaign that the
// page names, if it fits, is alone; else those with texts in the page's language come before the others.
func (s *Snapshot) Offer(v Visit, now time.Time) Offer {
	o := Offer{Candidates: []Candidate{}, Asking: Asking(), Rests: Rests()}
	places, _ := s.choose(v, now)
	for _, place := range places {
		c := s.entries[place].offered
		if v.Format != "" {
			c.Format = v.Format
		}
		o.Candidates = append(o.Candidates, c)
	}
	return o
}

// choose gives the places of what is offered, and whether something stands alone because it is a fund drive or named.
func (s *Snapshot) choose(v Visit, now time.Time) (places []int, alone bool) {
	truths := s.truths(v)
	for _, place := range s.drives {
		if s.fits(&s.entries[place], truths, now) {
			return []int{place}, true
		}
	}
	if place, there := s.bySlug[v.Campaign]; there && s.fits(&s.entries[place], truths, now) {
		return []int{place}, true
	}
	var others []int
	for place := range s.entries {
		e := &s.entries[place]
		if len(places) == MostCandidates {
			break
		}
		switch {
		case !s.fits(e, truths, now):
		case s.holds(&e.texts, truths, now):
			places = append(places, place)
		case len(others) < MostCandidates:
			others = append(others, place)
		}
	}
	places = append(places, others...)
	return places[:min(len(places), MostCandidates)], false
}
