package manage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/ledger"
	"readerfund/internal/money"
	"readerfund/internal/queue"
)

// row is a change as the database holds it.
type row struct {
	ID           uuid.UUID      `db:"id"`
	Contribution uuid.UUID      `db:"contribution_id"`
	Subscription string         `db:"subscription_id"`
	Kind         string         `db:"kind"`
	AmountMinor  sql.NullInt64  `db:"amount_minor"`
	Currency     sql.NullString `db:"currency"`
	Frequency    sql.NullString `db:"frequency"`
	Months       sql.NullInt64  `db:"months"`
	Until        sql.NullTime   `db:"until"`
	MissesNext   bool           `db:"from_next"`
	Consent      bool           `db:"consent"`
	Dispute      sql.NullString `db:"dispute_id"`
	ByKind       string         `db:"by_kind"`
	StaffID      uuid.NullUUID  `db:"staff_id"`
	Actor        string         `db:"actor"`
	Reason       string         `db:"reason"`
	State        string         `db:"state"`
	ApproveURL   string         `db:"approve_url"`
	Answer       string         `db:"answer"`
	AskedAt      time.Time      `db:"asked_at"`
	SentAt       sql.NullTime   `db:"sent_at"`
	LeaseUntil   sql.NullTime   `db:"lease_until"`
	EndedAt      sql.NullTime   `db:"ended_at"`
}

const selectRow = `
	SELECT q.id, q.contribution_id, q.subscription_id, q.kind, q.amount_minor, q.currency, q.frequency, q.months, q.until,
	       q.from_next, q.consent, q.dispute_id, q.by_kind, q.staff_id, q.actor, q.reason, q.state, q.approve_url,
	       q.answer, q.asked_at, q.sent_at, q.lease_until, q.ended_at
	FROM subscription_change q`

func (r row) change() Change {
	return Change{
		ID: r.ID, Contribution: r.Contribution, Subscription: r.Subscription, Kind: Kind(r.Kind),
		By: By{
			Kind: r.ByKind, Actor: contribution.Actor{ID: r.StaffID.UUID, Name: r.Actor}, Reason: r.Reason,
		},
		Amount:    money.New(r.AmountMinor.Int64, money.Currency(r.Currency.String)),
		Frequency: contribution.Frequency(r.Frequency.String), Months: int(r.Months.Int64), Until: utc(r.Until),
		MissesNext: r.MissesNext, State: State(r.State), ApproveURL: r.ApproveURL, Answer: r.Answer,
		AskedAt: r.AskedAt.UTC(), EndedAt: utc(r.EndedAt),
		consent: r.Consent, dispute: r.Dispute.String, sentAt: utc(r.SentAt), leaseUntil: utc(r.LeaseUntil),
	}
}

func utc(t sql.NullTime) time.Time {
	if !t.Valid {
		return time.Time{}
	}
	return t.Time.UTC()
}

// find reads one change by its id. The error is a fault.NotFound when there is none.
func find(ctx context.Context, q sqlx.QueryerContext, id uuid.UUID, lock string) (Change, error) {
	var r row
	err := sqlx.GetContext(ctx, q, &r, selectRow+` WHERE q.id = $1 `+lock, id)
	if errors.Is(err, sql.ErrNoRows) {
		return Change{}, fault.New(fault.NotFound, "change.no_such_change")
	}
	if err != nil {
		return Change{}, fmt.Errorf("read change of a subscription: %w", err)
	}
	return r.change(), nil
}

// list reads changes by a condition on q.
func list(ctx context.Context, q sqlx.QueryerContext, condition string, args ...any) ([]Change, error) {
	var rows []row
	if err := sqlx.SelectContext(ctx, q, &rows, selectRow+` WHERE `+condition, args...); err != nil {
		return nil, fmt.Errorf("read changes of a subscription: %w", err)
	}
	all := make([]Change, len(rows))
	for i, r := range rows {
		all[i] = r.change()
	}
	return all, nil
}

// Change reads one change. The error is a fault.NotFound when there is none.
func (s *Service) Change(ctx context.Context, id uuid.UUID) (Change, error) {
	c, err := find(ctx, s.db, id, "")
	return c, db.Translate(err)
}

