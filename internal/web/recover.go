package web

import (
	"fmt"
	"net/http"
	"runtime/debug"
)

// afterStart is a panic after the answer had begun: the reader can no longer be shown an error.
const afterStart = "panic after the answer had begun"

// recoverer turns a panic into the same page as any other internal error, and logs its stack with the reference. It
// runs behind the access log, whose recorder knows whether the answer has begun.
func (s *server) recoverer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
				panic(cause)
			}
			err := fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
			if seen, ok := w.(*recorder); ok && seen.status != 0 {
				s.pages.LogFailure(r, http.StatusInternalServerError, fmt.Errorf("%s: %w", afterStart, err))
				panic(http.ErrAbortHandler) // cuts the connection, so that half a page is not taken for a whole one
			}
			s.pages.Fail(w, r, err)
		}()
		next.ServeHTTP(w, r)
	})
}
