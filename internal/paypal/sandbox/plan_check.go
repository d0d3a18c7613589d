package sandbox

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"time"
)

var percentPattern = regexp.MustCompile(`^((-?[0-9]+)|(-?([0-9]+)?[.][0-9]+))$`)

// intervals are the units of a billing cycle, and how many of each it may take.
var intervals = map[string]int{"DAY": 365, "WEEK": 52, "MONTH": 12, "YEAR": 1}

// maxCycles is the most billing cycles that the schema of a plan lets in.
const maxCycles = 12

// checkPlan reads a create-plan request into a plan without id and times.
func checkPlan(body map[string]any, now time.Time) (*plan, *problem) {
	c := &checker{op: opPlanCreate}
	p := &plan{
		ProductID:   c.text(body, "", "product_id", textRule{required: true, min: 6, max: 50}),
		Name:        c.text(body, "", "name", textRule{required: true, min: 1, max: 127}),
		Description: c.text(body, "", "description", textRule{min: 1, max: 127}),
		Status: cmp.Or(c.text(body, "", "status", textRule{min: 1, max: 24, oneOf: []string{statusCreated, statusActive}}),
			statusActive),
		QuantitySupported: c.flag(body, "", "quantity_supported", false),
	}
	p.Terms.Preferences = preferences{AutoBill: true, SetupFeeFailure: setupCancels}
	c.need(body, "", "payment_preferences")
	c.preferences(body, "", &p.Terms)
	if given := c.object(body, "", "taxes"); given != nil {
		c.need(given, "/taxes", "percentage")
		p.Terms.Taxes = &taxes{Inclusive: true}
		c.taxes(given, "/taxes", p.Terms.Taxes)
	}
	c.need(body, "", "billing_cycles")
	for i, given := range c.objects(body, "", "billing_cycles", maxCycles) {
		p.Terms.Cycles = append(p.Terms.Cycles, c.cycle(given, "/billing_cycles/"+strconv.Itoa(i), &p.Terms, now))
	}
	if len(c.malformed) == 0 {
		c.sequence(&p.Terms)
	}
	return p, c.problem()
}

// objects reads an array of objects.
func (c *checker) objects(obj map[string]any, at, name string, most int) []map[string]any {
	list := c.list(obj, at, name)
	if len(list) > most {
		c.bad(at+"/"+name, "", "INVALID_ARRAY_MAX_ITEMS")
	} else if list != nil && len(list) == 0 {
		c.bad(at+"/"+name, "", "INVALID_ARRAY_MIN_ITEMS")
	}
	var found []map[string]any
	for i, raw := range list {
		one, isObject := raw.(map[string]any)
		if !isObject {
			c.bad(at+"/"+name+"/"+strconv.Itoa(i), compact(raw), badSyntax)
			continue
		}
		found = append(found, one)
	}
	return found
}

// cycle reads one billing cycle of a plan.
func (c *checker) cycle(obj map[string]any, at string, t *terms, now time.Time) cycle {
	one := cycle{
		Tenure: c.text(obj, at, "tenure_type",
			textRule{required: true, min: 1, max: 24, oneOf: []string{tenureRegular, tenureTrial}}),
		Sequence: c.integer(obj, at, "sequence", 0, 1, 99),
		Total:    c.integer(obj, at, "total_cycles", 1, 0, 999),
	}
	c.need(obj, at, "sequence")
	c.need(obj, at, "frequency")
	if frequency := c.object(obj, at, "frequency"); frequency != nil {
		one.Unit = c.text(frequency, at+"/frequency", "interval_unit",
			textRule{required: true, min: 1, max: 24, oneOf: []string{"DAY", "WEEK", "MONTH", "YEAR"}})
		one.Count = c.integer(frequency, at+"/frequency", "interval_count", 1, 1, max(1, intervals[one.Unit]))
	}
	one.Pricing = c.pricing(obj, at, t, now)
	if one.Tenure == tenureRegular && one.Pricing == nil && obj["pricing_scheme"] == nil {
		c.bad(at+"/pricing_scheme", "", badMissing)
	}
	return one
}

