package dashboard

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/ledger"
	"readerfund/internal/money"
	"readerfund/internal/report"
	"readerfund/internal/review"
	"readerfund/internal/subscription"
)

// History is everything that is known about one contribution. Times are UTC, and zero for events that did not happen.
type History struct {
	Contribution
	Frequency string
	Heading   string // the campaign's
	// LaterMessage is what the reader wrote after the gift.
	LaterMessage string
	CoverFee     bool
	UpdatedAt    time.Time
	CheckAt      time.Time // when PayPal is asked next
	Payments     []Payment
	Refunds      []Refund
	Asked        []RefundRequest
	Disputes     []Dispute
	Turned       []Conversion
	Origin       string // here; adopted: paid in PayPal directly; restored: its row was lost and PayPal reported it again
	Entries      []report.Entry
	Events       []Event
	Documents    []Document      // sent to its reader, the oldest first
	Reviews      []review.Review // what a person had to review, the oldest first
	Webhooks     []Webhook

	Subscriptions []subscription.Subscription // the oldest first; none for a one-time gift
	Changes       []SubscriptionChange        // of the subscriptions, the latest first
}

// Recurring reports whether the contribution is a monthly or yearly one, even if its subscription was never approved.
func (h History) Recurring() bool { return h.Frequency == "month" || h.Frequency == "year" }

// Payment is one movement of money, as PayPal reported it.
type Payment struct {
	ID         int64
	Kind       string // capture, sale, or direct: made in PayPal without us
	PayPalID   string
	Status     string
	State      string // its state after refunds, reversals and disputes: one of ledger.States
	Receipt    string // its number, once its money is in: the contribution's, or that with "-2" appended
	Reason     string
	Amount     money.Amount
	OccurredAt time.Time
	RecordedAt time.Time
}

// Refund is money that went back for a payment.
type Refund struct {
	ID         int64
	PaymentID  int64
	Kind       string // refund or reversal
	PayPalID   string
	Status     string
	Reason     string
	Amount     money.Amount
	OccurredAt time.Time
	RecordedAt time.Time
}

// Document is a receipt of a payment, or a notice about one of its refunds.
type Document struct {
	Kind      string // one of receipt.Kind
	Serial    string
	PaymentID int64
	RefundID  int64 // 0 if it is about the payment only
}

// Event is news about the contribution and the change it caused.
type Event struct {
	ID        int64
	Fact      string
	Detail    string
	PayPalRef string
	From, To  string // states; equal when nothing changed
	Source    string
	WebhookID int64 // 0 if it was not a webhook
	At        time.Time
}

// Moment is one thing in a contribution's timeline: exactly one of the pointers is set.
type Moment struct {
	At      time.Time // when we learned about it or did it
	Event   *Event
	Entry   *report.Entry
	Webhook *Webhook
	Review  *review.Review // that it was opened; or, at ClosedAt, that the program closed it
}

// Timeline returns what happened, in the order in which we learned about it.
func (h History) Timeline() []Moment {
	var all []Moment
	for i := range h.Webhooks {
		all = append(all, Moment{At: h.Webhooks[i].ReceivedAt, Webhook: &h.Webhooks[i]})
	}
	for i := range h.Events {
		all = append(all, Moment{At: h.Events[i].At, Event: &h.Events[i]})
	}
	for i := range h.Entries {
		all = append(all, Moment{At: h.Entries[i].RecordedAt, Entry: &h.Entries[i]})
	}
	for i := range h.Reviews {
		r := &h.Reviews[i]
		all = append(all, Moment{At: r.OpenedAt, Review: r})
		if r.ClosedBy == review.Program { // if a person closed it, that is an event of its own
			all = append(all, Moment{At: r.ClosedAt, Review: r})
		}
	}
	// Stable: at the same time, news comes before the change it caused, and that before the money booked for it.
	slices.SortStableFunc(all, func(a, b Moment) int { return a.At.Compare(b.At) })
	return all
}

// History returns everything about a contribution, as of one moment. The error is fault.NotFound if there is none.
func (v *Views) History(ctx context.Context, id uuid.UUID) (History, error) {
	var h History
	err := v.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		h = History{}
		for _, read := range []func(context.Context, *sqlx.Tx, uuid.UUID, *History) error{
			readHead, readPayments, readRefunds, readAsked, readDisputes, readConversions, readEntries, readEvents,
			readWebhooks, readReviews, readSubscriptions, readDocuments,
		} {
			if err := read(ctx, tx, id, &h); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return History{}, fmt.Errorf("read history: %w", err)
	}
	return h, nil
}

func readHead(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, h *History) error {
	var row contributionRow
	err := tx.GetContext(ctx, &row, selectContributions(` WHERE c.id = $1`), id)
	if db.IsNotFound(err) {
		return fault.New(fault.NotFound, "contribution.not_found")
	}
	if err != nil {
		return err
	}
	h.Contribution = row.contribution()
	var checkAt sql.NullTime
	err = tx.QueryRowxContext(ctx, `
		SELECT c.frequency, k.heading, c.later_message, c.cover_fee, c.updated_at, c.check_at, c.origin
		FROM contribution c JOIN campaign k ON k.id = c.campaign_id
		WHERE c.id = $1`, id).
		Scan(&h.Frequency, &h.Heading, &h.LaterMessage, &h.CoverFee, &h.UpdatedAt, &checkAt, &h.Origin)
	h.UpdatedAt, h.CheckAt = h.UpdatedAt.UTC(), utc(checkAt)
	return err
}

