package sandbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// recording is one exchange with PayPal's sandbox, as it was recorded.
type recording struct {
	name    string
	Request struct {
		Method string  `json:"method"`
		URI    string  `json:"uri"`
		Body   *string `json:"body"`
	} `json:"request"`
	Status struct {
		Code int `json:"code"`
	} `json:"status"`
	ResponseBody string `json:"response_body"`
	answer       answer // ResponseBody, decoded
}

// recordingResult is what came of sending a recording's request to the emulator.
type recordingResult struct {
	name     string
	members  int      // compared
	addition []string // what the emulator says beyond the recording
	unknown  []string // members of the recorded answer that PayPal's own document does not know
}

func readRecordings(t *testing.T, dir string) []recording {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "recorded", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d recordings, %v", len(files), err)
	}
	var all []recording
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r := recording{name: filepath.Base(file)}
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatal(file, err)
		}
		if err := json.Unmarshal([]byte(r.ResponseBody), &r.answer.body); err != nil {
			t.Fatal(file, err)
		}
		all = append(all, r)
	}
	return all
}

// driveRecordings sends what was once sent to PayPal, and compares the answers. An order's recorded id stands for the
// order that the emulator made for the recorded create; where the recorded answer shows that a payer had approved, one
// approves.
func driveRecordings(t *testing.T, s *stage) {
	s.speakAs(recorded)
	defer s.speakAs(byHand)
	ids := map[string]string{}
	for _, r := range readRecordings(t, s.in.docs.dir) {
		address, err := url.Parse(r.Request.URI)
		if err != nil {
			t.Fatal(err)
		}
		path := address.Path
		for theirs, ours := range ids {
			path = strings.ReplaceAll(path, theirs, ours)
		}
		if r.Request.Method == "GET" && r.answer.get("status") == "APPROVED" || strings.HasSuffix(path, "/capture") {
			r.approve(s, path)
		}
		prefer := "return=minimal"
		if r.answer.get("intent") != "" { // the headers were not recorded; only return=representation brings the intent
			prefer = whole
		}
		body := ""
		if r.Request.Body != nil {
			body = *r.Request.Body
		}
		got := s.api(r.Request.Method, path, body, "Prefer", prefer)
		if got.status != r.Status.Code {
			t.Errorf("%s: status %d, want %d: %s", r.name, got.status, r.Status.Code, got.text)
		}
		if id := r.answer.get("id"); id != "" && got.get("id") != "" {
			ids[id] = got.get("id")
		}
		s.in.compare(r, got)
	}
}

// approve brings the payer of the recording to the emulator.
func (r recording) approve(s *stage, path string) {
	s.t.Helper()
	id := strings.Split(path, "/")[4]
	outcome := "approve"
	if strings.HasSuffix(path, "/capture") && r.answer.get("purchase_units.0.payments.captures.0.status") == "PENDING" {
		outcome = "pending"
	}
	s.hook("orders/"+id+"/approve", fmt.Sprintf(`{"outcome":%q,"payer":{"email":%q,"given_name":%q,"surname":%q,"country":%q}}`, outcome,
		r.answer.get("payer.email_address"), r.answer.get("payer.name.given_name"), r.answer.get("payer.name.surname"),
		r.answer.get("payer.address.country_code")))
}

// compare notes where the emulator's answer lacks what the recorded one has, and lists what it has more.
func (in *inspector) compare(r recording, got answer) {
	c := &comparison{}
	c.value("", r.answer.body, got.body)
	for _, fault := range c.faults {
		in.complain(r.name, "recording", fault)
	}
	unknown := in.docs.unknownMembers(r)
	in.mu.Lock()
	defer in.mu.Unlock()
	slices.Sort(c.additions)
	in.recordings = append(in.recordings, recordingResult{r.name, c.members, slices.Compact(c.additions), unknown})
}

// unknownMembers are those of a recorded answer that PayPal's own document does not have: the measure of how far the
// documents can be trusted.
func (d *documents) unknownMembers(r recording) []string {
	req, err := http.NewRequestWithContext(context.Background(), r.Request.Method, r.Request.URI, nil)
	if err != nil {
		return []string{err.Error()}
	}
	route, _ := d.find(req)
	if route == nil {
		return []string{"the whole operation"}
	}
	var names []string
	response := route.Operation.Responses.Status(r.Status.Code)
	for _, fault := range undeclared(response.Value.Content.Get("application/json"), []byte(r.ResponseBody)) {
		name, _, _ := strings.Cut(fault, ":")
		names = append(names, name)
	}
	return names
}

// comparison goes through a recorded answer and the emulator's side by side.
type comparison struct {
	members           int
	faults, additions []string
}

// sameText are the members whose text has to be the recorded one; of the others, ids, times and debug ids among them,
// only the type has to be.
var sameText = []string{
	"status", "intent", "name", "message", "issue", "description", "location", "field", "value", "currency_code", "reason",
	"rel", "method",
	"email_address", "given_name", "surname", "country_code", "custom_id", "reference_id", "soft_descriptor", "brand_name",
	"account_status",
}

func (c *comparison) value(at string, want, got any) {
	c.members++
	switch w := want.(type) {
	case map[string]any:
		g, isObject := got.(map[string]any)
		if !isObject {
			c.faults = append(c.faults, fmt.Sprintf("%s is recorded as an object, not as %T", at, got))
			return
		}
		for _, name := range slices.Sorted(maps.Keys(w)) {
			if inner, there := g[name]; there {
				c.value(at+"/"+name, w[name], inner)
			} else {
				c.faults = append(c.faults, at+"/"+name+" is recorded, and missing")
			}
		}
		for name := range g {
			if _, there := w[name]; !there {
				c.additions = append(c.additions, general(at+"/"+name))
			}
		}
	case []any:
		g, isList := got.([]any)
		if !isList || len(g) < len(w) {
			c.faults = append(c.faults, fmt.Sprintf("%s is recorded with %d entries, not as %v", at, len(w), got))
			return
		}
		for i := range g {
			if i < len(w) {
				c.value(fmt.Sprintf("%s/%d", at, i), w[i], g[i])
			} else {
				c.additions = append(c.additions, at+"/*")
			}
		}
	default:
		differs := fmt.Sprintf("%T", want) != fmt.Sprintf("%T", got)
		if slices.Contains(sameText, at[strings.LastIndex(at, "/")+1:]) {
			differs = want != got
		}
		if differs {
			c.faults = append(c.faults, fmt.Sprintf("%s is recorded as %v, not as %v", at, want, got))
		}
	}
}
