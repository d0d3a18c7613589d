package service

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// Supporters give monthly and yearly, and everything that can happen to a subscription happens to some of them, while a
// tenth of the webhooks is dropped, a tenth doubled, a tenth out of order and a tenth hours late. In the end our books
// agree with PayPal's.
// READERFUND_SUPPORTERS and READERFUND_MONTHS say how many and how long: few by default; 1000 and 24 are two years.
func TestYearsOfSubscriptions(t *testing.T) {
	t.Parallel()
	supporters, months := testkit.Many(t, "READERFUND_SUPPORTERS", 12, 30), testkit.Many(t, "READERFUND_MONTHS", 3, 12)
	seed, clock := testkit.Seed(t), testkit.RunningClock()
	s := harness.New(t, "SWEEP_INTERVAL", "1s")
	s.ServeWithin(clock.Now)
	began := time.Now()
	contributions := subscribe(s, supporters)
	y := testkit.YearsOf(s.PayPal, seed, slices.Sorted(maps.Keys(contributions))...)
	for name, act := range map[string]string{"stopped here": "stop", "paused here": "pause"} {
		y.Chances[name] = 2
		y.Seller[name] = func(id string) error { return byStaff(s, contributions[id], act) }
	}
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
	if err := y.Move(testkit.Day); err != nil { // so that there is one more night, with its reconciliation
		t.Fatal(err)
	}
	t.Logf("%s in %s; seed %d", y, time.Since(began), seed)
	s.Balanced(2*time.Minute + time.Duration(supporters*months)*50*time.Millisecond)
	receipted(s)
	found := s.Reconcile(clock.Now)
	t.Logf("%d payments compared, %d differences mended", found.Payments, found.Fixed)
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

// byStaff is what staff do about a subscription for its reader. They sign in anew: much time has passed.
func byStaff(s *harness.Fixture, contribution, act string) error {
	form := url.Values{"reason": {"The reader wrote to us."}, "months": {"1"}}.Encode()
	got, err := s.Staff().Send("POST", "/staff/contributions/"+contribution+"/"+act, form,
		"Content-Type", "application/x-www-form-urlencoded")
	switch {
	case err != nil:
		return err
	case got.Status == http.StatusConflict || got.Status == http.StatusUnprocessableEntity:
		return testkit.ErrRefused
	case got.Status != http.StatusOK:
		return fmt.Errorf("%d at %s", got.Status, got.URL)
	}
	return nil
}

// subscribe has readers give monthly, and each fifth yearly, and come back from PayPal. It gives our ids by PayPal's.
func subscribe(s *harness.Fixture, supporters int) map[string]string {
	s.T.Helper()
	contributions := map[string]string{}
	var mu sync.Mutex
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
				ours, theirs, err := reader.Subscribe(s.PayPal, fmt.Sprintf("%d.00", 5+n%20), "EUR", frequency)
				if err != nil {
					s.T.Errorf("supporter %d: %v", n, err)
				}
				mu.Lock()
				contributions[theirs] = ours
				mu.Unlock()
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
	return contributions
}
