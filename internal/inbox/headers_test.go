package inbox_test

import (
	"fmt"
	"net/http"
	"testing"

	"readerfund/internal/fault"
	"readerfund/internal/inbox"
)

// What the headers alone show to be no delivery is refused without its body.
func TestHeadersThatAreNoDeliverys(t *testing.T) {
	t.Parallel()
	p := open(t)
	_, d := p.approved()
	if err := p.CheckHeaders(t.Context(), d.header); err != nil {
		t.Errorf("a genuine delivery's: %v", err)
	}
	for name, change := range map[string]func(http.Header){
		"no signature":      func(h http.Header) { h.Del("Paypal-Transmission-Sig") },
		"another algorithm": func(h http.Header) { h.Set("Paypal-Auth-Algo", "none") },
		"another's key": func(h http.Header) {
			h.Set("Paypal-Cert-Url", "https://evil.example/v1/notifications/certs/CERT-1")
		},
		"no transmission":     func(h http.Header) { h.Set("Paypal-Transmission-Id", "'") },
		"nothing of PayPal's": func(h http.Header) { clear(h) },
	} {
		h := d.header.Clone()
		change(h)
		if err := p.CheckHeaders(t.Context(), h); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// After a start, the certificates of the deliveries that were kept are known, and need not stand in line with others.
func TestCertificatesAreRecalledAfterAStart(t *testing.T) {
	t.Parallel()
	p := open(t)
	_, d := p.approved()
	if err := p.receive(d); err != nil {
		t.Fatal(err)
	}
	// It only receives.
	started := inbox.New(inbox.Config{DB: p.DB, Verifier: p.verifier(), Now: p.Clock.Now, Log: quiet()})
	if err := started.RecallCertificates(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 50 { // each of another certificate, none of which exists
		h := d.header.Clone()
		h.Set("Paypal-Cert-Url", fmt.Sprintf("%s/v1/notifications/certs/CERT-%d", p.PayPal.URL, i))
		_ = started.Receive(t.Context(), h, d.body)
	}
	if err := started.Receive(t.Context(), d.header, d.body); err != nil {
		t.Errorf("a genuine delivery after the start, in a flood: %v", err)
	}
}
