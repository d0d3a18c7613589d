package paypal

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type signer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// issue makes a certificate under a parent, or a root under itself.
func issue(t *testing.T, parent *signer, template x509.Certificate) *signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber, template.BasicConstraintsValid = big.NewInt(1), true
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if parent == nil {
		parent = &signer{&template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, parent.cert, key.Public(), parent.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &signer{cert, key}
}

func asPEM(certs ...*x509.Certificate) (all []byte) {
	for _, c := range certs {
		all = append(all, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return all
}

// A leaf from an authority that we do not ship: the day after PayPal changes it. The roots here stand for the system's.
func TestLeafOfAnAuthorityWeDoNotShip(t *testing.T) {
	t.Parallel()
	authority := func(name string) x509.Certificate {
		return x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, KeyUsage: x509.KeyUsageCertSign}
	}
	leafAt := func(parent *signer, address string) *x509.Certificate {
		return issue(t, parent, x509.Certificate{
			Subject: pkix.Name{CommonName: liveLeaf}, DNSNames: []string{liveLeaf}, IssuingCertificateURL: []string{address},
		}).cert
	}
	const known = "http://cacerts.digicert.com/DigiCertNewCA.crt"
	root := issue(t, nil, authority("root"))
	middle, strange := issue(t, root, authority("middle")), issue(t, nil, authority("middle"))
	serves := func(body []byte) func(*http.Request) (int, []byte) {
		return func(*http.Request) (int, []byte) { return 200, body }
	}
	notFound := func(*http.Request) (int, []byte) { return 404, nil }
	for name, c := range map[string]struct {
		served  []byte
		answer  func(*http.Request) (int, []byte)
		fetched string
		want    bool
	}{
		"with its issuer":          {asPEM(leafAt(middle, known), middle.cert), notFound, "", true},
		"directly under a root":    {asPEM(leafAt(root, known)), notFound, "", true},
		"names its issuer":         {asPEM(leafAt(middle, known)), serves(middle.cert.Raw), known, true},
		"its issuer is not there":  {asPEM(leafAt(middle, known)), notFound, known, false},
		"a stranger as its issuer": {asPEM(leafAt(strange, known)), serves(strange.cert.Raw), known, false},
		"a stranger comes along":   {asPEM(leafAt(strange, known), strange.cert), notFound, known, false},
		"garbage as its issuer":    {asPEM(leafAt(middle, known)), serves([]byte("x")), known, false},
		"names another host": {
			asPEM(leafAt(middle, "http://cacerts.digicert.com.evil.example/x.crt")), notFound, "", false,
		},
		"names an address within us": {asPEM(leafAt(middle, "http://169.254.169.254/latest.crt")), notFound, "", false},
		"names a path with a query":  {asPEM(leafAt(middle, known+"?x=.crt")), notFound, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var fetched []string
			over := &http.Client{CheckRedirect: stayHere, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				fetched = append(fetched, r.URL.String())
				status, body := c.answer(r)
				return &http.Response{
					StatusCode: status, Body: io.NopCloser(strings.NewReader(string(body))), Header: http.Header{}, Request: r,
				}, nil
			})}
			roots := x509.NewCertPool()
			roots.AddCert(root.cert)
			trusted := &chain{roots: roots, issuers: x509.NewCertPool(), over: over}
			_, err := trusted.leaf(t.Context(), c.served, liveLeaf, time.Now())
			if (err == nil) != c.want || strings.Join(fetched, " ") != c.fetched {
				t.Errorf("%v after fetching %v", err, fetched)
			}
			if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); !c.want && !unknown {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestShippedAuthoritiesAreTheOnesInTheReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("roots/README.md")
	if err != nil {
		t.Fatal(err)
	}
	root, err := readPEM(shippedRoot)
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := readPEM(shippedIssuer)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range append(root, issuer...) {
		if sum := sha256.Sum256(c.Raw); !strings.Contains(string(readme), hex.EncodeToString(sum[:])) || !c.IsCA {
			t.Errorf("%s is not in the list", c.Subject)
		}
	}
	if err := issuer[0].CheckSignatureFrom(root[0]); err != nil {
		t.Error(err)
	}
}
