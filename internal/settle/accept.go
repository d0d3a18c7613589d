package settle

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/detached"
	"readerfund/internal/fault"
	"readerfund/internal/field"
	"readerfund/internal/ledger"
	"readerfund/internal/paypal"
)

// longestNote is the longest note to PayPal, in characters.
const longestNote = 1000

// Accept returns the disputed money by accepting the dispute at PayPal. note goes to PayPal, which requires one. The
// acceptance is recorded before PayPal hears of it, and its outcome even if the caller has stopped waiting. If an
// earlier answer was not seen, PayPal is asked about the dispute before it is accepted again.
//
// Errors: fault.NotFound, fault.Invalid for a note PayPal would refuse, fault.Conflict when the dispute cannot be
// accepted or PayPal refuses, with what to do; fault.Unavailable when PayPal does not answer: PayPal's next news of
// the dispute shows whether it was accepted, and the sweep asks.
func (d *Disputes) Accept(
	ctx context.Context, id uuid.UUID, disputeID, note string, by contribution.Actor,
) (contribution.Contribution, error) {
	note = field.Normalised(note)
	if note == "" {
		return contribution.Contribution{}, fault.Input("note", "dispute.note_missing")
	}
	if err := field.Text("note", note, longestNote); err != nil {
		return contribution.Contribution{}, err
	}
	if field.Line("dispute", disputeID, field.LongestKey) != nil {
		return contribution.Contribution{}, errUnknownDispute(disputeID)
	}
	c, earlier, err := d.beginAcceptance(ctx, id, disputeID, note, by)
	if err != nil {
		return c, err
	}
	settled, err := detached.Run(ctx, d.calls, func(ctx context.Context) (contribution.Contribution, error) {
		return d.sendAcceptance(ctx, c, disputeID, note, earlier)
	})
	if err != nil {
		return c, unanswered(err)
	}
	return settled, nil
}

func errUnknownDispute(disputeID string) error {
	return fault.New(fault.NotFound, "dispute.unknown", fault.Args{"dispute": disputeID})
}

// beginAcceptance checks that the dispute may be accepted and records that it is about to be. It returns how far an
// earlier acceptance had come.
func (d *Disputes) beginAcceptance(
	ctx context.Context, id uuid.UUID, disputeID, note string, by contribution.Actor,
) (c contribution.Contribution, earlier ledger.AcceptanceState, err error) {
	err = d.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var err error
		if c, err = contribution.Lock(ctx, tx, id); err != nil {
			return err
		}
		a, err := ledger.FindAcceptance(ctx, tx, disputeID)
		switch {
		case errors.Is(err, ErrNotOurs), err == nil && a.Contribution != id:
			return errUnknownDispute(disputeID)
		case err != nil:
			return err
		case !a.Open:
			return fault.New(fault.Conflict, "dispute.ended", fault.Args{"dispute": disputeID})
		case !a.MayAccept:
			return fault.New(fault.Conflict, "dispute.cannot_accept")
		}
		earlier = a.State
		if err := a.Begin(ctx, tx, by.ID, by.Name); err != nil {
			return err
		}
		detail := map[string]string{"dispute": disputeID, "note": note, "before": string(c.State)}
		return contribution.Audit(ctx, tx, by, contribution.ActionAcceptDispute, c, d.now().UTC(), detail)
	})
	return c, earlier, db.Translate(err)
}

