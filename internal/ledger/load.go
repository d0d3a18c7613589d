package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
)

// Column is an expression that reads the book of the contribution c, for Parse. w.named is an array, as text, of
// PayPal's ids that the facts name (IDs); the expression reports which of them belong to another contribution.
//
// The caller locks c in the same statement. If that statement had to wait for the lock, it returns c's row as it is
// now, but this expression's rows as they were before; the caller then has to read again.
const Column = `json_build_object(
	'payments', (
	    SELECT json_agg(json_build_object('id', p.id, 'paypal_id', p.paypal_id, 'kind', p.kind, 'status', p.status,
	        'state', p.state, 'receipt', p.receipt, 'reason', p.reason, 'amount_minor', p.amount_minor,
	        'currency', p.currency, 'occurred_at', p.occurred_at, 'subscription_id', p.subscription_id,
	        'frequency', p.frequency,
	        'converted', EXISTS (SELECT 1 FROM conversion v WHERE v.payment_id = p.id),
	        'refunds', (
	            SELECT json_agg(json_build_object('paypal_id', r.paypal_id, 'kind', r.kind, 'status', r.status,
	                'amount_minor', r.amount_minor, 'currency', r.currency) ORDER BY r.id)
	            FROM refund r WHERE r.payment_id = p.id),
	        'disputes', (
	            SELECT json_agg(json_build_object('paypal_id', d.paypal_id, 'status', d.status, 'stage', d.stage,
	                'changed_at', d.changed_at) ORDER BY d.id)
	            FROM dispute d WHERE d.payment_id = p.id)) ORDER BY p.id)
	    FROM payment p WHERE p.contribution_id = c.id),
	'entries', (
	    SELECT json_agg(json_build_object('kind', l.kind, 'paypal_ref', l.paypal_ref, 'amount_minor', l.amount_minor,
	        'currency', l.currency, 'copied', l.campaign_id IS NOT NULL))
	    FROM ledger_entry l WHERE l.contribution_id = c.id),
	'elsewhere', (
	    SELECT json_object_agg(o.paypal_id, o.contribution_id) FROM owner o
	    WHERE o.paypal_id = ANY (w.named::text[]) AND o.contribution_id <> c.id))`

// Owners is a query that the WITH of a statement with Column needs. It finds the owners of the things that facts
// name, as far as we know them. Its parameter $2 is a text[] of the ids that all of the facts name. It reads only the
// tables that facts of these kinds can be in: most facts are about payments alone, and each further table costs a
// tenth of the statement's planning.
func Owners(facts ...Fact) string {
	tables := []string{`SELECT p.paypal_id, p.contribution_id FROM payment p WHERE p.paypal_id = ANY ($2::text[])`}
	if slices.ContainsFunc(facts, func(f Fact) bool { return f.refund != nil }) {
		tables = append(tables, `
	SELECT r.paypal_id, p.contribution_id FROM refund r JOIN payment p ON p.id = r.payment_id
	WHERE r.paypal_id = ANY ($2::text[])`)
	}
	if slices.ContainsFunc(facts, func(f Fact) bool { return f.dispute != nil }) {
		tables = append(tables, `
	SELECT d.paypal_id, p.contribution_id FROM dispute d JOIN payment p ON p.id = d.payment_id
	WHERE d.paypal_id = ANY ($2::text[])`)
	}
	return "owner (paypal_id, contribution_id) AS MATERIALIZED (\n\t" + strings.Join(tables, "\n\tUNION ALL") + ")"
}

// IDs returns PayPal's ids that the facts name, for Column.
func IDs(facts ...Fact) []string {
	ids := []string{}
	for _, f := range facts {
		switch {
		case f.capture != nil:
			ids = append(ids, f.capture.ID)
		case f.refund != nil:
			ids = append(ids, f.refund.ID, f.refund.CaptureID)
		case f.dispute != nil:
			ids = append(ids, f.dispute.ID)
		}
	}
	return ids
}

// column is the value of Column.
type column struct {
	Payments []struct {
		ID         int64     `json:"id"`
		PayPalID   string    `json:"paypal_id"`
		Kind       string    `json:"kind"`
		Status     Status    `json:"status"`
		State      State     `json:"state"`
		Receipt    string    `json:"receipt"`
		Reason     string    `json:"reason"`
		Minor      int64     `json:"amount_minor"`
		Currency   string    `json:"currency"`
		OccurredAt time.Time `json:"occurred_at"`
		Sub        string    `json:"subscription_id"`
		Frequency  string    `json:"frequency"` // empty for the contribution's
		Converted  bool      `json:"converted"`
		Refunds    []struct {
			PayPalID string    `json:"paypal_id"`
			Kind     entryKind `json:"kind"`
			Status   string    `json:"status"`
			Minor    int64     `json:"amount_minor"`
			Currency string    `json:"currency"`
		} `json:"refunds"`
		Disputes []struct {
			PayPalID  string              `json:"paypal_id"`
			Status    string              `json:"status"`
			Stage     paypal.DisputeStage `json:"stage"`
			ChangedAt time.Time           `json:"changed_at"`
		} `json:"disputes"`
	} `json:"payments"`
	Entries []struct {
		Kind     entryKind `json:"kind"`
		Ref      string    `json:"paypal_ref"`
		Minor    int64     `json:"amount_minor"`
		Currency string    `json:"currency"`
		Copied   bool      `json:"copied"`
	} `json:"entries"`
	Elsewhere map[string]uuid.UUID `json:"elsewhere"`
}

