package paypal

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

type disputeInfoJSON struct {
	ID      string  `json:"dispute_id"`
	Updated instant `json:"update_time"`
}

func readDisputes(body []byte) (page[disputeInfoJSON], error) {
	var in struct {
		Items []disputeInfoJSON `json:"items"`
		Links []linkJSON        `json:"links"`
	}
	err := json.Unmarshal(body, &in)
	return page[disputeInfoJSON]{rows: in.Items, links: in.Links}, err
}

type disputeJSON struct {
	ID           string     `json:"dispute_id"`
	Created      instant    `json:"create_time"`
	Updated      instant    `json:"update_time"`
	RespondBy    instant    `json:"seller_response_due_date"`
	Reason       line       `json:"reason"`
	Status       line       `json:"status"`
	Stage        line       `json:"dispute_life_cycle_stage"`
	Channel      line       `json:"dispute_channel"`
	Amount       amountJSON `json:"dispute_amount"`
	Links        []linkJSON `json:"links"`
	Transactions []struct {
		ID string `json:"seller_transaction_id"`
	} `json:"disputed_transactions"`
	Outcome struct {
		Code     line        `json:"outcome_code"`
		Refunded *amountJSON `json:"amount_refunded"`
	} `json:"dispute_outcome"`
	Movements []movementJSON `json:"money_movements"`
	Options   struct {
		Accept struct {
			Types []string `json:"accept_claim_types"`
		} `json:"accept_claim"`
	} `json:"allowed_response_options"`
}

// movementJSON is money that moved because of the dispute, of whomever.
type movementJSON struct {
	Party  line       `json:"affected_party"`
	Type   line       `json:"type"`
	Reason line       `json:"reason"`
	Amount amountJSON `json:"amount"`
	At     instant    `json:"initiated_time"`
}

func (in disputeJSON) read() (Dispute, error) {
	if !idShape.MatchString(in.ID) || in.Status == "" {
		return Dispute{}, errors.New("it is not a dispute")
	}
	amount, err := in.Amount.read()
	if err != nil {
		return Dispute{}, err
	}
	if amount.Minor <= 0 {
		return Dispute{}, invalidf("the dispute is about %s", amount)
	}
	out := Dispute{
		ID: in.ID, Status: DisputeStatus(in.Status), Stage: DisputeStage(in.Stage), Reason: string(in.Reason),
		Channel: string(in.Channel), Outcome: DisputeOutcome(in.Outcome.Code), Amount: amount,
		CreatedAt: in.Created.Time, UpdatedAt: in.Updated.Time, RespondBy: in.RespondBy.Time, MayAccept: in.mayAccept(),
	}
	for _, t := range in.Transactions {
		if idShape.MatchString(t.ID) && !slices.Contains(out.CaptureIDs, t.ID) {
			out.CaptureIDs = append(out.CaptureIDs, t.ID)
		}
	}
	if err := in.Outcome.Refunded.readInto(&out.Refunded); err != nil {
		return Dispute{}, err
	}
	for _, m := range in.Movements {
		if !m.fee() {
			continue
		}
		fee, err := m.read()
		if err != nil {
			return Dispute{}, err
		}
		out.Fees = append(out.Fees, fee)
	}
	return out, nil
}

// mayAccept goes by the options PayPal names, and by its link where it names none.
func (in disputeJSON) mayAccept() bool {
	if DisputeStatus(in.Status) == DisputeResolved {
		return false
	}
	if types := in.Options.Accept.Types; len(types) > 0 {
		return slices.Contains(types, fullRefund)
	}
	return slices.ContainsFunc(in.Links, func(l linkJSON) bool { return l.Rel == "accept_claim" })
}

// fee leaves out the settlement: that is the disputed money itself, which a refund of the capture tells.
func (m movementJSON) fee() bool {
	return m.Party == "SELLER" && strings.HasSuffix(string(m.Reason), "_FEE")
}

func (m movementJSON) read() (DisputeFee, error) {
	amount, err := m.Amount.read()
	if err != nil {
		return DisputeFee{}, err
	}
	amount = positive(amount)
	switch m.Type {
	case "DEBIT":
	case "CREDIT":
		amount = amount.Neg()
	default:
		return DisputeFee{}, fmt.Errorf("a %s that is neither debit nor credit", code(string(m.Reason)))
	}
	return DisputeFee{Reason: string(m.Reason), Amount: amount, At: m.At.Time}, nil
}
