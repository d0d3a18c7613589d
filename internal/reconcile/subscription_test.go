package reconcile_test

import (
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/reconcile"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

// subscribe is a reader who agreed to give 10.00 EUR a month. Nothing of what PayPal did then reaches us.
func (f *fixture) subscribe() contribution.Contribution {
	f.T.Helper()
	in := newsroom.Intent()
	in.Amount, in.Frequency = "10.00", "month"
	c := f.Start(in)
	f.PayPal.Must("POST", "/sandbox/subscriptions/"+c.Checkout.PayPalID+"/approve", testkit.Fields{}, nil)
	return c
}

// pass has days go by, and PayPal charge what falls due.
func (f *fixture) pass(days int) {
	f.T.Helper()
	for range days {
		f.Clock.Advance(24 * time.Hour)
		f.PayPal.Must("POST", "/sandbox/clock", testkit.Fields{"advance": "0s"}, nil)
	}
}

// sales are PayPal's ids of the charges of subscriptions, the oldest first.
func (f *fixture) sales() (ids []string) {
	f.T.Helper()
	for _, m := range f.Ledger() {
		if m.SubscriptionID != "" && m.Kind != "refund" {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// Charges of which no webhook told are booked, with what went back of them, whether PayPal's record shows our number or
// not.
func TestChargesOfASubscriptionMendByThemselves(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	f.PayPal.Must("POST", "/sandbox/billing", testkit.Fields{"custom_field": false}, nil)
	c := f.subscribe()
	f.pass(40)
	sales := f.sales()
	f.PayPal.Refund(sales[0], "4.00")
	f.pass(1)
	if len(sales) != 2 || f.State(c.ID) != contribution.Created {
		t.Fatalf("%d charges, and we know %s", len(sales), f.State(c.ID))
	}
	from := f.Clock.Now().Add(-60 * 24 * time.Hour)
	if res := f.clean(reconcile.Order{From: from}); res.Fixed < 2 || f.Count("refund") != 1 {
		t.Errorf("mended %d of two charges, with %d refunds of them", res.Fixed, f.Count("refund"))
	}
	f.agree()
	if f.State(c.ID) != contribution.Completed || f.Count("subscription WHERE state = 'active'") != 1 {
		t.Errorf("it stands at %s", f.State(c.ID))
	}
	if res := f.clean(reconcile.Order{From: from}); res.Fixed != 0 {
		t.Errorf("mended %d once more", res.Fixed)
	}
}

// A monthly charge that reconciliation finds after the gift became yearly counts as monthly.
func TestAMonthlyChargeFoundAfterTheChangeIsMonthly(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	c := f.Subscribe("month", "10.00")
	f.pass(33) // the second charge is due after 28 to 31 days, and made the day after at the latest
	// Nobody asks about the charge, and the change is heard of first.
	f.Exec(`UPDATE subscription SET frequency = 'year', frequency_since = $1, seen_at = $1, amount_minor = 9000,
		cycles_completed = 2, last_payment_at = $1`, f.Clock.Now().Add(-time.Hour).UTC())
	if sales := f.sales(); len(sales) != 2 {
		t.Fatalf("%d charges at PayPal", len(sales))
	}
	f.pass(1)
	f.clean(reconcile.Order{From: f.Clock.Now().Add(-60 * 24 * time.Hour)})
	if n := f.Count("ledger_entry WHERE contribution_id = $1 AND kind = 'charge' AND frequency = 'month'", c.ID); n != 2 {
		t.Errorf("%d charges count as monthly", n)
	}
}

// Of a lost database the subscribers come back, each once, with all that they paid.
func TestALostSubscriberIsRestored(t *testing.T) {
	t.Parallel()
	for _, shown := range []bool{true, false} {
		f := open(t, options{})
		f.PayPal.Must("POST", "/sandbox/billing", testkit.Fields{"custom_field": shown}, nil)
		c := f.subscribe()
		f.pass(40)
		f.clean(reconcile.Order{From: f.Clock.Now().Add(-60 * 24 * time.Hour)})
		f.Exec(`TRUNCATE contribution, reconcile_run CASCADE`)
		if n := f.Count("payment") + f.Count("subscription") + f.Count("ledger_entry"); n != 0 {
			t.Fatalf("%d rows are left", n)
		}
		// The second charge is 9 to 12 days old, by the length of the month; with it comes the first, of day 0.
		f.clean(reconcile.Order{From: f.Clock.Now().Add(-20 * 24 * time.Hour)})
		f.agree()
		back, err := f.Contributions.Get(t.Context(), c.ID)
		if err != nil || back.State != contribution.Completed || back.Frequency != contribution.Monthly ||
			back.Amount != c.Amount || back.Checkout.PayPalID != c.Checkout.PayPalID || !back.HasSupporter {
			t.Errorf("it came back as %+v, %v", back, err)
		}
		if f.Count("contribution") != 1 || f.Count("subscription") != 1 || f.Count("payment") != 2 {
			t.Error("something came back twice, or not at all")
		}
		if n := f.Count("ledger_entry WHERE frequency <> 'month'"); n != 0 {
			t.Errorf("%d entries do not count as monthly", n)
		}
	}
}

// One that began later keeps the day of its first charge, where PayPal gives it.
func TestALostSubscriberKeepsTheFirstDay(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	first := f.Clock.Now().AddDate(0, 1, 0).Truncate(time.Second)
	c := f.BeginLater("4.00", first, "active")
	f.pass(36)
	f.Exec(`TRUNCATE contribution, reconcile_run CASCADE`)
	f.clean(reconcile.Order{From: f.Clock.Now().Add(-10 * 24 * time.Hour)})
	f.agree()
	back, err := f.Contributions.Get(t.Context(), c.ID)
	if err != nil || back.State != contribution.Completed || !back.Checkout.FirstChargeAt.Equal(first) {
		t.Errorf("it came back as %+v, %v; its first charge was due at %s", back, err, first)
	}
	if f.Count("review") != 0 {
		t.Error("something is to be looked at")
	}
}

// What another system charges by the same account is money from elsewhere.
func TestSomebodyElsesSubscriptionIsNotOurs(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	f.PayPal.Must("POST", "/sandbox/subscriptions", testkit.Fields{
		"custom_ids": []string{"user-7"}, "currency": "EUR", "amount": "5.00",
		"start": f.Clock.Now().Add(-40 * 24 * time.Hour),
	}, nil)
	f.pass(1)
	res := f.run(reconcile.Order{From: f.Clock.Now().Add(-60 * 24 * time.Hour)})
	if found := kinds(res.Open); found[reconcile.UnknownPayer] != len(res.Open) || len(res.Open) == 0 {
		t.Errorf("found %v", res.Open)
	}
	if n := f.Count("contribution"); n != 0 {
		t.Errorf("%d contributions", n)
	}
}

// Months of subscriptions of which no webhook tells: payments fail, are held, go back and are disputed, people stop and
// pause. The daily sweep finds what it can, reconciliation the rest, and both sides agree to the cent.
func TestMonthsWithoutAWebhookAgree(t *testing.T) {
	t.Parallel()
	f := open(t, options{})
	var ids []string
	for range 8 {
		ids = append(ids, f.Subscribe("month", "10.00").Checkout.PayPalID)
	}
	y := testkit.YearsOf(f.PayPal, testkit.Seed(t), ids...)
	for name := range y.Chances {
		y.Chances[name] *= 3
	}
	y.Move = func(by time.Duration) error {
		f.Clock.Advance(by)
		return f.PayPal.Hook("POST", "/sandbox/clock", testkit.Fields{"advance": "0s"}, nil)
	}
	err := y.Pass(100, func(day int) error {
		if _, err := f.Sweeper.Sweep(t.Context()); err != nil {
			return err
		}
		if _, err := f.Sweeper.SweepSubscriptions(t.Context()); err != nil {
			return err
		}
		if day%30 == 0 {
			_, err := f.Run(t.Context(), reconcile.Order{})
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(y)
	if err := y.Settle(); err != nil {
		t.Fatal(err)
	}
	f.pass(2)
	f.clean(reconcile.Order{From: f.Clock.Now().Add(-110 * 24 * time.Hour)})
	f.agree()
	if n := f.Count("subscription"); n != len(ids) || f.Count("contribution") != len(ids) {
		t.Errorf("%d subscriptions of %d", n, len(ids))
	}
	var stale int
	err = f.DB.GetContext(t.Context(), &stale, `
		SELECT count(*) FROM subscription WHERE state IN ('active', 'suspended') AND check_at IS NULL
		    OR state IN ('cancelled', 'expired') AND (check_at IS NOT NULL OR next_billing_at IS NOT NULL OR ended_at IS NULL)`)
	if err != nil || stale != 0 {
		t.Errorf("%d subscriptions are not looked after: %v", stale, err)
	}
}
