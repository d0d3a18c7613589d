package web

import (
	"net/url"
	"strings"
	"testing"

	"readerfund/internal/web/page"
)

func TestTheThanksPageNeedsItsKeyOrTheReadersOwnBrowser(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	mine, _ := r.begin(giftForm("amount", "5"))
	other, _ := h.newReader().begin(giftForm("amount", "6"))
	thanks := "/contributions/" + mine + "/thanks"
	good := h.signer().Sign(thanksPurpose, mine)
	for name, path := range map[string]string{
		"no key": thanks, "empty key": thanks + "?key=", "another's key": thanks + "?key=" +
			h.signer().Sign(thanksPurpose, other),
		"a key for something else": thanks + "?key=" + h.signer().Sign(cookiePurpose, mine), "half a key": thanks + "?key=" +
			good[:10],
		"a changed key": thanks + "?key=" + flip(good), "another key": thanks + "?key=" +
			page.NewSigner(strings.Repeat("x", 32), "").Sign(thanksPurpose, mine),
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

// Another site's page can make its visitors post a gift; their browsers send no cookie with it and take the one that
// comes back. What they had stays theirs.
func TestAnotherSitesPostThrowsNoGiftAway(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	mine, _ := r.begin(giftForm("amount", "5"))
	address, err := url.Parse(h.base)
	if err != nil {
		t.Fatal(err)
	}
	kept := r.client.Jar.Cookies(address)
	elsewhere := h.newReader() // as SameSite=Lax keeps the cookies from a post that comes from another site
	second, _ := elsewhere.begin(giftForm("amount", "6"))
	r.client.Jar.SetCookies(address, elsewhere.client.Jar.Cookies(address))
	for _, id := range []string{mine, second} {
		if got := r.get("/contributions/" + id + "/thanks"); got.status != 200 {
			t.Errorf("%s of %d cookies: %d", id, len(kept), got.status)
		}
	}
}
