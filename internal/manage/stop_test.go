package manage_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/manage"
	"readerfund/internal/subscription"
)

func TestAReaderStops(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	sub, err := n.Manage.Stop(t.Context(), c.ID, reader)
	if err != nil || sub.State != subscription.Cancelled || sub.EndedBy != manage.ByReader {
		t.Fatalf("%+v, %v", sub, err)
	}
	n.wants(c, subscription.Cancelled)
	if _, note := n.atPayPal(c); !strings.HasPrefix(note, "stopped by the reader (Readerfund ") {
		t.Errorf("the note at PayPal is %q", note)
	}
	n.wantChanges(c, "stop done")
	if _, err := n.Manage.Stop(t.Context(), c.ID, reader); err != nil {
		t.Errorf("again: %v", err)
	}
	n.wantChanges(c, "stop done")
	n.later(time.Hour)
	if n.Count("queue") != 0 || n.Audited(c) != "" {
		t.Errorf("%d rows in the queue; audited: %q", n.Count("queue"), n.Audited(c))
	}
}

func TestStaffStopWithAReason(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	if _, err := n.Manage.Stop(t.Context(), c.ID, byStaff(" ")); !fault.Is(err, fault.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	if _, err := n.Manage.Stop(t.Context(), c.ID, byStaff(strings.Repeat("x", 501))); !fault.Is(err, fault.Invalid) {
		t.Errorf("with a long one: %v", err)
	}
	sub, err := n.Manage.Stop(t.Context(), c.ID, byStaff("She wrote on Monday."))
	if err != nil || sub.EndedBy != manage.ByStaff {
		t.Fatalf("%+v, %v", sub, err)
	}
	if got := n.Audited(c); got != "subscription.stop, subscription.answer done" {
		t.Errorf("audited: %s", got)
	}
	if _, note := n.atPayPal(c); strings.Contains(note, "Monday") {
		t.Errorf("PayPal is told %q", note)
	}
}

// Whatever becomes of the call and of the reading after it, the subscription is cancelled in the end, once, and whoever
// pressed is not told that it failed.
func TestAStopReachesItsEnd(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]struct{ writes, reads string }{
		"the answer is lost":            {made, ""},
		"PayPal is away":                {outage, outage},
		"PayPal is away for writing":    {outage, ""},
		"PayPal cannot be read":         {"", outage},
		"lost, and cannot be read":      {made, outage},
		"PayPal is busy":                {busy, busy},
		"the permission is missing":     {forbidden, ""},
		"forbidden, and cannot be read": {forbidden, outage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := open(t)
			c := n.Subscribe("month", "10.00")
			if trouble.writes != "" {
				n.writesEnd(trouble.writes)
			}
			if trouble.reads != "" {
				n.readsEnd(trouble.reads)
			}
			if _, err := n.Manage.Stop(t.Context(), c.ID, reader); err != nil {
				t.Errorf("the reader is told: %v", err)
			}
			n.later(time.Minute)
			n.clearFaults()
			n.later(time.Hour)
			n.wants(c, subscription.Cancelled)
			n.wantChanges(c, "stop done")
			if sub := n.sub(c); sub.EndedBy != manage.ByReader || n.Count("queue") != 0 || n.reviews(c) != "" {
				t.Errorf("by %q, %d in the queue, to look at: %q", sub.EndedBy, n.Count("queue"), n.reviews(c))
			}
		})
	}
}

// A stop that PayPal refuses is named to staff and tried again.
func TestARefusedStopIsNotGivenUp(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	n.writesEnd(forbidden)
	for range 3 {
		if sub, err := n.Manage.Stop(t.Context(), c.ID, reader); err != nil || sub.State != subscription.Active {
			t.Fatalf("%s, %v", sub.State, err)
		}
		n.later(2 * time.Hour)
	}
	n.wantChanges(c, "stop unknown")
	if got := n.reviews(c); !strings.Contains(got, "PERMISSION_DENIED") || strings.Count(got, "refuses") != 1 {
		t.Errorf("to look at: %q", got)
	}
	n.inPayPal(c, "cancel") // staff do it by hand
	n.news(c)
	n.wantChanges(c, "stop done")
	if sub := n.sub(c); sub.EndedBy != manage.ByReader || n.reviews(c) != "" {
		t.Errorf("by %q; to look at: %q", sub.EndedBy, n.reviews(c))
	}
	n.later(2 * time.Hour)
	if n.Count("queue") != 0 {
		t.Error("it is still tried")
	}
}

