package service

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// Supporters give monthly and yearly for as long as it takes, and all befalls them that befalls subscriptions, while a
// tenth of the webhooks is dropped, a tenth doubled and a tenth late. In the end our books are PayPal's.
// READERFUND_SUPPORTERS and READERFUND_MONTHS say how many and how long: few by default; 1000 and 24 are two years.
func TestYearsOfSubscriptions(t *testing.T) {
	t.Parallel()
	supporters, months := testkit.Many(t, "READERFUND_SUPPORTERS", 12, 40), testkit.Many(t, "READERFUND_MONTHS", 3, 14)
	seed, clock := testkit.Seed(t), testkit.RunningClock()
	s := harness.New(t, "SWEEP_INTERVAL", "1s")
	s.ServeWithin(clock.Now)
	began := time.Now()
	y := testkit.YearsOf(s.PayPal, seed, subscribe(s, supporters)...)
	t.Logf("%d supporters in %s", supporters, time.Since(began))
	y.Move = func(by time.Duration) error {
		if err := s.PayPal.Hook("POST", "/sandbox/clock", testkit.Fields{"advance": by.String()}, nil); err != nil {
			return err
		}
		clock.Advance(by)
		return nil
	}
	if err := y.Disturb(10); err != nil {
		t.Fatal(err)
	}
	if err := y.Pass(months*30, nil); err != nil {
		t.Fatal(err)
	}
	s.PayPal.Must("DELETE", "/sandbox/faults", nil, nil)
	if err := y.Settle(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s in %s; seed %d", y, time.Since(began), seed)
	s.Balanced(2*time.Minute + time.Duration(supporters*months)*50*time.Millisecond)
	receipted(s)
	found := s.Reconcile(clock.Now)
	t.Logf("%d payments compared, %d differences mended", found.Payments, found.Mended)
	if found.Unexplained() > 0 || found.Payments == 0 {
		t.Errorf("%d differences are unexplained: %+v", found.Unexplained(), found.Open)
	}
}

// receipted waits until each payment that came in has its one receipt, and looks for gaps in the numbers.
func receipted(s *harness.Fixture) {
	s.T.Helper()
	testkit.Eventually(s.T, time.Minute, "a receipt for each payment", func() (bool, string) {
		due := s.Count("payment p WHERE p.status = 'completed' AND NOT EXISTS (" +
			"SELECT FROM receipt r WHERE r.payment_id = p.id AND r.kind = 'receipt')")
		return due == 0, fmt.Sprintf("%d payments have none", due)
	})
	if n := s.Count("(SELECT FROM receipt GROUP BY series, year HAVING max(number) <> count(*) OR min(number) <> 1) gap"); n > 0 {
		s.T.Errorf("the numbers of %d years have gaps", n)
	}
	s.T.Logf("%d payments, %d receipts and notices", s.Count("payment WHERE status = 'completed'"), s.Count("receipt"))
}

// subscribe has readers give monthly, and each fifth yearly, and come back from PayPal. It gives PayPal's ids.
func subscribe(s *harness.Fixture, supporters int) []string {
	s.T.Helper()
	ids := make([]string, supporters)
	var readers sync.WaitGroup
	turns := make(chan int)
	for range 8 {
		readers.Go(func() {
			reader := s.Client()
			for n := range turns {
				frequency := "month"
				if n%5 == 4 {
					frequency = "year"
				}
				id, err := reader.Subscribe(s.PayPal, fmt.Sprintf("%d.00", 5+n%20), "EUR", frequency)
				if err != nil {
					s.T.Errorf("supporter %d: %v", n, err)
				}
				ids[n] = id
			}
		})
	}
	for n := range supporters {
		turns <- n
	}
	close(turns)
	readers.Wait()
	if s.T.Failed() {
		s.T.FailNow()
	}
	return ids
}
