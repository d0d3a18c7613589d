package choice_test

import (
	"sync"
	"testing"

	"readerfund/internal/campaign"
	"readerfund/internal/choice"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/testkit"
)

// Preparing a thousand campaigns takes milliseconds: it is done when one changed, and not for each page.
func TestCampaignsArePreparedWhenTheyChange(t *testing.T) {
	t.Parallel()
	d, clock := dbtest.New(t), testkit.NewClock()
	if err := campaign.EnsureDefault(t.Context(), d, "The Test Post", "EUR", clock.Now()); err != nil {
		t.Fatal(err)
	}
	c := choice.NewChooser(campaign.NewCatalog(d, clock.Now), false, clock.Now)
	snapshot := func() *choice.Snapshot {
		t.Helper()
		s, err := c.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := snapshot()
	var readers sync.WaitGroup
	for range 50 {
		readers.Go(func() {
			if o, err := c.Offer(t.Context(), choice.Visit{}); err != nil || len(o.Candidates) != 1 {
				t.Errorf("%+v %v", o, err)
			}
		})
	}
	readers.Wait()
	clock.Advance(2 * campaign.Fresh)
	if snapshot() != first {
		t.Error("prepared again, although nothing changed")
	}
	if _, err := d.ExecContext(t.Context(), `UPDATE campaign SET state = 'paused', version = version + 1`); err != nil {
		t.Fatal(err)
	}
	clock.Advance(2 * campaign.Fresh)
	if snapshot() == first {
		t.Error("not prepared again after a change")
	}
	if o, err := c.Offer(t.Context(), choice.Visit{}); err != nil || len(o.Candidates) != 0 {
		t.Errorf("%+v %v", o, err)
	}
}
