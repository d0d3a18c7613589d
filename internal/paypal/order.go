package paypal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"readerfund/internal/money"
)

// OrderStatus is PayPal's (Orders v2). COMPLETED does not mean paid: each capture has a status of its own.
type OrderStatus string

// The order's statuses.
const (
	OrderCreated   OrderStatus = "CREATED"
	OrderSaved     OrderStatus = "SAVED"
	OrderApproved  OrderStatus = "APPROVED"
	OrderVoided    OrderStatus = "VOIDED"
	OrderCompleted OrderStatus = "COMPLETED"
	// what CREATED is called when the order names its payment source
	OrderPayerRequired OrderStatus = "PAYER_ACTION_REQUIRED"
)

// OrderRequest is what a new order says. RequestID is the stored PayPal-Request-Id: the same one gives the same order
// for six hours. CustomID, InvoiceID are at most 127 characters, ReferenceID 256; Description and BrandName are cut at
// 127; a Locale that PayPal would refuse is left out.
type OrderRequest struct {
	RequestID, CustomID, InvoiceID, ReferenceID, Description, BrandName, Locale, ReturnURL, CancelURL string

	Amount money.Amount
}

// Order is one order with the payments made for it. Amount is the purchase unit's; ApproveURL is empty once the payer
// has nothing to approve, and always leads to PayPal (or to the emulator that is our base).
type Order struct {
	ID              string
	Status          OrderStatus
	CustomID        string
	InvoiceID       string
	ReferenceID     string // "default" where the request gave none
	Amount          money.Amount
	PayeeMerchantID string
	PayeeEmail      string
	Payer           Payer
	ApproveURL      string
	Captures        []Capture
	Refunds         []Refund
	CreatedAt       time.Time // UTC; zero when PayPal does not say
}

// Concludes reports whether the order says how a capture ended, and what PayPal took for it. A pending capture it may
// show longer than the capture itself does.
func (o Order) Concludes(captureID string) bool {
	return slices.ContainsFunc(o.Captures, func(c Capture) bool {
		refused := c.Status == CaptureDeclined || c.Status == CaptureFailed
		return c.ID == captureID && c.Status != CapturePending && (refused || c.Fee != nil)
	})
}

// Payer is who paid, as PayPal knows them. All of it is personal data, so that it does not print itself.
type Payer struct{ ID, Email, GivenName, Surname, Country string }

// Name is the whole name, as far as PayPal knows it.
func (p Payer) Name() string { return strings.TrimSpace(p.GivenName + " " + p.Surname) }

// String tells nothing about the payer: it is what a log would show.
func (p Payer) String() string {
	if p == (Payer{}) {
		return "no payer"
	}
	return "a payer"
}

// ErrForeignLink is an order or a subscription whose approval link leads to another host than PayPal's.
var ErrForeignLink = errors.New("approval link to another host")

// CreateOrder makes an order for one amount, to be captured once the payer approves. Repeating it with the same
// RequestID gives the same order in its latest state. An optional text that PayPal refuses is left out: how PayPal's
// page looks is not worth a gift.
func (c *Client) CreateOrder(ctx context.Context, r OrderRequest) (Order, error) {
	if err := checkWrite(createOrder, r.RequestID, r.Amount); err != nil {
		return Order{}, err
	}
	order, err := c.createOrder(ctx, r)
	if plain, ok := r.without(err); ok {
		c.log.LogAttrs(ctx, slog.LevelWarn, "PayPal refuses an optional text of the order; it is asked once more without",
			slog.String("error", err.Error()))
		order, err = c.createOrder(ctx, plain)
	}
	if err != nil {
		return Order{}, err
	}
	// A replay may come back approved or completed, and needs no link.
	waits := order.Status == OrderCreated || order.Status == OrderPayerRequired
	if waits {
		if err := c.checkApproval(createOrder, order.ApproveURL); err != nil {
			return Order{}, err
		}
	}
	return c.withoutForeignLink(order), nil
}

const createOrder = "create order"

func (c *Client) createOrder(ctx context.Context, r OrderRequest) (Order, error) {
	return c.order(ctx, "", call{
		operation: createOrder, method: http.MethodPost, path: "/v2/checkout/orders", requestID: r.RequestID, in: newOrder(r),
	})
}

// without is the request without the optional texts that err refuses. It is another request, and PayPal may replay a
// refusal under its PayPal-Request-Id, so it has another one.
func (r OrderRequest) without(err error) (OrderRequest, bool) {
	changed := dropRefused(err, map[string]*string{
		"locale": &r.Locale, "brand_name": &r.BrandName, "description": &r.Description,
	})
	r.RequestID += plainRequest
	return r, changed
}

