package web

import (
	"strings"
	"testing"

	"readerfund/internal/account"
)

func TestStaffSeeWhatRepeats(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	viewer := h.signedIn(account.Viewer)
	if got := viewer.get("/staff/recurring"); got.status != 200 || !strings.Contains(got.body, "No recurring gift began") {
		t.Errorf("nothing repeats: %d\n%s", got.status, got.body)
	}
	h.subscribes("month", "10")
	_, stopped := h.subscribes("month", "7.50")
	h.newReader().press(h.link(stopped), "stop")
	got := viewer.get("/staff/recurring")
	for _, want := range []string{"support", ">2<", ">1<", "50 %"} {
		if !strings.Contains(got.body, want) {
			t.Errorf("the page lacks %q\n%s", want, got.body)
		}
	}
	report := viewer.get("/staff/reports?by=frequency")
	if report.status != 200 || !strings.Contains(report.body, "Monthly") ||
		!strings.Contains(report.body, "frequency=month") {
		t.Errorf("by frequency: %d\n%s", report.status, report.body)
	}
	if ledger := viewer.get("/staff/ledger?frequency=weekly"); ledger.status != 422 {
		t.Errorf("no such frequency: %d", ledger.status)
	}
}
