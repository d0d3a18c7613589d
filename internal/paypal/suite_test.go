package paypal_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"readerfund/internal/paypal"
)

// What no log line and no error text of the whole suite may contain. Every peer of these tests uses them.
const (
	secret     = "s3cr3t-of-the-suite"
	tokenStart = "A21AA-token-"
	payerMail  = "payer-of-the-suite@example.org"
	payerName  = "Wilhelmina-of-the-suite"
	sentValue  = "value-echoed-by-paypal"
	signature  = "c2lnbmF0dXJlLW9mLXRoZS1zdWl0Z" // how headers() begins its signatures
)

// record collects everything the package logs in this process, and every error the tests saw.
type record struct {
	mu   sync.Mutex
	text strings.Builder
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

// said is shared because the promise is about the whole suite's output.
var said = &record{}

func TestMain(m *testing.M) {
	code := m.Run()
	said.mu.Lock()
	text := said.text.String()
	said.mu.Unlock()
	for _, word := range []string{
		secret, tokenStart, payerMail, payerName, sentValue, signature, os.Getenv("PAYPAL_CLIENT_SECRET"), "Bearer ",
		"Basic ", `"access_token":`,
	} {
		if i := strings.Index(text, word); word != "" && i >= 0 {
			fmt.Printf("FAIL: %q was logged or told in an error: …%.200q…\n", word, text[max(0, i-100):])
			code = 1
		}
	}
	if code == 0 && !strings.Contains(text, "PayPal call") && !listing() {
		fmt.Println("FAIL: the suite logged nothing, so that the check above means nothing")
		code = 1
	}
	os.Exit(code)
}

// listing is true when only some tests ran: then silence proves nothing either way.
func listing() bool {
	for _, a := range os.Args {
		if strings.HasPrefix(a, "-test.run=") || strings.HasPrefix(a, "-test.list=") || strings.HasPrefix(a, "-test.fuzz=") {
			return true
		}
	}
	return false
}

func logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(said, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// tell notes an error's text for the check at the end, and gives it back.
func tell(err error) error {
	if err != nil {
		_, _ = io.WriteString(said, err.Error()+"\n")
	}
	return err
}

// peer is a raw wire peer: PayPal's token address, and one handler for everything else.
type peer struct {
	*httptest.Server

	token func(w http.ResponseWriter, r *http.Request, n int) // nil: always a new one

	mu     sync.Mutex
	tokens int
	calls  []*http.Request
	bodies []string
}

func newPeer(t *testing.T, api http.HandlerFunc) *peer {
	t.Helper()
	p := &peer{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/oauth2/token" {
			p.mu.Lock()
			p.tokens++
			n := p.tokens
			give := p.token
			p.mu.Unlock()
			if give != nil {
				give(w, r, n)
				return
			}
			giveToken(w, n)
			return
		}
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		p.calls, p.bodies = append(p.calls, r), append(p.bodies, string(body))
		p.mu.Unlock()
		api(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

// giveToken answers like PayPal, with the n-th token.
func giveToken(w http.ResponseWriter, n int) {
	_, _ = fmt.Fprintf(w, `{"scope":"x","access_token":"%s%d","token_type":"Bearer","app_id":"APP-1","expires_in":32400,"nonce":"y"}`, tokenStart, n)
}

func (p *peer) giving(f func(w http.ResponseWriter, r *http.Request, n int)) *peer {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.token = f
	return p
}

func (p *peer) seen() (tokens, calls int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tokens, len(p.calls)
}

func (p *peer) client(t *testing.T, change ...func(*paypal.Config)) *paypal.Client {
	t.Helper()
	return newClient(t, p.URL, change...)
}

func newClient(t *testing.T, url string, change ...func(*paypal.Config)) *paypal.Client {
	t.Helper()
	cfg := paypal.Config{
		BaseURL: url, ClientID: "suite-client", ClientSecret: secret, Timeout: 5 * time.Second, Log: logger(),
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := paypal.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answers replies with one status and body after the other, and with the last one for good.
func answers(all ...func(http.ResponseWriter)) http.HandlerFunc {
	var mu sync.Mutex
	i := 0
	return func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		f := all[min(i, len(all)-1)]
		i++
		mu.Unlock()
		f(w)
	}
}

func answer(status int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// hangUp ends the connection without an answer, after the request was read.
func hangUp(http.ResponseWriter) { panic(http.ErrAbortHandler) }

func fields(t *testing.T, body string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatalf("%v in %q", err, body)
	}
	return m
}
