package sandbox

import "regexp"

// disputeView is a dispute as the Disputes API and its webhooks give it. The list has a part of the members, and the
// state.
type disputeView struct {
	DisputeID    string                `json:"dispute_id"`
	CreateTime   string                `json:"create_time"`
	UpdateTime   string                `json:"update_time"`
	Transactions []disputedTransaction `json:"disputed_transactions,omitempty"`
	Reason       string                `json:"reason"`
	Status       string                `json:"status"`
	State        string                `json:"dispute_state,omitempty"`
	Amount       *moneyView            `json:"dispute_amount"`
	Outcome      *disputeOutcomeView   `json:"dispute_outcome,omitempty"`
	Movements    []movementView        `json:"money_movements,omitempty"`
	Stage        string                `json:"dispute_life_cycle_stage"`
	Channel      string                `json:"dispute_channel"`
	Messages     []messageView         `json:"messages,omitempty"`
	Evidences    []evidenceView        `json:"evidences,omitempty"`
	Due          string                `json:"seller_response_due_date,omitempty"`
	Offer        *offerView            `json:"offer,omitempty"`
	Refund       *refundDetailsView    `json:"refund_details,omitempty"`
	Options      *responseOptions      `json:"allowed_response_options,omitempty"`
	Links        []link                `json:"links"`
}

type disputedTransaction struct {
	SellerTransactionID string     `json:"seller_transaction_id"`
	CreateTime          string     `json:"create_time"`
	Status              string     `json:"transaction_status"`
	GrossAmount         *moneyView `json:"gross_amount"`
	Custom              string     `json:"custom,omitempty"`
	InvoiceNumber       string     `json:"invoice_number,omitempty"`
}

type disputeOutcomeView struct {
	Code     string     `json:"outcome_code"`
	Refunded *moneyView `json:"amount_refunded,omitempty"`
}

type movementView struct {
	Party  string     `json:"affected_party"`
	Amount *moneyView `json:"amount"`
	At     string     `json:"initiated_time"`
	Type   string     `json:"type"`
	Reason string     `json:"reason"`
}

type messageView struct {
	By      string `json:"posted_by"`
	At      string `json:"time_posted"`
	Content string `json:"content"`
}

type evidenceView struct {
	Type   string `json:"evidence_type"`
	Notes  string `json:"notes,omitempty"`
	Source string `json:"source"`
	At     string `json:"date"`
	Stage  string `json:"dispute_life_cycle_stage"`
}

type offerView struct {
	Requested *moneyView     `json:"buyer_requested_amount"`
	Offered   *moneyView     `json:"seller_offered_amount,omitempty"`
	Type      string         `json:"offer_type"`
	History   []offerHistory `json:"history"`
}

type offerHistory struct {
	At     string     `json:"offer_time"`
	Actor  string     `json:"actor"`
	Event  string     `json:"event_type"`
	Type   string     `json:"offer_type"`
	Amount *moneyView `json:"offer_amount,omitempty"`
	Notes  string     `json:"notes"`
}

type refundDetailsView struct {
	Allowed *moneyView `json:"allowed_refund_amount"`
}

type responseOptions struct {
	Accept *acceptOptions `json:"accept_claim,omitempty"`
	Offer  *offerOptions  `json:"make_offer,omitempty"`
}

type acceptOptions struct {
	Types []string `json:"accept_claim_types"`
}

type offerOptions struct {
	Types []string `json:"offer_types"`
}

// invoiceNumber is what the invoice of a disputed transaction may hold; another one is left out.
var invoiceNumber = regexp.MustCompile(`^[A-Za-z0-9:|-]+$`)

