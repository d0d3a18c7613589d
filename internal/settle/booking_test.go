package settle_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/metrics"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/settle"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

// lot is what one look at PayPal gives of a contribution. The tag is part of every id in it.
type lot func(id uuid.UUID, tag string) []settle.Fact

func approvedBy(tag string, p paypal.Payer) paypal.Order {
	return paypal.Order{
		ID: "O-" + tag, Status: paypal.OrderApproved, ApproveURL: "https://paypal.example/" + tag, Payer: p,
	}
}

func paid(id uuid.UUID, tag string) []settle.Fact {
	o := approvedBy(tag, paypal.Payer{Email: tag + "@example.org", GivenName: "Ada", Surname: "Reader"})
	seen := captureOf("CAP-"+tag, "COMPLETED")
	return append(settle.OrderSeen(id, byWebhook, o), settle.CaptureSeen(id, byWebhook, seen))
}

// lots has something for every table that is written.
func lots() map[string]lot {
	seen := func(id uuid.UUID, tag, status string) settle.Fact {
		return settle.CaptureSeen(id, byWebhook, captureOf("CAP-"+tag, status))
	}
	return map[string]lot{
		"paid": paid,
		"an order": func(id uuid.UUID, tag string) []settle.Fact {
			return settle.OrderSeen(id, bySweep, paypal.Order{ID: "O-" + tag, Status: paypal.OrderCreated})
		},
		"held": func(id uuid.UUID, tag string) []settle.Fact { return []settle.Fact{seen(id, tag, "PENDING")} },
		"partly refunded": func(id uuid.UUID, tag string) []settle.Fact {
			back := paypal.Refund{
				ID: "R-" + tag, CaptureID: "CAP-" + tag, Status: paypal.RefundCompleted, Amount: eur(500), CreatedAt: noon,
			}
			return append(paid(id, tag), seen(id, tag, "PARTIALLY_REFUNDED"), settle.RefundSeen(id, byWebhook, back))
		},
		"disputed": func(id uuid.UUID, tag string) []settle.Fact {
			return append(paid(id, tag), settle.DisputeSeen(id, byWebhook, paypal.Dispute{
				ID: "D-" + tag, CaptureIDs: []string{"CAP-" + tag}, Status: "UNDER_REVIEW", Stage: paypal.StageChargeback,
				Amount: eur(2500), CreatedAt: noon, UpdatedAt: noon,
			}))
		},
		"converted": func(id uuid.UUID, tag string) []settle.Fact {
			c, net, got := captureOf("CAP-"+tag, "COMPLETED"), eur(2380), money.New(2600, "USD")
			c.Net, c.Receivable, c.ExchangeRate = &net, &got, "1.09"
			return []settle.Fact{settle.CaptureSeen(id, byWebhook, c)}
		},
		"contradictory": func(id uuid.UUID, tag string) []settle.Fact {
			return append(paid(id, tag), seen(id, "2-"+tag, "TELEPORTED"))
		},
		"two payments": func(id uuid.UUID, tag string) []settle.Fact {
			return append(paid(id, tag), seen(id, "2-"+tag, "COMPLETED"))
		},
	}
}