// Where PayPal says that it knows no such subscription, that is for staff to look at; nothing is taken as stopped.
func TestStoppingWhatPayPalDoesNotKnow(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	const gone = `"kind":"status","status":404,"body":{"name":"RESOURCE_NOT_FOUND","message":"x"}`
	n.writesEnd(gone)
	n.readsEnd(gone)
	for range 2 {
		if _, err := n.Manage.Stop(t.Context(), c.ID, reader); err != nil {
			t.Error(err)
		}
		n.later(2 * time.Hour)
	}
	n.wantChanges(c, "stop unknown")
	if got := n.reviews(c); !strings.Contains(got, "RESOURCE_NOT_FOUND") {
		t.Errorf("to look at: %q", got)
	}
	n.clearFaults()
	n.later(2 * time.Hour)
	n.wants(c, subscription.Cancelled)
}

// 64 readers who press at once, in two processes, stop it once.
func TestManyStopAtOnce(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	other := n.On(n.DB, n.Client)
	var pressing sync.WaitGroup
	for i := range 64 {
		pressing.Go(func() {
			s := n.Manage
			if i%2 == 0 {
				s = other.Manage
			}
			if _, err := s.Stop(t.Context(), c.ID, reader); err != nil {
				t.Error(err)
			}
		})
	}
	pressing.Wait()
	n.later(time.Hour)
	n.wants(c, subscription.Cancelled)
	n.wantChanges(c, "stop done")
}

// What has ended at PayPal without our hearing of it counts as stopped, whoever ended it.
func TestStoppingWhatHasEndedAtPayPal(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	n.inPayPal(c, "cancel")
	if sub, err := n.Manage.Stop(t.Context(), c.ID, reader); err != nil || sub.State != subscription.Cancelled {
		t.Errorf("%+v, %v", sub, err)
	}
	n.wantChanges(c, "stop done")
}

// What the payer does in PayPal is told from what we do.
func TestWhoEndedItIsKnown(t *testing.T) {
	t.Parallel()
	n := open(t)
	own, theirs := n.Subscribe("month", "10.00"), n.Subscribe("year", "60.00")
	n.inPayPal(theirs, "cancel")
	n.news(theirs)
	if _, err := n.Manage.Stop(t.Context(), own.ID, byStaff("asked by phone")); err != nil {
		t.Fatal(err)
	}
	if a, b := n.sub(own).EndedBy, n.sub(theirs).EndedBy; a != manage.ByStaff || b != manage.ByPayPal {
		t.Errorf("ended by %q and %q", a, b)
	}
	if _, err := n.Manage.Pause(t.Context(), theirs.ID, 1, reader); !fault.Is(err, fault.Conflict) {
		t.Errorf("pausing what has ended: %v", err)
	}
	if got := manage.StandingOf(n.sub(theirs), n.Clock.Now()); got != manage.Left {
		t.Errorf("it is shown as %s", got)
	}
	if got := manage.StandingOf(n.sub(own), n.Clock.Now()); got != manage.Stopped {
		t.Errorf("it is shown as %s", got)
	}
}

// The webhook of our own cancel may be there before the answer to it, and ends the change.
func TestTheWebhookIsQuickerThanTheAnswer(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	id, err := n.Manage.WriteDown(t.Context(), c.ID, manage.Change{Kind: manage.Stop, By: reader})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Manage.Die(t.Context(), id); err != nil { // it is sent, and the answer seen by nobody
		t.Fatal(err)
	}
	n.news(c)
	n.wantChanges(c, "stop done")
	n.later(time.Hour)
	if n.Count("queue") != 0 {
		t.Error("it is still tried")
	}
}

