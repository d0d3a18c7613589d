package web

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"readerfund/internal/testkit"
)

// subscription is PayPal's id of what a reader was sent to approve.
func (h house) subscription(id string) (paypalID string) {
	h.t.Helper()
	err := h.db.GetContext(h.t.Context(), &paypalID, `SELECT subscription_id FROM contribution WHERE id = $1`, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return paypalID
}

// agree has the payer agree to what waits for them at PayPal, and gives where PayPal sends them then.
func (h house) agree(id string) (to string) {
	h.t.Helper()
	var answer struct {
		To string `json:"return_url"`
	}
	testkit.PayPalAt(h.t, h.paypal).Must("POST", "/sandbox/subscriptions/"+h.subscription(id)+"/approve",
		testkit.Fields{"payer": testkit.Fields{"email": "ada@example.org"}}, &answer)
	return strings.TrimPrefix(answer.To, h.base)
}

// subscribes gives by the form, agrees at PayPal and comes back: the reader's browser, and the gift.
func (h house) subscribes(frequency, amount string) (r reader, id string) {
	h.t.Helper()
	r = h.newReader()
	id, _ = r.begin(giftForm("frequency", frequency, "amount", amount, "email", "ada@example.org"))
	if got := r.get(h.agree(id)); got.status != 303 {
		h.t.Fatalf("return: %d\n%s", got.status, got.body)
	}
	return r, id
}

// link is the one that a mail about a gift carries.
func (h house) link(id string) string {
	return strings.TrimPrefix(h.ManageLinks.Links.Subscription(uuid.MustParse(id)), h.base)
}

// press presses the button of a gift's page that says so, as a browser would, and gives the page that follows.
func (r reader) press(page, act string, more ...string) reply {
	r.t.Helper()
	shown := r.get(page)
	if !strings.Contains(shown.body, `value="`+act+`"`) {
		r.t.Fatalf("there is no button %s\n%s", act, shown.body)
	}
	form := url.Values{"act": {act}}
	if key := inputs(r.t, shown.body).Get("key"); key != "" {
		form.Set("key", key)
	}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	path, _, _ := strings.Cut(page, "?")
	got := r.form(path, form)
	if got.status == 303 && strings.HasPrefix(got.header.Get("Location"), "/") {
		return r.get(got.header.Get("Location"))
	}
	return got
}

func (r reply) says(t *testing.T, what string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(strings.ReplaceAll(r.body, "\u00a0", " "), text) {
			t.Errorf("%s: %d lacks %q\n%s", what, r.status, text, r.body)
		}
	}
}

func TestAMonthlyGiftFromTheFormToItsEnd(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r, id := h.subscribes("month", "10")
	thanks := r.get("/contributions/" + id + "/thanks")
	thanks.says(t, "thanks", "Thank you.", "€10 a month, from", "Amount, each month", "Next payment", "Pause or stop it",
		"/manage/gift/"+id+"?key=")
	// With the page's key alone nobody stops it.
	if shown := h.newReader().get(h.thanksAddress(id)); strings.Contains(shown.body, "/manage/gift/") {
		t.Error("whoever holds the thanks page's key gets the link that stops the gift")
	}
	// Two clicks from any mail: the link, and the button.
	mail := h.newReader()
	page := mail.get(h.link(id))
	page.says(t, "from a mail", "€10 a month", "takes the next payment on", "Stop this gift")
	mail.press(h.link(id), "stop").says(t, "stopped", "<title>Your gift is stopped", "Nothing more is charged",
		"It ended on")
	if state := h.number(`SELECT count(*) FROM subscription WHERE state = 'cancelled' AND ended_by = 'reader'`); state != 1 {
		t.Error("it is not cancelled by its reader")
	}
	// Pressed again, as in a tab that was open before.
	key := inputs(t, page.body).Get("key")
	again := mail.form("/manage/gift/"+id, url.Values{"act": {"stop"}, "key": {key}})
	if again.status != 303 {
		t.Errorf("stopped twice: %d\n%s", again.status, again.body)
	}
	late := mail.form("/manage/gift/"+id, url.Values{"act": {"pause-1"}, "key": {key}})
	if late.status != 409 {
		t.Errorf("paused after its end: %d", late.status)
	}
	late.says(t, "paused after its end", "already ended")
	r.get("/contributions/"+id+"/thanks").says(t, "thanks, later", "Your gift has ended")
}

