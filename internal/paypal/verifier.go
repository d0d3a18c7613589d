package paypal

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// VerifierConfig is what a Verifier needs. WebhookID and BaseURL must be given.
type VerifierConfig struct {
	WebhookID func() string // the id PayPal gave our webhook; asked at each delivery, because it may change
	// also take what PayPal's webhook simulator sends, under the id everybody knows; never in production
	AllowSimulator bool
	BaseURL        string // the same as the Client's: it decides whose certificates count
	// PEM bundle of the emulator's authority; needed when the base is not PayPal's, an error when it is
	ExtraRoots []byte
	Now        func() time.Time
	Transport  http.RoundTripper // for certificates; nil: our own
	Log        *slog.Logger
}

// Verifier tells genuine deliveries from others, offline but for fetching PayPal's certificate about once a day.
//
// PayPal signs the transmission's id and time, the webhook's id and a CRC-32 of the body. A CRC is no hash: who has
// seen one delivery can make another body that verifies under its headers. So a delivery that verifies is a hint, to be
// followed by asking the API; it is no proof of anything it says.
type Verifier struct {
	webhookID func() string
	simulator bool
	sources   []source
	certs     *certificates
}

// Delivery is what is certain about a delivery that verifies.
type Delivery struct {
	TransmissionID   string
	TransmissionTime time.Time // when PayPal says it sent it; how old is too old is the caller's to say
	CertURL          string
	Simulated        bool // signed for the simulator's webhook id
}

// ErrForged is a delivery that is not PayPal's, or not for us: answer 4xx. errors.AsType[*RefusedError] tells why.
var ErrForged = errors.New("the delivery is not genuine")

// RefusedError is why a delivery is ErrForged. The reason is one of a few fixed sentences.
type RefusedError struct{ Reason string }

// Error gives the reason.
func (e *RefusedError) Error() string { return "paypal: webhook refused: " + e.Reason }

// Unwrap gives ErrForged.
func (e *RefusedError) Unwrap() error { return ErrForged }

func refuse(reason string) error { return &RefusedError{Reason: reason} }

// ErrCertificate is a delivery that could not be judged, because the certificate cannot be had or cannot be trusted:
// answer 5xx, so that PayPal sends it again.
var ErrCertificate = errors.New("paypal: no certificate to verify a webhook with")

// simulatorID is the webhook id PayPal's simulator signs for, literally.
const simulatorID = "WEBHOOK_ID"

// NewVerifier checks the settings. It sends nothing.
func NewVerifier(cfg VerifierConfig) (*Verifier, error) {
	b, err := parseBase(cfg.BaseURL)
	if err != nil {
		return nil, err
	}
	if cfg.WebhookID == nil {
		return nil, errors.New("paypal: the verifier needs to be told the webhook id")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Transport == nil {
		cfg.Transport = newTransport()
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	certs, err := newCertificates(cfg, b)
	if err != nil {
		return nil, err
	}
	return &Verifier{
		webhookID: cfg.WebhookID, simulator: cfg.AllowSimulator, sources: sources(b, cfg.AllowSimulator), certs: certs,
	}, nil
}

// CheckHeaders is the part of Verify that needs no body and asks nobody: what it refuses, no body can mend.
func (v *Verifier) CheckHeaders(h http.Header) error {
	_, _, err := v.read(h)
	return err
}

func (v *Verifier) read(h http.Header) (signed, source, error) {
	s, err := readSigned(h)
	if err != nil {
		return signed{}, source{}, err
	}
	from, err := v.sourceOf(s.CertURL)
	return s, from, err
}

// Remember names certificates that were good before this process began. They are fetched as if they had been good here,
// so that a flood of made-up ones does not keep the genuine from being fetched after a start.
func (v *Verifier) Remember(addresses []string) {
	for _, address := range addresses {
		if _, err := v.sourceOf(address); err == nil {
			v.certs.remember(address)
		}
	}
}

// Verify judges one delivery by its headers and raw body. An error is ErrForged, ErrCertificate, or that no webhook id
// is configured. Everything that costs nothing is checked first; nothing is sent for an address that is not PayPal's.
func (v *Verifier) Verify(ctx context.Context, h http.Header, body []byte) (Delivery, error) {
	s, from, err := v.read(h)
	if err != nil {
		return Delivery{}, err
	}
	ids, err := v.ids()
	if err != nil {
		return Delivery{}, err
	}
	key, err := v.certs.key(ctx, s.CertURL, from)
	if errors.Is(err, ErrForged) {
		return Delivery{}, err
	}
	if err != nil {
		return Delivery{}, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	sum := strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10)
	for _, id := range ids {
		digest := sha256.Sum256([]byte(s.TransmissionID + "|" + s.time + "|" + id + "|" + sum))
		if rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], s.signature) == nil {
			s.Simulated = id == simulatorID
			return s.Delivery, nil
		}
	}
	return Delivery{}, refuse("the signature does not fit")
}