// everything the database has of a contribution, but for what tells two with the same news apart.
func everything(t *testing.T, d *world, c contribution.Contribution, tag string) (text string) {
	t.Helper()
	err := d.DB.Get(&text, `
		SELECT jsonb_pretty(jsonb_build_object(
		    'contribution', to_jsonb(c) - '{supporter_id,intent_digest}'::text[],
		    'supporter', (SELECT to_jsonb(s) - 'id' FROM supporter s WHERE s.id = c.supporter_id),
		    'history', (SELECT jsonb_agg(to_jsonb(e) - 'id' ORDER BY e.id) FROM contribution_event e
		                WHERE e.contribution_id = c.id),
		    'payments', (SELECT jsonb_agg(to_jsonb(p) - 'id' ORDER BY p.id) FROM payment p WHERE p.contribution_id = c.id),
		    'refunds', (SELECT jsonb_agg(to_jsonb(r) - '{id,payment_id}'::text[] ORDER BY r.id)
		                FROM refund r JOIN payment p ON p.id = r.payment_id WHERE p.contribution_id = c.id),
		    'disputes', (SELECT jsonb_agg(to_jsonb(d) - '{id,payment_id}'::text[] ORDER BY d.id)
		                 FROM dispute d JOIN payment p ON p.id = d.payment_id WHERE p.contribution_id = c.id),
		    'conversions', (SELECT jsonb_agg(to_jsonb(v) - '{id,payment_id}'::text[])
		                    FROM conversion v JOIN payment p ON p.id = v.payment_id WHERE p.contribution_id = c.id),
		    'entries', (SELECT jsonb_agg(to_jsonb(l) - '{id,payment_id}'::text[] ||
		                                 jsonb_build_object('of', p.paypal_id) ORDER BY l.id)
		                FROM ledger_entry l JOIN payment p ON p.id = l.payment_id WHERE l.contribution_id = c.id),
		    'reviews', (SELECT jsonb_agg(to_jsonb(w) - 'id' ORDER BY w.id) FROM review w WHERE w.contribution_id = c.id)))
		FROM contribution c WHERE c.id = $1`, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(c.ID.String(), "(id)", c.Receipt, "(receipt)", tag, "(tag)").Replace(text)
}

// What comes at the same time is booked as each would be alone, and hearing it again changes nothing.
func TestBookedTogetherIsBookedAsAlone(t *testing.T) {
	t.Parallel()
	d := bare(t)
	names, all := []string{}, lots()
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	var together [][]settle.Fact
	var gifts []contribution.Contribution
	tag := func(n int) string { return fmt.Sprintf("T%03d", n) }
	for n, name := range names {
		c := mustBegin(t, d)
		gifts, together = append(gifts, c), append(together, all[name](c.ID, tag(n)))
	}
	for range 2 {
		took, err := d.Applier.Together(t.Context(), together...)
		if err != nil || slices.Contains(took, false) {
			t.Fatalf("took %v: %v", took, err)
		}
		for n, name := range names {
			alone := mustBegin(t, d)
			_, err := d.Applier.ApplyAll(t.Context(), all[name](alone.ID, "S"+alone.Receipt))
			if _, contradiction := errors.AsType[*settle.ContradictionError](err); err != nil && !contradiction {
				t.Fatal(err)
			}
			got, want := everything(t, d, gifts[n], tag(n)), everything(t, d, alone, "S"+alone.Receipt)
			if got = strings.ReplaceAll(got, strings.ToLower(tag(n)), "(tag)"); got !=
				strings.ReplaceAll(want, strings.ToLower("S"+alone.Receipt), "(tag)") {
				t.Errorf("%s: together it is\n%s\nalone\n%s", name, got, want)
			}
		}
	}
}

// Gifts of one person that come at the same time have one supporter, of whom the latest word is known.
func TestGiftsOfOnePersonAreBookedTogether(t *testing.T) {
	t.Parallel()
	d := bare(t)
	of := func(tag string, p paypal.Payer) []settle.Fact {
		return settle.OrderSeen(mustBegin(t, d).ID, byWebhook, approvedBy(tag, p))
	}
	took, err := d.Applier.Together(t.Context(),
		of("A", paypal.Payer{Email: "Ada@example.org", GivenName: "Ada", Country: "GB"}),
		of("B", paypal.Payer{Email: "bob@example.org", GivenName: "Bob"}),
		of("C", paypal.Payer{Email: "Ada@example.org", GivenName: "Ada", Surname: "King"}))
	if err != nil || slices.Contains(took, false) {
		t.Fatalf("took %v: %v", took, err)
	}
	// Written in two ways, it is one row all the same: then each is booked alone.
	twoWays := [][]settle.Fact{
		of("D", paypal.Payer{Email: "eve@example.org"}), of("E", paypal.Payer{Email: "EVE@example.org", GivenName: "Eve"}),
	}
	if took, err = d.Applier.Together(t.Context(), twoWays...); err != nil || slices.Contains(took, true) {
		t.Errorf("took %v: %v", took, err)
	}
	for _, facts := range twoWays {
		apply(t, d, facts...)
	}
	var known string
	err = d.DB.Get(&known, `
		SELECT string_agg(who, '; ' ORDER BY who) FROM (
			SELECT concat_ws(', ', s.email, s.name, s.country, count(*)) AS who
			FROM supporter s JOIN contribution c ON c.supporter_id = s.id GROUP BY s.id) each`)
	if want := "ada@example.org, Ada King, GB, 2; bob@example.org, Bob, , 1; eve@example.org, Eve, , 2"; known != want {
		t.Errorf("%q, %v; want %q", known, err, want)
	}
}

// Whatever one of them meets, the others are booked: in the same transaction where it is only left out, alone where it
// breaks that.
func TestWhatGoesWrongWithOneIsNobodyElses(t *testing.T) {
	t.Parallel()
	trouble := errors.New("something went wrong")
	var refuse, fail atomic.Pointer[uuid.UUID]
	listen := func(_ context.Context, _ *sqlx.Tx, a settle.Applied) error {
		if id := refuse.Load(); id != nil && *id == a.Contribution.ID {
			return trouble
		}
		if id := fail.Load(); id != nil && *id == a.Contribution.ID {
			panic(trouble)
		}
		return nil
	}
	d := openWith(t, newsroom.Options{Clock: testkit.ClockAt(noon), Listeners: []settle.Listener{listen}})
	for name, c := range map[string]struct {
		odd    func(c contribution.Contribution, tag string) []settle.Fact
		shared bool // the others are booked in the transaction that they share
		says   func(error) bool
	}{
		"one with a contradiction": {func(c contribution.Contribution, tag string) []settle.Fact {
			return []settle.Fact{settle.CaptureSeen(c.ID, byWebhook, captureOf("CAP-"+tag, "TELEPORTED"))}
		}, true, func(err error) bool { _, is := errors.AsType[*settle.ContradictionError](err); return is }},
		"one that no text can hold": {func(c contribution.Contribution, tag string) []settle.Fact {
			return []settle.Fact{settle.CaptureSeen(c.ID, byWebhook, captureOf("CAP\x00"+tag, "COMPLETED"))}
		}, false, func(err error) bool { return strings.HasPrefix(db.SQLState(err), "22") }},
		"one that there is not": {func(_ contribution.Contribution, tag string) []settle.Fact {
			return paid(uuid.New(), tag)
		}, true, func(err error) bool { return err != nil }},
		"one that makes learning fail": {func(c contribution.Contribution, _ string) []settle.Fact {
			return []settle.Fact{settle.BrokenFact(c.ID)}
		}, true, nil},
		"one that a listener refuses": {func(c contribution.Contribution, tag string) []settle.Fact {
			refuse.Store(&c.ID)
			return paid(c.ID, tag)
		}, false, func(err error) bool { return errors.Is(err, trouble) }},
		"one that makes a listener fail": {func(c contribution.Contribution, tag string) []settle.Fact {
			fail.Store(&c.ID)
			return paid(c.ID, tag)
		}, false, nil},
		"one that another's payment is told of": {func(c contribution.Contribution, tag string) []settle.Fact {
			return []settle.Fact{settle.CaptureSeen(c.ID, byWebhook, captureOf("CAP-1"+tag, "COMPLETED"))}
		}, false, func(err error) bool { return errors.Is(err, settle.ErrNotOurs) }},
	} {
		one, odd, two := mustBegin(t, d), mustBegin(t, d), mustBegin(t, d)
		lots := [][]settle.Fact{paid(one.ID, "1"+odd.Receipt), c.odd(odd, odd.Receipt), paid(two.ID, "2"+odd.Receipt)}
		took, err := d.Applier.Together(t.Context(), lots...)
		if err != nil || took[0] != c.shared || took[2] != c.shared {
			t.Errorf("%s: took %v, %v", name, took, err)
		}
		for n, other := range map[int]contribution.Contribution{0: one, 2: two} {
			if !took[n] {
				apply(t, d, lots[n]...)
			}
			if got := entries(t.Context(), t, d.DB, other.ID); strings.Count(got, "\n") != 1 {
				t.Errorf("%s: another one's entries are\n%s", name, got)
			}
		}
		if c.says == nil { // it goes wrong where it was asked for, and is told there
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s: nobody hears of it", name)
					}
				}()
				_, _ = d.Applier.ApplyAll(t.Context(), lots[1])
			}()
		} else if _, err := d.Applier.ApplyAll(t.Context(), lots[1]); !c.says(err) {
			t.Errorf("%s: %v", name, err)
		}
		if got := entries(t.Context(), t, d.DB, odd.ID); got != "" {
			t.Errorf("%s: its entries are\n%s", name, got)
		}
	}
}

