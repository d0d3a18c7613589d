// Package manage changes running subscriptions: what the reader, staff or the system request of one, the rules of
// what is allowed when, having PayPal carry it out, and the outcome.
//
// It does not decide the state of a subscription. A change is stored before PayPal hears of it, and has taken place
// once PayPal's own answer to a GET shows it, however that answer came: the transaction that applies the answer also
// ends the change. The package makes no pages and reads no webhooks.
package manage

import (
	"log/slog"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/singleflight"

	"readerfund/internal/audit"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/detached"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/settle"
)

// What staff do about subscriptions, in the audit log. The subject is the contribution's receipt number.
const (
	ActionStop   audit.Action = "subscription.stop"
	ActionPause  audit.Action = "subscription.pause"
	ActionResume audit.Action = "subscription.resume"
	ActionAnswer audit.Action = "subscription.answer" // the outcome
)

// Kind is what is changed.
type Kind string

// The kinds. PayPal calls the first three cancel, suspend and activate.
const (
	Stop      Kind = "stop"
	Pause     Kind = "pause"
	Resume    Kind = "resume"
	Amount    Kind = "amount"
	Frequency Kind = "frequency"
)

// State is how far a change has come.
type State string

// The states of a change.
const (
	Asked      State = "asked"      // stored; PayPal has not answered yet
	Unknown    State = "unknown"    // PayPal was asked, but does not show the change yet; we ask again automatically
	Approval   State = "approval"   // the reader has to consent at PayPal
	Done       State = "done"       // PayPal shows the change
	Refused    State = "refused"    // PayPal refused
	Superseded State = "superseded" // another change, or the end of the subscription, came first
	Expired    State = "expired"    // the reader did not consent
)

// Who requests a change.
const (
	ByReader = "reader"
	ByStaff  = "staff"
	BySystem = "system"

	// ByPayPal is who ended a subscription when no change of ours did: the payer in their account, or PayPal.
	ByPayPal = "paypal"
)

// By is who requests a change, and why. Staff have to give a reason; readers may.
type By struct {
	Kind   string             // ByReader, ByStaff or BySystem
	Actor  contribution.Actor // of staff
	Reason string
}

// Change is a requested change of a subscription, with its outcome. Times are UTC.
type Change struct {
	ID           uuid.UUID
	Contribution uuid.UUID
	Subscription string // PayPal's id
	Kind         Kind
	By           By

	Amount     money.Amount           // from now on; zero for a stop, a pause or a resumption
	Frequency  contribution.Frequency // from now on; empty for a stop, a pause or a resumption
	Months     int                    // of a pause; 0 for one without an end
	Until      time.Time              // when a pause ends by itself; zero for one without an end
	MissesNext bool                   // the next charge is so near that PayPal may still take the old amount

	State      State
	ApproveURL string // PayPal's page where the reader consents, in state Approval
	Answer     string // PayPal's code, when it refused
	AskedAt    time.Time
	EndedAt    time.Time // zero while it is under way

	consent    bool      // PayPal requires the reader's consent to it
	dispute    string    // PayPal's id of the dispute that caused it, if any
	sentAt     time.Time // when PayPal was last asked; zero before
	leaseUntil time.Time // until when one process may send it; also the fence for saving the outcome
	unanswered error     // why the latest attempt left it under way
}

// UnderWay reports whether its outcome is still open.
func (c Change) UnderWay() bool { return c.State == Asked || c.State == Unknown || c.State == Approval }

// Config is what a Service needs.
type Config struct {
	DB            *db.DB
	PayPal        *paypal.Client
	Contributions *contribution.Service
	Settler       *settle.Settler
	Applier       *settle.Applier // with the Listener among its listeners
	Plans         settle.Plans
	BaseURL       string // where readers reach us, without a slash at the end
	Publication   string // the name PayPal shows the reader
	Now           func() time.Time
	Log           *slog.Logger
}

// Service is safe for concurrent use.
type Service struct {
	db            *db.DB
	paypal        *paypal.Client
	contributions *contribution.Service
	settler       *settle.Settler
	applier       *settle.Applier
	plans         settle.Plans
	baseURL       string
	publication   string
	now           func() time.Time
	log           *slog.Logger

	sending singleflight.Group // one sending per change and process
	calls   detached.Group
}

// New makes a Service. Close it to let its last calls end.
func New(cfg Config) *Service {
	return &Service{
		db: cfg.DB, paypal: cfg.PayPal, contributions: cfg.Contributions, settler: cfg.Settler, applier: cfg.Applier,
		plans: cfg.Plans, baseURL: cfg.BaseURL, publication: cfg.Publication, now: cfg.Now, log: cfg.Log,
	}
}

// Close waits until every call to PayPal that was begun has ended and its outcome is saved.
func (s *Service) Close() { s.calls.Wait() }
