package web

import (
	"strings"
	"testing"
	"time"
)

// A first charge that failed is not passed over: the page says so, when PayPal tries again, and leads to the gift's
// page.
func TestAFirstChargeThatFailed(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	id, _ := r.begin(giftForm("frequency", "month", "amount", "10"))
	h.bank("POST", "/sandbox/subscriptions/"+h.subscriptionOf(id)+"/fail", `{"times": 1000}`)
	if got := r.get(h.agree(id)); got.status != 303 || h.stateOf(id) != "approved" {
		t.Fatalf("return: %d, %s", got.status, h.stateOf(id))
	}
	var retry string
	err := h.db.Get(&retry, `SELECT to_char(retry_at AT TIME ZONE 'UTC', 'FMDD FMMonth YYYY') FROM subscription`)
	if err != nil {
		t.Fatal(err)
	}
	thanks := "/contributions/" + id + "/thanks"
	shows := func(set, want string, args ...any) {
		t.Helper()
		h.exec(`UPDATE subscription SET `+set, args...)
		got := r.get(thanks)
		got.says(t, set, "<title>PayPal could not take the first payment", "Nothing was charged.", want, "you owe us nothing",
			"paypal.com/myaccount/autopay/", "/manage/gift/"+id+"?key=", "Amount, each month")
		for _, no := range []string{"Next payment", "First payment<", "Since", "being confirmed", "Thank you."} {
			if strings.Contains(got.body, no) {
				t.Errorf("%s: the page has %q\n%s", set, no, got.body)
			}
		}
	}
	shows("failed_payments = failed_payments", "PayPal tries again on "+retry)
	shows("starts_at = next_billing_at", "PayPal tries again on "+retry) // one that began later
	shows("retry_at = $1", "PayPal decides when to try again", h.Now().Add(-time.Hour))
	shows("state = 'suspended'", "PayPal has stopped trying, so your gift is paused")
	if other := h.newReader().get(h.thanksAddress(id)); strings.Contains(other.body, "/manage/gift/") {
		t.Error("whoever holds the thanks page's key gets the link that stops the gift")
	}
	h.tells(r, thanks, "first_failed")
}

// The page's script asks for what the page shows, or it would load the page again and again.
func TestThePagesScriptIsToldWhatThePageShows(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r := h.newReader()
	id, _ := r.begin(giftForm("frequency", "month", "amount", "10"))
	h.bank("POST", "/sandbox/subscriptions/"+h.subscriptionOf(id)+"/fail", `{"times": 1000}`)
	r.get(h.agree(id))
	due := h.Now().Add(-3 * 24 * time.Hour)
	h.exec(`UPDATE contribution SET first_charge_at = $1`, due)
	h.exec(`UPDATE subscription SET failed_payments = 0, starts_at = $1, next_billing_at = $1`, due)
	thanks := "/contributions/" + id + "/thanks"
	r.get(thanks).says(t, "overdue", `data-outcome="confirming"`)
	h.tells(r, thanks, "confirming")
}

// tells compares what the script of a thanks page is told.
func (h house) tells(r reader, thanks, want string) {
	h.t.Helper()
	if got := r.do("GET", thanks, "", "Accept", "application/json"); got.body != `{"outcome":"`+want+`"}`+"\n" {
		h.t.Errorf("the page's script is told %s", got.body)
	}
}
