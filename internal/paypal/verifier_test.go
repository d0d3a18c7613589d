package paypal_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"hash/crc32"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"readerfund/internal/paypal"
	"readerfund/internal/paypal/crcforge"
)

// sample is a delivery that verifies: a genuine one as it was recorded, or one signed by an authority of these tests.
type sample struct {
	name, webhookID   string
	headers           http.Header
	body, cert, roots []byte // roots only for our own
	at                time.Time
}

// signedHeaders are those a signature depends on.
var signedHeaders = []string{"Paypal-Transmission-Id", "Paypal-Transmission-Time", "Paypal-Transmission-Sig",
	"Paypal-Cert-Url", "Paypal-Auth-Algo"}

func samples(t *testing.T) []sample {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(factsDir(t), "signed", "[a-z]*"))
	if err != nil || len(dirs) < 13 {
		t.Fatalf("%d samples, %v", len(dirs), err)
	}
	all := make([]sample, 0, len(dirs))
	for _, dir := range dirs {
		s := sample{name: filepath.Base(dir), headers: http.Header{}, body: file(t, dir, "body.json"),
			cert: file(t, dir, "cert.pem")}
		var h map[string]string
		if err := json.Unmarshal(file(t, dir, "headers.json"), &h); err != nil {
			t.Fatal(err)
		}
		s.webhookID = h["webhook_id"]
		delete(h, "webhook_id")
		for name, value := range h {
			s.headers.Set(name, value)
		}
		if s.at, err = time.Parse(time.RFC3339, s.headers.Get("Paypal-Transmission-Time")); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

// everySample has one of our own, and PayPal's where they are at hand.
func everySample(t *testing.T) []sample {
	t.Helper()
	ca := newAuthority(t)
	l, body := ca.leaf(t, leafOptions{}), []byte(`{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED","summary":"25.00 €","resource":{"id":"C1"}}`)
	all := []sample{{name: "our own", webhookID: "1JE4", headers: l.sign("1JE4", body), body: body, cert: l.pem,
		roots: ca.bundle, at: noon}}
	if _, err := os.Stat(factsPath()); err != nil {
		t.Logf("PayPal's own deliveries are left out: they are not at %s; set PAYPAL_FACTS_DIR", factsPath())
		return all
	}
	return append(all, samples(t)...)
}

func file(t *testing.T, parts ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// serves gives the same certificate at every address.
func serves(cert []byte) http.RoundTripper {
	return transport(func(*http.Request) (int, string) { return 200, string(cert) })
}

// noPacket fails the test when anything is fetched.
func noPacket(t *testing.T) http.RoundTripper {
	t.Helper()
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		t.Errorf("a packet left for %s", r.URL)
		return nil, errors.New("no network here")
	})
}

func verifier(t *testing.T, change func(*paypal.VerifierConfig)) *paypal.Verifier {
	t.Helper()
	cfg := paypal.VerifierConfig{WebhookID: func() string { return "1JE4291016473214C" }, BaseURL: "https://api-m.sandbox.paypal.com", Log: logger()}
	change(&cfg)
	v, err := paypal.NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (s sample) verifier(t *testing.T, over http.RoundTripper) *paypal.Verifier {
	t.Helper()
	return verifier(t, func(c *paypal.VerifierConfig) {
		if s.roots != nil {
			c.BaseURL, c.ExtraRoots = emulatorBase, s.roots
		}
		c.WebhookID, c.AllowSimulator = func() string { return s.webhookID }, true
		c.Now, c.Transport = func() time.Time { return s.at }, over
	})
}

func TestGenuineDeliveriesVerify(t *testing.T) {
	t.Parallel()
	for _, s := range samples(t) {
		got, err := s.verifier(t, serves(s.cert)).Verify(t.Context(), s.headers, s.body)
		want := paypal.Delivery{TransmissionID: s.headers.Get("Paypal-Transmission-Id"), TransmissionTime: s.at,
			CertURL: s.headers.Get("Paypal-Cert-Url"), Simulated: s.webhookID == "WEBHOOK_ID"}
		if tell(err) != nil || got != want {
			t.Errorf("%s: %+v, %v", s.name, got, err)
		}
		lower := http.Header{}
		for name, values := range s.headers {
			lower[strings.ToLower(name)] = values
		}
		if _, err := s.verifier(t, serves(s.cert)).Verify(t.Context(), lower, s.body); err != nil {
			t.Errorf("%s: in lower case: %v", s.name, tell(err))
		}
	}
}

func TestEveryByteCounts(t *testing.T) {
	t.Parallel()
	for _, s := range everySample(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			v := s.verifier(t, serves(s.cert))
			for i := range s.body {
				body := bytes.Clone(s.body)
				body[i] ^= 1 << (i % 8)
				if _, err := v.Verify(t.Context(), s.headers, body); !errors.Is(err, paypal.ErrForged) {
					t.Fatalf("body byte %d changed to %q: %v", i, body[i], err)
				}
			}
			for _, body := range [][]byte{nil, s.body[:len(s.body)-1], append(bytes.Clone(s.body), '\n'), append([]byte(" "), s.body...)} {
				if _, err := v.Verify(t.Context(), s.headers, body); !errors.Is(err, paypal.ErrForged) {
					t.Errorf("a body of %d bytes: %v", len(body), err)
				}
			}
			for _, name := range signedHeaders {
				mutateHeader(t, v, s, name)
			}
		})
	}
}

