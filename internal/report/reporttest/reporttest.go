// Package reporttest writes contributions and ledgers by hand, for the tests of packages that only read them: report,
// dashboard and health. It is never linked into a production binary.
package reporttest

import (
	"cmp"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
)

// Book is a database with a ledger that a test writes by hand.
type Book struct {
	DB *db.DB

	t *testing.T
	n int
}

// New is an empty book with two campaigns, autumn and winter.
func New(t *testing.T) *Book {
	t.Helper()
	b := &Book{t: t, DB: dbtest.New(t)}
	for _, slug := range []string{"autumn", "winter"} {
		b.Exec(`INSERT INTO campaign (id, slug, heading, why, ask, button, reassurance, currency, suggested, created_at,
				updated_at)
			VALUES ($1, $2, $3, '', '', '', '', 'EUR', '{}', $4, $4)`,
			uuid.New(), slug, "The "+slug+" appeal", At("2026-01-01T00:00:00Z"))
	}
	return b
}

// Exec runs a statement.
func (b *Book) Exec(query string, args ...any) {
	b.t.Helper()
	if _, err := b.DB.ExecContext(b.t.Context(), query, args...); err != nil {
		b.t.Fatal(err)
	}
}

// ID runs a statement and returns the id it gives.
func (b *Book) ID(query string, args ...any) (id int64) {
	b.t.Helper()
	if err := b.DB.GetContext(b.t.Context(), &id, query, args...); err != nil {
		b.t.Fatal(err)
	}
	return id
}

// Gift is a contribution as a test describes it; fields that are left out get a plain value.
type Gift struct {
	ID        uuid.UUID
	Receipt   string
	Campaign  string // "autumn"
	Article   string
	Currency  string // "EUR"
	Amount    int64
	State     string // "completed"
	Attention string
	At        time.Time
	Before    bool // written by the previous version: the entries have no campaign and article

	Payment int64  // the row of its payment, once there is one
	Capture string // PayPal's id of it
}

// Give writes a contribution with its order and, unless the amount is 0, a completed capture; no ledger entries.
func (b *Book) Give(g Gift) Gift {
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
	if g.Article != "" && !g.Before {
		b.Exec(`INSERT INTO article (address, digest) VALUES ($1, sha256(convert_to($1, 'UTF8')))
			ON CONFLICT (digest) DO NOTHING`, g.Article)
	}
	b.Exec(`INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, article,
			article_id, name, email, message, state, order_id, created_at, updated_at, completed_at)
		SELECT $1, $2, ''::bytea, k.id, 'once', $3, $4, $5, a.id, 'Ann', 'ann@example.org', 'Go on!', $6, $7, $8, $8, $9
		FROM campaign k LEFT JOIN article a ON NOT $11 AND a.digest = sha256(convert_to($5, 'UTF8')) WHERE k.slug = $10`,
		g.ID, g.Receipt, max(g.Amount, 1), g.Currency, g.Article, g.State, fmt.Sprintf("ORDER%d", b.n), g.At, completed,
		g.Campaign, g.Before)
	if g.Attention != "" {
		b.Exec(`INSERT INTO review (contribution_id, code, arguments, opened_at)
			VALUES ($1, 'earlier_note', jsonb_build_object('text', $2::text), $3)`, g.ID, g.Attention, g.At)
	}
	if g.Amount == 0 {
		return g
	}
	g.Capture = fmt.Sprintf("CAPTURE%d", b.n)
	g.Payment = b.ID(`INSERT INTO payment (contribution_id, kind, paypal_id, status, amount_minor, currency, occurred_at,
			recorded_at)
		VALUES ($1, 'capture', $2, 'completed', $3, $4, $5, $5) RETURNING id`, g.ID, g.Capture, g.Amount, g.Currency, g.At)
	return g
}

