package ledger

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/paypal"
)

// AcceptanceState is how far accepting a dispute has come; empty if it has not been accepted.
type AcceptanceState string

// The states of an acceptance.
const (
	AcceptanceNone    AcceptanceState = ""
	AcceptanceAsked   AcceptanceState = "asked"   // stored; PayPal has not answered yet
	AcceptanceUnknown AcceptanceState = "unknown" // PayPal was asked and we did not see the answer
	AcceptanceDone    AcceptanceState = "accepted"
	AcceptanceRefused AcceptanceState = "refused"
)

// InDoubt reports whether PayPal may have accepted the dispute for us without our knowing it.
func (s AcceptanceState) InDoubt() bool { return s == AcceptanceAsked || s == AcceptanceUnknown }

// Acceptance describes accepting a dispute: whether staff may accept it, and how far that has come.
type Acceptance struct {
	Contribution uuid.UUID       `db:"contribution_id"`
	Dispute      string          `db:"paypal_id"` // PayPal's id
	Open         bool            `db:"open"`
	MayAccept    bool            `db:"may_accept"` // PayPal offers accepting it
	State        AcceptanceState `db:"acceptance"`
	By           uuid.NullUUID   `db:"accepted_by"` // who accepted it; null at the command line
	Actor        string          `db:"accepted_actor"`
}

// FindAcceptance reads how far accepting a dispute has come. The error is ErrNotOurs when we do not know the dispute.
func FindAcceptance(ctx context.Context, q sqlx.QueryerContext, disputeID string) (Acceptance, error) {
	var a Acceptance
	err := sqlx.GetContext(ctx, q, &a, `
		SELECT p.contribution_id, d.paypal_id, d.status = 'open' AS open, d.may_accept, d.acceptance, d.accepted_by,
		       d.accepted_actor
		FROM dispute d JOIN payment p ON p.id = d.payment_id WHERE d.paypal_id = $1`, disputeID)
	if db.IsNotFound(err) {
		return Acceptance{}, ErrNotOurs
	}
	if err != nil {
		return Acceptance{}, fmt.Errorf("read the acceptance of dispute %s: %w", disputeID, err)
	}
	return a, nil
}

// Begin records who accepts the dispute, before PayPal hears of it.
func (a Acceptance) Begin(ctx context.Context, tx *sqlx.Tx, by uuid.UUID, actor string) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE dispute SET acceptance = 'asked', accepted_by = $2, accepted_actor = $3 WHERE paypal_id = $1`,
		a.Dispute, uuid.NullUUID{UUID: by, Valid: by != uuid.Nil}, actor)
	if err != nil {
		return fmt.Errorf("write down that dispute %s is accepted: %w", a.Dispute, err)
	}
	return nil
}

// Advance records how far accepting the dispute has come.
func (a Acceptance) Advance(ctx context.Context, tx *sqlx.Tx, to AcceptanceState) error {
	_, err := tx.ExecContext(ctx, `UPDATE dispute SET acceptance = $2 WHERE paypal_id = $1`, a.Dispute, string(to))
	if err != nil {
		return fmt.Errorf("save the acceptance of dispute %s: %w", a.Dispute, err)
	}
	return nil
}

// After is how far accepting has come, given PayPal's view of the dispute. PayPal's word for an accepted dispute is
// ACCEPTED; when our own state is in doubt, a dispute that the reader won counts as accepted, too.
func (a Acceptance) After(seen paypal.Dispute) AcceptanceState {
	switch {
	case seen.Open(), a.State == AcceptanceNone, a.State == AcceptanceDone:
		return a.State
	case seen.Outcome == paypal.OutcomeAccepted, a.State.InDoubt() && seen.Outcome == paypal.OutcomeBuyer:
		return AcceptanceDone
	default:
		return AcceptanceRefused
	}
}
