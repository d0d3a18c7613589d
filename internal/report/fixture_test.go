package report_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
)

// book is a database with a ledger that a test writes by hand.
type book struct {
	t *testing.T
	d *db.DB
	n int
}

func newBook(t *testing.T) *book {
	t.Helper()
	b := &book{t: t, d: dbtest.New(t)}
	for _, slug := range []string{"autumn", "winter"} {
		b.exec(`INSERT INTO campaign (id, slug, heading, why, ask, button, reassurance, currency, suggested, created_at, updated_at)
			VALUES ($1, $2, $3, '', '', '', '', 'EUR', '{}', $4, $4)`, uuid.New(), slug, "The "+slug+" appeal", at("2026-01-01T00:00:00Z"))
	}
	return b
}

func (b *book) exec(query string, args ...any) {
	b.t.Helper()
	if _, err := b.d.ExecContext(b.t.Context(), query, args...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *book) id(query string, args ...any) (id int64) {
	b.t.Helper()
	if err := b.d.GetContext(b.t.Context(), &id, query, args...); err != nil {
		b.t.Fatal(err)
	}
	return id
}

// gift is a contribution as a test describes it; what is left out gets a plain value.
type gift struct {
	ID        uuid.UUID
	Receipt   string
	Campaign  string // "autumn"
	Article   string
	Currency  string // "EUR"
	Amount    int64
	State     string // "completed"
	Attention string
	At        time.Time

	payment int64
	capture string
}

// give writes a contribution with its order and, unless the amount is 0, a completed capture; no ledger entries.
func (b *book) give(g gift) gift {
	b.t.Helper()
	b.n++
	if g.ID == uuid.Nil {
		g.ID = uuid.New()
	}
	if g.Receipt == "" {
		g.Receipt = fmt.Sprintf("TEST-%04d", b.n)
	}
	for field, plain := range map[*string]string{&g.Campaign: "autumn", &g.Currency: "EUR", &g.State: "completed"} {
		if *field == "" {
			*field = plain
		}
	}
	completed := &g.At
	if g.State != "completed" && g.State != "disputed" {
		completed = nil
	}
	b.exec(`INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, article, name, email,
			message, state, order_id, created_at, updated_at, completed_at)
		SELECT $1, $2, ''::bytea, id, 'once', $3, $4, $5, 'Ann', 'ann@example.org', 'Go on!', $6, $7, $8, $8, $9
		FROM campaign WHERE slug = $10`, g.ID, g.Receipt, max(g.Amount, 1), g.Currency, g.Article, g.State,
		fmt.Sprintf("ORDER%d", b.n), g.At, completed, g.Campaign)
	if g.Attention != "" {
		b.exec(`INSERT INTO review (contribution_id, code, arguments, opened_at)
			VALUES ($1, 'earlier_note', jsonb_build_object('text', $2::text), $3)`, g.ID, g.Attention, g.At)
	}
	if g.Amount == 0 {
		return g
	}
	g.capture = fmt.Sprintf("CAPTURE%d", b.n)
	g.payment = b.id(`INSERT INTO payment (contribution_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
		VALUES ($1, 'capture', $2, 'completed', $3, $4, $5, $5) RETURNING id`, g.ID, g.capture, g.Amount, g.Currency, g.At)
	return g
}

// enter writes a ledger entry.
func (b *book) enter(g gift, kind string, minor int64, when time.Time) {
	b.t.Helper()
	b.n++
	b.exec(`INSERT INTO ledger_entry (contribution_id, payment_id, kind, amount_minor, currency, paypal_ref, occurred_at, recorded_at, source)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 'webhook')`, g.ID, g.payment, kind, minor, g.Currency, fmt.Sprintf("%s-%d", g.capture, b.n), when)
}

// paid is give with a charge and a fee at the same moment.
func (b *book) paid(g gift, fee int64) gift {
	b.t.Helper()
	g = b.give(g)
	b.enter(g, "charge", g.Amount, g.At)
	b.enter(g, "fee", -fee, g.At)
	return g
}

func at(text string) time.Time {
	when, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return when.UTC()
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}
