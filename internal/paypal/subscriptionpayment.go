package paypal

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"readerfund/internal/money"
)

// SubscriptionPayment is one charge of a subscription as PayPal lists it: enough to know which sale to read, and
// nothing to book. Amount is zero and Fee nil where they cannot be read.
type SubscriptionPayment struct {
	ID, Status string // the sale's id, and a capture's status

	Amount money.Amount
	Fee    *money.Amount
	At     time.Time // UTC; zero when it cannot be read
}

// SubscriptionPayments lists what was charged between two times. Where known is false PayPal gave no list, as it does
// for a while and now and then; and an empty list does not prove that nothing was charged.
func (c *Client) SubscriptionPayments(
	ctx context.Context, id string, from, to time.Time,
) (list []SubscriptionPayment, known bool, err error) {
	const operation = "list subscription payments"
	if err := checkID(operation, id); err != nil {
		return nil, false, err
	}
	query := url.Values{"start_time": {writeTime(from)}, "end_time": {writeTime(to)}}
	read := func(body []byte) (page[SubscriptionPayment], error) {
		var in struct {
			Rows  *[]subscriptionPaymentJSON `json:"transactions"`
			Links []linkJSON                 `json:"links"`
		}
		if err := json.Unmarshal(body, &in); err != nil || in.Rows == nil {
			return page[SubscriptionPayment]{}, err
		}
		known = true
		out := page[SubscriptionPayment]{links: in.Links}
		for _, row := range *in.Rows {
			if shaped(row.ID) != "" {
				out.rows = append(out.rows, row.read())
			}
		}
		return out, nil
	}
	err = eachPage(ctx, c, call{
		operation: operation, method: http.MethodGet,
		path: subscriptionsPath + "/" + id + "/transactions?" + query.Encode(),
	}, read, func(p SubscriptionPayment) error {
		list = append(list, p)
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	return list, known, nil
}

type subscriptionPaymentJSON struct {
	ID      line    `json:"id"`
	Status  line    `json:"status"`
	At      instant `json:"time"`
	Amounts lenient[struct {
		Gross *amountJSON `json:"gross_amount"`
		Fee   *amountJSON `json:"fee_amount"`
	}] `json:"amount_with_breakdown"`
}

func (in subscriptionPaymentJSON) read() SubscriptionPayment {
	out := SubscriptionPayment{ID: string(in.ID), Status: string(in.Status), At: in.At.Time}
	var gross *money.Amount
	_ = in.Amounts.v.Gross.readInto(&gross)
	if gross != nil {
		out.Amount = *gross
	}
	_ = in.Amounts.v.Fee.readInto(&out.Fee)
	return out
}
