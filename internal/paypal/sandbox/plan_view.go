package sandbox

// planView is a plan on PayPal's wire, and what a subscription shows of its own terms.
type planView struct {
	ID          string `json:"id,omitempty"`
	ProductID   string `json:"product_id,omitempty"`
	Name        string `json:"name,omitempty"`
	Status      string `json:"status,omitempty"`
	Description string `json:"description,omitempty"`

	Cycles            []cycleView      `json:"billing_cycles,omitempty"`
	Preferences       *preferencesView `json:"payment_preferences,omitempty"`
	Taxes             *taxesView       `json:"taxes,omitempty"`
	QuantitySupported *bool            `json:"quantity_supported,omitempty"`
	CreateTime        string           `json:"create_time,omitempty"`
	UpdateTime        string           `json:"update_time,omitempty"`
	Links             []link           `json:"links,omitempty"`
}

type cycleView struct {
	Pricing   *pricingView  `json:"pricing_scheme,omitempty"`
	Frequency frequencyView `json:"frequency"`
	Tenure    string        `json:"tenure_type"`
	Sequence  int           `json:"sequence"`
	Total     int           `json:"total_cycles"`
}

type frequencyView struct {
	Unit  string `json:"interval_unit"`
	Count int    `json:"interval_count"`
}

type pricingView struct {
	Version    int        `json:"version"`
	FixedPrice *moneyView `json:"fixed_price"`
	CreateTime string     `json:"create_time,omitempty"`
	UpdateTime string     `json:"update_time,omitempty"`
}

type preferencesView struct {
	AutoBill        bool       `json:"auto_bill_outstanding"`
	SetupFee        *moneyView `json:"setup_fee,omitempty"`
	SetupFeeFailure string     `json:"setup_fee_failure_action"`
	Threshold       int        `json:"payment_failure_threshold"`
}

type taxesView struct {
	Percentage string `json:"percentage"`
	Inclusive  bool   `json:"inclusive"`
}

// viewInto writes the terms into a plan's view.
func (t *terms) viewInto(v *planView) {
	for i := range t.Cycles {
		c := &t.Cycles[i]
		one := cycleView{
			Frequency: frequencyView{c.Unit, c.Count}, Tenure: c.Tenure, Sequence: c.Sequence, Total: c.Total,
		}
		if p := c.Pricing; p != nil {
			one.Pricing = &pricingView{p.Version, p.Price.looseView(), stamp(p.Created), stamp(p.Updated)}
		}
		v.Cycles = append(v.Cycles, one)
	}
	p := t.Preferences
	v.Preferences = &preferencesView{
		AutoBill: p.AutoBill, SetupFeeFailure: p.SetupFeeFailure, Threshold: p.Threshold,
	}
	if p.SetupFee != nil {
		v.Preferences.SetupFee = p.SetupFee.looseView()
	}
	if t.Taxes != nil {
		v.Taxes = &taxesView{t.Taxes.Percentage, t.Taxes.Inclusive}
	}
}