// plainRequest ends the request id of what is asked again without optional texts.
const plainRequest = "-plain"

// dropRefused empties the optional texts that err refuses: those it names, or all of them where a 400 names no field.
// It reports whether that leaves something else to ask: not where more is wrong than what we can do without.
func dropRefused(err error, optional map[string]*string) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.unknown || e.Status != http.StatusBadRequest && e.Status != http.StatusUnprocessableEntity {
		return false
	}
	var refused []*string
	for _, i := range e.Issues {
		field := i.Field[strings.LastIndexByte(i.Field, '/')+1:]
		text, known := optional[field]
		switch {
		case known:
			refused = append(refused, text)
		case field == "" && e.Status == http.StatusBadRequest:
			refused = slices.AppendSeq(refused, maps.Values(optional))
		default:
			return false
		}
	}
	changed := false
	for _, text := range refused {
		changed = changed || *text != ""
		*text = ""
	}
	return changed
}

// Order reads an order. An expired one is NotFound.
func (c *Client) Order(ctx context.Context, id string) (Order, error) {
	const operation = "get order"
	if err := checkID(operation, id); err != nil {
		return Order{}, err
	}
	order, err := c.order(ctx, id, call{operation: operation, method: http.MethodGet, path: "/v2/checkout/orders/" + id})
	return c.withoutForeignLink(order), err
}

// CaptureOrder takes the money of an approved order. Look at the captures' statuses: the order is COMPLETED also when
// its capture is pending or declined.
func (c *Client) CaptureOrder(ctx context.Context, orderID, requestID string) (Order, error) {
	const operation = "capture order"
	if err := errors.Join(checkID(operation, orderID), checkRequestID(operation, requestID)); err != nil {
		return Order{}, err
	}
	order, err := c.order(ctx, orderID, call{
		operation: operation, method: http.MethodPost, path: "/v2/checkout/orders/" + orderID + "/capture",
		requestID: requestID, in: struct{}{},
	})
	return c.withoutForeignLink(order), err
}

// order does a call that answers with an order, with its approval link as PayPal wrote it.
func (c *Client) order(ctx context.Context, id string, k call) (Order, error) {
	var order Order
	k.read = func(body []byte) (err error) {
		var in orderJSON
		if err := json.Unmarshal(body, &in); err != nil {
			return err
		}
		if order, err = in.read(); err == nil && id != "" && order.ID != id {
			err = errors.New("it is another order than the one asked for")
		}
		return err
	}
	if err := c.do(ctx, k); err != nil {
		return Order{}, err
	}
	return order, nil
}

// withoutForeignLink drops a link no reader may follow. An order that is being read is worth having without one.
func (c *Client) withoutForeignLink(o Order) Order {
	if !c.base.payerLink(o.ApproveURL) {
		o.ApproveURL = ""
	}
	return o
}

// checkApproval refuses to send a payer anywhere but to PayPal.
func (c *Client) checkApproval(operation, link string) error {
	switch {
	case link == "":
		return &Error{Operation: operation, Err: errors.New("the answer has no approval link")}
	case !c.base.payerLink(link):
		return &Error{Operation: operation, Err: ErrForeignLink}
	}
	return nil
}

// checkWrite refuses what must never reach PayPal: a payment without a stored request id, or of nothing.
func checkWrite(operation, requestID string, a money.Amount) error {
	if err := checkAmount(operation, a); err != nil {
		return err
	}
	return checkRequestID(operation, requestID)
}

func checkAmount(operation string, a money.Amount) error {
	if a.Minor <= 0 || !a.Currency.Known() {
		return &Error{Operation: operation, Err: fmt.Errorf("%s is not an amount to move", a)}
	}
	return nil
}

// requestIDShape is at most 108 characters (Orders v2, header PayPal-Request-Id), without any that a header could not
// carry.
var requestIDShape = regexp.MustCompile(`^[\x21-\x7e]{1,108}$`)

func checkRequestID(operation, id string) error {
	if !requestIDShape.MatchString(id) {
		return &Error{Operation: operation, Err: errors.New("a request id of 1 to 108 printable characters is needed")}
	}
	return nil
}

func checkID(operation, id string) error {
	if !idShape.MatchString(id) {
		return &Error{Operation: operation, Err: fmt.Errorf("%.64q is not an id of PayPal's", id)}
	}
	return nil
}

// localeShape is PayPal's "language": "en", "de-DE", "zh-Hant-TW".
var localeShape = regexp.MustCompile(`^[a-z]{2}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$`)

const maxText = 127 // characters PayPal takes of a description or brand name

func cut(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most])
}
