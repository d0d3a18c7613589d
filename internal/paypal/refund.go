package paypal

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"readerfund/internal/money"
)

// RefundStatus is PayPal's (Payments v2).
type RefundStatus string

// The refund's statuses. Only Completed has moved money for certain.
const (
	RefundCancelled RefundStatus = "CANCELLED"
	RefundFailed    RefundStatus = "FAILED"
	RefundPending   RefundStatus = "PENDING"
	RefundCompleted RefundStatus = "COMPLETED"
)

// RefundRequest is how much of a capture goes back. RequestID is the stored PayPal-Request-Id; PayPal keeps it for 45
// days. InvoiceID and CustomID are at most 127 characters; Note, which the payer reads, becomes one line and is cut at
// 255.
type RefundRequest struct {
	RequestID                 string
	Amount                    money.Amount
	InvoiceID, Note, CustomID string
}

// Refund is money that went back, whether we asked for it, the seller did at PayPal, or a reversal took it.
// Amounts are positive. FeeRefunded is zero where PayPal names none. InvoiceID is what the request for it said, so
// that it tells whose refund this is; it is empty where PayPal leaves it out.
type Refund struct {
	ID, CaptureID, CustomID, InvoiceID string

	Status              RefundStatus
	Reason              string
	Amount, FeeRefunded money.Amount
	CreatedAt           time.Time // UTC; zero when PayPal does not say
}

// Refund reads a refund. That of a subscription's charge Payments v1 has, where v2 has it not.
func (c *Client) Refund(ctx context.Context, id string) (Refund, error) {
	const operation = "get refund"
	if err := checkID(operation, id); err != nil {
		return Refund{}, err
	}
	refund, err := readRefund[refundJSON](ctx, c, call{
		operation: operation, method: http.MethodGet, path: refundsUnder + id,
	})
	if NotFound(err) {
		if old, oldErr := c.saleRefund(ctx, id); !Refused(oldErr) {
			refund, err = old, oldErr
		}
	}
	if err == nil && refund.ID != id {
		return Refund{}, &Error{Operation: operation, Err: errors.New("the answer is another refund than the one asked for")}
	}
	return refund, err
}

// RefundCapture sends money of a capture back, or of a subscription's charge by the sale's id. That v2 takes the latter
// is not documented by PayPal, but in use; where it knows no such capture, not to read it either, Payments v1 is asked,
// under the same request id.
func (c *Client) RefundCapture(ctx context.Context, captureID string, r RefundRequest) (Refund, error) {
	const operation = "refund capture"
	if err := checkID(operation, captureID); err != nil {
		return Refund{}, err
	}
	if err := checkWrite(operation, r.RequestID, r.Amount); err != nil {
		return Refund{}, err
	}
	refund, err := readRefund[refundJSON](ctx, c, call{
		operation: operation, method: http.MethodPost, path: capturesUnder + captureID + "/refund",
		requestID: r.RequestID,
		in: newRefundJSON{
			Amount: writeAmount(r.Amount), InvoiceID: r.InvoiceID, CustomID: r.CustomID, Note: oneLine(r.Note, maxNote),
		},
	})
	if NotFound(err) && !OutcomeUnknown(err) {
		if _, unread := c.Capture(ctx, captureID); !NotFound(unread) {
			return Refund{}, err
		}
		if old, oldErr := c.refundSale(ctx, captureID, r); !NotFound(oldErr) {
			refund, err = old, oldErr
		}
	}
	if err != nil {
		return Refund{}, err
	}
	refund.CaptureID, refund.InvoiceID = or(refund.CaptureID, captureID), or(refund.InvoiceID, r.InvoiceID)
	return refund, nil
}

const maxNote = 255 // characters PayPal takes of a note to the payer

type newRefundJSON struct {
	Amount    amountJSON `json:"amount"`
	InvoiceID string     `json:"invoice_id,omitempty"`
	CustomID  string     `json:"custom_id,omitempty"`
	Note      string     `json:"note_to_payer,omitempty"`
}

// readRefund does a call that answers with a refund, in one of PayPal's shapes of it.
func readRefund[J interface{ read() (Refund, error) }](ctx context.Context, c *Client, k call) (Refund, error) {
	var refund Refund
	k.read = func(body []byte) (err error) {
		var in J
		if err := json.Unmarshal(body, &in); err != nil {
			return err
		}
		refund, err = in.read()
		return err
	}
	if err := c.do(ctx, k); err != nil {
		return Refund{}, err
	}
	return refund, nil
}

type refundJSON struct {
	ID        string               `json:"id"`
	Status    line                 `json:"status"`
	CustomID  line                 `json:"custom_id"`
	Invoice   line                 `json:"invoice_id"`
	Amount    amountJSON           `json:"amount"`
	Created   instant              `json:"create_time"`
	Links     []linkJSON           `json:"links"`
	Details   lenient[detailsJSON] `json:"status_details"`
	Breakdown struct {
		Fee *amountJSON `json:"paypal_fee"`
	} `json:"seller_payable_breakdown"`
}

func (in refundJSON) read() (Refund, error) {
	if !idShape.MatchString(in.ID) || in.Status == "" {
		return Refund{}, errors.New("it is not a refund")
	}
	amount, err := in.Amount.read()
	if err != nil {
		return Refund{}, err
	}
	if amount.Minor == 0 {
		return Refund{}, invalidf("the refund is of %s", amount)
	}
	out := Refund{
		ID: in.ID, CustomID: string(in.CustomID), InvoiceID: string(in.Invoice),
		Status: RefundStatus(in.Status), Reason: string(in.Details.v.Reason),
		CreatedAt: in.Created.Time, Amount: positive(amount), FeeRefunded: money.New(0, amount.Currency),
		CaptureID: linked(in.Links, "up", capturesUnder),
	}
	var fee *money.Amount
	if err := in.Breakdown.Fee.readInto(&fee); err != nil {
		return Refund{}, err
	}
	if fee != nil {
		out.FeeRefunded = positive(*fee)
	}
	return out, nil
}

// positive is for PayPal's older answers, which write refunds with a minus.
func positive(a money.Amount) money.Amount {
	if a.Minor < 0 {
		return a.Neg()
	}
	return a
}
