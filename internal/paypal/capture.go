package paypal

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"time"

	"readerfund/internal/money"
)

// CaptureStatus is PayPal's (Payments v2).
type CaptureStatus string

// The capture's statuses. Money is ours in Completed, and was in the two refunded ones.
const (
	CaptureCompleted         CaptureStatus = "COMPLETED"
	CaptureDeclined          CaptureStatus = "DECLINED"
	CapturePartiallyRefunded CaptureStatus = "PARTIALLY_REFUNDED"
	CapturePending           CaptureStatus = "PENDING"
	CaptureRefunded          CaptureStatus = "REFUNDED"
	CaptureFailed            CaptureStatus = "FAILED"
)

// Capture is one payment PayPal took: for an order, or as one charge of a subscription. The latter has the
// SubscriptionID, as far as PayPal tells it, and no OrderID.
type Capture struct {
	ID, OrderID, SubscriptionID, CustomID, InvoiceID string

	Status CaptureStatus
	Reason string // why it is pending, declined or refunded: "ECHECK", "PENDING_REVIEW", "BUYER_COMPLAINT"
	Amount money.Amount
	// Fee and Net are nil while PayPal has not settled them, and when the capture moved no money: PayPal writes a
	// breakdown for a declined capture too.
	Fee, Net *money.Amount
	// PlatformFee is what was taken for a platform beside PayPal's own fee; nil where nothing was. FeeElsewhere says that
	// the fee was taken in the account's currency rather than the payment's, so that Net need not be Amount less Fee.
	PlatformFee  *money.Amount
	FeeElsewhere bool
	// Receivable is what reached the account, where that keeps another currency: Net times ExchangeRate. It is nil, and
	// the rate empty, where nothing was converted. The rate is PayPal's decimal as it is written, with up to 15 decimals:
	// it is shown and never reckoned with.
	Receivable           *money.Amount
	ExchangeRate         string
	CreatedAt, UpdatedAt time.Time // UTC; zero when PayPal does not say
}

// Refunded reports whether some or all of it went back.
func (c Capture) Refunded() bool {
	return c.Status == CaptureRefunded || c.Status == CapturePartiallyRefunded
}

// Reversed reports whether it went back against our will: a chargeback, or a dispute that the payer won.
func (c Capture) Reversed() bool {
	return c.Refunded() && (c.Reason == "CHARGEBACK" || c.Reason == "BUYER_COMPLAINT")
}

// Capture reads a capture. For a subscription's charge see Sale.
func (c *Client) Capture(ctx context.Context, id string) (Capture, error) {
	const operation = "get capture"
	if err := checkID(operation, id); err != nil {
		return Capture{}, err
	}
	var capture Capture
	err := c.do(ctx, call{
		operation: operation, method: http.MethodGet, path: capturesUnder + id,
		read: func(body []byte) (err error) {
			var in captureJSON
			if err := json.Unmarshal(body, &in); err != nil {
				return err
			}
			if capture, err = in.read(); err == nil && capture.ID != id {
				err = errors.New("it is another capture than the one asked for")
			}
			return err
		},
	})
	if err != nil {
		return Capture{}, err
	}
	return capture, nil
}

// rateShape is an exchange rate's value (Payments v2, exchange_rate): a decimal with up to 15 digits after the point.
var rateShape = regexp.MustCompile(`^[0-9]{1,15}(\.[0-9]{1,15})?$`)

type captureJSON struct {
	ID        string               `json:"id"`
	Status    line                 `json:"status"`
	CustomID  line                 `json:"custom_id"`
	InvoiceID line                 `json:"invoice_id"`
	Amount    amountJSON           `json:"amount"`
	Created   instant              `json:"create_time"`
	Updated   instant              `json:"update_time"`
	Links     []linkJSON           `json:"links"`
	Details   lenient[detailsJSON] `json:"status_details"`
	Breakdown struct {
		Fee *amountJSON `json:"paypal_fee"`
		Net *amountJSON `json:"net_amount"`

		Platform lenient[[]struct {
			Amount *amountJSON `json:"amount"`
		}] `json:"platform_fees"`
		FeeElsewhere json.RawMessage `json:"paypal_fee_in_receivable_currency"`

		Receivable *amountJSON `json:"receivable_amount"`
		Rate       struct {
			Value looseText `json:"value"`
		} `json:"exchange_rate"`
	} `json:"seller_receivable_breakdown"`
	Supplementary struct {
		Related struct {
			OrderID string `json:"order_id"`
		} `json:"related_ids"`
	} `json:"supplementary_data"`
}

// detailsJSON says why a capture or a refund is what it is.
type detailsJSON struct {
	Reason line `json:"reason"`
}

func (in captureJSON) read() (Capture, error) {
	if !idShape.MatchString(in.ID) || in.Status == "" {
		return Capture{}, errors.New("it is not a capture")
	}
	amount, err := in.Amount.read()
	if err != nil {
		return Capture{}, err
	}
	if amount.Minor <= 0 {
		return Capture{}, invalidf("the payment is of %s", amount)
	}
	out := Capture{
		ID: in.ID, CustomID: string(in.CustomID), InvoiceID: string(in.InvoiceID),
		Status: CaptureStatus(in.Status), Reason: string(in.Details.v.Reason),
		Amount: amount, CreatedAt: in.Created.Time, UpdatedAt: in.Updated.Time,
		OrderID: or(in.Supplementary.Related.OrderID, linked(in.Links, "up", "/v2/checkout/orders/")),
	}
	if out.Status == CaptureDeclined || out.Status == CaptureFailed {
		return out, nil
	}
	b := in.Breakdown
	if err := errors.Join(b.Fee.readInto(&out.Fee), b.Net.readInto(&out.Net),
		b.Receivable.readInto(&out.Receivable)); err != nil {
		return Capture{}, err
	}
	for _, fee := range b.Platform.v { // PayPal's document allows one
		_ = fee.Amount.readInto(&out.PlatformFee) // it only explains a difference
	}
	out.FeeElsewhere = len(b.FeeElsewhere) > 0 && string(b.FeeElsewhere) != "null"
	if rateShape.MatchString(string(b.Rate.Value)) {
		out.ExchangeRate = string(b.Rate.Value)
	}
	return out, nil
}
