package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// A renewal day of 20,000 is one call, in the order of time, and nobody who asks meanwhile waits for it to end.
func TestRenewalDayDoesNotStallTheAPI(t *testing.T) {
	t.Parallel()
	const many = 20_000
	b := from(t, "2026-11-28T09:15:40Z", Options{MaxDeliveries: 2 * many})
	id, sale := b.billed(fmt.Sprintf(`"count":%d`, many))
	var longest time.Duration
	var asked int
	var over atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !over.Load() {
			began := time.Now()
			got, err := b.try("GET", salesPath+sale, "", "Authorization", "Bearer "+b.token)
			if err != nil || got.status != http.StatusOK && got.status != http.StatusUnauthorized {
				t.Error(got.status, err)
				return
			}
			longest = max(longest, time.Since(began))
			asked++
		}
	}()
	began := time.Now()
	b.advance(31 * day)
	took := time.Since(began)
	over.Store(true)
	<-done
	t.Logf("%d payments in %s; %d answers meanwhile, the slowest after %s", many, took, asked, longest)
	if longest > 2*time.Second || asked < 10 {
		t.Errorf("%d answers meanwhile, the slowest after %s", asked, longest)
	}
	if n := len(b.sales(id)); n != 2 {
		t.Errorf("%d sales", n)
	}
	b.server.mu.Lock()
	defer b.server.mu.Unlock()
	events := b.server.books.events
	if len(events) != many || !slices.IsSortedFunc(events, func(x, y *event) int { return x.Created.Compare(y.Created) }) {
		t.Errorf("%d events, or they are not in the order of time", len(events))
	}
	day, last := tenOClock(events[0].Created), events[many-1].Created
	if events[0].Created.Before(day) || last.Before(day.Add(5*time.Hour)) || last.After(day.Add(maxJitter+time.Minute)) {
		t.Errorf("from %s to %s", events[0].Created, last)
	}
}

func TestTwoYearsByTheClock(t *testing.T) {
	t.Parallel()
	const many = 200
	b := from(t, "2026-11-30T09:15:40Z", Options{MaxDeliveries: 30 * many})
	id, _ := b.billed(fmt.Sprintf(`"count":%d`, many))
	failing, _ := b.billed(`"payment_failure_threshold":0`)
	b.hook("POST", "/sandbox/subscriptions/"+failing+"/fail", `{"times":1000}`)
	began := time.Now()
	b.advance(731*day + 12*time.Hour)
	t.Logf("%d events in %s", len(b.events("")), time.Since(began))
	if n := len(b.sales(id)); n != 25 {
		t.Errorf("%d sales", n)
	}
	if n := len(b.events("PAYMENT.SALE.")); n != 24*many {
		t.Errorf("%d sales", n)
	}
	if n := len(b.events("BILLING.SUBSCRIPTION.PAYMENT.FAILED")); n != 3*23+1 {
		t.Errorf("%d failed attempts", n)
	}
	if got := b.billing(failing); got.Outstanding != 23*1000 {
		t.Errorf("%+v", got)
	}
}

func TestBillingSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const base = "http://127.0.0.1:1"
	b := from(t, "2026-11-28T09:15:40Z", Options{DataDir: dir, BaseURL: base})
	id, first := b.billed(`"custom_id":"gift-1","amount":"10.00"`)
	b.hook("POST", "/sandbox/billing", `{"month_end":"drift"}`)
	b.hook("POST", "/sandbox/subscriptions/"+id+"/fail", `{"times":2}`)
	b.hook("POST", "/sandbox/payers/supporter-1@example.com/fail", `{"times":1,"outcome":"held"}`)
	b.wait(31 * day)
	b.api("POST", salesPath+first+"/refund", `{"amount":{"total":"4.00","currency":"EUR"}}`)
	before, ledger := b.billing(id), b.hook("GET", "/sandbox/ledger", "").text
	if before.Attempts != 1 || before.Script.Times != 1 {
		t.Fatalf("%+v", before)
	}
	for _, origin := range []string{"the journal", "its rewriting"} {
		if err := b.server.Close(); err != nil {
			t.Fatal(err)
		}
		b = from(t, "2026-11-28T09:15:45Z", Options{DataDir: dir, BaseURL: base})
		if got := b.billing(id); fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", before) &&
			(!got.Due.Equal(before.Due) || got.Attempts != 1 || got.Script != before.Script) {
			t.Errorf("from %s: %+v, was %+v", origin, got, before)
		}
		if got := b.hook("GET", "/sandbox/ledger", "").text; got != ledger {
			t.Errorf("ledger from %s: %s, was %s", origin, got, ledger)
		}
		b.want(b.hook("GET", "/sandbox/billing", ""), 200, "month_end", "drift")
	}
	b.wait(10 * day)
	sales := b.sales(id)
	if len(sales) != 2 {
		t.Fatal(sales)
	}
	b.want(b.api("GET", salesPath+sales[1], ""), 200, "payment_hold_status", "HELD")
	b.want(b.api("GET", salesPath+first, ""), 200, "state", "partially_refunded")
}
