package inbox_test

import (
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/paypal"
)

// listed is what PayPal's own list of events says.
func (p *postbox) listed() []paypal.ListedEvent {
	p.T.Helper()
	var all []paypal.ListedEvent
	err := p.PayPal.Client().WebhookEvents(
		p.T.Context(),
		p.Clock.Now().Add(-time.Hour),
		p.Clock.Now(),
		func(e paypal.ListedEvent) error {
			all = append(all, e)
			return nil
		},
	)
	if err != nil {
		p.T.Fatal(err)
	}
	return all
}

func (p *postbox) recovered(events []paypal.ListedEvent, want int) {
	p.T.Helper()
	if n, err := p.Recover(p.T.Context(), events); err != nil || n != want {
		p.T.Errorf("%d events were news, want %d; %v", n, want, err)
	}
}

// An event that no delivery brought is taken from PayPal's list, once, and worked on; its delivery, when it comes after
// all, is a copy, though PayPal writes it another way.
func TestAnEventFromPayPalsList(t *testing.T) {
	t.Parallel()
	p := open(t)
	c, delivery := p.approved()
	events := p.listed()
	if len(events) == 0 {
		t.Fatal("PayPal lists no event")
	}
	events[0].Body = append([]byte(" "), events[0].Body...) // not the bytes that are delivered
	p.recovered(append(events, paypal.ListedEvent{
		Event: paypal.Event{ID: "WH-OTHER", Type: "BILLING.PLAN.CREATED"}, Body: []byte(`{}`),
	}), len(events))
	p.recovered(events, 0)
	if err := p.Receive(t.Context(), delivery.header, delivery.body); err != nil {
		t.Fatal(err)
	}
	var rows, suspects int
	if err := p.DB.Get(&rows, `SELECT count(*) FROM webhook_event`); err != nil || rows != len(events) {
		t.Errorf("%d rows for %d events, %v", rows, len(events), err)
	}
	if err := p.DB.Get(&suspects, `SELECT count(*) FROM suspect_delivery`); err != nil || suspects != 0 {
		t.Errorf("%d suspect deliveries, %v", suspects, err)
	}
	for {
		n, err := p.Work(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	if got, err := contribution.Find(t.Context(), p.DB, c.ID); err != nil || got.State != contribution.Completed {
		t.Errorf("the gift is %s, %v", got.State, err)
	}
}

// What a delivery brought is no news on the list.
func TestAListedEventThatWasDelivered(t *testing.T) {
	t.Parallel()
	p := open(t)
	_, delivery := p.approved()
	if err := p.Receive(t.Context(), delivery.header, delivery.body); err != nil {
		t.Fatal(err)
	}
	p.recovered(p.listed(), 0)
}
