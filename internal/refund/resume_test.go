package refund_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/refund"
	"readerfund/internal/testkit/newsroom"
)

// queued is the row of the queue that brings a request on, if there is one.
func (n *world) queued(r refund.Request) (due sql.NullTime, found bool) {
	n.T.Helper()
	var rows []sql.NullTime
	if err := n.DB.Select(&rows, `SELECT due_at FROM queue WHERE kind = $1 AND key = $2`, refund.Sending,
		r.ID.String()); err != nil {
		n.T.Fatal(err)
	}
	if len(rows) == 0 {
		return due, false
	}
	return rows[0], true
}

// The request and the work that sends it are committed together, so that a process may die at any moment after that.
func TestTheQueueSendsWhatWasOnlyWrittenDown(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, _ := n.Pay(newsroom.Intent())
	r, err := n.Refunds.Write(t.Context(), refund.Intent{Contribution: c.ID, Amount: "10.00", Reason: "x", Key: "form",
		By: newsroom.Editor})
	if err != nil {
		t.Fatal(err)
	}
	due, found := n.queued(r)
	if off := due.Time.Sub(r.AskedAt.Add(refund.FirstAnswer)).Abs(); !found || off > time.Microsecond {
		t.Fatalf("due %v, %t", due, found)
	}
	n.workOff()
	if n.refunds() != 0 {
		t.Error("it is sent while the one who asked waits for PayPal's answer")
	}
	n.Clock.Advance(refund.FirstAnswer + time.Second)
	n.workOff()
	if r = n.request(c, 1); r.State != refund.Done || n.refunds() != 1 {
		t.Errorf("%+v, %d refunds", r, n.refunds())
	}
	if _, found := n.queued(r); found {
		t.Error("what has ended still waits")
	}
	n.BooksEqual()
}

// What PayPal does not answer is asked for again after ever longer pauses, and is never given up by the queue itself.
func TestWhatPayPalDoesNotAnswerWaits(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, _ := n.Pay(newsroom.Intent())
	n.refundCallsEnd(outage, outage)
	r, err := n.refund(c, "10.00", "form")
	if err != nil || r.State != refund.Unknown {
		t.Fatalf("%+v, %v", r, err)
	}
	var waits []time.Duration
	for range 14 {
		n.Clock.Advance(2 * time.Hour)
		n.workOff()
		due, _ := n.queued(r)
		waits = append(waits, due.Time.Sub(n.Clock.Now()).Round(time.Second))
	}
	if waits[0] > 6*time.Second || waits[13] < 27*time.Minute || waits[13] > 33*time.Minute {
		t.Errorf("it waits %v", waits)
	}
	n.Clock.Advance(refund.RememberedFor)
	n.workOff()
	if got := n.reviews(c); !strings.Contains(got, "PayPal never answered whether it refunded") {
		t.Errorf("after 40 days, while PayPal's books cannot be read: %q", got)
	}
	if due, _ := n.queued(r); !due.Valid {
		t.Error("it is not asked about any more")
	}
	n.clearFaults()
	n.Clock.Advance(2 * time.Hour)
	n.workOff()
	if r = n.request(c, 1); r.State != refund.Failed || n.refunds() != 0 {
		t.Errorf("after 40 days: %+v", r)
	}
}

// Another process that has the request for sending is left to it, and looked after when its lease is over.
func TestTheQueueLeavesARequestToItsLease(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, _ := n.Pay(newsroom.Intent())
	n.refundCallsEnd(outage, fine)
	r, err := n.refund(c, "10.00", "form")
	if err != nil {
		t.Fatal(err)
	}
	n.clearFaults()
	n.Clock.Advance(time.Hour)
	held, mine, err := n.Refunds.Lease(t.Context(), r.ID)
	if err != nil || !mine {
		t.Fatal(mine, err)
	}
	n.workOff()
	if due, _ := n.queued(r); !due.Time.Equal(held.LeaseUntil()) || n.refunds() != 0 {
		t.Errorf("due %s, the lease ends %s", due.Time, held.LeaseUntil())
	}
	n.Clock.Advance(2 * refund.LeasedFor)
	n.workOff()
	if r = n.request(c, 1); r.State != refund.Done {
		t.Errorf("%+v", r)
	}
}

// During a rolling update, what the version before asked for reaches the queue, and is due when that version has had
// its time to see PayPal's answer.
func TestRequestsOfTheVersionBeforeReachTheQueue(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, _ := n.Pay(newsroom.Intent())
	n.refundCallsEnd(made, fine)
	r, err := n.refund(c, "10.00", "form")
	if err != nil || r.State != refund.Unknown {
		t.Fatalf("%+v, %v", r, err)
	}
	n.clearFaults()
	if _, err := n.DB.Exec(`DELETE FROM queue`); err != nil { // that version knows nothing of it
		t.Fatal(err)
	}
	for range 2 {
		if err := n.Refunds.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		due, found := n.queued(r)
		if off := due.Time.Sub(r.AskedAt.Add(refund.FirstAnswer)).Abs(); !found || off > time.Microsecond {
			t.Errorf("due %v (%t)", due, found)
		}
	}
	n.Clock.Advance(2 * time.Minute)
	n.workOff()
	if r = n.request(c, 1); r.State != refund.Done || n.refunds() != 1 {
		t.Errorf("%+v, %d refunds", r, n.refunds())
	}
	if err := n.Refunds.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, found := n.queued(r); found {
		t.Error("what has ended is in the queue again")
	}
	n.Wants(c, contribution.PartiallyRefunded)
	n.BooksEqual()
}

// The version before sweeps by check_at. So it finds there what this one asked for, until it has ended, and can go on
// alone when an update is broken off.
func TestTheVersionBeforeFindsWhatThisOneAskedFor(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, _ := n.Pay(newsroom.Intent())
	n.refundCallsEnd(outage, fine)
	if r, err := n.refund(c, "10.00", "form"); err != nil || r.State != refund.Unknown {
		t.Fatalf("%+v, %v", r, err)
	}
	n.clearFaults()
	finds := func() (found bool) {
		if err := n.DB.Get(&found, `SELECT check_at <= $1 FROM refund_request WHERE check_at IS NOT NULL
			UNION ALL SELECT false LIMIT 1`, n.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		return found
	}
	n.Clock.Advance(time.Minute)
	if !finds() {
		t.Error("the version before does not find a request without an answer")
	}
	n.workOff()
	if r := n.request(c, 1); r.State != refund.Done || finds() {
		t.Errorf("the version before finds what has ended: %+v", r)
	}
}
