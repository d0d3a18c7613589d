package manage_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/manage"
	"readerfund/internal/money"
	"readerfund/internal/testkit"
)

// consents is the reader's yes, or no, on PayPal's page.
func (n *world) consents(c manage.Change, answer string) {
	n.T.Helper()
	n.PayPal.Must("POST", "/sandbox/subscriptions/"+c.Subscription+"/"+answer, testkit.Fields{}, nil)
}

func (n *world) wantTerms(c contribution.Contribution, amount money.Amount, frequency string) {
	n.T.Helper()
	if sub := n.sub(c); sub.Amount != amount || sub.Frequency != frequency {
		n.T.Errorf("it is %s a %s, want %s a %s", sub.Amount, sub.Frequency, amount, frequency)
	}
}

func TestLessIsChargedAtOnce(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	ch, err := n.Manage.ChangeAmount(t.Context(), c.ID, euros(500), reader)
	if err != nil || ch.State != manage.Done || ch.ApproveURL != "" || ch.MissesNext {
		t.Fatalf("%+v, %v", ch, err)
	}
	n.wantTerms(c, euros(500), "month")
	n.wantChanges(c, "amount done")
	if ch, err = n.Manage.ChangeAmount(t.Context(), c.ID, euros(500), reader); err != nil || ch.State != manage.Done {
		t.Errorf("to what it is: %+v, %v", ch, err)
	}
	n.wantChanges(c, "amount done")
	if got, err := n.Contributions.Get(t.Context(), c.ID); err != nil || got.Amount != euros(1000) {
		t.Errorf("what was chosen at first is %s, %v", got.Amount, err)
	}
}

// PayPal leaves a charge of the next ten days as it was, and the reader is told.
func TestACloseChargeMayStayAsItWas(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	n.Clock.Set(n.sub(c).NextBillingAt.Add(-9 * day))
	if ch, err := n.Manage.ChangeAmount(t.Context(), c.ID, euros(500), reader); err != nil || !ch.MissesNext {
		t.Errorf("%+v, %v", ch, err)
	}
}

// What counts is the day on which the reader consents, not the one on which they asked.
func TestConsentMayComeTooLateForTheNextCharge(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	n.Clock.Set(n.sub(c).NextBillingAt.Add(-11 * day))
	ch, err := n.Manage.ChangeAmount(t.Context(), c.ID, euros(2000), reader)
	if err != nil || ch.MissesNext {
		t.Fatalf("%+v, %v", ch, err)
	}
	n.Clock.Set(n.sub(c).NextBillingAt.Add(-9 * day))
	n.inPayPal(c, "approve")
	if _, err := n.Manage.Returned(t.Context(), ch.ID); err != nil {
		t.Fatal(err)
	}
	if ch, err = n.Manage.Change(t.Context(), ch.ID); err != nil || ch.State != manage.Done || !ch.MissesNext {
		t.Errorf("%+v, %v", ch, err)
	}
}

func TestMoreNeedsTheReadersConsent(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	ch, err := n.Manage.ChangeAmount(t.Context(), c.ID, euros(2000), reader)
	if err != nil || ch.State != manage.Approval || !strings.HasPrefix(ch.ApproveURL, n.PayPal.PublicURL) {
		t.Fatalf("%+v, %v", ch, err)
	}
	n.wantTerms(c, euros(1000), "month")
	if back, err := n.Manage.Returned(t.Context(), ch.ID); err != nil || back.State != manage.Approval {
		t.Errorf("back without consent: %+v, %v", back, err)
	}
	again, err := n.Manage.ChangeAmount(t.Context(), c.ID, euros(2000), reader)
	if err != nil || again.ID != ch.ID || again.ApproveURL != ch.ApproveURL {
		t.Errorf("again: %+v, %v", again, err)
	}
	n.consents(ch, "approve")
	if back, err := n.Manage.Returned(t.Context(), ch.ID); err != nil || back.State != manage.Done {
		t.Errorf("back with consent: %+v, %v", back, err)
	}
	n.wantTerms(c, euros(2000), "month")
	n.wantChanges(c, "amount done")
	n.later(4 * day)
	if n.Count("queue") != 0 {
		t.Error("it is still asked about")
	}
}

// Nobody comes back from PayPal, and its news is lost: we ask. An agreement that comes after we stopped waiting counts.
func TestTheReaderDoesNotComeBack(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{false, true} {
		n := open(t)
		c := n.Subscribe("month", "10.00")
		ch, err := n.Manage.ChangeAmount(t.Context(), c.ID, euros(2000), reader)
		if err != nil {
			t.Fatal(err)
		}
		if late {
			n.later(manage.ConsentWithin + 2*time.Hour)
			n.wantChanges(c, "amount expired")
		}
		n.consents(ch, "approve")
		if late {
			n.news(c)
		} else {
			n.later(2 * time.Hour)
		}
		n.wantTerms(c, euros(2000), "month")
		n.wantChanges(c, "amount done")
	}
}

