package sandbox

import (
	"strings"
	"testing"
	"time"
)

func TestEventIsChanged(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	r := newReceiver(t)
	webhook := b.subscribe(r, "*")
	id, _ := b.billed(`"amount":"10.00"`)
	for _, f := range []string{
		`{"kind":"change_event","match":{"event":"PAYMENT.SALE.*"},"times":1,
			"body":{"create_time":"2026-19-12T22:20:32.000Z","resource":{"billing_agreement_id":null,"invoice_number":null}}}`,
		`{"kind":"repeat_event","match":{"event":"PAYMENT.SALE.*"},"times":1}`,
		`{"kind":"change_event","match":{"event":"*.ACTIVATED"},"body":{"event_type":"BILLING.SUBSCRIPTION.RE-ACTIVATED"}}`,
	} {
		b.want(b.hook("POST", "/sandbox/faults", f), 201, "hits", "0")
	}
	b.hook("POST", "/sandbox/subscriptions/"+id+"/renew", "")
	got := b.api("GET", eventsPath+"PAYMENT.SALE.COMPLETED", "")
	b.want(got, 200, "count", "2")
	b.want(got, 200, "events.0.resource.billing_agreement_id", id)
	b.want(got, 200, "events.1.resource.billing_agreement_id", "")
	b.want(got, 200, "events.1.create_time", "2026-19-12T22:20:32.000Z")
	b.want(got, 200, "events.1.resource.id", got.get("events.0.resource.id"))
	b.hook("POST", "/sandbox/subscriptions/"+id+"/suspend", "")
	b.hook("POST", "/sandbox/subscriptions/"+id+"/activate", "")
	b.wantEvents("BILLING.SUBSCRIPTION.", "SUSPENDED", "RE-ACTIVATED")
	eventually(t, "the deliveries", func() bool { return len(r.all()) == 4 })
	for _, d := range r.all() {
		if err := verify(t, b, d, webhook); err != nil {
			t.Error(err)
		}
	}
	if bad := b.hook("POST", "/sandbox/faults", `{"kind":"change_event","body":"x"}`); bad.status != 400 ||
		!strings.Contains(bad.text, "body: give what") {
		t.Error(bad.status, bad.text)
	}
}

// repeat_event tells of a subscription twice, too, and delay_webhook lets hours of the sandbox's clock pass first.
func TestEventIsRepeatedAndDelayed(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	r := newReceiver(t)
	b.subscribe(r, "*")
	id, _ := b.billed(`"amount":"10.00"`)
	for _, f := range []string{
		`{"kind":"repeat_event","match":{"event":"*.SUSPENDED"},"times":1}`,
		`{"kind":"delay_webhook","match":{"event":"*.SUSPENDED"},"delay":"5h"}`,
		`{"kind":"delay_webhook","match":{"event":"*.CANCELLED"},"delay":"3h"}`,
	} {
		b.want(b.hook("POST", "/sandbox/faults", f), 201, "hits", "0")
	}
	b.hook("POST", "/sandbox/subscriptions/"+id+"/suspend", "")
	b.wantEvents("BILLING.SUBSCRIPTION.", "SUSPENDED", "SUSPENDED")
	b.hook("POST", "/sandbox/subscriptions/"+id+"/cancel", "")
	b.advance(2 * time.Hour)
	if got := r.types(); got != nil {
		t.Error(got)
	}
	b.advance(2 * time.Hour)
	eventually(t, "the cancellation", func() bool { return len(r.all()) == 1 })
	b.advance(2 * time.Hour)
	eventually(t, "the suspension, twice", func() bool { return len(r.all()) == 3 })
	if got := strings.Join(r.types(), " "); got != "BILLING.SUBSCRIPTION.CANCELLED BILLING.SUBSCRIPTION.SUSPENDED "+
		"BILLING.SUBSCRIPTION.SUSPENDED" {
		t.Error(got)
	}
	b.want(b.hook("POST", "/sandbox/faults", `{"kind":"delay_webhook"}`), 400, "error",
		`delay: give a positive duration such as "2s"`)
}
