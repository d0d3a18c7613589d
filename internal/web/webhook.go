package web

import (
	"net/http"

	"readerfund/internal/fault"
)

// maxWebhook is the most we read of a webhook, in bytes. PayPal's are 1 to 4 KiB.
const maxWebhook = 1 << 20

const webhookPath = "/webhooks/paypal"

// fromPayPal answers deliveries before the router is asked: they come in floods, there is one address for them, and no
// browser on the other side that the pages' headers could protect. Everything but a POST there goes on to next.
func (s *site) fromPayPal(next http.Handler) http.Handler {
	take := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-Content-Type-Options"] = s.fixed.nosniff
		_ = s.webhook(w, r) // it answers for itself
	})
	door := s.identify(s.observe(s.survive(take), func(*http.Request) string { return webhookPath }))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == webhookPath {
			door.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// webhook answers POST /webhooks/paypal. 200 means the event is committed; PayPal sends anything else again, so trouble
// of ours is never a 200. It has no use for a cookie: the signature over the raw bytes is what decides.
func (s *site) webhook(w http.ResponseWriter, r *http.Request) error {
	body, err := readBody(w, r, maxWebhook)
	if err == nil {
		err = s.Webhook(r.Context(), r.Header, body)
	}
	status, text := webhookAnswer(err)
	if err != nil {
		s.logFailure(r, answer{Status: status}, err)
	}
	write(w, status, "text/plain; charset=utf-8", []byte(text+"\n"))
	return nil
}

// webhookAnswer keeps to plain short words: the other side is a program, or somebody trying things out.
func webhookAnswer(err error) (status int, text string) {
	if err == nil {
		return http.StatusOK, "received"
	}
	if h, ok := err.(*httpError); ok { //nolint:errorlint // readBody returns it bare
		return h.status, h.message
	}
	switch fault.KindOf(err) {
	case fault.Invalid:
		return http.StatusBadRequest, "refused"
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge, "too large"
	default:
		return http.StatusServiceUnavailable, "not now, send it again"
	}
}
