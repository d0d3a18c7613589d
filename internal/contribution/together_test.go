package contribution

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/campaign"
	"readerfund/internal/checkout"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/money"
)

// desk is a service with one campaign, on a database of its own.
func desk(t *testing.T) (*Service, *db.DB) {
	t.Helper()
	d := dbtest.New(t)
	if err := campaign.EnsureDefault(t.Context(), d, "The Test Post", "EUR", time.Now()); err != nil {
		t.Fatal(err)
	}
	return New(Config{
		DB: d, Campaigns: campaign.NewCatalog(d, time.Now), Now: time.Now, SweepEvery: time.Minute,
		Limits: map[money.Currency]Limit{"EUR": {Min: 100, Max: 1_000_000}},
	}), d
}

// full is a gift with something in every field.
func full(t *testing.T, d *db.DB, key string) Contribution {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Microsecond)
	c := Contribution{
		ID: uuid.Must(uuid.NewV7()), Receipt: NewReceipt(), Frequency: Once, Amount: money.New(2500, "EUR"),
		Article: "https://news.example.org/" + key, Name: `Jörg "☂"`, Email: "j@example.org", Message: "one,\n{two}\\",
		Naming: MayName, CoverFee: true, Covered: 107, Tribute: Tribute{InMemory, "Zoë"}, Source: Source{
			UTM{"source", "medium", "campaign", "term", "content"}, "kinder", "banner", "Local", "Ada", "a-17", FromSearch, true,
		},
		State: Started, CreatedAt: now, UpdatedAt: now, key: sql.NullString{String: key, Valid: key != ""},
		digest:   []byte{0, 1, '\\', 0xff},
		Checkout: checkout.Checkout{Kind: checkout.Order, State: checkout.Started, CreatedAt: now},
	}
	if err := d.GetContext(t.Context(), &c.CampaignID, `SELECT id FROM campaign`); err != nil {
		t.Fatal(err)
	}
	return c
}

