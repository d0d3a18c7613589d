package health_test

import (
	"fmt"
	"testing"
	"time"

	"readerfund/internal/health"
	"readerfund/internal/report/reporttest"
)

// noon is when these tests measure.
func noon() time.Time { return at("2026-11-22T12:00:00Z") }

func (b *book) snapshot(now time.Time) health.Snapshot {
	b.t.Helper()
	v, err := health.New(b.DB).Snapshot(b.t.Context(), now)
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// event writes a webhook event about a gift: by its contribution, or by what it names.
func (b *book) event(state string, g *gift, resource string, due *time.Time) {
	b.t.Helper()
	b.n++
	var about any
	if g != nil {
		about = g.ID
	}
	b.Exec(`INSERT INTO webhook_event (event_id, transmission_id, transmission_time, event_type, resource_id, headers, body, received_at, state, due_at, contribution_id)
		VALUES ($1, $1, $2, 'PAYMENT.CAPTURE.COMPLETED', $3, '{}', ''::bytea, $2, $4, $5, $6)`, fmt.Sprintf("WH-%d", b.n),
		noon(), resource, state, due, about)
}

func TestNothingIsWrongWithAnEmptyHouse(t *testing.T) {
	t.Parallel()
	v := newBook(t).snapshot(noon())
	for name, p := range map[string]health.Backlog{
		"approved": v.Approved, "uncharged": v.Uncharged, "pending": v.Pending, "uncertain": v.CaptureUnknown,
		"orderless": v.WithoutOrder,
		"attention": v.ToReview,
		"overdue":   v.Overdue, "unsettled": v.Unsettled, "parked": v.Parked, "suspects": v.Suspects,
		"refusals": v.SignInsRefused,
		"late":     v.JobsLate, "failed": v.JobsFailed, "dead": v.JobsDead, "refunds": v.Refunds, "held": v.RefundsHeld,
		"disputes":    v.Disputes,
		"unexplained": v.Unexplained, "unchecked": v.Unreconciled,
	} {
		if p.Count != 0 || !p.Oldest.IsZero() || p.Names != nil || p.Age(v.At) != 0 {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if v.Silence != (health.Silence{}) || !v.At.Equal(noon()) {
		t.Errorf("%+v", v)
	}
}

// A state's age is counted from when it began, not from the latest attempt.
func TestTheAgeOfAState(t *testing.T) {
	t.Parallel()
	b, now := newBook(t), noon()
	g := b.Give(gift{State: "capture_unknown", At: now.Add(-3 * time.Hour)})
	b.Exec(`UPDATE contribution SET check_at = $1, updated_at = $1`, now)
	for _, e := range []struct {
		from, to string
		ago      time.Duration
	}{{"", "started", 3 * time.Hour}, {"approved", "capture_unknown", 40 * time.Minute},
		{"capture_unknown", "capture_unknown", time.Minute}} {
		b.Exec(`INSERT INTO contribution_event (contribution_id, fact, from_state, to_state, source, at) VALUES ($1, 'x', $2, $3, 'sweep', $4)`, g.ID, e.from, e.to, now.Add(-e.ago))
	}
	// An intent counts from its beginning; one that has an order does not count as one without.
	b.Give(gift{State: "order_unknown", At: now.Add(-time.Hour)})
	b.Exec(`UPDATE contribution SET check_at = $1 WHERE state = 'order_unknown'`, now)
	v := b.snapshot(now)
	if v.CaptureUnknown.Count != 1 || v.CaptureUnknown.Age(now) != 40*time.Minute || v.WithoutOrder.Count != 0 {
		t.Errorf("%+v, %+v", v.CaptureUnknown, v.WithoutOrder)
	}
	b.Exec(`UPDATE contribution SET order_id = NULL WHERE state = 'order_unknown'`)
	if v := b.snapshot(now); v.WithoutOrder.Count != 1 || v.WithoutOrder.Age(now) != time.Hour {
		t.Errorf("%+v", v.WithoutOrder)
	}
	b.Exec(`UPDATE contribution SET subscription_id = 'I-1' WHERE state = 'order_unknown'`)
	if v := b.snapshot(now); v.WithoutOrder.Count != 0 {
		t.Errorf("with a subscription: %+v", v.WithoutOrder)
	}
}

// What PayPal refused counts until it makes an order or a subscription.
func TestRefusalsEndWithAnOrderOrASubscription(t *testing.T) {
	t.Parallel()
	b, now := newBook(t), noon()
	b.Give(gift{State: "failed", At: now.Add(-3 * time.Hour)})
	b.Exec(`UPDATE contribution SET order_id = NULL`)
	if v := b.snapshot(now); v.OrdersRefused.Count != 1 {
		t.Errorf("one was refused: %+v", v.OrdersRefused)
	}
	made := b.Give(gift{State: "created", At: now.Add(-2 * time.Hour)})
	b.Exec(`UPDATE contribution SET order_id = NULL, subscription_id = 'I-1' WHERE id = $1`, made.ID)
	if v := b.snapshot(now); v.OrdersRefused.Count != 0 {
		t.Errorf("a subscription was made since: %+v", v.OrdersRefused)
	}
}

func TestSilence(t *testing.T) {
	t.Parallel()
	now := noon()
	due := now.Add(time.Minute)
	paid := func(b *book, ago time.Duration) gift { return b.Give(gift{Amount: 100, At: now.Add(-ago)}) }
	for _, c := range []struct {
		name string
		do   func(b *book)
		run  int64
	}{
		{"every gift is heard", func(b *book) { g := paid(b, time.Hour); b.event("applied", &g, "", nil) }, 0},
		{"one that is not", func(b *book) { paid(b, time.Hour) }, 1},
		{"too fresh to have been", func(b *book) { paid(b, 4*time.Minute) }, 0},
		{"too old to say anything of today", func(b *book) { paid(b, 8*24*time.Hour) }, 0},
		{"the latest is heard", func(b *book) { paid(b, 2*time.Hour); g := paid(b, time.Hour); b.event("ignored", &g, "", nil) }, 0},
		{"the latest two are not", func(b *book) {
			g := paid(b, 3*time.Hour)
			b.event("applied", &g, "", nil)
			paid(b, 2*time.Hour)
			paid(b, time.Hour)
			paid(b, time.Minute)
		}, 2},
		{"the event for the capture is still being worked on", func(b *book) { g := paid(b, time.Hour); b.event("received", nil, g.Capture, &due) }, 0},
		{"the event for the order is", func(b *book) { paid(b, time.Hour); b.event("received", nil, "ORDER1", &due) }, 0},
		{"it is parked", func(b *book) { g := paid(b, time.Hour); b.event("parked", nil, g.Capture, nil) }, 0},
		{"events for others do not count", func(b *book) {
			paid(b, time.Hour)
			b.event("received", nil, "CAPTURE77", &due)
			b.event("applied", nil, "CAPTURE1", nil)
		}, 1},
		{"found by reconciliation, late", func(b *book) {
			paid(b, time.Hour)
			b.Exec(`UPDATE payment SET occurred_at = occurred_at - interval '1 hour'`)
		}, 0},
		{"made in PayPal directly", func(b *book) {
			paid(b, time.Hour)
			b.Exec(`UPDATE payment SET kind = 'direct'`)
		}, 0},
		{"without an order of ours", func(b *book) { paid(b, time.Hour); b.Exec(`UPDATE contribution SET order_id = NULL`) }, 0},
	} {
		b := newBook(t)
		c.do(b)
		if s := b.snapshot(now).Silence; s.Run != c.run {
			t.Errorf("%s: %+v, want %d", c.name, s, c.run)
		}
	}
	b := newBook(t)
	for n := range 60 {
		paid(b, 10*time.Hour-time.Duration(n)*time.Minute)
	}
	if s := b.snapshot(now).Silence; s.Run != 50 || !s.Last.Equal(now.Add(-10*time.Hour+59*time.Minute)) ||
		!s.Since.Equal(now.Add(-10*time.Hour+10*time.Minute)) {
		t.Errorf("a long one: %+v", s)
	}
}

// A monthly gift whose first charge is a month away is not stuck; it counts once that day has passed, and from then on.
func TestWhatBeginsLaterIsNotStuck(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	begun := noon().Add(-10 * 24 * time.Hour)
	g := b.Give(reporttest.Gift{State: "approved", At: begun})
	first := noon().Add(20 * 24 * time.Hour)
	b.Exec(`UPDATE contribution SET frequency = 'month', order_id = NULL, subscription_id = 'I-1', check_at = $2,
		first_charge_at = $2 WHERE id = $1`, g.ID, first)
	if v := b.snapshot(noon()); v.Uncharged.Count != 0 || v.Approved.Count != 0 {
		t.Errorf("before: %+v, %+v", v.Uncharged, v.Approved)
	}
	if v := b.snapshot(first.Add(time.Hour)); v.Uncharged.Count != 1 || !v.Uncharged.Oldest.Equal(first) {
		t.Errorf("after: %+v", v.Uncharged)
	}
}
