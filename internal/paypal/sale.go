package paypal

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

const salesUnder = "/v1/payments/sale/"

// Sale reads one charge of a subscription. PayPal has it as a sale of Payments v1, which alone names the subscription,
// and, though no document says so, as a capture of v2: that is asked where v1 has no sale of this id, or no fee for it.
func (c *Client) Sale(ctx context.Context, id string) (Capture, error) {
	sale, err := c.sale(ctx, id)
	switch {
	case err != nil && !Refused(err):
		return Capture{}, err
	case err == nil && (sale.Fee != nil || sale.Status != CaptureCompleted):
		return sale, nil
	}
	capture, other := c.Capture(ctx, id)
	switch {
	case other == nil:
		capture.SubscriptionID = sale.SubscriptionID
		return capture, nil
	case err == nil:
		return sale, nil // without a fee, as PayPal has it
	case NotFound(err):
		return Capture{}, other
	default:
		return Capture{}, err
	}
}

func (c *Client) sale(ctx context.Context, id string) (Capture, error) {
	const operation = "get sale"
	if err := checkID(operation, id); err != nil {
		return Capture{}, err
	}
	var sale Capture
	err := c.do(ctx, call{
		operation: operation, method: http.MethodGet, path: salesUnder + id,
		read: func(body []byte) (err error) {
			var in saleJSON
			if err := json.Unmarshal(body, &in); err != nil {
				return err
			}
			if sale, err = in.read(); err == nil && sale.ID != id {
				err = errors.New("it is another sale than the one asked for")
			}
			return err
		},
	})
	if err != nil {
		return Capture{}, err
	}
	return sale, nil
}

// oldAmountJSON is PayPal's money of v1, in both its shapes.
type oldAmountJSON struct {
	Currency string    `json:"currency"`
	Total    looseText `json:"total,omitempty"`
	Value    looseText `json:"value,omitempty"`
}

// v2 is the same money in the shape of v2, to be read as that is. It is nil where there is none.
func (a *oldAmountJSON) v2() *amountJSON {
	if a == nil {
		return nil
	}
	return &amountJSON{Currency: a.Currency, Value: cmp.Or(a.Total, a.Value)}
}

// saleJSON is Payments v1's sale. PayPal's document requires parent_payment, which a subscription's sale never has.
type saleJSON struct {
	ID           string         `json:"id"`
	State        line           `json:"state"`
	Reason       line           `json:"reason_code"`
	Subscription line           `json:"billing_agreement_id"`
	Custom       line           `json:"custom"`
	Invoice      line           `json:"invoice_number"`
	Amount       *oldAmountJSON `json:"amount"`
	Created      instant        `json:"create_time"`
	Updated      instant        `json:"update_time"`

	Fee          *oldAmountJSON  `json:"transaction_fee"`
	FeeElsewhere json.RawMessage `json:"transaction_fee_in_receivable_currency"`
	Receivable   *oldAmountJSON  `json:"receivable_amount"`
	Rate         looseText       `json:"exchange_rate"`

	Holds lenient[[]struct {
		Reason line `json:"payment_hold_reason"`
	}] `json:"payment_hold_reasons"`
	Hold line `json:"payment_hold_status"`
}

func (in saleJSON) read() (Capture, error) {
	if !idShape.MatchString(in.ID) || in.State == "" || in.Amount == nil {
		return Capture{}, errors.New("it is not a sale")
	}
	amount, err := in.Amount.v2().read()
	if err != nil {
		return Capture{}, err
	}
	if amount.Minor <= 0 {
		return Capture{}, invalidf("the payment is of %s", amount)
	}
	out := Capture{
		ID: in.ID, SubscriptionID: shaped(in.Subscription), CustomID: string(in.Custom), InvoiceID: string(in.Invoice),
		Status: in.status(), Reason: in.reason(), Amount: amount,
		CreatedAt: in.Created.Time, UpdatedAt: in.Updated.Time,
	}
	if out.Status == CaptureDeclined || out.Status == CaptureFailed {
		return out, nil
	}
	err = in.received(&out)
	return out, err
}

// received is what of the payment reached the account.
func (in saleJSON) received(to *Capture) error {
	err := errors.Join(in.Fee.v2().readInto(&to.Fee), in.Receivable.v2().readInto(&to.Receivable))
	if err != nil {
		return err
	}
	to.FeeElsewhere = len(in.FeeElsewhere) > 0 && string(in.FeeElsewhere) != "null"
	if rateShape.MatchString(string(in.Rate)) {
		to.ExchangeRate = string(in.Rate)
	}
	if to.Fee == nil || to.FeeElsewhere {
		return nil
	}
	net, err := to.Amount.Add(to.Fee.Neg())
	if err != nil {
		return invalidf("the fee of a payment of %s is %s", to.Amount, to.Fee)
	}
	to.Net = &net
	return nil
}

// status is the capture's word for the sale's.
func (in saleJSON) status() CaptureStatus {
	if in.State == "denied" {
		return CaptureDeclined
	}
	return CaptureStatus(strings.ToUpper(string(in.State)))
}

// reason is why it is what it is, or else why PayPal does not let us have it yet.
func (in saleJSON) reason() string {
	if in.Reason == "" && in.Hold == "HELD" {
		for _, h := range in.Holds.v {
			return string(h.Reason)
		}
	}
	return string(in.Reason)
}
