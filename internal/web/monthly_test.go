package web

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"readerfund/internal/subscription"
	"readerfund/internal/testkit"
)

// gives is a reader whose one-time gift of 25.00 EUR came in.
func (h house) gives(change ...string) (r reader, id string) {
	h.t.Helper()
	r = h.newReader()
	id, _ = r.begin(giftForm(change...))
	h.approve(id)
	if got := r.get("/contributions/" + id + "/return"); got.status != 303 {
		h.t.Fatalf("return: %d\n%s", got.status, got.body)
	}
	return r, id
}

// answers presses a button of the question on a gift's thanks page.
func (r reader) answers(id, answer string, more ...string) reply {
	r.t.Helper()
	form := url.Values{"answer": {answer}}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return r.form("/contributions/"+id+"/monthly", form)
}

const makeItMonthly = "Make it monthly?"

func (r reader) isAsked(id string) bool {
	r.t.Helper()
	return strings.Contains(r.get("/contributions/"+id+"/thanks").body, makeItMonthly)
}

// following is the id of the gift that follows another.
func (h house) following(id string) (next string) {
	h.t.Helper()
	if err := h.db.GetContext(h.t.Context(), &next, `SELECT id FROM contribution WHERE idempotency_key = $1`,
		"§follows:"+id); err != nil {
		h.t.Fatal(err)
	}
	return next
}

// The question has two equal buttons, no first, nothing ticked, and says when and how much; a no is remembered.
func TestMakeItMonthlyIsAskedOnce(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r, id := h.gives()
	page := r.get("/contributions/" + id + "/thanks")
	first := subscription.MonthsLater(h.Now(), 1).Format("January 2006")
	page.says(t, "the thanks page", makeItMonthly, "€4 a month", first, "PayPal account for it", "We ask this only once.")
	_, form, _ := strings.Cut(page.body, `action="/contributions/`+id+`/monthly"`)
	form, _, _ = strings.Cut(form, "</form>")
	no, yes := strings.Index(form, `value="no"`), strings.Index(form, `value="yes"`)
	if no < 0 || yes < no || strings.Count(form, `class="button quiet"`) != 2 || strings.Contains(form, "<input") {
		t.Errorf("the form is %s", form)
	}
	if got := r.answers(id, "no"); got.status != 303 || r.isAsked(id) {
		t.Errorf("after a no: %d, asked again: %t", got.status, r.isAsked(id))
	}
	if h.count() != 1 || testkit.Count(t, h.db, "monthly_answer WHERE answer = 'no'") != 1 {
		t.Error("a no began something, or was not kept")
	}
	if got := r.answers(id, "perhaps"); got.status != 422 {
		t.Errorf("neither yes nor no: %d", got.status)
	}
}

// Only the browser that gave is asked and may answer, and no other site's page can answer for it.
func TestMakeItMonthlyIsAskedInTheReadersOwnBrowser(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r, id := h.gives()
	other := h.newReader()
	if page := other.get(h.thanksAddress(id)); page.status != 200 || strings.Contains(page.body, makeItMonthly) {
		t.Errorf("another browser: %d, asked", page.status)
	}
	if got := other.answers(id, "yes"); got.status != 404 || h.count() != 1 {
		t.Errorf("another browser answers: %d", got.status)
	}
	got := r.do("POST", "/contributions/"+id+"/monthly", "answer=yes", "Content-Type", "application/x-www-form-urlencoded",
		"Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site")
	if got.status != http.StatusForbidden || h.count() != 1 {
		t.Errorf("another site's page: %d", got.status)
	}
}

func TestMakeItMonthlyIsNotAskedWhereItMakesNoSense(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	r, id := h.gives("email", "ada@example.org")
	for _, state := range []string{"pending", "refunded", "partially_refunded", "disputed", "reversed", "declined"} {
		h.exec(`UPDATE contribution SET state = $2 WHERE id = $1`, id, state)
		if r.isAsked(id) {
			t.Errorf("asked of a gift that is %s", state)
		}
	}
	h.exec(`UPDATE contribution SET state = 'completed', completed_at = completed_at - interval '28 days' WHERE id = $1`,
		id)
	if r.isAsked(id) {
		t.Error("asked when the first charge would be tomorrow")
	}
	if got := r.answers(id, "yes"); got.status != 303 ||
		!strings.HasPrefix(got.header.Get("Location"), "/contributions/") {
		t.Errorf("a yes from an old page: %d to %s", got.status, got.header.Get("Location"))
	}
	h.exec(`UPDATE contribution SET completed_at = $2 WHERE id = $1`, id, h.Now())
	h.exec(`INSERT INTO monthly_suggestion VALUES ('EUR', 2501, 400)`)
	if r.isAsked(id) {
		t.Error("asked after a gift below the table")
	}
	h.exec(`DELETE FROM monthly_suggestion`)
	if !r.isAsked(id) {
		t.Fatal("not asked at all any more")
	}
	monthly, recurring := h.subscribes("month", "5")
	if r.isAsked(id) {
		t.Error("asked of somebody who gives monthly")
	}
	if monthly.isAsked(recurring) {
		t.Error("asked after a monthly gift")
	}
	if got := r.answers(id, "yes"); got.status != 303 || h.count() != 2 {
		t.Errorf("a yes of somebody who gives monthly: %d, %d contributions", got.status, h.count())
	}
}

