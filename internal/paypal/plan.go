package paypal

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"readerfund/internal/money"
)

// Interval is how often a subscription is charged, in PayPal's words. One that is charged every third month is
// "3 MONTH": it is none of ours.
type Interval string

// The intervals we offer.
const (
	Monthly Interval = "MONTH"
	Yearly  Interval = "YEAR"
)

// PlanActive is the status of a plan that takes new subscriptions.
const PlanActive = "ACTIVE"

// PlanRequest is an endless plan with one price. RequestID is the stored PayPal-Request-Id, which PayPal keeps for 72
// hours; Name and Description, which the payer reads, are cut at 127 characters.
type PlanRequest struct {
	RequestID, ProductID, Name, Description string

	Every Interval
	Price money.Amount
}

// Plan is what a subscription is made from. Every and Price are those of its regular cycle, and empty where PayPal
// leaves them out or the plan has none.
type Plan struct {
	ID, ProductID, Name, Status string

	Every     Interval
	Price     *money.Amount
	Endless   *bool     // nil where PayPal does not say
	CreatedAt time.Time // UTC; zero when PayPal does not say
}

const plansPath = "/v1/billing/plans"

// CreatePlan makes a plan that runs until somebody ends it, does not collect later what could not be charged, and is
// suspended after three failures. PayPal can take ten seconds over one.
func (c *Client) CreatePlan(ctx context.Context, r PlanRequest) (Plan, error) {
	const operation = "create plan"
	if err := errors.Join(checkID(operation, r.ProductID), checkWrite(operation, r.RequestID, r.Price)); err != nil {
		return Plan{}, err
	}
	return c.plan(ctx, call{
		operation: operation, method: http.MethodPost, path: plansPath, requestID: r.RequestID, slow: true,
		in: newPlan(r),
	})
}

// Plan reads a plan.
func (c *Client) Plan(ctx context.Context, id string) (Plan, error) {
	const operation = "get plan"
	if err := checkID(operation, id); err != nil {
		return Plan{}, err
	}
	plan, err := c.plan(ctx, call{operation: operation, method: http.MethodGet, path: plansPath + "/" + id})
	if err == nil && plan.ID != id {
		return Plan{}, &Error{Operation: operation, Err: errors.New("the answer is another plan than the one asked for")}
	}
	return plan, err
}

// Plans lists a product's plans.
func (c *Client) Plans(ctx context.Context, productID string) ([]Plan, error) {
	const operation = "list plans"
	if err := checkID(operation, productID); err != nil {
		return nil, err
	}
	query := url.Values{"product_id": {productID}, "page": {"1"}, "page_size": {"20"}} // 20 is PayPal's most
	var all []Plan
	err := eachPage(ctx, c, call{
		operation: operation, method: http.MethodGet, path: plansPath + "?" + query.Encode(), whole: true,
	}, readPlans, func(p Plan) error {
		all = append(all, p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

func (c *Client) plan(ctx context.Context, k call) (Plan, error) {
	var plan Plan
	k.read = func(body []byte) (err error) {
		var in planJSON
		if err := json.Unmarshal(body, &in); err != nil {
			return err
		}
		plan, err = in.read()
		return err
	}
	if err := c.do(ctx, k); err != nil {
		return Plan{}, err
	}
	return plan, nil
}

func readPlans(body []byte) (page[Plan], error) {
	var in struct {
		Plans []planJSON `json:"plans"`
		Links []linkJSON `json:"links"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return page[Plan]{}, err
	}
	out := page[Plan]{links: in.Links}
	for _, row := range in.Plans {
		// Whoever runs the account may have plans of any kind; one that we cannot read is none of ours.
		if plan, err := row.read(); err == nil {
			out.rows = append(out.rows, plan)
		}
	}
	return out, nil
}
