package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// bench is a sandbox on a loopback port with a caller who holds a token.
type bench struct {
	t      *testing.T
	server *Server
	url    string
	token  string
	client *http.Client
}

// answer is what came back, with the body decoded where it is JSON.
type answer struct {
	status int
	header http.Header
	text   string
	body   any
}

func newBench(t *testing.T, opts Options) *bench {
	t.Helper()
	web := httptest.NewUnstartedServer(nil)
	if opts.BaseURL == "" {
		opts.BaseURL = "http://" + web.Listener.Addr().String()
	}
	server, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	web.Config.Handler = server.Handler()
	web.Start()
	t.Cleanup(func() {
		web.CloseClientConnections()
		web.Close()
		if err := server.Close(); err != nil {
			t.Error("close:", err)
		}
	})
	b := &bench{t: t, server: server, url: web.URL, client: &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	b.login()
	return b
}

// login gets a token.
func (b *bench) login() {
	b.t.Helper()
	got := b.send("POST", "/v1/oauth2/token", "grant_type=client_credentials", "Content-Type",
		"application/x-www-form-urlencoded",
		"Authorization", "Basic c2FuZGJveC1jbGllbnQ6c2FuZGJveC1zZWNyZXQ=")
	if b.token = got.get("access_token"); got.status != 200 || b.token == "" {
		b.t.Fatalf("no token: %d %s", got.status, got.text)
	}
}

// try sends a request; the headers come in pairs.
func (b *bench) try(method, path, body string, headers ...string) (answer, error) {
	req, err := http.NewRequest(method, b.url+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := b.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	got := answer{status: res.StatusCode, header: res.Header, text: string(text)}
	_ = json.Unmarshal(text, &got.body) // pages are not JSON
	return got, err
}

func (b *bench) send(method, path, body string, headers ...string) answer {
	b.t.Helper()
	got, err := b.try(method, path, body, headers...)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	return got
}

// api calls PayPal's API as the seller does.
func (b *bench) api(method, path, body string, headers ...string) answer {
	b.t.Helper()
	return b.send(method, path, body, append([]string{
		"Authorization", "Bearer " + b.token, "Content-Type", "application/json",
	}, headers...)...)
}

// hook calls a test hook.
func (b *bench) hook(method, path, body string) answer {
	b.t.Helper()
	return b.send(method, path, body, "Content-Type", "application/json")
}

// order makes an order and gives its id.
func (b *bench) order(currency, value string) string {
	b.t.Helper()
	got := b.api("POST", "/v2/checkout/orders", orderBody(currency, value))
	if got.status != 201 {
		b.t.Fatalf("create order: %d %s", got.status, got.text)
	}
	return got.get("id")
}

func orderBody(currency, value string) string {
	return fmt.Sprintf(`{"intent":"CAPTURE","application_context":{"return_url":"http://127.0.0.1:1/back?a=b","cancel_url":"http://127.0.0.1:1/no"},
		"purchase_units":[{"custom_id":"gift-1","description":"A gift","amount":{"currency_code":%q,"value":%q}}]}`, currency, value)
}

// approve does what the payer does.
func (b *bench) approve(order, outcome string) answer {
	b.t.Helper()
	got := b.hook("POST", "/sandbox/orders/"+order+"/approve", fmt.Sprintf(`{"outcome":%q}`, outcome))
	if got.status != 200 {
		b.t.Fatalf("approve: %d %s", got.status, got.text)
	}
	return got
}

// pay makes, approves and captures an order, and gives the ids of order and capture.
func (b *bench) pay(currency, value, outcome string) (order, capture string) {
	b.t.Helper()
	order = b.order(currency, value)
	b.approve(order, outcome)
	got := b.api("POST", "/v2/checkout/orders/"+order+"/capture", "{}")
	if got.status != 201 {
		b.t.Fatalf("capture: %d %s", got.status, got.text)
	}
	return order, got.get("purchase_units.0.payments.captures.0.id")
}

// advance moves the sandbox's clock on.
func (b *bench) advance(by time.Duration) {
	b.t.Helper()
	if got := b.hook("POST", "/sandbox/clock", fmt.Sprintf(`{"advance":%q}`, by)); got.status != 200 {
		b.t.Fatalf("clock: %d %s", got.status, got.text)
	}
}

// want checks the status and one value of an answer.
func (b *bench) want(got answer, status int, path, value string) {
	b.t.Helper()
	if got.status != status {
		b.t.Errorf("status %d, want %d: %s", got.status, status, got.text)
	} else if v := got.get(path); v != value {
		b.t.Errorf("%s = %q, want %q in %s", path, v, value, got.text)
	}
}

// refused checks that the answer is PayPal's error with this issue.
func (b *bench) refused(got answer, status int, issue string) {
	b.t.Helper()
	b.want(got, status, "details.0.issue", issue)
	if got.get("debug_id") == "" || got.get("debug_id") != got.header.Get("Paypal-Debug-Id") {
		b.t.Errorf("debug id in body %q, in header %q", got.get("debug_id"), got.header.Get("Paypal-Debug-Id"))
	}
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
	switch leaf := v.(type) {
	case nil:
		return ""
	case string:
		return leaf
	default:
		return compact(leaf)
	}
}

// link is the address of a link by its rel.
func (a answer) link(rel string) string {
	for i := 0; a.get(fmt.Sprintf("links.%d.rel", i)) != ""; i++ {
		if a.get(fmt.Sprintf("links.%d.rel", i)) == rel {
			return a.get(fmt.Sprintf("links.%d.href", i))
		}
	}
	return ""
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("waited in vain: %s", what)
}

func query(t *testing.T, address, name string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get(name)
}
