package paypal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Event is what a webhook's body tells: enough to know what to ask PayPal's API about, and nothing to book. Every id
// is empty or safe in a path of the API. Of keys that come twice the last counts, and keys are compared exactly.
type Event struct {
	ID           string // "WH-…": the same in every delivery of one event
	Type         string // "PAYMENT.CAPTURE.COMPLETED"
	ResourceType string // "capture", "refund", "checkout-order", "sale", …
	ResourceID   string // the resource's own id
	OrderID      string // empty when the body names none; so are the next three
	CaptureID    string // for a v1 sale, the sale's id
	RefundID     string // for a reversal too: PayPal makes it a refund
	DisputeID    string // the dispute; which payments it is about, the Disputes API tells
	// SubscriptionID is the subscription of an event about one, or that a sale names, which it may leave out for days.
	SubscriptionID string
	CreateTime     time.Time // UTC; zero when it cannot be read
	Summary        string    // PayPal's sentence in English; it may be personal, and is at most 300 characters
}

var (
	eventIDShape   = shape{signs: "._-", longest: 128}
	eventTypeShape = shape{signs: "._-", longest: 128}
	resourceShape  = shape{signs: "._-", longest: 64}
)

const maxSummary = 300

// ParseEvent reads a webhook's body as leniently as it can: amounts are not looked at, a time that is none is zero, an
// id that is none is empty. It fails only for a body that is not one JSON object, or that has no usable id or
// event_type. (encoding/json bounds the nesting, at 10,000 levels.)
func ParseEvent(body []byte) (Event, error) {
	top, err := readObject(body)
	if err != nil {
		return Event{}, fmt.Errorf("paypal: read a webhook event: %w", err)
	}
	resource := top.object("resource")
	e := Event{
		ID: top.shaped("id", eventIDShape), Type: top.shaped("event_type", eventTypeShape),
		ResourceType: top.shaped("resource_type", resourceShape), ResourceID: resource.ownID(),
		CreateTime: readTime(top.text("create_time")), Summary: oneLine(top.text("summary"), maxSummary),
	}
	if e.ID == "" || e.Type == "" {
		return Event{}, errors.New("paypal: read a webhook event: it has no usable id or event_type")
	}
	e.placeLinks(resource.links())
	e.placeResource()
	e.placeDispute(resource)
	e.placeSubscription(resource)
	related := resource.object("supplementary_data").object("related_ids")
	// CHECKOUT.PAYMENT-APPROVAL.REVERSED has no order as its resource, but names one in order_id.
	e.OrderID = or(e.OrderID, or(related.shaped("order_id", idShape), resource.shaped("order_id", idShape)))
	e.CaptureID = or(e.CaptureID, or(related.shaped("capture_id", idShape), resource.shaped("sale_id", idShape)))
	return e, nil
}

// Envelope is the event without what it tells of people and money: JSON in PayPal's form that ParseEvent reads to the
// same ids, types included, and to nothing else.
func (e Event) Envelope() ([]byte, error) {
	var out struct {
		ID           string `json:"id"`
		Type         string `json:"event_type"`
		ResourceType string `json:"resource_type,omitempty"`
		Resource     struct {
			ID string `json:"id,omitempty"`
			// named as in a sale, whatever the event is about
			Agreement string     `json:"billing_agreement_id,omitempty"`
			Links     []linkJSON `json:"links,omitempty"`
		} `json:"resource"`
	}
	out.ID, out.Type, out.ResourceType, out.Resource.ID = e.ID, e.Type, e.ResourceType, e.ResourceID
	out.Resource.Agreement = e.SubscriptionID
	for _, l := range []struct{ rel, under, id string }{
		{"up", ordersUnder, e.OrderID}, {"up", capturesUnder, e.CaptureID}, {"self", refundsUnder, e.RefundID},
		{"self", disputesPath + "/", e.DisputeID},
	} {
		if l.id != "" {
			out.Resource.Links = append(out.Resource.Links, linkJSON{Rel: l.rel, Href: l.under + l.id})
		}
	}
	return json.Marshal(out)
}

// Paths under which the API has each kind of resource.
const (
	ordersUnder   = "/v2/checkout/orders/"
	capturesUnder = "/v2/payments/captures/"
	refundsUnder  = "/v2/payments/refunds/"
)

// places tells which id stands at the end of a link's path.
var places = []struct {
	under string
	put   func(*Event) *string
}{
	{ordersUnder, func(e *Event) *string { return &e.OrderID }},
	{capturesUnder, func(e *Event) *string { return &e.CaptureID }},
	{salesUnder, func(e *Event) *string { return &e.CaptureID }},
	{refundsUnder, func(e *Event) *string { return &e.RefundID }},
	{saleRefundsUnder, func(e *Event) *string { return &e.RefundID }},
}

