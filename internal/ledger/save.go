package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// Writes are the changes of books as data-modifying queries, for the WITH of one statement. Their parameter $1 is
// Arg. Queries is empty when nothing changed.
type Writes struct {
	Queries string // "name AS (…), name AS (…)"
	Arg     string // JSON
}

// WritesOf collects what the books learned since they were loaded.
func WritesOf(now time.Time, books ...*Book) (Writes, error) {
	var c changes
	for _, b := range books {
		c.add(b, now.UTC())
	}
	var parts []string
	for _, part := range []struct {
		query string
		rows  int
	}{
		{insertPayments, len(c.Payments)}, {updatePayments, len(c.Advanced)}, {upsertRefunds, len(c.Refunds)},
		{upsertDisputes, len(c.Disputes)}, {insertConversions, len(c.Conversions)}, {insertEntries, len(c.Entries)},
		{copyToEntries, len(c.Uncopied)}, {relabelEntries, len(c.Relabelled)},
	} {
		if part.rows > 0 {
			parts = append(parts, part.query)
		}
	}
	if len(parts) == 0 {
		return Writes{}, nil
	}
	if len(c.Payments) == 0 { // the other queries join it for the rows of new payments
		parts = append([]string{noPayments}, parts...)
	}
	arg, err := json.Marshal(c)
	if err != nil {
		return Writes{}, fmt.Errorf("write what books learned: %w", err)
	}
	return Writes{Queries: strings.Join(parts, ",\n"), Arg: string(arg)}, nil
}

// Save writes what was learned, in one statement, and the outcome of the reviews. It runs no statement if nothing was
// learned. The book cannot be used afterwards: its new rows have no ids yet.
func (b *Book) Save(ctx context.Context, tx *sqlx.Tx, now time.Time) error {
	w, err := WritesOf(now, b)
	if err != nil {
		return err
	}
	if w.Queries != "" {
		if _, err := tx.ExecContext(ctx, "WITH "+w.Queries+" SELECT 1", w.Arg); err != nil {
			return fmt.Errorf("save the book of %s: %w", b.subject.Contribution, err)
		}
	}
	return b.Reviews.Save(ctx, tx, b.subject.Contribution, now)
}

