package paypal

import (
	"context"
	"crypto/x509"
	_ "embed" // for the two authorities below
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"
)

// PayPal serves its leaf alone, so a verifier must bring the intermediate. Every leaf known up to March 2026 was issued
// by this one, under this root (see roots/README.md).
var (
	//go:embed roots/DigiCertHighAssuranceEVRootCA.pem
	shippedRoot []byte
	//go:embed roots/DigiCertSHA2ExtendedValidationServerCA.pem
	shippedIssuer []byte
)

// chain checks that a leaf certificate comes from an authority we trust with PayPal's name.
type chain struct {
	roots, issuers *x509.CertPool
	over           *http.Client // to get an issuer we do not ship; nil for an emulator
}

// newChain trusts, for PayPal: the shipped authorities and the system's. No public authority gives a certificate for a
// name under paypal.com to anybody else, and the leaf has come from PayPal's own host over TLS. For an emulator: its
// own bundle and nothing else.
func newChain(b base, extra []byte, over *http.Client) (*chain, error) {
	if b.world == elsewhere {
		bundle := x509.NewCertPool()
		if !bundle.AppendCertsFromPEM(extra) {
			return nil, errors.New("paypal: a base that is not PayPal's needs the PEM bundle its webhook certificates are issued under")
		}
		return &chain{roots: bundle, issuers: bundle}, nil
	}
	if len(extra) > 0 {
		return nil, errors.New("paypal: extra roots are only for a base that is not PayPal's")
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // the shipped root is still there
	}
	issuers := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(shippedRoot) || !issuers.AppendCertsFromPEM(shippedIssuer) {
		return nil, errors.New("paypal: the shipped authorities cannot be read")
	}
	return &chain{roots: roots, issuers: issuers, over: over}, nil
}

// maxServed is how many certificates are read of what a certificate's address serves.
const maxServed = 5

// leaf reads the first certificate of the PEM text and checks its name, its validity now, and its chain. Others in the
// text may help to build the chain.
func (c *chain) leaf(ctx context.Context, text []byte, name string, now time.Time) (*x509.Certificate, error) {
	served, err := readPEM(text)
	if err != nil {
		return nil, err
	}
	leaf, issuers := served[0], c.issuers.Clone()
	for _, more := range served[1:] {
		issuers.AddCert(more)
	}
	if leaf.IsCA || leaf.Subject.CommonName != name && !slices.Contains(leaf.DNSNames, name) {
		return nil, fmt.Errorf("the certificate is not %s's", name)
	}
	options := x509.VerifyOptions{
		Roots: c.roots, Intermediates: issuers, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}
	_, err = leaf.Verify(options)
	if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); unknown && c.over != nil {
		if issuer := c.issuerOf(ctx, leaf); issuer != nil {
			issuers.AddCert(issuer)
			_, err = leaf.Verify(options)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the certificate's chain: %w", err)
	}
	return leaf, nil
}

// issuerAddress is where DigiCert keeps its intermediates. It is a fixed host, so that a certificate cannot send us
// anywhere; what comes from there counts only if it chains to a root we have.
var issuerAddress = regexp.MustCompile(`^https?://cacerts\.digicert\.com/[A-Za-z0-9-]{1,80}\.crt$`)

// issuerOf fetches the intermediate that the leaf itself names (RFC 5280, 4.2.2.1), for the day PayPal's certificates
// come from one we do not ship. It gives nil when there is none to be had.
func (c *chain) issuerOf(ctx context.Context, leaf *x509.Certificate) *x509.Certificate {
	for _, address := range leaf.IssuingCertificateURL {
		if !issuerAddress.MatchString(address) {
			continue
		}
		body, err := fetchBounded(ctx, c.over, address)
		if err != nil {
			continue
		}
		if issuer, err := x509.ParseCertificate(body); err == nil {
			return issuer
		}
	}
	return nil
}

func readPEM(text []byte) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for len(all) < maxServed {
		block, rest := pem.Decode(text)
		if block == nil || block.Type != "CERTIFICATE" {
			break
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("read the certificate: %w", err)
		}
		all, text = append(all, cert), rest
	}
	if len(all) == 0 {
		return nil, errors.New("what was served is not a certificate in PEM")
	}
	return all, nil
}