// pricing reads a pricing scheme with a fixed price; the emulator has no tiers.
func (c *checker) pricing(obj map[string]any, at string, t *terms, now time.Time) *pricing {
	at += "/pricing_scheme"
	scheme := c.object(obj, at[:len(at)-len("/pricing_scheme")], "pricing_scheme")
	if scheme == nil {
		return nil
	}
	if scheme["tiers"] != nil || scheme["pricing_model"] != nil {
		code := "INVALID_PRICING_SCHEME"
		if c.op == opPlanCreate && scheme["fixed_price"] != nil {
			code = "FIXED_PRICE_NOT_SUPPORTED"
		} else if c.op == opPlanCreate {
			code = "INVALID_PRICING_MODEL"
		}
		c.refuse(at, "", code)
		return nil
	}
	price := c.price(scheme, at, "fixed_price", t)
	if price == nil {
		return nil
	}
	return &pricing{Version: 1, Price: *price, Created: now, Updated: now}
}

// price reads an amount of the terms, in their currency, which the first amount decides; nil if there is none.
func (c *checker) price(obj map[string]any, at, name string, t *terms) *money {
	given := c.object(obj, at, name)
	if given == nil {
		return nil
	}
	at += "/" + name
	before := len(c.malformed)
	currency := c.text(given, at, "currency_code", textRule{required: true, min: 3, max: 3})
	text := c.text(given, at, "value", textRule{required: true, max: 32, pattern: percentPattern})
	if len(c.malformed) > before {
		return nil
	}
	t.Currency = cmp.Or(t.Currency, currency)
	_, settled := decimals[currency]
	minor, wrong := parseMinor(currency, text)
	switch {
	case currency != t.Currency:
		c.refuse(at+"/currency_code", currency, "CURRENCY_MISMATCH")
	case !settled:
		c.refuse(at+"/currency_code", currency, "CURRENCY_NOT_SUPPORTED_FOR_RECEIVER")
	case wrong != "" || minor < 0:
		c.bad(at+"/value", text, badValue)
	default:
		return &money{currency, minor}
	}
	return nil
}

// preferences reads payment_preferences over those that hold so far.
func (c *checker) preferences(obj map[string]any, at string, t *terms) {
	given := c.object(obj, at, "payment_preferences")
	at += "/payment_preferences"
	p := &t.Preferences
	p.AutoBill = c.flag(given, at, "auto_bill_outstanding", p.AutoBill)
	p.Threshold = c.integer(given, at, "payment_failure_threshold", p.Threshold, 0, 999)
	p.SetupFeeFailure = cmp.Or(c.text(given, at, "setup_fee_failure_action",
		textRule{min: 1, max: 24, oneOf: []string{setupContinues, setupCancels}}), p.SetupFeeFailure)
	if fee := c.price(given, at, "setup_fee", t); fee != nil {
		p.SetupFee = fee
	}
}

// taxes reads taxes over those that hold so far.
func (c *checker) taxes(given map[string]any, at string, t *taxes) {
	t.Percentage = cmp.Or(c.text(given, at, "percentage", textRule{pattern: percentPattern}), t.Percentage)
	t.Inclusive = c.flag(given, at, "inclusive", t.Inclusive)
}

// sequence holds the cycles to what may be together: up to two trials, one of them free, and then one regular cycle.
func (c *checker) sequence(t *terms) {
	slices.SortStableFunc(t.Cycles, func(a, b cycle) int { return a.Sequence - b.Sequence })
	regular, trials, free, ordered := 0, 0, 0, true
	for i, one := range t.Cycles {
		if one.Tenure == tenureRegular {
			regular++
			ordered = ordered && i == len(t.Cycles)-1
		} else {
			trials++
			if one.Pricing == nil || one.Pricing.Price.Minor == 0 {
				free++
			}
			if one.Total == 0 {
				c.refuse("/billing_cycles/"+strconv.Itoa(i)+"/total_cycles", "0", "INVALID_TRIAL_BILLING_TOTAL_CYCLES")
			}
		}
		ordered = ordered && (i == 0 || one.Sequence != t.Cycles[i-1].Sequence)
	}
	switch {
	case regular == 0:
		c.refuse("/billing_cycles", "", "MISSING_REGULAR_BILLING_CYCLE")
	case regular > 1:
		c.refuse("/billing_cycles", "", "MULTIPLE_REGULAR_BILLING_CYCLES_NOT_SUPPORTED")
	case trials > 2:
		c.refuse("/billing_cycles", "", "MORE_THAN_TWO_TRIAL_BILLING_CYCLE_NOT_SUPPORTED")
	case free > 1:
		c.refuse("/billing_cycles", "", "MULTIPLE_FREE_TRIAL_BILLING_CYCLES_NOT_SUPPORTED")
	case !ordered:
		c.refuse("/billing_cycles", "", "INVALID_BILLING_CYCLE_SEQUENCE")
	}
}
