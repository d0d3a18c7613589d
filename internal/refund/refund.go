// Package refund gives readers' money back: requests by staff, the one rule of what may go back, sending them to
// PayPal, and what became of them.
//
// That money went back is not decided here: PayPal's news of a refund is booked like any other, whoever made it, and
// ends the request it belongs to in the same transaction (OnApplied). The package makes no pages and reads no webhooks.
package refund

import (
	"log/slog"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/audit"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/detached"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/settle"
)

// What is done about refunds, in the audit log. The subject is the contribution's receipt number.
const (
	ActionRequest audit.Action = "contribution.refund"        // asked PayPal for a refund
	ActionAnswer  audit.Action = "contribution.refund_answer" // what PayPal said to it
)

// State is how far a refund that staff asked for has come.
type State string

// The states of a request.
const (
	Asked   State = "asked"   // written down; PayPal has not said anything yet
	Unknown State = "unknown" // PayPal was asked and we did not see the answer; we ask again by ourselves
	Pending State = "pending" // PayPal has it and has not paid it yet
	Done    State = "done"    // the money went back
	Failed  State = "failed"  // PayPal took it and could not pay it
	Refused State = "refused" // PayPal said no; Advice says what to do
)

// Request is a refund that staff asked for, with what became of it. Times are UTC.
type Request struct {
	ID           uuid.UUID
	Contribution uuid.UUID
	Number       int    // 1, 2, … of the contribution
	Payment      string // PayPal's id of the capture
	Amount       money.Amount
	Reason, Note string
	By           contribution.Actor
	State        State
	Answer       string // PayPal's code, when it refused
	Advice       string // what that means, for the person who asked
	RefundID     string // PayPal's; empty until it is known
	AskedAt      time.Time

	invoiceID  string
	whole      bool      // all that was left was asked for, and not a sum
	doubtSince time.Time // when it was last sent without our seeing what PayPal made of it; zero when there is no doubt
	leaseUntil time.Time // until when one process has it for sending; the fence of what that one was told
	unanswered error     // why the latest sending leaves it under way
}

// UnderWay reports whether it is not known yet what PayPal made of it.
func (r Request) UnderWay() bool { return r.State == Asked || r.State == Unknown }

// Config is what a Service needs.
type Config struct {
	DB            *db.DB
	PayPal        *paypal.Client
	Contributions *contribution.Service
	Applier       *settle.Applier // with OnApplied among its listeners
	Payments      *settle.Payments
	Now           func() time.Time
	Log           *slog.Logger
}

// Service is safe for concurrent use.
type Service struct {
	db            *db.DB
	paypal        *paypal.Client
	contributions *contribution.Service
	applier       *settle.Applier
	payments      *settle.Payments
	now           func() time.Time
	log           *slog.Logger

	calls detached.Group
}

// New makes a Service. Close it to let its last calls end.
func New(cfg Config) *Service {
	return &Service{
		db: cfg.DB, paypal: cfg.PayPal, contributions: cfg.Contributions, applier: cfg.Applier, payments: cfg.Payments,
		now: cfg.Now, log: cfg.Log,
	}
}

// Close waits until every call to PayPal that was begun has ended and its outcome is saved.
func (s *Service) Close() { s.calls.Wait() }
