package contribution

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
	"readerfund/internal/staff"
)

// What staff do to contributions, in the audit log. The subject is the contribution's receipt number.
const (
	ActionRefund        staff.Action = "contribution.refund"        // asked PayPal for a refund
	ActionRefundAnswer  staff.Action = "contribution.refund_answer" // what PayPal said to it
	ActionAcceptDispute staff.Action = "contribution.accept_dispute"
	ActionNote          staff.Action = "contribution.note"
	ActionLooked        staff.Action = "contribution.looked"
	ActionAskPayPal     staff.Action = "contribution.ask_paypal"
	ActionAdopt         staff.Action = "contribution.adopt"
)

// audit notes who did what to a contribution, in the transaction that does it.
func audit(ctx context.Context, tx *sqlx.Tx, by Actor, action staff.Action, c Contribution, at time.Time, detail map[string]string) error {
	detail["contribution"] = c.ID.String()
	return staff.Audit(ctx, tx, staff.Entry{At: at, StaffID: by.ID, Actor: by.Name, Action: action, Subject: c.Receipt, Detail: detail})
}

// auditAlone is audit for what needs no other write.
func (d *Desk) auditAlone(ctx context.Context, by Actor, action staff.Action, c Contribution, detail map[string]string) error {
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return audit(ctx, tx, by, action, c, d.now().UTC(), detail)
	})
	return db.Translate(err)
}

// AskPayPal brings a contribution up to date with PayPal because a person wants to be sure: its order, its payments with
// their refunds, and the cases about them. It returns the contribution as it stands then. The error is a
// fault.Unavailable when PayPal does not answer.
func (d *Desk) AskPayPal(ctx context.Context, id uuid.UUID, by Actor) (Contribution, error) {
	before, err := d.Get(ctx, id)
	if err != nil {
		return Contribution{}, err
	}
	src := Source{Way: ByStaff}
	after, err := d.Settle(ctx, id, src)
	if err == nil {
		after, err = d.settlePayments(ctx, after, src)
	}
	detail := map[string]string{"before": string(before.State), "after": string(after.State)}
	if err != nil {
		detail["after"], detail["answer"] = string(before.State), "PayPal did not answer"
	}
	return after, errors.Join(unanswered(err), d.auditAlone(ctx, by, ActionAskPayPal, before, detail))
}

// settlePayments asks about every payment of a contribution that has an order behind it, and about the cases of each.
func (d *Desk) settlePayments(ctx context.Context, c Contribution, src Source) (Contribution, error) {
	var ids []string
	if err := d.db.SelectContext(ctx, &ids, `SELECT paypal_id FROM payment WHERE contribution_id = $1 AND kind <> 'direct' ORDER BY id`, c.ID); err != nil {
		return c, db.Translate(fmt.Errorf("find payments: %w", err))
	}
	for _, id := range ids {
		settled, err := d.SettleCapture(ctx, id, src)
		if err != nil {
			return c, err
		}
		c = settled
		cases, err := d.paypal.DisputesOf(ctx, id)
		if err != nil {
			return c, fmt.Errorf("ask about disputes of %s: %w", id, err)
		}
		for _, disputeID := range cases {
			if c, err = d.SettleDispute(ctx, disputeID, src); err != nil {
				return c, err
			}
		}
	}
	return c, nil
}

// Note adds a person's remark to a contribution's history, where other staff read it. Errors are fault.Invalid.
func (d *Desk) Note(ctx context.Context, id uuid.UUID, text string, by Actor) error {
	text = normalised(text)
	if text == "" {
		return fault.Invalidf("note", "Write what others should know.")
	}
	if err := checkText("note", text, longestMessage, true); err != nil {
		return err
	}
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		c, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}
		now := d.now().UTC()
		told := Fact{source: Source{Way: ByStaff}, news: "note", detail: by.Name + ": " + text}
		if err := record(ctx, tx, c, told, c.State, now); err != nil {
			return err
		}
		return audit(ctx, tx, by, ActionNote, c, now, map[string]string{"note": text})
	})
	return db.Translate(err)
}

