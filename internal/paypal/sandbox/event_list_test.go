package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEventsArePaged(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{MaxDeliveries: 12})
	r := newReceiver(t)
	b.subscribe(r, "*")
	b.hook("POST", "/sandbox/faults", `{"kind":"drop_webhook"}`) // none of them is delivered: they happened all the same
	for range 3 {
		b.pay("EUR", "1.00", "")
	}
	all := b.eventIDs("/v1/notifications/webhooks-events?page_size=300")
	if len(all) != 9 {
		t.Fatalf("%d events", len(all))
	}
	first := b.api("GET", "/v1/notifications/webhooks-events?page_size=4", "")
	b.want(first, 200, "count", "4")
	b.pay("EUR", "1.00", "") // pushes nothing to another page
	if got := b.eventIDs(strings.TrimPrefix(first.link("next"), b.url)); !slices.Equal(got, all[4:]) {
		t.Errorf("%v, want %v", got, all[4:])
	}
	if got := b.eventIDs("/v1/notifications/webhooks-events?page_size=1&event_type=PAYMENT.CAPTURE.COMPLETED"); len(got) != 4 {
		t.Errorf("%d captures", len(got))
	}
	next := strings.TrimPrefix(b.api("GET", "/v1/notifications/webhooks-events?page_size=11", "").link("next"), b.url)
	if got := b.eventIDs(next); len(got) != 1 {
		t.Errorf("the last page has %d", len(got))
	}
	b.pay("EUR", "1.00", "") // now the events before are not kept any more
	b.pay("EUR", "1.00", "")
	b.pay("EUR", "1.00", "")
	b.pay("EUR", "1.00", "")
	b.want(b.api("GET", next, ""), 200, "count", "0")
	b.want(b.api("GET", "/v1/notifications/webhooks-events?index_time=x", ""), 400, "name", "VALIDATION_ERROR")
	b.advance(30*24*time.Hour + time.Minute)
	b.login()
	b.want(b.api("GET", "/v1/notifications/webhooks-events?start_time=2020-01-01T00:00:00Z", ""), 200, "count", "0")
	if n := len(r.all()); n != 0 {
		t.Errorf("%d were delivered", n)
	}
}

// eventIDs are those of a page and of all that follow it.
func (b *bench) eventIDs(path string) (ids []string) {
	b.t.Helper()
	for path != "" {
		got := b.api("GET", path, "")
		if got.status != 200 {
			b.t.Fatal(got.status, got.text)
		}
		for i := 0; got.get(fmt.Sprintf("events.%d.id", i)) != ""; i++ {
			ids = append(ids, got.get(fmt.Sprintf("events.%d.id", i)))
		}
		if path = strings.TrimPrefix(got.link("next"), b.url); len(ids) > 1000 {
			b.t.Fatal("the pages lead round in a circle")
		}
	}
	return ids
}

// An address of a page has milliseconds: what happened in the last one, before the first page was asked for, is listed.
func TestEventsOfOneMillisecondArePaged(t *testing.T) {
	t.Parallel()
	asked := time.Date(2026, 11, 28, 12, 0, 0, 700_000, time.UTC)
	b := newBench(t, Options{})
	b.server.books.events = []*event{
		{ID: "WH-1", Created: asked.Add(-300 * time.Microsecond)}, {ID: "WH-2", Created: asked.Add(-200 * time.Microsecond)},
	}
	want := eventFilter{from: asked.Add(-time.Hour), to: asked.Truncate(time.Millisecond), size: 2}
	if found, more := b.server.findEvents(want); len(found) != 2 || more {
		t.Errorf("%d events, more: %t", len(found), more)
	}
}
