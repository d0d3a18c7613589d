package sandbox

import "strconv"

// maxUnits is the most purchase units an order may have [Orders v2, order_request].
const maxUnits = 10

// checkOrder reads a create-order request into an order without id, status and times.
func checkOrder(body map[string]any, hasRequestID bool) (*order, *problem) {
	c := &checker{op: opCreate}
	o := &order{Intent: c.text(body, "", "intent", textRule{required: true, oneOf: []string{"CAPTURE", "AUTHORIZE"}})}
	c.context(body, o)
	c.source(body, o, hasRequestID)
	c.units(body, o)
	if o.Intent == "AUTHORIZE" {
		c.refuse("/intent", "AUTHORIZE", "AUTH_CAPTURE_NOT_ENABLED")
	}
	if p := c.problem(); p != nil {
		return nil, p
	}
	return o, nil
}

// context reads application_context, the older way to say where the payer comes back to.
func (c *checker) context(body map[string]any, o *order) {
	context := c.object(body, "", "application_context")
	if context == nil {
		return
	}
	c.experience(context, "/application_context", []string{"LOGIN", "BILLING", "NO_PREFERENCE"}, o)
	c.object(context, "/application_context", "payment_method")
}

// source reads payment_source; of its kinds the emulator knows only paypal.
func (c *checker) source(body map[string]any, o *order, hasRequestID bool) {
	source := c.object(body, "", "payment_source")
	if source == nil {
		return
	}
	if len(source) == 0 {
		c.refuse("/payment_source", "", "NO_PAYMENT_SOURCE_PROVIDED")
		return
	}
	for kind := range source {
		switch kind {
		case "paypal":
			o.Wallet = true
		case "card":
			c.refuse("/payment_source/card", "", "NOT_ENABLED_FOR_CARD_PROCESSING")
		default:
			c.refuse("/payment_source/"+kind, "", "PAYMENT_SOURCE_CANNOT_BE_USED")
		}
	}
	if !hasRequestID {
		code := "PAYPAL_REQUEST_ID_REQUIRED"
		c.malformed = append(c.malformed, detail{Issue: code, Description: describe(c.op, code)})
	}
	wallet := c.object(source, "/payment_source", "paypal")
	c.text(wallet, "/payment_source/paypal", "email_address", textRule{min: 3, max: 254, pattern: emailPattern})
	context := c.object(wallet, "/payment_source/paypal", "experience_context")
	if context != nil {
		at := "/payment_source/paypal/experience_context"
		c.experience(context, at, []string{"LOGIN", "GUEST_CHECKOUT", "NO_PREFERENCE"}, o)
		c.text(context, at, "payment_method_preference",
			textRule{oneOf: []string{"UNRESTRICTED", "IMMEDIATE_PAYMENT_REQUIRED"}})
		if !oneLinePattern.MatchString(o.Brand) {
			c.bad(at+"/brand_name", o.Brand, "INVALID_PARAMETER_SYNTAX")
		}
	}
}

// experience reads the fields that application_context and experience_context share.
func (c *checker) experience(context map[string]any, at string, landing []string, o *order) {
	o.Brand = c.text(context, at, "brand_name", textRule{min: 1, max: 127})
	o.Locale = c.text(context, at, "locale", textRule{min: 2, max: 10, pattern: localePattern})
	c.text(context, at, "landing_page", textRule{oneOf: landing})
	c.text(context, at, "shipping_preference",
		textRule{oneOf: []string{"GET_FROM_FILE", "NO_SHIPPING", "SET_PROVIDED_ADDRESS"}})
	c.text(context, at, "user_action", textRule{oneOf: []string{"CONTINUE", "PAY_NOW"}})
	o.ReturnURL = c.address(context, at, "return_url")
	o.CancelURL = c.address(context, at, "cancel_url")
}

