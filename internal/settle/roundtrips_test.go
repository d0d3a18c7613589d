package settle_test

import (
	"testing"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/db/dbtest"
)

// Each wait for the database is a wait of the reader's: the numbers are the most that docs/decisions/0025 allows.
func TestAGiftWaitsForTheDatabaseAFewTimes(t *testing.T) {
	t.Parallel()
	n := open(t)
	d, trips := dbtest.NewCounted(t)
	if err := campaign.EnsureDefault(t.Context(), d, "The Test Gazette", "EUR", n.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	s := n.On(d, n.Client)
	if _, err := s.Starter.Start(t.Context(), gift("warm"), nil); err != nil { // the campaign is in memory now
		t.Fatal(err)
	}
	var c contribution.Contribution
	var err error
	begun := trips.During(func() { c, err = s.Starter.Start(t.Context(), gift("one"), nil) })
	if err != nil || c.State != contribution.Created || begun > 3 {
		t.Errorf("a gift begins with %d round trips, %s, %v", begun, c.State, err)
	}
	n.Approve(c, "approve")
	src := returning
	settled := trips.During(func() { c, err = s.Settler.Settle(t.Context(), c.ID, src) })
	if err != nil || c.State != contribution.Completed || settled > 10 {
		t.Errorf("captured and booked with %d round trips, %s, %v", settled, c.State, err)
	}
	again := trips.During(func() { _, err = s.Starter.Start(t.Context(), gift("one"), nil) })
	if err != nil || again > 1 {
		t.Errorf("the same key again: %d round trips, %v", again, err)
	}
	t.Logf("begun with %d round trips, captured and booked with %d, sent again with %d", begun, settled, again)
}

// A renewal's webhook waits for the database once more than a capture's: for whose the subscription is, which renewals
// of one day ask together.
func TestASaleWaitsForTheDatabaseAsACaptureDoes(t *testing.T) {
	t.Parallel()
	n := still(t)
	d, trips := dbtest.NewCounted(t)
	if err := campaign.EnsureDefault(t.Context(), d, "The Test Gazette", "EUR", n.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	s := &world{n.On(d, n.Client)}
	c := s.subscribed("renewed")
	s.pass(33)
	sale := s.sales()[1]
	renewed := trips.During(func() {
		if _, err := s.Payments.SettleSale(t.Context(), sale, c.Checkout.PayPalID, byWebhook); err != nil {
			t.Error(err)
		}
	})
	once := s.Start(gift("once"))
	s.Approve(once, "")
	o, err := s.Client.CaptureOrder(t.Context(), once.Checkout.PayPalID, "unseen")
	if err != nil {
		t.Fatal(err)
	}
	captured := trips.During(func() {
		if _, err := s.Payments.SettlePayment(t.Context(), o.ID, o.Captures[0].ID, byWebhook); err != nil {
			t.Error(err)
		}
	})
	if renewed > captured+1 {
		t.Errorf("a renewal is booked with %d round trips, a capture with %d", renewed, captured)
	}
	t.Logf("a renewal is booked with %d round trips, a capture with %d", renewed, captured)
}