// viewDispute writes a dispute. Holds s.mu.
func (s *Server) viewDispute(d *dispute) disputeView {
	k := s.books.captures[d.CaptureID]
	v := disputeView{
		DisputeID: d.ID, CreateTime: stampMillis(d.Created), UpdateTime: stampMillis(d.Updated), Reason: d.Reason,
		Status: d.Status, Amount: d.Amount.view(), Stage: d.Stage, Channel: "INTERNAL", Offer: d.viewOffer(),
		Options: d.options(),
		Transactions: []disputedTransaction{{k.ID, stampMillis(k.Created), k.disputedStatus(), k.Amount.view(), k.CustomID,
			""}},
	}
	if invoiceNumber.MatchString(k.InvoiceID) {
		v.Transactions[0].InvoiceNumber = k.InvoiceID
	}
	for _, m := range d.Movements {
		v.Movements = append(v.Movements, movementView{m.Party, m.Amount.view(), stampMillis(m.At), m.Type, m.Reason})
	}
	for _, m := range d.Messages {
		v.Messages = append(v.Messages, messageView{"SELLER", stampMillis(m.At), m.Text})
	}
	for _, e := range d.Evidences {
		v.Evidences = append(v.Evidences, evidenceView{e.Type, e.Notes, "SUBMITTED_BY_SELLER", stampMillis(e.At), e.Stage})
	}
	self := s.opts.BaseURL + "/v1/customer/disputes/" + d.ID
	v.Links = []link{{Href: self, Rel: "self", Method: "GET"}}
	for _, a := range disputeActions {
		if a.allowed(d) {
			v.Links = append(v.Links, link{Href: self + "/" + a.path, Rel: a.rel, Method: "POST"})
		}
	}
	if d.Status == statusResolved {
		v.Outcome = d.viewOutcome()
		return v
	}
	v.Refund = &refundDetailsView{k.Amount.minus(k.Refunded).view()}
	if d.Status == statusSellerIsAsked {
		v.Due = stampMillis(d.Due)
	}
	return v
}

// viewDisputeInfo is a dispute as the list has it [Disputes v1, dispute_info].
func (s *Server) viewDisputeInfo(d *dispute) disputeView {
	whole := s.viewDispute(d)
	return disputeView{
		DisputeID: whole.DisputeID, CreateTime: whole.CreateTime, UpdateTime: whole.UpdateTime, Reason: whole.Reason,
		Status: whole.Status,
		State:  d.state(), Amount: whole.Amount, Stage: whole.Stage, Channel: whole.Channel, Due: whole.Due,
		Links: whole.Links[:1],
	}
}

func (d *dispute) viewOutcome() *disputeOutcomeView {
	v := &disputeOutcomeView{Code: d.Outcome}
	if d.Outcome == outcomeForBuyer {
		v.Refunded = d.Amount.view()
	}
	return v
}

// disputedStatus is a capture's status in the words of a dispute.
func (k *capture) disputedStatus() string {
	if k.Reversed && k.Status == statusRefunded {
		return "REVERSED"
	}
	return k.Status
}

// state is whose turn it is, as the seller sees it.
func (d *dispute) state() string {
	switch {
	case d.Status == statusResolved:
		return "RESOLVED"
	case d.Status == statusUnderReview:
		return "UNDER_PAYPAL_REVIEW"
	case d.Status == statusBuyerIsAsked:
		return "REQUIRED_OTHER_PARTY_ACTION"
	case d.Stage == stageInquiry:
		return "OPEN_INQUIRIES"
	default:
		return "REQUIRED_ACTION"
	}
}

// options are the ways of refunding that an action may name.
func (d *dispute) options() *responseOptions {
	var o responseOptions
	if mayAccept(d) {
		o.Accept = &acceptOptions{[]string{"REFUND"}}
	}
	if mayOffer(d) {
		o.Offer = &offerOptions{[]string{"REFUND"}}
	}
	if o == (responseOptions{}) {
		return nil
	}
	return &o
}

func (d *dispute) viewOffer() *offerView {
	if d.Offer == nil {
		return nil
	}
	o := d.Offer
	return &offerView{
		Requested: d.Amount.view(), Offered: o.Amount.view(), Type: "REFUND",
		History: []offerHistory{{stampMillis(o.At), "SELLER", "PROPOSED", "REFUND", o.Amount.view(), o.Note}},
	}
}