// Parse reads a book from the value of Column.
func Parse(s Subject, text []byte, reviews *review.List) (*Book, error) {
	var in column
	if err := json.Unmarshal(text, &in); err != nil {
		return nil, fmt.Errorf("read the book of %s: %w", s.Contribution, err)
	}
	b := New(s, reviews)
	b.elsewhere = in.Elsewhere
	for _, row := range in.Entries {
		amount := money.New(row.Minor, money.Currency(row.Currency))
		b.entries[entryKey{row.Kind, row.Ref}] = entry{kind: row.Kind, amount: amount, ref: row.Ref}
		b.uncopied = b.uncopied || !row.Copied
	}
	for _, row := range in.Payments {
		p := &Payment{
			PayPalID: row.PayPalID, Kind: row.Kind, Subscription: row.Sub, Frequency: cmp.Or(row.Frequency, s.Frequency),
			Status: row.Status, State: row.State, Receipt: row.Receipt, Reason: row.Reason,
			Amount: money.New(row.Minor, money.Currency(row.Currency)), OccurredAt: row.OccurredAt.UTC(), id: row.ID,
			converted: row.Converted, labelled: true,
		}
		for _, back := range row.Refunds {
			p.refunds = append(p.refunds, &refund{
				paypalID: back.PayPalID, kind: back.Kind, status: back.Status,
				amount: money.New(back.Minor, money.Currency(back.Currency)),
			})
		}
		for _, d := range row.Disputes {
			_, held := b.entries[entryKey{kindDisputeHold, d.PayPalID}]
			p.disputes = append(p.disputes, &dispute{
				paypalID: d.PayPalID, stage: d.Stage, changedAt: d.ChangedAt.UTC(), state: keptState(d.Status, d.Stage, held),
			})
		}
		b.payments = append(b.payments, p)
	}
	b.complete()
	return b, nil
}

// keptState is the state of a dispute that is stored with PayPal's status and stage.
func keptState(status string, stage paypal.DisputeStage, held bool) disputeState {
	switch {
	case status == string(disputeResolved):
		return disputeResolved
	case held || paypal.Dispute{Stage: stage}.Holds():
		return disputeHeld
	default:
		return disputeInquiry
	}
}

// complete fills in what the version before leaves out while it runs beside this one: it moves a payment's status
// without its state, and gives no receipt numbers. Save writes both with the next change. Remove this with the
// version after next.
func (b *Book) complete() {
	for _, p := range b.payments {
		p.advance()
	}
	b.number()
}

// Load reads the book of a contribution that the caller has locked, in a statement before this one.
func Load(ctx context.Context, tx *sqlx.Tx, contribution uuid.UUID, facts ...Fact) (*Book, error) {
	var row struct {
		Campaign  uuid.UUID `db:"campaign_id"`
		Frequency string    `db:"frequency"`
		Article   int64     `db:"article_id"`
		Minor     int64     `db:"amount_minor"`
		Currency  string    `db:"currency"`
		Receipt   string    `db:"receipt"`
		Book      []byte    `db:"book"`
		Reviews   []byte    `db:"reviews"`
	}
	named := db.Array(IDs(facts...))
	err := tx.GetContext(ctx, &row, `
		WITH `+Owners(facts...)+`
		SELECT c.campaign_id, c.frequency, coalesce(c.article_id, 0) AS article_id, c.amount_minor, c.currency, c.receipt,
		       `+Column+` AS book, `+review.Column+` AS reviews
		FROM contribution c CROSS JOIN (SELECT $2::text[]::text) w (named) WHERE c.id = $1`,
		contribution, named)
	if err != nil {
		return nil, fmt.Errorf("load the book of %s: %w", contribution, err)
	}
	reviews, err := review.ParseList(row.Reviews)
	if err != nil {
		return nil, err
	}
	return Parse(Subject{
		Contribution: contribution, Campaign: row.Campaign, Frequency: row.Frequency, Article: row.Article,
		Amount: money.New(row.Minor, money.Currency(row.Currency)), Receipt: row.Receipt,
	}, row.Book, reviews)
}