func TestAReaderPausesResumesAndChanges(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	_, id := h.subscribes("month", "10")
	ada := h.letIn("ada@example.org")
	page := "/manage/gift/" + id
	ada.get("/manage").says(t, "own page", "Monthly and yearly gifts", "€10.00 a month", "Next payment on", page)
	ada.press(page, "pause-2").says(t, "paused", "<title>Your gift is paused", "It is paused. Nothing is charged before")
	ada.press(page, "resume").says(t, "resumed", "<title>Your gift has resumed", "takes the next payment on")
	ada.press(page, "change", "amount", "7", "frequency", "month").says(t, "less", "€7 a month", "has changed")
	// For more PayPal wants the reader's consent: there, and back.
	to := ada.press(page, "change", "amount", "12.50", "frequency", "month")
	if to.status != 303 || !strings.HasPrefix(to.header.Get("Location"), h.paypal) {
		t.Fatalf("more: %d %s\n%s", to.status, to.header.Get("Location"), to.body)
	}
	ada.get(page).says(t, "before consent", "PayPal asks you to agree", "Continue at PayPal", "€7 a month")
	back := ada.get(h.agree(id))
	if back.status != 303 || back.header.Get("Location") != page {
		t.Fatalf("back: %d %s\n%s", back.status, back.header.Get("Location"), back.body)
	}
	ada.get(page).says(t, "after consent", "€12.50 a month", "has changed")
	for amount, want := range map[string]string{
		"": "amount", "0.10": "least", "1,000,000": "most", "ten": "digits", "5 USD": "EUR",
	} {
		got := ada.press(page, "change", "amount", amount, "frequency", "month")
		if got.status != 422 || !strings.Contains(got.body, `id="amount-error"`) {
			t.Errorf("%q (%s): %d\n%s", amount, want, got.status, got.body)
		}
	}
	// An amount with two readings is asked back, and one of them can be chosen.
	ada.press(page, "change", "amount", "12.000", "frequency", "month").says(t, "two readings",
		"can be read as €12,000 or as €12", `name="meant" value="12.00"`, `name="amount" type="text" inputmode="decimal" autocomplete="off" maxlength="32" value=""`)
	ada.press(page, "change", "amount", "", "meant", "12.00", "frequency", "month").says(t, "chosen", "€12 a month")
	// Another frequency needs consent as well; turned back, everything stays.
	ada.press(page, "change", "amount", "60", "frequency", "year")
	var change string
	if err := h.db.GetContext(t.Context(), &change, `SELECT id FROM subscription_change WHERE state = 'approval'`); err != nil {
		t.Fatal(err)
	}
	if got := ada.get("/manage/changes/" + change + "/cancel"); got.status != 303 {
		t.Fatalf("turned back: %d\n%s", got.status, got.body)
	}
	ada.get(page).says(t, "turned back", "€12 a month", "Nothing was changed")
	// Another reader cannot have the change looked at.
	h.repeats("bob@example.org", "BBBB-2222", "month", "active")
	if got := h.letIn("bob@example.org").get("/manage/changes/" + change + "/return"); got.status != 404 {
		t.Errorf("another's change: %d", got.status)
	}
	// What still runs is stopped before its reader is erased.
	for _, got := range []reply{ada.get("/manage/erase"), ada.form("/manage/erase", nil)} {
		got.says(t, "erase", "Stop this first", page)
	}
	ada.press(page, "stop").says(t, "stopped", "Your gift is stopped")
	ada.form("/manage/erase", nil).says(t, "erased", "Your data is erased")
}

// A session opens the receipts of one's own gifts, and nobody else's.
func TestAReaderFindsReceiptsOnTheirOwnPage(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	_, id := h.subscribes("month", "10")
	if err := h.Receipts.Issue(t.Context()); err != nil {
		t.Fatal(err)
	}
	list := "/contributions/" + id + "/receipt"
	ada := h.letIn("ada@example.org")
	ada.get("/manage").says(t, "own page", list, "Statement for ")
	if got := ada.get(list); got.status != 200 {
		t.Errorf("one's own receipts: %d\n%s", got.status, got.body)
	}
	h.repeats("bob@example.org", "BBBB-2222", "month", "active")
	if got := h.letIn("bob@example.org").get(list); got.status != 404 {
		t.Errorf("another's receipts: %d", got.status)
	}
}
