package manage_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"readerfund/internal/fault"
	"readerfund/internal/manage"
	"readerfund/internal/subscription"
	"readerfund/internal/testkit"
)

const day = 24 * time.Hour

func TestAPauseEndsByItself(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	sub, err := n.Manage.Pause(t.Context(), c.ID, 2, reader)
	if err != nil || sub.State != subscription.Suspended {
		t.Fatalf("%+v, %v", sub, err)
	}
	if want := n.Clock.Now().AddDate(0, 2, 0); !sub.PausedUntil.Equal(want) {
		t.Errorf("until %s, want %s", sub.PausedUntil, want)
	}
	if _, note := n.atPayPal(c); !strings.HasPrefix(note, "paused until 20") {
		t.Errorf("the note at PayPal is %q", note)
	}
	n.later(58 * day)
	n.wants(c, subscription.Suspended)
	n.later(5 * day)
	n.wants(c, subscription.Active)
	n.wantChanges(c, "pause done, resume done")
	n.later(time.Minute)
	if sub := n.sub(c); !sub.PausedUntil.IsZero() || n.Count("queue") != 0 {
		t.Errorf("paused until %s, %d in the queue", sub.PausedUntil, n.Count("queue"))
	}
	if got := manage.StandingOf(n.sub(c), n.Clock.Now()); got != manage.Running {
		t.Errorf("it is shown as %s", got)
	}
}

func TestAReaderResumesEarly(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	if _, err := n.Manage.Pause(t.Context(), c.ID, 3, reader); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		sub, err := n.Manage.Resume(t.Context(), c.ID, reader)
		if err != nil || sub.State != subscription.Active || !sub.PausedUntil.IsZero() {
			t.Fatalf("%+v, %v", sub, err)
		}
	}
	n.wantChanges(c, "pause done, resume done")
	n.later(100 * day)
	n.wants(c, subscription.Active)
	n.wantChanges(c, "pause done, resume done")
}

// A pause can be made longer or shorter, and pressing twice is one pause.
func TestAPauseIsChanged(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	for _, months := range []int{1, 1, 3} {
		if _, err := n.Manage.Pause(t.Context(), c.ID, months, reader); err != nil {
			t.Fatal(err)
		}
	}
	n.wantChanges(c, "pause done, pause done")
	n.later(35 * day)
	n.wants(c, subscription.Suspended)
	n.later(60 * day)
	n.wants(c, subscription.Active)
	for _, months := range []int{-1, 0, 4, 19} {
		if _, err := n.Manage.Pause(t.Context(), c.ID, months, reader); !fault.Is(err, fault.Invalid) {
			t.Errorf("for %d months: %v", months, err)
		}
	}
}

// However often a pause is made longer, it ends three months after it began; after that a new one may begin.
func TestAPauseIsNotProlongedWithoutEnd(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	pause := func(months int) error {
		_, err := n.Manage.Pause(t.Context(), c.ID, months, reader)
		return err
	}
	if err := pause(2); err != nil {
		t.Fatal(err)
	}
	began := n.Clock.Now()
	n.later(40 * day)
	for _, months := range []int{2, 3} {
		if err := pause(months); !fault.Is(err, fault.Invalid) {
			t.Errorf("%d months more: %v", months, err)
		}
	}
	n.later(18 * day)
	if err := pause(1); err != nil { // a day before it would have ended
		t.Fatal(err)
	}
	n.later(28 * day)
	n.wants(c, subscription.Suspended)
	if err := pause(1); !fault.Is(err, fault.Invalid) {
		t.Errorf("nearly three months after it began: %v", err)
	}
	n.later(began.AddDate(0, 3, 0).Sub(n.Clock.Now()))
	n.wants(c, subscription.Active)
	if err := pause(3); err != nil {
		t.Errorf("a new pause: %v", err)
	}
	n.wants(c, subscription.Suspended)
}

// What is stopped during its pause is not resumed by it.
func TestAPauseIsOverWhenItIsStopped(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	if _, err := n.Manage.Pause(t.Context(), c.ID, 1, reader); err != nil {
		t.Fatal(err)
	}
	if sub, err := n.Manage.Stop(t.Context(), c.ID, reader); err != nil || !sub.PausedUntil.IsZero() {
		t.Fatalf("%+v, %v", sub, err)
	}
	n.later(40 * day)
	n.wants(c, subscription.Cancelled)
	n.wantChanges(c, "pause done, stop done")
	if _, err := n.Manage.Resume(t.Context(), c.ID, reader); !fault.Is(err, fault.Conflict) {
		t.Errorf("resuming what was stopped: %v", err)
	}
}

// The payer may resume in PayPal what was paused here, and suspend there what runs.
func TestThePayerPausesInPayPal(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	if _, err := n.Manage.Pause(t.Context(), c.ID, 1, reader); err != nil {
		t.Fatal(err)
	}
	n.inPayPal(c, "activate")
	n.news(c)
	if sub := n.sub(c); sub.State != subscription.Active || !sub.PausedUntil.IsZero() {
		t.Errorf("%s until %s", sub.State, sub.PausedUntil)
	}
	n.inPayPal(c, "suspend")
	if _, err := n.Manage.Pause(t.Context(), c.ID, 1, reader); err == nil {
		n.wantChanges(c, "pause done, pause done") // PayPal says that it is so already
	}
	n.later(time.Hour)
	n.wants(c, subscription.Suspended)
	if sub, err := n.Manage.Resume(t.Context(), c.ID, reader); err != nil || sub.State != subscription.Active {
		t.Errorf("%+v, %v", sub, err)
	}
	n.inPayPal(c, "suspend")
	n.news(c)
	if got := manage.StandingOf(n.sub(c), n.Clock.Now()); got != manage.Suspended {
		t.Errorf("it is shown as %s", got)
	}
	if _, err := n.Manage.Pause(t.Context(), c.ID, 1, reader); !fault.Is(err, fault.Conflict) {
		t.Errorf("pausing what the payer suspended: %v", err)
	}
}

