package sandbox

import "time"

// Statuses of orders and captures that the emulator uses.
const (
	statusCreated        = "CREATED"
	statusPayerAction    = "PAYER_ACTION_REQUIRED"
	statusApproved       = "APPROVED"
	statusCompleted      = "COMPLETED"
	statusPending        = "PENDING"
	statusDeclined       = "DECLINED"
	statusFailed         = "FAILED" // of a refund
	statusRefunded       = "REFUNDED"
	statusPartlyRefunded = "PARTIALLY_REFUNDED"
)

// outcome is what the payer's choice on the approval page leads to when the order is captured.
type outcome string

const (
	outcomeApprove         outcome = "approve"          // the money comes
	outcomeDecline         outcome = "decline"          // 422 INSTRUMENT_DECLINED until the payer chooses again
	outcomePending         outcome = "pending"          // PayPal holds the money
	outcomeDeclinedCapture outcome = "declined_capture" // the order completes with a capture that is DECLINED
	outcomePayerAction     outcome = "payer_action"     // 422 PAYER_ACTION_REQUIRED until the payer comes back
)

// order is a PayPal order. Its fields are exported for the journal only.
type order struct {
	ID, Intent, Status   string
	Wallet               bool   // made with payment_source.paypal, not application_context
	Brand, Locale        string // what the payer's page is to show, and in which language; Locale as it was sent
	ReturnURL, CancelURL string
	Units                []unit
	Payer                *payer
	Outcome              outcome
	Conversion           *conversion
	Cancelled            bool // the payer pressed cancel last
	ApprovalReversed     bool // the seller has been told that the approval lapsed
	Created, Updated     time.Time
	Approved             time.Time
}

// unit is one purchase unit.
type unit struct {
	ReferenceID, Description, CustomID, InvoiceID, SoftDescriptor string
	Amount                                                        money
	Payee                                                         payee
	// breakdown, items, shipping … as they were sent
	Extra     map[string]any
	CaptureID string
}

type payee struct{ Email, MerchantID string }

type payer struct{ Email, PayerID, GivenName, Surname, Country string }

// capture is one captured payment; Fee is what PayPal keeps once it is completed.
type capture struct {
	ID, OrderID, Status, Reason string
	Amount                      money
	Fee                         int64
	Tax, Shipping               int64 // of a sale: parts of the amount
	InvoiceID, CustomID         string
	Payee                       payee
	SubscriptionID              string // of a sale, which has no order
	Hold                        string // of a sale: whether PayPal holds the funds back, or has let them go
	Refunded                    int64  // refunds and reversals together
	Returning                   int64  // how much of that is still pending
	Reversed                    bool
	DisputeID                   string // the open dispute, if any
	Conversion                  *conversion
	RefundIDs                   []string
	Created, Updated            time.Time
}

// refund is money that went back: by the seller's refund, or by a reversal that PayPal or a bank made.
type refund struct {
	ID, CaptureID, Status     string
	Reversal                  bool
	Amount                    money
	TotalRefunded             int64
	InvoiceID, CustomID, Note string
	FeeReturned               int64 // what PayPal gives back of the payment's fee
	Created, Updated          time.Time
}

// books are everything the emulator believes. Server.mu guards them.
type books struct {
	orders    map[string]*order
	captures  map[string]*capture
	refunds   map[string]*refund
	disputes  map[string]*dispute
	transfers map[string]*transfer
	directs   map[string]*direct
	invoices  map[string]string // invoice_id of a captured payment, to its capture
	returned  map[string]string // invoice_id of a refund, to the refund
	ledger    []ledgerRef
	recent    []string // order ids in the order they were made
	approved  []approval
	webhooks  []*webhook
	events    []*event
	byEvent   map[string]*event

	products        map[string]*product
	plans           map[string]*plan
	subscriptions   map[string]*subscription
	productIDs      []string // in the order they were made, as the two that follow
	planIDs         []string
	subscriptionIDs []string
	byToken         map[string]*subscription  // by the token of the approval page, or of a revision
	sales           map[string][]*capture     // by subscription
	scripts         map[string]*failureScript // of payers, by their address
	billing         billingSettings
	agenda          agenda

	statement  []movement // by time, unless disordered says that it has to be sorted first
	disordered bool
}

// approval is one click of a payer, in the order they came. An order that was approved again has another, later one.
type approval struct {
	order string
	at    time.Time
}

func newBooks() books {
	return books{
		orders: map[string]*order{}, captures: map[string]*capture{}, refunds: map[string]*refund{},
		disputes: map[string]*dispute{}, invoices: map[string]string{}, returned: map[string]string{},
		byEvent: map[string]*event{}, transfers: map[string]*transfer{}, directs: map[string]*direct{},
		products: map[string]*product{}, plans: map[string]*plan{}, subscriptions: map[string]*subscription{},
		byToken: map[string]*subscription{},
		sales:   map[string][]*capture{}, billing: defaultBilling(), scripts: map[string]*failureScript{},
	}
}

// orderLife is how long an order waits for approval, and then for its capture.
// Source: Orders v2, description of order.links.
const orderLife = 3 * time.Hour

// expired says whether PayPal has forgotten the order.
func (o *order) expired(now time.Time) bool {
	if o.Status == statusCompleted {
		return false
	}
	from := o.Created
	if !o.Approved.IsZero() {
		from = o.Approved
	}
	return now.Sub(from) > orderLife
}
