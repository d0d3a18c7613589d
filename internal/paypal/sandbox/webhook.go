package sandbox

import (
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Limits of webhooks [Webhooks v1].
const (
	maxWebhooks   = 10
	maxWebhookURL = 2048
	maxEventTypes = 500
)

// webhook is one address that wants events.
type webhook struct {
	ID, URL string
	Types   []string
}

type webhookView struct {
	ID         string          `json:"id"`
	URL        string          `json:"url"`
	EventTypes []eventTypeView `json:"event_types"`
	Links      []link          `json:"links,omitempty"`
}

type eventTypeView struct {
	Name             string   `json:"name"`
	Description      string   `json:"description,omitempty"`
	Status           string   `json:"status,omitempty"`
	ResourceVersions []string `json:"resource_versions,omitempty"`
}

// webhookRequest is what a caller sends to make a webhook.
type webhookRequest struct {
	URL        string `json:"url"`
	EventTypes []struct {
		Name string `json:"name"`
	} `json:"event_types"`
}

func (h *webhook) subscribes(kind string) bool {
	return slices.Contains(h.Types, "*") || slices.Contains(h.Types, kind)
}

// webhookProblem is an error of the Webhooks API, whose names differ from those of v2.
func webhookProblem(status int, name, message string, details ...detail) *problem {
	return &problem{Status: status, Name: name, Message: message, Details: details,
		InfoURL: "https://developer.paypal.com/docs/api/webhooks/#errors"}
}

func invalidWebhook(field, value, issue string) *problem {
	return webhookProblem(http.StatusBadRequest, "VALIDATION_ERROR", "Invalid data provided",
		detail{Field: field, Value: value, Location: "body", Issue: issue})
}

func unknownWebhook() *problem {
	return webhookProblem(http.StatusNotFound, "INVALID_RESOURCE_ID", "The requested resource ID was not found")
}

// findWebhook gives a webhook by its id, or nil. Holds s.mu.
func (s *Server) findWebhook(id string) *webhook {
	for _, h := range s.books.webhooks {
		if h.ID == id {
			return h
		}
	}
	return nil
}

// createWebhook is POST /v1/notifications/webhooks.
func (s *Server) createWebhook(c *call) (reply, error) {
	var want webhookRequest
	if err := decodeOne(c.body, &want); err != nil {
		return reply{}, webhookProblem(http.StatusBadRequest, "MALFORMED_REQUEST", "Json request is not well formed.")
	}
	h := &webhook{ID: newID(), URL: want.URL, Types: want.names()}
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.webhookRefusal(h); p != nil {
		return reply{}, p
	}
	if len(s.books.webhooks) >= maxWebhooks {
		return reply{}, webhookProblem(http.StatusBadRequest, "WEBHOOK_NUMBER_LIMIT_EXCEEDED",
			"Webhook number limit exceeded")
	}
	s.books.webhooks = append(s.books.webhooks, h)
	s.journal.put("webhook", h.ID, h)
	return reply{http.StatusCreated, s.viewWebhook(h)}, nil
}

func (w webhookRequest) names() []string {
	var names []string
	for _, t := range w.EventTypes {
		names = append(names, t.Name)
	}
	return names
}

// webhookRefusal is why a webhook cannot be as it is wanted. Holds s.mu.
func (s *Server) webhookRefusal(h *webhook) *problem {
	if p := checkWebhookURL(h.URL); p != nil {
		return p
	}
	switch {
	case len(h.Types) == 0:
		return invalidWebhook("event_types", "", "Required field is missing")
	case len(h.Types) > maxEventTypes:
		return invalidWebhook("event_types", "", "Number of event types is too large")
	}
	for _, name := range h.Types {
		if _, known := eventTypes[name]; !known && name != "*" {
			return invalidWebhook("event_types", name, "Not a valid webhook event name")
		}
	}
	for _, other := range s.books.webhooks {
		if other.URL == h.URL && other.ID != h.ID {
			return webhookProblem(http.StatusBadRequest, "WEBHOOK_URL_ALREADY_EXISTS", "Webhook URL already exists")
		}
	}
	return nil
}

// checkWebhookURL wants https, as PayPal does; http goes only to this machine and to private networks, which PayPal
// would not reach at all.
func checkWebhookURL(text string) *problem {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return invalidWebhook("url", "", "Required field is missing")
	case err != nil || u.Host == "" || len(text) > maxWebhookURL:
		return invalidWebhook("url", text, "Not a valid webhook URL")
	case u.Scheme == "https", u.Scheme == "http" && isNear(u.Hostname()):
		return nil
	default:
		return invalidWebhook("url", text, "Not a valid webhook URL. The URL must start with https://")
	}
}

