package sandbox

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// patchSubscription is PATCH /v1/billing/subscriptions/{id}. All steps are taken, or none; the payer is not asked.
func (s *Server) patchSubscription(c *call) (reply, error) {
	steps, err := c.patch()
	if err != nil {
		return reply{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := s.books.subscriptions[c.id()]
	switch {
	case sub == nil:
		return reply{}, notFound(c.op)
	case sub.Status != statusActive && sub.Status != statusSuspended:
		return reply{}, issueProblem(c.op, "SUBSCRIPTION_STATUS_INVALID")
	}
	next := *sub
	if sub.Own != nil {
		next.Own = sub.Own.clone()
	}
	patch := &subscriptionPatch{checker: checker{op: c.op}, sub: &next, terms: s.books.terms(&next), now: s.now()}
	for _, step := range steps {
		patch.take(step)
	}
	if wrong := patch.problem(); wrong != nil {
		return reply{}, wrong
	}
	moved := !next.Start.Equal(sub.Start)
	next.Updated = s.now()
	*sub = next
	if moved && sub.Status == statusActive {
		s.awaitStart(sub)
	} else if moved {
		sub.Billing.Scheduled, sub.Billing.Anchor = tenOClock(sub.Start), sub.Start.Day()
	}
	s.keepSubscription(sub)
	s.emitSubscription("UPDATED", sub)
	return reply{http.StatusNoContent, nil}, nil
}

// subscriptionPatch takes steps on a copy of a subscription.
type subscriptionPatch struct {
	checker
	sub   *subscription
	terms *terms
	now   time.Time
}

// own are the subscription's own terms: from the first change of them on it is overridden.
func (p *subscriptionPatch) own() *terms {
	if p.sub.Own == nil {
		p.sub.Own = p.terms.clone()
		p.terms = p.sub.Own
	}
	return p.sub.Own
}

var (
	cyclePath = regexp.MustCompile(`^/plan/billing_cycles/@sequence==(\d{1,2})/` +
		`(pricing_scheme/fixed_price|pricing_scheme/tiers|total_cycles)$`)
	preferencePath = regexp.MustCompile(`^/plan/payment_preferences/(auto_bill_outstanding|payment_failure_threshold)$`)
	taxPath        = regexp.MustCompile(`^/plan/taxes/(percentage|inclusive)$`)
)

// addable are the fields that may also be added.
var addable = regexp.MustCompile(
	`^/(custom_id|shipping_amount|subscriber/shipping_address|plan/taxes/.*|.*/fixed_price)$`)

// take takes one step.
func (p *subscriptionPatch) take(step patchStep) {
	at, name := "", step.Path
	if i := strings.LastIndex(step.Path, "/"); i >= 0 {
		at, name = step.Path[:i], step.Path[i+1:]
	}
	object := map[string]any{name: step.Value}
	if step.Op != "replace" && (step.Op != "add" || !addable.MatchString(step.Path)) {
		p.bad(step.Path, step.Op, "UNSUPPORTED_PATCH_OPERATION")
		return
	}
	p.need(object, at, name)
	switch {
	case step.Path == "/custom_id":
		p.sub.CustomID = p.text(object, at, name, textRule{min: 1, max: 127, pattern: customPattern})
	case step.Path == "/shipping_amount":
		p.sub.Shipping = p.price(object, at, name, p.terms.clone())
	case step.Path == "/billing_info/outstanding_balance":
		p.forgive(object, at, name)
	case step.Path == "/start_time":
		switch start := p.moment(object, at, name); {
		case p.sub.Billing.LastPayment != nil || p.sub.Start.Before(p.now):
			p.refuse(step.Path, "", "INVALID_START_TIME")
		case !start.After(p.now):
			p.bad(step.Path, stamp(start), badValue)
		default:
			p.sub.Start = start
		}
	case step.Path == "/subscriber/shipping_address":
		if given := p.object(object, at, name); given != nil {
			p.sub.Address = given
		}
	case preferencePath.MatchString(step.Path):
		p.preferences(map[string]any{"payment_preferences": object}, "/plan", p.own())
	case taxPath.MatchString(step.Path):
		own := p.own()
		if own.Taxes == nil {
			own.Taxes = &taxes{Inclusive: true}
		}
		p.taxes(object, at, own.Taxes)
	case cyclePath.MatchString(step.Path):
		p.patchCycle(step, object, at, name)
	default:
		p.bad(step.Path, step.Op, "UNSUPPORTED_PATCH_OPERATION")
	}
}

// patchCycle changes the price or the number of one billing cycle.
func (p *subscriptionPatch) patchCycle(step patchStep, object map[string]any, at, name string) {
	sequence, _ := strconv.Atoi(cyclePath.FindStringSubmatch(step.Path)[1])
	done := p.sub.Billing.Completed[sequence]
	target := p.own().find(sequence)
	switch {
	case target == nil || name == "tiers":
		p.bad(step.Path, step.Op, "UNSUPPORTED_PATCH_OPERATION")
	case target.Total > 0 && done >= target.Total:
		p.refuse(step.Path, "", "BILLING_CYCLE_EXECUTION_COMPLETED")
	case name == "total_cycles":
		total := p.integer(object, at, name, target.Total, 0, 999)
		if total > 0 && total < done {
			p.refuse(step.Path, strconv.Itoa(total), "INVALID_BILLING_TOTAL_CYCLES")
		}
		target.Total = total
	default:
		price := p.price(object, at, name, p.terms)
		if price == nil {
			return
		}
		if target.Pricing == nil {
			target.Pricing = &pricing{Price: money{Currency: price.Currency}, Created: p.now}
		}
		target.Pricing.change(*price, p.now)
	}
}

// forgive takes what is owed, or some of it, away.
func (p *subscriptionPatch) forgive(object map[string]any, at, name string) {
	left := p.price(object, at, name, p.terms.clone())
	switch {
	case left == nil:
	case left.Minor > p.sub.Billing.Outstanding:
		p.refuse(at+"/"+name, left.String(), "AMOUNT_GREATER_THAN_OUTSTANDING_BALANCE")
	default:
		p.sub.Billing.Outstanding = left.Minor
	}
}
