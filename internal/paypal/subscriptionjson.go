package paypal

import (
	"errors"
	"regexp"
	"time"

	"readerfund/internal/money"
)

// newSubscriptionJSON is Billing Subscriptions v1's subscription_request_post, as far as we use it.
type newSubscriptionJSON struct {
	PlanID   string        `json:"plan_id"`
	CustomID string        `json:"custom_id,omitempty"`
	Start    string        `json:"start_time,omitempty"`
	Plan     *overrideJSON `json:"plan,omitempty"`
	Context  *contextJSON  `json:"application_context,omitempty"`
}

// overrideJSON is what of the plan is different for one subscription.
type overrideJSON struct {
	Cycles []overrideCycleJSON `json:"billing_cycles"`
}

func override(a *money.Amount) *overrideJSON {
	if a == nil {
		return nil
	}
	return &overrideJSON{Cycles: []overrideCycleJSON{regular(writeAmount(*a))}}
}

// contextJSON is the payer's experience. Left out, shipping_preference would ask a donor for an address.
type contextJSON struct {
	BrandName string `json:"brand_name,omitempty"`
	Locale    string `json:"locale,omitempty"`
	Shipping  string `json:"shipping_preference"`
	Action    string `json:"user_action"`
	ReturnURL string `json:"return_url"`
	CancelURL string `json:"cancel_url"`
}

func newContext(brandName, locale, returnURL, cancelURL string) *contextJSON {
	out := &contextJSON{
		BrandName: cut(brandName, maxText), Shipping: "NO_SHIPPING", Action: "SUBSCRIBE_NOW",
		ReturnURL: returnURL, CancelURL: cancelURL,
	}
	if localeShape.MatchString(locale) {
		out.Locale = unregional.ReplaceAllString(locale, "")
	}
	return out
}

// unregional is the end of a locale that names a part of the world, as in "es-419". PayPal's document of orders takes
// it, the one of subscriptions does not: those get the language alone.
var unregional = regexp.MustCompile(`-[0-9]{3}$`)

func newSubscription(r SubscriptionRequest) newSubscriptionJSON {
	out := newSubscriptionJSON{
		PlanID: r.PlanID, CustomID: r.CustomID, Plan: override(r.Amount),
		Context: newContext(r.BrandName, r.Locale, r.ReturnURL, r.CancelURL),
	}
	if !r.StartAt.IsZero() {
		out.Start = r.StartAt.UTC().Format(time.RFC3339)
	}
	return out
}

type subscriptionJSON struct {
	ID         string               `json:"id"`
	PlanID     line                 `json:"plan_id"`
	CustomID   line                 `json:"custom_id"`
	Status     line                 `json:"status"`
	Note       line                 `json:"status_change_note"`
	StatusAt   instant              `json:"status_update_time"`
	Created    instant              `json:"create_time"`
	Updated    instant              `json:"update_time"`
	Start      instant              `json:"start_time"`
	Overridden lenient[bool]        `json:"plan_overridden"`
	Plan       lenient[cyclesJSON]  `json:"plan"`
	Subscriber lenient[payerJSON]   `json:"subscriber"`
	Billing    lenient[billingJSON] `json:"billing_info"`
	Links      []linkJSON           `json:"links"`
}

// billingJSON is what was charged and what will be.
type billingJSON struct {
	Outstanding *amountJSON `json:"outstanding_balance"`
	Executions  []struct {
		Tenure      line `json:"tenure_type"`
		Completed   int  `json:"cycles_completed"`
		TotalCycles *int `json:"total_cycles"`
	} `json:"cycle_executions"`
	LastPayment struct {
		Amount *amountJSON `json:"amount"`
		At     instant     `json:"time"`
	} `json:"last_payment"`
	LastFailed *struct {
		Amount *amountJSON `json:"amount"`
		At     instant     `json:"time"`
		Reason line        `json:"reason_code"`
		Retry  instant     `json:"next_payment_retry_time"`
	} `json:"last_failed_payment"`
	Next   instant `json:"next_billing_time"`
	Failed int     `json:"failed_payments_count"`
}

func (in subscriptionJSON) read() (Subscription, error) {
	if !idShape.MatchString(in.ID) || in.Status == "" {
		return Subscription{}, errors.New("it is not a subscription")
	}
	cycle := in.Plan.v.regular()
	out := Subscription{
		ID: in.ID, PlanID: shaped(in.PlanID), CustomID: string(in.CustomID), ApproveURL: approveLink(in.Links),
		Status: SubscriptionStatus(in.Status), StatusAt: in.StatusAt.Time, StatusNote: string(in.Note),
		Overridden: in.Overridden.v, Every: cycle.every(), Endless: cycle.endless(), Payer: in.Subscriber.v.read(),
		CreatedAt: in.Created.Time, UpdatedAt: in.Updated.Time, StartAt: in.Start.Time,
	}
	err := errors.Join(cycle.Pricing.Fixed.readInto(&out.Amount), in.Billing.v.into(&out))
	return out, err
}

func (b billingJSON) into(s *Subscription) error {
	s.NextBillingAt, s.FailedPayments, s.LastPaymentAt = b.Next.Time, b.Failed, b.LastPayment.At.Time
	for _, e := range b.Executions {
		if e.Tenure != tenureRegular {
			continue
		}
		s.CyclesCompleted = e.Completed
		if s.Endless == nil {
			s.Endless = cycleJSON{TotalCycles: e.TotalCycles}.endless()
		}
	}
	if f := b.LastFailed; f != nil {
		s.LastFailed = &FailedPayment{Reason: string(f.Reason), At: f.At.Time, RetryAt: f.Retry.Time}
		_ = f.Amount.readInto(&s.LastFailed.Amount) // nothing moved
	}
	return errors.Join(b.LastPayment.Amount.readInto(&s.LastPayment), b.Outstanding.readInto(&s.Outstanding))
}

func approveLink(links []linkJSON) string {
	for _, l := range links {
		if l.Rel == "approve" {
			return l.Href
		}
	}
	return ""
}
