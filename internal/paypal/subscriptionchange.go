package paypal

import (
	"context"
	"encoding/json"
	"net/http"

	"readerfund/internal/money"
)

// SubscriptionStatusInvalid is the issue of a change that the subscription's status does not allow: to cancel one that
// is cancelled, to suspend one that is suspended. It may mean that what was asked is so already: read it.
const SubscriptionStatusInvalid = "SUBSCRIPTION_STATUS_INVALID"

// CancelSubscription ends a subscription for good, at once. Reason becomes one line of at most 128 characters, which
// PayPal keeps as the StatusNote; so for the two below.
//
// None of the changes has a request id at PayPal. Each may be sent again all the same: the second one finds the
// subscription changed and is refused, or changes it to what it is.
func (c *Client) CancelSubscription(ctx context.Context, id, reason string) error {
	return c.changeSubscription(ctx, "cancel subscription", id, "/cancel", reason)
}

// SuspendSubscription stops the charges until it is activated again.
func (c *Client) SuspendSubscription(ctx context.Context, id, reason string) error {
	return c.changeSubscription(ctx, "suspend subscription", id, "/suspend", reason)
}

// ActivateSubscription resumes the charges of a suspended one.
func (c *Client) ActivateSubscription(ctx context.Context, id, reason string) error {
	return c.changeSubscription(ctx, "activate subscription", id, "/activate", reason)
}

// maxReason is how many characters PayPal takes of a reason; it takes no empty one.
const maxReason = 128

func (c *Client) changeSubscription(ctx context.Context, operation, id, action, reason string) error {
	if err := checkID(operation, id); err != nil {
		return err
	}
	return c.do(ctx, call{
		operation: operation, method: http.MethodPost, path: subscriptionsPath + "/" + id + action, idempotent: true,
		in:   map[string]string{"reason": or(oneLine(reason, maxReason), "No reason was given")},
		read: func([]byte) error { return nil }, // 204
	})
}

// ChangeSubscriptionAmount changes what each later charge takes, without asking the payer. PayPal leaves a charge of
// the next ten days as it was.
func (c *Client) ChangeSubscriptionAmount(ctx context.Context, id string, a money.Amount) error {
	const operation = "change subscription"
	if err := checkID(operation, id); err != nil {
		return err
	}
	if err := checkAmount(operation, a); err != nil {
		return err
	}
	return c.do(ctx, call{
		operation: operation, method: http.MethodPatch, path: subscriptionsPath + "/" + id, idempotent: true,
		in: []patchJSON{{
			Op: "replace", Path: "/plan/billing_cycles/@sequence==1/pricing_scheme/fixed_price", Value: writeAmount(a),
		}},
		read: func([]byte) error { return nil }, // 204
	})
}

// ReviseRequest is a subscription's change to another plan of the same product, another amount, or both. Amount stands
// in place of the plan's own price; nil leaves that, because a subscription's earlier own price is not carried over.
type ReviseRequest struct {
	ID, PlanID, BrandName, Locale, ReturnURL, CancelURL string

	Amount *money.Amount
}

// ReviseSubscription asks for a change that the payer has to approve at the address it gives back. Until then nothing
// changes, so that asking twice does no harm.
func (c *Client) ReviseSubscription(ctx context.Context, r ReviseRequest) (approveURL string, err error) {
	const operation = "revise subscription"
	for _, id := range []string{r.ID, r.PlanID} {
		if err := checkID(operation, id); err != nil {
			return "", err
		}
	}
	if r.Amount != nil {
		if err := checkAmount(operation, *r.Amount); err != nil {
			return "", err
		}
	}
	err = c.do(ctx, call{
		operation: operation, method: http.MethodPost, path: subscriptionsPath + "/" + r.ID + "/revise", idempotent: true,
		in: newSubscriptionJSON{
			PlanID: r.PlanID, Plan: override(r.Amount),
			Context: newContext(r.BrandName, r.Locale, r.ReturnURL, r.CancelURL),
		},
		read: func(body []byte) error {
			var in struct {
				Links []linkJSON `json:"links"`
			}
			err := json.Unmarshal(body, &in)
			approveURL = approveLink(in.Links)
			return err
		},
	})
	if err == nil {
		err = c.checkApproval(operation, approveURL)
	}
	if err != nil {
		return "", err
	}
	return approveURL, nil
}