func TestTheReaderTurnsBack(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	ch, err := n.Manage.ChangeAmount(t.Context(), c.ID, euros(2000), reader)
	if err != nil {
		t.Fatal(err)
	}
	n.consents(ch, "decline")
	if back, err := n.Manage.TurnedBack(t.Context(), ch.ID); err != nil || back.State != manage.Expired {
		t.Errorf("%+v, %v", back, err)
	}
	n.wantTerms(c, euros(1000), "month")
	if ch, err = n.Manage.ChangeAmount(t.Context(), c.ID, euros(2000), reader); err != nil || ch.State != manage.Approval {
		t.Errorf("once more: %+v, %v", ch, err)
	}
	n.consents(ch, "approve") // and comes back by the other address
	if back, err := n.Manage.TurnedBack(t.Context(), ch.ID); err != nil || back.State != manage.Done {
		t.Errorf("%+v, %v", back, err)
	}
	n.wantTerms(c, euros(2000), "month")
}

func TestMonthlyBecomesYearly(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	id := n.sub(c).PayPalID
	ch, err := n.Manage.ChangeFrequency(t.Context(), c.ID, contribution.Yearly, euros(10000), reader)
	if err != nil || ch.Kind != manage.Frequency || ch.State != manage.Approval {
		t.Fatalf("%+v, %v", ch, err)
	}
	n.consents(ch, "approve")
	if back, err := n.Manage.Returned(t.Context(), ch.ID); err != nil || back.State != manage.Done {
		t.Fatalf("%+v, %v", back, err)
	}
	n.wantTerms(c, euros(10000), "year")
	ch, err = n.Manage.ChangeFrequency(t.Context(), c.ID, contribution.Monthly, euros(500), reader)
	if err != nil {
		t.Fatal(err)
	}
	n.consents(ch, "approve")
	n.news(c)
	n.wantTerms(c, euros(500), "month")
	n.wantChanges(c, "frequency done, frequency done")
	if got := n.sub(c).PayPalID; got != id || n.Count("subscription") != 1 {
		t.Errorf("it is %s, %d in all", got, n.Count("subscription"))
	}
}

// Of two changes at once one is under way; one that only waits for the reader gives way to another.
func TestTermsAreChangedTwiceAtOnce(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	var pressing sync.WaitGroup
	for i := range 16 {
		pressing.Go(func() {
			frequency := contribution.Frequency("year")
			if i%2 == 0 {
				frequency = "month"
			}
			ch, err := n.Manage.ChangeFrequency(t.Context(), c.ID, frequency, euros(3000), reader)
			if err != nil && !fault.Is(err, fault.Conflict) || err == nil && !ch.UnderWay() {
				t.Errorf("%+v, %v", ch, err)
			}
		})
	}
	pressing.Wait()
	if n.Count("subscription_change WHERE ended_at IS NULL") != 1 {
		t.Errorf("under way: %s", n.changes(c))
	}
	n.wantTerms(c, euros(1000), "month")
	last, err := n.Manage.ChangeFrequency(t.Context(), c.ID, "year", euros(4000), reader)
	if err != nil {
		t.Fatal(err)
	}
	n.consents(last, "approve")
	n.news(c)
	n.wantTerms(c, euros(4000), "year")
}

// A change that nobody agreed to in time is not said to have come about by a later one for the same.
func TestAnEarlierWishStaysWhatItWas(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	for range 2 {
		ch, err := n.Manage.ChangeAmount(t.Context(), c.ID, euros(2000), reader)
		if err != nil || ch.State != manage.Approval {
			t.Fatalf("%+v, %v", ch, err)
		}
		if n.changes(c) == "amount approval" {
			n.later(manage.ConsentWithin + 2*time.Hour)
			continue
		}
		n.consents(ch, "approve")
		n.news(c)
	}
	n.wantChanges(c, "amount expired, amount done")
	if _, err := n.Manage.Pause(t.Context(), c.ID, 1, reader); err != nil {
		t.Fatal(err)
	}
	n.wantChanges(c, "amount expired, amount done, pause done")
}

