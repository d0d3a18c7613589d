// Package manage changes running subscriptions: what the reader, staff or the system want of one, the rules of what may
// be wanted when, having PayPal carry it out, and what became of it.
//
// It does not decide how a subscription stands. A change is written down before PayPal hears of it, and has taken place
// once PayPal's own answer to a GET says so, whichever way that answer came: news that applies the answer ends the
// change in the same transaction. The package makes no pages and reads no webhooks.
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
	ActionAnswer audit.Action = "subscription.answer" // what became of it
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
	Asked      State = "asked"      // written down; PayPal has not said anything yet
	Unknown    State = "unknown"    // PayPal was asked, and has not said yet that it is so; we ask again by ourselves
	Approval   State = "approval"   // the reader has to consent at PayPal
	Done       State = "done"       // PayPal says that it is so
	Refused    State = "refused"    // PayPal said no
	Superseded State = "superseded" // another change, or the end of the subscription, came first
	Expired    State = "expired"    // the reader did not consent
)

// Who wants a change.
const (
	ByReader = "reader"
	ByStaff  = "staff"
	BySystem = "system"

	// ByPayPal is who ended a subscription that no change of ours ended: the payer in their account, or PayPal.
	ByPayPal = "paypal"
)

// By is who wants a change, and why. Staff have to say why; readers may.
type By struct {
	Kind   string             // ByReader, ByStaff or BySystem
	Actor  contribution.Actor // of staff
	Reason string
}

// Change is something that was wanted of a subscription, with what became of it. Times are UTC.
type Change struct {
	ID           uuid.UUID
	Contribution uuid.UUID
	Subscription string // PayPal's id
	Kind         Kind
	By           By

	Amount     money.Amount           // from now on; zero for a stop, a pause or a resumption
	Frequency  contribution.Frequency // likewise
	Months     int                    // of a pause; 0 for one without an end
	Until      time.Time              // when a pause ends by itself; zero for one without an end
	MissesNext bool                   // the next charge is so near that PayPal may still take the old amount

	State      State
	ApproveURL string // PayPal's page where the reader consents, in state Approval
	Answer     string // PayPal's code, when it refused
	AskedAt    time.Time
	EndedAt    time.Time // zero while it is under way

	consent    bool      // PayPal wants the reader's consent to it
	dispute    string    // PayPal's id of the dispute that this follows from, if any
	sentAt     time.Time // when PayPal was asked last; zero before
	leaseUntil time.Time // until when one process has it for sending; the fence of what that one was told
	unanswered error     // why the latest sending leaves it under way
}

// UnderWay reports whether it is not known yet what becomes of it.
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
