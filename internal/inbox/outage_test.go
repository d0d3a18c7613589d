package inbox_test

import (
	"strings"
	"testing"
	"time"

	"readerfund/internal/audit"
	"readerfund/internal/contribution"
	"readerfund/internal/inbox"
)

// workFor lets time pass in steps, as Run would, and says how often an event was tried.
func (p *postbox) workFor(span, step time.Duration) {
	p.T.Helper()
	for gone := time.Duration(0); gone < span; gone += step {
		if _, err := p.Work(p.T.Context()); err != nil {
			p.T.Fatal(err)
		}
		p.Clock.Advance(step)
	}
}

// PayPal is away for longer than eight hours of tries. Nothing but an event tells of a refund, so it must not end up
// among those that wait for a person: it is applied by itself, about half an hour after PayPal is back at the latest.
func TestHalfADayWithoutPayPalParksNothing(t *testing.T) {
	t.Parallel()
	p := open(t)
	c, capture := p.completed()
	p.hook("captures/"+capture+"/refund", `{"amount":"10.00"}`)
	d := p.next("PAYMENT.CAPTURE.REFUNDED")
	if err := p.receive(d); err != nil {
		t.Fatal(err)
	}
	// Somebody else's page: PayPal says so with 503 and this, too.
	p.hook("faults", `{"match":{"path":"/v2/*"},"kind":"status","status":404,"body":"<html>Back soon"}`)
	p.workFor(12*time.Hour, 15*time.Minute)
	if n := p.Count(
		`webhook_event WHERE body_digest = sha256($1) AND state = 'received' AND attempts > 20 AND due_at IS NOT NULL AND note LIKE 'PayPal did not answer%'`,
		d.body,
	); n != 1 {
		t.Fatalf(
			"the event does not wait for PayPal: %s",
			p.text(
				`SELECT state || ' after ' || attempts || ' tries: ' || note FROM webhook_event WHERE body_digest = sha256($1)`,
				d.body,
			),
		)
	}
	p.clearFaults()
	p.workFor(34*time.Minute, 11*time.Minute)
	if got := p.State(c.ID); got != contribution.PartiallyRefunded {
		t.Errorf("PayPal is back, and the gift is %s", got)
	}
}

// What tells an outage from a bad answer.
func TestWhatIsAnOutage(t *testing.T) {
	t.Parallel()
	p := open(t)
	for fault, parked := range map[string]bool{
		`"kind":"status","status":503`:                     false,
		`"kind":"status","status":429`:                     false,
		`"kind":"status","status":403`:                     false,
		`"kind":"reset_before"`:                            false,
		`"kind":"status","status":404`:                     true,
		`"kind":"status","status":422`:                     true,
		`"kind":"status","status":200,"body":"<html>"`:     true,
		`"kind":"status","status":200,"body":{"id":["x"]}`: true,
	} {
		c, _, d := p.captured("PAYMENT.CAPTURE.COMPLETED")
		if err := p.receive(d); err != nil {
			t.Fatal(err)
		}
		// As if it had been tried for hours: the next failure decides.
		if _, err := p.DB.Exec(`UPDATE webhook_event SET attempts = 30 WHERE body_digest = sha256($1)`, d.body); err != nil {
			t.Fatal(err)
		}
		p.hook("faults", `{"match":{"method":"GET","path":"/v2/*"},`+fault+`}`)
		if _, err := p.Work(t.Context()); err != nil {
			t.Fatal(err)
		}
		state, note := p.text(
			`SELECT state FROM webhook_event WHERE body_digest = sha256($1)`,
			d.body,
		), p.text(
			`SELECT note FROM webhook_event WHERE body_digest = sha256($1)`,
			d.body,
		)
		if (state == "parked") != parked || !inWords(note) {
			t.Errorf("%s: %s, %q", fault, state, note)
		}
		p.clearFaults()
		p.Clock.Advance(6 * time.Hour)
		p.workFor(time.Minute, time.Minute)
		if got := p.State(c.ID); got != contribution.Completed {
			t.Errorf("%s: afterwards the gift is %s", fault, got)
		}
	}
}

// After a month an event is old news: it is put aside for good, and a person can still have it tried again.
func TestAnEventIsTriedForAMonth(t *testing.T) {
	t.Parallel()
	p := open(t)
	c, d := p.approved()
	if err := p.receive(d); err != nil {
		t.Fatal(err)
	}
	p.hook("faults", `{"match":{"path":"/v2/*"},"kind":"status","status":403}`)
	p.workFor(31*24*time.Hour, 5*time.Hour)
	if n := p.Count(`webhook_event WHERE state = 'parked' AND due_at IS NULL AND note <> ''`); n != 1 {
		t.Fatal("it is still being tried")
	}
	p.clearFaults()
	if n, err := p.ReplayParked(t.Context(), contribution.Actor{Name: audit.CommandLine}); n != 1 || err != nil {
		t.Fatalf("replayed %d, %v", n, err)
	}
	p.work()
	if p.Count(`webhook_event WHERE state = 'applied' AND contribution_id = $1`, c.ID) != 1 {
		t.Error("the replay was lost")
	}
}

// A defect of ours that one event provokes is that event's alone.
func TestAPanicIsOneEventsTrouble(t *testing.T) {
	t.Parallel()
	p := open(t)
	c, d := p.approved()
	if err := p.receive(d); err != nil {
		t.Fatal(err)
	}
	broken := inbox.New(inbox.Config{DB: p.DB, Now: p.Clock.Now, Log: quiet()}) // without a service to settle
	if n, err := broken.Work(t.Context()); n != 1 || err != nil {
		t.Fatalf("worked on %d, %v", n, err)
	}
	if note := p.text(
		`SELECT note FROM webhook_event WHERE state = 'received'`,
	); !strings.Contains(note, "Readerfund itself failed") ||
		!inWords(note) {
		t.Errorf("%q", note)
	}
	p.work()
	if got := p.State(c.ID); got != contribution.Completed {
		t.Errorf("mended, and the gift is %s", got)
	}
}
