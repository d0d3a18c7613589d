package subscription

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/money"
)

// row is a subscription in the database, and in the JSON of Column and Upsert.
type row struct {
	PayPalID         string     `db:"paypal_id" json:"paypal_id"`
	Contribution     uuid.UUID  `db:"contribution_id" json:"contribution_id"`
	PlanID           string     `db:"plan_id" json:"plan_id"`
	State            State      `db:"state" json:"state"`
	StatusAt         time.Time  `db:"status_at" json:"status_at"`
	SeenAt           time.Time  `db:"seen_at" json:"seen_at"`
	Note             string     `db:"note" json:"note"`
	Frequency        string     `db:"frequency" json:"frequency"`
	FrequencySince   *time.Time `db:"frequency_since" json:"frequency_since"`
	AmountMinor      int64      `db:"amount_minor" json:"amount_minor"`
	Currency         string     `db:"currency" json:"currency"`
	NextBillingAt    *time.Time `db:"next_billing_at" json:"next_billing_at"`
	CyclesCompleted  int        `db:"cycles_completed" json:"cycles_completed"`
	FailedPayments   int        `db:"failed_payments" json:"failed_payments"`
	OutstandingMinor int64      `db:"outstanding_minor" json:"outstanding_minor"`
	LastPaymentAt    *time.Time `db:"last_payment_at" json:"last_payment_at"`
	LastFailedAt     *time.Time `db:"last_failed_at" json:"last_failed_at"`
	LastFailedReason string     `db:"last_failed_reason" json:"last_failed_reason"`
	RetryAt          *time.Time `db:"retry_at" json:"retry_at"`
	StartedAt        *time.Time `db:"started_at" json:"started_at"`
	StartsAt         *time.Time `db:"starts_at" json:"starts_at"`
	EndedAt          *time.Time `db:"ended_at" json:"ended_at"`
	PausedUntil      *time.Time `db:"paused_until" json:"paused_until"`
	EndedBy          string     `db:"ended_by" json:"ended_by"`
	CheckAt          *time.Time `db:"-" json:"check_at"` // only written
}

const columns = `
	s.paypal_id, s.contribution_id, s.plan_id, s.state, s.status_at, s.seen_at, s.note, s.frequency, s.frequency_since,
	s.amount_minor, s.currency, s.next_billing_at, s.cycles_completed, s.failed_payments, s.outstanding_minor,
	s.last_payment_at, s.last_failed_at, s.last_failed_reason, s.retry_at, s.started_at, s.starts_at, s.ended_at,
	s.paused_until, s.ended_by`

// Column is an expression that reads the subscriptions of the contribution c, for Parse. For a one-time gift it reads
// none.
const Column = `(
	SELECT json_agg(json_build_object(
	    'paypal_id', s.paypal_id, 'contribution_id', s.contribution_id, 'plan_id', s.plan_id, 'state', s.state,
	    'status_at', s.status_at, 'seen_at', s.seen_at, 'note', s.note, 'frequency', s.frequency,
	    'frequency_since', s.frequency_since,
	    'amount_minor', s.amount_minor, 'currency', s.currency, 'next_billing_at', s.next_billing_at,
	    'cycles_completed', s.cycles_completed, 'failed_payments', s.failed_payments,
	    'outstanding_minor', s.outstanding_minor, 'last_payment_at', s.last_payment_at,
	    'last_failed_at', s.last_failed_at, 'last_failed_reason', s.last_failed_reason, 'retry_at', s.retry_at,
	    'started_at', s.started_at, 'starts_at', s.starts_at, 'ended_at', s.ended_at, 'paused_until', s.paused_until,
	    'ended_by', s.ended_by)
	    ORDER BY s.recorded_at, s.paypal_id)
	FROM subscription s WHERE s.contribution_id = c.id AND c.frequency <> 'once')`

// Parse reads subscriptions from the value of Column.
func Parse(column []byte) ([]Subscription, error) {
	if len(column) == 0 {
		return nil, nil
	}
	var rows []row
	if err := json.Unmarshal(column, &rows); err != nil {
		return nil, fmt.Errorf("read subscriptions: %w", err)
	}
	all := make([]Subscription, len(rows))
	for n, r := range rows {
		all[n] = r.subscription()
	}
	return all, nil
}

