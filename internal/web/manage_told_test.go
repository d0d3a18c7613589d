package web

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/managelink"
)

// Each page says of the cookie what is true for it.
func TestPagesSayWhichCookieTheyKeep(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	gift := "/manage/gift/" + h.repeats("ada@example.org", "AAAA-1111", "month", "cancelled")
	h.gave("bob@example.org", "BBBB-2222", 900)
	stranger, ada, bob := h.newReader(), h.letIn("ada@example.org"), h.letIn("bob@example.org")
	stranger.form("/manage", url.Values{"email": {"ada@example.org"}})
	if managelink.SessionLasts != time.Hour {
		t.Error("pages say that it is an hour")
	}
	const none, while = "This page sets no cookie.", "While your page is open, this site keeps one cookie"
	for _, c := range []struct {
		name string
		got  reply
		want string
	}{
		{"ask", stranger.get("/manage"), none},
		{"sent", stranger.get("/manage?sent"), none},
		{"no entry", stranger.get("/manage/XXXX"), none},
		{"by key", stranger.get(strings.TrimPrefix(h.ManageLinks.Links.Subscription(uuid.MustParse(gift[13:])), h.BaseURL)),
			none},
		{"open", stranger.get(h.mailed("ada@example.org")), "The button sets one cookie"},
		{"own", ada.get("/manage"), while}, {"gift", ada.get(gift), while}, {"erase", ada.get("/manage/erase"), while},
		{"erased", bob.form("/manage/erase", nil), "has been deleted"},
		{"after that", bob.get("/manage"), none},
	} {
		c.got.says(t, c.name, c.want)
		if set := c.got.header.Get("Set-Cookie"); set != "" && c.name != "erased" {
			t.Errorf("%s sets %s", c.name, set)
		}
		if both := strings.Count(c.got.body, "cookie"); both != 1 {
			t.Errorf("%s speaks %d times of a cookie", c.name, both)
		}
	}
}

// Whatever goes wrong below /manage, the page says what to do next.
func TestFailuresOfAReadersPagesSayWhatToDo(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, func(d *Deps) { d.Log = quiet() })
	mine := "/manage/gift/" + h.repeats("ada@example.org", "AAAA-1111", "month", "active")
	ada, stranger := h.letIn("ada@example.org"), h.newReader()
	left := ada.form("/manage/leave", nil)
	stranger.get(left.header.Get("Location")).says(t, "closed by hand", "Your page is closed", "Send me a link")
	ada = h.letIn("ada@example.org")
	stranger.get(stranger.get("/manage/erase").header.Get("Location")).
		says(t, "run out", "Your page is closed", "an hour after you open it", "agreed to a change at PayPal",
			"Send me a link")
	const own = `<a href="/manage">Go to your own page</a>`
	ada.get("/manage/changes/"+uuid.NewString()+"/return").says(t, "no such change", "cannot find this change", own)
	ada.get("/manage/changes/x/cancel").says(t, "no change at all", own)
	ada.form(mine, url.Values{"act": {"delete"}}).says(t, "no such act", "Load it again", "Stop this gift")
	ada.form(mine, url.Values{"act": {"stop"}}, "Sec-Fetch-Site", "cross-site").says(t, "another site", own)
	stranger.get(mine).says(t, "without a session", "may be incomplete", "Send me a link")
	h.exec(`ALTER TABLE subscription RENAME TO subscription_away`)
	ada.get(mine).says(t, "our mistake", "our mistake", own, "stop a gift without us", "Automatic payments")
}
