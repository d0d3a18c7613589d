package paypal

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"readerfund/internal/money"
)

// Refunds of a subscription's charges as Payments v1 has them, for where v2 does not know one. PayPal's documents do
// not say whether v2 knows them; people who run it say yes, and others no.

const saleRefundsUnder = "/v1/payments/refund/"

func (c *Client) saleRefund(ctx context.Context, id string) (Refund, error) {
	return readRefund[saleRefundJSON](ctx, c, call{
		operation: "get refund of sale", method: http.MethodGet, path: saleRefundsUnder + id,
	})
}

func (c *Client) refundSale(ctx context.Context, saleID string, r RefundRequest) (Refund, error) {
	return readRefund[saleRefundJSON](ctx, c, call{
		operation: "refund sale", method: http.MethodPost, path: salesUnder + saleID + "/refund", requestID: r.RequestID,
		in: newSaleRefundJSON{
			Amount:  oldAmountJSON{Currency: string(r.Amount.Currency), Total: looseText(r.Amount.Decimal())},
			Invoice: r.InvoiceID, Description: oneLine(r.Note, maxNote),
		},
	})
}

type newSaleRefundJSON struct {
	Amount      oldAmountJSON `json:"amount"`
	Invoice     string        `json:"invoice_number,omitempty"`
	Description string        `json:"description,omitempty"`
}

// saleRefundJSON is Payments v1's refund and detailed_refund.
type saleRefundJSON struct {
	ID      string         `json:"id"`
	SaleID  line           `json:"sale_id"`
	State   line           `json:"state"`
	Reason  line           `json:"reason"`
	Code    line           `json:"refund_reason_code"`
	Custom  line           `json:"custom"`
	Invoice line           `json:"invoice_number"`
	Amount  *oldAmountJSON `json:"amount"`
	Fee     *oldAmountJSON `json:"refund_from_transaction_fee"`
	Created instant        `json:"create_time"`
	Links   []linkJSON     `json:"links"`
}

func (in saleRefundJSON) read() (Refund, error) {
	if !idShape.MatchString(in.ID) || in.State == "" || in.Amount == nil {
		return Refund{}, errors.New("it is not a refund")
	}
	amount, err := in.Amount.v2().read()
	if err != nil {
		return Refund{}, err
	}
	if amount.Minor == 0 {
		return Refund{}, invalidf("the refund is of %s", amount)
	}
	out := Refund{
		ID: in.ID, CaptureID: or(shaped(in.SaleID), linked(in.Links, "sale", salesUnder)), CustomID: string(in.Custom),
		InvoiceID: string(in.Invoice), Status: RefundStatus(strings.ToUpper(string(in.State))),
		Reason: or(string(in.Code), string(in.Reason)), CreatedAt: in.Created.Time,
		Amount: positive(amount), FeeRefunded: money.New(0, amount.Currency),
	}
	var fee *money.Amount
	if err := in.Fee.v2().readInto(&fee); err != nil {
		return Refund{}, err
	}
	if fee != nil {
		out.FeeRefunded = positive(*fee)
	}
	return out, nil
}