// Enter writes a ledger entry, with a copy of the contribution's fields; without that copy for a gift of the previous
// version.
func (b *Book) Enter(g Gift, kind string, minor int64, when time.Time) {
	b.t.Helper()
	b.n++
	b.Exec(`INSERT INTO ledger_entry (contribution_id, payment_id, kind, amount_minor, currency, paypal_ref, occurred_at,
			recorded_at, source, campaign_id, frequency, article_id)
		SELECT $1, $2, $3, $4, $5, $6, $7, $7, 'webhook', c.campaign_id, c.frequency, c.article_id
		FROM (SELECT) one LEFT JOIN contribution c ON NOT $8 AND c.id = $1`,
		g.ID, g.Payment, kind, minor, g.Currency, fmt.Sprintf("%s-%d", g.Capture, b.n), when, g.Before)
}

// Paid is Give with a charge and a fee at the same moment.
func (b *Book) Paid(g Gift, fee int64) Gift {
	b.t.Helper()
	g = b.Give(g)
	b.Enter(g, "charge", g.Amount, g.At)
	b.Enter(g, "fee", -fee, g.At)
	return g
}

// At is a moment written as in RFC 3339.
func At(text string) time.Time {
	when, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return when.UTC()
}

// Zone is a time zone by its name.
func Zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// Sample is a ledger with one of everything, in an order that is always the same.
func Sample(t *testing.T) *Book {
	t.Helper()
	b := New(t)
	id := func(n byte) uuid.UUID { return uuid.UUID{15: n} }
	g := b.Paid(Gift{
		ID: id(1), Receipt: "K7M3-9QX2", Amount: 250000, At: At("2026-11-21T23:30:00Z"), State: "refunded",
		Article: "https://example.org/a?b=1,2",
	}, 8785)
	b.Enter(g, "refund", -250000, At("2026-11-24T08:00:00Z"))
	b.Paid(Gift{
		ID: id(2), Receipt: "00A1-B2C3", Amount: 3000, Currency: "JPY", At: At("2026-11-22T10:00:00Z"), Campaign: "winter",
	}, 148)
	b.Give(Gift{
		ID: id(3), Receipt: "ZZZZ-0000", At: At("2026-11-22T11:00:00Z"), State: "declined",
		Article: "=HYPERLINK(\"http://evil\")", Attention: "Two \"captures\",\nboth declined",
	})
	b.Exec(`UPDATE contribution SET utm_source = 'letter', utm_medium = 'mail', utm_campaign = 'autumn',
		utm_term = 'river', utm_content = '=top' WHERE id = $1`, id(2))
	d := b.Paid(Gift{
		ID: id(4), Receipt: "4444-4444", Amount: 500, At: At("2026-03-29T00:59:59.5Z"), State: "disputed",
	}, 49)
	b.Enter(d, "dispute_hold", -500, At("2026-03-30T08:00:00Z"))
	b.Enter(d, "chargeback_fee", -2000, At("2026-03-30T08:00:00Z"))
	return b
}

// Monthly is a recurring contribution, with a completed sale of its subscription at each of the times. It books charge
// and fee, and returns the sales' gifts, so that a test can let more happen to them.
func (b *Book) Monthly(g Gift, fee int64, sales ...time.Time) []Gift {
	b.t.Helper()
	first := b.Give(Gift{
		Receipt: g.Receipt, Campaign: g.Campaign, Currency: g.Currency, At: g.At, State: cmp.Or(g.State, "completed"),
	})
	b.Exec(`UPDATE contribution SET frequency = 'month', amount_minor = $2, subscription_id = $3 WHERE id = $1`, first.ID,
		g.Amount, "I-"+first.Receipt)
	var all []Gift
	for _, at := range sales {
		b.n++
		s := first
		s.Amount, s.At, s.Capture = g.Amount, at, fmt.Sprintf("SALE%d", b.n)
		s.Payment = b.ID(`INSERT INTO payment (contribution_id, kind, paypal_id, status, state, amount_minor, currency,
				occurred_at, recorded_at, subscription_id)
			VALUES ($1, 'sale', $2, 'completed', 'completed', $3, $4, $5, $5, $6) RETURNING id`, s.ID, s.Capture, s.Amount,
			s.Currency, at, "I-"+s.Receipt)
		b.Enter(s, "charge", s.Amount, at)
		b.Enter(s, "fee", -fee, at)
		all = append(all, s)
	}
	return all
}
