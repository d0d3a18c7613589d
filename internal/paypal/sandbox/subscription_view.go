package sandbox

import (
	"strconv"
	"strings"
)

// subscriptionView is a subscription on PayPal's wire.
type subscriptionView struct {
	ID             string           `json:"id"`
	PlanID         string           `json:"plan_id,omitempty"`
	Quantity       string           `json:"quantity,omitempty"`
	Status         string           `json:"status"`
	StatusNote     string           `json:"status_change_note,omitempty"`
	StatusTime     string           `json:"status_update_time,omitempty"`
	StartTime      string           `json:"start_time,omitempty"`
	CreateTime     string           `json:"create_time,omitempty"`
	UpdateTime     string           `json:"update_time,omitempty"`
	CustomID       string           `json:"custom_id,omitempty"`
	ShippingAmount *moneyView       `json:"shipping_amount,omitempty"`
	PlanOverridden *bool            `json:"plan_overridden,omitempty"`
	Subscriber     any              `json:"subscriber,omitempty"`
	BillingInfo    *billingInfoView `json:"billing_info,omitempty"`
	Plan           *planView        `json:"plan,omitempty"`
	Links          []link           `json:"links"`
}

type subscriberView struct {
	EmailAddress string    `json:"email_address,omitempty"`
	PayerID      string    `json:"payer_id,omitempty"`
	Name         *nameView `json:"name,omitempty"`
	Shipping     any       `json:"shipping_address,omitempty"`
}

type shippingView struct {
	Name    fullNameView `json:"name"`
	Address postalView   `json:"address"`
}

type fullNameView struct {
	FullName string `json:"full_name"`
}

type postalView struct {
	Line1      string `json:"address_line_1"`
	Town       string `json:"admin_area_2"`
	PostalCode string `json:"postal_code"`
	Country    string `json:"country_code"`
}

// viewSubscription is the whole subscription, as it stands in answers and events. Holds s.mu.
func (s *Server) viewSubscription(sub *subscription, withFailed bool) subscriptionView {
	overridden := sub.Own != nil
	v := subscriptionView{
		ID: sub.ID, PlanID: sub.PlanID, Quantity: strconv.FormatInt(sub.Quantity, 10), Status: sub.Status,
		StatusNote: sub.StatusNote, StatusTime: stamp(sub.StatusAt), StartTime: stamp(sub.Start),
		CreateTime: stamp(sub.Created), UpdateTime: stamp(sub.Updated), CustomID: sub.CustomID,
		PlanOverridden: &overridden, Links: s.subscriptionLinks(sub),
	}
	shipping := money{Currency: s.books.terms(sub).Currency}
	if sub.Shipping != nil {
		shipping = *sub.Shipping
	}
	v.ShippingAmount = shipping.looseView()
	if p := sub.Payer; p != nil {
		v.Subscriber = subscriberView{p.Email, p.PayerID, &nameView{p.GivenName, p.Surname}, sub.Address}
	} else if sub.Hint != nil {
		v.Subscriber = sub.Hint
	}
	if sub.wasActive() {
		v.BillingInfo = s.billingInfo(sub, withFailed)
	}
	return v
}

// subscriptionLinks are the links that a subscription has in its status; PayPal's order of them varies, too.
func (s *Server) subscriptionLinks(sub *subscription) []link {
	base := s.opts.BaseURL + "/v1/billing/subscriptions/" + sub.ID
	to := func(rel, path, method string) link { return link{base + path, rel, method, "application/json"} }
	self, edit := to("self", "", "GET"), to("edit", "", "PATCH")
	switch sub.Status {
	case statusApprovalPending:
		return []link{{Href: s.consentURL(sub.Token), Rel: "approve", Method: "GET"}, edit, self}
	case statusApproved:
		return []link{self, to("activate", "/activate", "POST")}
	case statusActive:
		return []link{to("cancel", "/cancel", "POST"), edit, self, to("suspend", "/suspend", "POST"),
			to("capture", "/capture", "POST")}
	case statusSuspended:
		return []link{to("cancel", "/cancel", "POST"), edit, self, to("activate", "/activate", "POST"),
			to("capture", "/capture", "POST")}
	default:
		return []link{self}
	}
}

// consentURL is the page on which the payer approves a subscription.
func (s *Server) consentURL(token string) string {
	return s.opts.WebURL + consentPath + "?ba_token=" + token
}

// viewAgreed is the plan as a subscription has it: with its own price, once overridden. Holds s.mu.
func (s *Server) viewAgreed(sub *subscription) *planView {
	p := s.books.plans[sub.PlanID]
	v := planView{
		ProductID: p.ProductID, Name: p.Name, Description: p.Description, QuantitySupported: &p.QuantitySupported,
	}
	s.books.terms(sub).viewInto(&v)
	return &v
}

// fields are the parts of a subscription that are shown only to a caller who asks for them.
func fields(list string) map[string]bool {
	asked := map[string]bool{}
	for _, name := range strings.Split(list, ",") {
		asked[strings.TrimSpace(name)] = true
	}
	return asked
}
