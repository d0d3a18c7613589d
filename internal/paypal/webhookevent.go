package paypal

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// ListedEvent is an event as PayPal's list gives it, whether or not a webhook ever received it.
type ListedEvent struct {
	Event

	Body []byte // PayPal's JSON of the event, byte for byte; a delivery's may be written otherwise
}

// EventMemory is how long PayPal lists an event.
// Source: PayPal, "Webhooks management API" (developer.paypal.com/docs/api/webhooks/v1).
const EventMemory = 30 * 24 * time.Hour

const (
	webhookEventsPath = "/v1/notifications/webhooks-events"
	eventPage         = 100
)

// WebhookEvents gives every event that was made in the window, both ends included, in PayPal's order, which is newest
// first. It reaches back 30 days at most. It ends with the first error of each's. An event without a usable id is told
// as an error after all others were given.
func (c *Client) WebhookEvents(ctx context.Context, from, to time.Time, each func(ListedEvent) error) error {
	const operation = "list webhook events"
	if earliest := c.now().Add(-EventMemory); from.Before(earliest) {
		from = earliest
	}
	if to.Before(from) {
		return &Error{Operation: operation, Err: errors.New("the window ends before it begins, or more than 30 days ago")}
	}
	query := url.Values{
		"start_time": {writeTime(from)}, "end_time": {writeTime(to)}, "page_size": {strconv.Itoa(eventPage)},
	}
	var odd error
	err := eachPage(ctx, c, call{
		operation: operation, method: http.MethodGet, path: webhookEventsPath + "?" + query.Encode(), slow: true,
	}, readEvents,
		func(body json.RawMessage) error {
			event, unread := readListed(body)
			if unread != nil {
				// The others are looked at before this is told.
				odd = &Error{Operation: operation, Err: unread}
				return nil //nolint:nilerr // it is told at the end
			}
			return each(event)
		})
	if err != nil {
		return err
	}
	return odd
}

func readEvents(body []byte) (page[json.RawMessage], error) {
	var in struct {
		Events []json.RawMessage `json:"events"`
		Links  []linkJSON        `json:"links"`
	}
	err := json.Unmarshal(body, &in)
	return page[json.RawMessage]{rows: in.Events, links: in.Links}, err
}

func readListed(body json.RawMessage) (ListedEvent, error) {
	e, err := ParseEvent(body)
	if err != nil {
		return ListedEvent{}, err
	}
	return ListedEvent{Event: e, Body: body}, nil
}
