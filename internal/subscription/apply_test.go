package subscription

import (
	"errors"
	"slices"
	"testing"
	"time"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// answer is what PayPal says of a subscription whose status changed and which was updated that many minutes after noon.
func answer(
	status paypal.SubscriptionStatus, changed, updated int, with ...func(*paypal.Subscription),
) paypal.Subscription {
	amount := money.New(1000, "EUR")
	s := paypal.Subscription{
		ID: "I-1", PlanID: "P-1", Status: status, StatusAt: noon.Add(time.Duration(changed) * time.Minute),
		UpdatedAt: noon.Add(time.Duration(updated) * time.Minute), CreatedAt: noon.Add(-time.Minute),
		Amount: &amount, Every: paypal.Monthly,
	}
	for _, change := range with {
		change(&s)
	}
	return s
}

func billed(cycles, failed int) func(*paypal.Subscription) {
	return func(s *paypal.Subscription) { s.CyclesCompleted, s.FailedPayments = cycles, failed }
}

func next31(s *paypal.Subscription) { s.NextBillingAt = noon.AddDate(0, 1, 0) }

func begun() Subscription {
	return Subscription{PayPalID: "I-1", Frequency: "month", Amount: money.New(1000, "EUR")}
}

// permutations calls f with each order of n things.
func permutations(n int, f func([]int)) {
	var place func(done []int)
	place = func(done []int) {
		if len(done) == n {
			f(done)
			return
		}
		for i := range n {
			if !slices.Contains(done, i) {
				place(append(slices.Clone(done), i))
			}
		}
	}
	place(nil)
}

// What PayPal answers in the course of a sign-up, of a failing cycle and of an end, in every order.
func TestAnswersInEveryOrderEndTheSame(t *testing.T) {
	t.Parallel()
	for name, all := range map[string][]paypal.Subscription{
		"sign-up": {
			answer(paypal.SubscriptionApprovalPending, 0, 0), answer(paypal.SubscriptionApproved, 1, 1),
			answer(paypal.SubscriptionActive, 2, 2, next31), answer(paypal.SubscriptionActive, 2, 3, next31, billed(1, 0)),
			answer(paypal.SubscriptionActive, 2, 9, next31, billed(1, 0)),
		},
		"failing cycle": {
			answer(paypal.SubscriptionActive, 2, 3, next31, billed(1, 0)),
			answer(paypal.SubscriptionActive, 2, 10, next31, billed(1, 1)),
			answer(paypal.SubscriptionActive, 2, 20, next31, billed(1, 2)),
			answer(paypal.SubscriptionSuspended, 30, 30, billed(1, 3)),
			answer(paypal.SubscriptionActive, 40, 41, next31, billed(2, 0)),
		},
		"end": {
			answer(paypal.SubscriptionActive, 2, 3, next31), answer(paypal.SubscriptionSuspended, 20, 20),
			answer(paypal.SubscriptionActive, 30, 30, next31), answer(paypal.SubscriptionCancelled, 40, 40),
		},
	} {
		var want *Subscription
		tried := 0
		permutations(len(all), func(order []int) {
			tried++
			s := begun()
			for _, i := range append(order, order...) {
				if _, err := s.Apply(all[i], noon); err != nil {
					t.Fatal(err)
				}
			}
			if want == nil {
				want = &s
			} else if s != *want {
				t.Errorf("%s: %v ends %+v, want %+v", name, order, s, *want)
			}
		})
		t.Logf("%s: %d orders end %s", name, tried, want.State)
	}
}

func TestTheSameAnswerAgainIsNoNews(t *testing.T) {
	t.Parallel()
	s := begun()
	seen := answer(paypal.SubscriptionActive, 2, 3, next31, billed(1, 0))
	if news, err := s.Apply(seen, noon); !news || err != nil {
		t.Fatalf("the first is no news: %v", err)
	}
	if news, err := s.Apply(seen, noon.Add(time.Hour)); news || err != nil {
		t.Errorf("the same again is news: %v", err)
	}
	seen.Status = "LIMBO"
	if _, err := s.Apply(seen, noon); !errors.Is(err, ErrStatus) {
		t.Errorf("a status that is none: %v", err)
	}
}

// Trap 31: a cancelled subscription has no next charge, and hardly anything else.
func TestTrap31ACancelledSubscriptionHasHardlyAnyFields(t *testing.T) {
	t.Parallel()
	s := begun()
	for _, seen := range []paypal.Subscription{
		answer(paypal.SubscriptionActive, 2, 3, next31, billed(3, 0)),
		{ID: "I-1", Status: paypal.SubscriptionCancelled, StatusAt: noon.Add(time.Hour), StatusNote: "enough"},
	} {
		if _, err := s.Apply(seen, noon.Add(2*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if s.State != Cancelled || !s.EndedAt.Equal(noon.Add(time.Hour)) || s.Note != "enough" || !s.NextBillingAt.IsZero() ||
		s.CyclesCompleted != 3 || s.Amount != money.New(1000, "EUR") || s.PlanID != "P-1" || s.StartedAt.IsZero() {
		t.Errorf("it stands as %+v", s)
	}
}

// Trap 3: news of a charge that comes late revives nothing.
func TestTrap03LateNewsRevivesNothing(t *testing.T) {
	t.Parallel()
	s := begun()
	for _, seen := range []paypal.Subscription{
		answer(paypal.SubscriptionCancelled, 40, 40), answer(paypal.SubscriptionActive, 50, 50, next31, billed(2, 1)),
		answer(paypal.SubscriptionExpired, 60, 60),
	} {
		if _, err := s.Apply(seen, noon); err != nil {
			t.Fatal(err)
		}
	}
	if s.State != Cancelled || !s.EndedAt.Equal(noon.Add(40*time.Minute)) || !s.NextBillingAt.IsZero() {
		t.Errorf("it stands as %+v", s)
	}
}

// A sale is told at once, the day of the next charge some minutes later. Meanwhile no day is named that has passed.
func TestTheDayThatWasChargedIsNotTheNextOne(t *testing.T) {
	t.Parallel()
	s := begun()
	s.State, s.NextBillingAt = Active, noon
	if next := s.NextCharge(); !next.Equal(noon) {
		t.Errorf("before it is charged the next charge is at %s", next)
	}
	s.LastPaymentAt = noon.Add(5 * time.Hour)
	if next := s.NextCharge(); !next.IsZero() {
		t.Errorf("once it is charged the next charge is at %s", next)
	}
	s.NextBillingAt = noon.AddDate(0, 1, 0)
	if next := s.NextCharge(); !next.Equal(s.NextBillingAt) {
		t.Errorf("once PayPal names it the next charge is at %s", next)
	}
}

func TestChecksAreDailyAndSoonerAroundACharge(t *testing.T) {
	t.Parallel()
	s := begun()
	s.State, s.NextBillingAt = Active, noon.AddDate(0, 0, 20)
	if at := s.NextCheck(noon); at != noon.Add(24*time.Hour) {
		t.Errorf("long before a charge it is asked about at %s", at)
	}
	now, asked := s.NextBillingAt.Add(-time.Hour), 0
	for !s.Overdue(now) {
		at := s.NextCheck(now)
		if wait := at.Sub(now); wait <= 0 || wait > 24*time.Hour {
			t.Fatalf("after %s it is asked about %s later", now.Sub(s.NextBillingAt), wait)
		}
		now = at
		asked++
	}
	if late := now.Sub(s.NextBillingAt); late > 38*time.Hour+time.Minute || asked > 3 {
		t.Errorf("found overdue %s after the charge was to come, asked %d times", late, asked)
	}
	for _, ended := range []State{ApprovalPending, Cancelled, Expired} {
		s.State = ended
		if at := s.NextCheck(noon); !at.IsZero() {
			t.Errorf("%s is asked about at %s", ended, at)
		}
	}
}

// PayPal leaves a charge of the next ten days as it was.
func TestTheNextChargeIsFixedTenDaysBefore(t *testing.T) {
	t.Parallel()
	now := noon
	for days, want := range map[int]bool{1: true, 9: true, 10: false, 30: false} {
		sub := Subscription{NextBillingAt: now.AddDate(0, 0, days)}
		if got := sub.NextIsFixed(now); got != want {
			t.Errorf("in %d days: %t", days, got)
		}
	}
	if (Subscription{}).NextIsFixed(now) {
		t.Error("without a next charge")
	}
}

func TestMonthsLaterIsTheSameDayOfTheMonth(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from   string
		months int
		want   string
	}{
		{"2026-11-29T10:00:00Z", 1, "2026-12-29T10:00:00Z"},
		{"2026-11-29T10:00:00Z", 3, "2027-02-28T10:00:00Z"},
		{"2026-12-31T23:59:59Z", 2, "2027-02-28T23:59:59Z"},
		{"2027-12-31T00:00:00Z", 2, "2028-02-29T00:00:00Z"},
		{"2026-08-31T00:00:00Z", 1, "2026-09-30T00:00:00Z"},
		{"2026-10-01T00:00:00Z", 3, "2027-01-01T00:00:00Z"},
	} {
		from, err := time.Parse(time.RFC3339, c.from)
		if err != nil {
			t.Fatal(err)
		}
		if got := MonthsLater(from, c.months).Format(time.RFC3339); got != c.want {
			t.Errorf("%s and %d months: %s, want %s", c.from, c.months, got, c.want)
		}
	}
}

// PayPal keeps one whose first charge is due later as ACTIVE or as APPROVED until then; both wait, and neither is
// confused with one that merely has an odd start_time.
func TestALaterStartIsLearned(t *testing.T) {
	t.Parallel()
	start := noon.AddDate(0, 1, 0)
	from := func(at time.Time) func(*paypal.Subscription) { return func(s *paypal.Subscription) { s.StartAt = at } }
	for _, c := range []struct {
		seen        paypal.Subscription
		waits, goes bool
		first       time.Time
	}{
		{answer(paypal.SubscriptionApprovalPending, 0, 0, from(start)), false, false, time.Time{}},
		{answer(paypal.SubscriptionApproved, 0, 0, from(start)), true, true, start},
		{answer(paypal.SubscriptionApproved, 0, 0, from(noon.Add(5*time.Hour))), false, false, time.Time{}},
		{answer(paypal.SubscriptionActive, 0, 0, from(start)), false, true, start},
		{answer(paypal.SubscriptionActive, 0, 0, from(start), next31), false, true, noon.AddDate(0, 1, 0)},
		{answer(paypal.SubscriptionActive, 0, 0, from(start), billed(1, 0)), false, true, time.Time{}},
		{answer(paypal.SubscriptionCancelled, 0, 0, from(start)), false, false, time.Time{}},
	} {
		s := begun()
		if _, err := s.Apply(c.seen, noon); err != nil {
			t.Fatal(err)
		}
		if s.AwaitsStart() != c.waits || s.Ongoing() != c.goes || !s.FirstCharge().Equal(c.first) ||
			c.goes == s.StartedAt.IsZero() &&
				c.seen.Status != paypal.SubscriptionCancelled {
			t.Errorf("%s from %s: %+v", c.seen.Status, c.seen.StartAt, s)
		}
	}
}

// A month of waiting is a look a day, and two around the charge.
func TestOneThatBeginsLaterIsAskedAboutDaily(t *testing.T) {
	t.Parallel()
	start := noon.AddDate(0, 1, 0)
	for _, s := range []Subscription{{State: ApprovalPending, StartsAt: start}, {State: Active, NextBillingAt: start}} {
		asked, now := 0, noon
		for now.Before(start.Add(chargeOverdue)) {
			if now = s.NextCheck(now); now.IsZero() {
				t.Fatalf("%s is not asked about any more", s.State)
			}
			asked++
		}
		if asked < 30 || asked > 35 {
			t.Errorf("%s is asked about %d times in a month", s.State, asked)
		}
	}
}