// The queries take their rows from $1, which has the shape of changes. payment_id is null for a payment that is
// inserted by the same statement; it is found by PayPal's id then.
const (
	noPayments = `new_payment (id, paypal_id) AS (SELECT NULL::bigint, NULL::text WHERE false)`

	insertPayments = `new_payment AS (
	INSERT INTO payment (contribution_id, kind, paypal_id, status, state, receipt, reason, amount_minor, currency,
	                     returned_minor, subscription_id, frequency, occurred_at, recorded_at)
	SELECT contribution_id, kind, paypal_id, status, state, receipt, reason, amount_minor, currency,
	       returned_minor, subscription_id, frequency, occurred_at, recorded_at
	FROM jsonb_to_recordset($1::text::jsonb->'payments') AS p (
	    contribution_id uuid, kind text, paypal_id text, status text, state text, receipt text, reason text,
	    amount_minor bigint, currency text, returned_minor bigint, subscription_id text, frequency text,
	    occurred_at timestamptz, recorded_at timestamptz)
	RETURNING id, paypal_id)`

	updatePayments = `advanced_payment AS (
	UPDATE payment SET status = p.status, state = p.state, receipt = p.receipt, reason = p.reason,
	                   returned_minor = p.returned_minor, subscription_id = p.subscription_id,
	                   frequency = p.frequency, occurred_at = p.occurred_at
	FROM jsonb_to_recordset($1::text::jsonb->'advanced') AS p (
	    payment_id bigint, status text, state text, receipt text, reason text, returned_minor bigint,
	    subscription_id text, frequency text, occurred_at timestamptz)
	WHERE payment.id = p.payment_id)`

	upsertRefunds = `kept_refund AS (
	INSERT INTO refund (payment_id, kind, paypal_id, status, reason, amount_minor, currency, occurred_at, recorded_at)
	SELECT coalesce(r.payment_id, n.id), r.kind, r.paypal_id, r.status, r.reason, r.amount_minor, r.currency,
	       r.occurred_at, r.recorded_at
	FROM jsonb_to_recordset($1::text::jsonb->'refunds') AS r (
	    payment_id bigint, payment text, kind text, paypal_id text, status text, reason text, amount_minor bigint,
	    currency text, occurred_at timestamptz, recorded_at timestamptz)
	LEFT JOIN new_payment n ON n.paypal_id = r.payment
	ON CONFLICT (paypal_id) DO UPDATE SET status = excluded.status, reason = excluded.reason)`

	upsertDisputes = `kept_dispute AS (
	INSERT INTO dispute (payment_id, paypal_id, status, paypal_status, stage, channel, reason, outcome, amount_minor,
	                     currency, may_accept, respond_by, opened_at, changed_at, recorded_at)
	SELECT coalesce(d.payment_id, n.id), d.paypal_id, d.status, d.paypal_status, d.stage, d.channel, d.reason, d.outcome,
	       d.amount_minor, d.currency, d.may_accept, d.respond_by, d.opened_at, d.changed_at, d.recorded_at
	FROM jsonb_to_recordset($1::text::jsonb->'disputes') AS d (
	    payment_id bigint, payment text, paypal_id text, status text, paypal_status text, stage text, channel text,
	    reason text, outcome text, amount_minor bigint, currency text, may_accept boolean, respond_by timestamptz,
	    opened_at timestamptz, changed_at timestamptz, recorded_at timestamptz)
	LEFT JOIN new_payment n ON n.paypal_id = d.payment
	ON CONFLICT (paypal_id) DO UPDATE SET
	    status = excluded.status, paypal_status = excluded.paypal_status, stage = excluded.stage,
	    outcome = excluded.outcome, may_accept = excluded.may_accept, respond_by = excluded.respond_by,
	    changed_at = excluded.changed_at)`

	insertConversions = `kept_conversion AS (
	INSERT INTO conversion (payment_id, from_minor, from_currency, to_minor, to_currency, rate, recorded_at)
	SELECT coalesce(v.payment_id, n.id), v.from_minor, v.from_currency, v.to_minor, v.to_currency, v.rate, v.recorded_at
	FROM jsonb_to_recordset($1::text::jsonb->'conversions') AS v (
	    payment_id bigint, payment text, from_minor bigint, from_currency text, to_minor bigint, to_currency text,
	    rate text, recorded_at timestamptz)
	LEFT JOIN new_payment n ON n.paypal_id = v.payment
	ON CONFLICT (payment_id) DO NOTHING)`

	// Ordered by number, so that entries keep the order in which they were booked. Each is also appended to
	// ledger_change, from where internal/report adds it to its sums.
	insertEntries = `booked_entry AS (
	INSERT INTO ledger_entry (contribution_id, payment_id, kind, amount_minor, currency, paypal_ref, occurred_at,
	                          recorded_at, source, webhook_event_id, campaign_id, frequency, article_id, counted)
	SELECT l.contribution_id, coalesce(l.payment_id, n.id), l.kind, l.amount_minor, l.currency, l.paypal_ref,
	       l.occurred_at, l.recorded_at, l.source, l.webhook_event_id, l.campaign_id, l.frequency, l.article_id, true
	FROM jsonb_to_recordset($1::text::jsonb->'entries') AS l (
	    number integer, contribution_id uuid, payment_id bigint, payment text, kind text, amount_minor bigint,
	    currency text, paypal_ref text, occurred_at timestamptz, recorded_at timestamptz, source text,
	    webhook_event_id bigint, campaign_id uuid, frequency text, article_id bigint)
	LEFT JOIN new_payment n ON n.paypal_id = l.payment
	ORDER BY l.number
	RETURNING occurred_at, currency, campaign_id, frequency, article_id, kind, amount_minor),
booked_change AS (
	INSERT INTO ledger_change (occurred_at, currency, campaign_id, frequency, article_id, kind, amount_minor, entries)
	SELECT occurred_at, currency, campaign_id, frequency, article_id, kind, amount_minor, 1 FROM booked_entry)`

	// The version before books entries without these while it runs beside this one. They are not counted before they
	// have them. Remove this with the version after next.
	copyToEntries = `copied_entry AS (
	UPDATE ledger_entry l SET campaign_id = c.campaign_id, article_id = c.article_id,
	                          frequency = coalesce(p.frequency, c.frequency), counted = false
	FROM contribution c, payment p
	WHERE c.id = l.contribution_id AND p.id = l.payment_id AND l.campaign_id IS NULL
	  AND c.id IN (SELECT u.id::uuid FROM jsonb_array_elements_text($1::text::jsonb->'uncopied') AS u (id)))`

	// The only part of an entry that later news changes; see Book.NoteTerms. Amounts and days stay. An entry without
	// a campaign is left to copyToEntries, since one statement may write a row only once. What was counted under the
	// frequency before is taken out there; an entry that is not counted yet will be, as it is by then.
	relabelEntries = `relabelled_entry AS (
	UPDATE ledger_entry l SET frequency = p.frequency
	FROM jsonb_to_recordset($1::text::jsonb->'relabelled') AS p (
	    payment_id bigint, contribution_id uuid, frequency text),
	    ledger_entry before
	WHERE l.contribution_id = p.contribution_id AND l.payment_id = p.payment_id AND l.campaign_id IS NOT NULL
	  AND before.id = l.id
	RETURNING l.occurred_at, l.currency, l.campaign_id, before.frequency AS before, l.frequency, l.article_id, l.kind,
	          l.amount_minor, l.counted),
relabelled_change AS (
	INSERT INTO ledger_change (occurred_at, currency, campaign_id, frequency, article_id, kind, amount_minor, entries)
	SELECT r.occurred_at, r.currency, r.campaign_id, m.frequency, r.article_id, r.kind, m.sign * r.amount_minor, m.sign
	FROM relabelled_entry r CROSS JOIN LATERAL (VALUES (r.before, -1), (r.frequency, 1)) AS m (frequency, sign)
	WHERE r.counted IS NOT FALSE)`
)

