package web

import (
	"context"
	"net/http"
	"time"
)

// readyTimeout bounds what a probe may cost; PayPal's token is cached, so an honest answer is quick.
const readyTimeout = 5 * time.Second

// healthz answers GET /healthz: the process is alive and serves.
func (s *site) healthz(w http.ResponseWriter, _ *http.Request) error {
	write(w, http.StatusOK, "text/plain; charset=utf-8", []byte("ok\n"))
	return nil
}

// readyz answers GET /readyz: able to take money, or why not, in words. The words are ours, made for an operator; they
// name parts ("database", "PayPal"), never addresses or secrets.
func (s *site) readyz(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if err := s.Ready(ctx); err != nil {
		s.Log.WarnContext(ctx, "not ready", "request", RequestID(ctx), "error", err)
		write(w, http.StatusServiceUnavailable, "text/plain; charset=utf-8", []byte(err.Error()+"\n"))
		return nil
	}
	write(w, http.StatusOK, "text/plain; charset=utf-8", []byte("ready\n"))
	return nil
}
