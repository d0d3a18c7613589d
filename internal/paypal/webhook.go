package paypal

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
)

// Webhook is where PayPal sends events of these types for our app. The type "*" is all of them.
type Webhook struct {
	ID, URL    string
	EventTypes []string
}

const webhooksPath = "/v1/notifications/webhooks"

// Webhooks lists the app's webhooks, at most ten.
func (c *Client) Webhooks(ctx context.Context) ([]Webhook, error) {
	var all []Webhook
	err := c.do(ctx, call{
		operation: "list webhooks", method: http.MethodGet, path: webhooksPath,
		read: func(body []byte) error {
			var in struct {
				Webhooks []webhookJSON `json:"webhooks"`
			}
			if err := json.Unmarshal(body, &in); err != nil {
				return err
			}
			all = nil
			for _, w := range in.Webhooks {
				all = append(all, w.read())
			}
			return nil
		},
	})
	return all, err
}

// EventTypes lists what a webhook can be registered for.
func (c *Client) EventTypes(ctx context.Context) ([]string, error) {
	var all []string
	err := c.do(ctx, call{
		operation: "list event types", method: http.MethodGet, path: "/v1/notifications/webhooks-event-types",
		read: func(body []byte) error {
			var in webhookJSON
			if err := json.Unmarshal(body, &in); err != nil {
				return err
			}
			if all = in.read().EventTypes; len(all) == 0 {
				return errors.New("it is not a list of event types")
			}
			return nil
		},
	})
	return all, err
}

// CreateWebhook registers url for events of these types. PayPal takes no request id here, so it is sent once.
func (c *Client) CreateWebhook(ctx context.Context, url string, types []string) (Webhook, error) {
	return c.webhook(ctx, call{
		operation: "create webhook", method: http.MethodPost, path: webhooksPath,
		in: map[string]any{"url": url, "event_types": eventTypes(types)},
	})
}

// UpdateWebhook replaces a webhook's address and types.
func (c *Client) UpdateWebhook(ctx context.Context, id, url string, types []string) (Webhook, error) {
	const operation = "update webhook"
	if err := checkID(operation, id); err != nil {
		return Webhook{}, err
	}
	return c.webhook(ctx, call{
		operation: operation, method: http.MethodPatch, path: webhooksPath + "/" + id,
		in: []patchJSON{
			{Op: "replace", Path: "/url", Value: url}, {Op: "replace", Path: "/event_types", Value: eventTypes(types)},
		},
	})
}

// DeleteWebhook ends the deliveries to it.
func (c *Client) DeleteWebhook(ctx context.Context, id string) error {
	const operation = "delete webhook"
	if err := checkID(operation, id); err != nil {
		return err
	}
	return c.do(ctx, call{
		operation: operation, method: http.MethodDelete, path: webhooksPath + "/" + id,
		read: func([]byte) error { return nil }, // 204
	})
}

type patchJSON struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

type eventTypeJSON struct {
	Name string `json:"name"`
}

func eventTypes(names []string) []eventTypeJSON {
	out := make([]eventTypeJSON, 0, len(names))
	for _, n := range names {
		out = append(out, eventTypeJSON{Name: n})
	}
	return out
}

type webhookJSON struct {
	ID         string          `json:"id"`
	URL        string          `json:"url"`
	EventTypes []eventTypeJSON `json:"event_types"`
}

func (in webhookJSON) read() Webhook {
	out := Webhook{ID: in.ID, URL: in.URL}
	for _, t := range in.EventTypes {
		out.EventTypes = append(out.EventTypes, t.Name)
	}
	return out
}

func (c *Client) webhook(ctx context.Context, k call) (Webhook, error) {
	var hook Webhook
	k.read = func(body []byte) error {
		var in webhookJSON
		if err := json.Unmarshal(body, &in); err != nil {
			return err
		}
		if in.ID == "" {
			return errors.New("it is not a webhook")
		}
		hook = in.read()
		return nil
	}
	err := c.do(ctx, k)
	return hook, err
}
