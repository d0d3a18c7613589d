package contribution

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/audit"
	"readerfund/internal/db"
	"readerfund/internal/detached"
	"readerfund/internal/fault"
	"readerfund/internal/field"
	"readerfund/internal/review"
)

// What staff do to contributions, in the audit log. The subject is the contribution's receipt number.
const (
	ActionAcceptDispute audit.Action = "contribution.accept_dispute"
	ActionNote          audit.Action = "contribution.note"
	ActionLooked        audit.Action = "contribution.looked"
	ActionAskPayPal     audit.Action = "contribution.ask_paypal"
	ActionAdopt         audit.Action = "contribution.adopt"
)

// Actor is the person who acts: an account of the staff, or the command line.
type Actor struct {
	ID   uuid.UUID // uuid.Nil without an account
	Name string    // email address, or "command line"
}

// Audit notes who did what to a contribution, in the transaction that does it. It adds the contribution's id to detail.
func Audit(
	ctx context.Context, tx *sqlx.Tx, by Actor, action audit.Action, c Contribution, at time.Time, detail map[string]string,
) error {
	detail["contribution"] = c.ID.String()
	return audit.Write(ctx, tx, audit.Entry{
		At: at, StaffID: by.ID, Actor: by.Name, Action: action, Subject: c.Receipt, Detail: detail,
	})
}

// AskPayPal brings a contribution up to date with PayPal because a person wants to be sure: its order, its payments with
// their refunds, and the cases about them. It returns the contribution as it stands then. The error is a
// fault.Unavailable when PayPal does not answer. The audit log has what came of it, also when nobody waits any more.
func (d *Desk) AskPayPal(ctx context.Context, id uuid.UUID, by Actor) (Contribution, error) {
	before, err := d.Get(ctx, id)
	if err != nil {
		return Contribution{}, err
	}
	return detached.Run(ctx, &d.calls, func(ctx context.Context) (Contribution, error) {
		src := Source{Way: ByStaff}
		after, err := d.Settle(ctx, id, src)
		if err == nil {
			after, err = d.settlePayments(ctx, after, src)
		}
		detail := map[string]string{"before": string(before.State), "outcome": "answered"}
		err = unanswered(err)
		switch {
		case fault.Is(err, fault.Unavailable):
			detail["outcome"] = "no answer"
		case err != nil:
			detail["outcome"] = "failed"
		}
		return after, errors.Join(err, d.auditAsked(ctx, by, before, detail))
	})
}

// auditAsked notes that PayPal was asked. A part of what it said may be booked although another was not to be had,
// so that the state is read anew.
func (d *Desk) auditAsked(ctx context.Context, by Actor, c Contribution, detail map[string]string) error {
	ctx, cancel := detached.Saving(ctx)
	defer cancel()
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		now, err := find(ctx, tx, "c.id = $1", c.ID)
		if err != nil {
			return err
		}
		detail["after"] = string(now.State)
		return Audit(ctx, tx, by, ActionAskPayPal, c, d.now().UTC(), detail)
	})
	return db.Translate(err)
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
	text = field.Normalised(text)
	if text == "" {
		return fault.Input("note", "contribution.note_missing")
	}
	if err := field.Text("note", text, longestMessage); err != nil {
		return err
	}
	err := d.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		c, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}
		now := d.now().UTC()
		if err := AddEvent(ctx, tx, c, Event{Kind: "note", Detail: by.Name + ": " + text}, now); err != nil {
			return err
		}
		return Audit(ctx, tx, by, ActionNote, c, now, map[string]string{"note": text})
	})
	return db.Translate(err)
}

// Looked says that a person has looked at one thing that needed it, and what they found. The same is not brought up
// again. Errors: fault.Invalid for the text, fault.Conflict where the contribution has no such review that is open.
func (d *Desk) Looked(ctx context.Context, id uuid.UUID, reviewID int64, found string, by Actor) error {
	found = field.Normalised(found)
	if found == "" {
		return fault.Input("found", "review.found_missing")
	}
	if err := field.Text("found", found, longestMessage); err != nil {
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
		if err := AddEvent(ctx, tx, c, Event{Kind: "looked", Detail: by.Name + ": " + found}, now); err != nil {
			return err
		}
		return Audit(ctx, tx, by, ActionLooked, c, now, map[string]string{"before": was.Text(), "found": found})
	})
	return db.Translate(err)
}
