package campaign

import (
	"maps"
	"slices"

	"readerfund/internal/fault"
	"readerfund/internal/money"
)

const (
	mostOffered = 8             // amounts beside one another
	mostGoal    = 1_000_000_000 // units of a currency, or supporters
)

// frequencies are how often a gift can be made.
var frequencies = []string{"once", "month", "year"}

func isFrequency(name string) bool { return slices.Contains(frequencies, name) }

// amounts looks at everything that is offered.
func (c *checker) amounts() {
	k := c.k
	if !k.Currency.Known() {
		c.add(fault.Input("currency", "money.currency_not_offered"))
	} else if len(k.Suggested[k.Currency]) == 0 {
		c.add(fault.Input("suggested."+string(k.Currency), "campaign.amounts_missing"))
	}
	if !isFrequency(k.Frequency) {
		c.add(fault.Input("frequency", "campaign.frequency_unknown"))
	}
	for _, offered := range []struct {
		field   string
		amounts map[money.Currency][]int64
	}{{"suggested", k.Suggested}, {"monthly", k.Monthly}, {"yearly", k.Yearly}} {
		for _, in := range slices.Sorted(maps.Keys(offered.amounts)) {
			c.offered(offered.field+"."+string(in), in, offered.amounts[in])
		}
	}
	for _, in := range slices.Sorted(maps.Keys(k.Minimum)) {
		c.minimum(in)
	}
	for _, often := range slices.Sorted(maps.Keys(k.Chosen)) {
		if !isFrequency(often) {
			c.add(fault.Input("chosen."+often, "campaign.frequency_unknown"))
			continue
		}
		c.chosen("chosen."+often, often, k.Chosen[often])
	}
}

// takes reports whether the campaign is given to in a currency.
func (c *checker) takes(in money.Currency) bool { return slices.Contains(c.k.Currencies(), in) }

func (c *checker) offered(at string, in money.Currency, amounts []int64) {
	switch {
	case !in.Known():
		c.add(fault.Input(at, "money.currency_not_offered"))
		return
	case !c.takes(in):
		c.add(fault.Input(at, "campaign.currency_not_taken", fault.Args{"currency": in}))
		return
	case len(amounts) > mostOffered:
		c.add(fault.Input(at, "campaign.amounts_too_many", fault.Args{"most": mostOffered}))
		return
	case len(amounts) == 0:
		c.add(fault.Input(at, "campaign.amounts_missing"))
		return
	}
	for n, minor := range amounts {
		if n > 0 && minor <= amounts[n-1] {
			c.add(fault.Input(at, "campaign.amounts_not_rising"))
			return
		}
	}
	for _, minor := range amounts {
		if !c.within(at, money.New(minor, in)) {
			return
		}
	}
}

// within refuses an amount outside what the campaign and the publication take.
func (c *checker) within(at string, a money.Amount) bool {
	least, most := c.limit(a.Currency)
	least = max(least, c.k.Minimum[a.Currency])
	switch {
	case a.Minor < least:
		c.add(fault.Input(at, "campaign.amount_too_small", fault.Args{"amount": a, "least": money.New(least, a.Currency)}))
	case a.Minor > most:
		c.add(fault.Input(at, "campaign.amount_too_large", fault.Args{"amount": a, "most": money.New(most, a.Currency)}))
	default:
		return true
	}
	return false
}

// limit is the publication's smallest and largest gift.
func (c *checker) limit(in money.Currency) (least, most int64) {
	if c.Limit == nil {
		return 1, mostGoal * in.Unit()
	}
	return c.Limit(in)
}

func (c *checker) minimum(in money.Currency) {
	at := "minimum." + string(in)
	if !c.takes(in) {
		c.add(fault.Input(at, "campaign.currency_not_taken", fault.Args{"currency": in}))
		return
	}
	least, most := c.limit(in)
	switch minor := c.k.Minimum[in]; {
	case minor < least:
		c.add(fault.Input(at, "campaign.minimum_too_small", fault.Args{"least": money.New(least, in)}))
	case minor > most:
		c.add(fault.Input(at, "campaign.amount_too_large", fault.Args{
			"amount": money.New(minor, in), "most": money.New(most, in),
		}))
	}
}

// chosen refuses an amount that is not among those offered: the form could not tick it.
func (c *checker) chosen(at, often string, amounts Amounts) {
	for _, in := range slices.Sorted(maps.Keys(amounts)) {
		at := at + "." + string(in)
		switch {
		case !c.takes(in):
			c.add(fault.Input(at, "campaign.currency_not_taken", fault.Args{"currency": in}))
		case !slices.Contains(c.k.Offered(often, in), amounts[in]):
			c.add(fault.Input(at, "campaign.chosen_not_offered", fault.Args{"amount": money.New(amounts[in], in)}))
		}
	}
}

func (c *checker) goal() {
	goal := c.k.Goal
	if goal == nil {
		return
	}
	switch goal.Kind {
	case GoalAmount:
		if !c.takes(goal.Currency) {
			c.add(fault.Input("goal.currency", "campaign.currency_not_taken", fault.Args{"currency": goal.Currency}))
		}
		if goal.Minor < 1 || goal.Minor > mostGoal*goal.Currency.Unit() {
			c.add(fault.Input("goal.minor", "campaign.goal_amount"))
		}
	case GoalSupporters:
		if goal.Count < 1 || goal.Count > mostGoal {
			c.add(fault.Input("goal.count", "campaign.goal_count"))
		}
	default:
		c.add(fault.Input("goal.kind", "campaign.goal_kind"))
	}
}
