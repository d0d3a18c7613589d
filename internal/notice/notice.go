// Package notice mails readers what happened to their monthly or yearly gift: that it began, changed, was paused,
// resumed, was stopped and by whom, that a payment failed, that money came after the end; and, before a yearly charge,
// that it is coming. In January it mails the statement of the year before.
//
// Each mail is enqueued once, in the transaction that makes its content true. The package decides nothing and asks
// PayPal nothing. Mails about receipts are written by internal/receipt, which issues them.
package notice

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/mail"
	"readerfund/internal/supporter"
)

// Config is what a Service needs.
type Config struct {
	DB *db.DB
	// Manage is the page on which one gift is stopped (managelink.Links), Statement the document of a year
	// (receipt.Links).
	Manage     func(contribution uuid.UUID) string
	Statement  func(supporter uuid.UUID, year int, of uuid.UUID) string
	YearlyDays []int          // how many days before a yearly charge it is announced; ascending
	Zone       *time.Location // whose years count
	Now        func() time.Time
	Log        *slog.Logger
}

// Service is safe for concurrent use, also by several processes on one database.
type Service struct{ Config }

// New makes a Service.
func New(cfg Config) *Service { return &Service{cfg} }

// person is the recipient of a mail: at the address they typed, or else at the one that PayPal has for them.
type person struct {
	Email  string `db:"email"`
	Name   string `db:"name"`
	Locale string `db:"locale"` // BCP 47; empty for the publication's own
}

// reader returns the person behind a contribution. Their address is empty if they were erased, or if PayPal never named
// them.
func reader(ctx context.Context, tx *sqlx.Tx, c contribution.Contribution) (person, error) {
	if c.Email != "" && c.Name != "" {
		return person{c.Email, c.Name, c.Locale}, nil
	}
	var p person
	err := tx.GetContext(ctx, &p, `
		SELECT `+supporter.RecipientColumns+`
		FROM contribution c LEFT JOIN supporter s ON s.id = c.supporter_id WHERE c.id = $1`, c.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return person{}, nil
	}
	if err != nil {
		return person{}, fmt.Errorf("find the reader of %s: %w", c.ID, err)
	}
	return p, nil
}

// to addresses a mail to the person.
func (p person) to(kind mail.Kind, key string, args any) mail.Message {
	return mail.Message{Kind: kind, Key: key, To: p.Email, Name: p.Name, Locale: p.Locale, Args: args}
}
