package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
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

// jar is a browser's cookies.
type jar map[string]string

func (j jar) remember(t *testing.T, s *site, id uuid.UUID) {
	t.Helper()
	w := httptest.NewRecorder()
	s.remember(w, j.request(), id)
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
	s, j := bareSite(t, nil), jar{}
	var last []uuid.UUID
	for range 8 {
		id := uuid.Must(uuid.NewV7())
		last = append([]uuid.UUID{id}, last...)
		j.remember(t, s, id)
	}
	if got := s.recalled(j.request()); !slices.Equal(got, last[:remembered]) || len(j) != remembered {
		t.Fatalf("recalled %v of %v", got, last)
	}
	j.remember(t, s, last[0])
	if got := s.recalled(j.request()); !slices.Equal(got, last[:remembered]) {
		t.Errorf("the same gift again: %v", got)
	}
	id := last[0].String()
	good := j["gift-"+id]
	for name, forged := range map[string]jar{
		"no signature": {"gift-" + id: ""}, "another's": {"gift-" + last[1].String(): good},
		"changed":      {"gift-" + id: flip(good)},
		"a thanks key": {"gift-" + id: s.signer.sign(forThanks, id)}, "no id": {"gift-x": s.signer.sign(forCookie, "x")},
	} {
		if ids := s.recalled(forged.request()); ids != nil {
			t.Errorf("%s: recalled %v", name, ids)
		}
	}
}

// Another site's page can make its visitors post a gift; their browsers send no cookie with it and take the one that
// comes back. What they had stays theirs.
func TestAnotherSitesPostThrowsNoGiftAway(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	mine, _ := r.begin(gift("amount", "5"))
	address, err := url.Parse(h.base)
	if err != nil {
		t.Fatal(err)
	}
	kept := r.client.Jar.Cookies(address)
	elsewhere := h.newReader() // as SameSite=Lax keeps the cookies from a post that comes from another site
	second, _ := elsewhere.begin(gift("amount", "6"))
	r.client.Jar.SetCookies(address, elsewhere.client.Jar.Cookies(address))
	for _, id := range []string{mine, second} {
		if got := r.get("/contributions/" + id + "/thanks"); got.status != 200 {
			t.Errorf("%s of %d cookies: %d", id, len(kept), got.status)
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
	id := uuid.New()
	for base, want := range map[string]string{
		"http://give.test":  "gift-" + id.String() + "=%; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax",
		"https://give.test": "__Host-gift-" + id.String() + "=%; Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax",
	} {
		s := bareSite(t, func(d *Deps) { d.BaseURL = base })
		w := httptest.NewRecorder()
		s.remember(w, httptest.NewRequest("POST", "/", nil), id)
		got := w.Header().Get("Set-Cookie")
		name, rest, _ := strings.Cut(want, "%")
		if !strings.HasPrefix(got, name) || !strings.HasSuffix(got, rest) {
			t.Errorf("%s: %s", base, got)
		}
	}
}
