package paypal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"readerfund/internal/money"
)

// DisputeStatus is PayPal's (Disputes v1): who has to do something next.
type DisputeStatus string

// The dispute's statuses.
const (
	DisputeOpen             DisputeStatus = "OPEN"
	DisputeWaitingForBuyer  DisputeStatus = "WAITING_FOR_BUYER_RESPONSE"
	DisputeWaitingForSeller DisputeStatus = "WAITING_FOR_SELLER_RESPONSE"
	DisputeUnderReview      DisputeStatus = "UNDER_REVIEW"
	DisputeResolved         DisputeStatus = "RESOLVED"
	DisputeOther            DisputeStatus = "OTHER"
)

// DisputeStage is PayPal's (Disputes v1): how far a dispute has gone. A dispute may begin at any of them.
type DisputeStage string

// The dispute's stages, in the order it can go through them.
const (
	StageInquiry        DisputeStage = "INQUIRY"    // buyer and seller talk; nothing is held
	StageChargeback     DisputeStage = "CHARGEBACK" // a claim, or a bank's chargeback
	StagePreArbitration DisputeStage = "PRE_ARBITRATION"
	StageArbitration    DisputeStage = "ARBITRATION"
)

// DisputeOutcome is PayPal's (Disputes v1); empty while there is none.
type DisputeOutcome string

// The outcomes of a resolved dispute.
const (
	OutcomeBuyer    DisputeOutcome = "RESOLVED_BUYER_FAVOUR"
	OutcomeSeller   DisputeOutcome = "RESOLVED_SELLER_FAVOUR"
	OutcomePayout   DisputeOutcome = "RESOLVED_WITH_PAYOUT" // PayPal paid the buyer out of its own pocket
	OutcomeCanceled DisputeOutcome = "CANCELED_BY_BUYER"
	OutcomeAccepted DisputeOutcome = "ACCEPTED" // the seller accepted the claim
	OutcomeDenied   DisputeOutcome = "DENIED"
	OutcomeNone     DisputeOutcome = "NONE"
)

// Dispute is a buyer's dispute about money we received.
type Dispute struct {
	ID         string
	CaptureIDs []string // of what is disputed, as we know them: captures, or a subscription's sales

	Status  DisputeStatus
	Stage   DisputeStage
	Reason  string // "MERCHANDISE_OR_SERVICE_NOT_RECEIVED", "UNAUTHORISED", …
	Channel string // "INTERNAL": opened at PayPal; "EXTERNAL": by the card's bank; "ALERT"
	Outcome DisputeOutcome

	Amount    money.Amount  // what the buyer disputes; may be less than the payment
	Refunded  *money.Amount // what the buyer got back, from us or from PayPal; nil where PayPal names nothing
	Fees      []DisputeFee
	CreatedAt time.Time // UTC; zero when PayPal does not say; so are the next two
	UpdatedAt time.Time
	RespondBy time.Time // when PayPal decides against us for want of an answer
	MayAccept bool      // whether AcceptClaim is open to us now
}

// DisputeFee is what the dispute itself cost us, apart from the money disputed.
type DisputeFee struct {
	Reason string       // "CHARGEBACK_FEE", "DISPUTE_FEE", "DISPUTE_SETTLEMENT_FEE"
	Amount money.Amount // positive was taken from us, negative was given back
	At     time.Time    // UTC; zero when PayPal does not say
}

// Open reports whether the dispute still runs.
func (d Dispute) Open() bool { return d.Status != DisputeResolved }

// Holds reports whether the dispute went so far that PayPal held the amount, whether or not that hold has ended since:
// at an inquiry nothing is held.
func (d Dispute) Holds() bool {
	return d.Stage == StageChargeback || d.Stage == StagePreArbitration || d.Stage == StageArbitration
}

// How far back PayPal lists disputes, and how many it puts on a page at most (Disputes v1, update_time_after,
// page_size).
const (
	disputeMemory = 180 * 24 * time.Hour
	disputePage   = 50
)

