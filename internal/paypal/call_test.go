package paypal_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

const declined = `{"name":"UNPROCESSABLE_ENTITY","message":"The requested action could not be performed.","debug_id":"f1a2b3",
"details":[{"issue":"INSTRUMENT_DECLINED","field":"/payment_source","value":"` + sentValue + `","description":"Declined."}],
"links":[{"rel":"information_link","href":"https://developer.paypal.com/x"},{"rel":"redirect","href":"%s"}]}`

func TestErrorsAreTyped(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status          int
		body            string
		want            string // Name
		issue           string
		unknown, absent bool
	}{
		"validation": {422, `{"name":"UNPROCESSABLE_ENTITY","details":[{"issue":"ORDER_NOT_APPROVED","value":7}]}`,
			"UNPROCESSABLE_ENTITY", "ORDER_NOT_APPROVED", false, false},
		"not there": {404, `{"name":"RESOURCE_NOT_FOUND","details":[{"issue":"INVALID_RESOURCE_ID"}]}`,
			"RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID", false, true},
		"somebody else's 404": {404, `<html>no such page`, "", "", false, false},
		"OAuth's shape": {403, `{"error":"insufficient_scope","error_description":"no"}`, "insufficient_scope",
			"insufficient_scope", false, false},
		"HTML 503":  {503, `<html>busy`, "", "", true, false},
		"empty 500": {500, ``, "", "", true, false},
		"PayPal's 500": {500, `{"name":"INTERNAL_SERVER_ERROR","debug_id":"d"}`, "INTERNAL_SERVER_ERROR",
			"INTERNAL_SERVER_ERROR", true, false},
		"rate limit": {429, `{"name":"RATE_LIMIT_REACHED"}`, "RATE_LIMIT_REACHED", "RATE_LIMIT_REACHED",
			false, false},
		"first still runs": {409, `{"name":"RESOURCE_CONFLICT","details":[{"issue":"PREVIOUS_REQUEST_IN_PROGRESS"}]}`,
			"RESOURCE_CONFLICT", "PREVIOUS_REQUEST_IN_PROGRESS", true, false},
		"details of no shape": {400, `{"name":"INVALID_REQUEST","details":"all of it","links":7}`, "INVALID_REQUEST",
			"INVALID_REQUEST", false, false},
		"a redirect":         {302, ``, "", "", false, false},
		"a JSON array":       {400, `[1]`, "", "", false, false},
		"unreadable success": {201, `{"id":`, "", "", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "http://"+r.Host+"/elsewhere")
				w.Header().Set("Paypal-Debug-Id", "from-header")
				answer(c.status, c.body)(w)
			})
			_, err := p.client(t).CaptureOrder(t.Context(), "1", "r")
			e, ok := errors.AsType[*paypal.Error](tell(err))
			if !ok || e.Status != c.status || e.Name != c.want || e.Operation != "capture order" {
				t.Fatalf("got %#v", err)
			}
			if c.issue != "" && !paypal.HasIssue(fmt.Errorf("more: %w", err), c.issue) {
				t.Errorf("%s is not in %v", c.issue, err)
			}
			if paypal.OutcomeUnknown(err) != c.unknown || paypal.NotFound(err) != c.absent {
				t.Errorf("unknown %v, not found %v", paypal.OutcomeUnknown(err), paypal.NotFound(err))
			}
			for _, r := range p.calls {
				if r.URL.Path != "/v2/checkout/orders/1/capture" {
					t.Errorf("followed to %s", r.URL.Path)
				}
			}
		})
	}
}

func TestErrorKeepsWhatStaffAndReaderNeed(t *testing.T) {
	t.Parallel()
	for link, want := range map[string]bool{"/checkoutnow?token=1": true, "https://evil.example/": false} {
		p := newPeer(t, func(w http.ResponseWriter, r *http.Request) {
			full := link
			if want {
				full = "http://" + r.Host + link
			}
			w.Header().Set("Retry-After", "7")
			answer(422, fmt.Sprintf(declined, full))(w)
		})
		_, err := p.client(t).CaptureOrder(t.Context(), "1", "r")
		e, _ := errors.AsType[*paypal.Error](tell(err))
		if e.DebugID != "f1a2b3" || e.RetryAfter != 7*time.Second || e.Issues[0].Value != sentValue || e.Links["information_link"] == "" {
			t.Errorf("got %+v", e)
		}
		if (e.RedirectURL() != "") != want {
			t.Errorf("redirect %q from %s", e.RedirectURL(), link)
		}
		if text := e.Error(); !strings.Contains(text, "INSTRUMENT_DECLINED") || !strings.Contains(text, "f1a2b3") || !strings.Contains(text, "422") {
			t.Errorf("told %q", text)
		}
	}
}

