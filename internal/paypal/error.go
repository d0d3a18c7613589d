package paypal

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Error is a call that did not succeed: an answer outside 2xx, an answer that cannot be read, or none at all.
//
// Its text names the operation, the status, PayPal's codes and debug id, and nothing that PayPal echoes from our
// request: no amounts, addresses or names.
type Error struct {
	Operation  string // in words: "capture order"
	Status     int    // HTTP status; 0 when there was no answer
	Name       string // PayPal's: "UNPROCESSABLE_ENTITY"; OAuth's: "invalid_client"; empty when the body was not PayPal's
	Message    string // PayPal's English sentence, for the staff's eyes
	DebugID    string // what PayPal's support asks for
	Issues     []Issue
	Links      map[string]string // relation to address, unchecked
	RetryAfter time.Duration     // how long PayPal asks us to wait; 0 when it does not say
	Err        error             // the cause when the answer is missing or cannot be read

	redirect string // where the payer may go on, once it is known to be PayPal's
	unknown  bool
	final    bool // another attempt cannot fare better, whatever the status says
}

// Issue is one entry of the details: "INSTRUMENT_DECLINED". Value is what we sent, and may be personal.
type Issue struct {
	Issue, Field, Value, Description string
}

// inProgress is the issue (and in places the name) of an answer to a request id whose first request still runs: 409.
const inProgress = "PREVIOUS_REQUEST_IN_PROGRESS"

// Error says what failed, for logs.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("paypal: ")
	b.WriteString(e.Operation)
	if e.Status != 0 {
		fmt.Fprintf(&b, ": %d %s", e.Status, code(e.Name))
	}
	for _, i := range e.Issues {
		fmt.Fprintf(&b, " [%s %s]", code(i.Issue), code(i.Field))
	}
	if e.DebugID != "" {
		fmt.Fprintf(&b, " (debug id %s)", code(e.DebugID))
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// code keeps what a code or a field's path is made of, so that an answer can write nothing else into a log.
func code(s string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./@$", r) {
			return r
		}
		return -1
	}, s)
	return clean[:min(len(clean), 100)]
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Has reports whether PayPal named this issue.
func (e *Error) Has(issue string) bool {
	for _, i := range e.Issues {
		if i.Issue == issue {
			return true
		}
	}
	return e.Name == issue
}

// RedirectURL is where to send the payer to choose another way to pay, after INSTRUMENT_DECLINED, or to go on, after
// PAYER_ACTION_REQUIRED. It is empty unless the link is to PayPal's own pages.
func (e *Error) RedirectURL() string { return e.redirect }

// HasIssue reports whether err is an answer of PayPal's that names this issue.
func HasIssue(err error, issue string) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Has(issue)
}

// NotFound reports whether PayPal itself said that there is no such thing. A 404 that is not PayPal's (a proxy's, a
// wrong base) is not that: it must not make an order look expired.
func NotFound(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status == http.StatusNotFound && e.Name != ""
}

// OutcomeUnknown reports whether the call may have been carried out although it failed: the connection broke or the
// time ran out after sending, 5xx, 409 (an earlier request still runs), or a 2xx that cannot be read. It stays true
// when a later attempt of the same call fails in another way. Ask PayPal before doing it again.
func OutcomeUnknown(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.unknown
}

// Refused reports whether PayPal understood the call and does not carry it out: nothing happened, and asking again the
// same way ends the same.
func Refused(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.unknown || e.Name == "" {
		return false
	}
	switch e.Status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity:
		return true
	default:
		return false
	}
}

// Unanswered reports whether PayPal has said nothing of what was asked: it was not reached, is broken, busy, or does
// not let us in. That passes, and what was asked stays worth asking.
func Unanswered(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok || errors.Is(err, errUnreadable) {
		return false
	}
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	case http.StatusNotFound:
		return e.Name == "" // a proxy's, not PayPal's
	default:
		return e.Status < 300 || e.Status >= 500
	}
}

// errUnreadable is a 2xx whose body is not what it should be.
var errUnreadable = errors.New("the answer cannot be read")

// invalidAnswerError is something PayPal answered in the right shape that cannot be: an amount that is none, an order
// of two purchases. Its text is half a sentence, fit for staff.
type invalidAnswerError struct{ says string }

// Error says what cannot be.
func (e *invalidAnswerError) Error() string { return e.says }

func invalidf(format string, args ...any) error {
	return &invalidAnswerError{fmt.Sprintf(format, args...)}
}

// InvalidAnswer reports whether err is an answer that PayPal gave in full and that cannot be, and in half a sentence
// why: "the amount is not one". Nothing of such an answer may be booked, and asking again will hardly help.
func InvalidAnswer(err error) (says string, ok bool) {
	e, ok := errors.AsType[*invalidAnswerError](err)
	if !ok {
		return "", false
	}
	return e.says, true
}

// Temporary reports whether the same call may fare better in a while: PayPal was not reached, is broken, or busy. A
// wrong secret or a missing permission does not pass by itself.
func Temporary(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return !ok || e.temporary()
}

// temporary reports whether another attempt may fare better.
func (e *Error) temporary() bool {
	switch {
	case e.final:
		return false
	case e.Status == 0:
		return true
	case e.Status >= 200 && e.Status <= 299, e.Status >= 500:
		return true
	case e.Status == http.StatusTooManyRequests, e.Status == http.StatusRequestTimeout:
		return true
	default:
		return e.Has(inProgress)
	}
}

// readError reads an answer outside 2xx: PayPal's shape, OAuth's, or anything a machine in between says.
func readError(resp *http.Response, body []byte, now time.Time) *Error {
	var in struct {
		Name        line        `json:"name"`
		Message     line        `json:"message"`
		DebugID     line        `json:"debug_id"`
		OAuth       line        `json:"error"`
		Description line        `json:"error_description"`
		Details     []issueJSON `json:"details"`
		Links       []linkJSON  `json:"links"`
	}
	// Fields of an unexpected type are left out and the others kept, so the error itself says nothing we need.
	_ = json.Unmarshal(body, &in)
	e := &Error{Status: resp.StatusCode, Name: string(in.Name), Links: map[string]string{},
		Message: string(in.Message), DebugID: string(in.DebugID)}
	if e.Name == "" {
		e.Name, e.Message = string(in.OAuth), string(in.Description)
	}
	if e.DebugID == "" {
		e.DebugID = resp.Header.Get("Paypal-Debug-Id")
	}
	for _, d := range in.Details {
		e.Issues = append(e.Issues, Issue{
			Issue: string(d.Issue), Field: string(d.Field), Value: string(d.Value), Description: string(d.Description),
		})
		in.Links = append(in.Links, d.Links...)
	}
	for _, l := range in.Links {
		if _, taken := e.Links[l.Rel]; !taken {
			e.Links[l.Rel] = l.Href
		}
	}
	e.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), now)
	return e
}

type issueJSON struct {
	Issue       line       `json:"issue"`
	Field       line       `json:"field"`
	Value       line       `json:"value"`
	Description line       `json:"description"`
	Links       []linkJSON `json:"links"`
}

// retryAfter reads RFC 9110's two forms: seconds, or a date.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}
