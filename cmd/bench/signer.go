package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"hash/crc32"
	"math/big"
	"strconv"
	"time"
)

// signer signs webhooks as PayPal does, under an authority of its own: a root, an intermediate, and a leaf with a
// 2048-bit RSA key, as PayPal's is.
type signer struct {
	key    *quickKey
	leaf   []byte // PEM: what the certificate's address serves, the leaf alone
	bundle []byte // PEM: root and intermediate, what a verifier is told to trust
}

// leafName is the name in the certificates of PayPal's sandbox, which a verifier asks for.
const leafName = "messageverificationcerts.sandbox.paypal.com"

// certPath is where the leaf is served.
const certPath = "/v1/notifications/certs/CERT-bench"

func newSigner(now time.Time) (*signer, error) {
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	middleKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	leafKey, err := newQuickKey()
	if err != nil {
		return nil, err
	}
	root, middle, leaf := certificate(1, "Bench root", now), certificate(2, "Bench issuer", now),
		certificate(3, leafName, now)
	for _, authority := range []*x509.Certificate{root, middle} {
		authority.IsCA, authority.KeyUsage = true, x509.KeyUsageCertSign
	}
	leaf.DNSNames, leaf.KeyUsage = []string{leafName}, x509.KeyUsageDigitalSignature
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	if err != nil {
		return nil, err
	}
	middleDER, err := x509.CreateCertificate(rand.Reader, middle, root, middleKey.Public(), rootKey)
	if err != nil {
		return nil, err
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, middle, &leafKey.public, middleKey)
	if err != nil {
		return nil, err
	}
	return &signer{key: leafKey, leaf: asPEM(leafDER), bundle: append(asPEM(rootDER), asPEM(middleDER)...)}, nil
}

func certificate(serial int64, name string, now time.Time) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour), BasicConstraintsValid: true,
	}
}

func asPEM(der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}) }

// sign is PayPal's signature: RSASSA-PKCS1-v1_5 with SHA-256 over id|time|webhook id|CRC-32 of the body in decimal.
func (s *signer) sign(id, at, webhookID string, body []byte) []byte {
	sum := strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10)
	return s.key.sign(sha256.Sum256([]byte(id + "|" + at + "|" + webhookID + "|" + sum)))
}
