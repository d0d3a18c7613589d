package reconcile

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/audit"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/paypal"
	"readerfund/internal/settle"
)

// What staff do to differences, in the audit log. The subject is PayPal's id.
const (
	ActionAdopt    audit.Action = "reconcile.adopt"
	ActionSetAside audit.Action = "reconcile.set_aside"
	ActionReopen   audit.Action = "reconcile.reopen"
)

const longestReason = 500 // characters

// row is a difference with the columns that acting on it needs.
type row struct {
	ID     int64  `db:"id"`
	Kind   Kind   `db:"kind"`
	Ref    string `db:"paypal_ref"`
	Parent string `db:"parent_ref"`
	State  string `db:"state"`
	Theirs string `db:"theirs"`
	Ours   string `db:"ours"`
	Detail []byte `db:"detail"`

	At time.Time `db:"occurred_at"`
}

const selectRow = `SELECT id, kind, paypal_ref, parent_ref, state, ours, theirs, detail, occurred_at FROM discrepancy WHERE id = $1`

// Adopt makes a contribution to a campaign from money that came without us, and books the refunds and reversals of
// it. Repeating it gives the same contribution.
//
// Errors: fault.NotFound for a difference or a campaign that does not exist, fault.Conflict for a difference that is
// not a payment from elsewhere.
func (r *Reconciler) Adopt(
	ctx context.Context, id int64, campaign string, by contribution.Actor,
) (contribution.Contribution, error) {
	d, err := r.row(ctx, id)
	if err != nil {
		return contribution.Contribution{}, err
	}
	switch {
	case d.Kind != UnknownPayer:
		return contribution.Contribution{}, fault.New(fault.Conflict, "reconcile.not_adoptable")
	case d.Parent != "":
		return contribution.Contribution{}, fault.New(fault.Conflict, "reconcile.adopt_parent", fault.Args{
			"payment": d.Parent,
		})
	}
	paid, err := r.asReported(ctx, d)
	if err != nil {
		return contribution.Contribution{}, err
	}
	// First the money, which may be booked any number of times, then the record of it.
	c, err := r.adopter.Adopt(ctx, paid, campaign, by)
	if err != nil {
		return contribution.Contribution{}, err
	}
	children, err := r.adoptChildren(ctx, d.Ref)
	if err != nil {
		return c, err
	}
	err = r.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		now := r.now().UTC()
		_, err := tx.ExecContext(ctx, `
			WITH locked AS ( -- in the order of write
			    SELECT id FROM discrepancy WHERE (id = $1 OR id = ANY($6)) AND state <> 'adopted'
			    ORDER BY kind, paypal_ref, code FOR UPDATE)
			UPDATE discrepancy d SET state = 'adopted', contribution_id = $2, note = $3, actor = $4, closed_at = $5
			FROM locked WHERE d.id = locked.id`,
			id, c.ID, i18n.New("reconcile.note_adopted", i18n.Args{"receipt": c.Receipt}).String(), by.Name, now,
			db.Array(children))
		if err != nil {
			return fmt.Errorf("note the adoption: %w", err)
		}
		if d.State == "adopted" {
			return nil
		}
		return r.audit(ctx, tx, by, ActionAdopt, d, now,
			map[string]string{"contribution": c.Receipt, "campaign": c.Campaign, "before": d.State, "after": "adopted"})
	})
	return c, db.Translate(err)
}

// asReported is the payment as PayPal's record has it. It is taken from our copy; a payment without one, because it
// carried an id like those of our contributions, is asked for at PayPal.
func (r *Reconciler) asReported(ctx context.Context, d row) (paypal.Transaction, error) {
	if kept := readDetail(d.Detail); kept != nil {
		return kept.transaction(), nil
	}
	page, err := r.paypal.Transactions(ctx, paypal.TransactionQuery{
		From: d.At.Add(-24 * time.Hour), To: d.At.Add(24 * time.Hour), ID: d.Ref, PageSize: 10,
	})
	if err != nil {
		return paypal.Transaction{}, fault.Wrap(err, fault.Unavailable, "outage.paypal")
	}
	for _, t := range page.Transactions {
		if t.ID == d.Ref && classify(t.EventCode, t.Amount.Minor, t.ReferenceID) == gift && t.Unreadable == "" {
			return t, nil
		}
	}
	return paypal.Transaction{}, fault.New(fault.Conflict, "reconcile.no_longer_listed")
}