// Somebody who holds a contribution, or the row of one person, for long keeps the news of others from nothing.
func TestNobodyWaitsForTheLockOfAnother(t *testing.T) {
	t.Parallel()
	d := bare(t)
	known := mustBegin(t, d)
	payer := paypal.Payer{Email: "ada@example.org", GivenName: "Ada"}
	apply(t, d, settle.OrderSeen(known.ID, byWebhook, approvedBy("KNOWN", payer))...)
	for name, c := range map[string]struct {
		held   string
		shared bool
	}{
		"a contribution": {`SELECT 1 FROM contribution WHERE id = $1 FOR UPDATE`, true},
		"a person":       {`SELECT 1 FROM supporter WHERE $1::text IS NOT NULL FOR UPDATE`, false},
	} {
		odd, other := mustBegin(t, d), mustBegin(t, d)
		lots := [][]settle.Fact{
			settle.OrderSeen(odd.ID, byWebhook, approvedBy(odd.Receipt, payer)),
			{settle.CaptureSeen(other.ID, byWebhook, captureOf("CAP"+other.Receipt, "COMPLETED"))},
		}
		var waits sync.WaitGroup
		err := d.DB.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
			if _, err := tx.ExecContext(ctx, c.held, odd.ID); err != nil {
				return err
			}
			took, err := d.Applier.Together(t.Context(), lots...)
			if err != nil || took[0] || took[1] != c.shared {
				t.Errorf("%s: took %v, %v", name, took, err)
			}
			waits.Go(func() {
				if _, err := d.Applier.ApplyAll(t.Context(), lots[0]); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			})
			if now := apply(t, d, lots[1]...); now.State != contribution.Completed {
				t.Errorf("%s: the other gift is %s", name, now.State)
			}
			return nil
		})
		if waits.Wait(); err != nil {
			t.Fatal(err)
		}
		d.Wants(odd, contribution.Approved)
	}
}

