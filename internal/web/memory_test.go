package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"
)

func TestTheThanksPageNeedsItsKeyOrTheReadersOwnBrowser(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	mine, _ := r.begin(gift("amount", "5"))
	other, _ := h.newReader().begin(gift("amount", "6"))
	page := "/contributions/" + mine + "/thanks"
	good := h.signer.sign(forThanks, mine)
	for name, path := range map[string]string{
		"no key": page, "empty key": page + "?key=", "another's key": page + "?key=" + h.signer.sign(forThanks, other),
		"a key for something else": page + "?key=" + h.signer.sign(forCookie, mine), "half a key": page + "?key=" + good[:10],
		"a changed key": page + "?key=" + flip(good), "another key": page + "?key=" + newSigner(strings.Repeat("x", 32), "").sign(forThanks, mine),
	} {
		if got := h.newReader().get(path); got.status != 404 || strings.Contains(got.body, "€5") {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	if got := h.newReader().get(page + "?key=" + good); got.status != 200 {
		t.Errorf("the right key: %d", got.status)
	}
	if got := r.get(page); got.status != 200 {
		t.Errorf("the reader's own browser: %d", got.status)
	}
	if got := r.get("/contributions/" + other + "/thanks"); got.status != 404 {
		t.Errorf("another's page with one's own cookie: %d", got.status)
	}
}

// flip changes the first character of a signature; the last one's low bits are padding.
func flip(text string) string {
	if text[0] == 'A' {
		return "B" + text[1:]
	}
	return "A" + text[1:]
}

func TestTheCookieIsSignedAndBounded(t *testing.T) {
	t.Parallel()
	s := bareSite(t, nil)
	cookie := ""
	var last []uuid.UUID
	for range 8 {
		id := uuid.New()
		last = append([]uuid.UUID{id}, last...)
		cookie = rememberIn(s, cookie, id)
	}
	got := s.recalled(withCookie(s, cookie))
	if len(got) != remembered || got[0] != last[0] || got[4] != last[4] {
		t.Fatalf("recalled %v of %v", got, last)
	}
	if again := rememberIn(s, cookie, last[0]); again != cookie {
		t.Error("the same gift again changes the cookie")
	}
	text, signature, _ := strings.Cut(cookie, ".")
	for name, forged := range map[string]string{
		"no signature": text, "another text": flip(text) + "." + signature, "another signature": text + "." + flip(signature),
		"a thanks key": text + "." + s.signer.sign(forThanks, text), "cut": text[:10] + "." + signature, "empty": "", "dots": "..",
	} {
		if ids := s.recalled(withCookie(s, forged)); ids != nil {
			t.Errorf("%s: recalled %v", name, ids)
		}
	}
}

func TestSignaturesOutliveOneChangeOfKey(t *testing.T) {
	t.Parallel()
	before, after := strings.Repeat("a", 32), strings.Repeat("b", 32)
	signature := newSigner(before, "").sign(forThanks, "x")
	if !newSigner(after, before).verify(forThanks, "x", signature) {
		t.Error("the old key is refused")
	}
	if newSigner(after, "").verify(forThanks, "x", signature) {
		t.Error("a key that was given up is taken")
	}
	if newSigner(after, "").verify(forThanks, "x", newSigner("", "").sign(forThanks, "x")) {
		t.Error("an empty key is taken")
	}
}

func TestCookieAttributes(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"http://give.test":  "gifts=%; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax",
		"https://give.test": "__Host-gifts=%; Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax",
	} {
		s := bareSite(t, func(d *Deps) { d.BaseURL = base })
		w := httptest.NewRecorder()
		s.remember(w, httptest.NewRequest("POST", "/", nil), uuid.New())
		got := w.Header().Get("Set-Cookie")
		name, rest, _ := strings.Cut(want, "%")
		if !strings.HasPrefix(got, name) || !strings.HasSuffix(got, rest) {
			t.Errorf("%s: %s", base, got)
		}
	}
}

// rememberIn adds id to a cookie's value and gives the new value.
func rememberIn(s *site, value string, id uuid.UUID) string {
	w := httptest.NewRecorder()
	s.remember(w, withCookie(s, value), id)
	return w.Result().Cookies()[0].Value
}

func withCookie(s *site, value string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	if value != "" {
		r.AddCookie(&http.Cookie{Name: s.cookieName(), Value: value})
	}
	return r
}
