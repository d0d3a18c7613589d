package monthly

import (
	"context"
	"strings"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/audit"
	"readerfund/internal/contribution"
	"readerfund/internal/money"
)

// changed is the audit log's action for an edit. Its subject is the currency.
const changed audit.Action = "monthly.change"

// Rows returns the rows of one currency by From, or, if there are none, examples of the program's own rule.
func (s *Service) Rows(ctx context.Context, c money.Currency) (rows, examples []Suggestion, err error) {
	all, err := Suggestions(ctx, s.DB)
	if err != nil {
		return nil, nil, err
	}
	if rows = Of(all, c); len(rows) == 0 {
		examples = Default(c, s.limit(c))
	}
	return rows, examples, nil
}

// Replace runs the function Replace in a transaction of its own, with an entry in the audit log.
func (s *Service) Replace(
	ctx context.Context, c money.Currency, before, rows []Suggestion, by contribution.Actor,
) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := Replace(ctx, tx, c, before, rows, s.limit(c)); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{
			At: s.Now().UTC(), StaffID: by.ID, Actor: by.Name, Action: changed, Subject: string(c),
			Detail: map[string]string{"before": listed(c, before), "after": listed(c, rows)},
		})
	})
}

func (s *Service) limit(c money.Currency) Range { return Range(s.Contributions.Limits(c)) }

// listed writes rows on one line for the audit log: "10.00: 2.00, 50.00: 8.00", and "default" if there are none.
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
