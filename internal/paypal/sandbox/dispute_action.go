package sandbox

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"regexp"
	"time"
)

// disputeMessage is what the seller wrote to the buyer.
type disputeMessage struct {
	Text string
	At   time.Time
}

// disputeEvidence is what the seller brought forward.
type disputeEvidence struct {
	Type, Notes, Stage string
	At                 time.Time
}

// disputeOffer is what the seller offered the buyer.
type disputeOffer struct {
	Amount money
	Note   string
	At     time.Time
}

// disputeAction is something that the seller may do about a dispute, in the states in which its link is shown.
type disputeAction struct {
	path, rel string
	allowed   func(*dispute) bool
}

// disputeActions are those that the emulator has. Adjudicating is for sandboxes only, at PayPal, too.
var disputeActions = []disputeAction{
	{"accept-claim", "accept_claim", mayAccept},
	{"provide-evidence", "provide_evidence", mayProve},
	{"send-message", "send_message", mayWrite},
	{"make-offer", "make_offer", mayOffer},
	{"adjudicate", "adjudicate", mayAdjudicate},
}

func mayAccept(d *dispute) bool     { return d.Status == statusSellerIsAsked }
func mayProve(d *dispute) bool      { return d.Status == statusSellerIsAsked && d.Stage == stageChargeback }
func mayWrite(d *dispute) bool      { return d.Status != statusResolved && d.Stage == stageInquiry }
func mayOffer(d *dispute) bool      { return d.Status == statusSellerIsAsked && d.Stage == stageInquiry }
func mayAdjudicate(d *dispute) bool { return d.Status == statusUnderReview }

// Rules for the text of actions [Disputes v1].
var (
	anyText        = regexp.MustCompile(`(?s)^.*$`)
	evidenceType   = regexp.MustCompile(`^[0-9A-Z_]+$`)
	actionNote     = textRule{required: true, min: 1, max: 2000, pattern: anyText}
	adjudicateRule = textRule{required: true, min: 1, max: 255, oneOf: []string{"BUYER_FAVOR", "SELLER_FAVOR"}}
	evidenceKind   = textRule{required: true, min: 1, max: 255, pattern: evidenceType}
	evidenceNotes  = textRule{min: 1, max: 2000, pattern: anyText}
	acceptKind     = textRule{
		min: 1, max: 255, oneOf: []string{
			"REFUND", "REFUND_WITH_RETURN", "PARTIAL_REFUND", "REFUND_WITH_RETURN_SHIPMENT_LABEL",
		},
	}
	offerKind = textRule{
		required: true, min: 1, max: 255, oneOf: []string{
			"REFUND", "REFUND_WITH_RETURN", "REFUND_WITH_REPLACEMENT", "REPLACEMENT_WITHOUT_REFUND",
		},
	}
	offerAmountRule = amountRule{at: "/offer_amount", named: "/offer_amount"}
)