func TestErrorTextCannotBeForged(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", time.Now().Add(30*time.Second).UTC().Format(http.TimeFormat))
		answer(422, `{"name":"A\nlevel=ERROR msg=fake","debug_id":"`+strings.Repeat("d", 5000)+`","message":"`+sentValue+`","details":[{"issue":"B\u001b[2J","field":"/x","description":"`+payerMail+`"}]}`)(w)
	})
	_, err := p.client(t).CaptureOrder(t.Context(), "1", "r")
	want := "paypal: capture order: 422 AlevelERRORmsgfake [B2J /x] (debug id " + strings.Repeat("d", 100) + ")"
	if tell(err) == nil || err.Error() != want {
		t.Errorf("got %q", err)
	}
	if wait := err.(*paypal.Error).RetryAfter; wait < 25*time.Second || wait > 30*time.Second {
		t.Errorf("asked to wait %v", wait)
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	ok := answer(200, orderJSON)
	busy := func(w http.ResponseWriter) {
		w.Header().Set("Retry-After", "1")
		answer(429, `{"name":"RATE_LIMIT_REACHED"}`)(w)
	}
	late := func(w http.ResponseWriter) { w.Header().Set("Retry-After", "60"); answer(429, ``)(w) }
	for name, c := range map[string]struct {
		peer     []func(http.ResponseWriter)
		do       func(context.Context, *paypal.Client) error
		attempts int
		unknown  bool
		fails    bool
	}{
		"GET after 503":                  {[]func(http.ResponseWriter){answer(503, ``), ok}, get, 2, false, false},
		"GET after a reset":              {[]func(http.ResponseWriter){hangUp, hangUp, ok}, get, 3, false, false},
		"GET gives up":                   {[]func(http.ResponseWriter){answer(502, ``)}, get, 3, true, true},
		"capture after a reset":          {[]func(http.ResponseWriter){hangUp, ok}, capture, 2, false, false},
		"capture after garbage":          {[]func(http.ResponseWriter){answer(201, `<`), ok}, capture, 2, false, false},
		"reset, then 422":                {[]func(http.ResponseWriter){hangUp, answer(422, `{"name":"X"}`)}, capture, 2, true, true},
		"reset, then 429 too far":        {[]func(http.ResponseWriter){hangUp, late}, capture, 2, true, true},
		"429 with patience":              {[]func(http.ResponseWriter){busy, ok}, capture, 2, false, false},
		"429 beyond the deadline":        {[]func(http.ResponseWriter){late, ok}, capture, 1, false, true},
		"422 is final":                   {[]func(http.ResponseWriter){answer(422, `{"name":"X"}`), ok}, capture, 1, false, true},
		"no request id: 503":             {[]func(http.ResponseWriter){answer(503, ``), ok}, hook, 1, true, true},
		"no request id: a reset":         {[]func(http.ResponseWriter){hangUp, ok}, hook, 1, true, true},
		"no request id: 429":             {[]func(http.ResponseWriter){busy, ok}, hook, 1, false, true},
		"no request id: but a 401":       {[]func(http.ResponseWriter){answer(401, ``), answer(201, `{"id":"1"}`)}, hook, 2, false, false},
		"401 only once":                  {[]func(http.ResponseWriter){answer(401, `{"name":"AUTHENTICATION_FAILURE"}`)}, get, 2, false, true},
		"DELETE is not sent again":       {[]func(http.ResponseWriter){answer(500, ``), answer(204, ``)}, unhook, 1, true, true},
		"DELETE answered without a body": {[]func(http.ResponseWriter){answer(204, ``)}, unhook, 1, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, answers(c.peer...))
			err := tell(c.do(t.Context(), p.client(t)))
			if _, calls := p.seen(); calls != c.attempts || (err != nil) != c.fails || paypal.OutcomeUnknown(err) != c.unknown {
				t.Errorf("%d attempts, unknown %v: %v", calls, paypal.OutcomeUnknown(err), err)
			}
			for _, r := range p.calls {
				if r.Header.Get("PayPal-Request-Id") != p.calls[0].Header.Get("PayPal-Request-Id") {
					t.Error("an attempt had another request id")
				}
			}
		})
	}
}

