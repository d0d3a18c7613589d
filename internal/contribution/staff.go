package contribution

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/audit"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/field"
	"readerfund/internal/review"
)

// What staff do to contributions, in the audit log. The subject is the contribution's receipt number.
const (
	ActionAcceptDispute audit.Action = "contribution.accept_dispute"
	ActionNote          audit.Action = "contribution.note"
	ActionCloseReview   audit.Action = "contribution.looked"
	ActionAskPayPal     audit.Action = "contribution.ask_paypal"
	ActionAdopt         audit.Action = "contribution.adopt"
)

// Actor is the person who acts: an account of the staff, or the command line.
type Actor struct {
	ID   uuid.UUID // uuid.Nil without an account
	Name string    // email address, or "command line"
}

// Audit records which person did what to a contribution, in the transaction that does it. It adds the contribution's
// id to detail.
func Audit(
	ctx context.Context, tx *sqlx.Tx, by Actor, action audit.Action, c Contribution, at time.Time,
	detail map[string]string,
) error {
	detail["contribution"] = c.ID.String()
	return audit.Write(ctx, tx, audit.Entry{
		At: at, StaffID: by.ID, Actor: by.Name, Action: action, Subject: c.Receipt, Detail: detail,
	})
}

// Note adds a person's remark to a contribution's history, where other staff read it. Errors are fault.Invalid.
func (s *Service) Note(ctx context.Context, id uuid.UUID, text string, by Actor) error {
	text = field.Normalised(text)
	if text == "" {
		return fault.Input("note", "history.note_missing")
	}
	if err := field.Text("note", text, longestMessage); err != nil {
		return err
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		c, err := Lock(ctx, tx, id)
		if err != nil {
			return err
		}
		now := s.now().UTC()
		if err := AddEvent(ctx, tx, c, Event{Kind: "note", Detail: by.Name + ": " + text}, now); err != nil {
			return err
		}
		return Audit(ctx, tx, by, ActionNote, c, now, map[string]string{"note": text})
	})
	return db.Translate(err)
}

// CloseReview records that a person has looked into one open review, and what they found. The same finding does not
// open another review. Errors: fault.Invalid for the text, fault.Conflict when the contribution has no such open
// review.
func (s *Service) CloseReview(ctx context.Context, id uuid.UUID, reviewID int64, found string, by Actor) error {
	found = field.Normalised(found)
	if found == "" {
		return fault.Input("found", "review.found_missing")
	}
	if err := field.Text("found", found, longestMessage); err != nil {
		return err
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		c, err := Lock(ctx, tx, id)
		if err != nil {
			return err
		}
		now := s.now().UTC()
		was, err := review.Close(ctx, tx, id, reviewID, review.By{ID: by.ID, Name: by.Name}, found, now)
		if err != nil {
			return err
		}
		if err := AddEvent(ctx, tx, c, Event{Kind: "looked", Detail: by.Name + ": " + found}, now); err != nil {
			return err
		}
		return Audit(ctx, tx, by, ActionCloseReview, c, now, map[string]string{"before": was.Text(), "found": found})
	})
	return db.Translate(err)
}
