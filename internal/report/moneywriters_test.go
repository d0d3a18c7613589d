package report_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/ledger"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/report"
)

// bookers book at once, by the ledger's own code, over connections that are cut at any moment.
type bookers struct {
	*book
	pool   *db.DB
	gifts  []uuid.UUID
	number atomic.Int64
	cut    atomic.Int64
	done   chan struct{} // closed once all have booked
}

// killed is the name of connections that are cut.
const killed = "killed now and then"

func newBookers(t *testing.T) *bookers {
	t.Helper()
	b := &bookers{book: newBook(t), done: make(chan struct{})}
	var err error
	if b.pool, err = db.Open(t.Context(), b.DB.URL(), db.Options{MaxOpen: 40, ApplicationName: killed}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.pool.Close() })
	for n := range 24 {
		g := b.Give(gift{
			Campaign: []string{"autumn", "winter"}[n%2],
			Article:  []string{"", fmt.Sprintf("https://example.org/%d", n%3)}[n%4/2],
			Currency: []string{"EUR", "JPY"}[n%5/4], At: at("2026-03-20T12:00:00Z"), State: "created",
		})
		b.Exec(`UPDATE contribution SET frequency = 'month' WHERE id = $1`, g.ID)
		b.gifts = append(b.gifts, g.ID)
	}
	for n := range 3 { // so that each article is known
		b.Paid(gift{Amount: 100, At: at("2026-03-20T12:00:00Z"), Article: fmt.Sprintf("https://example.org/%d", n)}, 1)
	}
	return b
}

// one books one thing that happened to a gift: a charge, and perhaps that some of it went back, or that charges are
// yearly since some day.
func (b *bookers) one(ctx context.Context, draw *rand.Rand) error {
	id := b.gifts[draw.IntN(len(b.gifts))]
	when := at("2026-03-20T00:00:00Z").Add(time.Duration(draw.Int64N(int64(20 * 24 * time.Hour))))
	return b.pool.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var c money.Currency
		if err := tx.GetContext(ctx, &c, `SELECT currency FROM contribution WHERE id = $1 FOR UPDATE`, id); err != nil {
			return err
		}
		amount := money.New(1+draw.Int64N(5000), c)
		fee := money.New(draw.Int64N(30), c)
		sale := fmt.Sprintf("SALE-%d", b.number.Add(1))
		facts := []ledger.Fact{ledger.CaptureSeen(paypal.Capture{
			ID: sale, SubscriptionID: "I-" + id.String(), Status: paypal.CaptureCompleted, Amount: amount, Fee: &fee,
			CreatedAt: when,
		})}
		if draw.IntN(3) == 0 {
			facts = append(facts, ledger.RefundSeen(paypal.Refund{
				ID: sale + "-R", CaptureID: sale, Status: paypal.RefundCompleted, Amount: amount,
				FeeRefunded: money.New(0, c), CreatedAt: when.AddDate(0, 0, draw.IntN(10)),
			}))
		}
		kept, err := ledger.Load(ctx, tx, id, facts...)
		if err != nil {
			return err
		}
		for _, f := range facts {
			if _, err := kept.Apply(f, ledger.Source{Way: "webhook"}, when); err != nil {
				return err
			}
		}
		if draw.IntN(3) == 0 {
			kept.NoteTerms(ledger.Terms{
				Subscription: "I-" + id.String(), Frequency: []string{"month", "year"}[draw.IntN(2)], Since: when,
			})
		}
		return kept.Save(ctx, tx, when)
	})
}

// asBefore books an entry as the version before does.
func (b *bookers) asBefore(ctx context.Context, draw *rand.Rand) error {
	_, err := b.pool.ExecContext(ctx, `
		INSERT INTO ledger_entry (contribution_id, payment_id, kind, amount_minor, currency, paypal_ref, occurred_at,
		                          recorded_at, source, campaign_id, frequency, article_id)
		SELECT p.contribution_id, p.id, 'chargeback_fee', -100, p.currency, $1, p.occurred_at, now(), 'webhook',
		       c.campaign_id, 'month', c.article_id
		FROM payment p JOIN contribution c ON c.id = p.contribution_id WHERE p.contribution_id = $2 LIMIT 1`,
		fmt.Sprintf("BEFORE-%d", b.number.Add(1)), b.gifts[draw.IntN(len(b.gifts))])
	return err
}

// until repeats something until all have booked. What fails because its connection was cut is done again.
func (b *bookers) until(crew *sync.WaitGroup, pause time.Duration, do func(context.Context) error) {
	crew.Go(func() {
		for {
			select {
			case <-b.done:
				return
			case <-time.After(pause):
			}
			if err := do(b.t.Context()); err != nil && !b.wasCut(err) {
				b.t.Error(err)
			}
		}
	})
}

// wasCut reports whether something failed because its connection was cut.
func (b *bookers) wasCut(err error) bool {
	if err = db.Translate(err); fault.Is(err, fault.Unavailable) || errors.Is(err, db.ErrCommitUnknown) {
		b.cut.Add(1)
		return true
	}
	return false
}

// kill cuts one of the connections that are doing something.
func (b *bookers) kill(ctx context.Context) error {
	_, err := b.DB.ExecContext(ctx, `
		SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = $1 AND state <> 'idle' ORDER BY random() LIMIT 1`, killed)
	return err
}

// 32 book at once, two add up, one makes all sums anew, and connections are cut at any moment. Whenever anybody asks,
// the sums and the entries of that moment say the same.
func TestSumsAreTheLedgerWhileOthersBook(t *testing.T) {
	t.Parallel()
	b, zone := newBookers(t), zone(t, "Europe/Berlin")
	rollup := report.NewMoneyRollup(b.pool, zone)
	addUpMoney(t, b.book, zone)
	var writers, others sync.WaitGroup
	for n := range 32 {
		draw := rand.New(rand.NewPCG(uint64(n), 32))
		writers.Go(func() {
			for range 25 {
				book := b.one
				if draw.IntN(6) == 0 {
					book = b.asBefore
				}
				if err := book(t.Context(), draw); err != nil && !b.wasCut(err) {
					t.Error(err)
				}
			}
		})
	}
	b.until(&others, time.Millisecond, rollup.AddUp)
	b.until(&others, 7*time.Millisecond, rollup.AddUp)
	b.until(&others, 150*time.Millisecond, rollup.Rebuild)
	b.until(&others, 15*time.Millisecond, b.kill)
	r, draw, first, asked := report.New(b.DB, zone, "EUR"), rand.New(rand.NewPCG(8, 8)), day(t, "2026-03-18"), 0
	b.until(&others, 0, func(ctx context.Context) error {
		asked++
		_, err := compare(ctx, r, drawnQuery(draw, first, 30))
		return err
	})
	writers.Wait()
	close(b.done)
	others.Wait()

	addUpMoney(t, b.book, zone)
	for range 200 {
		if _, err := compare(t.Context(), r, drawnQuery(draw, first, 30)); err != nil {
			t.Fatal(err)
		}
	}
	entries := b.ID(`SELECT count(*) FROM ledger_entry`)
	if left := b.ID(`SELECT count(*) FROM ledger_change`); left != 0 || entries < 800 || b.cut.Load() == 0 || asked < 20 {
		t.Errorf("%d changes left, %d entries, %d cut, asked %d times", left, entries, b.cut.Load(), asked)
	}
	t.Logf("%d entries, %d cut, asked %d times", entries, b.cut.Load(), asked)
}
