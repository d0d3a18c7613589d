package settle

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/detached"
	"readerfund/internal/fault"
	"readerfund/internal/field"
	"readerfund/internal/paypal"
)

// longestNote is the longest note to PayPal, in characters.
const longestNote = 1000

// acceptance is how far accepting a claim has come; empty where nobody accepted it.
type acceptance string

const (
	acceptanceNone    acceptance = ""
	acceptanceAsked   acceptance = "asked"   // written down; PayPal has not said anything yet
	acceptanceUnknown acceptance = "unknown" // PayPal was asked and we did not see the answer
	acceptanceDone    acceptance = "accepted"
	acceptanceRefused acceptance = "refused"
)

// inDoubt reports whether PayPal may have accepted the claim for us without our knowing.
func (a acceptance) inDoubt() bool { return a == acceptanceAsked || a == acceptanceUnknown }

// Accept gives the money back that a case is about, by accepting the claim at PayPal. note goes to PayPal,
// which wants one. Accepting is written down before PayPal hears of it, and what came of it also when nobody waits
// any more; where an earlier answer was not seen, PayPal is asked about the case before it is accepted again.
//
// Errors: fault.NotFound, fault.Invalid for a note PayPal would refuse, fault.Conflict when the case cannot be
// accepted or PayPal refuses, with what to do; fault.Unavailable when PayPal does not answer: whether it was
// accepted shows when PayPal tells of the case again, and the sweep asks.
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
		return contribution.Contribution{}, errNoCase(disputeID)
	}
	c, earlier, err := d.claimDispute(ctx, id, disputeID, note, by)
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

func errNoCase(disputeID string) error {
	return fault.New(fault.NotFound, "dispute.unknown", fault.Args{"dispute": disputeID})
}

// claimDispute checks that the case may be accepted and writes down that it is about to be. It says how far an earlier
// acceptance had come.
func (d *Disputes) claimDispute(
	ctx context.Context, id uuid.UUID, disputeID, note string, by contribution.Actor,
) (c contribution.Contribution, earlier acceptance, err error) {
	err = d.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var err error
		if c, err = contribution.Lock(ctx, tx, id); err != nil {
			return err
		}
		var of struct {
			ID         int64      `db:"id"`
			Status     string     `db:"status"`
			MayAccept  bool       `db:"may_accept"`
			Acceptance acceptance `db:"acceptance"`
		}
		err = tx.GetContext(ctx, &of, `
			SELECT d.id, d.status, d.may_accept, d.acceptance FROM dispute d JOIN payment p ON p.id = d.payment_id
			WHERE d.paypal_id = $1 AND p.contribution_id = $2`, disputeID, id)
		switch {
		case db.IsNotFound(err):
			return errNoCase(disputeID)
		case err != nil:
			return fmt.Errorf("read dispute %s: %w", disputeID, err)
		case of.Status != "open":
			return fault.New(fault.Conflict, "dispute.ended", fault.Args{"dispute": disputeID})
		case !of.MayAccept:
			return fault.New(fault.Conflict, "dispute.cannot_accept")
		}
		earlier = of.Acceptance
		_, err = tx.ExecContext(ctx, `
			UPDATE dispute SET acceptance = 'asked', accepted_by = $2, accepted_actor = $3 WHERE id = $1`,
			of.ID, uuid.NullUUID{UUID: by.ID, Valid: by.ID != uuid.Nil}, by.Name)
		if err != nil {
			return fmt.Errorf("note the acceptance of %s: %w", disputeID, err)
		}
		detail := map[string]string{"dispute": disputeID, "note": note, "before": string(c.State)}
		return contribution.Audit(ctx, tx, by, contribution.ActionAcceptDispute, c, d.now().UTC(), detail)
	})
	return c, earlier, db.Translate(err)
}

// sendAcceptance accepts the claim at PayPal and writes down what came of it.
func (d *Disputes) sendAcceptance(
	ctx context.Context, c contribution.Contribution, disputeID, note string, earlier acceptance,
) (contribution.Contribution, error) {
	src := Source{Way: contribution.ByStaff}
	if earlier.inDoubt() {
		settled, err := d.Settle(ctx, disputeID, src)
		if err != nil {
			return c, errors.Join(err, d.noteAcceptance(ctx, c.ID, disputeID, acceptanceUnknown, "unknown", ""))
		}
		switch now, err := d.acceptanceOf(ctx, disputeID); {
		case err != nil || now == acceptanceDone:
			return settled, err
		case !now.inDoubt(): // the case has ended in another way
			return settled, fault.New(fault.Conflict, "dispute.ended", fault.Args{"dispute": disputeID})
		}
	}
	err := d.paypal.AcceptClaim(ctx, disputeID, "accept-"+disputeID, note)
	code, advice := paypal.Advice(err)
	switch {
	case err == nil:
		settled, lookErr := d.Settle(ctx, disputeID, src)
		if lookErr != nil {
			d.log.WarnContext(ctx, "how an accepted case stands is not known yet", "dispute", disputeID, "error", lookErr)
			settled = c
		}
		return settled, d.noteAcceptance(ctx, c.ID, disputeID, acceptanceDone, "accepted", "")
	case paypal.Refused(err):
		// The case may have been accepted by an earlier attempt, or by another process: it tells.
		settled, lookErr := d.Settle(ctx, disputeID, src)
		became, outcome := acceptanceRefused, "refused"
		if lookErr != nil && earlier.inDoubt() {
			became, outcome = acceptanceUnknown, "unknown"
		}
		if err := d.noteAcceptance(ctx, c.ID, disputeID, became, outcome, code); err != nil {
			return c, err
		}
		if now, err := d.acceptanceOf(ctx, disputeID); err != nil || now == acceptanceDone {
			return settled, err
		}
		return c, &fault.Error{Kind: fault.Conflict, Message: advice}
	case paypal.OutcomeUnknown(err):
		if err := d.noteAcceptance(ctx, c.ID, disputeID, acceptanceUnknown, "unknown", code); err != nil {
			return c, err
		}
		settled, lookErr := d.Settle(ctx, disputeID, src)
		if now, nowErr := d.acceptanceOf(ctx, disputeID); lookErr == nil && nowErr == nil && now == acceptanceDone {
			return settled, nil
		}
		return c, err
	default: // not sent, or told to come back
		if earlier == acceptanceAsked {
			earlier = acceptanceUnknown
		}
		return c, errors.Join(err, d.noteAcceptance(ctx, c.ID, disputeID, earlier, "not sent", code))
	}
}