// mutateHeader changes every byte of one header. A certificate's address may change into that of another certificate,
// which PayPal does not have; every certificate served here is the same, so there the certificate must not be asked.
func mutateHeader(t *testing.T, v *paypal.Verifier, s sample, name string) {
	t.Helper()
	if name == "Paypal-Cert-Url" {
		v = s.verifier(t, transport(func(r *http.Request) (int, string) {
			if r.URL.String() == s.headers.Get(name) {
				return 200, string(s.cert)
			}
			return 404, ""
		}))
	}
	value := s.headers.Get(name)
	for i := range len(value) {
		for _, flip := range []byte{0x01, 0x20} {
			changed := []byte(value)
			changed[i] ^= flip
			h := s.headers.Clone()
			h.Set(name, string(changed))
			if _, err := v.Verify(t.Context(), h, s.body); err == nil {
				t.Fatalf("%s verifies as %q", name, changed)
			}
		}
	}
}

func TestReserialisedBodyIsRefused(t *testing.T) {
	t.Parallel()
	for _, s := range everySample(t) {
		var read map[string]any
		if err := json.Unmarshal(s.body, &read); err != nil {
			t.Fatal(err)
		}
		body, _ := json.Marshal(read)
		if _, err := s.verifier(t, serves(s.cert)).Verify(t.Context(), s.headers, body); !errors.Is(tell(err), paypal.ErrForged) {
			t.Errorf("%s: %v", s.name, err)
		}
	}
}

// This is not what we want, but what PayPal's scheme gives: the body is bound by a CRC-32 only. It is the reason why
// the API decides what is booked, and why a transmission id with another body must be refused.
func TestABodyWithTheSameCRCVerifies(t *testing.T) {
	t.Parallel()
	for _, s := range everySample(t) {
		forged := crcforge.Body(`{"id":"WH-FORGED","event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"1","amount":{"value":"9999.00"}},"x":"`, `"}`, crc32.ChecksumIEEE(s.body))
		if !json.Valid(forged) || bytes.Equal(forged, s.body) {
			t.Fatalf("no forgery: %s", forged)
		}
		if _, err := s.verifier(t, serves(s.cert)).Verify(t.Context(), s.headers, forged); err != nil {
			t.Errorf("%s: a body with the same CRC-32 is refused; has PayPal's scheme changed? %v", s.name, tell(err))
		}
	}
}

// headers are those of a delivery that looks right and was signed by nobody.
func headers() http.Header {
	h := http.Header{}
	h.Set("Paypal-Transmission-Id", "8ad71ae0-4e5e-11ef-b16d-8fad525a7f7b")
	h.Set("Paypal-Transmission-Time", "2024-07-30T10:29:03Z")
	h.Set("Paypal-Cert-Url", "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-a5cafa77")
	h.Set("Paypal-Auth-Algo", "SHA256withRSA")
	h.Set("Paypal-Transmission-Sig", base64.StdEncoding.EncodeToString(append([]byte("signature-of-the-suite"),
		make([]byte, 234)...)))
	return h
}