// units reads the purchase units and what must hold between them.
func (c *checker) units(body map[string]any, o *order) {
	list := c.list(body, "", "purchase_units")
	switch {
	case body["purchase_units"] == nil:
		c.bad("/purchase_units", "", "MISSING_REQUIRED_PARAMETER")
	case len(list) == 0:
		c.bad("/purchase_units", "", "INVALID_ARRAY_MIN_ITEMS")
	case len(list) > maxUnits:
		c.bad("/purchase_units", "", "INVALID_ARRAY_MAX_ITEMS")
		return
	}
	seen := map[string]bool{}
	for i, raw := range list {
		at := "/purchase_units/" + strconv.Itoa(i)
		obj, isObject := raw.(map[string]any)
		if !isObject {
			c.bad(at, compact(raw), "INVALID_PARAMETER_SYNTAX")
			continue
		}
		u := c.unit(obj, at)
		if len(list) > 1 {
			c.reference(obj, at, u.ReferenceID, seen)
		}
		if i > 0 && u.Amount.Currency != "" && o.Units[0].Amount.Currency != "" &&
			u.Amount.Currency != o.Units[0].Amount.Currency {
			c.refuse(at+"/amount/currency_code", u.Amount.Currency, "MULTI_CURRENCY_ORDER")
		}
		o.Units = append(o.Units, u)
	}
}

// reference holds several units to having names, and different ones.
func (c *checker) reference(obj map[string]any, at, id string, seen map[string]bool) {
	if obj["reference_id"] == nil {
		c.refuse(at+"/reference_id", "", "REFERENCE_ID_REQUIRED")
	} else if seen[id] {
		c.refuse(at+"/reference_id", id, "DUPLICATE_REFERENCE_ID")
	}
	seen[id] = true
}

// passedThrough are the parts of a purchase unit that the emulator keeps and gives back as they came.
var passedThrough = []string{"items", "shipping", "payment_instruction", "supplementary_data"}

// unit reads one purchase unit.
func (c *checker) unit(obj map[string]any, at string) unit {
	u := unit{
		ReferenceID:    c.text(obj, at, "reference_id", textRule{min: 1, max: 256}),
		Description:    c.text(obj, at, "description", textRule{min: 1, max: 127}),
		CustomID:       c.text(obj, at, "custom_id", textRule{min: 1, max: 127}),
		InvoiceID:      c.text(obj, at, "invoice_id", textRule{min: 1, max: 127}),
		SoftDescriptor: c.text(obj, at, "soft_descriptor", textRule{min: 1, max: 22}),
		Extra:          map[string]any{},
	}
	if u.ReferenceID == "" {
		u.ReferenceID = "default"
	}
	if to := c.object(obj, at, "payee"); to != nil {
		u.Payee.Email = c.text(to, at+"/payee", "email_address", textRule{min: 3, max: 254, pattern: emailPattern})
		u.Payee.MerchantID = c.text(to, at+"/payee", "merchant_id", textRule{min: 13, max: 13, pattern: merchantPattern})
	}
	c.shipping(obj, at)
	for _, name := range passedThrough {
		if obj[name] != nil {
			u.Extra[name] = obj[name]
		}
	}
	named := "/purchase_units/@reference_id=='" + u.ReferenceID + "'"
	amount := c.object(obj, at, "amount")
	if amount == nil {
		if obj["amount"] == nil {
			c.bad(at+"/amount", "", "MISSING_REQUIRED_PARAMETER")
		}
		return u
	}
	m, ok := c.amount(amount, amountRule{at: at + "/amount", named: named + "/amount"})
	u.Amount = m
	if breakdown := c.object(amount, at+"/amount", "breakdown"); breakdown != nil {
		u.Extra["breakdown"] = breakdown
	}
	if ok {
		c.sums(obj, &u, at, named)
	}
	return u
}

// breakdownParts are the members of amount.breakdown; anything else in it is ignored.
var breakdownParts = []string{
	"item_total", "shipping", "handling", "tax_total", "insurance", "shipping_discount", "discount",
}

