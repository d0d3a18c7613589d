package report_test

import (
	"context"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/campaign"
	"readerfund/internal/money"
	"readerfund/internal/report"
	"readerfund/internal/testkit"
)

// progressBook is a book with some people, who give to both campaigns.
type progressBook struct {
	*book
	clock  *testkit.Clock
	asked  []campaign.Counted
	people []uuid.UUID
	gifts  []gift
}

func newProgressBook(t *testing.T) *progressBook {
	t.Helper()
	b := &progressBook{book: newBook(t), clock: testkit.NewClock()}
	var ids []uuid.UUID
	if err := b.DB.SelectContext(t.Context(), &ids, `SELECT id FROM campaign ORDER BY slug`); err != nil {
		t.Fatal(err)
	}
	b.asked = []campaign.Counted{
		{ID: ids[0], Currency: "EUR", Since: b.clock.Now().AddDate(0, 0, -3)}, {ID: ids[1], Currency: "USD"},
	}
	for n := range 5 {
		b.people = append(b.people, uuid.New())
		b.Exec(`INSERT INTO supporter (id, email, created_at, updated_at) VALUES ($1, $2, $3, $3)`, b.people[n],
			uuid.NewString()+"@example.org", b.clock.Now())
	}
	return b
}

// midnight is the one before Noon, where the clock begins.
func (b *progressBook) midnight() time.Time { return testkit.Noon().Truncate(24 * time.Hour) }

func (b *progressBook) count(p *report.ProgressCounter) map[uuid.UUID]campaign.Progress {
	b.t.Helper()
	found, err := p.Count(b.t.Context(), b.midnight(), b.asked)
	if err != nil {
		b.t.Fatal(err)
	}
	return found
}

// give has somebody give, at some time of the last five days: one of the people, or a person who stays unknown.
func (b *progressBook) give(rng *rand.Rand) {
	g := b.Paid(gift{
		Amount: 500 + rng.Int64N(5000), Currency: []string{"EUR", "USD"}[rng.IntN(2)],
		Campaign: []string{"autumn", "winter"}[rng.IntN(2)], Before: rng.IntN(4) == 0,
		At: b.clock.Now().Add(-time.Duration(rng.IntN(120)) * time.Hour),
	}, rng.Int64N(100))
	if rng.IntN(3) > 0 {
		b.Exec(`UPDATE contribution SET supporter_id = $1 WHERE id = $2`, b.people[rng.IntN(len(b.people))], g.ID)
	}
	b.gifts = append(b.gifts, g)
}

// takeBack refunds a gift, whole or in part, or has a dispute hold it or release it.
func (b *progressBook) takeBack(rng *rand.Rand) {
	g := b.gifts[rng.IntN(len(b.gifts))]
	switch rng.IntN(4) {
	case 0:
		b.Enter(g, "refund", -g.Amount, b.clock.Now())
	case 1:
		b.Enter(g, "refund", -1-rng.Int64N(g.Amount), b.clock.Now())
	case 2:
		b.Enter(g, "dispute_hold", -g.Amount, b.clock.Now())
	case 3:
		b.Enter(g, "dispute_release", g.Amount, b.clock.Now())
	}
}

// changePerson erases a person, or learns who gave.
func (b *progressBook) changePerson(rng *rand.Rand) {
	somebody := b.people[rng.IntN(len(b.people))]
	if rng.IntN(2) == 0 {
		b.Exec(`UPDATE contribution SET supporter_id = NULL, erased_at = $2 WHERE supporter_id = $1`, somebody,
			b.clock.Now().Add(time.Duration(rng.IntN(1000))*time.Second))
		return
	}
	b.Exec(`UPDATE contribution SET supporter_id = $1 WHERE id = $2 AND erased_at IS NULL`, somebody,
		b.gifts[rng.IntN(len(b.gifts))].ID)
}

// Whatever happens, a counter that goes on from an earlier count says what one says that reads the whole ledger.
func TestProgressGoesOnFromAnEarlierCount(t *testing.T) {
	t.Parallel()
	b := newProgressBook(t)
	rng := rand.New(rand.NewPCG(testkit.Seed(t), 0))
	kept := report.NewProgressCounter(b.DB, b.clock.Now)
	b.give(rng)
	b.count(kept)
	for step := range 120 {
		switch n := rng.IntN(20); {
		case n == 0: // seen with the next count of the whole ledger
			b.changePerson(rng)
			b.clock.Advance(15 * time.Minute)
		case n < 12:
			b.give(rng)
		default:
			b.takeBack(rng)
		}
		if got, want := b.count(kept), b.count(report.NewProgressCounter(b.DB, b.clock.Now)); !reflect.DeepEqual(got, want) {
			t.Fatalf("step %d: got %+v, want %+v", step, got, want)
		}
	}
}

