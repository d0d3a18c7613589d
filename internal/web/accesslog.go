package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

// accessLog observes what goes through the router.
func (s *site) accessLog(next http.Handler) http.Handler {
	return s.observe(next, s.Log, func(r *http.Request) string { return chi.RouteContext(r.Context()).RoutePattern() })
}

// observe counts each request and writes one line: the route and not the address, because addresses hold contribution ids
// and keys; no query, no client address, no header. That is enough to see what is slow or failing, and nobody's business
// else. The route is asked for afterwards, when it is known.
func (s *site) observe(next http.Handler, log *slog.Logger, routeOf func(*http.Request) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := s.Now()
		seen := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() {
			route, took := routeOf(r), s.Now().Sub(started)
			s.Metrics.Request(route, seen.Status(), took)
			if at := level(route, seen.Status()); log.Enabled(r.Context(), at) {
				log.LogAttrs(r.Context(), at, "request",
					slog.String("request", RequestID(r.Context())), slog.String("method", method(r)), slog.String("route", route),
					slog.Int("status", seen.Status()), slog.Int("bytes", seen.BytesWritten()), slog.Duration("took", took))
			}
		}()
		next.ServeHTTP(seen, r)
	})
}

// level keeps probes, static files, the call to action and the deliveries that were taken out of the everyday log: they
// are most of the traffic and none of the news. A delivery that was taken has its row in the inbox.
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

// method keeps made-up methods out of the log.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	default:
		return "other"
	}
}

// afterStart is a panic whose answer had begun: nothing more can be said to the reader.
const afterStart = "panic after the answer had begun"

// survive turns a panic into the same page as any other defect of ours, and logs its stack with the reference.
func (s *site) survive(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
				panic(cause)
			}
			err := fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
			if seen.Status() != 0 {
				s.logFailure(r, answer{Status: http.StatusInternalServerError}, fmt.Errorf("%s: %w", afterStart, err))
				panic(http.ErrAbortHandler) // cuts the connection, so that half a page is not taken for a whole one
			}
			s.fail(seen, r, err)
		}()
		next.ServeHTTP(seen, r)
	})
}
