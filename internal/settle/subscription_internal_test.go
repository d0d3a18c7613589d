package settle

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/checkout"
	"readerfund/internal/contribution"
	"readerfund/internal/ledger"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
	"readerfund/internal/subscription"
)

var morning = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// pledge is a monthly contribution of 10.00 EUR as it is locked, in memory.
func pledge() *contribution.Locked {
	id := uuid.MustParse("01890000-0000-7000-8000-000000000001")
	amount := money.New(1000, "EUR")
	return &contribution.Locked{
		Contribution: contribution.Contribution{
			ID: id, Receipt: "K7M3-9QX2", Frequency: contribution.Monthly, Amount: amount, State: contribution.Started,
			CreatedAt: morning,
			Checkout:  checkout.Checkout{Kind: checkout.Subscription, State: checkout.Started, CreatedAt: morning},
		},
		Book: ledger.New(ledger.Subject{
			Contribution: id, Frequency: "month", Amount: amount, Receipt: "K7M3-9QX2",
		}, &review.List{}),
	}
}

// told is the subscription as PayPal gives it, that many minutes after the start; changed is when its status did.
func told(
	status paypal.SubscriptionStatus, changed, updated int, with ...func(*paypal.Subscription),
) paypal.Subscription {
	amount, endless := money.New(1000, "EUR"), true
	s := paypal.Subscription{
		ID: "I-1", PlanID: "P-1", CustomID: pledge().Contribution.ID.String(), Status: status,
		ApproveURL: "https://www.sandbox.paypal.com/webapps/billing/subscriptions?ba_token=BA-1",
		StatusAt:   morning.Add(time.Duration(changed) * time.Minute),
		UpdatedAt:  morning.Add(time.Duration(updated) * time.Minute), CreatedAt: morning.Add(time.Second),
		Amount: &amount, Every: paypal.Monthly, Endless: &endless,
	}
	if status == paypal.SubscriptionActive {
		s.NextBillingAt = morning.AddDate(0, 1, 0)
	}
	for _, change := range with {
		change(&s)
	}
	return s
}

// charge is a sale of it that many minutes after the start.
func charge(id string, at int) paypal.Capture {
	fee := money.New(59, "EUR")
	return paypal.Capture{
		ID: id, SubscriptionID: "I-1", Status: paypal.CaptureCompleted, Amount: money.New(1000, "EUR"), Fee: &fee,
		CreatedAt: morning.Add(time.Duration(at) * time.Minute),
	}
}

// news is what one look at PayPal teaches.
type news struct {
	name  string
	facts []Fact
}

func saw(name string, s paypal.Subscription, sales ...paypal.Capture) news {
	id, src := pledge().Contribution.ID, Source{Way: contribution.ByWebhook}
	facts := []Fact{SubscriptionSeen(id, src, s)}
	for _, sale := range sales {
		facts = append(facts, CaptureSeen(id, src, sale))
	}
	return news{name, facts}
}

// sold is news of a charge alone.
func sold(name string, sale paypal.Capture) news {
	return news{name, []Fact{CaptureSeen(pledge().Contribution.ID, Source{Way: contribution.ByWebhook}, sale)}}
}

// after is how a pledge stands after news, in words: all that is kept but the history.
func after(t *testing.T, all ...news) string {
	t.Helper()
	locked := pledge()
	for _, n := range all {
		if _, err := learn(locked, n.facts, morning.Add(24*time.Hour)); err != nil {
			t.Fatalf("%s: %v", n.name, err)
		}
	}
	return standing(locked)
}

func standing(l *contribution.Locked) string {
	k := l.Contribution.Checkout
	lines := []string{fmt.Sprintf("%s %s %s %s", l.Contribution.State, k.State, k.PayPalID, l.Contribution.CompletedAt)}
	for _, s := range l.Subscriptions {
		lines = append(lines, fmt.Sprintf("%+v", s))
	}
	payments := l.Book.Payments()
	slices.SortFunc(payments, func(a, b ledger.Payment) int { return strings.Compare(a.PayPalID, b.PayPalID) })
	for _, p := range payments {
		lines = append(lines, fmt.Sprintf("%s %s %s %s %s %s", p.PayPalID, p.Kind, p.Subscription, p.State, p.Amount,
			p.Frequency))
	}
	for _, code := range []review.Code{ // what the reader was told before, ChargedAfterNo, depends on the order
		review.ChargedAfterEnd, review.SecondSubscription, review.SubscriptionDiffers, review.SubscriptionEnds,
	} {
		if l.Book.Reviews.IsOpen(code) {
			lines = append(lines, string(code))
		}
	}
	return strings.Join(lines, "\n")
}

