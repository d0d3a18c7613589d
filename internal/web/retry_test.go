package web

import (
	"net/url"
	"strings"
	"testing"

	"readerfund/internal/web/page"
)

// earlier lets a declined gift be so many seconds older.
func (h house) earlier(id, seconds string) {
	h.t.Helper()
	h.exec(`UPDATE contribution SET capture_begun_at = capture_begun_at - $2::interval, retry_at = retry_at - $2::interval,
		refusal_told_at = refusal_told_at - $2::interval WHERE id = $1`, id, seconds+" s")
}

// back is the way back from PayPal as PayPal writes it, and the page that it leads to.
func (r reader) back(id string) (page reply, address string) {
	r.t.Helper()
	got := r.get("/contributions/" + id + "/return?token=" + r.orderOf(id) + "&PayerID=X")
	address = got.header.Get("Location")
	return r.get(address), address
}

func outcomeOf(r reader, address string) string {
	r.t.Helper()
	return r.do("GET", address, "", "Accept", page.JSONType).body
}

// Who picks another card and is back within half a minute is told that it will be tried, and it is: the page goes there
// by itself, for whoever holds its key, and only they whose gift it is may call it off.
func TestBackTooEarlyIsTriedByItself(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.Log = quiet() })
	r := h.newReader()
	id, _ := r.begin(giftForm())
	h.approveAs(id, "decline")
	if page, _ := r.back(id); !strings.Contains(page.body, "Choose another way") || page.header.Get("Refresh") != "" {
		t.Fatalf("declined: %v\n%s", page.header, page.body)
	}
	h.earlier(id, "10")
	h.approveAs(id, "approve")
	page, address := r.back(id)
	refresh := page.header.Get("Refresh")
	if !strings.Contains(page.body, "We will try your payment again in a moment") ||
		strings.Contains(address, "again=1") ||
		!strings.Contains(page.body, "/cancel?token=") || !strings.Contains(refresh, "/return?key=") {
		t.Fatalf("too early: %s, %v\n%s", address, page.header, page.body)
	}
	if got := outcomeOf(r, address); !strings.Contains(got, `"retrying"`) {
		t.Error(got)
	}
	for range 25 {
		r.back(id)
		r.do("HEAD", "/contributions/"+id+"/return?token="+h.orderOf(id)+"&PayerID=X", "")
	}
	holder := h.newReader()
	if page := holder.get(address); strings.Contains(page.body, h.orderOf(id)) || h.attempts(id) != 1 {
		t.Errorf("who holds the page's key, after %d attempts:\n%s", h.attempts(id), page.body)
	}
	h.earlier(id, "30")
	_, check, _ := strings.Cut(refresh, "url=")
	if got := holder.get(check); got.status != 303 || h.stateOf(id) != "completed" || h.attempts(id) != 2 {
		t.Errorf("the page went on to %d: %s after %d attempts", got.status, h.stateOf(id), h.attempts(id))
	}
}

// The reader calls it off: by the page's link, or by turning back at PayPal.
func TestAnotherTryIsCalledOff(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.Log = quiet() })
	r := h.newReader()
	id, _ := r.begin(giftForm())
	h.approveAs(id, "decline")
	r.back(id)
	h.earlier(id, "10")
	h.approveAs(id, "approve")
	page, address := r.back(id)
	stop := "/contributions/" + id + "/cancel?token=" + url.QueryEscape(h.orderOf(id))
	if !strings.Contains(page.body, `href="`+stop+`"`) {
		t.Fatal(page.body)
	}
	if r.do("HEAD", stop, ""); !strings.Contains(outcomeOf(r, address), "retrying") {
		t.Error("HEAD called it off")
	}
	got := r.get(stop)
	if got.status != 303 || !strings.Contains(outcomeOf(r, got.header.Get("Location")), `"declined"`) {
		t.Errorf("called off: %d %v", got.status, got.header)
	}
	h.earlier(id, "40")
	if _, err := h.sweeper.Sweep(soon(t)); err != nil || h.attempts(id) != 1 {
		t.Errorf("%d attempts, %v", h.attempts(id), err)
	}
}

// Another browser than the one that gave comes back with PayPal's token: it can do what the reader can.
func TestTheTokenStaysTheReadersSign(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.Log = quiet() })
	id, _ := h.newReader().begin(giftForm())
	h.approveAs(id, "decline")
	page, address := h.newReader().back(id)
	if !strings.Contains(page.body, "Choose another way") {
		t.Error(page.body)
	}
	withoutToken, _, _ := strings.Cut(address, "&token=")
	for _, held := range []string{withoutToken + "&again=1", withoutToken + "&token=X&again=1"} {
		if page := h.newReader().get(held); page.status != 200 || strings.Contains(page.body, h.orderOf(id)) {
			t.Errorf("%s gives PayPal's token away:\n%s", held, page.body)
		}
	}
}
