package sandbox

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestRequestFaults(t *testing.T) {
	t.Parallel()
	// With the request id "o1" an order that was made is found again; one that was not is made now.
	for name, c := range map[string]struct {
		fault   string
		reaches bool // the caller gets an answer
		status  int
		carried bool // the order was made
	}{
		"status":              {`"kind":"status","status":503`, true, 503, false},
		"status after":        {`"kind":"status","status":500,"when":"after"`, true, 500, true},
		"status with body":    {`"kind":"status","status":502,"body":"<html>bad gateway</html>"`, true, 502, false},
		"delay":               {`"kind":"delay","delay":"60ms"`, true, 201, true},
		"reset before":        {`"kind":"reset_before"`, false, 0, false},
		"reset after":         {`"kind":"reset_after"`, false, 0, true},
		"timeout after":       {`"kind":"timeout_after"`, false, 0, true},
		"timeout with an end": {`"kind":"timeout_after","delay":"60ms"`, true, 201, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, Options{})
			if !c.reaches {
				b.client.Timeout = 400 * time.Millisecond // no answer comes
			}
			if got := b.hook("POST", "/sandbox/faults",
				`{"match":{"method":"POST","path":"/v2/checkout/orders*"},"times":1,`+c.fault+`}`); got.status != 201 {
				t.Fatal(got.status, got.text)
			}
			create := func() (answer, error) {
				return b.try("POST", "/v2/checkout/orders", orderBody("EUR", "10.00"), "Authorization", "Bearer "+b.token,
					"Content-Type", "application/json", "PayPal-Request-Id", "o1")
			}
			begun := time.Now()
			got, err := create()
			if reached := err == nil; reached != c.reaches || got.status != c.status {
				t.Fatalf("error %v, status %d", err, got.status)
			}
			if strings.Contains(c.fault, "60ms") && time.Since(begun) < 60*time.Millisecond {
				t.Error("it came at once")
			}
			if strings.Contains(c.fault, "html") && got.text != "<html>bad gateway</html>" {
				t.Error(got.text)
			}
			b.client.Timeout = 0
			again, err := create() // the fault is spent
			want := map[bool]int{true: 200, false: 201}[c.carried]
			if err != nil || again.status != want {
				t.Errorf("again: %v, %d, want %d", err, again.status, want)
			}
		})
	}
}

func TestResetLooksLikeAReset(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	b.hook("POST", "/sandbox/faults", `{"kind":"reset_before","match":{"path":"/v1/oauth2/token"}}`)
	_, err := b.try("POST", "/v1/oauth2/token", "")
	if !errors.Is(err, syscall.ECONNRESET) && (err == nil || !strings.Contains(err.Error(), "EOF")) {
		t.Errorf("%v", err)
	}
}

func TestKillFault(t *testing.T) {
	t.Parallel()
	for when, carried := range map[string]bool{"before": false, "after": true} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			victim := exec.Command("sleep", "60")
			if err := victim.Start(); err != nil {
				t.Fatal(err)
			}
			b := newBench(t, Options{})
			got := b.hook("POST", "/sandbox/faults",
				fmt.Sprintf(`{"kind":"kill","pid":%d,"when":%q,"times":1,"match":{"path":"/v2/checkout/orders"}}`,
					victim.Process.Pid, when))
			if got.status != 201 {
				t.Fatal(got.status, got.text)
			}
			if _, err := b.try("POST", "/v2/checkout/orders", orderBody("EUR", "1.00"), "Authorization", "Bearer "+b.token,
				"Content-Type", "application/json"); err == nil {
				t.Error("the caller got an answer")
			}
			var exit *exec.ExitError
			if err := victim.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Errorf("the process ended with %v", err)
			}
			b.server.mu.Lock()
			made := len(b.server.books.orders) == 1
			b.server.mu.Unlock()
			if made != carried {
				t.Errorf("order made: %v", made)
			}
		})
	}
}

func TestCaptureFaults(t *testing.T) {
	t.Parallel()
	for kind, status := range map[string]string{"pending_capture": "PENDING", "decline_capture": "DECLINED"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, Options{})
			b.hook("POST", "/sandbox/faults", `{"kind":"`+kind+`","times":1}`)
			_, first := b.pay("EUR", "1.00", "")
			_, second := b.pay("EUR", "1.00", "")
			b.want(b.api("GET", "/v2/payments/captures/"+first, ""), 200, "status", status)
			b.want(b.api("GET", "/v2/payments/captures/"+second, ""), 200, "status", "COMPLETED")
		})
	}
}

func TestFaultsAreChecked(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for _, body := range []string{
		`{`, `{}`, `{"kind":"explode"}`, `{"kind":"delay"}`, `{"kind":"delay","delay":"soon"}`, `{"kind":"status"}`,
		`{"kind":"status","status":99}`,
		`{"kind":"delay","delay":"1s","times":-1}`, `{"kind":"drop_webhook","percent":101}`, `{"kind":"kill","pid":1}`,
		`{"kind":"kill"}`,
		`{"kind":"reset_after","when":"later"}`, `{"kind":"reset_after","unknown":1}`,
	} {
		if got := b.hook("POST", "/sandbox/faults", body); got.status != 400 || got.get("error") == "" {
			t.Errorf("%s: %d %s", body, got.status, got.text)
		}
	}
	b.want(b.hook("POST", "/sandbox/faults", `{"kind":"delay","delay":"2s","percent":10}`), 201, "id", "F1")
	b.want(b.hook("GET", "/sandbox/faults", ""), 200, "0.delay", "2s")
	b.want(b.hook("DELETE", "/sandbox/faults/F1", ""), 200, "deleted", "1")
	b.want(b.hook("DELETE", "/sandbox/faults/F1", ""), 404, "error", "there is no fault F1")
	b.want(b.hook("DELETE", "/sandbox/faults", ""), 200, "deleted", "0")
}

func TestFaultsSpareTheHooks(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	b.hook("POST", "/sandbox/faults", `{"kind":"status","status":429,"headers":{"Retry-After":"3"}}`)
	got := b.api("GET", "/v2/checkout/orders/1", "")
	b.want(got, 429, "name", "RATE_LIMIT_REACHED")
	if got.header.Get("Retry-After") != "3" {
		t.Error(got.header)
	}
	b.want(b.hook("GET", "/sandbox/health", ""), 200, "status", "ok")
}

func TestPercentOfRequests(t *testing.T) {
	t.Parallel()
	book := &faultBook{}
	book.add(&fault{Kind: kindStatus, Percent: 50})
	hits := 0
	for range 1000 {
		if book.take("GET", "/", kindStatus) != nil {
			hits++
		}
	}
	if hits < 350 || hits > 650 {
		t.Errorf("%d of 1000", hits)
	}
}

func TestGlob(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, text string
		fits          bool
	}{
		{"/v2/checkout/orders", "/v2/checkout/orders", true}, {"/v2/checkout/orders", "/v2/checkout/orders/1", false},
		{"/v2/checkout/orders*", "/v2/checkout/orders/1/capture", true}, {"*/capture", "/v2/checkout/orders/1/capture", true},
		{"/v2/*/orders/*/capture", "/v2/checkout/orders/1/capture", true}, {"/v2/*/capture", "/v2/checkout/orders/1", false},
		{"*", "", true},
		{"a*a", "a", false},
	} {
		if glob(c.pattern, c.text) != c.fits {
			t.Errorf("glob(%q, %q) = %v", c.pattern, c.text, !c.fits)
		}
	}
}