// isNear says whether a host is on this machine or in a private network: by address, or by a name without a dot, as
// containers have.
func isNear(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback() || ip.IsPrivate()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || !strings.Contains(host, ".")
}

// listWebhooks is GET /v1/notifications/webhooks.
func (s *Server) listWebhooks(*call) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	views := []webhookView{}
	for _, h := range s.books.webhooks {
		views = append(views, s.viewWebhook(h))
	}
	return reply{http.StatusOK, map[string]any{"webhooks": views}}, nil
}

// showWebhook is GET /v1/notifications/webhooks/{id}.
func (s *Server) showWebhook(c *call) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.findWebhook(c.id())
	if h == nil {
		return reply{}, unknownWebhook()
	}
	return reply{http.StatusOK, s.viewWebhook(h)}, nil
}

// webhookEventTypes is GET /v1/notifications/webhooks/{id}/event-types.
func (s *Server) webhookEventTypes(c *call) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.findWebhook(c.id())
	if h == nil {
		return reply{}, unknownWebhook()
	}
	return reply{http.StatusOK, map[string]any{"event_types": viewEventTypes(h.Types)}}, nil
}

// patchWebhook is PATCH /v1/notifications/webhooks/{id}: it replaces /url, /event_types or both.
func (s *Server) patchWebhook(c *call) (reply, error) {
	var steps []struct {
		Op    string          `json:"op"`
		Path  string          `json:"path"`
		Value json.RawMessage `json:"value"`
	}
	if err := decodeOne(c.body, &steps); err != nil {
		return reply{}, webhookProblem(http.StatusBadRequest, "MALFORMED_REQUEST", "Json request is not well formed.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.findWebhook(c.id())
	if h == nil {
		return reply{}, unknownWebhook()
	}
	next := *h
	for _, step := range steps {
		if step.Op != "replace" {
			return reply{}, webhookProblem(http.StatusBadRequest, "WEBHOOK_PATCH_REQUEST_NO_CHANGE",
				"Only the replace operation is supported")
		}
		if p := next.replace(step.Path, step.Value); p != nil {
			return reply{}, p
		}
	}
	if p := s.webhookRefusal(&next); p != nil {
		return reply{}, p
	}
	*h = next
	s.journal.put("webhook", h.ID, h)
	return reply{http.StatusOK, s.viewWebhook(h)}, nil
}

// replace changes one field of a webhook.
func (h *webhook) replace(path string, value []byte) *problem {
	var want webhookRequest
	var err error
	switch path {
	case "/url":
		if err = decodeOne(value, &want.URL); err == nil {
			h.URL = want.URL
		}
	case "/event_types":
		if err = decodeOne(value, &want.EventTypes); err == nil {
			h.Types = want.names()
		}
	default:
		return invalidWebhook("path", path, "Not a patchable field")
	}
	if err != nil {
		return invalidWebhook(strings.TrimPrefix(path, "/"), "", "Not a valid value")
	}
	return nil
}

// deleteWebhook is DELETE /v1/notifications/webhooks/{id}. What is still on its way to it is dropped.
func (s *Server) deleteWebhook(c *call) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.findWebhook(c.id()) == nil {
		return reply{}, unknownWebhook()
	}
	s.books.webhooks = slices.DeleteFunc(s.books.webhooks, func(h *webhook) bool { return h.ID == c.id() })
	s.journal.remove("webhook", c.id())
	return reply{http.StatusNoContent, nil}, nil
}

func (s *Server) viewWebhook(h *webhook) webhookView {
	self := s.opts.BaseURL + "/v1/notifications/webhooks/" + h.ID
	return webhookView{ID: h.ID, URL: h.URL, EventTypes: viewEventTypes(h.Types), Links: []link{
		{Href: self, Rel: "self", Method: "GET"}, {Href: self, Rel: "update", Method: "PATCH"},
		{Href: self, Rel: "delete", Method: "DELETE"},
	}}
}