func (r row) subscription() Subscription {
	currency := money.Currency(r.Currency)
	return Subscription{
		PayPalID: r.PayPalID, Contribution: r.Contribution, PlanID: r.PlanID, State: r.State,
		StatusAt: r.StatusAt.UTC(), SeenAt: r.SeenAt.UTC(), Note: r.Note,
		Frequency: r.Frequency, FrequencySince: orZero(r.FrequencySince), Amount: money.New(r.AmountMinor, currency),
		NextBillingAt:   orZero(r.NextBillingAt),
		CyclesCompleted: r.CyclesCompleted, Outstanding: money.New(r.OutstandingMinor, currency),
		LastPaymentAt: orZero(r.LastPaymentAt), FailedPayments: r.FailedPayments, LastFailedAt: orZero(r.LastFailedAt),
		LastFailedReason: r.LastFailedReason, RetryAt: orZero(r.RetryAt),
		StartedAt: orZero(r.StartedAt), StartsAt: orZero(r.StartsAt),
		EndedAt: orZero(r.EndedAt), PausedUntil: orZero(r.PausedUntil), EndedBy: r.EndedBy,
	}
}

// Row is a subscription for Upsert, as JSON. checkAt is when PayPal is asked about it next; zero for never.
func (s Subscription) Row(checkAt time.Time) any {
	return row{
		PayPalID: s.PayPalID, Contribution: s.Contribution, PlanID: s.PlanID, State: s.State, StatusAt: s.StatusAt,
		SeenAt: s.SeenAt, Note: s.Note, Frequency: s.Frequency, FrequencySince: orNil(s.FrequencySince),
		AmountMinor: s.Amount.Minor,
		Currency:    string(s.Amount.Currency), NextBillingAt: orNil(s.NextBillingAt), CyclesCompleted: s.CyclesCompleted,
		FailedPayments: s.FailedPayments, OutstandingMinor: s.Outstanding.Minor, LastPaymentAt: orNil(s.LastPaymentAt),
		LastFailedAt: orNil(s.LastFailedAt), LastFailedReason: s.LastFailedReason, RetryAt: orNil(s.RetryAt),
		StartedAt: orNil(s.StartedAt), StartsAt: orNil(s.StartsAt), EndedAt: orNil(s.EndedAt), CheckAt: orNil(checkAt),
	}
}

// Upsert is a query for the WITH of a statement. It takes its rows, as Row makes them, from the member
// "subscriptions" of the statement's parameter $2, and the time from $3. It never changes the contribution that a
// subscription belongs to, nor the columns that internal/manage writes.
const Upsert = `kept_subscription AS (
	INSERT INTO subscription (paypal_id, contribution_id, plan_id, state, status_at, seen_at, note, frequency,
	    frequency_since, amount_minor, currency, next_billing_at, cycles_completed, failed_payments, outstanding_minor,
	    last_payment_at, last_failed_at, last_failed_reason, retry_at, started_at, starts_at, ended_at, check_at,
	    recorded_at)
	SELECT s.paypal_id, s.contribution_id, s.plan_id, s.state, s.status_at, s.seen_at, s.note, s.frequency,
	    s.frequency_since, s.amount_minor, s.currency, s.next_billing_at, s.cycles_completed, s.failed_payments,
	    s.outstanding_minor, s.last_payment_at, s.last_failed_at, s.last_failed_reason, s.retry_at, s.started_at,
	    s.starts_at, s.ended_at, s.check_at, $3
	FROM jsonb_to_recordset($2::text::jsonb->'subscriptions') AS s (
	    paypal_id text, contribution_id uuid, plan_id text, state text, status_at timestamptz, seen_at timestamptz,
	    note text, frequency text, frequency_since timestamptz, amount_minor bigint, currency text,
	    next_billing_at timestamptz, cycles_completed integer, failed_payments integer, outstanding_minor bigint,
	    last_payment_at timestamptz, last_failed_at timestamptz, last_failed_reason text, retry_at timestamptz,
	    started_at timestamptz, starts_at timestamptz, ended_at timestamptz, check_at timestamptz)
	ON CONFLICT (paypal_id) DO UPDATE SET
	    plan_id = excluded.plan_id, state = excluded.state, status_at = excluded.status_at, seen_at = excluded.seen_at,
	    note = excluded.note, frequency = excluded.frequency, frequency_since = excluded.frequency_since,
	    amount_minor = excluded.amount_minor,
	    currency = excluded.currency, next_billing_at = excluded.next_billing_at,
	    cycles_completed = excluded.cycles_completed, failed_payments = excluded.failed_payments,
	    outstanding_minor = excluded.outstanding_minor, last_payment_at = excluded.last_payment_at,
	    last_failed_at = excluded.last_failed_at, last_failed_reason = excluded.last_failed_reason,
	    retry_at = excluded.retry_at, started_at = excluded.started_at, starts_at = excluded.starts_at,
	    ended_at = excluded.ended_at, check_at = excluded.check_at)`

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
