package harness

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"readerfund/internal/testkit"
)

// Client is somebody with a browser without a screen: a reader, a program, or staff. It keeps cookies and follows
// redirects.
type Client struct {
	http    *http.Client
	BaseURL string
}

// Client is a new one, who starts at BaseURL.
func (s *Fixture) Client() *Client { return NewClient(s.T, s.BaseURL) }

// NewClient is one without cookies; paths are seen from the base URL.
func NewClient(t *testing.T, base string) *Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 4}
	t.Cleanup(transport.CloseIdleConnections)
	return &Client{&http.Client{Jar: jar, Timeout: time.Minute, Transport: transport}, base}
}

// Response is an answer, read, after the redirects.
type Response struct {
	Status int
	Header http.Header
	URL    string
	Body   string
}

// Send makes a request with a body and headers, pairs of name and value, and follows where it leads.
func (v *Client) Send(method, address, body string, header ...string) (Response, error) {
	if strings.HasPrefix(address, "/") {
		address = v.BaseURL + address
	}
	req, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		return Response{}, err
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header[header[i]] = []string{header[i+1]}
	}
	resp, err := v.http.Do(req)
	if err != nil {
		return Response{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return Response{resp.StatusCode, resp.Header, resp.Request.URL.String(), string(text)}, err
}

// Get opens a page that must be there.
func (v *Client) Get(t *testing.T, address string) Response {
	t.Helper()
	got, err := v.Send("GET", address, "")
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != http.StatusOK {
		t.Fatalf("GET %s: %d\n%s", address, got.Status, got.Body)
	}
	return got
}

// Started is the answer to a gift.
type Started struct {
	ID, Status, Receipt string
	ApproveURL          string `json:"approve_url"`
}

// Order is PayPal's id of the order.
func (g Started) Order() string {
	u, err := url.Parse(g.ApproveURL)
	if err != nil {
		return ""
	}
	return u.Query().Get("token")
}

// Article is the page that gifts are given for.
const Article = "https://example.org/a"

// Give sends a gift as a program does; a key may be empty.
func (v *Client) Give(amount, currency, key string) (Response, error) {
	return v.send(amount, currency, "once", key)
}

func (v *Client) send(amount, currency, frequency, key string) (Response, error) {
	text, err := json.Marshal(testkit.Fields{
		"campaign": "support", "amount": amount, "currency": currency, "frequency": frequency, "article": Article,
	})
	if err != nil {
		return Response{}, err
	}
	header := []string{"Content-Type", "application/json"}
	if key != "" {
		header = append(header, "Idempotency-Key", key)
	}
	return v.Send("POST", "/contributions", string(text), header...)
}

// Started reads the answer to a gift; anything but 201 is an error.
func (a Response) Started() (g Started, err error) {
	if a.Status != http.StatusCreated {
		return g, fmt.Errorf("%d: %s", a.Status, a.Body)
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(a.Body)))
	if err := dec.Decode(&g); err != nil {
		return g, err
	}
	if g.ID == "" || g.ApproveURL == "" {
		return g, fmt.Errorf("no id or no approve_url in %s", a.Body)
	}
	return g, nil
}

// Subscribe is a reader who gives monthly or yearly, agrees at PayPal, and comes back. It gives our id of the
// contribution, and PayPal's of the subscription.
func (v *Client) Subscribe(p *testkit.PayPal, amount, currency, frequency string) (ours, theirs string, err error) {
	got, err := v.send(amount, currency, frequency, "")
	if err != nil {
		return "", "", err
	}
	var g Started
	if err := json.Unmarshal([]byte(got.Body), &g); err != nil || got.Status != http.StatusCreated {
		return "", "", fmt.Errorf("%d: %s", got.Status, got.Body)
	}
	var made []struct{ ID string }
	if err := p.Hook("GET", "/sandbox/subscriptions?custom_id="+g.ID, nil, &made); err != nil || len(made) != 1 {
		return g.ID, "", fmt.Errorf("PayPal has %d subscriptions of %s: %w", len(made), g.ID, err)
	}
	var said struct {
		ReturnURL string `json:"return_url"`
	}
	payer := testkit.Fields{"email": "reader-" + g.ID[len(g.ID)-8:] + "@example.com"}
	err = p.Hook("POST", "/sandbox/subscriptions/"+made[0].ID+"/approve", testkit.Fields{"payer": payer}, &said)
	if err != nil {
		return g.ID, "", err
	}
	back, err := v.Send("GET", said.ReturnURL, "")
	if err == nil && back.Status != http.StatusOK {
		err = fmt.Errorf("back from PayPal: %d at %s", back.Status, back.URL)
	}
	return g.ID, made[0].ID, err
}

// Begin gives, and must succeed.
func (v *Client) Begin(t *testing.T, amount, currency string) Started {
	t.Helper()
	got, err := v.Give(amount, currency, "")
	if err != nil {
		t.Fatal(err)
	}
	g, err := got.Started()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

const (
	staffEmail    = "mara@alder-lantern.example"
	staffPassword = "quiet river, wide floor"
)

// Staff is a visitor who signed in through the form, with an account made on the command line.
func (s *Fixture) Staff() *Client {
	s.T.Helper()
	if s.Count("staff") == 0 {
		s.Command(staffPassword+"\n", "staff", "add", staffEmail, "--role", "admin", "--password-stdin")
	}
	v := s.Client()
	got, err := v.Send("POST", "/staff/sign-in", url.Values{"email": {staffEmail}, "password": {staffPassword}}.Encode(),
		"Content-Type", "application/x-www-form-urlencoded")
	if err != nil || got.Status != http.StatusOK || !strings.HasSuffix(got.URL, "/staff") {
		s.T.Fatalf("sign in: %v, %d at %s\n%s", err, got.Status, got.URL, got.Body)
	}
	return v
}
