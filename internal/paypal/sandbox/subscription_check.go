package sandbox

import (
	"cmp"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	customPattern   = regexp.MustCompile(`^[\x20-\x7E]+`)
	amountPattern   = regexp.MustCompile(`^([0-9]+|([0-9]+)?[.][0-9]+)$`)
	languagePattern = regexp.MustCompile(`^[a-z]{2}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}))?$`)
	wordPattern     = regexp.MustCompile(`^[0-9A-Z_]+$`)
)

// someBody is the body of an operation that has to have one.
func (c *call) someBody() (map[string]any, error) {
	if len(c.body) == 0 {
		return nil, statusProblem(http.StatusBadRequest, detail{Issue: "MISSING_REQUEST_BODY", Location: "body",
			Description: describe(c.op, "MISSING_REQUEST_BODY")})
	}
	return c.object()
}

// subscription reads a create-subscription request, but for what depends on the plan.
func (c *checker) subscription(body map[string]any, now time.Time) *subscription {
	sub := &subscription{
		PlanID:   c.text(body, "", "plan_id", textRule{required: true, min: 3, max: 50}),
		CustomID: c.text(body, "", "custom_id", textRule{min: 1, max: 127, pattern: customPattern}),
		Start:    c.moment(body, "", "start_time"),
	}
	if !sub.Start.IsZero() && sub.Start.Before(now) {
		c.malformed = append(c.malformed, detail{"/start_time", stamp(sub.Start), "body", badValue, describe(c.op, badValue)})
	}
	c.flag(body, "", "auto_renewal", false)
	sub.Hint = c.subscriber(body)
	shown := c.consent(body)
	sub.Brand, sub.Locale = shown.brand, shown.locale
	sub.ReturnURL, sub.CancelURL = shown.returnURL, shown.cancelURL
	sub.AwaitsSeller, sub.Ships = shown.awaits, !shown.noShipping
	return sub
}

// agree reads what has to suit the plan: quantity and shipping.
func (c *checker) agree(body map[string]any, sub *subscription, offered *plan) {
	agreed := cmp.Or(sub.Own, &offered.Terms)
	sub.Quantity, sub.Shipping = c.quantity(body, offered), c.price(body, "", "shipping_amount", agreed.clone())
}

// quantity reads how many are subscribed to.
func (c *checker) quantity(body map[string]any, offered *plan) int64 {
	text := c.text(body, "", "quantity", textRule{min: 1, max: 32, pattern: amountPattern})
	if text == "" {
		return 1
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil || n < 1:
		c.bad("/quantity", text, badSyntax)
	case !offered.QuantitySupported:
		c.refuse("/quantity", text, "SUBSCRIPTION_CANNOT_HAVE_QUANTITY")
	default:
		return n
	}
	return 1
}

// moment reads a date and time.
func (c *checker) moment(obj map[string]any, at, name string) time.Time {
	text := c.text(obj, at, name, textRule{min: 20, max: 64, pattern: datePattern})
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, strings.ToUpper(text))
	if err != nil {
		c.bad(at+"/"+name, text, badSyntax)
	}
	return t.UTC()
}

// subscriber reads what the seller knows of the payer: a hint, no more.
func (c *checker) subscriber(body map[string]any) map[string]any {
	given := c.object(body, "", "subscriber")
	if given == nil {
		return nil
	}
	c.text(given, "/subscriber", "email_address", textRule{max: 254, pattern: hintPattern})
	name := c.object(given, "/subscriber", "name")
	for _, part := range []string{"given_name", "surname"} {
		c.text(name, "/subscriber/name", part, textRule{max: 140})
	}
	c.object(given, "/subscriber", "shipping_address")
	if source := c.object(given, "/subscriber", "payment_source"); source["card"] != nil {
		c.refuse("/subscriber/payment_source/card", "", "CARD_SUBSCRIPTIONS_NOT_ENABLED")
	}
	return given
}

// hintPattern is what the document asks of an e-mail address, which is less than of an order's.
var hintPattern = regexp.MustCompile("[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]@([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?[.])+" +
	"[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?")

// consentContext is how the payer is asked.
type consentContext struct {
	brand, locale, returnURL, cancelURL string
	awaits, noShipping                  bool
}

// consent reads application_context.
func (c *checker) consent(body map[string]any) consentContext {
	given := c.object(body, "", "application_context")
	if given == nil {
		return consentContext{}
	}
	const at = "/application_context"
	shown := consentContext{
		brand:     c.text(given, at, "brand_name", textRule{min: 1, max: 127}),
		returnURL: c.backAddress(given, at, "return_url"),
		cancelURL: c.backAddress(given, at, "cancel_url"),
	}
	shown.locale = c.text(given, at, "locale", textRule{min: 2, max: 10, pattern: languagePattern})
	shipping := c.text(given, at, "shipping_preference", textRule{
		min: 1, max: 24, oneOf: []string{"GET_FROM_FILE", "NO_SHIPPING", "SET_PROVIDED_ADDRESS"},
	})
	shown.noShipping = shipping == "NO_SHIPPING"
	action := c.text(given, at, "user_action", textRule{min: 1, max: 24, oneOf: []string{"CONTINUE", "SUBSCRIBE_NOW"}})
	shown.awaits = action == "CONTINUE"
	method := c.object(given, at, "payment_method")
	c.text(method, at+"/payment_method", "payer_selected", textRule{min: 1, pattern: wordPattern})
	c.text(method, at+"/payment_method", "payee_preferred",
		textRule{min: 1, max: 255, oneOf: []string{"UNRESTRICTED", "IMMEDIATE_PAYMENT_REQUIRED"}})
	c.text(method, at+"/payment_method", "standard_entry_class_code",
		textRule{min: 3, max: 255, oneOf: []string{"TEL", "WEB", "CCD", "PPD"}})
	return shown
}

// backAddress reads an address to which the payer comes back; it has to be there.
func (c *checker) backAddress(obj map[string]any, at, name string) string {
	if c.text(obj, at, name, textRule{required: true, min: 10, max: 4000}) == "" {
		return ""
	}
	return c.address(obj, at, name)
}

// override reads the plan that a subscription brings along, over the plan's terms; nil if it changes nothing.
func (c *checker) override(body map[string]any, offered *terms, now time.Time) *terms {
	given := c.object(body, "", "plan")
	if len(given) == 0 {
		return nil
	}
	own := offered.clone()
	for i, one := range c.objects(given, "/plan", "billing_cycles", maxCycles) {
		at := "/plan/billing_cycles/" + strconv.Itoa(i)
		c.need(one, at, "sequence")
		sequence := c.integer(one, at, "sequence", 0, 1, 99)
		total := c.integer(one, at, "total_cycles", -1, 0, 999)
		scheme := c.pricing(one, at, own, now)
		target := own.find(sequence)
		if target == nil {
			if sequence > 0 {
				c.refuse(at+"/sequence", strconv.Itoa(sequence), "INVALID_BILLING_CYCLE_SEQUENCE")
			}
			continue
		}
		if scheme != nil {
			target.Pricing = scheme
		}
		if total >= 0 {
			target.Total = total
		}
	}
	c.preferences(given, "/plan", own)
	if taxed := c.object(given, "/plan", "taxes"); taxed != nil {
		if own.Taxes == nil {
			own.Taxes = &taxes{Inclusive: true}
		}
		c.taxes(taxed, "/plan/taxes", own.Taxes)
	}
	return own
}
