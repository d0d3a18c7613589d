package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"readerfund/internal/altcha"
	"readerfund/internal/db"
	"readerfund/internal/fault"
)

// handler is a page: it renders, or returns an error for fail to answer.
type handler func(w http.ResponseWriter, r *http.Request) error

// page makes a handler fit for the router.
func (s *site) page(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.fail(w, r, err)
		}
	}
}

// httpError is trouble that only HTTP has: a wrong method, a wrong type, a body that is no JSON.
type httpError struct {
	status  int
	message string
}

func (e *httpError) Error() string { return fmt.Sprintf("%d: %s", e.status, e.message) }

func errNoPage() error { return fault.NotFoundf("There is no page at this address.") }

// answer is what a person or a program is told about an error. Its JSON is RFC 9457's problem details.
type answer struct {
	Type      string       `json:"type"`
	Title     string       `json:"title"`
	Status    int          `json:"status"`
	Detail    string       `json:"detail,omitempty"`
	Reference string       `json:"reference,omitempty"` // quote it, and we find the log's line
	Errors    []fieldError `json:"errors,omitempty"`

	Staff bool `json:"-"` // it is about one of the staff's pages

	Challenge *altcha.Challenge `json:"challenge,omitempty"` // its solution, as field "altcha", lets the same pass
}

type fieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// fail answers an error: logs what is ours, shows what is the reader's. It is the one place that does either.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	a := answerTo(err)
	if a.Status >= http.StatusInternalServerError {
		a.Reference = RequestID(r.Context())
	}
	s.logFailure(r, a, err)
	if a.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "30")
	}
	if n := notYet(err); n != nil {
		w.Header().Set("Retry-After", wholeSeconds(n.Wait))
	}
	w.Header().Set("Cache-Control", "no-store")
	if wantsJSON(r) {
		writeProblem(w, a)
		return
	}
	a.Staff = strings.HasPrefix(r.URL.Path, "/staff/")
	p := page{Title: a.Title, NoIndex: true, Data: a}
	if broken := s.render(w, r, a.Status, "public/error.html", p); broken != nil {
		s.Log.ErrorContext(r.Context(), "error page does not render", "request", RequestID(r.Context()), "error", broken)
		write(w, a.Status, "text/plain; charset=utf-8", []byte(a.Title+"\n"))
	}
}

// logFailure writes the whole error once. What ended because the reader left is nobody's fault, and a wrong address is
// the reader's; but a defect is one whether or not the reader waited for its answer.
func (s *site) logFailure(r *http.Request, a answer, err error) { logFailureTo(s.Log, r, a, err) }

func logFailureTo(log *slog.Logger, r *http.Request, a answer, err error) {
	log = log.With("request", RequestID(r.Context()), "status", a.Status)
	switch {
	case clientLeft(r, err):
		log.DebugContext(r.Context(), "the client left", "error", err)
	case a.Status == http.StatusInternalServerError:
		log.ErrorContext(r.Context(), "request failed", "error", err)
	case a.Status > http.StatusInternalServerError:
		log.WarnContext(r.Context(), "request could not be served now", "error", err)
	default:
		log.DebugContext(r.Context(), "request refused", "error", err)
	}
}

// clientLeft reports whether the error is only that the client did not wait.
func clientLeft(r *http.Request, err error) bool {
	return errors.Is(r.Context().Err(), context.Canceled) && (errors.Is(err, context.Canceled) || db.IsCancelled(err))
}

// answerTo turns an error into what may be shown. Only a fault's own message is; anything else is one fixed sentence.
func answerTo(err error) answer {
	if h, ok := errors.AsType[*httpError](err); ok {
		return answer{Type: "about:blank", Title: titleOf(h.status), Status: h.status, Detail: h.message}
	}
	if n := notYet(err); n != nil {
		return tooMany(n)
	}
	faults := fault.All(err)
	if len(faults) == 0 {
		faults = []*fault.Error{{Kind: fault.Internal}}
	}
	a := answer{Type: "about:blank", Status: statusOf(faults[0].Kind), Detail: faults[0].Message}
	a.Title = titleOf(a.Status)
	if a.Status == http.StatusInternalServerError {
		a.Detail = "This is our mistake, not yours, and it has been logged. Nothing was charged by this page."
	}
	for _, f := range faults {
		if f.Kind == fault.Invalid {
			a.Errors = append(a.Errors, fieldError{Field: f.Field, Message: f.Message})
		}
	}
	return a
}

func statusOf(k fault.Kind) int {
	switch k {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Refused:
		return http.StatusBadGateway
	default:
		return http.StatusInternalServerError
	}
}

func titleOf(status int) string {
	switch status {
	case http.StatusUnprocessableEntity:
		return "Please check what you entered"
	case http.StatusNotFound:
		return "Page not found"
	case http.StatusConflict:
		return "This was done already"
	case http.StatusForbidden:
		return "You may not do this"
	case http.StatusServiceUnavailable:
		return "Not available right now"
	case http.StatusRequestEntityTooLarge:
		return "That was too much to read"
	case http.StatusBadGateway:
		return "PayPal did not accept this"
	case http.StatusInternalServerError:
		return "Something went wrong on our side"
	default:
		return http.StatusText(status)
	}
}

// wantsJSON tells a program from a reader: it sent JSON, or asks for JSON rather than for a page.
func wantsJSON(r *http.Request) bool {
	return mediaType(r) == jsonType || prefersJSON(r)
}

func writeProblem(w http.ResponseWriter, a answer) {
	writeJSON(w, a.Status, problemType, a)
}

func writeJSON(w http.ResponseWriter, status int, contentType string, v any) {
	body, err := json.Marshal(v)
	if err != nil { // our own structs of strings and numbers always marshal
		panic(fmt.Errorf("marshal answer: %w", err))
	}
	write(w, status, contentType, append(body, '\n'))
}
