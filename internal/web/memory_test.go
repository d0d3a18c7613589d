package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"readerfund/internal/web/page"
)

func TestTheThanksPageNeedsItsKeyOrTheReadersOwnBrowser(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	mine, _ := r.begin(gift("amount", "5"))
	other, _ := h.newReader().begin(gift("amount", "6"))
	thanks := "/contributions/" + mine + "/thanks"
	good := h.signer.Sign(forThanks, mine)
	for name, path := range map[string]string{
		"no key": thanks, "empty key": thanks + "?key=", "another's key": thanks + "?key=" + h.signer.Sign(forThanks, other),
		"a key for something else": thanks + "?key=" + h.signer.Sign(forCookie, mine), "half a key": thanks + "?key=" + good[:10],
		"a changed key": thanks + "?key=" + flip(good), "another key": thanks + "?key=" + page.NewSigner(strings.Repeat("x", 32), "").Sign(forThanks, mine),
	} {
		if got := h.newReader().get(path); got.status != 404 || strings.Contains(got.body, "€5") {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	if got := h.newReader().get(thanks + "?key=" + good); got.status != 200 {
		t.Errorf("the right key: %d", got.status)
	}
	if got := r.get(thanks); got.status != 200 {
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
		"a thanks key": {"gift-" + id: s.signer.Sign(forThanks, id)}, "no id": {"gift-x": s.signer.Sign(forCookie, "x")},
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
