package manage_test

import (
	"strings"
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/manage"
	"readerfund/internal/subscription"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

// disputed is a subscription about whose first payment a dispute is open.
func (n *world) disputed() (c contribution.Contribution, sale, dispute string) {
	n.T.Helper()
	c = n.Subscribe("month", "10.00")
	sale = n.Capture(c.ID)
	return c, sale, n.Dispute(sale, testkit.Fields{"stage": "CHARGEBACK"})
}

// ends is PayPal's decision about a dispute, and the news of it.
func (n *world) ends(sale, outcome string) {
	n.T.Helper()
	n.Dispute(sale, testkit.Fields{"outcome": outcome})
}

func TestADisputePausesUntilItIsWon(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, sale, _ := n.disputed()
	n.wantChanges(c, "pause asked")
	n.workOff()
	n.wants(c, subscription.Suspended)
	n.wantChanges(c, "pause done")
	if got := manage.StandingOf(n.sub(c), n.Clock.Now()); got != manage.Paused {
		t.Errorf("it is shown as %s", got)
	}
	if _, err := n.Manage.Resume(t.Context(), c.ID, reader); !fault.Is(err, fault.Conflict) {
		t.Errorf("the reader resumes it: %v", err)
	}
	if _, err := n.Manage.Pause(t.Context(), c.ID, 1, reader); !fault.Is(err, fault.Conflict) {
		t.Errorf("the reader pauses it: %v", err)
	}
	n.ends(sale, "seller")
	n.workOff()
	n.wants(c, subscription.Active)
	n.wantChanges(c, "pause done, resume done")
	if n.reviews(c) != "" || n.Count("queue") != 0 {
		t.Errorf("to look at: %q; %d in the queue", n.reviews(c), n.Count("queue"))
	}
}

func TestALostDisputeIsForStaff(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, sale, dispute := n.disputed()
	n.workOff()
	n.ends(sale, "buyer")
	n.workOff()
	n.wants(c, subscription.Suspended)
	if got := n.reviews(c); !strings.Contains(got, dispute) || !strings.Contains(got, n.sub(c).PayPalID) {
		t.Errorf("to look at: %q", got)
	}
	if _, err := n.Manage.Stop(t.Context(), c.ID, byStaff("They disputed it.")); err != nil {
		t.Fatal(err)
	}
	n.wants(c, subscription.Cancelled)
	if n.reviews(c) != "" {
		t.Errorf("to look at: %q", n.reviews(c))
	}
}

// Staff may resume while the dispute is open, and the same dispute pauses it no more.
func TestStaffResumeInADispute(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, _, dispute := n.disputed()
	n.workOff()
	if _, err := n.Manage.Resume(t.Context(), c.ID, byStaff("A mistake of their bank's.")); err != nil {
		t.Fatal(err)
	}
	src := byWebhook()
	if _, err := n.Disputes.Settle(t.Context(), dispute, src); err != nil {
		t.Fatal(err)
	}
	n.news(c)
	n.workOff()
	n.wants(c, subscription.Active)
	n.wantChanges(c, "pause done, resume done")
}

// A dispute that ends before PayPal heard of the pause leaves nothing behind.
func TestADisputeEndsBeforeThePause(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, sale, _ := n.disputed()
	n.ends(sale, "seller")
	n.workOff()
	n.wants(c, subscription.Active)
	n.wantChanges(c, "pause superseded")
}

// The answer to the pause may be lost, and the dispute end before it is seen.
func TestADisputeEndsWhileThePauseIsUnknown(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, sale, _ := n.disputed()
	n.writesEnd(made)
	n.readsEnd(outage)
	n.workOff()
	n.wantChanges(c, "pause unknown")
	n.ends(sale, "seller")
	n.clearFaults()
	n.later(time.Hour)
	n.later(time.Hour)
	n.wants(c, subscription.Active)
	n.wantChanges(c, "pause done, resume done")
}

// A pause of the reader's own goes on after a dispute, and does not end within one.
func TestADisputeWithinAPause(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	if _, err := n.Manage.Pause(t.Context(), c.ID, 1, reader); err != nil {
		t.Fatal(err)
	}
	sale := n.Capture(c.ID)
	n.Dispute(sale, testkit.Fields{"stage": "CHARGEBACK"})
	n.later(35 * day)
	n.wants(c, subscription.Suspended)
	n.ends(sale, "seller")
	n.workOff()
	n.wants(c, subscription.Suspended)
	n.later(2 * day)
	n.wants(c, subscription.Active)
	n.wantChanges(c, "pause done, resume done")
}

func TestDisputesPauseNothingWhereThatIsNotWanted(t *testing.T) {
	t.Parallel()
	n := worldOf(newsroom.New(t, newsroom.Options{Clock: testkit.NewClock(), DisputesGoOn: true}))
	c, sale, _ := n.disputed()
	n.workOff()
	n.wants(c, subscription.Active)
	n.ends(sale, "buyer")
	if got := n.changes(c) + n.reviews(c); got != "" {
		t.Errorf("%q", got)
	}
}

// A one-time gift has nothing to pause.
func TestADisputeAboutAOneTimeGift(t *testing.T) {
	t.Parallel()
	n := open(t)
	_, capture := n.Pay(intentOnce())
	n.Dispute(capture, testkit.Fields{"stage": "CHARGEBACK"})
	if n.Count("subscription_change") != 0 || n.Count("queue") != 0 {
		t.Error("something is wanted of it")
	}
}