// placeLinks takes the ids of the resource's links, and never asks where they lead. A refund says only there what
// capture it belongs to, and only they tell a v1 refund, which calls itself a sale, from a sale.
func (e *Event) placeLinks(links []linkJSON) {
	for _, rel := range []string{"self", "up", "sale"} {
		for _, l := range links {
			if l.Rel == rel {
				e.placeLink(l)
			}
		}
	}
}

func (e *Event) placeLink(l linkJSON) {
	path := l.path()
	for _, p := range places {
		if id := under(path, p.under); id != "" && *p.put(e) == "" {
			*p.put(e) = id
		}
	}
}

// placeResource puts the resource's own id where it belongs, if no link has said so.
func (e *Event) placeResource() {
	kind := e.ResourceType
	switch {
	case e.ResourceID != "" && e.ResourceID == e.CaptureID:
		return // its own link says that it is the capture, whatever the event's name says
	case strings.HasPrefix(e.Type, "PAYMENT.") &&
		(strings.HasSuffix(e.Type, ".REFUNDED") || strings.HasSuffix(e.Type, ".REVERSED")):
		kind = "refund" // also where resource_type says "sale"
	case kind != "":
	case strings.HasPrefix(e.Type, "CHECKOUT."):
		kind = "checkout-order"
	case strings.HasPrefix(e.Type, "PAYMENT.CAPTURE."):
		kind = "capture"
	case strings.HasPrefix(e.Type, "PAYMENT.SALE."):
		kind = "sale"
	case strings.HasPrefix(e.Type, "PAYMENT.REFUND."):
		kind = "refund"
	}
	switch kind {
	case "checkout-order":
		e.OrderID = or(e.OrderID, e.ResourceID)
	case "capture", "sale":
		if e.ResourceID != e.RefundID { // its links can be of another payment: what it calls itself is what it is about
			e.CaptureID = or(e.ResourceID, e.CaptureID)
		}
	case "refund":
		e.RefundID = or(e.RefundID, e.ResourceID)
	}
}

// placeDispute finds the dispute of an event about one. Only such events have one: a payment's event that names a
// dispute has other news.
func (e *Event) placeDispute(resource object) {
	if strings.HasPrefix(e.Type, "CUSTOMER.DISPUTE.") || strings.HasPrefix(e.Type, "RISK.DISPUTE.") {
		e.DisputeID = or(resource.shaped("dispute_id", idShape),
			or(linked(resource.links(), "self", disputesPath+"/"), e.ResourceID))
	}
}

// placeSubscription finds the subscription. That an event is about one, only its type tells: PayPal's older ones call
// the resource an agreement.
func (e *Event) placeSubscription(resource object) {
	e.SubscriptionID = resource.shaped("billing_agreement_id", idShape)
	if strings.HasPrefix(e.Type, "BILLING.SUBSCRIPTION.") {
		e.SubscriptionID = or(e.SubscriptionID,
			or(linked(resource.links(), "self", subscriptionsPath+"/"), e.ResourceID))
	}
}

// object is a JSON object as a tree, so that one strange value spoils nothing else. A struct would also match keys
// without regard to case.
type object map[string]any

var errNoObject = errors.New("it is not a JSON object") // a parser's own words would quote the body

// readObject reads a document that is one object and nothing else. Numbers keep their digits: some ids are written so.
func readObject(doc []byte) (object, error) {
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	var o object
	if err := dec.Decode(&o); err != nil || o == nil { // nil is what null leaves
		return nil, errNoObject
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errNoObject
	}
	return o, nil
}

func (o object) object(key string) object {
	inner, _ := o[key].(map[string]any)
	return inner
}

// text is a string, or a number or a boolean as it is written.
func (o object) text(key string) string {
	switch v := o[key].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	default:
		return ""
	}
}

func (o object) shaped(key string, want shape) string {
	if t := o.text(key); want.MatchString(t) {
		return t
	}
	return ""
}

// ownID is what a resource calls itself; a dispute and an undone approval have names of their own for it.
func (o object) ownID() string {
	return or(o.shaped("id", idShape), or(o.shaped("dispute_id", idShape), o.shaped("order_id", idShape)))
}

// links leaves out what is not a link, and keeps the others.
func (o object) links() []linkJSON {
	list, _ := o["links"].([]any)
	var all []linkJSON
	for _, item := range list[:min(len(list), 50)] {
		if link, ok := item.(map[string]any); ok {
			all = append(all, linkJSON{Rel: object(link).text("rel"), Href: object(link).text("href")})
		}
	}
	return all
}
