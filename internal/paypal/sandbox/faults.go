package sandbox

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"
)

// faultKind is what goes wrong.
type faultKind string

// The kinds of POST /sandbox/faults. The first group acts on requests, the second on deliveries, the
// others on what PayPal makes of a request.
const (
	kindDelay        faultKind = "delay"         // wait, then carry the request out
	kindStatus       faultKind = "status"        // answer with a status; when "after": carry out first
	kindResetBefore  faultKind = "reset_before"  // cut the connection, nothing was done
	kindResetAfter   faultKind = "reset_after"   // carry out, cut the connection
	kindTimeoutAfter faultKind = "timeout_after" // carry out, hold the answer back
	kindKill         faultKind = "kill"          // SIGKILL a process before or after carrying out

	kindDropWebhook      faultKind = "drop_webhook"
	kindDuplicateWebhook faultKind = "duplicate_webhook"
	kindReorderWebhooks  faultKind = "reorder_webhooks"
	kindDelayWebhook     faultKind = "delay_webhook"  // it is sent that much later, by the sandbox's clock
	kindLateCreated      faultKind = "late_created"   // BILLING.SUBSCRIPTION.CREATED comes after ACTIVATED
	kindInternalLinks    faultKind = "internal_links" // a subscription's links lead to a machine of PayPal's own
	kindChangeEvent      faultKind = "change_event"   // the body, a JSON merge patch, is laid over the event
	kindRepeatEvent      faultKind = "repeat_event"   // a second event, with an id of its own, tells the same

	kindPendingCapture faultKind = "pending_capture"
	kindDeclineCapture faultKind = "decline_capture"
	kindPendingRefund  faultKind = "pending_refund"

	kindNoSubscriptions faultKind = "no_subscriptions" // the app has no Subscriptions feature: 403, and no such scope
	kindRefuseOverride  faultKind = "refuse_override"  // 403 for a subscription that overrides its plan

	kindIssue faultKind = "issue" // refuse with one of PayPal's issues, not carrying the request out
)

var (
	requestKinds = []faultKind{kindDelay, kindStatus, kindResetBefore, kindResetAfter, kindTimeoutAfter, kindKill}
	eventKinds   = []faultKind{
		kindDropWebhook, kindDuplicateWebhook, kindReorderWebhooks, kindDelayWebhook, kindLateCreated,
		kindInternalLinks, kindChangeEvent, kindRepeatEvent,
	}
	outcomeKinds = []faultKind{
		kindPendingCapture, kindDeclineCapture, kindPendingRefund, kindNoSubscriptions, kindRefuseOverride, kindIssue,
	}
)

// match says what a fault is for; an empty field is for everything. Path and event may hold * for any run of
// characters.
type match struct {
	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"`
	Event  string `json:"event,omitempty"`
}

// fault is something that shall go wrong.
type fault struct {
	ID      string            `json:"id"`
	Match   match             `json:"match"`
	Times   int               `json:"times,omitempty"`   // how often; 0: until deleted
	Percent float64           `json:"percent,omitempty"` // how many of a hundred; 0: all
	Kind    faultKind         `json:"kind"`
	Delay   duration          `json:"delay,omitempty"`
	Status  int               `json:"status,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`
	PID     int               `json:"pid,omitempty"`
	Issue   string            `json:"issue,omitempty"`
	When    string            `json:"when,omitempty"`
	Hits    int               `json:"hits"`
}

// duration is a time.Duration as JSON text: "2s".
type duration time.Duration

func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = duration(parsed)
	return err
}

// faultBook holds the faults that are in force, in the order they were added.
type faultBook struct {
	mu     sync.Mutex
	active atomic.Int64 // so that nobody waits for the lock while there is none
	faults []*fault
	lastID int
}

// take gives the first fault of these kinds for a request, and counts it. It is nil if there is none.
func (b *faultBook) take(method, path string, kinds ...faultKind) *fault {
	return b.pick(kinds, func(f *fault) bool { return f.Match.fits(method, path) })
}

// takeIssue gives the first fault that wants a request refused with an issue whose status is one of those, and counts
// it.
func (b *faultBook) takeIssue(method, path string, status func(int) bool) *fault {
	return b.pick([]faultKind{kindIssue}, func(f *fault) bool {
		return f.Match.fits(method, path) && status(issues[f.Issue].status)
	})
}

func (m match) fits(method, path string) bool {
	return (m.Method == "" || strings.EqualFold(m.Method, method)) && (m.Path == "" || glob(m.Path, path))
}

// takeEvent gives the first fault of a kind for an event type, and counts it.
func (b *faultBook) takeEvent(event string, kind faultKind) *fault {
	return b.pick([]faultKind{kind}, func(f *fault) bool { return f.Match.Event == "" || glob(f.Match.Event, event) })
}

