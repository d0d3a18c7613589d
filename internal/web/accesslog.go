package web

import (
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"

	"readerfund/internal/web/page"
)

// recorder records the status and size of an answer. http.ResponseController finds the server's own writer behind it.
type recorder struct {
	http.ResponseWriter

	status int // 0 until the answer has begun
	bytes  int
}

// WriteHeader implements http.ResponseWriter.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += n
	return n, err
}

// Unwrap is for http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// accessLog counts each request and writes one line: the route and not the address, because addresses hold contribution
// ids and keys; no query, no client address, no header. That is enough to see what is slow or failing, and no more. A
// request whose line is not written costs no allocation.
func (s *server) accessLog(log *slog.Logger) func(http.Handler) http.Handler {
	recorders := sync.Pool{New: func() any { return new(recorder) }}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			started, seen := s.Now(), recorders.Get().(*recorder)
			seen.ResponseWriter = w
			defer func() {
				s.logRequest(log, r, seen, s.Now().Sub(started))
				*seen = recorder{}
				recorders.Put(seen)
			}()
			next.ServeHTTP(seen, r)
		})
	}
}

func (s *server) logRequest(log *slog.Logger, r *http.Request, seen *recorder, took time.Duration) {
	route := chi.RouteContext(r.Context()).RoutePattern()
	s.Metrics.Request(route, seen.status, took)
	if at := level(route, seen.status); log.Enabled(r.Context(), at) {
		log.LogAttrs(r.Context(), at, "request",
			slog.String("request", page.RequestID(r.Context())), slog.String("method", method(r)), slog.String("route", route),
			slog.Int("status", seen.status), slog.Int("bytes", seen.bytes), slog.Duration("took", took))
	}
}

// level keeps probes, static files and accepted deliveries out of the log's info level: they are most of the traffic
// and no news. An accepted delivery has its row in the inbox.
func level(route string, status int) slog.Level {
	if status >= http.StatusInternalServerError {
		return slog.LevelWarn
	}
	switch route {
	case "/healthz", "/readyz", "/static/{file}":
		return slog.LevelDebug
	case webhookPath:
		if status == http.StatusOK {
			return slog.LevelDebug
		}
	}
	return slog.LevelInfo
}

// method replaces invented methods in the log.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions:
		return r.Method
	default:
		return "other"
	}
}
