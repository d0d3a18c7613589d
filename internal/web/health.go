package web

import (
	"context"
	"net/http"
	"time"

	"readerfund/internal/web/page"
)

// readyTimeout bounds what a probe may cost.
const readyTimeout = 5 * time.Second

// healthz answers GET /healthz: the process is alive and serves.
func (s *server) healthz(w http.ResponseWriter, _ *http.Request) error {
	page.Write(w, http.StatusOK, "text/plain; charset=utf-8", []byte("ok\n"))
	return nil
}

// readyz answers GET /readyz: whether a load balancer should send requests here, or why not, in words. PayPal being
// away is no reason: no other replica could do more, and without this one the webhook endpoint and every page that
// needs no PayPal would be gone as well. The body says so, and so does an alert. The words are written for an operator;
// they name parts ("database", "PayPal"), never addresses or secrets.
func (s *server) readyz(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if err := s.Ready(ctx); err != nil {
		s.throttled.WarnContext(ctx, "not ready", "request", page.RequestID(ctx), "error", err)
		page.Write(w, http.StatusServiceUnavailable, "text/plain; charset=utf-8", []byte(err.Error()+"\n"))
		return nil
	}
	text := "ready\n"
	if s.Impaired != nil {
		if trouble := s.Impaired(); trouble != "" {
			text += trouble + "\n"
		}
	}
	page.Write(w, http.StatusOK, "text/plain; charset=utf-8", []byte(text))
	return nil
}