// A process may die between every two steps: what was written down comes to its end, once.
func TestAProcessDiesBetweenTwoSteps(t *testing.T) {
	t.Parallel()
	until := time.Date(2027, 1, 29, 0, 0, 0, 0, time.UTC)
	for _, want := range []manage.Change{
		{Kind: manage.Stop}, {Kind: manage.Pause, Months: 1, Until: until},
		{Kind: manage.Amount, Amount: euros(500), Frequency: "month"},
	} {
		for step, dies := range map[string]func(n *world, id uuid.UUID) error{
			"written": func(*world, uuid.UUID) error { return nil },
			"leased":  func(n *world, id uuid.UUID) error { return n.Manage.LeaseOnly(n.T.Context(), id) },
			"sent":    func(n *world, id uuid.UUID) error { return n.Manage.Die(n.T.Context(), id) },
		} {
			t.Run(fmt.Sprint(want.Kind, " ", step), func(t *testing.T) {
				t.Parallel()
				n := open(t)
				c := n.Subscribe("month", "10.00")
				want := want
				want.By = reader
				id, err := n.Manage.WriteDown(t.Context(), c.ID, want)
				if err != nil {
					t.Fatal(err)
				}
				if err := dies(n, id); err != nil {
					t.Fatal(err)
				}
				n.later(manage.FirstAnswer + time.Second)
				n.later(manage.LeasedFor)
				n.wantChanges(c, string(want.Kind)+" done")
				if n.Count("queue WHERE kind = $1", manage.Changing) != 0 {
					t.Error("it is still tried")
				}
			})
		}
	}
}

func TestWhatCannotBeStopped(t *testing.T) {
	t.Parallel()
	n := open(t)
	once, _ := n.Pay(intentOnce())
	if _, err := n.Manage.Stop(t.Context(), once.ID, reader); !fault.Is(err, fault.NotFound) {
		t.Errorf("a one-time gift: %v", err)
	}
	waiting := n.Start(intentOf("month", "10.00"))
	for range 2 {
		if _, err := n.Manage.Stop(t.Context(), waiting.ID, reader); !fault.Is(err, fault.Conflict) &&
			!fault.Is(err, fault.NotFound) {
			t.Errorf("one that nobody has approved: %v", err)
		}
	}
	if n.Count("subscription_change") != 0 {
		t.Error("it is written down")
	}
}

// A gift that begins later is stopped before its first charge, whichever way PayPal keeps it until then: nothing is
// ever charged. PayPal does not cancel what is only approved.
func TestAGiftIsStoppedBeforeItsFirstCharge(t *testing.T) {
	t.Parallel()
	for _, waitsAs := range []string{"active", "approved"} {
		for _, by := range []manage.By{reader, byStaff("She wrote on Monday.")} {
			n := open(t)
			c := n.BeginLater("4.00", n.Clock.Now().AddDate(0, 1, 0), waitsAs)
			if waitsAs == "approved" {
				if _, err := n.Manage.Pause(t.Context(), c.ID, 1, by); !fault.Is(err, fault.Conflict) {
					t.Errorf("paused before it began: %v", err)
				}
			}
			sub, err := n.Manage.Stop(t.Context(), c.ID, by)
			if err != nil || sub.State != subscription.Cancelled || sub.EndedBy != by.Kind {
				t.Fatalf("%s: %+v, %v", waitsAs, sub, err)
			}
			n.wants(c, subscription.Cancelled)
			n.later(40 * day)
			if n.Wants(c, contribution.Cancelled); n.Count("payment") != 0 ||
				n.Count("contribution WHERE check_at IS NOT NULL") != 0 ||
				n.Count("queue") != 0 {
				t.Errorf("%s: %d payments, and something is due", waitsAs, n.Count("payment"))
			}
		}
	}
}

// Where the answers to a stop before the first charge are lost, it goes on until PayPal says that it is so.
func TestAStopBeforeTheFirstChargeSurvivesLostAnswers(t *testing.T) {
	t.Parallel()
	for _, how := range []string{made, outage, busy} {
		n := open(t)
		c := n.BeginLater("4.00", n.Clock.Now().AddDate(0, 1, 0), "approved")
		n.writesEnd(how)
		if _, err := n.Manage.Stop(t.Context(), c.ID, reader); err != nil {
			t.Errorf("%s: %v", how, err)
		}
		n.clearFaults()
		n.later(time.Hour)
		n.later(time.Hour)
		n.wants(c, subscription.Cancelled)
		if n.Count("payment") != 0 {
			t.Errorf("%s: it was charged", how)
		}
	}
}
