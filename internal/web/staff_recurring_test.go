package web

import (
	"strings"
	"testing"
	"time"

	"readerfund/internal/account"
	"readerfund/internal/report"
)

func TestStaffSeeWhatRepeats(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	viewer := h.signedIn(account.Viewer)
	if got := viewer.get("/staff/recurring"); got.status != 200 || !strings.Contains(got.body, "for the first time") ||
		strings.Contains(got.body, "No recurring gift") {
		t.Errorf("before it was added up: %d\n%s", got.status, got.body)
	}
	addUp := func() {
		t.Helper()
		if err := report.NewRollup(h.db, time.UTC, h.Now).AddUp(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	addUp()
	if got := viewer.get("/staff/recurring"); got.status != 200 || !strings.Contains(got.body, "No recurring gift began") {
		t.Errorf("nothing repeats: %d\n%s", got.status, got.body)
	}
	h.subscribes("month", "10")
	_, stopped := h.subscribes("month", "7.50")
	h.newReader().press(h.link(stopped), "stop")
	addUp()
	got := viewer.get("/staff/recurring")
	for _, want := range []string{"support", ">2<", ">1<", "50 %", "As of"} {
		if !strings.Contains(got.body, want) {
			t.Errorf("the page lacks %q\n%s", want, got.body)
		}
	}
	totals := viewer.get("/staff/reports?by=frequency")
	if totals.status != 200 || !strings.Contains(totals.body, "Monthly") ||
		!strings.Contains(totals.body, "frequency=month") {
		t.Errorf("by frequency: %d\n%s", totals.status, totals.body)
	}
	if ledger := viewer.get("/staff/ledger?frequency=weekly"); ledger.status != 422 {
		t.Errorf("no such frequency: %d", ledger.status)
	}
}
