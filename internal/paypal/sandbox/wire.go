package sandbox

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"
)

// maxBody is the most the sandbox reads of a request.
const maxBody = 1 << 20

// call is one authenticated request to the API, with its body read.
type call struct {
	*http.Request
	op   operation
	body []byte
}

// reply is a successful answer; a nil body is an empty one.
type reply struct {
	status int
	body   any
}

// id is the resource that the path names.
func (c *call) id() string { return chi.URLParam(c.Request, "id") }

// object is the body as a JSON object.
func (c *call) object() (map[string]any, error) {
	obj, err := decodeObject(c.body)
	if err != nil {
		return nil, malformed(c.op)
	}
	return obj, nil
}

// wantsAll says whether the caller asked for the whole resource rather than the minimal answer.
func (c *call) wantsAll() bool {
	return strings.Contains(c.Header.Get("Prefer"), "return=representation")
}

// api wraps a handler of PayPal's API: who calls, what they sent, and how the answer is written.
func (s *Server) api(op operation, handle func(*call) (reply, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.authenticate(w, r) {
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			s.writeProblem(w, statusProblem(http.StatusBadRequest, detail{Issue: "MALFORMED_REQUEST_JSON", Location: "body",
				Description: describe(op, "MALFORMED_REQUEST_JSON")}))
			return
		}
		c := &call{Request: r, op: op, body: body}
		p := c.refusal()
		if p == nil {
			p = s.wantedProblem(c)
		}
		if p != nil {
			s.writeProblem(w, p.in(op))
			return
		}
		answer, err := handle(c)
		if err != nil {
			s.writeError(w, op, err)
			return
		}
		writeJSON(w, answer.status, answer.body)
	}
}

// refusal is an answer that needs no look at the resource: a wrong media type, or an error the caller asked for.
// PayPal's SDK gives no media type where an operation takes no body.
func (c *call) refusal() *problem {
	bodiless := c.op == opPlanActivate || c.op == opPlanDeactivate
	if (c.Method == http.MethodPost || c.Method == http.MethodPatch) && (!bodiless || len(c.body) > 0) {
		kind, _, _ := mime.ParseMediaType(c.Header.Get("Content-Type"))
		if kind != "application/json" && (c.op != opDisputes || !strings.HasPrefix(kind, "multipart/")) {
			return statusProblem(http.StatusUnsupportedMediaType)
		}
	}
	return c.mocked()
}

// mocked is the error that the PayPal-Mock-Response header asks for, in the operations that PayPal lists. A value that
// is not understood gets the real answer. Source: PayPal, "Negative testing: request headers".
func (c *call) mocked() *problem {
	header := c.Header.Get("PayPal-Mock-Response")
	if header == "" || c.op == opWebhooks || c.op == opDisputes || c.op == opReporting || c.op.billing() {
		return nil
	}
	var mock struct {
		Codes string `json:"mock_application_codes"`
	}
	readable := json.Unmarshal([]byte(header), &mock) == nil
	if _, known := issues[mock.Codes]; !readable || !known {
		return nil
	}
	return namedProblem(c.op, mock.Codes)
}

// wantedProblem is the error that a fault asks for, in any operation. A refusal that has to be remembered under a
// request id is left to onceOnly.
func (s *Server) wantedProblem(c *call) *problem {
	if c.op.billing() && s.faults.take(c.Method, c.URL.Path, kindNoSubscriptions) != nil {
		return issueProblem(c.op, "PERMISSION_DENIED")
	}
	f := s.faults.takeIssue(c.Method, c.URL.Path, func(status int) bool { return !c.repeatable() || !final(status) })
	if f == nil {
		return nil
	}
	return namedProblem(c.op, f.Issue)
}

// namedProblem is the answer that somebody asked for by its code.
func namedProblem(op operation, code string) *problem {
	if status := issues[code].status; errorNames[status][0] == code {
		return statusProblem(status) // PayPal's own trouble has a name and no issue
	}
	return issueProblem(op, code)
}

// writeError answers a problem as such, and anything else as PayPal's 500.
func (s *Server) writeError(w http.ResponseWriter, op operation, err error) {
	var p *problem
	if !errors.As(err, &p) {
		s.log.Error("request failed", "err", err)
		p = statusProblem(http.StatusInternalServerError)
	}
	s.writeProblem(w, p.in(op))
}

// writeProblem answers with PayPal's error body and its debug id.
func (s *Server) writeProblem(w http.ResponseWriter, p *problem) {
	answer := *p // a refusal that is remembered is answered several times, each with a debug id of its own
	answer.DebugID = debugID()
	w.Header().Set("Paypal-Debug-Id", answer.DebugID)
	writeJSON(w, p.Status, &answer)
}

// writeJSON answers with a JSON body as PayPal writes it: compact, without escapes for HTML.
func writeJSON(w http.ResponseWriter, status int, body any) {
	h := w.Header()
	if h.Get("Paypal-Debug-Id") == "" {
		h.Set("Paypal-Debug-Id", debugID())
	}
	h.Set("Cache-Control", "max-age=0, no-cache, no-store, must-revalidate")
	if body == nil {
		w.WriteHeader(status)
		return
	}
	h.Set("Content-Type", "application/json;charset=UTF-8")
	text, err := encode(body)
	if err != nil {
		http.Error(w, "the answer cannot be encoded", http.StatusInternalServerError)
		return
	}
	w.WriteHeader(status)
	_, _ = w.Write(text) // a caller that has gone away is no concern of PayPal's
}

// encode is JSON without HTML escapes and without the trailing newline.
func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

func (s *Server) unknown(w http.ResponseWriter, _ *http.Request) {
	s.writeProblem(w, statusProblem(http.StatusNotFound))
}

func (s *Server) wrongMethod(w http.ResponseWriter, _ *http.Request) {
	s.writeProblem(w, statusProblem(http.StatusMethodNotAllowed))
}

// debugID is thirteen hexadecimal digits, as PayPal's are.
func debugID() string {
	var b [7]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])[:13]
}

const idAlphabet = "0123456789ABCDEFGHJKLMNPRSTUVWXY"

// newID is an id like PayPal's: seventeen capitals and digits, a digit first.
func newID() string {
	var b [17]byte
	rand.Read(b[:])
	for i := range b {
		b[i] = idAlphabet[int(b[i])%len(idAlphabet)]
	}
	if b[0] > '9' {
		b[0] = '1' + b[0]%9
	}
	return string(b[:])
}