// noteAcceptance writes down what came of accepting a claim, unless news of the case has told already. Where it is not
// known, the sweep asks soon.
func (d *Disputes) noteAcceptance(
	ctx context.Context, id uuid.UUID, disputeID string, became acceptance, outcome, code string,
) error {
	ctx, cancel := detached.Saving(ctx)
	defer cancel()
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		c, err := contribution.Lock(ctx, tx, id)
		if err != nil {
			return err
		}
		by, was, err := readAcceptance(ctx, tx, disputeID)
		if err != nil || was == acceptanceDone || !was.inDoubt() && became != acceptanceDone {
			return err
		}
		if err := keepAcceptance(ctx, tx, disputeID, became); err != nil {
			return err
		}
		now := d.now().UTC()
		if became.inDoubt() || became == acceptanceDone {
			if err := contribution.CheckSoon(ctx, tx, id, now.Add(d.sweepEvery)); err != nil {
				return err
			}
		}
		detail := map[string]string{"dispute": disputeID, "outcome": outcome}
		detail["before"], detail["after"] = string(c.State), string(c.State)
		if code != "" {
			detail["answer"] = code
		}
		return contribution.Audit(ctx, tx, by, contribution.ActionAcceptDispute, c, now, detail)
	})
	return db.Translate(err)
}

func (d *Disputes) acceptanceOf(ctx context.Context, disputeID string) (acceptance, error) {
	_, now, err := readAcceptance(ctx, d.db, disputeID)
	return now, db.Translate(err)
}

func readAcceptance(
	ctx context.Context, q sqlx.QueryerContext, disputeID string,
) (contribution.Actor, acceptance, error) {
	var row struct {
		Acceptance acceptance    `db:"acceptance"`
		By         uuid.NullUUID `db:"accepted_by"`
		Actor      string        `db:"accepted_actor"`
	}
	err := sqlx.GetContext(ctx, q, &row, `
		SELECT acceptance, accepted_by, accepted_actor FROM dispute WHERE paypal_id = $1`, disputeID)
	if err != nil {
		return contribution.Actor{}, "", fmt.Errorf("read the acceptance of %s: %w", disputeID, err)
	}
	return contribution.Actor{ID: row.By.UUID, Name: row.Actor}, row.Acceptance, nil
}

func keepAcceptance(ctx context.Context, tx *sqlx.Tx, disputeID string, became acceptance) error {
	_, err := tx.ExecContext(ctx, `UPDATE dispute SET acceptance = $2 WHERE paypal_id = $1`, disputeID, string(became))
	if err != nil {
		return fmt.Errorf("keep the acceptance of %s: %w", disputeID, err)
	}
	return nil
}

// answerAcceptance ends an acceptance by how the case ended. It gives the entry for the audit log, nil where there
// is none.
func answerAcceptance(
	ctx context.Context, tx *sqlx.Tx, seen paypal.Dispute,
) (by contribution.Actor, detail map[string]string, err error) {
	if seen.Open() {
		return contribution.Actor{}, nil, nil
	}
	by, was, err := readAcceptance(ctx, tx, seen.ID)
	if db.IsNotFound(err) {
		return contribution.Actor{}, nil, nil
	}
	if err != nil {
		return contribution.Actor{}, nil, err
	}
	// PayPal's own word for it is ACCEPTED, and also where the reader won a case that we had accepted.
	ours := []paypal.DisputeOutcome{paypal.OutcomeAccepted}
	if was.inDoubt() {
		ours = append(ours, paypal.OutcomeBuyer)
	}
	became, outcome := acceptanceRefused, "not accepted"
	if slices.Contains(ours, seen.Outcome) {
		became, outcome = acceptanceDone, "accepted"
	}
	if was == acceptanceNone || was == acceptanceDone || was == became {
		return contribution.Actor{}, nil, nil
	}
	detail = map[string]string{"dispute": seen.ID, "outcome": outcome, "case": string(seen.Outcome)}
	return by, detail, keepAcceptance(ctx, tx, seen.ID, became)
}
