package reconcile

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

// openDispute is the code of differences about an open dispute itself. PayPal's record has no rows for disputes, only
// for the money they move.
const openDispute = "CASE"

// openDisputes asks PayPal about every dispute that is open here, whenever it began: it may have ended without our
// hearing of it, and a run over some days would never look there. There are few open disputes at any time.
func (l *run) openDisputes() comparison {
	return comparison{
		name: "our open disputes",
		next: func(ctx context.Context, after string) (string, error) {
			return l.nextOurs(ctx, `SELECT id FROM dispute WHERE id > $1 AND status = 'open' ORDER BY id LIMIT $2`, after)
		},
		find: l.findOpenDisputes,
		asks: l.asksOpenDispute,
		repair: func(ctx context.Context, f finding) error {
			_, err := l.disputes.Settle(ctx, f.key, source)
			return err
		},
	}
}

// disputeRow is a dispute of ours that is open.
type disputeRow struct {
	Ref      string    `db:"ref"`
	Stage    string    `db:"stage"`
	Amount   int64     `db:"amount_minor"`
	Currency string    `db:"currency"`
	At       time.Time `db:"at"`
	Owner    uuid.UUID `db:"owner"`
	Receipt  string    `db:"receipt"`
	Parent   string    `db:"parent"`
	Held     bool      `db:"held"`
}

func (l *run) findOpenDisputes(ctx context.Context, s scope) ([]finding, error) {
	where, args := `d.id > $2 AND d.id <= $3`, []any{l.id, s.first(), s.last()}
	if s.keys != nil {
		where, args = `d.paypal_id = ANY($2)`, []any{l.id, db.Array(s.keys)}
	}
	var rows []disputeRow
	err := l.db.SelectContext(ctx, &rows, `
		SELECT d.paypal_id AS ref, d.stage, d.amount_minor, d.currency, d.opened_at AS at,
		       c.id AS owner, c.receipt, p.paypal_id AS parent,
		       EXISTS (SELECT 1 FROM ledger_entry e WHERE e.kind = 'dispute_hold' AND e.paypal_ref = d.paypal_id) AS held
		FROM dispute d
		JOIN payment p ON p.id = d.payment_id
		JOIN contribution c ON c.id = p.contribution_id
		WHERE `+stillRunning+` AND d.status = 'open' AND `+where+` ORDER BY d.id`, args...)
	if err != nil {
		return nil, fmt.Errorf("compare our open disputes: %w", err)
	}
	found := make([]finding, 0, len(rows))
	for _, r := range rows {
		d := Difference{
			Kind: MissingThere, Ref: r.Ref, Code: openDispute, Contribution: r.Owner, Receipt: r.Receipt, Parent: r.Parent,
			Ours: disputeWords(money.New(r.Amount, money.Currency(r.Currency)), true, r.Stage, r.Held),
			At:   r.At.UTC(), state: "open",
		}
		open := "open"
		found = append(found, finding{
			key: r.Ref, differences: []Difference{d}, pair: pair{Ref: r.Ref, At: r.At, OurStatus: &open},
		})
	}
	return found, nil
}

// asksOpenDispute compares a dispute with PayPal's answer about it. One that PayPal does not know is left for a
// person.
func (l *run) asksOpenDispute(ctx context.Context, f *finding) (bool, error) {
	seen, err := l.paypal.Dispute(ctx, f.key)
	if err != nil {
		f.permanent = paypal.NotFound(err)
		return false, err
	}
	d := &f.differences[0]
	d.Theirs = disputeWords(seen.Amount, seen.Open(), string(seen.Stage), seen.Holds())
	if d.Theirs == d.Ours {
		return true, nil
	}
	d.Kind = WrongStatus
	return false, nil
}

// disputeWords formats the properties of a dispute that must be equal on both sides.
func disputeWords(amount money.Amount, open bool, stage string, holds bool) string {
	words := []string{amount.String(), "ended", strings.ReplaceAll(strings.ToLower(stage), "_", " ")}
	if open {
		words[1] = "open"
	}
	if holds {
		words = append(words, "held back")
	}
	return strings.Join(words, ", ")
}

// disputesThere looks for entries of ended disputes that PayPal's record does not have, and asks the Disputes API,
// from which they came. It begins before the span, because our date of a hold may be earlier than PayPal's.
func (l *run) disputesThere() comparison {
	return comparison{
		name: "our disputes",
		next: func(ctx context.Context, after string) (string, error) {
			return l.nextOurs(ctx, `SELECT id FROM dispute WHERE id > $1 ORDER BY id LIMIT $2`, after)
		},
		find: l.findDisputesThere,
		asks: func(ctx context.Context, f *finding) (bool, error) {
			seen, err := l.paypal.Dispute(ctx, f.differences[0].Ref)
			if err != nil {
				return false, err
			}
			return seen.Holds() && seen.Amount == money.New(f.pair.Amount, money.Currency(f.pair.Currency)), nil
		},
	}
}

func (l *run) findDisputesThere(ctx context.Context, s scope) ([]finding, error) {
	var rows []oursAlone
	err := l.db.SelectContext(ctx, &rows, `
		SELECT d.id, d.paypal_id AS ref, $6 AS code, 'completed' AS status, -e.amount_minor AS amount_minor, e.currency,
		       e.occurred_at AS at,
		       c.id AS owner, c.receipt, p.paypal_id AS parent, false AS direct
		FROM dispute d
		JOIN ledger_entry e ON e.kind = 'dispute_hold' AND e.paypal_ref = d.paypal_id
		JOIN payment p ON p.id = d.payment_id
		JOIN contribution c ON c.id = p.contribution_id
		WHERE `+stillRunning+` AND d.id > $2 AND d.id <= $3 AND d.status <> 'open'
		  AND e.occurred_at >= $4 AND e.occurred_at < $5
		  AND NOT EXISTS (
		      SELECT 1 FROM paypal_transaction t
		      WHERE t.run_id = $1 AND t.class = 'hold' AND t.reference_id = p.paypal_id)`,
		l.id, s.first(), s.last(), l.from.Add(-slack), l.judgedTo(), holdCode)
	if err != nil {
		return nil, fmt.Errorf("compare our disputes: %w", err)
	}
	return alone(rows), nil
}
