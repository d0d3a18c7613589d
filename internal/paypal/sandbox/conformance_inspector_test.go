package sandbox_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3filter"
)

// inspector holds every request and answer that passes it against PayPal's documents, and counts them.
type inspector struct {
	docs *documents

	mu         sync.Mutex
	operations map[string]*tally
	raised     map[string]map[string]bool // operation, issue code: true when the emulator raised it without being asked to
	names      map[string]bool            // of errors that came without an issue
	complaints map[complaint]int
	events     map[string]int // event type, and the schema its resource was held against
	recordings []recordingResult
}

// tally is what was checked of one operation.
type tally struct {
	requests map[speaker]int
	refused  int // by the emulator with 400, and by the document too
	answers  map[int]int
}

// speaker is whose requests pass: those of these tests, PayPal's recorded ones, or those of our client.
type speaker string

const (
	byHand    speaker = "by hand"
	recorded  speaker = "recorded"
	ourClient speaker = "our client"
)

// request is what a complaint about a request is on. Our client's are not excused with the others.
func (who speaker) request() string {
	if who == ourClient {
		return "our client's request"
	}
	return "request"
}

// complaint is one way in which a document and the emulator disagree.
type complaint struct {
	operation string // as the documents write it: "GET /v2/checkout/orders/{id}"
	on        string // request, answer, event, recording, document
	what      string
}

func (c complaint) String() string { return c.operation + ", " + c.on + ": " + c.what }

func newInspector(docs *documents) *inspector {
	return &inspector{
		docs: docs, operations: map[string]*tally{}, raised: map[string]map[string]bool{},
		names: map[string]bool{}, complaints: map[complaint]int{}, events: map[string]int{},
	}
}

// watch is a transport whose traffic the inspector sees.
func (in *inspector) watch(who speaker, next http.RoundTripper) http.RoundTripper {
	return watched{in, who, next}
}

type watched struct {
	in   *inspector
	who  speaker
	next http.RoundTripper
}

// RoundTrip passes a request on and checks it together with its answer.
func (w watched) RoundTrip(req *http.Request) (*http.Response, error) {
	var sent []byte
	if req.Body != nil {
		var err error
		if sent, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		_ = req.Body.Close()
		req.Body = io.NopCloser(bytes.NewReader(sent))
	}
	res, err := w.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	got, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	res.Body = io.NopCloser(bytes.NewReader(got))
	if err == nil {
		w.in.check(exchange{who: w.who, req: req, sent: sent, res: res, got: got})
	}
	return res, err
}

// exchange is one request with its answer.
type exchange struct {
	who       speaker
	req       *http.Request
	sent      []byte
	res       *http.Response
	got       []byte
	operation string
	input     *openapi3filter.RequestValidationInput
}

// check looks at one exchange. What is in no document (the token, the test hooks, the approval page) passes.
func (in *inspector) check(x exchange) {
	copied := x.req.Clone(context.Background())
	copied.Body = io.NopCloser(bytes.NewReader(x.sent))
	route, params := in.docs.find(copied)
	if route == nil {
		return
	}
	x.operation = x.req.Method + " " + route.Path
	x.input = &openapi3filter.RequestValidationInput{Request: copied, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			MultiError: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true,
			IncludeResponseStatus: true, SchemaValidationOptions: strictly(),
		}}
	faults := x.requestFaults()
	in.mu.Lock()
	t := in.operations[x.operation]
	if t == nil {
		t = &tally{requests: map[speaker]int{}, answers: map[int]int{}}
		in.operations[x.operation] = t
	}
	t.requests[x.who]++
	t.answers[x.res.StatusCode]++
	if x.judgesForm() && len(faults) > 0 {
		t.refused++
	}
	if p := x.problem(); len(p.Details) == 0 && p.Name != "" {
		in.names[p.Name] = true
	}
	in.mu.Unlock()
	in.judgeRequest(x, faults)
	in.judgeAnswer(x)
}

func (in *inspector) complain(operation, on, what string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.complaints[complaint{operation, on, what}]++
}

// mocked says whether the answer is one that the request asked for.
func (x exchange) mocked() bool { return x.req.Header.Get("PayPal-Mock-Response") != "" }

// judgesForm says whether the answer is about the request's form, so that the document has to refuse it too.
func (x exchange) judgesForm() bool { return x.res.StatusCode == http.StatusBadRequest && !x.mocked() }

