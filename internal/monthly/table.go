package monthly

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/audit"
	"readerfund/internal/db"
	"readerfund/internal/money"
)

// changed is what the audit log says of an edit. Its subject is the currency.
const changed audit.Action = "monthly.change"

// TableConfig is what a Table needs.
type TableConfig struct {
	DB     *db.DB
	Limits func(money.Currency) Range
	Now    func() time.Time
}

// Table is the table of monthly amounts, as staff edit it. It is safe for concurrent use.
type Table struct{ cfg TableConfig }

// NewTable makes a Table.
func NewTable(cfg TableConfig) *Table { return &Table{cfg} }

// By is the account that edits.
type By struct {
	ID   uuid.UUID
	Name string // email address
}

// Of are the rows of one currency by From, and where there are none what is asked for by the program's own rule.
func (t *Table) Of(ctx context.Context, c money.Currency) (rows, examples []Suggestion, err error) {
	all, err := Suggestions(ctx, t.cfg.DB)
	if err != nil {
		return nil, nil, err
	}
	if rows = Of(all, c); len(rows) == 0 {
		examples = Default(c, t.cfg.Limits(c))
	}
	return rows, examples, nil
}

// Replace is the function Replace in a transaction of its own, with an entry in the audit log.
func (t *Table) Replace(ctx context.Context, c money.Currency, before, rows []Suggestion, by By) error {
	return t.cfg.DB.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := Replace(ctx, tx, c, before, rows, t.cfg.Limits(c)); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{
			At: t.cfg.Now().UTC(), StaffID: by.ID, Actor: by.Name, Action: changed, Subject: string(c),
			Detail: map[string]string{"before": listed(c, before), "after": listed(c, rows)},
		})
	})
}

// listed are rows on one line for the audit log: "10.00: 2.00, 50.00: 8.00", and "default" where there are none.
func listed(c money.Currency, rows []Suggestion) string {
	if len(rows) == 0 {
		return "default"
	}
	lines := make([]string, len(rows))
	for n, r := range sorted(c, rows) {
		lines[n] = money.New(r.From, c).Decimal() + ": " + money.New(r.Amount, c).Decimal()
	}
	return strings.Join(lines, ", ")
}
