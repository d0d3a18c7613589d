package web

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/settle"
)

// attempts is how often a contribution's money was asked for, each time as a payment of its own.
func (h house) attempts(id string) int {
	h.t.Helper()
	var n int
	err := h.db.GetContext(h.t.Context(), &n, `SELECT capture_attempt FROM contribution WHERE id = $1`, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// approveAs is what the payer does at PayPal, with how PayPal will then take the capture.
func (h house) approveAs(id, outcome string) {
	h.t.Helper()
	h.bank("POST", "/sandbox/orders/"+h.orderOf(id)+"/approve", `{"outcome":"`+outcome+`"}`)
}

// A card that is declined is not tried again by everybody who opens the return address, nor without end by the reader.
func TestADeclinedCardIsNotTriedByEveryGet(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.Log = quiet() })
	r := h.newReader()
	id, _ := r.begin(giftForm())
	h.approveAs(id, "decline")
	bare := "/contributions/" + id + "/return"
	began := time.Now()
	got := r.get(bare + "?token=" + h.orderOf(id) + "&PayerID=X")
	if got.status != 303 || h.stateOf(id) != "declined" || strings.Contains(got.header.Get("Location"), "again=1") {
		t.Fatalf("%d %s %v", got.status, h.stateOf(id), got.header)
	}
	thanks, err := url.Parse(got.header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	for path, who := range map[string]reader{
		bare: h.newReader(), bare + "?" + thanks.RawQuery: h.newReader(),
		bare + "?token=" + h.orderOf(id): h.newReader(), bare + "?": r,
	} {
		for range 25 {
			who.get(path)
		}
	}
	if most := 1 + int(time.Since(began)/(30*time.Second)); h.attempts(id) > most {
		t.Errorf("100 GETs in %v made %d attempts, want %d at most", time.Since(began), h.attempts(id), most)
	}
	if got = r.get(bare); !strings.HasSuffix(got.header.Get("Location"), "&again=1") {
		t.Fatalf("too early: %d %v", got.status, got.header)
	}
	page := r.get(got.header.Get("Location")).body
	if !strings.Contains(page, "Half a minute has to pass") || !strings.Contains(page, bare+"?token="+h.orderOf(id)) {
		t.Errorf("too early:\n%s", page)
	}
	h.approveAs(id, "approve")
	_, err = h.db.ExecContext(t.Context(), `
		UPDATE contribution SET capture_begun_at = capture_begun_at - interval '30 s' WHERE id = $1`, id)
	if err != nil {
		t.Fatal(err)
	}
	if r.do("HEAD", bare+"?token="+h.orderOf(id), ""); h.stateOf(id) != "declined" {
		t.Errorf("HEAD settled it: %s", h.stateOf(id))
	}
	if h.newReader().get(bare + "?" + thanks.RawQuery); h.stateOf(id) != "declined" {
		t.Errorf("who holds the page's key tried the card: %s", h.stateOf(id))
	}
	if h.newReader().get(bare + "?token=" + h.orderOf(id)); h.stateOf(id) != "completed" {
		t.Errorf("after another way to pay: %s", h.stateOf(id))
	}
}

// When the tries are used up, PayPal's page is not offered any more: what is picked there would not be asked for.
func TestAfterFiveTriesOnlyTheFormIsOffered(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	id, _ := r.begin(giftForm())
	h.approveAs(id, "decline")
	thanks := r.get("/contributions/" + id + "/return").header.Get("Location")
	for tries, offered := range map[int]bool{4: true, 5: false} {
		_, err := h.db.ExecContext(t.Context(), `
			UPDATE contribution SET capture_attempt = $1, capture_refused = $1 WHERE id = $2`, tries, id)
		if err != nil {
			t.Fatal(err)
		}
		page := r.get(thanks).body
		if strings.Contains(page, "Choose another way") != offered || !strings.Contains(page, "/support/support?") {
			t.Errorf("after %d tries:\n%s", tries, page)
		}
	}
}

// Without PayPal's token, the reader's cookie or the page's key, the addresses of a gift give nothing away and change
// nothing.
func TestAGiftsAddressesAreForItsReader(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	id, _ := r.begin(giftForm("message", "For the river"))
	h.approve(id)
	stranger := h.newReader()
	const nobodys = "/contributions/00000000-0000-7000-8000-000000000000/"
	_, key, _ := strings.Cut(h.thanksAddress(id), "?")
	pages := []string{"return", "cancel", "thanks", "return?token=", "cancel?token=", "return?key=x", "cancel?" + key}
	for _, page := range pages {
		for _, method := range []string{"GET", "HEAD"} {
			got := stranger.do(method, "/contributions/"+id+"/"+page, "")
			leads := got.header.Get("Location") + got.header.Get("Set-Cookie")
			if got.status != 404 || leads != "" || method == "GET" && got.body != stranger.get(nobodys+page).body {
				t.Errorf("%s %s: %d %v\n%s", method, page, got.status, got.header, got.body)
			}
		}
	}
	for _, page := range []string{"return", "cancel"} {
		if got := r.do("HEAD", "/contributions/"+id+"/"+page, ""); got.status >= 400 {
			t.Errorf("HEAD %s by the reader: %d", page, got.status)
		}
	}
	if h.stateOf(id) != "created" || h.attempts(id) != 0 {
		t.Errorf("changed: %s, %d attempts", h.stateOf(id), h.attempts(id))
	}
	check := strings.Replace(h.thanksAddress(id), "/thanks?", "/return?", 1) // "Check again", opened elsewhere
	if got := stranger.get(check); got.status != 303 || h.stateOf(id) != "completed" {
		t.Errorf("with the page's key: %d %s", got.status, h.stateOf(id))
	}
}

// An app opens PayPal in a browser of its own, and PayPal may name nothing when the reader turns back from a monthly
// gift: the page says what is true and what to do, and is the same for every gift and for none.
func TestTurningBackInAnotherBrowser(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	id, _ := h.newReader().begin(giftForm("frequency", "month", "amount", "10", "message", "For the river"))
	other := h.newReader()
	got := other.get("/contributions/" + id + "/cancel")
	got.says(t, "elsewhere", "You came back from PayPal", "charges only what you have approved there",
		`href="/manage"`, `href="/"`, "Automatic payments")
	for _, address := range []string{uuid.NewString(), "x"} {
		if nobodys := other.get("/contributions/" + address + "/cancel"); nobodys.body != got.body ||
			nobodys.status != got.status {
			t.Errorf("%s: %d\n%s", address, nobodys.status, nobodys.body)
		}
	}
	if strings.Contains(got.body, "river") || h.stateOf(id) != "created" {
		t.Errorf("it tells of the gift, or changed it to %s\n%s", h.stateOf(id), got.body)
	}
}

// PayPal does not say how the order stands when the reader turns back: "nothing was charged" is not claimed.
func TestTurningBackWhilePayPalIsAway(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.Log = quiet() })
	r := h.newReader()
	id, _ := r.begin(giftForm())
	h.bank("POST", "/sandbox/faults", trouble503)
	got := r.get("/contributions/" + id + "/cancel?token=" + h.orderOf(id))
	if got.status != 303 || h.stateOf(id) != "created" {
		t.Fatalf("%d %s", got.status, h.stateOf(id))
	}
	if page := r.get(got.header.Get("Location")).body; strings.Contains(page, "Nothing was charged") {
		t.Error(page)
	}
}

// The webhook of the approval may be quicker than the reader: then they hear of the refusal for the first time, and
// have picked no other way to pay yet.
func TestAReturnAfterTheWebhooksRefusalIsTheFirst(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.Log = quiet() })
	r := h.newReader()
	id, _ := r.begin(giftForm())
	h.approveAs(id, "decline")
	_, err := h.Settler.Settle(t.Context(), uuid.MustParse(id), settle.Source{Way: contribution.ByWebhook})
	if err != nil || h.stateOf(id) != "declined" {
		t.Fatalf("%s, %v", h.stateOf(id), err)
	}
	address := "/contributions/" + id + "/return?token=" + h.orderOf(id) + "&PayerID=X"
	if got := r.get(address); got.status != 303 || strings.Contains(got.header.Get("Location"), "again=1") {
		t.Errorf("the first return: %d %s", got.status, got.header.Get("Location"))
	}
	if got := r.get(address); !strings.Contains(got.header.Get("Location"), "again=1") {
		t.Errorf("the second one: %d %s", got.status, got.header.Get("Location"))
	}
}