func TestAPauseBeyondTheDeadlineFailsAtOnce(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "60")
		answer(429, `{"name":"RATE_LIMIT_REACHED"}`)(w)
	})
	began := time.Now()
	err := get(t.Context(), p.client(t, func(c *paypal.Config) { c.Timeout = 30 * time.Second }))
	if took := time.Since(began); tell(err) == nil || took > 10*time.Second || err.(*paypal.Error).RetryAfter != time.Minute {
		t.Errorf("after %v: %v", took, err)
	}
}

func get(ctx context.Context, c *paypal.Client) error {
	_, err := c.Order(ctx, "91V21788MR556192E")
	return err
}

func capture(ctx context.Context, c *paypal.Client) error {
	_, err := c.CaptureOrder(ctx, "91V21788MR556192E", "capture-1")
	return err
}

func hook(ctx context.Context, c *paypal.Client) error {
	_, err := c.CreateWebhook(ctx, "https://example.org/webhooks/paypal", []string{"*"})
	return err
}

func unhook(ctx context.Context, c *paypal.Client) error { return c.DeleteWebhook(ctx, "1AB") }

func TestOutcomeIsKnownWhenNothingWasSent(t *testing.T) {
	t.Parallel()
	refused := newPeer(t, answers(answer(200, orderJSON)))
	warm := refused.client(t, func(c *paypal.Config) { c.Transport = &http.Transport{DisableKeepAlives: true} })
	if err := warm.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused.Close()
	_, err := warm.CaptureOrder(t.Context(), "1", "r")
	if err == nil || paypal.OutcomeUnknown(tell(err)) {
		t.Errorf("dial refused: %v", err)
	}
	if _, ok := errors.AsType[*net.OpError](err); !ok {
		t.Errorf("the cause is lost: %v", err)
	}
	stranger := httptest.NewTLSServer(answers(answer(200, orderJSON)))
	t.Cleanup(stranger.Close)
	stranger.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains about our refusal
	withToken := roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/v1/oauth2/token" {
			return transport(func(*http.Request) (int, string) { return 200, `{"access_token":"` + tokenStart + `1"}` }).RoundTrip(r)
		}
		return (&http.Transport{}).RoundTrip(r)
	})
	_, err = newClient(t, stranger.URL, func(c *paypal.Config) { c.Transport = withToken }).CaptureOrder(t.Context(), "1", "r")
	if _, ok := errors.AsType[*tls.CertificateVerificationError](tell(err)); !ok || paypal.OutcomeUnknown(err) {
		t.Errorf("no TLS: %v", err)
	}
	p := newPeer(t, answers(answer(200, orderJSON)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = p.client(t).CaptureOrder(ctx, "1", "r")
	if !errors.Is(tell(err), context.Canceled) || paypal.OutcomeUnknown(err) {
		t.Errorf("cancelled before sending: %v", err)
	}
	if tokens, calls := p.seen(); tokens+calls != 0 {
		t.Errorf("%d tokens, %d calls after cancelling", tokens, calls)
	}
}

func TestAStrangeTransportCountsAsHavingSent(t *testing.T) {
	t.Parallel()
	broken := roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/v1/oauth2/token" {
			return transport(func(*http.Request) (int, string) { return 200, `{"access_token":"` + tokenStart + `1"}` }).RoundTrip(r)
		}
		return nil, io.ErrUnexpectedEOF
	})
	_, err := newClient(t, "http://127.0.0.1:1", func(c *paypal.Config) { c.Transport = broken }).CaptureOrder(t.Context(), "1", "r")
	if !paypal.OutcomeUnknown(tell(err)) {
		t.Errorf("got %v", err)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTimeIsBounded(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	hang := func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	}
	p := newPeer(t, hang)
	t.Cleanup(func() { close(stop) })
	for name, c := range map[string]struct {
		do             func(context.Context, *paypal.Client) error
		client, caller time.Duration
	}{
		"the client's":  {capture, 600 * time.Millisecond, 2 * time.Minute},
		"the caller's":  {capture, 2 * time.Minute, 200 * time.Millisecond},
		"without retry": {hook, 600 * time.Millisecond, 2 * time.Minute},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), c.caller)
		began := time.Now()
		err := c.do(ctx, p.client(t, func(cfg *paypal.Config) { cfg.Timeout = c.client }))
		took := time.Since(began)
		cancel()
		if !errors.Is(tell(err), context.DeadlineExceeded) || !paypal.OutcomeUnknown(err) || took > time.Minute {
			t.Errorf("%s: after %v: %v", name, took, err)
		}
	}
}

