package sandbox

import (
	"crypto/rand"
	"time"
)

// Statuses that only plans and subscriptions have. A plan that is not yet offered is CREATED, a subscription that
// waits for the seller's activation APPROVED.
const (
	statusActive          = "ACTIVE"
	statusInactive        = "INACTIVE"
	statusApprovalPending = "APPROVAL_PENDING"
	statusSuspended       = "SUSPENDED"
	statusCancelled       = "CANCELLED"
	statusExpired         = "EXPIRED"
)

const (
	tenureRegular = "REGULAR"
	tenureTrial   = "TRIAL"
)

// priceNotice is how long before a payment its price has to have been changed, to be charged.
// Source: billing_subscriptions_v1, pricing_scheme.fixed_price.
const priceNotice = 10 * 24 * time.Hour

// product is what is subscribed to. Its fields are exported for the journal only, as are those of all that follows.
type product struct {
	ID, Name, Description, Type, Category string
	ImageURL, HomeURL                     string
	Created, Updated                      time.Time
}

// plan is how a product is paid for.
type plan struct {
	ID, ProductID, Name, Description, Status string
	QuantitySupported                        bool
	Terms                                    terms
	Created, Updated                         time.Time
}

// terms are what is billed: those of a plan, or a subscription's own.
type terms struct {
	Currency    string
	Cycles      []cycle // in their sequence; the last is the regular one
	Preferences preferences
	Taxes       *taxes
}

// cycle is one billing cycle: how often, how many times and for how much.
type cycle struct {
	Sequence int
	Tenure   string
	Unit     string // DAY, WEEK, MONTH or YEAR
	Count    int    // so many units
	Total    int    // 0: without end
	Pricing  *pricing
}

// pricing is what a cycle costs; a free trial has none.
type pricing struct {
	Version          int
	Price            money
	Earlier          *money // what is charged before From, after a change
	From             time.Time
	Created, Updated time.Time
}

type preferences struct {
	AutoBill        bool // what is outstanding is charged with the next cycle
	Threshold       int  // so many failed payments suspend the subscription; 0: none do
	SetupFee        *money
	SetupFeeFailure string // setupCancels or setupContinues
}

// What becomes of a subscription whose set-up fee cannot be charged.
const (
	setupCancels   = "CANCEL"
	setupContinues = "CONTINUE"
)

type taxes struct {
	Percentage string
	Inclusive  bool
}

// subscription is a payer's agreement to a plan.
type subscription struct {
	ID, PlanID, Status string
	StatusNote         string // the reason that was given for the status
	StatusAt           time.Time
	CustomID           string
	Quantity           int64
	Shipping           *money
	Own                *terms // once overridden; the plan's hold otherwise
	Created, Updated   time.Time
	Start              time.Time

	Token                string // BA-…, of the approval page
	Brand, Locale        string
	ReturnURL, CancelURL string
	AwaitsSeller         bool           // user_action CONTINUE: the seller activates what the payer has approved
	Ships                bool           // the seller did not say NO_SHIPPING, and gets the payer's address
	Hint                 map[string]any // the subscriber as the seller sent it
	Address              any            // where to ship to, once the payer has agreed
	Payer                *payer
	Approval             *slowApproval
	Revision             *revision
	Abandoned            bool   // the payer pressed cancel last
	LateCreated          string // the event CREATED, while it is to be delivered after ACTIVATED

	Billing billing // begins with the activation
}

// slowApproval is a payer's yes that PayPal has not acted on yet.
type slowApproval struct {
	Payer *payer
	At    time.Time // when it will
}

// revision is a change that waits for the payer's consent.
type revision struct {
	Token, PlanID        string
	Quantity             int64
	Shipping             *money
	Own                  *terms
	Brand, Locale        string
	ReturnURL, CancelURL string
}

// at is the price of what is billed at a time.
func (p *pricing) at(t time.Time) money {
	if p.Earlier != nil && t.Before(p.From) {
		return *p.Earlier
	}
	return p.Price
}

// change sets another price, which spares the payments of the next ten days.
func (p *pricing) change(price money, now time.Time) {
	earlier := p.at(now)
	p.Earlier, p.Price, p.From = &earlier, price, now.Add(priceNotice)
	p.Version++
	p.Updated = now
}

// regular is the cycle that goes on after the trials.
func (t *terms) regular() *cycle { return &t.Cycles[len(t.Cycles)-1] }

// find gives the cycle with a sequence; nil if there is none.
func (t *terms) find(sequence int) *cycle {
	for i := range t.Cycles {
		if t.Cycles[i].Sequence == sequence {
			return &t.Cycles[i]
		}
	}
	return nil
}

// clone is a copy that shares nothing.
func (t *terms) clone() *terms {
	c := *t
	c.Cycles = make([]cycle, len(t.Cycles))
	for i, one := range t.Cycles {
		if one.Pricing != nil {
			p := *one.Pricing
			one.Pricing = &p
		}
		c.Cycles[i] = one
	}
	if t.Taxes != nil {
		taxes := *t.Taxes
		c.Taxes = &taxes
	}
	return &c
}

// terms are those that a subscription runs on.
func (b *books) terms(sub *subscription) *terms {
	if sub.Own != nil {
		return sub.Own
	}
	return &b.plans[sub.PlanID].Terms
}

// over reports whether the subscription has ended for good.
func (sub *subscription) over() bool {
	return sub.Status == statusCancelled || sub.Status == statusExpired
}

// wasActive reports whether there is anything to say about its billing.
func (sub *subscription) wasActive() bool {
	return sub.Status != statusApprovalPending && sub.Status != statusApproved
}

// Ids as PayPal forms them.
func newProductID() string      { return "PROD-" + newID() }
func newPlanID() string         { return "P-" + randomID(24) }
func newSubscriptionID() string { return "I-" + randomID(12) }
func newApprovalToken() string  { return "BA-" + newID() }

// randomID is so many capitals and digits.
func randomID(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	for i := range b {
		b[i] = idAlphabet[int(b[i])%len(idAlphabet)]
	}
	return string(b)
}
