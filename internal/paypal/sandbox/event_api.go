package sandbox

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// eventMemory is how long webhooks-events lists an event.
const eventMemory = 30 * 24 * time.Hour

// verifyRequest is what verify-webhook-signature is asked. The event stays as it was written.
type verifyRequest struct {
	AuthAlgo         string          `json:"auth_algo"`
	CertURL          string          `json:"cert_url"`
	TransmissionID   string          `json:"transmission_id"`
	TransmissionSig  string          `json:"transmission_sig"`
	TransmissionTime string          `json:"transmission_time"`
	WebhookID        string          `json:"webhook_id"`
	Event            json.RawMessage `json:"webhook_event"`
}

// verifySignature is POST /v1/notifications/verify-webhook-signature. A signature that does not fit is no error: the
// answer is 200 with FAILURE.
func (s *Server) verifySignature(c *call) (reply, error) {
	var v verifyRequest
	if err := json.Unmarshal(c.body, &v); err != nil {
		return reply{}, webhookProblem(http.StatusBadRequest, "MALFORMED_REQUEST", "Json request is not well formed.")
	}
	for field, value := range map[string]string{
		"auth_algo": v.AuthAlgo, "cert_url": v.CertURL, "transmission_id": v.TransmissionID,
		"transmission_sig":  v.TransmissionSig,
		"transmission_time": v.TransmissionTime, "webhook_id": v.WebhookID, "webhook_event": string(v.Event),
	} {
		if value == "" {
			return reply{}, invalidWebhook(field, "", "Required field is missing")
		}
	}
	s.mu.Lock()
	known := s.findWebhook(v.WebhookID) != nil
	s.mu.Unlock()
	outcome := "FAILURE"
	message := signedMessage(v.TransmissionID, v.TransmissionTime, v.WebhookID, string(v.Event))
	if known && v.AuthAlgo == "SHA256withRSA" && v.CertURL == s.certURL() &&
		s.keys().verifies(message, v.TransmissionSig) {
		outcome = "SUCCESS"
	}
	return reply{http.StatusOK, map[string]string{"verification_status": outcome}}, nil
}

func timeOr(query url.Values, name string, otherwise time.Time) (time.Time, error) {
	text := query.Get(name)
	if text == "" {
		return otherwise, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, invalidWebhook(name, text, "Not a valid date and time")
	}
	return t, nil
}

// showEvent is GET /v1/notifications/webhooks-events/{id}.
func (s *Server) showEvent(c *call) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.books.byEvent[c.id()]
	if e == nil {
		return reply{}, unknownWebhook()
	}
	return reply{http.StatusOK, json.RawMessage(e.Body)}, nil
}

// resendEvent is POST /v1/notifications/webhooks-events/{id}/resend: to the webhooks named, or to all that subscribe.
func (s *Server) resendEvent(c *call) (reply, error) {
	var want struct {
		WebhookIDs []string `json:"webhook_ids"`
	}
	if len(c.body) > 0 && decodeOne(c.body, &want) != nil {
		return reply{}, webhookProblem(http.StatusBadRequest, "MALFORMED_REQUEST", "Json request is not well formed.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.books.byEvent[c.id()]
	if e == nil {
		return reply{}, unknownWebhook()
	}
	for _, id := range want.WebhookIDs {
		if s.findWebhook(id) == nil {
			return reply{}, unknownWebhook()
		}
	}
	for _, h := range s.books.webhooks {
		if slices.Contains(want.WebhookIDs, h.ID) || len(want.WebhookIDs) == 0 && h.subscribes(e.Type) {
			s.deliver(h.ID, h.URL, e, nil)
		}
	}
	return reply{http.StatusAccepted, json.RawMessage(e.Body)}, nil
}
