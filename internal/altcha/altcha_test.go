package altcha_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"readerfund/internal/altcha"
)

func now() time.Time { return time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC) }

func solved(t *testing.T, c altcha.Challenge) string {
	t.Helper()
	text, _, err := c.Solve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestASolutionIsTakenUntilItExpires(t *testing.T) {
	t.Parallel()
	m := altcha.NewMaker("secret")
	c := m.New(1000, now().Add(time.Minute))
	text := solved(t, c)
	got, until, err := m.Check(text, now())
	if err != nil || got != c.Challenge || !until.Equal(now().Add(time.Minute)) {
		t.Errorf("got %q, %v, %v", got, until, err)
	}
	if _, _, err := m.Check(text, now().Add(time.Minute)); !errors.Is(err, altcha.ErrWrong) {
		t.Errorf("too late: %v", err)
	}
}

func TestSecretsChange(t *testing.T) {
	t.Parallel()
	text := solved(t, altcha.NewMaker("before", "").New(1000, now().Add(time.Minute)))
	if _, _, err := altcha.NewMaker("after", "before").Check(text, now()); err != nil {
		t.Errorf("with the old secret: %v", err)
	}
	if _, _, err := altcha.NewMaker("after", "").Check(text, now()); err == nil {
		t.Error("a secret that was given up is taken")
	}
}

// Everything in a solution can be changed by whoever sends it.
func TestWrongSolutions(t *testing.T) {
	t.Parallel()
	m := altcha.NewMaker("secret")
	good := solved(t, m.New(1000, now().Add(time.Minute)))
	raw, _ := base64.StdEncoding.DecodeString(good)
	for name, change := range map[string]func(s *altcha.Solution){
		"another number": func(s *altcha.Solution) { s.Number++ },
		"later":          func(s *altcha.Solution) { s.Salt = strings.Replace(s.Salt, "expires=1", "expires=9", 1) },
		"digits moved":   func(s *altcha.Solution) { s.Salt = strings.TrimSuffix(s.Salt, "&") + "1" },
		"own challenge":  func(s *altcha.Solution) { *s = own(t) },
		"algorithm":      func(s *altcha.Solution) { s.Algorithm = "MD5" },
		"no signature":   func(s *altcha.Solution) { s.Signature = "" },
	} {
		var s altcha.Solution
		if err := json.Unmarshal(raw, &s); err != nil {
			t.Fatal(err)
		}
		change(&s)
		text, _ := json.Marshal(s)
		if _, _, err := m.Check(base64.StdEncoding.EncodeToString(text), now()); !errors.Is(err, altcha.ErrWrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{"", "x", good[:20], "bnVsbA==", "e30=", strings.Repeat("A", 10_000)} {
		if _, _, err := m.Check(text, now()); !errors.Is(err, altcha.ErrWrong) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

// own is the solution of a challenge that somebody made with a secret of their own.
func own(t *testing.T) altcha.Solution {
	t.Helper()
	raw, _ := base64.StdEncoding.DecodeString(solved(t, altcha.NewMaker("theirs").New(10, now().Add(time.Hour))))
	var s altcha.Solution
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	return s
}
