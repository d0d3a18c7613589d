package paypal_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"readerfund/internal/paypal"
)

// Deliveries that name one made-up certificate after the other do not make us a burden to PayPal: addresses that were
// never good are asked for about once a second. What was good before, here or as the inbox remembers, is not held up.
func TestStrangeCertificatesAreFetchedSlowly(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	l := ca.leaf(t, leafOptions{})
	var clock clock
	var strange atomic.Int32
	v := ca.verifier(t, l, func(c *paypal.VerifierConfig) {
		c.Now = clock.now
		c.Transport = transport(func(r *http.Request) (int, string) {
			if r.URL.Path == "/v1/notifications/certs/CERT-1" {
				return 200, string(l.pem)
			}
			strange.Add(1)
			return 404, ""
		})
	})
	flood := func(from, to int) {
		t.Helper()
		for i := from; i < to; i++ {
			h := headers()
			h.Set("Paypal-Cert-Url", fmt.Sprintf("%s/v1/notifications/certs/CERT-flood-%d", emulatorBase, i))
			_, err := v.Verify(t.Context(), h, nil)
			if !errors.Is(err, paypal.ErrCertificate) && !errors.Is(err, paypal.ErrForged) {
				t.Fatal(err)
			}
		}
	}
	flood(0, 5000)
	if n := strange.Load(); n > 20 {
		t.Errorf("5,000 made-up certificates: %d fetches", n)
	}
	clock.advance(10 * time.Second)
	flood(5000, 10000)
	if n := strange.Load(); n > 40 {
		t.Errorf("10,000 within ten seconds: %d fetches", n)
	}
	genuine := l.sign("1JE4", nil)
	if _, err := v.Verify(t.Context(), genuine, nil); !errors.Is(err, paypal.ErrCertificate) {
		t.Errorf("a certificate that was never seen, in the flood: %v", tell(err))
	}
	v.Remember([]string{genuine.Get("Paypal-Cert-Url"), "https://evil.example/v1/notifications/certs/CERT-2"})
	if _, err := v.Verify(t.Context(), genuine, nil); tell(err) != nil {
		t.Errorf("a certificate that was good before the start, in the flood: %v", err)
	}
	clock.advance(25 * time.Hour)
	flood(10000, 11000)
	if _, err := v.Verify(t.Context(), genuine, nil); tell(err) != nil {
		t.Errorf("a certificate that is renewed in the flood: %v", err)
	}
}

// A flood is one line in the log, and a minute later one with a count.
func TestAFloodOfStrangeCertificatesIsOneLine(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	l := ca.leaf(t, leafOptions{})
	var clock clock
	var log strings.Builder
	v := ca.verifier(t, l, func(c *paypal.VerifierConfig) {
		c.Now, c.Log = clock.now, slog.New(slog.NewTextHandler(&log, nil))
		c.Transport = transport(func(*http.Request) (int, string) { return 404, "" })
	})
	for i := range 100 {
		clock.advance(time.Second)
		h := headers()
		h.Set("Paypal-Cert-Url", fmt.Sprintf("%s/v1/notifications/certs/CERT-flood-%d", emulatorBase, i))
		if _, err := v.Verify(t.Context(), h, nil); !errors.Is(err, paypal.ErrForged) {
			t.Fatal(err)
		}
	}
	if n := strings.Count(log.String(), "webhook certificate refused"); n != 1 {
		t.Errorf("%d lines for a hundred of the same", n)
	}
}
