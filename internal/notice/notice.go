// Package notice tells readers what became of what they give monthly or yearly: that it began, changed, was paused,
// goes on, was stopped and by whom, that a payment failed, that money came after the end; and, before a year's charge,
// that it is coming. In January it brings the statement of the year before.
//
// Each mail is written in the transaction that makes true what it tells, once. The package decides nothing and asks
// PayPal nothing. Receipts are told by internal/receipt, which gives them.
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

// person is whom a mail goes to: at the address they typed, or else at the one that PayPal knows them by.
type person struct {
	Email string `db:"email"`
	Name  string `db:"name"`
}

// personColumns are the columns of the person of a contribution c, whose supporter is s.
const personColumns = `
	coalesce(nullif(c.email, ''), s.email, '') AS email, coalesce(nullif(c.name, ''), s.name, '') AS name`

// reader is the person of a contribution. Their address is empty where they were erased, or PayPal never named them.
func reader(ctx context.Context, tx *sqlx.Tx, c contribution.Contribution) (person, error) {
	if c.Email != "" && c.Name != "" {
		return person{c.Email, c.Name}, nil
	}
	var p person
	err := tx.GetContext(ctx, &p, `
		SELECT `+personColumns+`
		FROM contribution c LEFT JOIN supporter s ON s.id = c.supporter_id WHERE c.id = $1`, c.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return person{}, nil
	}
	if err != nil {
		return person{}, fmt.Errorf("find the reader of %s: %w", c.ID, err)
	}
	return p, nil
}

// to addresses a mail.
func (p person) to(kind mail.Kind, key string, args any) mail.Message {
	return mail.Message{Kind: kind, Key: key, To: p.Email, Name: p.Name, Args: args}
}
