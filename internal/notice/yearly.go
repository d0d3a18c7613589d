package notice

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/mail"
	"readerfund/internal/money"
	"readerfund/internal/supporter"
)

// batch is how many mails one transaction writes.
const batch = 500

// charge is an upcoming yearly charge.
type charge struct {
	PayPalID     string    `db:"paypal_id"`
	Contribution uuid.UUID `db:"contribution_id"`
	Reference    string    `db:"reference"`
	Minor        int64     `db:"amount_minor"`
	Currency     string    `db:"currency"`
	At           time.Time `db:"next_billing_at"`

	person
}

// Yearly announces each yearly charge: once when the largest of YearlyDays is reached, and again at each smaller
// number. A charge that we learn about late is announced once, for the smallest number that still fits. The day of the
// charge comes from PayPal. It is periodic work.
func (s *Service) Yearly(ctx context.Context) error {
	now, least := s.Now().UTC(), 0
	for _, days := range s.YearlyDays {
		if err := s.tellYearly(ctx, now, least, days); err != nil {
			return fmt.Errorf("tell of yearly charges: %w", err)
		}
		least = days
	}
	return nil
}

// tellYearly announces charges that are more than least and at most most days away.
func (s *Service) tellYearly(ctx context.Context, now time.Time, least, most int) error {
	from, to := now.AddDate(0, 0, least), now.AddDate(0, 0, most)
	lastAt, last := from, "" // of the batch before: many are charged at the same time
	for {
		var due []charge
		err := s.DB.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			due = nil
			// Locked, so that a reader who stops the gift at this moment is not mailed that it will be charged. A
			// person who is being erased is left out: otherwise the mail would contain their address after the erasure.
			err := tx.SelectContext(ctx, &due, `
				SELECT b.paypal_id, b.contribution_id, c.receipt AS reference, b.amount_minor, b.currency, b.next_billing_at,
				       `+supporter.RecipientColumns+`
				FROM subscription b JOIN contribution c ON c.id = b.contribution_id
				LEFT JOIN supporter s ON s.id = c.supporter_id
				WHERE b.frequency = 'year' AND b.state = 'active' AND b.next_billing_at > $1 AND b.next_billing_at <= $2
				  AND (b.next_billing_at, b.paypal_id) > ($7, $3)
				  AND NOT EXISTS (SELECT 1 FROM mail m WHERE m.kind = $4
				      AND m.key = b.paypal_id || ' ' || to_char(b.next_billing_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') || ' ' || $5)
				ORDER BY b.next_billing_at, b.paypal_id LIMIT $6 FOR SHARE OF b
				FOR KEY SHARE OF c SKIP LOCKED`,
				from, to, last, string(mail.YearlyNotice), strconv.Itoa(most), batch, lastAt)
			if err != nil {
				return fmt.Errorf("find them: %w", err)
			}
			mails := make([]mail.Message, len(due))
			for i, c := range due {
				mails[i] = s.yearly(c, most)
			}
			return mail.Enqueue(ctx, tx, now, mails...)
		})
		if err != nil || len(due) < batch {
			return err
		}
		lastAt, last = due[len(due)-1].At, due[len(due)-1].PayPalID
	}
}

func (s *Service) yearly(c charge, days int) mail.Message {
	key := c.PayPalID + " " + c.At.UTC().Format(time.DateOnly) + " " + strconv.Itoa(days)
	return c.to(mail.YearlyNotice, key, mail.GiftArgs{
		Reference: c.Reference, Amount: money.New(c.Minor, money.Currency(c.Currency)), Frequency: "year", Next: c.At.UTC(),
		Manage: s.Manage(c.Contribution),
	})
}