// inEachOrder calls f with the news in each order, and with the first and the last of them told once more.
func inEachOrder(all []news, f func([]news)) {
	var place func(done []news, left []news)
	place = func(done, left []news) {
		if len(left) == 0 {
			f(append(slices.Clone(done), done[0], done[len(done)-1]))
			return
		}
		for i := range left {
			place(append(slices.Clone(done), left[i]), slices.Delete(slices.Clone(left), i, i+1))
		}
	}
	place(nil, all)
}

func cycles(completed, failed int, next time.Time) func(*paypal.Subscription) {
	return func(s *paypal.Subscription) {
		s.CyclesCompleted, s.FailedPayments, s.NextBillingAt = completed, failed, next
	}
}

func yearly(s *paypal.Subscription) { s.Every = paypal.Yearly }

func chargedAt(minute int) func(*paypal.Subscription) {
	return func(s *paypal.Subscription) { s.LastPaymentAt = morning.Add(time.Duration(minute) * time.Minute) }
}

// A charge has the frequency at which PayPal took it, whenever we hear of it and of the change.
func TestAChargeHasTheFrequencyOfItsTime(t *testing.T) {
	t.Parallel()
	running := told(paypal.SubscriptionActive, 2, 3)
	changed := told(paypal.SubscriptionActive, 2, 50000, yearly)
	back := told(paypal.SubscriptionActive, 2, 600000)
	s1, s2, s3, s4 := charge("S1", 3), charge("S2", 44640), charge("S3", 89280), charge("S4", 700000)
	for name, c := range map[string]struct {
		news []news
		want string
	}{
		"in turn": {
			[]news{saw("", running), sold("", s1), sold("", s2), saw("", changed), sold("", s3)}, "S1 month, S2 month, S3 year",
		},
		"a charge that is told after the change": {
			[]news{saw("", running), sold("", s1), saw("", changed), sold("", s2), sold("", s3)}, "S1 month, S2 month, S3 year",
		},
		"a change that is told after the charge": {
			[]news{saw("", running), sold("", s1), sold("", s2), sold("", s3), saw("", changed)}, "S1 month, S2 month, S3 year",
		},
		"and back": {
			[]news{saw("", running), sold("", s1), saw("", changed), sold("", s3), saw("", back), sold("", s2), sold("", s4)},
			"S1 month, S2 month, S3 year, S4 month",
		},
		"yearly from the beginning, against the pledge": {
			[]news{saw("", told(paypal.SubscriptionApprovalPending, 0, 0, yearly)), sold("", s1)}, "S1 year",
		},
		"of an unnamed subscription": {
			[]news{saw("", running), saw("", changed), sold("", unnamed(s3)), sold("", unnamed(s4)), sold("", s4)},
			"S3 month, S4 year",
		},
	} {
		locked := pledge()
		for _, n := range c.news {
			if _, err := learn(locked, n.facts, morning.AddDate(2, 0, 0)); err != nil {
				t.Fatal(err)
			}
		}
		if got := frequencies(standing(locked)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// A change to yearly and the charges before and after it end the same in every order.
func TestEveryOrderOfAChangeOfFrequencyEndsTheSame(t *testing.T) {
	t.Parallel()
	april, may := morning.AddDate(0, 1, 0), morning.AddDate(0, 2, 0)
	minutes := int(april.Sub(morning).Minutes())
	activated := saw("ACTIVATED", told(paypal.SubscriptionActive, 2, 3, cycles(1, 0, april)))
	for name, c := range map[string]struct {
		want string
		all  []news
	}{
		"it is charged in its turn": {"S1 month, S2 month, S3 year", []news{
			sold("SALE 1", charge("S1", 3)), sold("SALE 2", charge("S2", minutes)),
			saw("UPDATED", told(paypal.SubscriptionActive, 2, minutes+9000, cycles(2, 0, may), yearly)),
			sold("SALE 3", charge("S3", 2*minutes)),
			saw("renewed", told(paypal.SubscriptionActive, 2, 2*minutes+5,
				cycles(3, 0, morning.AddDate(1, 2, 0)), yearly, chargedAt(2*minutes))),
		}},
		"it is charged at once": {"S1 month, S2 year", []news{
			sold("SALE 1", charge("S1", 3)), sold("SALE 2", charge("S2", 9000)),
			saw("UPDATED", told(paypal.SubscriptionActive, 2, 9001,
				cycles(2, 0, morning.AddDate(1, 0, 6)), yearly, chargedAt(9000))),
		}},
	} {
		want := ""
		inEachOrder(c.all, func(told []news) {
			got := after(t, append([]news{activated}, told...)...)
			if want == "" {
				want = got
			}
			if got != want || frequencies(got) != c.want {
				t.Errorf("%s: %+v ends\n%s\nwant\n%s\nwith %s", name, told, got, want, c.want)
			}
		})
	}
}

// frequencies are the charges of what after gives, each with its frequency.
func frequencies(after string) string {
	var all []string
	for line := range strings.Lines(after) {
		if words := strings.Fields(line); words[0][0] == 'S' {
			all = append(all, words[0]+" "+words[len(words)-1])
		}
	}
	return strings.Join(all, ", ")
}

// unnamed is a charge of which PayPal does not say the subscription.
func unnamed(c paypal.Capture) paypal.Capture {
	c.SubscriptionID = ""
	return c
}

// What is told of a sign-up, of a cycle that fails and of an end, in every order, ends the same. Each is told as it was
// when PayPal was asked for it, so that an old answer can come last.
func TestEveryOrderOfNewsEndsTheSame(t *testing.T) {
	t.Parallel()
	april, may := morning.AddDate(0, 1, 0), morning.AddDate(0, 2, 0)
	minutes := int(april.Sub(morning).Minutes())
	running := told(paypal.SubscriptionActive, 2, 3, cycles(1, 0, april))
	for name, all := range map[string][]news{
		"sign-up": {
			saw("CREATED", told(paypal.SubscriptionApprovalPending, 0, 0)),
			saw("ACTIVATED", told(paypal.SubscriptionActive, 2, 2)),
			saw("SALE.COMPLETED", told(paypal.SubscriptionActive, 2, 2), charge("S1", 3)),
			saw("return", running),
			saw("UPDATED", told(paypal.SubscriptionActive, 2, 9, cycles(1, 0, april))),
		},
		"failing cycle": {
			saw("PAYMENT.FAILED 1", told(paypal.SubscriptionActive, 2, minutes, cycles(1, 1, april))),
			saw("PAYMENT.FAILED 2", told(paypal.SubscriptionActive, 2, minutes+7200, cycles(1, 2, april))),
			saw("SUSPENDED", told(paypal.SubscriptionSuspended, minutes+21600, minutes+21600, cycles(1, 3, time.Time{}))),
			saw("SALE.COMPLETED late", running, charge("S1", 3), charge("S2", minutes+22000)),
			saw("ACTIVATED", told(paypal.SubscriptionActive, minutes+21990, minutes+22001, cycles(2, 0, may))),
		},
		"end, and a charge after it": {
			saw("ACTIVATED", told(paypal.SubscriptionActive, 2, 3)), saw("SALE.COMPLETED", running, charge("S1", 3)),
			saw("CANCELLED", told(paypal.SubscriptionCancelled, 60, 60, cycles(1, 0, time.Time{}))),
			saw("SALE.COMPLETED late", running, charge("S2", 90)),
		},
	} {
		want, tried := "", 0
		inEachOrder(all, func(told []news) {
			tried++
			if got := after(t, told...); want == "" {
				want = got
			} else if got != want {
				names := make([]string, len(told))
				for i, n := range told {
					names[i] = n.name
				}
				t.Errorf("%s: %v ends\n%s\nwant\n%s", name, names, got, want)
			}
		})
		t.Logf("%s: %d orders end\n%s", name, tried, want)
	}
}

func TestTrap01ASaleThatIsToldAgainDaysLaterIsOnePayment(t *testing.T) {
	t.Parallel()
	held := charge("S1", 3)
	held.Status, held.Fee, held.Reason = paypal.CapturePending, nil, "PENDING_REVIEW"
	active := told(paypal.SubscriptionActive, 2, 3)
	once := after(t, saw("ACTIVATED", active, held), saw("COMPLETED", active, charge("S1", 3)))
	twice := after(t, saw("ACTIVATED", active, held), saw("COMPLETED", active, charge("S1", 3)),
		saw("COMPLETED, RELEASED", active, charge("S1", 3)), saw("PENDING, late", active, held))
	if once != twice || strings.Count(twice, "S1") != 1 || !strings.HasPrefix(twice, "completed") {
		t.Errorf("told again it stands as\n%s\nbefore\n%s", twice, once)
	}
}

// Traps 3 and 12: money that comes after the end is booked, the state is kept, and a person is asked to look.
func TestTrap12AChargeAfterTheEndIsBookedAndReviewed(t *testing.T) {
	t.Parallel()
	locked := pledge()
	for _, n := range []news{
		saw("ACTIVATED", told(paypal.SubscriptionActive, 2, 3), charge("S1", 3)),
		saw("CANCELLED", told(paypal.SubscriptionCancelled, 60, 60)),
		saw("late", told(paypal.SubscriptionActive, 2, 3), charge("S2", 90)),
	} {
		if _, err := learn(locked, n.facts, morning); err != nil {
			t.Fatal(err)
		}
	}
	if s := locked.Subscriptions[0]; s.State != subscription.Cancelled || len(locked.Book.Payments()) != 2 ||
		!locked.Book.Reviews.IsOpen(review.ChargedAfterEnd) {
		t.Errorf("it stands as\n%s", standing(locked))
	}
}

// Trap 4: total_cycles left out means one cycle.
func TestTrap04ASubscriptionThatEndsByItselfIsReviewed(t *testing.T) {
	t.Parallel()
	locked, no := pledge(), false
	finite := told(paypal.SubscriptionActive, 2, 3, func(s *paypal.Subscription) { s.Endless = &no })
	if _, err := learn(locked, saw("ACTIVATED", finite).facts, morning); err != nil ||
		!locked.Book.Reviews.IsOpen(review.SubscriptionEnds) {
		t.Errorf("%v\n%s", err, standing(locked))
	}
}

// Trap 7: what was paid counts, not what was pledged.
func TestTrap07WhatTheSaleSaysIsBooked(t *testing.T) {
	t.Parallel()
	locked := pledge()
	other := charge("S1", 3)
	other.Amount = money.New(2000, "EUR") // PayPal collected what was outstanding, too
	if _, err := learn(locked, saw("sale", told(paypal.SubscriptionActive, 2, 3), other).facts, morning); err != nil {
		t.Fatal(err)
	}
	if p := locked.Book.Payments()[0]; p.Amount != other.Amount || locked.Book.Reviews.Len() != 0 {
		t.Errorf("booked %s, %d reviews", p.Amount, locked.Book.Reviews.Len())
	}
}

// Trap 8: that a subscription is active says nothing of money.
func TestTrap08AnActiveSubscriptionIsNoMoney(t *testing.T) {
	t.Parallel()
	locked := pledge()
	owing := told(paypal.SubscriptionActive, 2, 3, func(s *paypal.Subscription) {
		left := money.New(1000, "EUR")
		s.Outstanding, s.CyclesCompleted = &left, 1
	})
	if _, err := learn(locked, saw("ACTIVATED", owing).facts, morning); err != nil {
		t.Fatal(err)
	}
	if c := locked.Contribution; c.State != contribution.Approved || c.Outcome() != contribution.OutcomeConfirming {
		t.Errorf("without a sale it stands at %s: %s", c.State, c.Outcome())
	}
}

// Trap 13: a second subscription of one contribution is a row of its own, its money is booked, and staff are told.
func TestTrap13ASecondSubscriptionOverwritesNothing(t *testing.T) {
	t.Parallel()
	locked := pledge()
	second := told(paypal.SubscriptionActive, 5, 6, func(s *paypal.Subscription) { s.ID = "I-2" })
	sale := charge("S2", 7)
	sale.SubscriptionID = "I-2"
	for _, n := range []news{
		saw("first", told(paypal.SubscriptionActive, 2, 3), charge("S1", 3)), saw("second", second, sale),
	} {
		if _, err := learn(locked, n.facts, morning); err != nil {
			t.Fatal(err)
		}
	}
	if len(locked.Subscriptions) != 2 || locked.Contribution.Checkout.PayPalID != "I-1" ||
		len(locked.Book.Payments()) != 2 || !locked.Book.Reviews.IsOpen(review.SecondSubscription) {
		t.Errorf("it stands as\n%s", standing(locked))
	}
}

// Trap 19: the redirect says that all went well, and the subscription waits for its approval.
func TestTrap19AnApprovalThatIsNotThereYetIsWaitedFor(t *testing.T) {
	t.Parallel()
	waiting := after(t, saw("return", told(paypal.SubscriptionApprovalPending, 0, 0)))
	approved := after(t, saw("return", told(paypal.SubscriptionApprovalPending, 0, 0)),
		saw("approved", told(paypal.SubscriptionApproved, 1, 1)))
	if !strings.HasPrefix(waiting, "created created I-1") || !strings.HasPrefix(approved, "approved approved I-1") {
		t.Errorf("waiting\n%s\napproved\n%s", waiting, approved)
	}
}

// What somebody else approved, or another plan, is not thanked for without a person's look.
func TestAnApprovalIsHeldAgainstThePledge(t *testing.T) {
	t.Parallel()
	less, dollars := money.New(100, "EUR"), money.New(1000, "USD")
	for name, change := range map[string]func(*paypal.Subscription){
		"currency": func(s *paypal.Subscription) { s.Amount = &dollars },
		"amount":   func(s *paypal.Subscription) { s.Amount = &less },
		"interval": func(s *paypal.Subscription) { s.Every = paypal.Yearly },
	} {
		locked := pledge()
		if _, err := learn(locked, saw(name, told(paypal.SubscriptionActive, 2, 3, change)).facts, morning); err != nil ||
			!locked.Book.Reviews.IsOpen(review.SubscriptionDiffers) {
			t.Errorf("%s: %v\n%s", name, err, standing(locked))
		}
		later := saw("changed later", told(paypal.SubscriptionActive, 2, 30, change))
		locked = pledge()
		for _, n := range []news{saw("as pledged", told(paypal.SubscriptionActive, 2, 3)), later} {
			if _, err := learn(locked, n.facts, morning); err != nil {
				t.Fatal(err)
			}
		}
		if locked.Book.Reviews.Len() != 0 {
			t.Errorf("%s changed later is a review", name)
		}
	}
	stranger := saw("of another",
		told(paypal.SubscriptionActive, 2, 3, func(s *paypal.Subscription) { s.CustomID = "user-7" }))
	a, err := learn(pledge(), stranger.facts, morning)
	if err != nil || len(a.contradictions) != 1 || a.news || len(a.Subscriptions) != 0 {
		t.Errorf("somebody else's is taken: %v, %+v", err, a)
	}
}

// A subscription that nobody approved for three days, and which is activated after all, counts.
func TestALateActivationCounts(t *testing.T) {
	t.Parallel()
	id, src := pledge().Contribution.ID, Source{Way: contribution.BySweep}
	pending := saw("CREATED", told(paypal.SubscriptionApprovalPending, 0, 0))
	gone := news{"gone", []Fact{OrderGone(id, src)}}
	active := saw("ACTIVATED", told(paypal.SubscriptionActive, 6000, 6001), charge("S1", 6001))
	if s := after(t, pending, gone); !strings.HasPrefix(s, "expired expired") {
		t.Errorf("nobody approved it, and it stands as\n%s", s)
	}
	late, early := after(t, pending, gone, active), after(t, pending, active, gone)
	if !strings.HasPrefix(late, "completed approved") || late != early {
		t.Errorf("activated late it stands as\n%s\nwant\n%s", late, early)
	}
}

func TestASubscriptionThatEndsBeforeItBroughtMoneyIsCalledOff(t *testing.T) {
	t.Parallel()
	active, ended := told(paypal.SubscriptionActive, 2, 3), told(paypal.SubscriptionCancelled, 60, 60)
	if s := after(t, saw("ACTIVATED", active), saw("CANCELLED", ended)); !strings.HasPrefix(s, "cancelled approved") {
		t.Errorf("it stands as\n%s", s)
	}
	if s := after(t, saw("ACTIVATED", active, charge("S1", 3)), saw("CANCELLED", ended)); !strings.HasPrefix(s, "completed") {
		t.Errorf("a supporter who stopped stands as\n%s", s)
	}
}

// A charge that was denied, or that PayPal holds back, is no payment: it is not shown as one, it does not have the day
// of the next charge looked for, and a subscription that has brought nothing else has ended without money.
func TestOnlyMoneyThatIsInCountsAsTheLastPayment(t *testing.T) {
	t.Parallel()
	denied, held := charge("S1", 3), charge("S2", 4)
	denied.Status, denied.Fee = paypal.CaptureDeclined, nil
	held.Status, held.Fee = paypal.CapturePending, nil
	active, locked := told(paypal.SubscriptionActive, 2, 3), pledge()
	learned := func(n news) subscription.Subscription {
		t.Helper()
		if _, err := learn(locked, n.facts, morning); err != nil {
			t.Fatal(err)
		}
		return locked.Subscriptions[0]
	}
	if s := learned(saw("denied and held", active, denied, held)); !s.LastPaymentAt.IsZero() {
		t.Errorf("nothing came in, and the last payment is of %s", s.LastPaymentAt)
	}
	if learned(saw("CANCELLED", told(paypal.SubscriptionCancelled, 60, 60))); !locked.Ended() {
		t.Error("it brought no money, and does not count as ended")
	}
	released := held
	released.Status, released.SubscriptionID = paypal.CaptureCompleted, "" // PayPal may leave that out
	if s := learned(saw("released", active, released)); !s.LastPaymentAt.Equal(held.CreatedAt) || locked.Ended() {
		t.Errorf("money came in, and the last payment is of %s", s.LastPaymentAt)
	}
}

// A list of charges begins at the latest that is booked, and further back only where one before it may be missing.
func TestListsOfChargesDoNotGrowWithTheYears(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	after := func(days ...int) (times []time.Time) {
		for _, d := range days {
			times = append(times, morning.Add(time.Duration(d)*day))
		}
		return times
	}
	for name, c := range map[string]struct {
		booked    []time.Time
		frequency string
		fewer     bool
		from      int // days after the start
	}{
		"none is booked":                        {nil, "month", true, -1},
		"years of charges":                      {after(0, 31, 59, 90, 120, 151, 181), "month", false, 181 - 15},
		"the latest is missing":                 {after(0, 31, 59, 90), "month", true, 90 - 15},
		"one between is missing":                {after(0, 31, 90, 120), "month", true, 31 - 15},
		"the first is missing":                  {after(59, 90), "month", true, -1},
		"a pause, and none is missing":          {after(0, 31, 200, 231), "month", false, 231 - 15},
		"a charge that came at the last try":    {after(0, 41, 59, 90), "month", true, 90 - 15},
		"the first charge a month after":        {after(31, 59), "month", true, 59 - 15},
		"every year":                            {after(0, 365, 731), "year", true, 731 - 15},
		"every year, and one between is missed": {after(0, 731), "year", true, -1},
	} {
		if from := listFrom(morning, c.booked, c.frequency, c.fewer); !from.Equal(morning.Add(time.Duration(c.from) * day)) {
			t.Errorf("%s: from %s", name, from)
		}
	}
}
