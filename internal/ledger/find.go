package ledger

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
)

// OpenDisputes returns PayPal's ids of a contribution's open disputes.
func OpenDisputes(ctx context.Context, q sqlx.QueryerContext, contribution uuid.UUID) ([]string, error) {
	var ids []string
	err := sqlx.SelectContext(ctx, q, &ids, `
		SELECT d.paypal_id FROM dispute d JOIN payment p ON p.id = d.payment_id
		WHERE p.contribution_id = $1 AND d.status = 'open' ORDER BY d.id`, contribution)
	if err != nil {
		return nil, db.Translate(fmt.Errorf("find open disputes: %w", err))
	}
	return ids, nil
}

// PendingPayments returns PayPal's ids of a contribution's payments that PayPal holds back.
func PendingPayments(ctx context.Context, q sqlx.QueryerContext, contribution uuid.UUID) ([]string, error) {
	var ids []string
	err := sqlx.SelectContext(ctx, q, &ids, `
		SELECT paypal_id FROM payment WHERE contribution_id = $1 AND status = 'pending' ORDER BY id`, contribution)
	if err != nil {
		return nil, db.Translate(fmt.Errorf("find pending payments: %w", err))
	}
	return ids, nil
}

// Captures returns PayPal's ids of a contribution's payments that have an order behind them.
func Captures(ctx context.Context, q sqlx.QueryerContext, contribution uuid.UUID) ([]string, error) {
	var ids []string
	err := sqlx.SelectContext(ctx, q, &ids, `
		SELECT paypal_id FROM payment WHERE contribution_id = $1 AND kind <> 'direct' ORDER BY id`, contribution)
	if err != nil {
		return nil, db.Translate(fmt.Errorf("find payments: %w", err))
	}
	return ids, nil
}

// Owner is the contribution to which one of the payments belongs, by PayPal's ids, and whether that payment was made
// in PayPal directly. The error is ErrNotOurs when we know none of them.
func Owner(ctx context.Context, q sqlx.QueryerContext, payments ...string) (id uuid.UUID, direct bool, err error) {
	var of struct {
		Contribution uuid.UUID `db:"contribution_id"`
		Direct       bool      `db:"direct"`
	}
	err = sqlx.GetContext(ctx, q, &of, `
		SELECT contribution_id, kind = 'direct' AS direct FROM payment WHERE paypal_id = ANY($1) ORDER BY id LIMIT 1`,
		db.Array(payments))
	if db.IsNotFound(err) {
		return uuid.Nil, false, ErrNotOurs
	}
	if err != nil {
		return uuid.Nil, false, db.Translate(fmt.Errorf("find the owner of a payment: %w", err))
	}
	return of.Contribution, of.Direct, nil
}
