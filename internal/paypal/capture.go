package paypal

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
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

// Capture is one payment PayPal took for an order.
type Capture struct {
	ID, OrderID, CustomID, InvoiceID string

	Status CaptureStatus
	Reason string // why it is pending or declined: "ECHECK", "PENDING_REVIEW"
	Amount money.Amount
	// Fee and Net are nil while PayPal has not settled them, and when the capture moved no money: PayPal writes a
	// breakdown for a declined capture too.
	Fee, Net             *money.Amount
	CreatedAt, UpdatedAt time.Time // UTC; zero when PayPal does not say
}

// Refunded tells whether some or all of it went back.
func (c Capture) Refunded() bool {
	return c.Status == CaptureRefunded || c.Status == CapturePartiallyRefunded
}

// Capture reads a capture. It also reads the sale of a subscription by its id: not documented by PayPal, but in use.
func (c *Client) Capture(ctx context.Context, id string) (Capture, error) {
	const operation = "get capture"
	if err := checkID(operation, id); err != nil {
		return Capture{}, err
	}
	var capture Capture
	err := c.do(ctx, call{
		operation: operation, method: http.MethodGet, path: "/v2/payments/captures/" + id,
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

type captureJSON struct {
	ID        string        `json:"id"`
	Status    CaptureStatus `json:"status"`
	CustomID  string        `json:"custom_id"`
	InvoiceID string        `json:"invoice_id"`
	Amount    amountJSON    `json:"amount"`
	Created   instant       `json:"create_time"`
	Updated   instant       `json:"update_time"`
	Links     []linkJSON    `json:"links"`
	Details   struct {
		Reason string `json:"reason"`
	} `json:"status_details"`
	Breakdown struct {
		Fee *amountJSON `json:"paypal_fee"`
		Net *amountJSON `json:"net_amount"`
	} `json:"seller_receivable_breakdown"`
	Supplementary struct {
		Related struct {
			OrderID string `json:"order_id"`
		} `json:"related_ids"`
	} `json:"supplementary_data"`
}

func (in captureJSON) read() (Capture, error) {
	if !idShape.MatchString(in.ID) || in.Status == "" {
		return Capture{}, errors.New("it is not a capture")
	}
	amount, err := in.Amount.read()
	if err != nil {
		return Capture{}, err
	}
	out := Capture{
		ID: in.ID, CustomID: in.CustomID, InvoiceID: in.InvoiceID, Status: in.Status, Reason: in.Details.Reason,
		Amount: amount, CreatedAt: in.Created.Time, UpdatedAt: in.Updated.Time,
		OrderID: or(in.Supplementary.Related.OrderID, linked(in.Links, "up", "/v2/checkout/orders/")),
	}
	if in.Status == CaptureDeclined || in.Status == CaptureFailed {
		return out, nil
	}
	if err := errors.Join(in.Breakdown.Fee.readInto(&out.Fee), in.Breakdown.Net.readInto(&out.Net)); err != nil {
		return Capture{}, err
	}
	return out, nil
}