// A pause that PayPal refuses is not made, and says so.
func TestARefusedPause(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	n.writesEnd(forbidden)
	_, err := n.Manage.Pause(t.Context(), c.ID, 1, reader)
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "PERMISSION_DENIED") {
		t.Errorf("%v", err)
	}
	n.clearFaults()
	n.wantChanges(c, "pause refused")
	n.later(time.Hour)
	n.wants(c, subscription.Active)
	if _, err := n.Manage.Pause(t.Context(), c.ID, 1, reader); err != nil {
		t.Error(err)
	}
	n.wants(c, subscription.Suspended)
}

// What has ended at PayPal cannot be paused, and the reader is told so.
func TestPausingWhatEndedMeanwhile(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	n.inPayPal(c, "cancel")
	if _, err := n.Manage.Pause(t.Context(), c.ID, 1, reader); !fault.Is(err, fault.Conflict) {
		t.Errorf("%v", err)
	}
	n.wantChanges(c, "pause superseded")
}

// A stop takes the place of whatever is under way.
func TestAStopOutdoesEverything(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	n.writesEnd(outage)
	n.readsEnd(outage)
	if _, err := n.Manage.Pause(t.Context(), c.ID, 1, reader); err != nil {
		t.Fatal(err)
	}
	n.wantChanges(c, "pause unknown")
	if _, err := n.Manage.Resume(t.Context(), c.ID, reader); err == nil {
		t.Error("it is resumed while a pause is under way")
	}
	n.clearFaults()
	if _, err := n.Manage.ChangeAmount(t.Context(), c.ID, euros(2000), reader); err != nil {
		t.Fatal(err)
	}
	n.wantChanges(c, "pause unknown, amount approval")
	if _, err := n.Manage.Stop(t.Context(), c.ID, reader); err != nil {
		t.Fatal(err)
	}
	n.later(4 * day)
	n.wants(c, subscription.Cancelled)
	n.wantChanges(c, "pause superseded, amount superseded, stop done")
	if _, err := n.Manage.ChangeAmount(t.Context(), c.ID, euros(500), reader); !fault.Is(err, fault.Conflict) {
		t.Errorf("changing what was stopped: %v", err)
	}
}

// Nothing else can be wanted of a subscription that is being stopped.
func TestNothingElseWhileItIsStopped(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	n.writesEnd(outage)
	if _, err := n.Manage.Stop(t.Context(), c.ID, reader); err != nil {
		t.Fatal(err)
	}
	n.clearFaults()
	for what, press := range map[string]func() error{
		"pause":  func() error { _, err := n.Manage.Pause(t.Context(), c.ID, 1, reader); return err },
		"amount": func() error { _, err := n.Manage.ChangeAmount(t.Context(), c.ID, euros(500), reader); return err },
		"frequency": func() error {
			_, err := n.Manage.ChangeFrequency(t.Context(), c.ID, "year", euros(500), reader)
			return err
		},
	} {
		if err := press(); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestManyPauseAtOnce(t *testing.T) {
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
			if _, err := s.Pause(t.Context(), c.ID, 2, reader); err != nil {
				t.Error(err)
			}
		})
	}
	pressing.Wait()
	n.later(time.Hour)
	n.wants(c, subscription.Suspended)
	n.wantChanges(c, "pause done")
}

// The note at PayPal tells until when, should our database be lost.
func TestAPauseIsKnownAfterTheDatabaseWasLost(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	if _, err := n.Manage.Pause(t.Context(), c.ID, 1, reader); err != nil {
		t.Fatal(err)
	}
	id, until := n.sub(c).PayPalID, n.sub(c).PausedUntil
	n.Exec(`DELETE FROM subscription_change`)
	n.Exec(`DELETE FROM queue`)
	n.Exec(`UPDATE subscription
		SET state = 'active', status_at = status_at - interval '1 hour', paused_until = NULL, note = ''
		WHERE paypal_id = $1`, id)
	n.news(c)
	if sub := n.sub(c); sub.PausedUntil.Format(time.DateOnly) != until.Format(time.DateOnly) {
		t.Errorf("until %s, want %s", sub.PausedUntil, until)
	}
	n.later(40 * day)
	n.wants(c, subscription.Active)
}

// One that PayPal keeps as active until its first charge can be paused before, and is charged later for it.
func TestAGiftIsPausedBeforeItsFirstCharge(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.BeginLater("4.00", n.Clock.Now().AddDate(0, 1, 0), "active")
	if _, err := n.Manage.Pause(t.Context(), c.ID, 2, reader); err != nil {
		t.Fatal(err)
	}
	n.later(50 * day)
	n.news(c)
	if n.wants(c, subscription.Suspended); n.Count("payment") != 0 {
		t.Error("it was charged during the pause")
	}
	n.later(20 * day)
	n.later(40 * day)
	n.PayPal.Must("POST", "/sandbox/clock", testkit.Fields{"advance": "0s"}, nil)
	n.news(c)
	if n.wants(c, subscription.Active); n.Count("payment") == 0 {
		t.Error("it was not charged after the pause")
	}
}
