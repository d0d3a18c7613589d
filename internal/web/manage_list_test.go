package web

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Each payment of a monthly gift has a number of its own on the reader's page, and leads to its own receipt.
func TestEachPaymentHasItsOwnNumberAndReceipt(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	_, id := h.subscribes("month", "10")
	h.exec(`INSERT INTO payment (contribution_id, kind, paypal_id, status, receipt, amount_minor, currency, occurred_at,
			recorded_at) VALUES ($1, 'capture', 'SECOND', 'completed', 'WXYZ-2345', 1000, 'EUR', now(), now())`, id)
	ada := h.letIn("ada@example.org")
	if got := ada.get("/manage"); strings.Contains(got.body, "/receipt/") {
		t.Errorf("a receipt is linked before it is issued:\n%s", got.body)
	}
	if err := h.Receipts.Issue(t.Context()); err != nil {
		t.Fatal(err)
	}
	own := ada.get("/manage")
	own.says(t, "own page", "Number WXYZ-2345")
	links := regexp.MustCompile(`/contributions/`+id+`/receipt/(R-\d+-\d+)"`).FindAllStringSubmatch(own.body, -1)
	if len(links) != 2 || links[0][1] == links[1][1] {
		t.Fatalf("links to receipts: %v\n%s", links, own.body)
	}
	numbers := regexp.MustCompile(`Number ([A-Z0-9]{4}-[A-Z0-9-]+)`).FindAllStringSubmatch(own.body, -1)
	if len(numbers) != 2 || numbers[0][1] == numbers[1][1] {
		t.Errorf("numbers: %v", numbers)
	}
	for i, link := range links {
		ada.get(strings.TrimSuffix(link[0], `"`)).says(t, link[1], link[1], numbers[i][1])
	}
}

func TestALongListGoesOnAtOlder(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	var id string
	for n := range 21 {
		id = h.repeats("ada@example.org", fmt.Sprintf("GIFT-%04d", n), "month", map[bool]string{true: "active",
			false: "cancelled"}[n > 0])
	}
	h.exec(`INSERT INTO payment (contribution_id, kind, paypal_id, status, receipt, amount_minor, currency, occurred_at,
			recorded_at) SELECT $1, 'capture', 'C-' || n, 'completed', 'PAID-' || to_char(n, 'FM0000'), 500, 'EUR',
			$2::timestamptz - n * interval '1 day', $2 FROM generate_series(1, 60) n`, id, noon().Add(-30*24*time.Hour))
	ada := h.letIn("ada@example.org")
	first := ada.get("/manage")
	first.says(t, "first page", "Older payments", "Older monthly and yearly gifts", "PAID-0029", "Erase what")
	if strings.Contains(first.body, "PAID-0030") || strings.Contains(first.body, "Ended") {
		t.Error("the first page shows more than it should")
	}
	follow := func(label string) reply {
		link := regexp.MustCompile(`href="([^"]+)">` + label).FindStringSubmatch(first.body)
		if link == nil {
			t.Fatalf("no link %q", label)
		}
		return ada.get(strings.ReplaceAll(link[1], "&amp;", "&"))
	}
	older := follow("Older payments")
	older.says(t, "older payments", "PAID-0030", "PAID-0060", "Back to your latest gifts")
	if strings.Contains(older.body, "PAID-0029") || strings.Contains(older.body, "Erase what") {
		t.Errorf("the older page repeats the first:\n%s", older.body)
	}
	follow("Older monthly and yearly gifts").says(t, "older gifts", "Ended", "Back to your latest gifts")
	if got := ada.get("/manage?after=x"); got.status != 422 && got.status != 400 {
		t.Errorf("a cursor that no page gave: %d", got.status)
	}
}
