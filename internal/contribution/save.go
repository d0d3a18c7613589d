package contribution

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/checkout"
	"readerfund/internal/ledger"
	"readerfund/internal/paypal"
	"readerfund/internal/subscription"
)

// Change is what Save writes of a locked contribution: its present state, and what its ledger learned.
type Change struct {
	*Locked

	Before        State                       // the state when it was locked
	Events        []Event                     // new lines of its history
	Payer         paypal.Payer                // linked as its supporter, if PayPal named the payer
	Subscriptions []subscription.Subscription // those about which something was learned
}

// written is the JSON from which Save's queries take their rows.
type written struct {
	Contributions []standing `json:"contributions"`
	History       []line     `json:"history"`
	People        []person   `json:"people"`
	Subscriptions []any      `json:"subscriptions"`
}

// standing is the present state of a contribution, as it is written.
type standing struct {
	ID           uuid.UUID `json:"id"`
	State        State     `json:"state"`
	Reason       string    `json:"reason"`
	OrderID      string    `json:"order_id"`
	Subscription string    `json:"subscription_id"`
	ApproveURL   string    `json:"approve_url"`
	RetryURL     string    `json:"retry_url"`
	Attempt      int       `json:"capture_attempt"`
	Unanswered   int       `json:"capture_doubt"`
	Refused      int       `json:"capture_refused"`
	AttemptedAt  time.Time `json:"capture_begun_at,omitzero"`
	LeasedUntil  time.Time `json:"capture_until,omitzero"`
	MissingSince time.Time `json:"gone_since,omitzero"`
	Gone         bool      `json:"gone"`
	CompletedAt  time.Time `json:"completed_at,omitzero"`
	RetryAt      time.Time `json:"retry_at,omitzero"`
	Moved        bool      `json:"moved"` // its state is not the one it had before
	CheckAt      time.Time `json:"check_at,omitzero"`
	Payer        string    `json:"payer"` // the supporter's address, if one is linked
}

// line is a line of the history.
type line struct {
	Contribution uuid.UUID `json:"contribution_id"`
	Number       int       `json:"number"`
	Fact         string    `json:"fact"`
	Detail       string    `json:"detail"`
	Ref          string    `json:"paypal_ref"`
	From         State     `json:"from_state"`
	To           State     `json:"to_state"`
	Source       Way       `json:"source"`
	Event        *int64    `json:"webhook_event_id"`
}

// person is a supporter to link.
type person struct {
	ID      uuid.UUID `json:"id"`
	Email   string    `json:"email"`
	Name    string    `json:"name"`
	Country string    `json:"country"`
}

const (
	insertEvents = `history AS (
	INSERT INTO contribution_event (contribution_id, fact, detail, paypal_ref, from_state, to_state, source,
	                                webhook_event_id, at)
	SELECT h.contribution_id, h.fact, h.detail, h.paypal_ref, h.from_state, h.to_state, h.source, h.webhook_event_id, $3
	FROM jsonb_to_recordset($2::text::jsonb->'history') AS h (
	    contribution_id uuid, number integer, fact text, detail text, paypal_ref text, from_state text, to_state text,
	    source text, webhook_event_id bigint)
	ORDER BY h.number)`

	// Values that PayPal leaves out this time are kept. In one order, so that two processes that write the same people
	// lock them in the same order and do not deadlock.
	upsertPeople = `person AS (
	INSERT INTO supporter (id, email, name, country, created_at, updated_at)
	SELECT p.id, lower(p.email), p.name, p.country, $3, $3
	FROM jsonb_to_recordset($2::text::jsonb->'people') AS p (id uuid, email text, name text, country text)
	ORDER BY 2
	ON CONFLICT (email) DO UPDATE SET
	    name = coalesce(nullif(excluded.name, ''), supporter.name),
	    country = coalesce(nullif(excluded.country, ''), supporter.country), updated_at = excluded.updated_at
	RETURNING id, email)`

	// A new state restarts the schedule of the sweep's checks.
	updateContributions = `
	UPDATE contribution c
	SET state = n.state, reason = n.reason, order_id = nullif(n.order_id, ''),
	    subscription_id = nullif(n.subscription_id, ''), approve_url = n.approve_url,
	    retry_url = n.retry_url, capture_attempt = n.capture_attempt, capture_doubt = n.capture_doubt,
	    capture_refused = n.capture_refused, capture_begun_at = n.capture_begun_at, capture_until = n.capture_until,
	    gone_since = n.gone_since, gone = n.gone, completed_at = n.completed_at, retry_at = n.retry_at, updated_at = $3,
	    checks = CASE WHEN n.moved THEN 0 ELSE c.checks END,
	    check_at = CASE WHEN n.moved OR n.check_at IS NULL THEN n.check_at
	                    ELSE least(coalesce(c.check_at, n.check_at), n.retry_at) END,
	    supporter_id = coalesce(p.id, c.supporter_id)
	FROM jsonb_to_recordset($2::text::jsonb->'contributions') AS n (
	    id uuid, state text, reason text, order_id text, subscription_id text, approve_url text, retry_url text,
	    capture_attempt integer, capture_doubt integer, capture_refused integer, capture_begun_at timestamptz,
	    capture_until timestamptz,
	    gone_since timestamptz, gone boolean, completed_at timestamptz, retry_at timestamptz, moved boolean,
	    check_at timestamptz, payer text)
	LEFT JOIN person p ON p.email = lower(n.payer)
	WHERE c.id = n.id`

	noPeople = `person (id, email) AS (SELECT NULL::uuid, NULL::text WHERE false)`
	noWrites = `unchanged AS (SELECT $1::text)`
)

