package page

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// MinSecret is the fewest characters of a SECRET_KEY: 32 random characters are beyond guessing.
const MinSecret = 32

// Signer signs short texts that go out to browsers and come back. Each use has its own purpose, so that a signature
// made for one is not valid for another.
type Signer struct{ keys [][]byte }

// NewSigner signs with current and also accepts signatures made with old, if there is one.
func NewSigner(current, old string) Signer {
	s := Signer{keys: [][]byte{[]byte(current)}}
	if old != "" {
		s.keys = append(s.keys, []byte(old))
	}
	return s
}

// Sign gives a signature of 128 bits, safe in an address and in a cookie.
func (s Signer) Sign(purpose, text string) string { return signWith(s.keys[0], purpose, text) }

// Verify reports whether the signature was made here, with the current key or the old one.
func (s Signer) Verify(purpose, text, signature string) bool {
	for _, key := range s.keys {
		if hmac.Equal([]byte(signWith(key, purpose, text)), []byte(signature)) {
			return true
		}
	}
	return false
}

func signWith(key []byte, purpose, text string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(purpose + "\x00" + text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}
