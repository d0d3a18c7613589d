package e2e

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
)

// visitor is somebody with a browser without a screen: a reader, a program, or staff. It keeps cookies and follows
// redirects.
type visitor struct {
	client *http.Client
	base   string
}

func (s *scene) visitor() *visitor { return newVisitor(s.t, s.base) }

func newVisitor(t *testing.T, base string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 4}
	t.Cleanup(transport.CloseIdleConnections)
	return &visitor{&http.Client{Jar: jar, Timeout: 20 * time.Second, Transport: transport}, base}
}

// answer is an answer, read, after the redirects.
type answer struct {
	status int
	header http.Header
	url    string
	body   string
}

func (v *visitor) send(method, address, body string, header ...string) (answer, error) {
	if strings.HasPrefix(address, "/") {
		address = v.base + address
	}
	req, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header[header[i]] = []string{header[i+1]}
	}
	resp, err := v.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, resp.Request.URL.String(), string(text)}, err
}

// get opens a page that must be there.
func (v *visitor) get(t *testing.T, address string) answer {
	t.Helper()
	got, err := v.send("GET", address, "")
	if err != nil {
		t.Fatal(err)
	}
	if got.status != http.StatusOK {
		t.Fatalf("GET %s: %d\n%s", address, got.status, got.body)
	}
	return got
}

// started is the answer to a gift.
type started struct {
	ID, Status, Receipt string
	ApproveURL          string `json:"approve_url"`
}

// order is PayPal's id of the order.
func (g started) order() string {
	u, err := url.Parse(g.ApproveURL)
	if err != nil {
		return ""
	}
	return u.Query().Get("token")
}

const article = "https://example.org/a"

// give sends a gift as a program does; a key may be empty.
func (v *visitor) give(amount, currency, key string) (answer, error) {
	text, err := json.Marshal(fields{
		"campaign": "support", "amount": amount, "currency": currency, "frequency": "once", "article": article,
	})
	if err != nil {
		return answer{}, err
	}
	header := []string{"Content-Type", "application/json"}
	if key != "" {
		header = append(header, "Idempotency-Key", key)
	}
	return v.send("POST", "/contributions", string(text), header...)
}

func (a answer) started() (g started, err error) {
	if a.status != http.StatusCreated {
		return g, fmt.Errorf("%d: %s", a.status, a.body)
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(a.body)))
	if err := dec.Decode(&g); err != nil {
		return g, err
	}
	if g.ID == "" || g.order() == "" {
		return g, fmt.Errorf("no id or no approve_url in %s", a.body)
	}
	return g, nil
}

// begin gives, and must succeed.
func (v *visitor) begin(t *testing.T, amount, currency string) started {
	t.Helper()
	got, err := v.give(amount, currency, "")
	if err != nil {
		t.Fatal(err)
	}
	g, err := got.started()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

const (
	staffEmail    = "mara@alder-lantern.example"
	staffPassword = "quiet river, wide floor"
)

// staff is a visitor who signed in through the form, with an account made on the command line.
func (s *scene) staff() *visitor {
	s.t.Helper()
	if s.count("staff") == 0 {
		s.command(staffPassword+"\n", "staff", "add", staffEmail, "--role", "admin", "--password-stdin")
	}
	v := s.visitor()
	got, err := v.send("POST", "/staff/sign-in", url.Values{"email": {staffEmail}, "password": {staffPassword}}.Encode(),
		"Content-Type", "application/x-www-form-urlencoded")
	if err != nil || got.status != http.StatusOK || !strings.HasSuffix(got.url, "/staff") {
		s.t.Fatalf("sign in: %v, %d at %s\n%s", err, got.status, got.url, got.body)
	}
	return v
}