func TestHeadersAreRefusedBeforeAnythingIsFetched(t *testing.T) {
	t.Parallel()
	v := verifier(t, func(c *paypal.VerifierConfig) { c.Transport = noPacket(t) })
	changes := map[string]func(http.Header){
		"weak algorithm":       func(h http.Header) { h.Set("Paypal-Auth-Algo", "SHA1withRSA") },
		"algorithm's case":     func(h http.Header) { h.Set("Paypal-Auth-Algo", "sha256withrsa") },
		"no algorithm":         func(h http.Header) { h.Set("Paypal-Auth-Algo", "none") },
		"a bar in the id":      func(h http.Header) { h.Set("Paypal-Transmission-Id", "a|b") },
		"long id":              func(h http.Header) { h.Set("Paypal-Transmission-Id", strings.Repeat("a", 51)) },
		"time of no shape":     func(h http.Header) { h.Set("Paypal-Transmission-Time", "yesterday") },
		"time with a bar":      func(h http.Header) { h.Set("Paypal-Transmission-Time", "2024-07-30T10:29:03Z|1") },
		"signature not base64": func(h http.Header) { h.Set("Paypal-Transmission-Sig", "%%%") },
		"signature in two lines": func(h http.Header) {
			h.Set("Paypal-Transmission-Sig", h.Get("Paypal-Transmission-Sig")[:76]+"\n"+h.Get("Paypal-Transmission-Sig")[76:])
		},
		"another spelling of the same signature": func(h http.Header) {
			h.Set("Paypal-Transmission-Sig", strings.TrimSuffix(h.Get("Paypal-Transmission-Sig"), "A==")+"B==")
		},
		"a huge signature": func(h http.Header) { h.Set("Paypal-Transmission-Sig", strings.Repeat("A", 4096)) },
		"all empty":        func(h http.Header) { clear(h) },
	}
	for _, name := range signedHeaders {
		changes["missing "+name] = func(h http.Header) { h.Del(name) }
		changes["empty "+name] = func(h http.Header) { h.Set(name, "") }
		changes["doubled "+name] = func(h http.Header) { h.Add(name, h.Get(name)) }
		changes["doubled in another case "+name] = func(h http.Header) { h[strings.ToUpper(name)] = []string{h.Get(name)} }
		changes["space before "+name] = func(h http.Header) { h.Set(name, " "+h.Get(name)) }
		changes["long "+name] = func(h http.Header) { h.Set(name, h.Get(name)+strings.Repeat("A", 1000)) }
	}
	for name, change := range changes {
		h := headers()
		change(h)
		_, err := v.Verify(t.Context(), h, []byte(`{}`))
		refused, ok := errors.AsType[*paypal.RefusedError](tell(err))
		if !ok || refused.Reason == "" || !errors.Is(err, paypal.ErrForged) || errors.Is(err, paypal.ErrCertificate) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCertificateAddressesAreRefusedBeforeAnythingIsFetched(t *testing.T) {
	t.Parallel()
	const good = "/v1/notifications/certs/CERT-360caa42-fca2a594-a5cafa77"
	attacks := []string{
		"http://api.sandbox.paypal.com" + good, "ftp://api.sandbox.paypal.com" + good, "file:///etc/passwd",
		"//api.sandbox.paypal.com" + good, good,
		"HTTPS://api.sandbox.paypal.com" + good, "https:/api.sandbox.paypal.com" + good,
		`https:\\api.sandbox.paypal.com` + good,
		"https://169.254.169.254" + good, "https://[::1]" + good, "https://127.0.0.1" + good, "https://localhost" + good,
		"https://2130706433" + good,
		"https://api.paypal.com@evil.example" + good, "https://api.sandbox.paypal.com@evil.example" + good,
		"https://user:pw@api.sandbox.paypal.com" + good,
		"https://api.sandbox.paypal.com.evil.example" + good, "https://evilapi.sandbox.paypal.com" + good,
		"https://api-sandbox.paypal.com" + good,
		"https://api.sandbox.paypal.com:443" + good, "https://api.sandbox.paypal.com:8443" + good,
		"https://api.sandbox.paypal.com:" + good,
		"https://api.sandbox.paypal.com." + good, "https://API.SANDBOX.PAYPAL.COM" + good,
		"https://api.sandbox.paypal.com%2eevil.example" + good,
		`https://api.sandbox.paypal.com\.evil.example` + good, "https://api.sandbox.paypal.com\x00.evil.example" + good, "https://аpi.sandbox.paypal.com" + good,
		"https://api.sandbox.paypal.com#@evil.example" + good, "https://api.sandbox.paypal.com?@evil.example" + good,
		"https://evil.example/https://api.sandbox.paypal.com" + good,
		"https://api.sandbox.paypal.com" + good + "?x=1", "https://api.sandbox.paypal.com" + good + "#x",
		"https://api.sandbox.paypal.com" + good + "/", "https://api.sandbox.paypal.com" + good + "/../../../x",
		"https://api.sandbox.paypal.com" + good + "%2f..", "https://api.sandbox.paypal.com" + good + "\n",
		"https://api.sandbox.paypal.com" + good + "\r\nX: y",
		"https://api.sandbox.paypal.com/v1/notifications/certs/",
		"https://api.sandbox.paypal.com/v1/notifications/certs/CERT-",
		"https://api.sandbox.paypal.com/v1/notifications/certs/OTHER-1",
		"https://api.sandbox.paypal.com/v1/notifications/certs/CERT-a.b",
		"https://api.sandbox.paypal.com//v1/notifications/certs/CERT-1",
		"https://api.sandbox.paypal.com/v1/notifications/../notifications/certs/CERT-1",
		"https://api.sandbox.paypal.com/v1/oauth2/token", "https://api.sandbox.paypal.com/V1/notifications/certs/CERT-1",
		"https://www.sandbox.paypal.com" + good,
		"https://api.sandbox.paypal.com/v1/notifications/certs/CERT-" + strings.Repeat("a", 101),
		"https://api.paypal.com" + good, "https://api-m.sandbox.paypal.com" + good,
		"data:application/x-pem-file,x", "gopher://api.sandbox.paypal.com" + good, " https://api.sandbox.paypal.com" + good,
	}
	v := verifier(t, func(c *paypal.VerifierConfig) { c.Transport = noPacket(t) })
	for _, address := range attacks {
		h := headers()
		h.Set("Paypal-Cert-Url", address)
		if _, err := v.Verify(t.Context(), h, []byte(`{}`)); !errors.Is(tell(err), paypal.ErrForged) {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestOnlyTheOwnWorldsCertificates(t *testing.T) {
	t.Parallel()
	const path = "/v1/notifications/certs/CERT-1"
	sandbox, live, emulator := "https://api-m.sandbox.paypal.com", "https://api-m.paypal.com", "http://127.0.0.1:8081"
	ca := newAuthority(t)
	for _, c := range []struct {
		base      string
		simulator bool
		address   string
		want      bool
	}{
		{sandbox, false, "https://api.sandbox.paypal.com" + path, true}, {sandbox, false,
			"https://api.paypal.com" + path, false},
		{sandbox, true, "https://api.paypal.com" + path, true}, {sandbox, true,
			"https://api.sandbox.paypal.com" + path, true},
		{live, false, "https://api.paypal.com" + path, true}, {live, false, "https://api.sandbox.paypal.com" + path, false},
		{live, true, "https://api.sandbox.paypal.com" + path, false},
		{emulator, false, emulator + path, true}, {emulator, true, "https://api.paypal.com" + path, false},
		{emulator, false, "http://127.0.0.1:8082" + path, false},
		{emulator, false, "https://127.0.0.1:8081" + path, false}, {emulator, false, "http://localhost:8081" + path, false},
		{emulator, false, emulator + path + "?x", false},
	} {
		var fetched []string
		v := verifier(t, func(cfg *paypal.VerifierConfig) {
			cfg.BaseURL, cfg.AllowSimulator = c.base, c.simulator
			if c.base == emulator {
				cfg.ExtraRoots = ca.bundle
			}
			cfg.Transport = transport(func(r *http.Request) (int, string) { fetched = append(fetched, r.URL.String()); return 500, "" })
		})
		h := headers()
		h.Set("Paypal-Cert-Url", c.address)
		_, err := v.Verify(t.Context(), h, nil)
		if got := errors.Is(tell(err), paypal.ErrCertificate); got != c.want || c.want != slices.Equal(fetched, []string{c.address}) {
			t.Errorf("%+v: %v, fetched %v", c, err, fetched)
		}
	}
}

func TestWebhookIDs(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	good := ca.leaf(t, leafOptions{})
	for _, c := range []struct {
		signedFor, configured string
		simulator, want       bool
	}{
		{"1JE4", "1JE4", false, true}, {"2JE4", "1JE4", false, false}, {"WEBHOOK_ID", "1JE4", false, false},
		{"WEBHOOK_ID", "WEBHOOK_ID", false, false}, {"WEBHOOK_ID", "WEBHOOK_ID", true, true},
		{"WEBHOOK_ID", "1JE4", true, true},
		{"WEBHOOK_ID", "", true, true}, {"1JE4", "1JE4", true, true}, {"", "", false, false}, {"", "", true, false},
	} {
		v := ca.verifier(t, good, func(cfg *paypal.VerifierConfig) {
			cfg.WebhookID, cfg.AllowSimulator = func() string { return c.configured }, c.simulator
		})
		got, err := v.Verify(t.Context(), good.sign(c.signedFor, []byte(`{}`)), []byte(`{}`))
		if (tell(err) == nil) != c.want || got.Simulated != (c.want && c.signedFor == "WEBHOOK_ID") {
			t.Errorf("%+v: %+v, %v", c, got, err)
		}
		if c.configured == "" && !c.simulator && (errors.Is(err, paypal.ErrForged) || err == nil) {
			t.Errorf("without a webhook id PayPal should send again: %v", err)
		}
	}
}

func TestNewVerifierChecksSettings(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	id := func() string { return "1" }
	for name, c := range map[string]paypal.VerifierConfig{
		"no webhook id":                {BaseURL: "https://api-m.paypal.com"},
		"extra roots for PayPal":       {WebhookID: id, BaseURL: "https://api-m.paypal.com", ExtraRoots: ca.bundle},
		"extra roots for the sandbox":  {WebhookID: id, BaseURL: "https://api-m.sandbox.paypal.com", ExtraRoots: ca.bundle},
		"no roots for an emulator":     {WebhookID: id, BaseURL: "http://127.0.0.1:8081"},
		"roots that are none":          {WebhookID: id, BaseURL: "http://127.0.0.1:8081", ExtraRoots: []byte("x")},
		"a base that is none":          {WebhookID: id, BaseURL: "api-m.paypal.com"},
		"an unknown host of PayPal's":  {WebhookID: id, BaseURL: "https://www.paypal.com"},
		"PayPal without https":         {WebhookID: id, BaseURL: "http://api-m.paypal.com"},
		"PayPal on another port":       {WebhookID: id, BaseURL: "https://api-m.paypal.com:8443"},
		"PayPal with a dot at the end": {WebhookID: id, BaseURL: "https://api-m.paypal.com."},
	} {
		if _, err := paypal.NewVerifier(c); tell(err) == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestVerifyRespectsTheCaller(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	v := verifier(t, func(c *paypal.VerifierConfig) {
		c.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			select {
			case <-stop:
			case <-r.Context().Done():
			}
			return nil, errors.New("gone")
		})
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := v.Verify(ctx, headers(), nil)
	if !errors.Is(tell(err), paypal.ErrCertificate) || !errors.Is(err, context.DeadlineExceeded) ||
		time.Since(began) > 3*time.Second { // its own limit is longer
		t.Errorf("after %v: %v", time.Since(began), err)
	}
}

func BenchmarkVerify(b *testing.B) {
	ca := newAuthority(b)
	l := ca.leaf(b, leafOptions{})
	v, err := paypal.NewVerifier(paypal.VerifierConfig{
		WebhookID: func() string { return "1JE4" }, BaseURL: emulatorBase, ExtraRoots: ca.bundle,
		Now: func() time.Time { return noon }, Transport: serves(l.pem),
	})
	if err != nil {
		b.Fatal(err)
	}
	body := bytes.Repeat([]byte("x"), 1600)
	h := l.sign("1JE4", body)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(b.Context(), h, body); err != nil {
			b.Fatal(err)
		}
	}
}