// requestFaults is what the document says against the request.
func (x exchange) requestFaults() []string {
	faults := reasons(openapi3filter.ValidateRequest(context.Background(), x.input))
	if body := x.input.Route.Operation.RequestBody; body != nil && len(x.sent) > 0 {
		faults = append(faults, undeclared(body.Value.Content.Get("application/json"), x.sent)...)
	}
	return faults
}

// aboutMeaning are the issues of status 400 that a schema cannot express: the document allows such a request.
var aboutMeaning = []string{"PAYPAL_REQUEST_ID_REQUIRED", "INVALID_PATCH_OPERATION", "FIELD_NOT_PATCHABLE"}

// judgeRequest compares the document's verdict on the request with the emulator's: neither may be the stricter one.
func (in *inspector) judgeRequest(x exchange, faults []string) {
	switch {
	case x.res.StatusCode == http.StatusUnsupportedMediaType:
	case !x.judgesForm():
		for _, fault := range faults {
			in.complain(x.operation, x.who.request(),
				fmt.Sprintf("answered with %d, but the document refuses it: %s", x.res.StatusCode, fault))
		}
	case len(faults) == 0 && in.docs.issues[x.operation] != nil:
		for _, d := range x.problem().Details {
			if !slices.Contains(aboutMeaning, d.Issue) {
				in.complain(x.operation, x.who.request(),
					"refused with "+d.Issue+" at "+general(d.Field)+", but the document allows it")
			}
		}
	}
}

// judgeAnswer holds the answer's status, type and body against the document.
func (in *inspector) judgeAnswer(x exchange) {
	status, responses := x.res.StatusCode, x.input.Route.Operation.Responses
	response := responses.Status(status)
	if response == nil && status < 300 {
		in.complain(x.operation, "answer", fmt.Sprintf("the status %d is not in the document", status))
		status = http.StatusCreated
		response = responses.Status(status)
	} else if response == nil {
		response = responses.Default()
	}
	for _, fault := range in.issueFaults(x) {
		in.complain(x.operation, "answer", fault)
	}
	if len(response.Value.Content) == 0 {
		if status == http.StatusNoContent && len(x.got) > 0 {
			in.complain(x.operation, "answer", "204 with a body")
		}
		return
	}
	output := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: x.input, Status: status, Header: x.res.Header, Options: x.input.Options,
	}
	output.SetBodyBytes(x.got)
	faults := reasons(openapi3filter.ValidateResponse(context.Background(), output))
	faults = append(faults, undeclared(response.Value.Content.Get("application/json"), x.got)...)
	for _, fault := range append(faults, in.docs.linkFaults(x.got)...) {
		// The issue's own list has spoken about these already, and more clearly than "anyOf".
		if in.docs.issues[x.operation] == nil || !strings.HasPrefix(fault, "/details/*: ") {
			in.complain(x.operation, "answer", fmt.Sprintf("%d: %s", status, fault))
		}
	}
}

// problem is an error's body, as far as it is looked at here.
type problem struct {
	Name    string
	Details []struct{ Field, Issue, Description string }
}

func (x exchange) problem() (p problem) {
	if x.res.StatusCode < 400 || json.Unmarshal(x.got, &p) != nil {
		return problem{}
	}
	return p
}

// issueFaults holds each issue code with its status and description against the operation's list.
func (in *inspector) issueFaults(x exchange) []string {
	lists := in.docs.issues[x.operation]
	var faults []string
	for _, d := range x.problem().Details {
		in.noteRaised(x, d.Issue)
		if lists == nil {
			continue // no list was drawn from this document
		}
		text, listed := lists[strconv.Itoa(x.res.StatusCode)][d.Issue]
		switch {
		case !listed:
			faults = append(faults, fmt.Sprintf("the issue %s is not in the list of status %d", d.Issue, x.res.StatusCode))
		case text != nil && *text != d.Description:
			faults = append(faults, fmt.Sprintf("the issue %s is described as %q, not %q", d.Issue, *text, d.Description))
		}
	}
	return faults
}

// noteRaised remembers that an issue was answered, and whether the emulator raised it by itself.
func (in *inspector) noteRaised(x exchange, issue string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.raised[x.operation] == nil {
		in.raised[x.operation] = map[string]bool{}
	}
	in.raised[x.operation][issue] = in.raised[x.operation][issue] || !x.mocked()
}

// sortedComplaints are the disagreements in a fixed order.
func (in *inspector) sortedComplaints() []complaint {
	var all []complaint
	for c := range in.complaints {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b complaint) int { return cmp.Compare(a.String(), b.String()) })
	return all
}
