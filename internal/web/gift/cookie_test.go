package gift

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"readerfund/internal/web/page"
)

// jar is a browser's cookies.
type jar map[string]string

func (j jar) remember(t *testing.T, s *Cookies, id uuid.UUID) {
	t.Helper()
	w := httptest.NewRecorder()
	s.Remember(w, j.request(), id)
	for _, c := range w.Result().Cookies() {
		if j[c.Name] = c.Value; c.MaxAge < 0 {
			delete(j, c.Name)
		}
	}
}

func (j jar) request() *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	for name, value := range j {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r
}

func TestCookiesAreSignedAndBounded(t *testing.T) {
	t.Parallel()
	s, j := NewCookies(page.NewSigner(strings.Repeat("k", 32), ""), false), jar{}
	var last []uuid.UUID
	for range 8 {
		id := uuid.Must(uuid.NewV7())
		last = append([]uuid.UUID{id}, last...)
		j.remember(t, s, id)
	}
	if got := s.Recalled(j.request()); !slices.Equal(got, last[:remembered]) || len(j) != remembered {
		t.Fatalf("recalled %v of %v", got, last)
	}
	j.remember(t, s, last[0])
	if got := s.Recalled(j.request()); !slices.Equal(got, last[:remembered]) {
		t.Errorf("the same gift again: %v", got)
	}
	id := last[0].String()
	good := j["gift-"+id]
	for name, forged := range map[string]jar{
		"no signature": {"gift-" + id: ""}, "another's": {"gift-" + last[1].String(): good},
		"changed":      {"gift-" + id: "A" + good[:len(good)-1]},
		"a thanks key": {"gift-" + id: s.signer.Sign("another purpose", id)},
		"no id":        {"gift-x": s.signer.Sign(cookiePurpose, "x")},
	} {
		if ids := s.Recalled(forged.request()); ids != nil {
			t.Errorf("%s: recalled %v", name, ids)
		}
	}
}

func TestCookieAttributes(t *testing.T) {
	t.Parallel()
	id := uuid.New()
	for secure, want := range map[bool]string{
		false: "gift-" + id.String() + "=%; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax",
		true:  "__Host-gift-" + id.String() + "=%; Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax",
	} {
		s := NewCookies(page.NewSigner(strings.Repeat("k", 32), ""), secure)
		w := httptest.NewRecorder()
		s.Remember(w, httptest.NewRequest("POST", "/", nil), id)
		got := w.Header().Get("Set-Cookie")
		name, rest, _ := strings.Cut(want, "%")
		if !strings.HasPrefix(got, name) || !strings.HasSuffix(got, rest) {
			t.Errorf("secure %v: %s", secure, got)
		}
	}
}
