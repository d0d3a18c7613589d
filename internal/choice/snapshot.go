package choice

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"readerfund/internal/campaign"
)

// Snapshot is all campaigns, prepared for being chosen from. It never changes, and many may use it at once.
//
// What rules ask of an article becomes a term: "section is politics", "tag is water". A visit is the set of the terms
// that are true of it, so that most rules are one look into that set.
type Snapshot struct {
	entries   []entry // in the order in which they are offered
	bySlug    map[string]int
	drives    []int        // the fund drives among them
	terms     map[term]int // the place of each in a visit's set
	addresses []beginning  // the terms that are beginnings of addresses
	asked     []int        // the places of the terms of all checks, one after the other
}

// entry is one campaign with what its rules ask of an article.
type entry struct {
	campaign *campaign.Campaign
	checks   []check // in the order of its rules
	quick    []check // the same, those first that fewest articles pass
	narrow   int     // how many of them are about more than dates
	texts    check   // whether it has texts in the page's language
	offered  Candidate
}

// check is one rule about the article: one of some terms has to be true, or none of them where it is reversed. It is
// small, because thousands are looked at for each page.
type check struct {
	first, end int // its terms in Snapshot.asked
	not        bool
	dates      bool // look at the rule itself
	rule       *campaign.Rule
}

// term is something that may be true of an article. Its value is folded.
type term struct{ kind, value string }

// beginning is the beginning of an address, and its term's place.
type beginning struct {
	value string
	place int
}

// NewSnapshot prepares campaigns, which must not change afterwards.
func NewSnapshot(all []campaign.Campaign) *Snapshot {
	s := &Snapshot{bySlug: make(map[string]int, len(all)), terms: map[term]int{}}
	for n := range all {
		s.entries = append(s.entries, s.prepare(&all[n]))
	}
	s.sortChecks()
	slices.SortFunc(s.entries, inOrder)
	for n := range s.entries {
		s.bySlug[s.entries[n].campaign.Slug] = n
		if s.entries[n].campaign.FundDrive {
			s.drives = append(s.drives, n)
		}
	}
	return s
}

// sortChecks puts those first that say no to most articles: what few campaigns ask for, few articles have. A campaign
// that does not fit is mostly found out by its first check.
func (s *Snapshot) sortChecks() {
	askedBy := make([]int, len(s.terms))
	for _, place := range s.asked {
		askedBy[place]++
	}
	passes := func(c check) (often int) {
		if c.dates || c.not {
			return len(s.asked) // most articles do
		}
		for _, place := range s.asked[c.first:c.end] {
			often += askedBy[place]
		}
		return often
	}
	for n := range s.entries {
		e := &s.entries[n]
		e.quick = slices.Clone(e.checks)
		slices.SortStableFunc(e.quick, func(a, b check) int { return cmp.Compare(passes(a), passes(b)) })
	}
}

// inOrder sorts campaigns as they are offered: those with more rules about the article first, because they were written
// for it; the default last; else the one that began last.
func inOrder(a, b entry) int {
	switch {
	case a.campaign.IsDefault != b.campaign.IsDefault:
		if a.campaign.IsDefault {
			return 1
		}
		return -1
	case a.narrow != b.narrow:
		return cmp.Compare(b.narrow, a.narrow)
	default:
		return cmp.Or(b.campaign.StartsAt.Compare(a.campaign.StartsAt), cmp.Compare(a.campaign.Slug, b.campaign.Slug))
	}
}

func (s *Snapshot) prepare(k *campaign.Campaign) entry {
	e := entry{campaign: k, offered: newCandidate(k)}
	for n := range k.Rules {
		rule := &k.Rules[n]
		kind, there := campaign.FindRuleKind(rule.Kind)
		if there && kind.Reader {
			continue
		}
		c := s.checkFor(rule.Kind, rule.Values)
		c.rule, c.not, c.dates = rule, rule.Not, rule.Kind == campaign.RuleDates
		if !c.dates {
			e.narrow++
		}
		e.checks = append(e.checks, c)
	}
	e.texts = s.checkFor(campaign.RuleLanguage, k.Languages())
	return e
}

// checkFor asks for one of some values. Those that no rule before had become new terms.
func (s *Snapshot) checkFor(kind string, values []string) check {
	first := len(s.asked)
	for _, value := range values {
		t := term{kind, fold(value)}
		if t.value == "" {
			continue
		}
		place, there := s.terms[t]
		if !there {
			place = len(s.terms)
			s.terms[t] = place
			if kind == campaign.RuleAddress {
				s.addresses = append(s.addresses, beginning{t.value, place})
			}
		}
		s.asked = append(s.asked, place)
	}
	return check{first: first, end: len(s.asked)}
}

// fold makes texts alike that people take for the same.
func fold(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

// truths is the set of the terms that are true of a visit, by their places.
func (s *Snapshot) truths(v Visit) []bool {
	set := make([]bool, len(s.terms))
	add := func(kind, value string) {
		if place, asked := s.terms[term{kind, value}]; asked {
			set[place] = true
		}
	}
	add(campaign.RuleSection, fold(v.Section))
	for _, tag := range v.Tags {
		add(campaign.RuleTag, fold(tag))
	}
	for _, author := range v.Authors {
		add(campaign.RuleAuthor, fold(author))
	}
	if tag, err := language.Parse(v.Language); err == nil {
		base, _ := tag.Base()
		add(campaign.RuleLanguage, fold(tag.String()))
		add(campaign.RuleLanguage, base.String())
	}
	if address := fold(v.Article); address != "" {
		path := ""
		if u, err := url.Parse(address); err == nil {
			path = u.Path
		}
		for _, b := range s.addresses {
			// A rule may name the beginning of a path, as well: "/politics/".
			if strings.HasPrefix(path, b.value) || strings.HasPrefix(address, b.value) {
				set[b.place] = true
			}
		}
	}
	return set
}

// holds reports whether a check does for a visit at a moment. A page that does not say its section is in none.
func (s *Snapshot) holds(c *check, truths []bool, now time.Time) bool {
	if c.dates {
		from, until := c.rule.From, c.rule.Until
		return (!now.Before(from) && (until.IsZero() || now.Before(until))) != c.not
	}
	for _, place := range s.asked[c.first:c.end] {
		if truths[place] {
			return !c.not
		}
	}
	return c.not
}

// fits reports whether a campaign may stand on the article now, whoever reads it.
func (s *Snapshot) fits(e *entry, truths []bool, now time.Time) bool {
	for n := range e.quick {
		if !s.holds(&e.quick[n], truths, now) {
			return false
		}
	}
	return e.campaign.Status(now) == campaign.StatusLive
}

// Campaigns lists the campaigns in the order in which they are offered.
func (s *Snapshot) Campaigns() []*campaign.Campaign {
	all := make([]*campaign.Campaign, len(s.entries))
	for n := range s.entries {
		all[n] = s.entries[n].campaign
	}
	return all
}

// Campaign is the campaign of a slug; nil where there is none.
func (s *Snapshot) Campaign(slug string) *campaign.Campaign {
	if place, there := s.bySlug[slug]; there {
		return s.entries[place].campaign
	}
	return nil
}
