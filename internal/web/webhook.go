package web

import (
	"net/http"
	"time"

	"readerfund/internal/fault"
	"readerfund/internal/inbox"
	"readerfund/internal/web/page"
)

// deliveryTime is how long the body of a delivery may take to arrive.
const deliveryTime = 5 * time.Second

// webhook answers POST /webhooks/paypal. 200 means the event is committed; PayPal sends the event again after any other
// status, so an internal error is never a 200. It uses no cookie: the signature over the raw bytes decides. The headers
// of a page would protect no one, because the client is not a browser.
func (s *server) webhook(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	err := s.receive(w, r)
	status, text := webhookAnswer(err)
	if err != nil {
		page.LogFailure(s.throttled, r, status, err)
	}
	page.Write(w, status, "text/plain; charset=utf-8", []byte(text+"\n"))
}

// receive checks first what costs nothing: it reads a body only if its headers can be those of a delivery and there is
// a slot for it, and only for as long as an honest client takes.
func (s *server) receive(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Connection", "close") // do not wait for a body that is not read to its end
	if err := page.CheckBody(r, inbox.LargestBody); err != nil {
		return err
	}
	if err := s.WebhookHeaders(r.Context(), r.Header); err != nil {
		return err
	}
	slot, err := s.deliveries.acquire(page.ClientOf(r.Context()), r.ContentLength)
	if err != nil {
		return err
	}
	defer slot.release()
	// A server whose deadline cannot be moved keeps its own.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(deliveryTime))
	body, err := page.ReadBody(w, r, inbox.LargestBody)
	if err != nil {
		return err
	}
	slot.bodyRead()
	h.Del("Connection")
	return s.Webhook(r.Context(), r.Header, body)
}

// webhookAnswer uses short plain words: the client is a program, or a person trying things out.
func webhookAnswer(err error) (status int, text string) {
	if err == nil {
		return http.StatusOK, "received"
	}
	if e, ok := err.(*page.Error); ok { //nolint:errorlint // ReadBody returns it bare
		return e.Status, e.Detail.String()
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