// A yes is for the amount of our table, whatever the form says; sent at once and again, it is one gift.
func TestAYesIsOneGiftOfTheAmountThatWasAskedFor(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	h.exec(`INSERT INTO monthly_suggestion VALUES ('EUR', 1000, 300), ('EUR', 5000, 900)`)
	r, id := h.gives("name", "Ada Reader", "email", "ada@example.org", "message", "For the river.")
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			got := r.answers(id, "yes", "amount", "900.00", "first_charge_at", "2020-01-01", "frequency", "year")
			if got.status != 303 || !strings.HasPrefix(got.header.Get("Location"), h.paypal) {
				t.Errorf("%d to %s", got.status, got.header.Get("Location"))
			}
		})
	}
	all.Wait()
	next := h.following(id)
	n := testkit.Count(t, h.db, `contribution f JOIN contribution g ON g.id = $2
		WHERE f.id = $1 AND f.amount_minor = 300 AND f.frequency = 'month' AND f.name = g.name AND f.email = g.email AND f.message = '' AND f.article = g.article
		AND f.campaign_id = g.campaign_id
		AND f.first_charge_at = date_trunc('second', g.completed_at + interval '1 month')`, next, id)
	if n != 1 || h.count() != 2 {
		t.Errorf("%d of %d contributions are as they should be", n, h.count())
	}
	h.exec(`DELETE FROM monthly_suggestion`) // what is asked for by now changes nothing of it
	if got := r.answers(id, "yes"); got.status != 303 || h.count() != 2 || r.isAsked(id) {
		t.Errorf("once more: %d, %d contributions", got.status, h.count())
	}
	if got := r.answers(id, "no"); got.status != 303 ||
		testkit.Count(t, h.db, "monthly_answer WHERE answer = 'yes'") != 1 {
		t.Errorf("a no after the yes: %d", got.status)
	}
}

// From the yes over PayPal to the page that says when the first charge is; stopped before it, nothing is charged.
func TestAYesBeginsInAMonth(t *testing.T) {
	t.Parallel()
	for _, waitsAs := range []string{"active", "approved"} {
		h := openHouse(t, nil)
		h.bank("POST", "/sandbox/billing", `{"future_start":"`+waitsAs+`"}`)
		r, id := h.gives("email", "ada@example.org")
		r.answers(id, "yes")
		next := h.following(id)
		thanks := r.get(r.get(h.agree(next)).header.Get("Location"))
		month := subscription.MonthsLater(h.Now(), 1).Format("January 2006")
		thanks.says(t, waitsAs, "Thank you.", "PayPal takes the first €4 on", month, "First payment", "Stop it")
		if strings.Contains(thanks.body, makeItMonthly) || testkit.Count(t, h.db, "payment") != 1 {
			t.Errorf("%s: asked again, or something was charged", waitsAs)
		}
		if got := r.answers(id, "yes"); got.header.Get("Location") != h.thanksAddress(next) {
			t.Errorf("%s: a yes again leads to %s", waitsAs, got.header.Get("Location"))
		}
		gift := r.get(h.link(next))
		gift.says(t, waitsAs, "PayPal takes the first payment on", "Nothing has been charged yet.", "Stop this gift")
		own := h.letIn("ada@example.org").get("/manage")
		own.says(t, waitsAs, "First payment on")
		r.press(h.link(next), "stop").says(t, waitsAs, "It ended on", "Nothing more is charged.")
		r.get("/contributions/"+next+"/thanks").says(t, waitsAs, "stopped before the first payment")
		if h.stateOf(next) != "cancelled" {
			t.Errorf("%s: it stands at %s", waitsAs, h.stateOf(next))
		}
	}
}

// Where PayPal does not answer, the page says so and lets the reader try once more: the same gift.
func TestAYesThatPayPalDoesNotAnswer(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.Log = quiet() })
	r, id := h.gives()
	h.bank("POST", "/sandbox/faults", `{"kind":"status","status":503,"times":9,"match":{"path":"/v1/billing/*"}}`)
	page := r.answers(id, "yes")
	page.says(t, "without an answer", makeItMonthly, "€4 a month", "Thank you.", `role="alert"`)
	if page.status != 503 {
		t.Errorf("it is %d", page.status)
	}
	h.bank("DELETE", "/sandbox/faults", "")
	if got := r.answers(id, "yes"); got.status != 303 || !strings.HasPrefix(got.header.Get("Location"), h.paypal) {
		t.Errorf("once more: %d to %s\n%s", got.status, got.header.Get("Location"), got.body)
	}
	if h.count() != 2 {
		t.Errorf("%d contributions", h.count())
	}
}

// Where many gifts are begun at once, a yes takes the same proof as any gift, and comes back to its own address.
func TestAYesIsCountedAsAGift(t *testing.T) {
	t.Parallel()
	h, _ := crowdedHouse(t, 1)
	r, id := h.gives()
	page := r.answers(id, "yes")
	if page.status != 429 || !strings.Contains(page.body, `action="/contributions/`+id+`/monthly"`) {
		t.Fatalf("%d\n%s", page.status, page.body)
	}
	form := inputs(t, page.body)
	form.Set("altcha", solved(t, page.body))
	if got := r.form("/contributions/"+id+"/monthly", form); got.status != 303 {
		t.Errorf("solved: %d\n%s", got.status, got.body)
	}
}
