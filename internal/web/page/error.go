package page

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
)

// Error is an error that only HTTP has: a wrong method, a wrong type, a body that is not JSON, too many requests.
type Error struct {
	Status     int
	Title      i18n.Message // empty for the status's own
	Detail     i18n.Message
	RetryAfter time.Duration // 0 says nothing
	Challenge  any           // an extension of the problem details: what the client may solve to be admitted
}

// NewError is an Error whose title is its status's own, and whose detail has this key in locales/.
func NewError(status int, key string, args ...i18n.Args) *Error {
	return &Error{Status: status, Detail: i18n.New(key, args...)}
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("%d: %s", e.Status, e.Detail) }

// NotFound is the error for an address without a page.
func NotFound() error { return fault.New(fault.NotFound, "web.no_page") }

// Problem is what a person or a program sees of an error. Its JSON is RFC 9457's problem details.
type Problem struct {
	Type      string       `json:"type"`
	Title     string       `json:"title"`
	Status    int          `json:"status"`
	Detail    string       `json:"detail,omitempty"`
	Reference string       `json:"reference,omitempty"` // readers quote it, and we find the line in the log
	Errors    []FieldError `json:"errors,omitempty"`

	Challenge any `json:"challenge,omitempty"` // its solution, sent as field "altcha", lets the same request pass

	Staff bool `json:"-"` // it is about one of the staff's pages,
	Own   bool `json:"-"` // or about one of a reader's own
}

// FieldError is the error of one field, which is named as in the interface.
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Fail answers an error: it logs internal errors and shows the reader those that are theirs. It is the only place that
// does either.
func (p *Renderer) Fail(w http.ResponseWriter, r *http.Request, err error) {
	a := ProblemOf(p.Localizer(r), err)
	if a.Status >= http.StatusInternalServerError {
		a.Reference = RequestID(r.Context())
	}
	p.LogFailure(r, a.Status, err)
	if a.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "30")
	}
	if e, ok := errors.AsType[*Error](err); ok && e.RetryAfter > 0 {
		w.Header().Set("Retry-After", Seconds(e.RetryAfter))
	}
	w.Header().Set("Cache-Control", "no-store")
	if WantsJSON(r) {
		WriteJSON(w, a.Status, ProblemType, a)
		return
	}
	a.Staff, a.Own = isStaff(r), below(r, "/manage")
	data := Page{Title: a.Title, NoIndex: true, Data: a}
	if broken := p.Render(w, r, a.Status, "public/error.html", data); broken != nil {
		p.log.ErrorContext(r.Context(), "error page does not render", "request", RequestID(r.Context()), "error", broken)
		Write(w, a.Status, "text/plain; charset=utf-8", []byte(a.Title+"\n"))
	}
}

// LogFailure writes the whole error once.
func (p *Renderer) LogFailure(r *http.Request, status int, err error) {
	LogFailure(p.log, r, status, err)
}

// LogFailure writes the whole error once. An error that arose because the client left is not a failure, and a wrong
// address is the reader's mistake; but a defect is logged whether or not the reader waited for the answer.
func LogFailure(log *slog.Logger, r *http.Request, status int, err error) {
	log = log.With("request", RequestID(r.Context()), "status", status)
	switch {
	case clientLeft(r, err):
		log.DebugContext(r.Context(), "the client left", "error", err)
	case status == http.StatusInternalServerError:
		log.ErrorContext(r.Context(), "request failed", "error", err)
	case status > http.StatusInternalServerError:
		log.WarnContext(r.Context(), "request could not be served now", "error", err)
	default:
		log.DebugContext(r.Context(), "request refused", "error", err)
	}
}

// clientLeft reports whether the only cause of the error is that the client did not wait.
func clientLeft(r *http.Request, err error) bool {
	return errors.Is(r.Context().Err(), context.Canceled) && (errors.Is(err, context.Canceled) || db.IsCancelled(err))
}

// ProblemOf turns an error into what may be shown. Only a fault's own message is shown; any other error becomes one
// fixed sentence. Amounts in it are written as programs read them.
func ProblemOf(loc i18n.Localizer, err error) Problem {
	loc = loc.Plain()
	if e, ok := errors.AsType[*Error](err); ok {
		return Problem{
			Type: "about:blank", Title: cmp.Or(loc.Message(e.Title), titleOf(loc, e.Status)), Status: e.Status,
			Detail: loc.Message(e.Detail), Challenge: e.Challenge,
		}
	}
	faults := fault.All(err)
	if len(faults) == 0 {
		faults = []*fault.Error{{Kind: fault.Internal}}
	}
	a := Problem{Type: "about:blank", Status: StatusOf(faults[0].Kind), Detail: loc.Message(faults[0].Message)}
	a.Title = titleOf(loc, a.Status)
	if a.Status == http.StatusInternalServerError {
		a.Detail = loc.Say("web.our_mistake")
	}
	for _, f := range faults {
		if f.Kind == fault.Invalid {
			a.Errors = append(a.Errors, FieldError{Field: f.Field, Message: loc.Message(f.Message)})
		}
	}
	return a
}

// StatusOf is the HTTP status that a kind of fault is answered with.
func StatusOf(k fault.Kind) int {
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

// titleOf is a status's title: a sentence for the statuses that readers meet, HTTP's own text for all others.
func titleOf(loc i18n.Localizer, status int) string {
	if said, ok := loc.Lookup("web.status." + strconv.Itoa(status)); ok {
		return said
	}
	return http.StatusText(status)
}