// Where PayPal refuses an amount beside the plan's, there is a plan for each amount, and all of it works the same.
func TestTermsWherePayPalRefusesOverrides(t *testing.T) {
	t.Parallel()
	n := open(t)
	n.PayPal.Must("POST", "/sandbox/faults", testkit.Fields{"kind": "refuse_override"}, nil)
	c := n.Subscribe("month", "10.00")
	for _, amount := range []int64{2000, 500} {
		ch, err := n.Manage.ChangeAmount(t.Context(), c.ID, euros(amount), reader)
		if err != nil {
			t.Fatal(err)
		}
		if ch.State == manage.Approval {
			n.consents(ch, "approve")
			if ch, err = n.Manage.Returned(t.Context(), ch.ID); err != nil {
				t.Fatal(err)
			}
		}
		if ch.State != manage.Done {
			t.Errorf("%+v", ch)
		}
		n.wantTerms(c, euros(amount), "month")
	}
}

// Who asked for more and then wants it as it was, has what was asked for dropped.
func TestAWishIsTakenBack(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	if _, err := n.Manage.ChangeAmount(t.Context(), c.ID, euros(2000), reader); err != nil {
		t.Fatal(err)
	}
	if ch, err := n.Manage.ChangeAmount(t.Context(), c.ID, euros(1000), reader); err != nil || ch.State != manage.Done {
		t.Errorf("%+v, %v", ch, err)
	}
	n.wantChanges(c, "amount superseded, amount done")
}

func TestAmountsThatCannotBe(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	for _, amount := range []money.Amount{
		euros(99), euros(0), euros(-500), euros(1_000_001), money.New(1000, "USD"), money.New(5000, "HUF"), {},
	} {
		if _, err := n.Manage.ChangeAmount(t.Context(), c.ID, amount, reader); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", amount, err)
		}
	}
	if _, err := n.Manage.ChangeFrequency(t.Context(), c.ID, "week", euros(500), reader); !fault.Is(err, fault.Invalid) {
		t.Errorf("weekly: %v", err)
	}
	if n.Count("subscription_change") != 0 {
		t.Error("it is written down")
	}
}

// Where PayPal makes no page to consent on, nothing waits, and the reader hears of it.
func TestPayPalMakesNoPageToConsentOn(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]struct {
		how  string
		kind fault.Kind
		want string
	}{
		"away":    {outage, fault.Unavailable, "amount expired"},
		"lost":    {made, fault.Unavailable, "amount expired"},
		"busy":    {busy, fault.Unavailable, "amount expired"},
		"refused": {`"kind":"issue","issue":"SUBSCRIPTION_STATUS_INVALID"`, fault.Conflict, "amount refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := open(t)
			c := n.Subscribe("month", "10.00")
			n.writesEnd(trouble.how)
			if _, err := n.Manage.ChangeAmount(t.Context(), c.ID, euros(2000), reader); !fault.Is(err, trouble.kind) {
				t.Errorf("%v", err)
			}
			n.wantChanges(c, trouble.want)
			n.clearFaults()
			if ch, err := n.Manage.ChangeAmount(t.Context(), c.ID, euros(2000), reader); err != nil ||
				ch.State != manage.Approval {
				t.Errorf("once more: %+v, %v", ch, err)
			}
		})
	}
}

// What was less and is not seen to be so is asked for again, and less is never charged as more.
func TestLessReachesItsEnd(t *testing.T) {
	t.Parallel()
	for _, how := range []string{made, outage, busy} {
		n := open(t)
		c := n.Subscribe("month", "10.00")
		n.writesEnd(how)
		if ch, err := n.Manage.ChangeAmount(t.Context(), c.ID, euros(500), reader); err != nil || ch.State == manage.Refused {
			t.Errorf("%+v, %v", ch, err)
		}
		n.clearFaults()
		n.later(time.Hour)
		n.wantTerms(c, euros(500), "month")
		n.wantChanges(c, "amount done")
	}
}

// PayPal refuses the PATCH that was to charge less: the reader hears so, the amount stays, and they can ask again.
func TestPayPalRefusesLess(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	n.writesEnd(`"kind":"issue","issue":"SUBSCRIPTION_STATUS_INVALID"`)
	if ch, err := n.Manage.ChangeAmount(t.Context(), c.ID, euros(500), reader); !fault.Is(err, fault.Conflict) {
		t.Errorf("%+v, %v", ch, err)
	}
	n.wantChanges(c, "amount refused")
	n.wantTerms(c, euros(1000), "month")
	n.clearFaults()
	if ch, err := n.Manage.ChangeAmount(t.Context(), c.ID, euros(500), reader); err != nil || ch.State != manage.Done {
		t.Errorf("once more: %+v, %v", ch, err)
	}
	n.wantTerms(c, euros(500), "month")
}
