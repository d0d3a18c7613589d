package account

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"

	"readerfund/internal/fault"
)

// DefaultHashing is one pass more than the strongest setting OWASP asks for.
// Source: OWASP Password Storage Cheat Sheet, Argon2id ("m=47104 (46 MiB), t=1, p=1").
func DefaultHashing() argon2id.Params {
	return argon2id.Params{Memory: 46 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

const (
	// hashesAtOnce bounds memory and processors: a flood of sign-ins takes 2 × 46 MiB, however many come. A browser that
	// signed in before has a turn of its own, which no flood can take.
	hashesAtOnce = 2
	// hashWait is how long somebody waits for a turn before being asked to come back.
	hashWait = 5 * time.Second
)

// hasher computes argon2id, a few at a time.
type hasher struct {
	params argon2id.Params
	slots  chan struct{}
	known  chan struct{} // for browsers that signed in before
	decoy  string        // a hash that no password has: what an unknown address is checked against
}

func newHasher(params argon2id.Params) *hasher {
	return &hasher{
		params: params, slots: make(chan struct{}, hashesAtOnce), known: make(chan struct{}, 1), decoy: decoy(params),
	}
}

// decoy writes a hash with a random key in argon2id's own format, so that checking it costs the same as any other.
func decoy(p argon2id.Params) string {
	part := func(n uint32) string {
		b := make([]byte, n)
		_, _ = rand.Read(b) // crypto/rand never fails: it ends the program instead
		return base64.RawStdEncoding.EncodeToString(b)
	}
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.Memory, p.Iterations, p.Parallelism,
		part(p.SaltLength), part(p.KeyLength))
}

func (h *hasher) create(ctx context.Context, password string) (string, error) {
	leave, err := enter(ctx, h.slots)
	if err != nil {
		return "", err
	}
	defer leave()
	hash, err := argon2id.CreateHash(password, &h.params)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// check reports whether the password fits, and whether the hash was made with other parameters than today's.
func (h *hasher) check(ctx context.Context, password, hash string, known bool) (fits, outdated bool, err error) {
	slots := h.slots
	if known {
		slots = h.known
	}
	leave, err := enter(ctx, slots)
	if err != nil {
		return false, false, err
	}
	defer leave()
	fits, made, err := argon2id.CheckHash(password, hash)
	if err != nil {
		return false, false, fmt.Errorf("check password: %w", err)
	}
	return fits, *made != h.params, nil
}

// enter waits for a turn. The error is fault.Unavailable when there is none in time; it is the same for everybody.
func enter(ctx context.Context, slots chan struct{}) (leave func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, hashWait)
	defer cancel()
	select {
	case slots <- struct{}{}:
		return func() { <-slots }, nil
	case <-ctx.Done():
		return nil, fault.Wrap(ctx.Err(), fault.Unavailable, "account.busy")
	}
}

// generatePassword is 80 random bits in letters and digits that are not mistaken for each other: "k3v9-…", 16 of them.
func generatePassword() string {
	const letters = "abcdefghjkmnpqrstuvwxyz123456789" // 32, so that a byte picks without bias
	random := make([]byte, 16)
	_, _ = rand.Read(random) // see decoy
	var b strings.Builder
	for i, r := range random {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(letters[int(r)%len(letters)])
	}
	return b.String()
}

// checkPassword asks for length and nothing else, as NIST SP 800-63B does; the upper bound keeps work small.
func checkPassword(password string) error {
	if !utf8.ValidString(password) || utf8.RuneCountInString(password) < 12 || len(password) > 256 {
		return fault.Input("password", "account.password_length")
	}
	return nil
}