// ids are the webhook ids a delivery may be signed for.
func (v *Verifier) ids() ([]string, error) {
	id := v.webhookID()
	switch {
	case v.simulator && (id == "" || id == simulatorID):
		return []string{simulatorID}, nil
	case v.simulator:
		return []string{id, simulatorID}, nil
	case id == simulatorID:
		return nil, refuse("the webhook id is the simulator's")
	case id == "":
		return nil, errors.New("paypal: no webhook id is configured, so that no webhook can be verified")
	default:
		return []string{id}, nil
	}
}

// signed is what the headers say.
type signed struct {
	Delivery

	time      string // as written: the signature covers the letters
	signature []byte
}

var transmissionIDShape = shape{signs: "-", longest: 50}

// Longest values taken; the first two are PayPal's own (Webhooks v1, verify-webhook-signature), a 4096-bit signature
// has 684 characters.
const (
	maxCertURL   = 500
	maxHeader    = 100
	maxSignature = 700
)

// signedHeaders are what a delivery is judged by, each with the length of the longest value taken.
var signedHeaders = [...]struct {
	name    string
	longest int
}{
	{"Paypal-Transmission-Id", maxHeader}, {"Paypal-Transmission-Time", maxHeader}, {"Paypal-Cert-Url", maxCertURL},
	{"Paypal-Auth-Algo", maxHeader}, {"Paypal-Transmission-Sig", maxSignature},
}

func readSigned(h http.Header) (s signed, err error) {
	values, err := singleValues(h)
	if err != nil {
		return signed{}, err
	}
	s.TransmissionID, s.time, s.CertURL = values[0], values[1], values[2]
	algorithm, signature := values[3], values[4]
	if algorithm != "SHA256withRSA" {
		return signed{}, refuse("the signature's algorithm is not SHA256withRSA")
	}
	if !transmissionIDShape.MatchString(s.TransmissionID) {
		return signed{}, refuse("the transmission id is not one")
	}
	if s.TransmissionTime, err = time.Parse(time.RFC3339, s.time); err != nil {
		return signed{}, refuse("the transmission time is not one")
	}
	// Strict, and without the line ends Go's decoder skips: one signature has one spelling.
	s.signature, err = base64.StdEncoding.Strict().DecodeString(signature)
	if err != nil || strings.ContainsAny(signature, "\r\n") {
		return signed{}, refuse("the signature is not base64")
	}
	return s, nil
}

// singleValues are those of signedHeaders, in their order. Each must be there exactly once, in whatever case its name
// is written, which only a look at all headers can tell.
func singleValues(h http.Header) (values [len(signedHeaders)]string, err error) {
	var times [len(signedHeaders)]int
	for key, all := range h {
		key = http.CanonicalHeaderKey(key)
		for i, wanted := range signedHeaders {
			if key == wanted.name && len(all) > 0 {
				values[i], times[i] = all[0], times[i]+len(all)
			}
		}
	}
	for i, wanted := range signedHeaders {
		switch {
		case times[i] > 1:
			return values, refuse(wanted.name + " is there more than once")
		case values[i] == "":
			return values, refuse(wanted.name + " is missing")
		case len(values[i]) > wanted.longest:
			return values, refuse(wanted.name + " is too long")
		}
	}
	return values, nil
}
