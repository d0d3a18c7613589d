package receipt_test

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/receipt/form"
	"readerfund/internal/testkit"
)

// issuerDatabase names the database of a child that issues receipts until it is killed.
const issuerDatabase = "RECEIPT_TEST_DATABASE"

// issuers are how many write numbers at once in each child.
const issuers = 8

// issueUntilKilled is a child process: it issues receipts from many goroutines, and never ends by itself.
func issueUntilKilled(address string) {
	ctx, log := context.Background(), log.New(os.Stderr, "issuer: ", 0)
	d, err := db.Open(ctx, address, db.Options{MaxOpen: issuers})
	if err != nil {
		log.Fatal(err)
	}
	s, err := newService(d, form.Plain, time.Now)
	if err != nil {
		log.Fatal(err)
	}
	issue := func() {
		if err := s.Issue(ctx); err != nil {
			log.Print(err)
		}
	}
	issue() // and the connections are warm
	fmt.Println("issuing")
	for range issuers {
		go func() {
			for ; ; time.Sleep(5 * time.Millisecond) {
				issue()
			}
		}()
	}
	select {}
}

// Four processes with eight writers each give numbers to payments and refunds as they come, and are killed in the
// middle of it, again and again. In the end every completed payment has one receipt and every refund one notice, and no
// number is missing or was given twice.
func TestGaplessUnder32WritersAndKills(t *testing.T) {
	t.Parallel()
	address := dbtest.NewURL(t)
	d := testkit.OpenDatabase(t, address)
	if err := campaign.EnsureDefault(t.Context(), d, "The Test Gazette", "EUR", time.Now()); err != nil {
		t.Fatal(err)
	}
	kills := testkit.Many(t, "RECEIPT_KILLS", 12, 40)
	var killing sync.WaitGroup
	for i := range 4 {
		killing.Go(func() { keepKilling(t, address, kills/4, uint64(i)) })
	}
	over := make(chan struct{})
	go func() {
		killing.Wait()
		close(over)
	}()
	payments := 0
	for going := true; going; {
		if testkit.Count(t, d, "payment WHERE receipt_due") < 300 { // so that there is always some, and an end to it
			book(t, d, payments, 100)
			payments += 100
		}
		select {
		case <-over:
			going = false
		case <-time.After(5 * time.Millisecond):
		}
	}
	if n := testkit.Count(t, d, "receipt"); n == 0 {
		t.Error("the processes that were killed have issued nothing")
	} else {
		t.Logf("%d payments; %d numbers were given by processes that were killed", payments, n)
	}
	s := service(t, d, form.Plain, time.Now)
	if err := s.Issue(t.Context()); err != nil {
		t.Fatal(err)
	}
	refunds := payments / 5
	for what, wants := range map[string]int{
		"receipt WHERE kind = 'receipt'":  payments,
		"receipt WHERE kind <> 'receipt'": refunds,
		"payment WHERE receipt_due":       0,
		"refund WHERE notice_due":         0,
		"payment p WHERE (SELECT count(*) FROM receipt r WHERE r.payment_id = p.id AND r.kind = 'receipt') <> 1": 0,
		"refund f WHERE (SELECT count(*) FROM receipt r WHERE r.refund_id = f.id) <> 1":                          0,
		// A number that is missing shows as a difference to its place.
		"(SELECT number, row_number() OVER (ORDER BY number) AS place FROM receipt) n WHERE number <> place": 0,
		"receipt_counter c WHERE last <> (SELECT max(number) FROM receipt)":                                  0,
	} {
		if n := testkit.Count(t, d, what); n != wants {
			t.Errorf("%s: %d, want %d", what, n, wants)
		}
	}
}

// keepKilling starts a child and kills it after a moment, so often.
func keepKilling(t *testing.T, address string, times int, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 26))
	for range times {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
		child.Env = append(os.Environ(), issuerDatabase+"="+address)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err == nil {
			err = child.Start()
		}
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Duration(random.IntN(150)) * time.Millisecond)
		if err := child.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = child.Wait() // it was killed
	}
}

// book writes payments as the ledger does, and of every fifth a refund.
func book(t *testing.T, d *db.DB, from, n int) {
	t.Helper()
	testkit.Exec(t, d, fmt.Sprintf(`
		WITH gift AS (
			INSERT INTO contribution (id, receipt, intent_digest, campaign_id, frequency, amount_minor, currency, state,
			                          created_at, updated_at)
			SELECT gen_random_uuid(), 'G' || n, '\x00', (SELECT id FROM campaign), 'once', 500, 'EUR', 'completed', now(),
			       now()
			FROM generate_series(%d, %d) n RETURNING id, receipt),
		paid AS (
			INSERT INTO payment (contribution_id, kind, paypal_id, status, state, receipt, amount_minor, currency,
			                     occurred_at, recorded_at)
			SELECT id, 'capture', 'C' || receipt, 'completed', 'completed', receipt, 500, 'EUR', now(), now() FROM gift
			RETURNING id, paypal_id)
		INSERT INTO refund (payment_id, kind, paypal_id, status, amount_minor, currency, occurred_at, recorded_at)
		SELECT id, 'refund', 'R' || paypal_id, 'completed', 200, 'EUR', now(), now() FROM paid
		WHERE right(paypal_id, 1) IN ('0', '5')`, from, from+n-1))
}
