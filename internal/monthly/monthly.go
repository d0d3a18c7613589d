// Package monthly asks readers once, after a one-time gift, whether to make it monthly: it suggests the amount and
// saves the answer. It starts no contribution: the page does that, as for any gift.
package monthly

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/money"
)

// Suggestion is a row of the table that staff edit: after a one-time gift of at least From, the page suggests Amount a
// month. Both are minor units of Currency.
type Suggestion struct {
	Currency money.Currency `db:"currency"`
	From     int64          `db:"from_minor"`
	Amount   int64          `db:"amount_minor"`
}

// Range is the least and the most that may be given at once in a currency, in minor units: contribution.Limit.
type Range struct{ Min, Max int64 }

// Suggestions is the table, by currency and then by From.
func Suggestions(ctx context.Context, q sqlx.QueryerContext) ([]Suggestion, error) {
	var all []Suggestion
	err := sqlx.SelectContext(ctx, q, &all, `
		SELECT currency, from_minor, amount_minor FROM monthly_suggestion ORDER BY currency, from_minor`)
	if err != nil {
		return nil, db.Translate(fmt.Errorf("read the monthly amounts: %w", err))
	}
	return all, nil
}

// Of returns the rows of one currency.
func Of(all []Suggestion, c money.Currency) []Suggestion {
	var rows []Suggestion
	for _, s := range all {
		if s.Currency == c {
			rows = append(rows, s)
		}
	}
	return rows
}

// MostRows is how many rows a currency may have.
const MostRows = 20

// Replace replaces the rows of one currency; an empty list restores the program's own rule. before is what the person
// who changed the table had seen.
//
// Errors: a fault.Conflict if the rows have changed since; fault.Invalid for each wrong value, in the field "from.N" or
// "amount.N" of row N, counted from 0.
func Replace(ctx context.Context, tx *sqlx.Tx, c money.Currency, before, rows []Suggestion, limit Range) error {
	if err := check(c, rows, limit); err != nil {
		return err
	}
	// Two people who edit a currency without rows have no row to lock. This lock does not block readers.
	if _, err := tx.ExecContext(ctx, `LOCK TABLE monthly_suggestion IN SHARE ROW EXCLUSIVE MODE`); err != nil {
		return fmt.Errorf("lock the monthly amounts: %w", err)
	}
	all, err := Suggestions(ctx, tx)
	if err != nil {
		return err
	}
	if !slices.Equal(Of(all, c), sorted(c, before)) {
		return fault.New(fault.Conflict, "monthly.changed_meanwhile", fault.Args{"currency": c})
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM monthly_suggestion WHERE currency = $1`, string(c)); err != nil {
		return fmt.Errorf("remove the monthly amounts: %w", err)
	}
	for _, r := range rows {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO monthly_suggestion (currency, from_minor, amount_minor) VALUES ($1, $2, $3)`,
			string(c), r.From, r.Amount)
		if err != nil {
			return fmt.Errorf("write the monthly amounts: %w", err)
		}
	}
	return nil
}

// sorted returns rows in the order of the table.
func sorted(c money.Currency, rows []Suggestion) []Suggestion {
	out := slices.Clone(rows)
	for n := range out {
		out[n].Currency = c
	}
	slices.SortFunc(out, func(a, b Suggestion) int { return cmp.Compare(a.From, b.From) })
	return out
}