// Changes lists the requested changes of a contribution's subscriptions, the latest first.
func (s *Service) Changes(ctx context.Context, id uuid.UUID) ([]Change, error) {
	all, err := list(ctx, s.db, `q.contribution_id = $1 ORDER BY q.asked_at DESC, q.id DESC`, id)
	return all, db.Translate(err)
}

// Disputed reports whether a payment of a contribution is disputed at this moment. Only staff can resume it then.
func (s *Service) Disputed(ctx context.Context, id uuid.UUID) (bool, error) {
	open, err := ledger.OpenDisputes(ctx, s.db, id)
	return len(open) > 0, err
}

// latest lists the changes of a subscription that may still matter, the latest first.
func latest(ctx context.Context, q sqlx.QueryerContext, subscriptionID string) ([]Change, error) {
	return list(ctx, q, `q.subscription_id = $1 ORDER BY q.ended_at IS NULL DESC, q.asked_at DESC, q.id DESC LIMIT 50`,
		subscriptionID)
}

// firstAnswer is how long the caller may wait for PayPal's answer before the queue sends the change as well.
const firstAnswer = 45 * time.Second

// insert stores a change and puts its sending into the queue, in one transaction. The contribution is locked.
func insert(ctx context.Context, tx *sqlx.Tx, c Change, due time.Time) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO subscription_change (id, contribution_id, subscription_id, kind, amount_minor, currency, frequency,
		                                 months, until, from_next, consent, dispute_id, by_kind, staff_id, actor, reason,
		                                 state, asked_at)
		VALUES ($1, $2, $3, $4, nullif($5, 0), nullif($6, ''), nullif($7, ''), nullif($8, 0), $9, $10, $11, nullif($12, ''),
		        $13, $14, $15, $16, 'asked', $17)`,
		c.ID, c.Contribution, c.Subscription, string(c.Kind), c.Amount.Minor, string(c.Amount.Currency), string(c.Frequency),
		c.Months, sql.NullTime{Time: c.Until, Valid: !c.Until.IsZero()}, c.MissesNext, c.consent, c.dispute, c.By.Kind,
		uuid.NullUUID{UUID: c.By.Actor.ID, Valid: c.By.Actor.ID != uuid.Nil}, c.By.Actor.Name, c.By.Reason, c.AskedAt)
	if err != nil {
		return fmt.Errorf("write change of a subscription down: %w", err)
	}
	return putSending(ctx, tx, c.ID, due, c.AskedAt)
}

// Changing is the queue's kind of work that brings a change to its end; the key is the change's id. EndingPause is
// the kind that resumes a subscription when its pause is over; the key is PayPal's id of the subscription.
const (
	Changing    = "change subscription"
	EndingPause = "end pause"
)

// putSending schedules Process for a change, in the transaction that decides about it.
func putSending(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, due, now time.Time) error {
	return queue.Put(ctx, tx, queue.Job{Kind: Changing, Key: id.String(), Due: due}, now)
}

// save stores the outcome of a change that is locked, with its contribution.
func save(ctx context.Context, tx *sqlx.Tx, c contribution.Contribution, ch *Change, state State, code string,
	now time.Time,
) error {
	ch.State, ch.Answer, ch.leaseUntil = state, code, time.Time{}
	if !ch.UnderWay() {
		ch.EndedAt = now
	}
	_, err := tx.ExecContext(ctx, `
		UPDATE subscription_change
		SET state = $2, answer = $3, approve_url = $4, ended_at = $5, from_next = $6, lease_until = NULL
		WHERE id = $1`,
		ch.ID, string(state), code, ch.ApproveURL, sql.NullTime{Time: ch.EndedAt, Valid: !ch.EndedAt.IsZero()}, ch.MissesNext)
	if err != nil {
		return fmt.Errorf("save change of a subscription: %w", err)
	}
	if ch.UnderWay() || ch.By.Kind != ByStaff {
		return nil
	}
	return contribution.Audit(ctx, tx, ch.By.Actor, ActionAnswer, c, now, map[string]string{
		"change": string(ch.Kind), "subscription": ch.Subscription, "outcome": string(state), "answer": code,
	})
}