// adoptChildren books the refunds and reversals of an adopted payment that were found already; the next run books the
// rest.
func (r *Reconciler) adoptChildren(ctx context.Context, ref string) ([]int64, error) {
	var rows []row
	err := r.db.SelectContext(ctx, &rows, `
		SELECT id, kind, paypal_ref, parent_ref, state, ours, theirs, detail, occurred_at FROM discrepancy
		WHERE parent_ref = $1 AND kind = 'unknown_payer' AND state IN ('open', 'set_aside') AND detail IS NOT NULL
		ORDER BY occurred_at`, ref)
	if err != nil {
		return nil, db.Translate(fmt.Errorf("find what went back of %s: %w", ref, err))
	}
	var done []int64
	for _, child := range rows {
		back := readDetail(child.Detail)
		if back == nil || back.Status != "S" {
			continue
		}
		if _, err := r.adopter.AdoptRefund(ctx, back.transaction(), settle.Source{Way: contribution.ByStaff}); err != nil {
			return nil, err
		}
		done = append(done, child.ID)
	}
	return done, nil
}

// SetAside records that a difference needs no more attention, and why. Everything that belongs to the same payment,
// now or later, is set aside with it. It is open again when either side changes.
//
// Errors: fault.Invalid on "reason", fault.NotFound, fault.Conflict for a difference that is not open.
func (r *Reconciler) SetAside(ctx context.Context, id int64, reason string, by contribution.Actor) error {
	reason = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(reason, "\uFFFD"), "\x00", ""))
	switch {
	case reason == "":
		return fault.Input("reason", "reconcile.reason_missing")
	case utf8.RuneCountInString(reason) > longestReason:
		return fault.Input("reason", "reconcile.reason_too_long", fault.Args{"max": longestReason})
	}
	return r.act(ctx, id, by, ActionSetAside, "set_aside", reason)
}

// Reopen undoes SetAside. Errors: fault.NotFound, fault.Conflict for a difference that was not set aside.
func (r *Reconciler) Reopen(ctx context.Context, id int64, by contribution.Actor) error {
	return r.act(ctx, id, by, ActionReopen, "open", "")
}

// act moves a difference between open and set aside. Repeating it changes nothing.
func (r *Reconciler) act(
	ctx context.Context, id int64, by contribution.Actor, action audit.Action, to, note string,
) error {
	err := r.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var d row
		// Locked, so that two people who act at once act one after the other.
		err := tx.GetContext(ctx, &d, selectRow+` FOR UPDATE`, id)
		if db.IsNotFound(err) {
			return errNoDifference()
		}
		if err != nil {
			return fmt.Errorf("read difference: %w", err)
		}
		if d.State == to {
			return nil
		}
		if from := map[string]string{"set_aside": "open", "open": "set_aside"}[to]; d.State != from {
			return fault.New(fault.Conflict, "reconcile.decided", fault.Args{
				"state": i18n.New("reconcile.state." + d.State),
			})
		}
		now := r.now().UTC()
		_, err = tx.ExecContext(ctx, `
			UPDATE discrepancy SET state = $2, note = $3, actor = $4,
				closed_at = CASE WHEN $2 = 'open' THEN NULL ELSE $5::timestamptz END
			WHERE id = $1 OR $6 = 'unknown_payer' AND kind = 'unknown_payer' AND parent_ref = $7 AND parent_ref <> ''
				AND state IN ('open', 'set_aside')`,
			id, to, note, by.Name, now, string(d.Kind), d.Ref)
		if err != nil {
			return fmt.Errorf("move difference: %w", err)
		}
		detail := map[string]string{"before": d.State, "after": to}
		if note != "" {
			detail["reason"] = note
		}
		return r.audit(ctx, tx, by, action, d, now, detail)
	})
	return db.Translate(err)
}

func errNoDifference() error { return fault.New(fault.NotFound, "reconcile.not_found") }

func (r *Reconciler) row(ctx context.Context, id int64) (row, error) {
	var d row
	err := r.db.GetContext(ctx, &d, selectRow, id)
	if db.IsNotFound(err) {
		return row{}, errNoDifference()
	}
	if err != nil {
		return row{}, db.Translate(fmt.Errorf("read difference: %w", err))
	}
	return d, nil
}

func (r *Reconciler) audit(
	ctx context.Context, tx *sqlx.Tx, by contribution.Actor, action audit.Action, d row, at time.Time,
	detail map[string]string,
) error {
	detail["kind"], detail["ours"], detail["theirs"] = string(d.Kind), d.Ours, d.Theirs
	if by.Name == "" {
		return errors.New("nobody is named for the audit log")
	}
	staffID := by.ID
	if by.Name == audit.CommandLine {
		staffID = uuid.Nil
	}
	return audit.Write(ctx, tx, audit.Entry{
		At: at, StaffID: staffID, Actor: by.Name, Action: action, Subject: d.Ref, Detail: detail,
	})
}
