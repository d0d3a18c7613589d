package paypal_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"hash/crc32"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"readerfund/internal/paypal"
)

const (
	emulatorBase = "http://127.0.0.1:8081"
	leafName     = "messageverificationcerts.sandbox.paypal.com"
)

// noon is the time these certificates are made for.
var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// authority is an emulator's: a root and an intermediate, and leaves under it.
type authority struct {
	issuer *x509.Certificate
	key    *ecdsa.PrivateKey
	bundle []byte
}

type leaf struct {
	pem []byte
	key *rsa.PrivateKey
}

type leafOptions struct {
	name        string
	from, until time.Time
	bits        int
	ec, isCA    bool
	onlyCN      bool
	onlySAN     bool
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	make1 := func(name string, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate,
		*ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
			NotBefore: noon.AddDate(-5, 0, 0), NotAfter: noon.AddDate(5, 0, 0), KeyUsage: x509.KeyUsageCertSign,
		}
		if parent == nil {
			parent, parentKey = template, key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return cert, key
	}
	root, rootKey := make1("root", nil, nil)
	issuer, key := make1("issuer", root, rootKey)
	return &authority{issuer: issuer, key: key, bundle: append(pemOf(root.Raw), pemOf(issuer.Raw)...)}
}

func pemOf(der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}) }

// rsaKeys are the keys of all leaves, one of each size: they take long to make, and what is tested is what a
// certificate says.
var rsaKeys sync.Map

func rsaKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	made, _ := rsaKeys.LoadOrStore(bits, sync.OnceValues(func() (*rsa.PrivateKey, error) {
		return rsa.GenerateKey(rand.Reader, bits)
	}))
	key, err := made.(func() (*rsa.PrivateKey, error))()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *authority) leaf(t testing.TB, o leafOptions) leaf {
	t.Helper()
	if o.name == "" {
		o.name = leafName
	}
	if o.bits == 0 {
		o.bits = 2048
	}
	if o.from.IsZero() {
		o.from, o.until = noon.AddDate(0, -6, 0), noon.AddDate(0, 6, 0)
	}
	key := rsaKey(t, o.bits)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: o.from, NotAfter: o.until, IsCA: o.isCA, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if !o.onlySAN {
		template.Subject.CommonName = o.name
	}
	if !o.onlyCN {
		template.DNSNames = []string{o.name}
	}
	public := key.Public()
	if o.ec {
		public = a.key.Public()
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.issuer, public, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return leaf{pem: pemOf(der), key: key}
}

// sign makes a delivery's headers as PayPal does.
func (l leaf) sign(webhookID string, body []byte) http.Header {
	h := headers()
	h.Set("Paypal-Cert-Url", emulatorBase+"/v1/notifications/certs/CERT-1")
	message := fmt.Sprintf("%s|%s|%s|%d", h.Get("Paypal-Transmission-Id"), h.Get("Paypal-Transmission-Time"), webhookID,
		crc32.ChecksumIEEE(body))
	digest := sha256.Sum256([]byte(message))
	sig, err := rsa.SignPKCS1v15(nil, l.key, crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	h.Set("Paypal-Transmission-Sig", base64.StdEncoding.EncodeToString(sig))
	return h
}

func (a *authority) verifier(t *testing.T, l leaf, change ...func(*paypal.VerifierConfig)) *paypal.Verifier {
	t.Helper()
	return verifier(t, func(c *paypal.VerifierConfig) {
		c.BaseURL, c.ExtraRoots, c.Transport = emulatorBase, a.bundle, serves(l.pem)
		c.WebhookID, c.Now = func() string { return "1JE4" }, func() time.Time { return noon }
		for _, f := range change {
			f(c)
		}
	})
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	ca, other := newAuthority(t), newAuthority(t)
	for name, c := range map[string]struct {
		leaf leaf
		want bool
	}{
		"right":            {ca.leaf(t, leafOptions{}), true},
		"name only in CN":  {ca.leaf(t, leafOptions{onlyCN: true}), true},
		"name only in SAN": {ca.leaf(t, leafOptions{onlySAN: true}), true},
		"3072 bits":        {ca.leaf(t, leafOptions{bits: 3072}), true},
		"expired": {ca.leaf(t, leafOptions{from: noon.AddDate(-2, 0, 0), until: noon.Add(-time.Second)}),
			false},
		"not yet valid":          {ca.leaf(t, leafOptions{from: noon.Add(time.Second), until: noon.AddDate(1, 0, 0)}), false},
		"another authority's":    {other.leaf(t, leafOptions{}), false},
		"another name":           {ca.leaf(t, leafOptions{name: "messageverificationcerts.paypal.com.evil.example"}), false},
		"the live name":          {ca.leaf(t, leafOptions{name: "messageverificationcerts.paypal.com"}), false},
		"a wildcard":             {ca.leaf(t, leafOptions{name: "*.sandbox.paypal.com"}), false},
		"1024 bits":              {ca.leaf(t, leafOptions{bits: 1024}), false},
		"an elliptic key":        {ca.leaf(t, leafOptions{ec: true}), false},
		"an authority as a leaf": {ca.leaf(t, leafOptions{isCA: true}), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ca.verifier(t, c.leaf).Verify(t.Context(), c.leaf.sign("1JE4", []byte(`{}`)), []byte(`{}`))
			if c.want != (tell(err) == nil) || !c.want &&
				(!errors.Is(err, paypal.ErrCertificate) || errors.Is(err, paypal.ErrForged)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAnswersThatAreNoCertificate(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	good := ca.leaf(t, leafOptions{})
	body := []byte(`{}`)
	for name, c := range map[string]struct {
		status int
		body   string
		err    error
	}{
		"unreachable":      {err: errors.New("no route to host")},
		"500":              {500, "", nil},
		"a redirect":       {302, string(good.pem), nil},
		"empty":            {200, "", nil},
		"HTML":             {200, "<html>", nil},
		"a key":            {200, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", nil},
		"garbage in PEM":   {200, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", nil},
		"cut off":          {200, string(good.pem[:len(good.pem)/2]), nil},
		"64 KiB before it": {200, strings.Repeat("x", 64<<10) + "\n" + string(good.pem), nil},
		"swapped":          {200, string(newAuthority(t).leaf(t, leafOptions{}).pem), nil},
		"the intermediate": {200, string(pemOf(ca.issuer.Raw)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var fetched []string
			v := ca.verifier(t, good, func(cfg *paypal.VerifierConfig) {
				cfg.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
					fetched = append(fetched, r.URL.String())
					if c.err != nil {
						return nil, c.err
					}
					resp, err := transport(func(*http.Request) (int, string) { return c.status, c.body }).RoundTrip(r)
					resp.Header.Set("Location", "http://169.254.169.254/")
					return resp, err
				})
			})
			_, err := v.Verify(t.Context(), good.sign("1JE4", body), body)
			if !errors.Is(tell(err), paypal.ErrCertificate) || errors.Is(err, paypal.ErrForged) || len(fetched) != 1 {
				t.Errorf("%v after %v", err, fetched)
			}
		})
	}
}

// Who makes an address up, or changes a letter of a genuine one, is told by PayPal's own host. One question is enough.
func TestAddressWithoutCertificate(t *testing.T) {
	t.Parallel()
	good := newAuthority(t).leaf(t, leafOptions{})
	for _, status := range []int{404, 410} {
		var asked atomic.Int32
		v := newAuthority(t).verifier(t, good, func(cfg *paypal.VerifierConfig) {
			cfg.Transport = transport(func(*http.Request) (int, string) { asked.Add(1); return status, string(good.pem) })
		})
		for range 2 {
			if _, err := v.Verify(t.Context(), good.sign("1JE4", nil), nil); !errors.Is(tell(err), paypal.ErrForged) ||
				errors.Is(err, paypal.ErrCertificate) {
				t.Errorf("%d: %v", status, err)
			}
		}
		if asked.Load() != 1 {
			t.Errorf("%d: asked %d times", status, asked.Load())
		}
	}
}

// clock is a time that tests move.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time          { return noon.Add(time.Duration(c.at.Load())) }
func (c *clock) advance(d time.Duration) { c.at.Add(int64(d)) }

func TestCertificateIsFetchedOnceADayAndNotKeptPastItsEnd(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	l := ca.leaf(t, leafOptions{from: noon.AddDate(-1, 0, 0), until: noon.Add(30 * time.Hour)})
	var clock clock
	var fetched atomic.Int32
	v := ca.verifier(t, l, func(c *paypal.VerifierConfig) {
		c.Now = clock.now
		c.Transport = transport(func(*http.Request) (int, string) { fetched.Add(1); return 200, string(l.pem) })
	})
	verify := func(ok bool, fetches int32) {
		t.Helper()
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if _, err := v.Verify(t.Context(), l.sign("1JE4", nil), nil); (err == nil) != ok ||
					!ok && !errors.Is(err, paypal.ErrCertificate) {
					t.Errorf("at %v: %v", clock.now(), tell(err))
				}
			})
		}
		all.Wait()
		if got := fetched.Load(); got != fetches {
			t.Errorf("at %v: %d fetches, want %d", clock.now(), got, fetches)
		}
	}
	verify(true, 1)
	clock.advance(23 * time.Hour)
	verify(true, 1)
	clock.advance(time.Hour)
	verify(true, 2)
	clock.advance(6*time.Hour + time.Second) // the leaf has run out, 18 hours before the day is over
	verify(false, 3)
	verify(false, 3) // the failure is remembered
	clock.advance(11 * time.Second)
	verify(false, 4)
}

func TestAFailedFetchIsForgottenSoon(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	l := ca.leaf(t, leafOptions{})
	var clock clock
	var up atomic.Bool
	v := ca.verifier(t, l, func(c *paypal.VerifierConfig) {
		c.Now = clock.now
		c.Transport = transport(func(*http.Request) (int, string) {
			if up.Load() {
				return 200, string(l.pem)
			}
			return 503, ""
		})
	})
	if _, err := v.Verify(t.Context(), l.sign("1JE4", nil), nil); !errors.Is(tell(err), paypal.ErrCertificate) {
		t.Fatal(err)
	}
	up.Store(true)
	clock.advance(11 * time.Second)
	if _, err := v.Verify(t.Context(), l.sign("1JE4", nil), nil); tell(err) != nil {
		t.Error(err)
	}
}

// A flood of deliveries that name certificates which do not exist: few are asked for at the same time, and a genuine
// delivery passes meanwhile, even when its certificate has to be renewed.
func TestAFloodOfStrangeCertificates(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	l := ca.leaf(t, leafOptions{})
	var clock clock
	var running, most atomic.Int32
	release := make(chan struct{})
	v := ca.verifier(t, l, func(c *paypal.VerifierConfig) {
		c.Now = clock.now
		c.Transport = transport(func(r *http.Request) (int, string) {
			if strings.HasSuffix(r.URL.Path, "/CERT-1") {
				return 200, string(l.pem)
			}
			n := running.Add(1)
			defer running.Add(-1)
			for old := most.Load(); n > old; old = most.Load() {
				if most.CompareAndSwap(old, n) {
					break
				}
			}
			<-release
			return 404, ""
		})
	})
	if _, err := v.Verify(t.Context(), l.sign("1JE4", nil), nil); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	var refused atomic.Int32
	for i := range 500 {
		all.Go(func() {
			h := headers()
			h.Set("Paypal-Cert-Url", fmt.Sprintf("%s/v1/notifications/certs/CERT-flood-%d", emulatorBase, i))
			if _, err := v.Verify(t.Context(), h, nil); errors.Is(err, paypal.ErrCertificate) ||
				errors.Is(err, paypal.ErrForged) {
				refused.Add(1)
			}
		})
	}
	for range 3 {
		clock.advance(25 * time.Hour)
		if _, err := v.Verify(t.Context(), l.sign("1JE4", nil), nil); err != nil {
			t.Errorf("a genuine delivery during the flood: %v", tell(err))
		}
	}
	for refused.Load() < 400 {
		time.Sleep(time.Millisecond)
	}
	close(release)
	all.Wait()
	if most.Load() > 4 || refused.Load() != 500 {
		t.Errorf("%d fetches at once, %d refused", most.Load(), refused.Load())
	}
}
