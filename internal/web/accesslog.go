package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

// accessLog writes one line for each request: the route and not the address, because addresses hold contribution ids and
// keys; no query, no client address, no header. That is enough to see what is slow or failing, and nobody's business else.
func (s *site) accessLog(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := s.Now()
		seen := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() {
			route, took := chi.RouteContext(r.Context()).RoutePattern(), s.Now().Sub(started)
			s.Metrics.Request(route, seen.Status(), took)
			s.Log.LogAttrs(r.Context(), level(r, seen.Status()), "request",
				slog.String("request", RequestID(r.Context())), slog.String("method", method(r)), slog.String("route", route),
				slog.Int("status", seen.Status()), slog.Int("bytes", seen.BytesWritten()), slog.Duration("took", took))
		}()
		next.ServeHTTP(seen, r)
	})
}

// level keeps probes, static files and the call to action out of the everyday log: they are most of the traffic and
// none of the news.
func level(r *http.Request, status int) slog.Level {
	if status >= http.StatusInternalServerError {
		return slog.LevelWarn
	}
	switch chi.RouteContext(r.Context()).RoutePattern() {
	case "/healthz", "/readyz", "/static/{file}":
		return slog.LevelDebug
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