// movement is a row of payment or refund.
type movement struct {
	ID          int64     `db:"id"`
	PaymentID   int64     `db:"payment_id"`
	Kind        string    `db:"kind"`
	PayPalID    string    `db:"paypal_id"`
	Status      string    `db:"status"`
	Reason      string    `db:"reason"`
	AmountMinor int64     `db:"amount_minor"`
	Currency    string    `db:"currency"`
	OccurredAt  time.Time `db:"occurred_at"`
	RecordedAt  time.Time `db:"recorded_at"`
}

func (m movement) amount() money.Amount { return money.New(m.AmountMinor, money.Currency(m.Currency)) }

// readPayments takes state and receipt from package ledger's book, which also completes payments of the previous
// version.
func readPayments(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, h *History) error {
	book, err := ledger.Load(ctx, tx, id)
	if err != nil {
		return err
	}
	kept := make(map[string]ledger.Payment)
	for _, p := range book.Payments() {
		kept[p.PayPalID] = p
	}
	var rows []movement
	err = tx.SelectContext(ctx, &rows, `
		SELECT p.id, p.kind, p.paypal_id, p.status, p.reason, p.amount_minor, p.currency, p.occurred_at, p.recorded_at
		FROM payment p
		WHERE p.contribution_id = $1 ORDER BY p.occurred_at, p.id`, id)
	for _, m := range rows {
		h.Payments = append(h.Payments, Payment{
			ID: m.ID, Kind: m.Kind, PayPalID: m.PayPalID, Status: m.Status, State: string(kept[m.PayPalID].State),
			Receipt: kept[m.PayPalID].Receipt, Reason: m.Reason, Amount: m.amount(),
			OccurredAt: m.OccurredAt.UTC(), RecordedAt: m.RecordedAt.UTC(),
		})
	}
	return err
}

func readRefunds(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, h *History) error {
	var rows []movement
	err := tx.SelectContext(ctx, &rows, `
		SELECT f.id, f.payment_id, f.kind, f.paypal_id, f.status, f.reason, f.amount_minor, f.currency, f.occurred_at,
		       f.recorded_at
		FROM refund f JOIN payment p ON p.id = f.payment_id
		WHERE p.contribution_id = $1 ORDER BY f.occurred_at, f.id`, id)
	for _, m := range rows {
		h.Refunds = append(h.Refunds, Refund{
			ID: m.ID, PaymentID: m.PaymentID, Kind: m.Kind, PayPalID: m.PayPalID, Status: m.Status,
			Reason: m.Reason, Amount: m.amount(), OccurredAt: m.OccurredAt.UTC(), RecordedAt: m.RecordedAt.UTC(),
		})
	}
	return err
}

func readDocuments(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, h *History) error {
	var rows []struct {
		Kind      string        `db:"kind"`
		Serial    string        `db:"serial"`
		PaymentID int64         `db:"payment_id"`
		RefundID  sql.NullInt64 `db:"refund_id"`
	}
	err := tx.SelectContext(ctx, &rows, `
		SELECT kind, serial, payment_id, refund_id FROM receipt
		WHERE contribution_id = $1 ORDER BY issued_at, year, number`, id)
	for _, d := range rows {
		h.Documents = append(h.Documents, Document{d.Kind, d.Serial, d.PaymentID, d.RefundID.Int64})
	}
	return err
}

func readEntries(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, h *History) error {
	var rows []struct {
		movement
		PayPalRef string        `db:"paypal_ref"`
		Source    string        `db:"source"`
		WebhookID sql.NullInt64 `db:"webhook_event_id"`
	}
	err := tx.SelectContext(ctx, &rows, `
		SELECT id, kind, amount_minor, currency, paypal_ref, occurred_at, recorded_at, source, webhook_event_id
		FROM ledger_entry WHERE contribution_id = $1 ORDER BY id`, id)
	for _, e := range rows {
		h.Entries = append(h.Entries, report.Entry{
			ID: e.ID, Kind: e.Kind, Amount: e.amount(), PayPalRef: e.PayPalRef,
			OccurredAt: e.OccurredAt.UTC(), RecordedAt: e.RecordedAt.UTC(), Source: e.Source, WebhookID: e.WebhookID.Int64,
		})
	}
	return err
}

func readReviews(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, h *History) (err error) {
	h.Reviews, err = review.Of(ctx, tx, id)
	return err
}

func readEvents(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, h *History) error {
	var rows []struct {
		ID        int64         `db:"id"`
		Fact      string        `db:"fact"`
		Detail    string        `db:"detail"`
		PayPalRef string        `db:"paypal_ref"`
		From      string        `db:"from_state"`
		To        string        `db:"to_state"`
		Source    string        `db:"source"`
		WebhookID sql.NullInt64 `db:"webhook_event_id"`
		At        time.Time     `db:"at"`
	}
	err := tx.SelectContext(ctx, &rows, `
		SELECT id, fact, detail, paypal_ref, from_state, to_state, source, webhook_event_id, at
		FROM contribution_event WHERE contribution_id = $1 ORDER BY id`, id)
	for _, e := range rows {
		h.Events = append(h.Events, Event{
			ID: e.ID, Fact: e.Fact, Detail: e.Detail, PayPalRef: e.PayPalRef, From: e.From, To: e.To,
			Source: e.Source, WebhookID: e.WebhookID.Int64, At: e.At.UTC(),
		})
	}
	return err
}

func readWebhooks(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, h *History) error {
	var rows []webhookRow
	err := tx.SelectContext(ctx, &rows, selectWebhook+` WHERE w.contribution_id = $1 ORDER BY w.id`, id)
	for _, row := range rows {
		h.Webhooks = append(h.Webhooks, row.webhook())
	}
	return err
}