func (b *faultBook) pick(kinds []faultKind, fits func(*fault) bool) *fault {
	if b.active.Load() == 0 {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.faults {
		spent := f.Times > 0 && f.Hits >= f.Times
		unlucky := f.Percent > 0 && rand.Float64()*100 >= f.Percent //nolint:gosec // chance, not a secret
		if spent || !slices.Contains(kinds, f.Kind) || !fits(f) || unlucky {
			continue
		}
		f.Hits++
		hit := *f
		return &hit
	}
	return nil
}

func (b *faultBook) add(f *fault) fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lastID++
	f.ID = "F" + strconv.Itoa(b.lastID)
	b.faults = append(b.faults, f)
	b.active.Store(int64(len(b.faults)))
	return *f
}

// remove ends the faults with an id, or all for "", and says how many there were.
func (b *faultBook) remove(id string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := len(b.faults)
	b.faults = slices.DeleteFunc(b.faults, func(f *fault) bool { return id == "" || f.ID == id })
	b.active.Store(int64(len(b.faults)))
	return before - len(b.faults)
}

func (b *faultBook) list() []fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := []fault{}
	for _, f := range b.faults {
		all = append(all, *f)
	}
	return all
}

// glob compares with a pattern in which * is any run of characters, slashes too.
func glob(pattern, text string) bool {
	first, rest, starred := strings.Cut(pattern, "*")
	if !starred {
		return pattern == text
	}
	text, begins := strings.CutPrefix(text, first)
	if !begins {
		return false
	}
	for {
		part, more, starred := strings.Cut(rest, "*")
		if !starred {
			return strings.HasSuffix(text, part)
		}
		at := strings.Index(text, part)
		if at < 0 {
			return false
		}
		text, rest = text[at+len(part):], more
	}
}

// check says what is wrong with a fault as it was sent.
func (f *fault) check() error {
	all := slices.Concat(requestKinds, eventKinds, outcomeKinds)
	switch {
	case !slices.Contains(all, f.Kind):
		return fmt.Errorf("kind %q: it has to be one of %v", f.Kind, all)
	case f.Times < 0:
		return fmt.Errorf("times %d: it has to be 0 (until deleted) or more", f.Times)
	case f.Percent < 0 || f.Percent > 100:
		return fmt.Errorf("percent %v: it has to be between 0 and 100", f.Percent)
	case f.Delay < 0 || (f.Kind == kindDelay || f.Kind == kindDelayWebhook) && f.Delay == 0:
		return fmt.Errorf("delay: give a positive duration such as \"2s\"")
	case f.Kind == kindStatus && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status %d: it has to be between 200 and 599", f.Status)
	case f.Kind == kindChangeEvent && !isObject(f.Body):
		return fmt.Errorf("body: give what is to be different, such as {\"resource\":{\"billing_agreement_id\":null}}")
	case f.Kind == kindIssue && issues[f.Issue].status == 0:
		return fmt.Errorf("issue %q: the sandbox does not know it", f.Issue)
	case f.When != "" && f.When != "before" && f.When != "after":
		return fmt.Errorf("when %q: it has to be before or after", f.When)
	case f.Kind == kindKill && (f.PID <= 1 || f.PID == os.Getpid()):
		return fmt.Errorf("pid %d: it has to be the id of another process", f.PID)
	}
	return nil
}

// addFault is POST /sandbox/faults.
func (s *Server) addFault(w http.ResponseWriter, r *http.Request) {
	var f fault
	if !readHook(w, r, &f) {
		return
	}
	f.Hits = 0
	if err := f.check(); err != nil {
		hookError(w, http.StatusBadRequest, "%v", err)
		return
	}
	if f.Kind == kindKill && !fromThisMachine(r) {
		hookError(w, http.StatusForbidden, "kill is for tests on the same machine only")
		return
	}
	writeJSON(w, http.StatusCreated, s.faults.add(&f))
}

// listFaults is GET /sandbox/faults.
func (s *Server) listFaults(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.faults.list())
}

// clearFaults is DELETE /sandbox/faults.
func (s *Server) clearFaults(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]int{"deleted": s.faults.remove("")})
}

// clearFault is DELETE /sandbox/faults/{id}.
func (s *Server) clearFault(w http.ResponseWriter, r *http.Request) {
	id := chi.URLParam(r, "id")
	n := s.faults.remove(id)
	if n == 0 {
		hookError(w, http.StatusNotFound, "there is no fault %s", id)
		return
	}
	writeJSON(w, http.StatusOK, map[string]int{"deleted": n})
}