// stored is a contribution's row and history as text, without what differs between two gifts that are the same.
func stored(t *testing.T, d *db.DB, id uuid.UUID) (text string) {
	t.Helper()
	err := d.GetContext(t.Context(), &text, `
		SELECT (to_jsonb(c) - '{id,receipt,idempotency_key,article_id,article,order_id}'::text[]
		                    - '{created_at,updated_at,check_at}'::text[])::text
		       || (c.check_at - c.updated_at)::text || (c.article_id IS NULL)::text || (c.order_id IS NULL)::text
		       || (SELECT string_agg((to_jsonb(e) - '{id,contribution_id,at,paypal_ref}'::text[])::text, '' ORDER BY e.id)
		           FROM contribution_event e WHERE e.contribution_id = c.id)
		FROM contribution c WHERE c.id = $1`, id)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Gifts that are begun at the same time are written as each would be alone; one that cannot be stored, or whose key is
// taken, keeps no other from being written.
func TestWrittenTogetherIsWrittenAsAlone(t *testing.T) {
	t.Parallel()
	s, d := desk(t)
	alone, twice := full(t, d, "alone"), full(t, d, "twice")
	if got, err := s.insertAll(t.Context(), []Contribution{alone}); err != nil || got[0].err != nil {
		t.Fatal(err, got[0].err)
	}
	for name, c := range map[string]struct {
		odd    Contribution
		refuse func(error) bool
	}{
		"a key that is taken": {full(t, d, "alone"), func(err error) bool { return errors.Is(err, sql.ErrNoRows) }},
		"what no text can hold": {func() Contribution {
			c := full(t, d, "odd")
			c.Message = "a\x00"
			return c
		}(), func(err error) bool { return db.SQLState(err) == "22021" }},
		"a broken constraint": {func() Contribution {
			c := full(t, d, "odd")
			c.CampaignID = uuid.New()
			return c
		}(), func(err error) bool { return db.SQLState(err) == "23503" }},
	} {
		one, two := full(t, d, name+" 1"), full(t, d, "")
		got, err := s.insertAll(t.Context(), []Contribution{one, c.odd, two})
		if err != nil || got[0].err != nil || !c.refuse(got[1].err) || got[2].err != nil {
			t.Fatalf("%s: %v, %v", name, got, err)
		}
		if a, b := stored(t, d, one.ID), stored(t, d, alone.ID); a != b {
			t.Errorf("%s: together\n%s\nalone\n%s", name, a, b)
		}
		kept, err := Find(t.Context(), d, two.ID)
		if err != nil || kept.key.Valid || !kept.CreatedAt.Equal(two.CreatedAt) {
			t.Errorf("%s: %+v, %v", name, kept, err)
		}
	}
	got, err := s.insertAll(t.Context(), []Contribution{twice, full(t, d, "twice")})
	if err != nil || (got[0].err == nil) == (got[1].err == nil) {
		t.Errorf("one key twice in a statement: %v, %v", got, err)
	}
}

// Orders that are noted at the same time are noted as each would be alone. One whose contribution somebody else holds,
// or that has moved, keeps no other waiting.
func TestMovedTogetherIsMovedAsAlone(t *testing.T) {
	t.Parallel()
	s, d := desk(t)
	var all []step
	for n := range 5 {
		c := full(t, d, fmt.Sprint("key ", n))
		if _, err := s.insertOne(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		next := c
		next.State, next.UpdatedAt = Created, c.UpdatedAt.Add(time.Second)
		next.Checkout.State, next.Checkout.PayPalID = checkout.Created, fmt.Sprint("ORDER", n)
		next.Checkout.ApproveURL = "https://paypal.example/approve"
		all = append(all, step{c, next, next.UpdatedAt.Add(time.Minute), Event{
			Kind: "order_created", Ref: next.Checkout.PayPalID, From: Started, To: Created, Way: ByStart,
		}})
	}
	if err := s.advanceOne(t.Context(), all[0]); err != nil {
		t.Fatal(err)
	}
	held, moved := all[1], all[2]
	_, err := d.ExecContext(t.Context(), `UPDATE contribution SET updated_at = now() WHERE id = $1`, moved.was.ID)
	if err != nil {
		t.Fatal(err)
	}
	err = d.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `SELECT FROM contribution WHERE id = $1 FOR UPDATE`, held.was.ID); err != nil {
			return err
		}
		got, err := s.advanceAll(t.Context(), all[1:])
		for n, want := range []error{sql.ErrNoRows, sql.ErrNoRows, nil, nil} {
			if err == nil && !errors.Is(got[n], want) {
				t.Errorf("%d: %v, want %v", n, got[n], want)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all[3:] {
		if one, many := stored(t, d, all[0].was.ID), stored(t, d, a.was.ID); one != many {
			t.Errorf("together\n%s\nalone\n%s", many, one)
		}
	}
	// Two contributions of one order cannot be: the second is refused alone.
	held.next.Checkout.PayPalID, moved.was.UpdatedAt = "ORDER0", time.Time{}
	got, err := s.advanceAll(t.Context(), []step{held, moved})
	if err != nil || db.SQLState(got[0]) != "23505" || !errors.Is(got[1], sql.ErrNoRows) {
		t.Errorf("an order that another contribution has: %v, %v", got, err)
	}
}

// However many begin at once, each key makes one contribution, and each is told its own.
func TestManyBeginAtOnce(t *testing.T) {
	t.Parallel()
	s, d := desk(t)
	var crew sync.WaitGroup
	for n := range 60 {
		crew.Go(func() {
			in := Intent{
				Campaign: "support", Amount: fmt.Sprintf("%d.00", 10+n/2), Currency: "EUR", Frequency: "once",
				IdempotencyKey: fmt.Sprint("key ", n/2), Article: fmt.Sprint("https://news.example.org/", n/2%3),
			}
			c, err := s.Begin(t.Context(), in, nil)
			if err != nil || c.Amount.Minor != int64(1000+n/2*100) {
				t.Errorf("%d: %v, %v", n, c.Amount, err)
			}
		})
	}
	crew.Wait()
	var gifts, lines, linked, articles int
	err := d.QueryRowContext(t.Context(), `
		SELECT (SELECT count(*) FROM contribution), (SELECT count(*) FROM contribution_event),
		       (SELECT count(*) FROM contribution c JOIN article a ON a.id = c.article_id AND a.address = c.article),
		       (SELECT count(*) FROM article)`).Scan(&gifts, &lines, &linked, &articles)
	if err != nil || gifts != 30 || lines != 30 || linked != 30 || articles != 3 {
		t.Errorf("%d gifts, %d lines, %d linked to %d articles, %v", gifts, lines, linked, articles, err)
	}
}
