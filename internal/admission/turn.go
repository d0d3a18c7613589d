package admission

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// turns are the way without JavaScript: a signed note that is worth something after a while, to the address it was
// given to. Waiting needs no eyes, no ears and no riddle, and a program that waits is slowed as it should be.
type turns struct{ keys [][]byte }

// errTurn is a turn that is not worth anything now.
var errTurn = errors.New("the turn has not come, is over, or is not ours")

func newTurns(secrets ...string) turns {
	var t turns
	for _, secret := range secrets {
		if secret != "" {
			mac := hmac.New(sha256.New, []byte(secret))
			mac.Write([]byte("gift turn"))
			t.keys = append(t.keys, mac.Sum(nil))
		}
	}
	return t
}

// issue gives a turn to an address: "from.random.signature".
func (t turns) issue(address string, now time.Time) string {
	text := fmt.Sprintf("%d.%s", now.Add(turnAfter).Unix(), rand.Text()[:12])
	return text + "." + signTurn(t.keys[0], text, address)
}

func signTurn(key []byte, text, address string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text + " " + address))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

// from is when the turn comes, if it is one of ours.
func (t turns) from(turn, address string) (time.Time, error) {
	at := strings.LastIndexByte(turn, '.')
	if at < 0 {
		return time.Time{}, errTurn
	}
	text, signature := turn[:at], turn[at+1:]
	for _, key := range t.keys {
		if hmac.Equal([]byte(signTurn(key, text, address)), []byte(signature)) {
			first, _, _ := strings.Cut(text, ".")
			seconds, err := strconv.ParseInt(first, 10, 64)
			return time.Unix(seconds, 0), err
		}
	}
	return time.Time{}, errTurn
}

// check says until when the turn is worth something.
func (t turns) check(turn, address string, now time.Time) (until time.Time, err error) {
	from, err := t.from(turn, address)
	if until = from.Add(proofLasts); err != nil || now.Before(from) || !now.Before(until) {
		return time.Time{}, errTurn
	}
	return until, nil
}

// left is how long it is until the turn comes; 0 where it is none that will.
func (t turns) left(turn, address string, now time.Time) time.Duration {
	from, err := t.from(turn, address)
	if err != nil {
		return 0
	}
	return max(0, from.Sub(now))
}