// Save writes contributions that are locked, their histories, their supporters, and what the ledger learned, in one
// statement. every is the interval of the sweep.
func Save(ctx context.Context, tx *sqlx.Tx, changes []Change, now time.Time, every time.Duration) error {
	w := written{History: []line{}} // null is no array to PostgreSQL
	books := make([]*ledger.Book, len(changes))
	for n, c := range changes {
		c.Contribution.UpdatedAt = now
		books[n] = c.Book
		w.add(c, now, every)
	}
	money, err := ledger.WritesOf(now, books...)
	if err != nil {
		return err
	}
	text, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("write contributions: %w", err)
	}
	with := []string{cmp.Or(money.Queries, noWrites), insertEvents, noPeople}
	if len(w.People) > 0 {
		with[2] = upsertPeople
	}
	if len(w.Subscriptions) > 0 {
		with = append(with, subscription.Upsert)
	}
	_, err = tx.ExecContext(ctx, "WITH "+strings.Join(with, ",\n")+updateContributions, money.Arg, string(text), now)
	if err != nil {
		return fmt.Errorf("save contributions: %w", err)
	}
	return nil
}

func (w *written) add(change Change, now time.Time, every time.Duration) {
	c, k := change.Contribution, change.Contribution.Checkout
	w.Contributions = append(w.Contributions, standing{
		ID: c.ID, State: c.State, Reason: c.Reason, ApproveURL: k.ApproveURL, RetryURL: k.RetryURL,
		Attempt: k.Attempt, Unanswered: k.Unanswered, Refused: k.Refused, AttemptedAt: k.AttemptedAt,
		LeasedUntil: k.LeasedUntil, MissingSince: k.MissingSince, Gone: k.Gone, CompletedAt: c.CompletedAt,
		RetryAt: k.RetryAt, Moved: c.State != change.Before, Payer: change.Payer.Email,
		CheckAt: k.NextCheck(change.money(), 0, now, every),
	})
	at := &w.Contributions[len(w.Contributions)-1]
	if k.Kind == checkout.Subscription {
		at.Subscription = k.PayPalID
	} else {
		at.OrderID = k.PayPalID
	}
	for _, s := range change.Subscriptions {
		w.Subscriptions = append(w.Subscriptions, s.Row(s.NextCheck(now)))
	}
	for _, e := range change.Events {
		l := line{
			Contribution: c.ID, Number: len(w.History), Fact: e.Kind, Detail: e.Detail, Ref: e.Ref, From: e.From, To: e.To,
			Source: e.Way,
		}
		if e.Webhook != 0 {
			l.Event = &e.Webhook
		}
		w.History = append(w.History, l)
	}
	if change.Payer.Email != "" {
		w.link(change.Payer)
	}
}

// link adds a supporter to be written: once, however many of the contributions are theirs. If PayPal wrote the
// address in two spellings, PostgreSQL refuses the statement, because it would update one row twice.
func (w *written) link(p paypal.Payer) {
	for n, known := range w.People {
		if known.Email == p.Email {
			w.People[n].Name, w.People[n].Country = cmp.Or(p.Name(), known.Name), cmp.Or(p.Country, known.Country)
			return
		}
	}
	w.People = append(w.People, person{uuid.New(), p.Email, p.Name(), p.Country})
}

// money summarises the book, as far as it decides when to ask PayPal.
func (c Change) money() checkout.Money {
	s := c.Book.Standing()
	return checkout.Money{Paid: s.Payments > 0, Held: s.Disputed || s.Pending, Ended: c.Locked.Ended()}
}

func null(t time.Time) sql.NullTime { return sql.NullTime{Time: t, Valid: !t.IsZero()} }
