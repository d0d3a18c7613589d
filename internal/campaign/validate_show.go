package campaign

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"

	"golang.org/x/text/language"

	"readerfund/internal/fault"
)

// The steps that the thanks page can offer.
const (
	NextRead       = "read"       // another story, at Next.Address
	NextNewsletter = "newsletter" // where to sign up, at Next.Address
	NextShare      = "share"      // the story that the reader came from
	NextMonthly    = "monthly"    // to give monthly
)

// MostVariants is how many wordings of a campaign can be compared.
const MostVariants = 8

const (
	mostWeight  = 1000
	mostHoldout = 50 // percent: more would ask fewer people than it leaves alone
	mostRules   = 20
	mostCap     = 1000
	longestLink = 2000
	mostPixels  = 20_000
)

var digestForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (c *checker) pictures() {
	for field, p := range map[string]*Picture{"portrait": c.k.Portrait, "picture": c.k.Picture} {
		if p != nil && (!digestForm.MatchString(p.Digest) || p.Width < 1 || p.Height < 1 ||
			p.Width > mostPixels || p.Height > mostPixels) {
			c.add(fault.Input(field, "campaign.picture_unknown"))
		}
	}
}

func (c *checker) next() {
	next := c.k.Next
	switch next.Kind {
	case "", NextShare, NextMonthly:
		if next.Address != "" {
			c.add(fault.Input("next.address", "campaign.next_without_address"))
		}
	case NextRead, NextNewsletter:
		u, err := url.Parse(next.Address)
		if err != nil || u.Scheme != "https" || u.Host == "" || len(next.Address) > longestLink {
			c.add(fault.Input("next.address", "campaign.next_address"))
		}
	default:
		c.add(fault.Input("next.kind", "campaign.next_unknown"))
	}
}

// showing looks at when and how it is shown.
func (c *checker) showing() {
	k := c.k
	if k.Format != "" && !IsFormat(k.Format) {
		c.add(fault.Input("format", "campaign.format_unknown"))
	}
	for field, n := range map[string]int{
		"caps.per_day": k.Caps.PerDay, "caps.per_week": k.Caps.PerWeek, "caps.in_all": k.Caps.InAll,
	} {
		if n < 0 || n > mostCap {
			c.add(fault.Input(field, "campaign.cap_outside", fault.Args{"most": mostCap}))
		}
	}
	if len(k.Rules) > mostRules {
		c.add(fault.Input("rules", "campaign.rules_too_many", fault.Args{"most": mostRules}))
	}
	for n, rule := range k.Rules {
		for _, problem := range fault.All(CheckRule(rule)) {
			problem.Field = "rules." + strconv.Itoa(n) + "." + problem.Field
			c.add(problem)
		}
	}
}

// variants looks at the test: every variant gets readers, and nobody has to guess which is which.
func (c *checker) variants() {
	all := c.k.Variants
	if len(all) > MostVariants {
		c.add(fault.Input("variants", "campaign.variants_too_many", fault.Args{"most": MostVariants}))
	}
	if c.k.Holdout < 0 || c.k.Holdout > mostHoldout {
		c.add(fault.Input("holdout", "campaign.holdout_outside", fault.Args{"most": mostHoldout}))
	}
	seen := map[string]bool{}
	for n, v := range all {
		at := "variants." + strconv.Itoa(n)
		switch {
		case !IsVariantName(v.Name) || v.Name == Holdout:
			c.add(fault.Input(at+".name", "campaign.variant_name"))
		case seen[v.Name]:
			c.add(fault.Input(at+".name", "campaign.variant_twice"))
		}
		seen[v.Name] = true
		if v.Weight < 1 || v.Weight > mostWeight {
			c.add(fault.Input(at+".weight", "campaign.variant_weight", fault.Args{"most": mostWeight}))
		}
		if v.Frequency != "" && !isFrequency(v.Frequency) {
			c.add(fault.Input(at+".frequency", "campaign.frequency_unknown"))
		}
		c.chosen(at+".chosen", "once", v.Suggested)
		c.variantTexts(at+".texts.", v)
	}
}

func (c *checker) variantTexts(at string, v Variant) {
	for _, lang := range slices.Sorted(maps.Keys(v.Texts)) {
		if _, there := c.k.Texts[lang]; !there {
			c.add(fault.Input(at+lang, "campaign.variant_language", fault.Args{"language": lang}))
			continue
		}
		if _, err := language.Parse(lang); err == nil {
			c.texts(at+lang, v.Texts[lang], lang)
		}
	}
}