const disputesPath = "/v1/customer/disputes"

// Dispute reads a dispute.
func (c *Client) Dispute(ctx context.Context, id string) (Dispute, error) {
	const operation = "get dispute"
	if err := checkID(operation, id); err != nil {
		return Dispute{}, err
	}
	var dispute Dispute
	err := c.do(ctx, call{
		operation: operation, method: http.MethodGet, path: disputesPath + "/" + id,
		read: func(body []byte) (err error) {
			var in disputeJSON
			if err := json.Unmarshal(body, &in); err != nil {
				return err
			}
			if dispute, err = in.read(); err == nil && dispute.ID != id {
				err = errors.New("it is another dispute than the one asked for")
			}
			return err
		},
	})
	if err != nil {
		return Dispute{}, err
	}
	return dispute, nil
}

// DisputesOf lists the ids of the disputes about one capture or sale. PayPal may take minutes to list a new one.
func (c *Client) DisputesOf(ctx context.Context, captureID string) ([]string, error) {
	const operation = "list disputes of a capture"
	if err := checkID(operation, captureID); err != nil {
		return nil, err
	}
	var ids []string
	err := c.disputes(ctx, operation, url.Values{"disputed_transaction_id": {captureID}}, func(id string, _ time.Time) error {
		ids = append(ids, id)
		return nil
	})
	return ids, err
}

// DisputesSince gives the disputes that changed at from or later, each with the time of its last change. PayPal lists
// those of the last 180 days; an earlier from, or none, means all of them. It ends with the first error of each's.
func (c *Client) DisputesSince(
	ctx context.Context, from time.Time, each func(id string, updated time.Time) error,
) error {
	query := url.Values{}
	// Near the edge PayPal's clock decides and not ours, so it is left to PayPal.
	if c.now().Sub(from) < disputeMemory-time.Hour {
		query.Set("update_time_after", writeTime(from))
	}
	return c.disputes(ctx, "list disputes", query, each)
}

func (c *Client) disputes(
	ctx context.Context, operation string, query url.Values, each func(string, time.Time) error,
) error {
	query.Set("page_size", strconv.Itoa(disputePage))
	var odd error
	err := eachPage(ctx, c, call{
		operation: operation, method: http.MethodGet, path: disputesPath + "?" + query.Encode(), slow: true,
	}, readDisputes,
		func(in disputeInfoJSON) error {
			if !idShape.MatchString(in.ID) {
				// The others are looked at before this is told.
				odd = &Error{Operation: operation, Err: fmt.Errorf("%.64q is listed and is not a dispute's id", in.ID)}
				return nil
			}
			return each(in.ID, in.Updated.Time)
		})
	if err != nil {
		return err
	}
	return odd
}

// AcceptClaim gives the buyer right: PayPal refunds the disputed amount from our balance and closes the dispute. The
// payer and PayPal read the note, which must say something and is cut at 2000 characters. PayPal promises nothing about
// a second one under the same request id, so it is sent once: where the outcome is unknown, read the dispute.
//
// PayPal's document of the operation describes only the upload of a file; the JSON is its integration guide's.
func (c *Client) AcceptClaim(ctx context.Context, disputeID, requestID, note string) error {
	const operation = "accept a claim"
	if err := errors.Join(checkID(operation, disputeID), checkRequestID(operation, requestID)); err != nil {
		return err
	}
	if note = cut(strings.TrimSpace(note), maxClaimNote); note == "" {
		return &Error{Operation: operation, Err: errors.New("a note is needed")}
	}
	return c.do(ctx, call{
		operation: operation, method: http.MethodPost, path: disputesPath + "/" + disputeID + "/accept-claim",
		requestID: requestID,
		once:      true, in: map[string]string{"note": note, "accept_claim_type": fullRefund},
		read: func([]byte) error { return nil }, // links; whoever wants to know what became of the dispute reads it
	})
}

const (
	maxClaimNote = 2000
	fullRefund   = "REFUND" // the accept_claim_type that asks nothing more of the buyer
)
