package paypal

import (
	"cmp"
	"errors"
	"strings"
)

// newOrderJSON is Orders v2's order_request, as far as we use it. The payer's experience is described under
// payment_source; application_context is deprecated, and plutov knows only that.
type newOrderJSON struct {
	Intent string        `json:"intent"`
	Units  []newUnitJSON `json:"purchase_units"`
	Source struct {
		PayPal struct {
			Experience experienceJSON `json:"experience_context"`
		} `json:"paypal"`
	} `json:"payment_source"`
}

type newUnitJSON struct {
	ReferenceID string     `json:"reference_id,omitempty"`
	CustomID    string     `json:"custom_id,omitempty"`
	InvoiceID   string     `json:"invoice_id,omitempty"`
	Description string     `json:"description,omitempty"`
	Amount      amountJSON `json:"amount"`
}

type experienceJSON struct {
	BrandName string `json:"brand_name,omitempty"`
	Locale    string `json:"locale,omitempty"`
	Shipping  string `json:"shipping_preference"`
	Landing   string `json:"landing_page"`
	Action    string `json:"user_action"`
	ReturnURL string `json:"return_url,omitempty"`
	CancelURL string `json:"cancel_url,omitempty"`
}

func newOrder(r OrderRequest) newOrderJSON {
	out := newOrderJSON{Intent: "CAPTURE", Units: []newUnitJSON{{
		ReferenceID: r.ReferenceID, CustomID: r.CustomID, InvoiceID: r.InvoiceID, Description: cut(r.Description, maxText),
		Amount: writeAmount(r.Amount),
	}}}
	out.Source.PayPal.Experience = experienceJSON{
		BrandName: cut(r.BrandName, maxText),
		Shipping:  "NO_SHIPPING", Landing: "NO_PREFERENCE", Action: "PAY_NOW",
		ReturnURL: r.ReturnURL, CancelURL: r.CancelURL,
	}
	if localeShape.MatchString(r.Locale) {
		out.Source.PayPal.Experience.Locale = r.Locale
	}
	return out
}

type orderJSON struct {
	ID      string             `json:"id"`
	Status  line               `json:"status"`
	Units   []unitJSON         `json:"purchase_units"`
	Payer   lenient[payerJSON] `json:"payer"`
	Created instant            `json:"create_time"`
	Links   []linkJSON         `json:"links"`
	Source  lenient[struct {
		PayPal payerJSON `json:"paypal"`
	}] `json:"payment_source"`
}

type unitJSON struct {
	CustomID    line        `json:"custom_id"`
	InvoiceID   line        `json:"invoice_id"`
	ReferenceID line        `json:"reference_id"`
	Amount      *amountJSON `json:"amount"`
	Payee       lenient[struct {
		MerchantID line `json:"merchant_id"`
		Email      line `json:"email_address"`
	}] `json:"payee"`
	Payments struct {
		Captures []captureJSON `json:"captures"`
		Refunds  []refundJSON  `json:"refunds"`
	} `json:"payments"`
}

// payerJSON reads both of PayPal's shapes: payer (payer_id) and payment_source.paypal (account_id).
type payerJSON struct {
	PayerID   line `json:"payer_id"`
	AccountID line `json:"account_id"`
	Email     line `json:"email_address"`
	Name      struct {
		Given   line `json:"given_name"`
		Surname line `json:"surname"`
	} `json:"name"`
	Address struct {
		Country line `json:"country_code"`
	} `json:"address"`
}

func (p payerJSON) read() Payer {
	return Payer{
		ID: shaped(cmp.Or(p.PayerID, p.AccountID)), Email: address(p.Email), Country: shaped(p.Address.Country),
		GivenName: cut(string(p.Name.Given), maxName), Surname: cut(string(p.Name.Surname), maxName),
	}
}

const (
	maxName  = 140 // characters of a given name or a surname (Orders v2, name)
	maxEmail = 254 // and of an email address (Orders v2, email_address)
)

// address is an email address, or empty for what is none: people are known by it.
func address(text line) string {
	name, host, is := strings.Cut(string(text), "@")
	if !is || name == "" || host == "" || len(text) > maxEmail || strings.ContainsAny(string(text), " <>,;") {
		return ""
	}
	return string(text)
}

// approval is the link the payer approves at: "approve", or "payer-action" where the order names its payment source.
func (o orderJSON) approval() string {
	for _, rel := range []string{"payer-action", "approve"} {
		for _, l := range o.Links {
			if l.Rel == rel {
				return l.Href
			}
		}
	}
	return ""
}

func (o orderJSON) read() (Order, error) {
	if !idShape.MatchString(o.ID) || o.Status == "" {
		return Order{}, errors.New("it is not an order")
	}
	if len(o.Units) > 1 {
		return Order{}, invalidf("the order has %d purchases, and ours have one", len(o.Units))
	}
	out := Order{ID: o.ID, Status: OrderStatus(o.Status), Payer: o.Payer.v.read(),
		ApproveURL: o.approval(), CreatedAt: o.Created.Time}
	if out.Payer == (Payer{}) {
		out.Payer = o.Source.v.PayPal.read()
	}
	for _, u := range o.Units {
		if err := u.into(&out); err != nil {
			return Order{}, err
		}
	}
	return out, nil
}

func (u unitJSON) into(o *Order) (err error) {
	o.CustomID, o.InvoiceID, o.ReferenceID = string(u.CustomID), string(u.InvoiceID), string(u.ReferenceID)
	o.PayeeMerchantID, o.PayeeEmail = string(u.Payee.v.MerchantID), string(u.Payee.v.Email)
	if u.Amount != nil {
		if o.Amount, err = u.Amount.read(); err != nil {
			return err
		}
	}
	for _, in := range u.Payments.Captures {
		capture, err := in.read()
		if err != nil {
			return err
		}
		// Inside an order PayPal leaves out of a capture what the order says already.
		capture.OrderID = o.ID
		capture.CustomID = or(capture.CustomID, string(u.CustomID))
		capture.InvoiceID = or(capture.InvoiceID, string(u.InvoiceID))
		o.Captures = append(o.Captures, capture)
	}
	for _, in := range u.Payments.Refunds {
		refund, err := in.read()
		if err != nil {
			return err
		}
		o.Refunds = append(o.Refunds, refund)
	}
	return nil
}

func or(first, second string) string {
	if first != "" {
		return first
	}
	return second
}