func TestATimedOutAttemptLeavesTimeForAnother(t *testing.T) {
	t.Parallel()
	var first sync.Once
	p := newPeer(t, func(w http.ResponseWriter, r *http.Request) {
		hung := false
		first.Do(func() { hung = true })
		if hung {
			<-r.Context().Done()
			return
		}
		answer(200, orderJSON)(w)
	})
	err := capture(t.Context(), p.client(t, func(c *paypal.Config) { c.Timeout = 2 * time.Second }))
	if _, calls := p.seen(); tell(err) != nil || calls != 2 {
		t.Errorf("%d calls: %v", calls, err)
	}
}

func TestOverHTTP2(t *testing.T) {
	t.Parallel()
	api := answers(hangUp, answer(503, ``), answer(201, orderJSON), hangUp)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("spoke %s", r.Proto)
		}
		if r.URL.Path == "/v1/oauth2/token" {
			giveToken(w, 1)
			return
		}
		api(w, r)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	c := newClient(t, server.URL, func(c *paypal.Config) { c.Transport = server.Client().Transport })
	if err := capture(t.Context(), c); err != nil {
		t.Error(tell(err))
	}
	if err := capture(t.Context(), c); !paypal.OutcomeUnknown(tell(err)) {
		t.Errorf("streams were reset: %v", err)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	zeros := make([]byte, 1<<20)
	var mebibyte bytes.Buffer
	z := gzip.NewWriter(&mebibyte)
	_, _ = z.Write(zeros)
	_ = z.Close()
	packed := bytes.Repeat(mebibyte.Bytes(), 64) // 64 MiB in 64 KiB: what gzip packed in parts it unpacks as one
	bomb := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.WriteHeader(status)
			_, _ = w.Write(packed)
		}
	}
	endless := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			for n := 0; ; n += len(zeros) {
				if _, err := w.Write(zeros); err != nil {
					return
				}
				if n > 64<<20 {
					t.Errorf("%d MiB of a %d were taken", n>>20, status)
					return
				}
			}
		}
	}
	for name, c := range map[string]struct {
		peer   http.HandlerFunc
		status int
	}{
		"endless 201": {endless(201), 201}, "endless 422": {endless(422), 422},
		"a bomb as 201": {bomb(201), 201}, "a bomb as 422": {bomb(422), 422},
		"endless headers": {func(w http.ResponseWriter, _ *http.Request) {
			for i := range 3000 {
				w.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("x", 100))
			}
		}, 0},
	} {
		err := hook(t.Context(), newPeer(t, c.peer).client(t))
		e, ok := errors.AsType[*paypal.Error](tell(err))
		if !ok || e.Status != c.status {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_, capped := errors.AsType[*http.MaxBytesError](err)
		if capped != (c.status == 201) || paypal.OutcomeUnknown(err) == (c.status == 422) {
			t.Errorf("%s: capped %v, unknown %v: %v", name, capped, paypal.OutcomeUnknown(err), err)
		}
	}
}

func TestObserveSeesEachAttempt(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var got []string
	p := newPeer(t, answers(answer(503, ``), hangUp, answer(201, orderJSON)))
	err := capture(t.Context(), p.client(t, func(c *paypal.Config) {
		c.Observe = func(operation string, status int, took time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			if took <= 0 {
				t.Error("no time passed")
			}
			got = append(got, fmt.Sprint(operation, " ", status))
		}
	}))
	mu.Lock()
	defer mu.Unlock()
	want := "get a token 200, capture order 503, capture order 0, capture order 201"
	if err != nil || strings.Join(got, ", ") != want {
		t.Errorf("saw %v, %v", got, err)
	}
}

func TestConcurrentCallsDoNotMix(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodGet && r.Header.Get("Prefer") != "":
			answer(400, `{"name":"STICKY_PREFER"}`)(w)
		case strings.HasSuffix(r.URL.Path, "/capture"):
			answer(201, orderJSON)(w)
		case strings.HasSuffix(r.URL.Path, "/refund"):
			answer(201, `{"id":"R1","status":"COMPLETED","amount":{"currency_code":"EUR","value":"1.00"}}`)(w)
		default:
			answer(200, orderJSON)(w)
		}
	})
	c := p.client(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 10 {
				_, e := c.RefundCapture(t.Context(), "C1", paypal.RefundRequest{RequestID: "r", Amount: money.New(100, "EUR")})
				if err := errors.Join(get(t.Context(), c), capture(t.Context(), c), e); err != nil {
					t.Error(tell(err))
				}
			}
		})
	}
	all.Wait()
	if tokens, _ := p.seen(); tokens != 1 {
		t.Errorf("%d tokens for one burst", tokens)
	}
}
