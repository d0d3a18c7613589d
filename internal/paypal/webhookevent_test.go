package paypal_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"readerfund/internal/paypal"
)

func TestWebhookEventsAreListedToTheLastPage(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	const first = `{"id":"WH-1","create_time":"2026-11-21T10:00:00-07:00","event_type":"PAYMENT.CAPTURE.COMPLETED",  "resource":{"id":"17C","amount":1e400}}`
	const second = `{"event_type":"CUSTOMER.DISPUTE.CREATED","id":"WH-2","create_time":"2018-19-12T22:20:32.000Z","resource":{"dispute_id":"PP-D-1"}}`
	p := newPeer(t, func(w http.ResponseWriter, r *http.Request) {
		body := `{"count":2,"events":[` + first + `,{"id":"no type"},7],"links":[{"rel":"next","href":"http://` + r.Host +
			`/v1/notifications/webhooks-events/?page_size=100&amp;start_time=2026-11-01T00:00:00Z&amp;move_to=next&amp;index_id=3"}]}`
		if r.URL.Query().Get("move_to") == "next" && r.URL.Query().Get("index_id") == "3" {
			body = `{"events":[` + second + `],"links":[{"rel":"previous","href":"x"}]}`
		}
		answer(200, body)(w)
	})
	c := p.client(t, func(c *paypal.Config) { c.Now = func() time.Time { return now } })
	var got []paypal.ListedEvent
	keep := func(e paypal.ListedEvent) error {
		got = append(got, e)
		return nil
	}
	err := c.WebhookEvents(t.Context(), now.Add(-48*time.Hour), now, keep)
	if tell(err) == nil || len(got) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	one, two := got[0], got[1]
	if one.ID != "WH-1" || one.Type != "PAYMENT.CAPTURE.COMPLETED" || one.ResourceID != "17C" ||
		string(one.Body) != first || !one.CreateTime.Equal(time.Date(2026, 11, 21, 17, 0, 0, 0, time.UTC)) {
		t.Errorf("got %+v %s", one, one.Body)
	}
	if two.ID != "WH-2" || two.ResourceID != "PP-D-1" || string(two.Body) != second || !two.CreateTime.IsZero() {
		t.Errorf("got %+v %s", two, two.Body)
	}
	if q := p.calls[0].URL.Query(); len(p.calls) != 2 || q.Get("start_time") != "2026-11-20T12:00:00Z" ||
		q.Get("end_time") != "2026-11-22T12:00:00Z" || q.Get("page_size") != "100" {
		t.Errorf("asked %d times: %v", len(p.calls), p.calls[0].URL)
	}
	stop := errors.New("enough")
	err = c.WebhookEvents(t.Context(), time.Time{}, now, func(paypal.ListedEvent) error { return stop })
	if !errors.Is(err, stop) || len(p.calls) != 3 || p.calls[2].URL.Query().Get("start_time") != "2026-10-23T12:00:00Z" {
		t.Errorf("30 days at most: %v, %v", err, p.calls[2].URL)
	}
	for _, to := range []time.Time{now.Add(-49 * time.Hour), {}, now.Add(-31 * 24 * time.Hour)} {
		if err := c.WebhookEvents(t.Context(), now.Add(-48*time.Hour), to, keep); tell(err) == nil || len(p.calls) != 3 {
			t.Errorf("to %v: %v", to, err)
		}
	}
}

func TestWebhookEventsTellFailures(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"not JSON": answers(answer(200, `<html>`)), "refused": answers(answer(403, `{"name":"NOT_AUTHORIZED"}`)),
		"events of another type": answers(answer(200, `{"events":{}}`)),
		"another host": answers(answer(200,
			`{"events":[],"links":[{"rel":"next","href":"https://evil.example/v1/notifications/webhooks-events?x=y"}]}`)),
	} {
		c := newPeer(t, h).client(t, func(c *paypal.Config) { c.Timeout = 100 * time.Millisecond })
		err := c.WebhookEvents(t.Context(), time.Now().Add(-time.Hour), time.Now(),
			func(paypal.ListedEvent) error { return errors.New("none was to come") })
		if tell(err) == nil || strings.Contains(err.Error(), "none was") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