// Looked says that a person has looked at one thing that needed it, and what they found. The same is not brought up
// again. Errors: fault.Invalid for the text, fault.Conflict where the contribution has no such review that is open.
func (d *Desk) Looked(ctx context.Context, id uuid.UUID, reviewID int64, found string, by Actor) error {
	found = normalised(found)
	if found == "" {
		return fault.Invalidf("found", "Write what you found, for those who come after you.")
	}
	if err := checkText("found", found, longestMessage, true); err != nil {
		return err
	}
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		c, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}
		now := d.now().UTC()
		was, err := review.Close(ctx, tx, id, reviewID, review.By{ID: by.ID, Name: by.Name}, found, now)
		if err != nil {
			return err
		}
		told := Fact{source: Source{Way: ByStaff}, news: "looked", detail: by.Name + ": " + found}
		if err := record(ctx, tx, c, told, c.State, now); err != nil {
			return err
		}
		return audit(ctx, tx, by, ActionLooked, c, now, map[string]string{"before": was.Text(), "found": found})
	})
	return db.Translate(err)
}

// AcceptDispute gives the money back that a case is about, by accepting the claim at PayPal. note goes to PayPal, which
// wants one. Pressing twice is the same to PayPal.
//
// Errors: fault.NotFound, fault.Invalid for a note PayPal would refuse, fault.Conflict when the case cannot be accepted or
// PayPal refuses, with what to do; fault.Unavailable when PayPal does not answer: whether it was accepted shows when
// PayPal tells of the case again, and the sweep asks.
func (d *Desk) AcceptDispute(ctx context.Context, id uuid.UUID, disputeID, note string, by Actor) (Contribution, error) {
	note = normalised(note)
	if note == "" {
		return Contribution{}, fault.Invalidf("note", "Write a line for PayPal: why you accept.")
	}
	if err := checkText("note", note, longestMessage, true); err != nil {
		return Contribution{}, err
	}
	c, err := d.claimDispute(ctx, id, disputeID, note, by)
	if err != nil {
		return c, err
	}
	settled, err := seeThrough(ctx, d, func(ctx context.Context) (Contribution, error) {
		err := d.paypal.AcceptClaim(ctx, disputeID, "accept-"+disputeID, note)
		if definite(err) {
			_, advice := paypal.Advice(err)
			return c, fault.Conflictf("%s", advice)
		}
		if err != nil {
			return c, err
		}
		return d.SettleDispute(ctx, disputeID, Source{Way: ByStaff})
	})
	if err != nil {
		return c, errors.Join(unanswered(err), d.auditAlone(ctx, by, ActionAcceptDispute, c, map[string]string{"dispute": disputeID, "outcome": "not accepted"}))
	}
	return settled, d.auditAlone(ctx, by, ActionAcceptDispute, settled, map[string]string{
		"dispute": disputeID, "outcome": "accepted", "before": string(c.State), "after": string(settled.State),
	})
}

// claimDispute checks that the case may be accepted and writes down that it is about to be.
func (d *Desk) claimDispute(ctx context.Context, id uuid.UUID, disputeID, note string, by Actor) (Contribution, error) {
	var c Contribution
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var err error
		if c, err = lock(ctx, tx, id); err != nil {
			return err
		}
		var of struct {
			Status    string `db:"status"`
			MayAccept bool   `db:"may_accept"`
		}
		err = tx.GetContext(ctx, &of, `
			SELECT d.status, d.may_accept FROM dispute d JOIN payment p ON p.id = d.payment_id
			WHERE d.paypal_id = $1 AND p.contribution_id = $2`, disputeID, id)
		switch {
		case db.IsNotFound(err):
			return fault.NotFoundf("This contribution has no case %s.", disputeID)
		case err != nil:
			return fmt.Errorf("read dispute %s: %w", disputeID, err)
		case of.Status != "open":
			return fault.Conflictf("The case %s has ended.", disputeID)
		case !of.MayAccept:
			return fault.Conflictf("PayPal does not let this case be accepted from here at the moment. Answer it in PayPal's Resolution Centre.")
		}
		return audit(ctx, tx, by, ActionAcceptDispute, c, d.now().UTC(), map[string]string{"dispute": disputeID, "note": note, "before": string(c.State)})
	})
	return c, db.Translate(err)
}
