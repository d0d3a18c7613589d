package sandbox

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
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"
)

// leafName is the name in the certificate that PayPal's sandbox signs with.
const leafName = "messageverificationcerts.sandbox.paypal.com"

// authority signs the webhooks: an RSA leaf under an intermediate under a root. The two authorities have elliptic keys,
// which are quicker to make; PayPal's leaf is RSA, and so is this one.
type authority struct {
	leaf   *rsa.PrivateKey
	cert   []byte // the leaf alone, PEM
	bundle []byte // root and intermediate, PEM
	certID string // CERT-xxxxxxxx-xxxxxxxx-xxxxxxxx, as PayPal names them
}

// authorityFile is how the authority is kept. The keys of root and intermediate are not needed again and not kept.
type authorityFile struct {
	LeafKey, Leaf, Bundle string
}

// authority gives what the sandbox signs with. Keys of its own that are kept nowhere are made when they are needed
// first: it takes a while, and many a sandbox never signs.
func (o Options) authority() (func() *authority, error) {
	if len(o.Authority) == 0 && o.DataDir == "" {
		return sync.OnceValue(func() *authority {
			a, err := newAuthority(o.Now())
			if err != nil {
				panic(fmt.Errorf("make the sandbox's keys: %w", err)) // every parameter is fixed
			}
			return a
		}), nil
	}
	var a *authority
	var err error
	if len(o.Authority) > 0 {
		a, err = readAuthority(o.Authority)
	} else {
		a, err = loadAuthority(o.DataDir, o.Now())
	}
	return func() *authority { return a }, err
}

// loadAuthority reads the keys from the folder, or makes new ones and keeps them there.
func loadAuthority(dir string, now time.Time) (*authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "authority.json")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		a, err := newAuthority(now)
		if err != nil {
			return nil, err
		}
		return a, a.save(path)
	}
	if err != nil {
		return nil, err
	}
	return readAuthority(text)
}

// newAuthority makes all three certificates. They are good from two years ago to five years ahead, so that the
// sandbox's clock can be moved.
func newAuthority(now time.Time) (*authority, error) {
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	middleKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	leafKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	root, middle, leaf := templates(now)
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	if err != nil {
		return nil, err
	}
	middleDER, err := x509.CreateCertificate(rand.Reader, middle, root, middleKey.Public(), rootKey)
	if err != nil {
		return nil, err
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, middle, leafKey.Public(), middleKey)
	if err != nil {
		return nil, err
	}
	bundle := append(certPEM(rootDER), certPEM(middleDER)...)
	return &authority{leafKey, certPEM(leafDER), bundle, certID(leafDER)}, nil
}

func templates(now time.Time) (root, middle, leaf *x509.Certificate) {
	base := func(serial int64, name string) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(now.UnixNano() + serial),
			Subject:      pkix.Name{Organization: []string{"PayPal sandbox stand-in (not PayPal)"}, CommonName: name},
			NotBefore:    now.AddDate(-2, 0, 0), NotAfter: now.AddDate(5, 0, 0),
			BasicConstraintsValid: true,
		}
	}
	root, middle, leaf = base(1, "Sandbox stand-in root"), base(2, "Sandbox stand-in issuing authority"), base(3, leafName)
	root.IsCA, root.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	middle.IsCA, middle.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	middle.MaxPathLenZero = true
	leaf.DNSNames = []string{leafName}
	leaf.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	return root, middle, leaf
}

func certPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// certID names a certificate by its digest, in the shape of PayPal's ids.
func certID(der []byte) string {
	sum := sha256.Sum256(der)
	text := hex.EncodeToString(sum[:12])
	return "CERT-" + text[:8] + "-" + text[8:16] + "-" + text[16:24]
}

func (a *authority) save(path string) error {
	key := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(a.leaf)})
	text, err := json.MarshalIndent(authorityFile{string(key), string(a.cert), string(a.bundle)}, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

func readAuthority(text []byte) (*authority, error) {
	var file authorityFile
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	key, _ := pem.Decode([]byte(file.LeafKey))
	leaf, _ := pem.Decode([]byte(file.Leaf))
	if key == nil || leaf == nil {
		return nil, errors.New("authority.json holds no PEM")
	}
	private, err := x509.ParsePKCS1PrivateKey(key.Bytes)
	if err != nil {
		return nil, err
	}
	return &authority{private, []byte(file.Leaf), []byte(file.Bundle), certID(leaf.Bytes)}, nil
}

// signedMessage is what PayPal signs: the body stands in it only as its CRC-32, in decimal.
func signedMessage(transmissionID, transmissionTime, webhookID, body string) []byte {
	sum := strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(body))), 10)
	return []byte(transmissionID + "|" + transmissionTime + "|" + webhookID + "|" + sum)
}

// sign gives the signature in base64: RSASSA-PKCS1-v1_5 over SHA-256.
func (a *authority) sign(message []byte) (string, error) {
	digest := sha256.Sum256(message)
	sig, err := rsa.SignPKCS1v15(nil, a.leaf, crypto.SHA256, digest[:])
	if err != nil {
		return "", fmt.Errorf("sign webhook: %w", err)
	}
	return base64.StdEncoding.EncodeToString(sig), nil
}

// verifies says whether a signature is this authority's.
func (a *authority) verifies(message []byte, signature string) bool {
	sig, err := base64.StdEncoding.DecodeString(signature)
	digest := sha256.Sum256(message)
	return err == nil && rsa.VerifyPKCS1v15(&a.leaf.PublicKey, crypto.SHA256, digest[:], sig) == nil
}

// certURL is where the leaf is served.
func (s *Server) certURL() string {
	return s.opts.BaseURL + "/v1/notifications/certs/" + s.keys().certID
}

// certificate is GET /v1/notifications/certs/{id}: the leaf alone, as PayPal serves it.
func (s *Server) certificate(w http.ResponseWriter, r *http.Request) {
	if chi.URLParam(r, "id") != s.keys().certID {
		s.unknown(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/x-pem-file")
	w.Header().Set("Cache-Control", "public,max-age=86400")
	_, _ = w.Write(s.keys().cert) // who has gone asks again
}

// caBundle is GET /sandbox/ca.pem.
func (s *Server) caBundle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/x-pem-file")
	_, _ = w.Write(s.keys().bundle) // likewise
}
