package dashboard

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/listing"
	"readerfund/internal/money"
)

// Message is what a reader wrote to the newsroom with a gift that arrived, or after it. Times are UTC.
type Message struct {
	Contribution uuid.UUID
	Receipt      string
	Amount       money.Amount
	Frequency    string
	Name, Email  string
	Article      string
	MayBeNamed   bool // the reader may be thanked by name
	WithGift     string
	GivenAt      time.Time
	Later        string // after the gift; empty where there is none
	LaterAt      time.Time
}

// Messages gives a page of readers' messages, the newest gift first, and the cursor of the page after it, which is
// empty on the last one. after is the cursor that the page before gave; a wrong one is a fault.Invalid on "after".
func (v *Views) Messages(ctx context.Context, after string) ([]Message, string, error) {
	last := uuid.Max
	if after != "" {
		var err error
		if last, err = uuid.Parse(after); err != nil {
			return nil, "", listing.ErrCursor()
		}
	}
	var rows []messageRow
	err := v.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		// The condition is that of the index contribution_message; a version 7 id begins with its time.
		return tx.SelectContext(ctx, &rows, `
			SELECT id, receipt, amount_minor, currency, frequency, name, email, article, naming, message,
			       completed_at, later_message, coalesce(later_message_at, completed_at) AS later_message_at
			FROM contribution
			WHERE (message <> '' OR later_message <> '') AND completed_at IS NOT NULL AND id < $1
			ORDER BY id DESC LIMIT $2`, last, listing.DefaultLimit+1)
	})
	if err != nil {
		return nil, "", fmt.Errorf("read messages: %w", err)
	}
	next := ""
	if len(rows) > listing.DefaultLimit { // the one too many says that there is more
		rows = rows[:listing.DefaultLimit]
		next = rows[len(rows)-1].ID.String()
	}
	all := make([]Message, len(rows))
	for n, r := range rows {
		all[n] = r.message()
	}
	return all, next, nil
}

type messageRow struct {
	ID          uuid.UUID `db:"id"`
	Receipt     string    `db:"receipt"`
	Minor       int64     `db:"amount_minor"`
	Currency    string    `db:"currency"`
	Frequency   string    `db:"frequency"`
	Name        string    `db:"name"`
	Email       string    `db:"email"`
	Article     string    `db:"article"`
	Naming      string    `db:"naming"`
	Message     string    `db:"message"`
	CompletedAt time.Time `db:"completed_at"`
	Later       string    `db:"later_message"`
	LaterAt     time.Time `db:"later_message_at"`
}

func (r messageRow) message() Message {
	return Message{
		Contribution: r.ID, Receipt: r.Receipt, Amount: money.New(r.Minor, money.Currency(r.Currency)),
		Frequency: r.Frequency, Name: r.Name, Email: r.Email, Article: r.Article, MayBeNamed: r.Naming == "yes",
		WithGift: r.Message, GivenAt: r.CompletedAt.UTC(), Later: r.Later, LaterAt: r.LaterAt.UTC(),
	}
}