// News of one contribution that comes several times at once, by two processes, among news of others, is booked once.
func TestEverythingAtOnceIsBookedOnce(t *testing.T) {
	t.Parallel()
	d := bare(t)
	processes := []*world{d, d.replica()}
	var gifts []contribution.Contribution
	var all sync.WaitGroup
	for n := range 12 {
		c := mustBegin(t, d)
		gifts = append(gifts, c)
		for k := range 6 {
			all.Go(func() {
				facts := paid(c.ID, fmt.Sprint(n))
				if k%3 == 1 {
					facts = facts[:1]
				}
				if _, err := processes[k%2].Applier.ApplyAll(t.Context(), facts); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	for n, c := range gifts {
		want := fmt.Sprintf("charge 2500 EUR CAP-%d 2026-03-01 12:01:00+00\nfee -120 EUR CAP-%[1]d 2026-03-01 12:01:00+00", n)
		if got := entries(t.Context(), t, d.DB, c.ID); got != want {
			t.Errorf("entries\n%s\nwant\n%s", got, want)
		}
	}
	if n := d.Count("contribution_event WHERE fact = 'capture_completed'"); n != len(gifts) {
		t.Errorf("%d of %d gifts have the money's line", n, len(gifts))
	}
}

// Where the answer to COMMIT is lost, all who shared it hear that nobody knows, nothing is counted, and asking again
// finds everything there.
func TestALostCommitIsUnknownToAll(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	n := openWith(t, newsroom.Options{Clock: testkit.ClockAt(noon), Metrics: m})
	address, lose := losingCommits(t, n.DB.URL())
	d := n.On(testkit.OpenDatabase(t, address), n.Client)
	one, two := mustBegin(t, n), mustBegin(t, n)
	lose.Store(true)
	_, err := d.Applier.Together(t.Context(), paid(one.ID, "1"), paid(two.ID, "2"))
	if counted := transitionsCounted(t, m); !errors.Is(err, db.ErrCommitUnknown) || counted != 0 {
		t.Fatalf("%v, and %v changes are counted", err, counted)
	}
	before := everything(t, n, one, "1") + everything(t, n, two, "2")
	lose.Store(false)
	took, err := d.Applier.Together(t.Context(), paid(one.ID, "1"), paid(two.ID, "2"))
	if err != nil || slices.Contains(took, false) {
		t.Errorf("took %v: %v", took, err)
	}
	if now := everything(t, n, one, "1") + everything(t, n, two, "2"); now != before ||
		strings.Count(now, `"kind": "charge"`) != 2 {
		t.Errorf("it was\n%s\nand is\n%s", before, now)
	}
}

// losingCommits is an address by which a database is reached while the answers to COMMIT get lost when that is set.
func losingCommits(t *testing.T, database string) (address string, lose *atomic.Bool) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	server := u.Host
	u.Host, lose = l.Addr().String(), new(atomic.Bool)
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go forwardUntilCommit(client, server, lose)
		}
	}()
	return u.String(), lose
}

func forwardUntilCommit(client net.Conn, address string, lose *atomic.Bool) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	answers := make(chan struct{})
	var silent atomic.Bool
	go func() {
		defer close(answers)
		buf := make([]byte, 1<<16)
		for {
			n, err := server.Read(buf)
			if err != nil || silent.Load() { // this is the answer to COMMIT
				_ = client.Close()
				return
			}
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	buf := make([]byte, 1<<16)
	for {
		n, err := client.Read(buf)
		if err == nil {
			silent.Store(lose.Load() && bytes.Contains(buf[:n], []byte("COMMIT\x00")))
			_, err = server.Write(buf[:n])
		}
		if err != nil {
			break
		}
	}
	_ = server.Close()
	<-answers
}
