package web

import (
	"strings"
	"testing"
)

func TestAReaderGivesAndIsThanked(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	page := r.get("/")
	if page.status != 200 || page.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v\n%s", page.status, page.header, page.body)
	}
	form := inputs(t, page.body)
	form.Set("amount", "12.34")
	form.Set("name", "Ada Reader")
	id, _ := r.begin(form)
	h.approve(id)

	back := r.get("/contributions/" + id + "/return?token=" + h.orderOf(id) + "&PayerID=X")
	thanks := back.header.Get("Location")
	if back.status != 303 || !strings.HasPrefix(thanks, "/contributions/"+id+"/thanks?key=") || h.stateOf(id) != "completed" {
		t.Fatalf("%d %q %s", back.status, thanks, h.stateOf(id))
	}
	got := r.get(thanks)
	if got.status != 200 || !strings.Contains(got.body, "Thank you.") || !strings.Contains(got.body, "€12.34") || !strings.Contains(got.body, "Ada Reader") {
		t.Errorf("own browser: %d\n%s", got.status, got.body)
	}
	if got.header.Get("Cache-Control") != "no-store" || got.header.Get("X-Robots-Tag") != "noindex" || got.header.Get("Referrer-Policy") != "same-origin" {
		t.Errorf("headers %v", got.header)
	}
	other := h.newReader()
	if got = other.get(thanks); got.status != 200 || !strings.Contains(got.body, "€12.34") || strings.Contains(got.body, "Ada Reader") {
		t.Errorf("another browser: %d\n%s", got.status, got.body)
	}
	if again := other.get("/contributions/" + id + "/return"); again.status != 303 || again.header.Get("Location") != thanks {
		t.Errorf("reload of the return: %d %v", again.status, again.header)
	}
}
