package sandbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"readerfund/internal/paypal/sandbox"
)

// stage is an emulator whose traffic is inspected, with a caller who holds a token and a webhook that gets every event.
type stage struct {
	t         *testing.T
	in        *inspector
	url       string
	token     string
	transport *http.Transport
	client    *http.Client
	hookID    string
	emitted   map[string]bool // the ids of events
	unlisted  int             // deliveries beyond one for each of them: simulated or sent again
	checked   int             // deliveries that have been held against their schemas

	mu        sync.Mutex
	delivered []delivered
}

// delivered is a webhook as it arrived.
type delivered struct {
	header http.Header
	body   []byte
}

// answer is what came back, decoded where it is JSON.
type answer struct {
	status int
	text   string
	body   any
}

func newStage(t *testing.T, in *inspector) *stage {
	t.Helper()
	web := httptest.NewUnstartedServer(nil)
	server, err := sandbox.New(sandbox.Options{BaseURL: "http://" + web.Listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	web.Config.Handler = server.Handler()
	web.Start()
	s := &stage{t: t, in: in, url: web.URL, transport: &http.Transport{}, emitted: map[string]bool{}}
	t.Cleanup(func() {
		s.transport.CloseIdleConnections()
		web.Close()
		if err := server.Close(); err != nil {
			t.Error("close:", err)
		}
	})
	s.speakAs(byHand)
	s.login()
	s.subscribe()
	return s
}

// speakAs says whose requests the next ones are.
func (s *stage) speakAs(who speaker) {
	s.client = &http.Client{Transport: s.in.watch(who, s.transport)}
}

func (s *stage) login() {
	s.t.Helper()
	got := s.send("POST", "/v1/oauth2/token", "grant_type=client_credentials", "Content-Type",
		"application/x-www-form-urlencoded",
		"Authorization", "Basic c2FuZGJveC1jbGllbnQ6c2FuZGJveC1zZWNyZXQ=")
	if s.token = got.get("access_token"); got.status != http.StatusOK || s.token == "" {
		s.t.Fatalf("no token: %d %s", got.status, got.text)
	}
}

// subscribe has every event sent here.
func (s *stage) subscribe() {
	s.t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.delivered = append(s.delivered, delivered{req.Header, body})
	}))
	s.t.Cleanup(web.Close)
	made := s.ok(201, "POST", "/v1/notifications/webhooks", `{"url":"`+web.URL+`/events","event_types":[{"name":"*"}]}`)
	s.hookID = made.get("id")
}

// noteEvents remembers the events that are listed now; a month later they are not any more.
func (s *stage) noteEvents() {
	s.t.Helper()
	got := s.ok(200, "GET", "/v1/notifications/webhooks-events?page_size=300", "")
	for i := range got.body.(map[string]any)["events"].([]any) {
		s.emitted[got.get(fmt.Sprintf("events.%d.id", i))] = true
	}
}

// settle waits until every event has come and holds each against its schema.
func (s *stage) settle() {
	s.t.Helper()
	s.noteEvents()
	expected := len(s.emitted) + s.unlisted
	for deadline := time.Now().Add(30 * time.Second); len(s.arrived()) < expected; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("%d of %d events were delivered", len(s.arrived()), expected)
		}
	}
	for _, d := range s.arrived()[s.checked:] {
		s.in.checkEvent(s.t, d.body)
	}
	s.checked = expected
}

func (s *stage) arrived() []delivered {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]delivered(nil), s.delivered...)
}

// send does a request; the headers come in pairs, and an empty value takes a header away.
func (s *stage) send(method, path, body string, headers ...string) answer {
	s.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, reader)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		}
	}
	res, err := s.client.Do(req)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	got := answer{status: res.StatusCode, text: string(text)}
	if len(text) > 0 && json.Unmarshal(text, &got.body) != nil {
		got.body = nil // a page, not JSON
	}
	return got
}

// api calls PayPal's API as the seller does.
func (s *stage) api(method, path, body string, headers ...string) answer {
	s.t.Helper()
	return s.send(method, path, body, append([]string{
		"Authorization", "Bearer " + s.token, "Content-Type", "application/json",
	}, headers...)...)
}

// ok is api for a call that has to come out so.
func (s *stage) ok(status int, method, path, body string, headers ...string) answer {
	s.t.Helper()
	got := s.api(method, path, body, headers...)
	if got.status != status {
		s.t.Fatalf("%s %s: %d, want %d: %s", method, path, got.status, status, got.text)
	}
	return got
}

// refused is api for a call that has to be refused with an issue, or with an error's name where there are no issues.
func (s *stage) refused(status int, issue, method, path, body string, headers ...string) answer {
	s.t.Helper()
	got := s.api(method, path, body, headers...)
	given := got.get("details.0.issue")
	if given == "" || got.get("information_link") != "" {
		given = got.get("name")
	}
	if got.status != status || given != issue {
		s.t.Errorf("%s %s %.200s: %d %s, want %d %s: %s", method, path, body, got.status, given, status, issue, got.text)
	}
	return got
}

// hook calls a test hook.
func (s *stage) hook(path, body string) answer {
	s.t.Helper()
	got := s.send("POST", "/sandbox/"+path, body, "Content-Type", "application/json")
	if got.status > 299 {
		s.t.Fatalf("hook %s: %d %s", path, got.status, got.text)
	}
	return got
}

const (
	ordersPath   = "/v2/checkout/orders"
	capturesPath = "/v2/payments/captures"
	refundsPath  = "/v2/payments/refunds"
)

// order makes an order of one unit in the older way, and gives its path.
func (s *stage) order(members string) string {
	s.t.Helper()
	if members == "" {
		members = `"custom_id":"gift-1"`
	}
	got := s.ok(201, "POST", ordersPath, unit(members))
	return ordersPath + "/" + got.get("id")
}

// approve does what the payer does, and decides what comes of it.
func (s *stage) approve(orderPath, outcome string) {
	s.t.Helper()
	s.hook("orders/"+last(orderPath)+"/approve", fmt.Sprintf(`{"outcome":%q}`, outcome))
}

// paid makes, approves and captures an order, and gives the paths of order and capture.
func (s *stage) paid(outcome string) (order, capture string) {
	s.t.Helper()
	order = s.order("")
	s.approve(order, outcome)
	got := s.ok(201, "POST", order+"/capture", "{}", "Prefer", "return=representation")
	return order, capturesPath + "/" + got.get("purchase_units.0.payments.captures.0.id")
}

func (s *stage) advance(by time.Duration) {
	s.t.Helper()
	s.noteEvents()
	s.hook("clock", fmt.Sprintf(`{"advance":%q}`, by))
}

// last is the last part of a path.
func last(path string) string { return path[strings.LastIndex(path, "/")+1:] }

// units is a create-order body with these units.
func units(list string) string { return `{"intent":"CAPTURE","purchase_units":[` + list + `]}` }

// unit is a create-order body with one unit of EUR 10.00 and more members in it.
func unit(members string) string { return units(`{"amount":` + eur("10.00") + `,` + members + `}`) }

// eur is an amount object.
func eur(value string) string { return amount("EUR", value) }

func amount(currency, value string) string {
	return fmt.Sprintf(`{"currency_code":%q,"value":%q}`, currency, value)
}

// get reads a value by a path such as "links.0.href"; "" if it is not there.
func (a answer) get(path string) string {
	v := a.body
	for _, step := range strings.Split(path, ".") {
		switch node := v.(type) {
		case map[string]any:
			v = node[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(node) {
				return ""
			}
			v = node[i]
		default:
			return ""
		}
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}