// An entry is given its id before its booking commits. A count that begins meanwhile must not pass it over for good
// because later ids are visible.
func TestProgressWaitsForBookings(t *testing.T) {
	t.Parallel()
	b := newProgressBook(t)
	late := b.Give(gift{Amount: 1000, At: b.clock.Now()})
	counter := report.NewProgressCounter(b.DB, b.clock.Now)
	counted := make(chan map[uuid.UUID]campaign.Progress, 1)
	err := b.DB.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO ledger_entry (contribution_id, payment_id, kind, amount_minor, currency, paypal_ref, occurred_at,
			                          recorded_at, source, campaign_id, frequency)
			SELECT c.id, $2, 'charge', 1000, 'EUR', 'LATE', $3, $3, 'webhook', c.campaign_id, 'once'
			FROM contribution c WHERE c.id = $1`, late.ID, late.Payment, b.clock.Now())
		if err != nil {
			return err
		}
		b.Paid(gift{Amount: 500, At: b.clock.Now()}, 0) // has later ids, and is committed
		go func() {
			found, err := counter.Count(context.WithoutCancel(ctx), b.midnight(), b.asked)
			if err != nil {
				t.Error(err)
			}
			counted <- found
		}()
		select {
		case early := <-counted:
			t.Errorf("counted %+v while a booking was under way", early)
			counted <- early
		case <-time.After(200 * time.Millisecond):
		}
		b.Paid(gift{Amount: 200, At: b.clock.Now()}, 0) // after the count began: must not be counted twice
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	autumn, want := b.asked[0].ID, campaign.Progress{Raised: money.New(1700, "EUR"), Supporters: 3, GaveToday: 3}
	for range 2 {
		if got := (<-counted)[autumn]; got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		counted <- b.count(counter)
	}
}

// Who gave may become known, or change, without an entry: the next count of the whole ledger sees it.
func TestProgressCountsTheWholeLedgerNowAndThen(t *testing.T) {
	t.Parallel()
	b := newProgressBook(t)
	counter := report.NewProgressCounter(b.DB, b.clock.Now)
	for range 2 {
		b.Paid(gift{Amount: 500, At: b.clock.Now()}, 0)
	}
	supporters := func() int64 { return b.count(counter)[b.asked[0].ID].Supporters }
	if n := supporters(); n != 2 {
		t.Fatalf("%d people gave, not 2", n)
	}
	b.Exec(`UPDATE contribution SET supporter_id = $1`, b.people[0])
	b.clock.Advance(15 * time.Minute)
	if n := supporters(); n != 1 {
		t.Errorf("%d people gave, not 1", n)
	}
}

// A booking that does not end keeps the whole ledger from being counted again. Figures go on from the earlier count all
// the same, and it is said that it was not.
func TestProgressGoesOnWhereTheWholeCannotBeCounted(t *testing.T) {
	t.Parallel()
	b := newProgressBook(t)
	counter := report.NewProgressCounter(b.DB, b.clock.Now)
	counter.WaitForBookings(50 * time.Millisecond)
	b.Paid(gift{Amount: 500, At: b.clock.Now()}, 0)
	b.count(counter)
	err := b.DB.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `LOCK TABLE ledger_entry IN ROW EXCLUSIVE MODE`); err != nil {
			return err
		}
		b.clock.Advance(15 * time.Minute)
		b.Paid(gift{Amount: 200, At: b.clock.Now()}, 0)
		got, err := counter.Count(context.WithoutCancel(ctx), b.midnight(), b.asked)
		want := campaign.Progress{Raised: money.New(700, "EUR"), Supporters: 2, GaveToday: 2}
		if got[b.asked[0].ID] != want || err == nil {
			t.Errorf("got %+v, want %+v and an error: %v", got[b.asked[0].ID], want, err)
		}
		b.count(counter) // is not tried again at once
		fresh := report.NewProgressCounter(b.DB, b.clock.Now)
		fresh.WaitForBookings(50 * time.Millisecond)
		if got, err := fresh.Count(context.WithoutCancel(ctx), b.midnight(), b.asked); got != nil || err == nil {
			t.Errorf("without an earlier count: %+v, %v", got, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b.clock.Advance(15 * time.Minute)
	b.count(counter)
}