// act carries out an action of the seller. The work checks the body, and gives what is to be done if it is good. A
// PayPal-Request-Id does not help: said again, an action meets a dispute that has moved on.
func (s *Server) act(
	may func(*dispute) bool, check func(*checker, map[string]any) func(*capture, *dispute),
) func(*call) (reply, error) {
	return func(c *call) (reply, error) {
		body, err := c.input()
		if err != nil {
			return reply{}, malformed(c.op).plain()
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		d := s.books.disputes[c.id()]
		if d == nil {
			return reply{}, notFound(c.op)
		}
		ck := &checker{op: c.op}
		do := check(ck, body)
		if p := ck.problem(); p != nil {
			return reply{}, p.plain()
		}
		if !may(d) {
			return reply{}, issueProblem(c.op, "ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE")
		}
		do(s.books.captures[d.CaptureID], d)
		self := link{Href: s.opts.BaseURL + "/v1/customer/disputes/" + d.ID, Rel: "self", Method: "GET"}
		return reply{http.StatusOK, map[string]any{"links": []link{self}}}, nil
	}
}

// acceptClaim is POST …/accept-claim: the seller gives the buyer right, and the money back.
func (s *Server) acceptClaim() func(*call) (reply, error) {
	return s.act(mayAccept, func(ck *checker, body map[string]any) func(*capture, *dispute) {
		if _, uploaded := body[uploadedFile]; !uploaded {
			ck.text(body, "", "note", actionNote)
		}
		ck.text(body, "", "accept_claim_type", acceptKind)
		if body["refund_amount"] != nil {
			// as for every dispute about something not received
			ck.refuse("/refund_amount", compact(body["refund_amount"]), "AMOUNT_SHOULD_NOT_BE_PASSED")
		}
		return func(k *capture, d *dispute) { s.resolveDispute(k, d, true) }
	})
}

// provideEvidence is POST …/provide-evidence: PayPal looks into the dispute.
func (s *Server) provideEvidence() func(*call) (reply, error) {
	return s.act(mayProve, func(ck *checker, body map[string]any) func(*capture, *dispute) {
		var given []disputeEvidence
		list, isList := body["evidences"].([]any)
		_, uploaded := body[uploadedFile]
		if !isList && body["evidence_type"] != nil {
			list = []any{body}
		}
		if len(list) == 0 && uploaded {
			given = []disputeEvidence{{Type: "OTHER"}}
		} else if len(list) == 0 {
			ck.bad("/evidences", "", "MISSING_REQUIRED_PARAMETER")
		}
		for _, one := range list {
			object, isObject := one.(map[string]any)
			if !isObject {
				ck.bad("/evidences", compact(one), "INVALID_PARAMETER_SYNTAX")
				continue
			}
			given = append(given, disputeEvidence{
				Type:  ck.text(object, "/evidences", "evidence_type", evidenceKind),
				Notes: ck.text(object, "/evidences", "notes", evidenceNotes),
			})
		}
		return func(_ *capture, d *dispute) {
			for _, e := range given {
				e.Stage, e.At = d.Stage, s.now()
				d.Evidences = append(d.Evidences, e)
			}
			d.Status = statusUnderReview
			s.changeDispute(d)
		}
	})
}

// sendMessage is POST …/send-message: the seller answers the buyer's question.
func (s *Server) sendMessage() func(*call) (reply, error) {
	return s.act(mayWrite, func(ck *checker, body map[string]any) func(*capture, *dispute) {
		text := ""
		if _, uploaded := body[uploadedFile]; !uploaded || body["message"] != nil {
			text = ck.text(body, "", "message", actionNote)
		}
		return func(_ *capture, d *dispute) {
			d.Messages = append(d.Messages, disputeMessage{text, s.now()})
			d.Status = statusBuyerIsAsked
			s.changeDispute(d)
		}
	})
}

// makeOffer is POST …/make-offer: the seller offers a refund, and the buyer has to answer.
func (s *Server) makeOffer() func(*call) (reply, error) {
	return s.act(mayOffer, func(ck *checker, body map[string]any) func(*capture, *dispute) {
		offer := &disputeOffer{Note: ck.text(body, "", "note", actionNote), At: s.now()}
		ck.text(body, "", "offer_type", offerKind)
		var named bool
		if amount := ck.object(body, "", "offer_amount"); amount != nil {
			offer.Amount, named = ck.amount(amount, offerAmountRule)
		}
		return func(_ *capture, d *dispute) {
			if !named {
				offer.Amount = d.Amount
			}
			d.Offer, d.Status = offer, statusBuyerIsAsked
			s.changeDispute(d)
		}
	})
}

// adjudicate is POST …/adjudicate: PayPal decides, as the test says.
func (s *Server) adjudicate() func(*call) (reply, error) {
	return s.act(mayAdjudicate, func(ck *checker, body map[string]any) func(*capture, *dispute) {
		favour := ck.text(body, "", "adjudication_outcome", adjudicateRule)
		return func(k *capture, d *dispute) { s.resolveDispute(k, d, favour == "BUYER_FAVOR") }
	})
}

// uploadedFile is where input notes that a file came along. What is in it is not looked at.
const uploadedFile = " file"

// input is the body of an action: JSON, or a form of several parts, of which the one named input is JSON, and each of
// the others a file.
func (c *call) input() (map[string]any, error) {
	kind, params, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if err != nil || kind == "application/json" {
		return decodeObject(c.body)
	}
	parts := multipart.NewReader(bytes.NewReader(c.body), params["boundary"])
	found, body := false, map[string]any{}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) && found {
			return body, nil
		}
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		if found = true; part.FormName() != "input" {
			body[uploadedFile] = true
			continue
		}
		object, err := decodeObject(text)
		if err != nil {
			return nil, err
		}
		for name, value := range object {
			body[name] = value
		}
	}
}
