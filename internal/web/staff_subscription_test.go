package web

import (
	"net/url"
	"strings"
	"testing"

	"readerfund/internal/account"
	"readerfund/internal/contribution"
	"readerfund/internal/settle"
	"readerfund/internal/testkit/newsroom"
)

// subscribed is a recurring gift that was approved at PayPal and whose first charge is in; it gives the page of staff
// and PayPal's id of the subscription.
func (h house) subscribed(frequency, amount string) (page, paypalID string) {
	h.t.Helper()
	in := newsroom.Intent()
	in.Frequency, in.Amount, in.Email = frequency, amount, "ada@example.org"
	c, err := h.Starter.Start(h.t.Context(), in, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	h.bank("POST", "/sandbox/subscriptions/"+c.Checkout.PayPalID+"/approve", `{}`)
	if c, err = h.Settler.Settle(h.t.Context(), c.ID, settle.Source{Way: contribution.ByReader}); err != nil ||
		c.State != contribution.Completed {
		h.t.Fatalf("%s, %v", c.State, err)
	}
	return "/staff/contributions/" + c.ID.String(), c.Checkout.PayPalID
}

// saysNot reports what a page should not say.
func saysNot(t *testing.T, page string, none ...string) {
	t.Helper()
	text := words(t, page)
	for _, odd := range none {
		if strings.Contains(text, odd) {
			t.Errorf("the page says %q:\n%s", odd, text)
		}
	}
}

func TestStaffStopForAReader(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	page, id := h.subscribed("month", "10.00")
	r := h.signedIn(account.Editor)
	says(t, r.get(page).body, "Monthly: €10.00 Active", "Next charge", id, "Payment 1", "Pause for the reader",
		"Stop for the reader")
	saysNot(t, r.get(page).body, "Resume for the reader", "Changes")
	says(t, r.get(page+"/stop").body, "Stop for the reader", "It cannot be undone", "Say how the reader asked for it")

	got := r.form(page+"/stop", url.Values{"reason": {" "}})
	if got.status != 422 {
		t.Errorf("without a reason: %d", got.status)
	}
	says(t, got.body, "Write the reason.")
	for range 2 {
		says(t, r.lands(r.form(page+"/stop", url.Values{"reason": {"She called on Monday."}})), "Stop PayPal confirms it.",
			"Monthly: €10.00 Stopped", "Ended by staff", "Reason She called on Monday.", "By editor@")
	}
	saysNot(t, r.get(page).body, "Stop for the reader", "Pause for the reader")
	says(t, r.get(page+"/stop").body, "This cannot be done at the moment")
	if got := strings.Join(h.acted(), "; "); strings.Count(got, "subscription.stop") != 1 ||
		strings.Count(got, "subscription.answer") != 1 || !strings.Contains(got, "done") {
		t.Errorf("audited: %s", got)
	}
	says(t, h.signedIn(account.Admin).get("/staff/audit").body, "Stopped a recurring gift",
		"PayPal answered a change of a recurring gift", "She called on Monday.")
}

// A gift that begins later shows the day of its first charge, and is stopped before it.
func TestStaffStopBeforeTheFirstCharge(t *testing.T) {
	t.Parallel()
	for _, waitsAs := range []string{"active", "approved"} {
		h := openHouse(t, nil)
		h.bank("POST", "/sandbox/billing", `{"future_start":"`+waitsAs+`"}`)
		reader, gift := h.gives()
		reader.answers(gift, "yes")
		id := h.following(gift)
		reader.get(h.agree(id))
		page, r := "/staff/contributions/"+id, h.signedIn(account.Editor)
		says(t, r.get(page).body, "Monthly: €4.00 Begins later", "First charge", "Nothing has been charged.",
			"Stop for the reader")
		saysNot(t, r.get(page).body, "Next charge", "Payment 1")
		says(t, r.get(page+"/stop").body, "First charge")
		says(t, r.lands(r.form(page+"/stop", url.Values{"reason": {"She called on Monday."}})), "Stop PayPal confirms it.",
			"Monthly: €4.00 Stopped", "Ended by staff")
	}
}

func TestStaffPauseAndResumeForAReader(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	page, _ := h.subscribed("year", "60.00")
	r := h.signedIn(account.Editor)
	says(t, r.get(page+"/pause").body, "For how long?", "One month", "Three months", "Yearly €60.00")
	got := r.form(page+"/pause", url.Values{"reason": {"x"}, "months": {"19"}})
	if got.status != 422 {
		t.Errorf("for 19 months: %d", got.status)
	}
	says(t, got.body, "A pause lasts 1 to 3 months.")
	says(t, r.lands(r.form(page+"/pause", url.Values{"reason": {"On leave."}, "months": {"2"}})),
		"Pause until", "Yearly: €60.00 Paused", "It resumes by itself on")
	says(t, r.lands(r.form(page+"/resume", url.Values{"reason": {"Back early."}})),
		"Resume PayPal confirms it.", "Yearly: €60.00 Active", "Reason Back early.")
}

// What PayPal does not answer is said to be on its way, and what it refuses is said beside the form.
func TestStaffStopWhilePayPalIsAway(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	page, _ := h.subscribed("month", "10.00")
	r := h.signedIn(account.Editor)
	h.bank("POST", "/sandbox/faults", `{"match":{"method":"POST","path":"/v1/billing/subscriptions/*/*"},
		"kind":"issue","issue":"PERMISSION_DENIED"}`)
	got := r.form(page+"/pause", url.Values{"reason": {"x"}, "months": {"1"}})
	if got.status != 409 {
		t.Errorf("refused: %d", got.status)
	}
	says(t, got.body, "PayPal did not accept the change (PERMISSION_DENIED)")
	says(t, r.get(page).body, "Pause until", "Refused")
	says(t, r.lands(r.form(page+"/stop", url.Values{"reason": {"x"}})),
		"Stop PayPal was asked and has not confirmed it yet.", "Being confirmed", "Needs review")
	saysNot(t, r.get(page).body, "Stop for the reader")
}

func TestViewersDoNothingAboutSubscriptions(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	page, _ := h.subscribed("month", "10.00")
	viewer := h.signedIn(account.Viewer)
	says(t, viewer.get(page).body, "Monthly: €10.00 Active")
	saysNot(t, viewer.get(page).body, "Stop for the reader", "Pause for the reader")
	for _, act := range []string{"/stop", "/pause", "/resume"} {
		if got := viewer.form(page+act, url.Values{"reason": {"x"}, "months": {"1"}}); got.status != 403 {
			t.Errorf("a viewer posts to %s: %d", act, got.status)
		}
	}
	if n := h.number(`SELECT count(*) FROM subscription_change`); n != 0 {
		t.Errorf("%d changes", n)
	}
}

func TestTheListKnowsWhatIsRecurring(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	once, _, _ := h.paid()
	monthly, id := h.subscribed("month", "10.00")
	yearly, _ := h.subscribed("year", "60.00")
	h.bank("POST", "/sandbox/subscriptions/"+id+"/renew", `{"outcome":"failed","reason_code":"PAYER_CANNOT_PAY"}`)
	if _, err := h.Settler.SettleSubscription(t.Context(), id, settle.Source{Way: contribution.ByWebhook}); err != nil {
		t.Fatal(err)
	}
	r := h.signedIn(account.Editor)
	says(t, r.get(monthly).body, "Failing", "Failed in a row 1", "PayPal tries again")
	for filter, want := range map[string][]string{
		"frequency=once": {once}, "frequency=month": {monthly}, "frequency=year": {yearly},
		"subscription=active": {monthly, yearly}, "subscription=failing": {monthly}, "subscription=suspended": {},
		"frequency=year&subscription=failing": {},
	} {
		body := r.get("/staff/contributions?" + filter).body
		for _, of := range []string{once, monthly, yearly} {
			listed, wanted := strings.Contains(body, `href="/staff/contributions/`+lastOf(of)+`"`), false
			for _, w := range want {
				wanted = wanted || w == of
			}
			if listed != wanted {
				t.Errorf("%s lists %s: %t", filter, of, listed)
			}
		}
	}
	for _, odd := range []string{"frequency=weekly", "subscription=gone"} {
		if got := r.get("/staff/contributions?" + odd); got.status != 422 && got.status != 400 {
			t.Errorf("%s: %d", odd, got.status)
		}
	}
}

func lastOf(address string) string { return address[strings.LastIndex(address, "/")+1:] }

// The history says what PayPal was asked for: a subscription where the gift recurs, and an order where it does not.
func TestTheHistorySaysWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, func(d *Deps) { d.Log = quiet() })
	r := h.signedIn(account.Editor)
	begun := func(frequency, fault string) string {
		h.bank("POST", "/sandbox/faults", fault)
		in := newsroom.Intent()
		in.Frequency, in.Amount = frequency, "10.00"
		_, _ = h.Starter.Start(t.Context(), in, nil) // PayPal does not answer, or says no
		h.bank("DELETE", "/sandbox/faults", "")
		var id string
		if err := h.db.GetContext(t.Context(), &id, `SELECT id FROM contribution ORDER BY id DESC LIMIT 1`); err != nil {
			t.Fatal(err)
		}
		return "/staff/contributions/" + id
	}
	const no, silence = `"kind":"issue","issue":"PAYEE_ACCOUNT_RESTRICTED"`,
		`"kind":"status","status":503,"headers":{"Retry-After":"60"}`
	at := func(path, what string) string {
		return `{"match":{"method":"POST","path":"` + path + `"},` + what + `}`
	}
	const orders, subscriptions = "/v2/checkout/orders", "/v1/billing/subscriptions"
	for _, c := range []struct{ page, says, not string }{
		{begun("once", at(orders, no)), "PayPal refused to create the order", "subscription"},
		{begun("once", at(orders, silence)), "PayPal's answer to the order did not arrive", "subscription"},
		{begun("month", at(subscriptions, no)), "PayPal refused to create the subscription", " order "},
		{begun("year", at(subscriptions, silence)),
			"PayPal's answer to the request for a subscription did not arrive", " order "},
	} {
		told := r.get(c.page).body
		_, story, _ := strings.Cut(words(t, told), "History")
		if !strings.Contains(story, c.says) || strings.Contains(story, c.not) {
			t.Errorf("want %q and no %q in %q", c.says, c.not, story)
		}
	}
}