// changes is what the queries write.
type changes struct {
	Payments    []paymentRow    `json:"payments"`
	Advanced    []paymentRow    `json:"advanced"`
	Refunds     []refundRow     `json:"refunds"`
	Disputes    []disputeRow    `json:"disputes"`
	Conversions []conversionRow `json:"conversions"`
	Entries     []entryRow      `json:"entries"`
	Uncopied    []uuid.UUID     `json:"uncopied"` // contributions
	Relabelled  []labelRow      `json:"relabelled"`
}

// of identifies the payment that a row belongs to.
type of struct {
	PaymentID *int64 `json:"payment_id"`
	Payment   string `json:"payment"`
}

type paymentRow struct {
	PaymentID    int64     `json:"payment_id"`
	Contribution uuid.UUID `json:"contribution_id"`
	Kind         string    `json:"kind"`
	PayPalID     string    `json:"paypal_id"`
	Status       Status    `json:"status"`
	State        State     `json:"state"`
	Receipt      *string   `json:"receipt"`
	Reason       string    `json:"reason"`
	Minor        int64     `json:"amount_minor"`
	Currency     string    `json:"currency"`
	Returned     int64     `json:"returned_minor"`
	Subscription *string   `json:"subscription_id"`
	Frequency    *string   `json:"frequency"`
	OccurredAt   time.Time `json:"occurred_at"`
	RecordedAt   time.Time `json:"recorded_at"`
}

// labelRow is the frequency under which a payment's entries are counted.
type labelRow struct {
	PaymentID    int64     `json:"payment_id"`
	Contribution uuid.UUID `json:"contribution_id"`
	Frequency    string    `json:"frequency"`
}

type refundRow struct {
	of

	Kind       entryKind `json:"kind"`
	PayPalID   string    `json:"paypal_id"`
	Status     string    `json:"status"`
	Reason     string    `json:"reason"`
	Minor      int64     `json:"amount_minor"`
	Currency   string    `json:"currency"`
	OccurredAt time.Time `json:"occurred_at"`
	RecordedAt time.Time `json:"recorded_at"`
}

type disputeRow struct {
	of

	PayPalID     string     `json:"paypal_id"`
	Status       string     `json:"status"`
	PayPalStatus string     `json:"paypal_status"`
	Stage        string     `json:"stage"`
	Channel      string     `json:"channel"`
	Reason       string     `json:"reason"`
	Outcome      string     `json:"outcome"`
	Minor        int64      `json:"amount_minor"`
	Currency     string     `json:"currency"`
	MayAccept    bool       `json:"may_accept"`
	RespondBy    *time.Time `json:"respond_by"`
	OpenedAt     time.Time  `json:"opened_at"`
	ChangedAt    time.Time  `json:"changed_at"`
	RecordedAt   time.Time  `json:"recorded_at"`
}

type conversionRow struct {
	of

	FromMinor    int64     `json:"from_minor"`
	FromCurrency string    `json:"from_currency"`
	ToMinor      int64     `json:"to_minor"`
	ToCurrency   string    `json:"to_currency"`
	Rate         string    `json:"rate"`
	RecordedAt   time.Time `json:"recorded_at"`
}

