package reconcile

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

// oursAlone is a record of ours that PayPal's record does not list.
type oursAlone struct {
	ID       int64     `db:"id"`
	Ref      string    `db:"ref"`
	Code     string    `db:"code"`
	Status   string    `db:"status"`
	Amount   int64     `db:"amount_minor"` // positive
	Currency string    `db:"currency"`
	At       time.Time `db:"at"`
	Owner    uuid.UUID `db:"owner"`
	Receipt  string    `db:"receipt"`
	Parent   string    `db:"parent"`
	Direct   bool      `db:"direct"`
}

func alone(rows []oursAlone) []finding {
	found := make([]finding, 0, len(rows))
	for _, r := range rows {
		d := Difference{
			Kind: MissingThere, Ref: r.Ref, Code: r.Code, Contribution: r.Owner, Receipt: r.Receipt, Parent: r.Parent,
			Ours: money.New(r.Amount, money.Currency(r.Currency)).String() + ", " + r.Status, At: r.At.UTC(), state: "open",
		}
		found = append(found, finding{
			key: r.Ref, differences: []Difference{d}, permanent: true,
			pair: pair{Ref: r.Ref, At: r.At, Status: r.Status, Amount: r.Amount, Currency: r.Currency, Direct: r.Direct},
		})
	}
	return found
}

// nextOurs returns the last row of the next batch of one of our tables.
func (l *run) nextOurs(ctx context.Context, ids, after string) (string, error) {
	var upTo *int64
	if err := l.db.GetContext(ctx, &upTo, `SELECT max(id) FROM (`+ids+`) b`, scope{after: after}.first(),
		4*batch); err != nil {
		return "", fmt.Errorf("find the next batch: %w", err)
	}
	if upTo == nil {
		return "", nil
	}
	return strconv.FormatInt(*upTo, 10), nil
}

// paymentsThere looks for our payments that PayPal's record does not list, as far as that record reaches.
func (l *run) paymentsThere() comparison {
	return comparison{
		name: "our payments",
		next: func(ctx context.Context, after string) (string, error) {
			return l.nextMoment(ctx, `
				SELECT occurred_at FROM payment WHERE occurred_at > $1 AND occurred_at >= $2 AND occurred_at < $3
				ORDER BY occurred_at LIMIT $4`,
				scope{after: after}.from(), l.from, l.judgedTo(), 4*batch)
		},
		find: l.findPaymentsThere,
		asks: l.asksPaymentThere,
	}
}

func (l *run) findPaymentsThere(ctx context.Context, s scope) ([]finding, error) {
	// Nearly all are listed at about our time for them. Only the others are looked up by their id.
	ids, err := l.ids(ctx, `
		SELECT paypal_id FROM payment
		WHERE status IN ('completed', 'pending') AND occurred_at > $2 AND occurred_at <= $3 AND occurred_at >= $4
		EXCEPT
		SELECT paypal_id FROM paypal_transaction
		WHERE run_id = $1 AND class = 'gift' AND initiated_at >= $5 AND initiated_at <= $6`,
		l.id, s.from(), s.to(), l.from, later(s.from(), l.from).Add(-near), s.to().Add(near))
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	var rows []oursAlone
	err = l.db.SelectContext(ctx, &rows, `
		WITH p AS MATERIALIZED (
			SELECT p.* FROM payment p `+lookUp("p", gift)+`
			WHERE `+stillRunning+` AND p.paypal_id = ANY($2) AND theirs.listed IS NULL)
		SELECT p.id, p.paypal_id AS ref, '' AS code, p.status, p.amount_minor, p.currency, p.occurred_at AS at,
		       c.id AS owner, c.receipt, '' AS parent, p.kind = 'direct' AS direct
		FROM p JOIN contribution c ON c.id = p.contribution_id
		ORDER BY p.occurred_at, p.id`,
		l.id, db.Array(ids))
	if err != nil {
		return nil, fmt.Errorf("compare our payments: %w", err)
	}
	return alone(rows), nil
}

