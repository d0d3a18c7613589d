// Package altcha is the proof of work of ALTCHA, version 1 (altcha.org/docs/v2/server-integration-v1): a challenge is a
// hash, and its solution the number that was hashed with the salt. Whoever wants it solved spends time; whoever checks
// does not. No third party hears of it, and nobody has to see or hear anything.
//
// The package keeps nothing: that a solution is used once is its caller's to see to.
package altcha

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const algorithm = "SHA-256"

// Challenge is what the browser gets.
type Challenge struct {
	Algorithm string `json:"algorithm"`
	Challenge string `json:"challenge"` // SHA-256 of salt and number, in hex
	MaxNumber int64  `json:"maxnumber"` // the number is not larger
	Salt      string `json:"salt"`      // random, and until when a solution is taken
	Signature string `json:"signature"` // HMAC-SHA-256 of the challenge, in hex
}

// Solution is what it sends back, as JSON in base64.
type Solution struct {
	Algorithm string `json:"algorithm"`
	Challenge string `json:"challenge"`
	Number    int64  `json:"number"`
	Salt      string `json:"salt"`
	Signature string `json:"signature"`
}

// ErrWrong is a solution that is none: not solved, not of our making, or too late.
var ErrWrong = errors.New("altcha: no solution of a challenge of ours")

// Maker makes challenges and checks solutions. Every process with the same secret knows the others' challenges.
type Maker struct{ keys [][]byte }

// NewMaker signs with the first secret and accepts the others as well; empty ones are left out.
func NewMaker(secrets ...string) Maker {
	var m Maker
	for _, secret := range secrets {
		if secret != "" {
			mac := hmac.New(sha256.New, []byte(secret))
			mac.Write([]byte("altcha"))
			m.keys = append(m.keys, mac.Sum(nil))
		}
	}
	return m
}

// New makes a challenge whose solution takes half of most hashes on average, and is taken until expires.
func (m Maker) New(most int64, expires time.Time) Challenge {
	number, err := rand.Int(rand.Reader, big.NewInt(most+1))
	if err != nil {
		panic(fmt.Errorf("altcha: draw a number: %w", err)) // crypto/rand never fails
	}
	c := Challenge{Algorithm: algorithm, MaxNumber: most, Salt: salt(expires)}
	c.Challenge = hash(c.Salt, number.Int64())
	c.Signature = sign(m.keys[0], c.Challenge)
	return c
}

// salt ends with "&", so that digits of the number cannot be moved into the expiry.
func salt(expires time.Time) string {
	random := make([]byte, 12)
	_, _ = rand.Read(random) // never fails: see crypto/rand
	return hex.EncodeToString(random) + "?expires=" + strconv.FormatInt(expires.Unix(), 10) + "&"
}

func hash(salt string, number int64) string {
	sum := sha256.Sum256([]byte(salt + strconv.FormatInt(number, 10)))
	return hex.EncodeToString(sum[:])
}

func sign(key []byte, challenge string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(challenge))
	return hex.EncodeToString(mac.Sum(nil))
}

// Check reads a solution as the browser sends it. It gives the challenge, which is to be used once, and until when that
// must be remembered; the error is ErrWrong.
func (m Maker) Check(text string, now time.Time) (challenge string, expires time.Time, err error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	var s Solution
	if err != nil || json.Unmarshal(raw, &s) != nil || s.Algorithm != algorithm || !m.signed(s) {
		return "", time.Time{}, ErrWrong
	}
	if hash(s.Salt, s.Number) != s.Challenge {
		return "", time.Time{}, ErrWrong
	}
	expires, ok := expiry(s.Salt)
	if !ok || !now.Before(expires) {
		return "", time.Time{}, ErrWrong
	}
	return s.Challenge, expires, nil
}

func (m Maker) signed(s Solution) bool {
	for _, key := range m.keys {
		if hmac.Equal([]byte(sign(key, s.Challenge)), []byte(s.Signature)) {
			return true
		}
	}
	return false
}

func expiry(salt string) (time.Time, bool) {
	_, query, _ := strings.Cut(salt, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseInt(values.Get("expires"), 10, 64)
	return time.Unix(seconds, 0), err == nil
}

// Solve finds the solution, as a browser or a program would, and says how many hashes it took.
func (c Challenge) Solve(ctx context.Context) (text string, hashes int64, err error) {
	for n := int64(0); n <= c.MaxNumber; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return "", n, context.Cause(ctx)
		}
		if hash(c.Salt, n) == c.Challenge {
			raw, err := json.Marshal(Solution{c.Algorithm, c.Challenge, n, c.Salt, c.Signature})
			return base64.StdEncoding.EncodeToString(raw), n + 1, err
		}
	}
	return "", c.MaxNumber + 1, ErrWrong
}
