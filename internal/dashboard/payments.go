package dashboard

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/report"
)

// EachPayment is EachContribution with a line for each payment of a recurring contribution, the latest first, with that
// payment's money, state and number. A one-time contribution, or one without payments so far, is one line.
func (v *Views) EachPayment(ctx context.Context, q ContributionsQuery, each func(Contribution) error) error {
	return v.eachPage(ctx, q, func(page []Contribution) error {
		payments, err := v.paymentsOf(ctx, page)
		if err != nil {
			return err
		}
		for _, c := range page {
			lines := []Contribution{c}
			if paid := payments[c.ID]; len(paid) > 0 {
				lines = nil
				for _, p := range paid {
					lines = append(lines, p.of(c))
				}
			}
			for _, line := range lines {
				if err := each(line); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// paymentRow is one payment of a recurring contribution.
type paymentRow struct {
	Contribution uuid.UUID `db:"contribution_id"`
	PayPalID     string    `db:"paypal_id"`
	State        string    `db:"state"`
	Subscription string    `db:"subscription_id"`
	Frequency    string    `db:"frequency"`
	Cycle        int64     `db:"cycle"`
	At           time.Time `db:"occurred_at"`
	report.Sums
}

// of is the contribution's line for this payment.
func (p paymentRow) of(c Contribution) Contribution {
	c.Status, c.CaptureID, c.Subscription, c.Cycle, c.Sums = p.State, p.PayPalID, p.Subscription, p.Cycle, p.Sums
	c.Frequency, c.CompletedAt = p.Frequency, time.Time{}
	if p.Cycle > 0 {
		c.CompletedAt = p.At.UTC()
	}
	return c
}

// paymentsOf reads the payments of the recurring contributions of a page. A payment's cycle is its number among the
// contribution's completed payments, in the order of PayPal's dates.
func (v *Views) paymentsOf(ctx context.Context, page []Contribution) (map[uuid.UUID][]paymentRow, error) {
	var ids []string
	for _, c := range page {
		if c.Frequency != string(contribution.Once) {
			ids = append(ids, c.ID.String())
		}
	}
	all := map[uuid.UUID][]paymentRow{}
	if len(ids) == 0 {
		return all, nil
	}
	var rows []paymentRow
	err := v.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, `
			SELECT p.contribution_id, p.paypal_id, coalesce(p.state, p.status) AS state,
			       coalesce(p.subscription_id, '') AS subscription_id, p.occurred_at,
			       coalesce(p.frequency, c.frequency) AS frequency,
			       CASE p.status WHEN 'completed' THEN count(*) FILTER (WHERE p.status = 'completed') OVER (
			           PARTITION BY p.contribution_id ORDER BY p.occurred_at, p.paypal_id) ELSE 0 END AS cycle,
			       s.gross, s.fee, s.refunded, s.held, s.net
			FROM payment p JOIN contribution c ON c.id = p.contribution_id CROSS JOIN LATERAL (
				SELECT `+report.SumColumns+` FROM ledger_entry l
				WHERE l.contribution_id = p.contribution_id AND l.payment_id = p.id AND l.currency = p.currency
			) s
			WHERE p.contribution_id = ANY ($1::uuid[])
			ORDER BY p.occurred_at DESC, p.paypal_id DESC`, db.Array(ids))
	})
	if err != nil {
		return nil, fmt.Errorf("read payments of recurring contributions: %w", err)
	}
	for _, r := range rows {
		all[r.Contribution] = append(all[r.Contribution], r)
	}
	return all, nil
}