// sums holds the amount to its breakdown, and the breakdown to the items.
func (c *checker) sums(obj map[string]any, u *unit, at, named string) {
	breakdown, _ := u.Extra["breakdown"].(map[string]any)
	parts := map[string]int64{}
	for _, name := range breakdownParts {
		part := c.object(breakdown, at+"/amount/breakdown", name)
		if part == nil {
			continue
		}
		place := "/amount/breakdown/" + name
		m, ok := c.amount(part, amountRule{at: at + place, named: named + place, zero: true})
		if !ok {
			return
		}
		c.sameCurrency(u, m, named+place)
		parts[name] = m.Minor
	}
	total := parts["item_total"] + parts["tax_total"] + parts["shipping"] + parts["handling"] + parts["insurance"] -
		parts["shipping_discount"] - parts["discount"]
	if len(parts) > 0 && total != u.Amount.Minor {
		c.refuse(named+"/amount/value", u.Amount.String(), "AMOUNT_MISMATCH")
	}
	c.items(obj, u, parts, at, named)
}

// items checks each item and compares their totals with the breakdown.
func (c *checker) items(obj map[string]any, u *unit, parts map[string]int64, at, named string) {
	list := c.list(obj, at, "items")
	if len(list) == 0 {
		return
	}
	var goods, taxes int64
	taxed := false
	for i, raw := range list {
		place := "/items/" + strconv.Itoa(i)
		item, isObject := raw.(map[string]any)
		if !isObject {
			c.bad(at+place, compact(raw), "INVALID_PARAMETER_SYNTAX")
			return
		}
		price, tax, count, ok := c.item(item, u, at+place, named+place)
		if !ok {
			return
		}
		goods += price * count
		taxes += tax * count
		taxed = taxed || item["tax"] != nil
	}
	c.total(parts, "item_total", goods, named, "ITEM_TOTAL_REQUIRED", "ITEM_TOTAL_MISMATCH")
	if taxed {
		c.total(parts, "tax_total", taxes, named, "TAX_TOTAL_REQUIRED", "TAX_TOTAL_MISMATCH")
	}
}

// item reads one item: its price and tax in minor units, and how many there are.
func (c *checker) item(item map[string]any, u *unit, at, named string) (price, tax, count int64, ok bool) {
	before := len(c.malformed) + len(c.refused)
	c.text(item, at, "name", textRule{required: true, min: 1, max: 127})
	c.text(item, at, "description", textRule{max: 127})
	c.text(item, at, "sku", textRule{max: 127})
	c.text(item, at, "category", textRule{oneOf: []string{"DIGITAL_GOODS", "PHYSICAL_GOODS", "DONATION"}})
	quantity := c.text(item, at, "quantity", textRule{required: true, max: 10, pattern: quantityPattern})
	if item["unit_amount"] == nil {
		c.bad(at+"/unit_amount", "", "MISSING_REQUIRED_PARAMETER")
	} else if m, fine := c.amount(c.object(item, at, "unit_amount"),
		amountRule{at + "/unit_amount", named + "/unit_amount", true}); fine {
		c.sameCurrency(u, m, named+"/unit_amount")
		price = m.Minor
	}
	if item["tax"] != nil {
		if m, fine := c.amount(c.object(item, at, "tax"), amountRule{at + "/tax", named + "/tax", true}); fine {
			c.sameCurrency(u, m, named+"/tax")
			tax = m.Minor
		}
	}
	if len(c.malformed)+len(c.refused) > before {
		return 0, 0, 0, false
	}
	count, err := strconv.ParseInt(quantity, 10, 64)
	if err != nil || max(price, tax) > maxMinor/count {
		c.refuse(named+"/quantity", quantity, "MAX_VALUE_EXCEEDED")
		return 0, 0, 0, false
	}
	return price, tax, count, true
}

func (c *checker) total(parts map[string]int64, name string, sum int64, named, required, mismatch string) {
	given, present := parts[name]
	if !present {
		c.refuse(named+"/amount/breakdown/"+name, "", required)
	} else if given != sum {
		c.refuse(named+"/amount/breakdown/"+name+"/value", "", mismatch)
	}
}

func (c *checker) sameCurrency(u *unit, m money, at string) {
	if m.Currency != u.Amount.Currency {
		c.refuse(at+"/currency_code", m.Currency, "MULTI_CURRENCY_ORDER")
	}
}
