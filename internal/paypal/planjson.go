package paypal

import (
	"errors"
	"fmt"
)

// newPlanJSON is Billing Subscriptions v1's plan_request_POST, as far as we use it. Every field is written: left out,
// total_cycles would be 1, auto_bill_outstanding true and payment_failure_threshold 0, which is never.
type newPlanJSON struct {
	ProductID   string          `json:"product_id"`
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Cycles      []newCycleJSON  `json:"billing_cycles"`
	Preferences preferencesJSON `json:"payment_preferences"`
}

type newCycleJSON struct {
	Frequency frequencyJSON `json:"frequency"`
	Tenure    string        `json:"tenure_type"`
	overrideCycleJSON
}

// overrideCycleJSON is a subscription's own cycle in place of the plan's.
type overrideCycleJSON struct {
	Sequence    int         `json:"sequence"`
	TotalCycles int         `json:"total_cycles"`
	Pricing     pricingJSON `json:"pricing_scheme"`
}

type pricingJSON struct {
	Fixed *amountJSON `json:"fixed_price,omitempty"`
}

type preferencesJSON struct {
	AutoBill  bool `json:"auto_bill_outstanding"`
	Threshold int  `json:"payment_failure_threshold"`
}

type frequencyJSON struct {
	Unit  string `json:"interval_unit"`
	Count int    `json:"interval_count"`
}

// regular is the cycle of each of our plans: the only one, and endless.
func regular(price amountJSON) overrideCycleJSON {
	return overrideCycleJSON{Sequence: 1, TotalCycles: 0, Pricing: pricingJSON{Fixed: &price}}
}

const failuresUntilSuspended = 3

func newPlan(r PlanRequest) newPlanJSON {
	return newPlanJSON{
		ProductID: r.ProductID, Name: oneLine(r.Name, maxText), Description: oneLine(r.Description, maxText),
		Cycles: []newCycleJSON{{
			Frequency: frequencyJSON{Unit: string(r.Every), Count: 1}, Tenure: tenureRegular,
			overrideCycleJSON: regular(writeAmount(r.Price)),
		}},
		Preferences: preferencesJSON{AutoBill: false, Threshold: failuresUntilSuspended},
	}
}

const tenureRegular = "REGULAR"

type planJSON struct {
	ID        string  `json:"id"`
	ProductID line    `json:"product_id"`
	Name      line    `json:"name"`
	Status    line    `json:"status"`
	Created   instant `json:"create_time"`
	cyclesJSON
}

func (in planJSON) read() (Plan, error) {
	if !idShape.MatchString(in.ID) {
		return Plan{}, errors.New("it is not a plan")
	}
	out := Plan{
		ID: in.ID, ProductID: string(in.ProductID), Name: string(in.Name), Status: string(in.Status),
		CreatedAt: in.Created.Time,
	}
	cycle := in.regular()
	out.Every, out.Endless = cycle.every(), cycle.endless()
	err := cycle.Pricing.Fixed.readInto(&out.Price)
	return out, err
}

// cyclesJSON are the cycles of a plan, and of a subscription's own plan.
type cyclesJSON struct {
	Cycles []cycleJSON `json:"billing_cycles"`
}

type cycleJSON struct {
	Tenure    line `json:"tenure_type"`
	Frequency struct {
		Unit  line `json:"interval_unit"`
		Count *int `json:"interval_count"`
	} `json:"frequency"`
	TotalCycles *int        `json:"total_cycles"`
	Pricing     pricingJSON `json:"pricing_scheme"`
}

// regular is the cycle that goes on after any trial; zero where there is none.
func (in cyclesJSON) regular() cycleJSON {
	for _, c := range in.Cycles {
		if c.Tenure == tenureRegular {
			return c
		}
	}
	return cycleJSON{}
}

func (c cycleJSON) every() Interval {
	unit := shaped(c.Frequency.Unit)
	if n := c.Frequency.Count; n != nil && *n != 1 {
		return Interval(fmt.Sprintf("%d %s", *n, unit))
	}
	return Interval(unit)
}

func (c cycleJSON) endless() *bool {
	if c.TotalCycles == nil {
		return nil
	}
	endless := *c.TotalCycles == 0
	return &endless
}