// lookUp joins our rows with whether PayPal's record lists one of that id and class. It forces a lookup for each:
// left to itself, PostgreSQL compares every batch with the whole record.
func lookUp(ours string, class class) string {
	return fmt.Sprintf(`LEFT JOIN LATERAL (
		SELECT true AS listed FROM paypal_transaction t
		WHERE t.run_id = $1 AND t.paypal_id = %s.paypal_id AND t.class = '%s' LIMIT 1) theirs ON true`, ours, class)
}

// asksPaymentThere asks the API, which knows a payment before its record does. A payment without an order is only in
// the record: its date may be slightly outside the span.
func (l *run) asksPaymentThere(ctx context.Context, f *finding) (bool, error) {
	ours := money.New(f.pair.Amount, money.Currency(f.pair.Currency))
	if f.pair.Direct {
		return l.listed(ctx, f.key, f.pair.At, ours)
	}
	seen, err := l.seen(ctx, f.key)
	if err != nil {
		return false, err
	}
	return seen.Amount == ours && (cameIn(seen) || f.pair.Status == "pending" && seen.Status == paypal.CapturePending), nil
}

// listed looks up a single row in PayPal's record, around a day.
func (l *run) listed(ctx context.Context, id string, at time.Time, amount money.Amount) (bool, error) {
	page, err := l.page(ctx, paypal.TransactionQuery{
		From: at.Add(-24 * time.Hour), To: at.Add(24 * time.Hour), ID: id, PageSize: 10, All: true,
	})
	if err != nil {
		return false, err
	}
	for _, t := range page.Transactions {
		if t.ID == id && t.Amount == amount {
			return true, nil
		}
	}
	return false, nil
}

// refundsThere is the same for refunds and reversals.
func (l *run) refundsThere() comparison {
	return comparison{
		name: "our refunds",
		next: func(ctx context.Context, after string) (string, error) {
			return l.nextOurs(ctx, `SELECT id FROM refund WHERE id > $1 ORDER BY id LIMIT $2`, after)
		},
		find: l.findRefundsThere,
		asks: l.asksRefundThere,
	}
}

func (l *run) findRefundsThere(ctx context.Context, s scope) ([]finding, error) {
	var rows []oursAlone
	err := l.db.SelectContext(ctx, &rows, `
		WITH r AS MATERIALIZED (
			SELECT r.* FROM refund r `+lookUp("r", back)+`
			WHERE `+stillRunning+` AND r.id > $2 AND r.id <= $3 AND r.status IN ('completed', 'pending')
			  AND r.occurred_at >= $4 AND r.occurred_at < $5 AND theirs.listed IS NULL)
		SELECT r.id, r.paypal_id AS ref, CASE r.kind WHEN 'reversal' THEN 'T1106' ELSE 'T1107' END AS code, r.status,
		       r.amount_minor, r.currency, r.occurred_at AS at, c.id AS owner, c.receipt, p.paypal_id AS parent,
		       p.kind = 'direct' AS direct
		FROM r JOIN payment p ON p.id = r.payment_id JOIN contribution c ON c.id = p.contribution_id`,
		l.id, s.first(), s.last(), l.from, l.judgedTo())
	if err != nil {
		return nil, fmt.Errorf("compare our refunds: %w", err)
	}
	return alone(rows), nil
}

func (l *run) asksRefundThere(ctx context.Context, f *finding) (bool, error) {
	ours := money.New(f.pair.Amount, money.Currency(f.pair.Currency))
	if f.pair.Direct {
		return l.listed(ctx, f.key, f.pair.At, ours.Neg())
	}
	seen, err := l.paypal.Refund(ctx, f.key)
	if err != nil {
		return false, err
	}
	return seen.Amount == ours && string(seen.Status) == map[string]string{
		"completed": "COMPLETED", "pending": "PENDING",
	}[f.pair.Status], nil
}
