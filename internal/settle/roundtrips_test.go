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