// sendAcceptance accepts the claim at PayPal and records the outcome.
func (d *Disputes) sendAcceptance(
	ctx context.Context, c contribution.Contribution, disputeID, note string, earlier ledger.AcceptanceState,
) (contribution.Contribution, error) {
	src := Source{Way: contribution.ByStaff}
	if earlier.InDoubt() {
		settled, err := d.Settle(ctx, disputeID, src)
		if err != nil {
			return c, errors.Join(err, d.noteAcceptance(ctx, c.ID, disputeID, ledger.AcceptanceUnknown, "unknown", ""))
		}
		switch now, err := d.acceptanceOf(ctx, disputeID); {
		case err != nil || now == ledger.AcceptanceDone:
			return settled, err
		case !now.InDoubt(): // the dispute has ended in another way
			return settled, fault.New(fault.Conflict, "dispute.ended", fault.Args{"dispute": disputeID})
		}
	}
	err := d.paypal.AcceptClaim(ctx, disputeID, "accept-"+disputeID, note)
	code, advice := paypal.Advice(err)
	switch {
	case err == nil:
		settled, lookErr := d.Settle(ctx, disputeID, src)
		if lookErr != nil {
			d.log.WarnContext(ctx, "how an accepted dispute stands is not known yet", "dispute", disputeID, "error", lookErr)
			settled = c
		}
		return settled, d.noteAcceptance(ctx, c.ID, disputeID, ledger.AcceptanceDone, "accepted", "")
	case paypal.Refused(err):
		// An earlier attempt or another process may have accepted the dispute: PayPal's answer about it shows.
		settled, lookErr := d.Settle(ctx, disputeID, src)
		became, outcome := ledger.AcceptanceRefused, "refused"
		if lookErr != nil && earlier.InDoubt() {
			became, outcome = ledger.AcceptanceUnknown, "unknown"
		}
		if err := d.noteAcceptance(ctx, c.ID, disputeID, became, outcome, code); err != nil {
			return c, err
		}
		if now, err := d.acceptanceOf(ctx, disputeID); err != nil || now == ledger.AcceptanceDone {
			return settled, err
		}
		return c, &fault.Error{Kind: fault.Conflict, Message: advice}
	case paypal.OutcomeUnknown(err):
		if err := d.noteAcceptance(ctx, c.ID, disputeID, ledger.AcceptanceUnknown, "unknown", code); err != nil {
			return c, err
		}
		settled, lookErr := d.Settle(ctx, disputeID, src)
		if now, nowErr := d.acceptanceOf(ctx, disputeID); lookErr == nil && nowErr == nil && now == ledger.AcceptanceDone {
			return settled, nil
		}
		return c, err
	default: // not sent, or asked to come back later
		if earlier == ledger.AcceptanceAsked {
			earlier = ledger.AcceptanceUnknown
		}
		return c, errors.Join(err, d.noteAcceptance(ctx, c.ID, disputeID, earlier, "not sent", code))
	}
}

// noteAcceptance records the outcome of accepting a dispute, unless news of it already has. If it is unknown, the
// sweep asks soon.
func (d *Disputes) noteAcceptance(
	ctx context.Context, id uuid.UUID, disputeID string, became ledger.AcceptanceState, outcome, code string,
) error {
	ctx, cancel := detached.Saving(ctx)
	defer cancel()
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		c, err := contribution.Lock(ctx, tx, id)
		if err != nil {
			return err
		}
		a, err := ledger.FindAcceptance(ctx, tx, disputeID)
		switch {
		case err != nil:
			return err
		case a.State == ledger.AcceptanceDone, !a.State.InDoubt() && became != ledger.AcceptanceDone:
			return nil
		}
		if err := a.Advance(ctx, tx, became); err != nil {
			return err
		}
		now := d.now().UTC()
		if became.InDoubt() || became == ledger.AcceptanceDone {
			if err := contribution.CheckSoon(ctx, tx, id, now.Add(d.sweepEvery)); err != nil {
				return err
			}
		}
		detail := map[string]string{"dispute": disputeID, "outcome": outcome}
		detail["before"], detail["after"] = string(c.State), string(c.State)
		if code != "" {
			detail["answer"] = code
		}
		return contribution.Audit(ctx, tx, acceptedBy(a), contribution.ActionAcceptDispute, c, now, detail)
	})
	return db.Translate(err)
}

func (d *Disputes) acceptanceOf(ctx context.Context, disputeID string) (ledger.AcceptanceState, error) {
	a, err := ledger.FindAcceptance(ctx, d.db, disputeID)
	return a.State, db.Translate(err)
}

func acceptedBy(a ledger.Acceptance) contribution.Actor {
	return contribution.Actor{ID: a.By.UUID, Name: a.Actor}
}

// answerAcceptance ends an acceptance according to how the dispute ended. It returns the entry for the audit log, or
// nil if there is none.
func answerAcceptance(
	ctx context.Context, tx *sqlx.Tx, seen paypal.Dispute,
) (by contribution.Actor, detail map[string]string, err error) {
	if seen.Open() {
		return contribution.Actor{}, nil, nil
	}
	a, err := ledger.FindAcceptance(ctx, tx, seen.ID)
	if errors.Is(err, ErrNotOurs) {
		return contribution.Actor{}, nil, nil
	}
	if err != nil {
		return contribution.Actor{}, nil, err
	}
	became := a.After(seen)
	if became == a.State {
		return contribution.Actor{}, nil, nil
	}
	outcome := "not accepted"
	if became == ledger.AcceptanceDone {
		outcome = "accepted"
	}
	detail = map[string]string{"dispute": seen.ID, "outcome": outcome, "case": string(seen.Outcome)}
	return acceptedBy(a), detail, a.Advance(ctx, tx, became)
}