type entryRow struct {
	of

	Number       int       `json:"number"`
	Contribution uuid.UUID `json:"contribution_id"`
	Kind         entryKind `json:"kind"`
	Minor        int64     `json:"amount_minor"`
	Currency     string    `json:"currency"`
	Ref          string    `json:"paypal_ref"`
	OccurredAt   time.Time `json:"occurred_at"`
	RecordedAt   time.Time `json:"recorded_at"`
	Source       string    `json:"source"`
	Event        *int64    `json:"webhook_event_id"`
	Campaign     uuid.UUID `json:"campaign_id"`
	Frequency    string    `json:"frequency"`
	Article      *int64    `json:"article_id"`
}

func (c *changes) add(b *Book, now time.Time) {
	for _, p := range b.payments {
		c.addPayment(b.subject, p, now)
	}
	for _, e := range b.booked {
		c.Entries = append(c.Entries, entryRow{
			of: e.payment.row(), Number: len(c.Entries), Contribution: b.subject.Contribution, Kind: e.kind,
			Minor: e.amount.Minor, Currency: string(e.amount.Currency), Ref: e.ref, OccurredAt: e.at, RecordedAt: now,
			Source: e.source.Way, Event: set(e.source.Event),
			Campaign: b.subject.Campaign, Frequency: e.payment.Frequency, Article: set(b.subject.Article),
		})
	}
	if b.uncopied {
		c.Uncopied = append(c.Uncopied, b.subject.Contribution)
	}
}

func (c *changes) addPayment(s Subject, p *Payment, now time.Time) {
	if p.changed {
		row := paymentRow{
			PaymentID: p.id, Contribution: s.Contribution, Kind: p.Kind, PayPalID: p.PayPalID, Status: p.Status,
			State: p.State, Receipt: set(p.Receipt), Reason: p.Reason, Minor: p.Amount.Minor,
			Currency: string(p.Amount.Currency), Returned: p.returned(), Subscription: set(p.Subscription),
			OccurredAt: p.OccurredAt, RecordedAt: now,
		}
		if p.Frequency != s.Frequency {
			row.Frequency = &p.Frequency
		}
		if p.id == 0 {
			c.Payments = append(c.Payments, row)
		} else {
			c.Advanced = append(c.Advanced, row)
		}
	}
	if p.relabelled && p.id != 0 {
		c.Relabelled = append(c.Relabelled, labelRow{p.id, s.Contribution, p.Frequency})
	}
	for _, r := range p.refunds {
		if r.changed {
			c.Refunds = append(c.Refunds, refundRow{
				of: p.row(), Kind: r.kind, PayPalID: r.paypalID, Status: r.status, Reason: r.reason,
				Minor: r.amount.Minor, Currency: string(r.amount.Currency), OccurredAt: r.occurredAt, RecordedAt: now,
			})
		}
	}
	for _, d := range p.disputes {
		if d.seen != nil {
			c.Disputes = append(c.Disputes, d.row(p, now))
		}
	}
	if v := p.conversion; v != nil {
		c.Conversions = append(c.Conversions, conversionRow{
			of: p.row(), FromMinor: v.from.Minor, FromCurrency: string(v.from.Currency),
			ToMinor: v.to.Minor, ToCurrency: string(v.to.Currency), Rate: v.rate, RecordedAt: now,
		})
	}
}

func (d *dispute) row(p *Payment, now time.Time) disputeRow {
	status := "open"
	if d.state == disputeResolved {
		status = string(disputeResolved)
	}
	return disputeRow{
		of: p.row(), PayPalID: d.paypalID, Status: status, PayPalStatus: string(d.seen.Status),
		Stage: string(d.stage), Channel: d.seen.Channel, Reason: d.seen.Reason, Outcome: string(d.seen.Outcome),
		Minor: d.seen.Amount.Minor, Currency: string(d.seen.Amount.Currency), MayAccept: d.seen.MayAccept,
		RespondBy: set(d.seen.RespondBy), OpenedAt: orNow(d.seen.CreatedAt, now), ChangedAt: d.changedAt, RecordedAt: now,
	}
}

func (p *Payment) row() of { return of{set(p.id), p.PayPalID} }

// set returns nil, which is null in the database, for the zero value.
func set[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
