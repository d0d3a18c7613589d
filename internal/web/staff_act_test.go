package web

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"readerfund/internal/account"
)

// paid is a gift of 25.00 EUR that came in through the sandbox; it gives our id, the page of staff, and PayPal's
// capture.
func (h house) paid() (id, page, capture string) {
	h.t.Helper()
	r := h.newReader()
	id, _ = r.begin(giftForm())
	h.approve(id)
	r.get("/contributions/" + id + "/return")
	if state := h.stateOf(id); state != "completed" {
		h.t.Fatalf("the gift is %s", state)
	}
	if err := h.db.GetContext(soon(h.t), &capture, `SELECT paypal_id FROM payment WHERE contribution_id = $1`,
		id); err != nil {
		h.t.Fatal(err)
	}
	return id, "/staff/contributions/" + id, capture
}

// acted are the audit entries about contributions and events, without sign-ins and looks: who, what, and the states.
func (h house) acted() (all []string) {
	h.t.Helper()
	var rows []struct {
		Actor   string `db:"actor"`
		Named   bool   `db:"named"`
		Action  string `db:"action"`
		Subject string `db:"subject"`
		Detail  []byte `db:"detail"`
	}
	err := h.db.SelectContext(soon(h.t), &rows, `
		SELECT actor, staff_id IS NOT NULL AS named, action, subject, detail FROM audit_entry
		WHERE action NOT LIKE 'staff.%' AND action NOT LIKE '%.view' ORDER BY id`)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, row := range rows {
		var detail map[string]string
		if err := json.Unmarshal(row.Detail, &detail); err != nil {
			h.t.Fatal(err)
		}
		if !row.Named || row.Subject == "" {
			h.t.Errorf("nobody or nothing is named: %+v", row)
		}
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s→%s %s", row.Actor, row.Action, detail["before"],
			detail["after"], detail["outcome"])))
	}
	return all
}

func (h house) hasActed(want ...string) {
	h.t.Helper()
	if got := h.acted(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		h.t.Errorf("the audit log has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// refundForm is the form as a browser would send it, with changes: pairs of field and value.
func (r reader) refundForm(page string, change ...string) url.Values {
	r.t.Helper()
	got := r.get(page + "/refund")
	if got.status != 200 {
		r.t.Fatalf("the form: %d\n%s", got.status, got.body)
	}
	v := inputs(r.t, got.body)
	if v.Get("key") == "" {
		r.t.Fatalf("there is no form:\n%s", words(r.t, got.body))
	}
	for i := 0; i+1 < len(change); i += 2 {
		v.Set(change[i], change[i+1])
	}
	return v
}

// lands follows the redirect of an act and gives the page it leads to.
func (r reader) lands(got reply) string {
	r.t.Helper()
	to := got.header.Get("Location")
	if got.status != 303 || !strings.HasPrefix(to, "/staff/") {
		r.t.Fatalf("got %d to %q\n%s", got.status, to, words(r.t, got.body))
	}
	page := r.get(to)
	if page.status != 200 {
		r.t.Fatalf("%s: %d", to, page.status)
	}
	return page.body
}

func TestRefundFromTheStaffPage(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	_, page, _ := h.paid()
	r := h.signedIn(account.Editor)
	says(t, r.get(page).body, "Refund…", "Ask PayPal again")
	says(t, r.get(page+"/refund").body, "Before you refund", "Full refund: €25.00", "Left to refund €25.00",
		"It cannot be undone.")

	// A part, sent twice and after the page was left and entered again: one refund.
	v := r.refundForm(page, "choice", "part", "amount", "10.00", "reason", "Paid twice", "note", "Sorry for that")
	first := r.form(page+"/refund", v)
	says(t, r.lands(first), "Refunded €10.00 was refunded to the reader.", "Partially refunded",
		"Refund requests €10.00 Completed", "Reason Paid twice", "Note to the reader Sorry for that",
		"Requested by editor@example.org", "Refund requested €10.00", "Reason: Paid twice By editor@example.org",
		"Refund completed")
	second := r.form(page+"/refund", v)
	if second.header.Get("Location") != first.header.Get("Location") {
		t.Errorf("the second press led to %q, the first to %q", second.header.Get("Location"), first.header.Get("Location"))
	}
	if n := h.number(`SELECT count(*) FROM refund`); n != 1 {
		t.Errorf("%d refunds for one form", n)
	}
	// The same form with another amount is no second refund either.
	v.Set("amount", "11.00")
	got := r.form(page+"/refund", v)
	if got.status != 409 || h.number(`SELECT count(*) FROM refund_request`) != 1 {
		t.Errorf("another amount under the same key: %d", got.status)
	}
	says(t, got.body, "sent before for another refund", "Everything left: €15.00")

	// The rest, as the form offers it.
	says(t, r.lands(r.form(page+"/refund", r.refundForm(page, "choice", "all", "reason", "And the rest"))),
		"€15.00 was refunded to the reader.", "Refunded")
	says(t, r.get(page+"/refund").body, "This payment has been refunded in full")
	if form := inputs(t, r.get(page+"/refund").body); form.Has("key") {
		t.Error("there is a form although nothing is left")
	}
	h.hasActed(
		"editor@example.org contribution.refund completed→", "editor@example.org contribution.refund_answer "+
			"completed→partially_refunded done",
		"editor@example.org contribution.refund partially_refunded→",
		"editor@example.org contribution.refund_answer partially_refunded→refunded done")
	if got := r.get("/staff/reports.csv?by=campaign").body; !strings.Contains(got, ",25.00,0.00") &&
		!strings.Contains(got, "25.00") {
		t.Errorf("the report: %s", got)
	}
}

// However impatiently the button is pressed, the money goes back once, and every press leads to the same page.
func TestTheRefundButtonPressedManyTimes(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	_, page, capture := h.paid()
	r := h.signedIn(account.Editor)
	v := r.refundForm(page, "choice", "part", "amount", "7.00", "reason", "Impatience")
	led := make([]string, 8)
	var presses sync.WaitGroup
	for i := range led {
		presses.Go(func() {
			got := r.form(page+"/refund", v)
			led[i] = fmt.Sprint(got.status, " ", got.header.Get("Location"))
		})
	}
	presses.Wait()
	for _, to := range led {
		if to != "303 "+page+"?refund=1" {
			t.Errorf("a press led to %s", to)
		}
	}
	var ledger []struct {
		Kind   string `json:"kind"`
		Amount string `json:"amount"`
	}
	if err := json.Unmarshal([]byte(h.bank("GET", "/sandbox/ledger", "")), &ledger); err != nil {
		t.Fatal(err)
	}
	theirs := 0
	for _, e := range ledger {
		if e.Kind == "refund" {
			theirs++
		}
	}
	if ours := h.number(`SELECT count(*) FROM refund r JOIN payment p ON p.id = r.payment_id WHERE p.paypal_id = $1`,
		capture); theirs != 1 || ours != 1 {
		t.Errorf("PayPal has %d refunds, we have %d", theirs, ours)
	}
	says(t, r.get(page+"?refund=1").body, "€7.00 was refunded to the reader.")
}

func TestRefundFormSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	_, page, _ := h.paid()
	r := h.signedIn(account.Editor)
	for name, c := range map[string]struct {
		change []string
		wants  []string
		input  [2]string // a field that must come back as it was typed
	}{
		"nothing filled in": {nil, []string{"Please check 2 things. Nothing was changed.",
			"Choose a full refund, or write an amount.", "Write why you refund this."}, [2]string{"amount", ""}},
		"no reason": {
			[]string{"choice", "all", "reason", " \r\n "}, []string{"Please check one thing.", "Write why you refund this."},
			[2]string{"choice", "all"},
		},
		"both": {
			[]string{"choice", "all", "amount", "5", "reason", "x"}, []string{"Choose one of the two."},
			[2]string{"amount", "5"},
		},
		"zero": {
			[]string{"choice", "part", "amount", "0", "reason", "Why not"}, []string{"above zero"},
			[2]string{"reason", "Why not"},
		},
		"negative": {
			[]string{"choice", "part", "amount", "-5", "reason", "x"}, []string{"Please check one thing."},
			[2]string{"amount", "-5"},
		},
		"more than left": {
			[]string{"choice", "part", "amount", "25,01", "reason", "x"}, []string{"At most €25 is left"},
			[2]string{"amount", "25,01"},
		},
		"which of the two": {
			[]string{"choice", "part", "amount", "1.234", "reason", "x"}, []string{"can be read as €1,234 or as €1.23."},
			[2]string{"amount", "1.234"},
		},
		"no number": {
			[]string{"choice", "part", "amount", "<b>ten", "reason", "x"}, []string{"Please check one thing."},
			[2]string{"amount", "<b>ten"},
		},
		"three decimals": {
			[]string{"choice", "part", "amount", "1.005", "reason", "x"}, []string{"Please check one thing."},
			[2]string{"amount", "1.005"},
		},
		"another currency": {
			[]string{"choice", "all", "currency", "USD", "reason", "x"}, []string{"can only be refunded in EUR"},
			[2]string{"reason", "x"},
		},
		"a long reason": {
			[]string{"choice", "all", "reason", strings.Repeat("x", 501)}, []string{"Please check one thing."},
			[2]string{"reason", strings.Repeat("x", 501)},
		},
		"a long note": {
			[]string{"choice", "all", "reason", "x", "note", strings.Repeat("y", 256)}, []string{"Please check one thing."},
			[2]string{"note", strings.Repeat("y", 256)},
		},
		"no key": {
			[]string{"choice", "all", "reason", "x", "key", ""}, []string{"load the page again"},
			[2]string{"reason", "x"},
		},
	} {
		got := r.form(page+"/refund", r.refundForm(page, c.change...))
		if got.status != 422 {
			t.Errorf("%s: %d\n%s", name, got.status, words(t, got.body))
			continue
		}
		says(t, got.body, c.wants...)
		if back := inputs(t, got.body); back.Get(c.input[0]) != c.input[1] {
			t.Errorf("%s: %s comes back as %q", name, c.input[0], back.Get(c.input[0]))
		}
		for _, m := range regexp.MustCompile(`aria-describedby="([^"]+)"`).FindAllStringSubmatch(got.body, -1) {
			for id := range strings.FieldsSeq(m[1]) {
				if !strings.Contains(got.body, `id="`+id+`"`) {
					t.Errorf("%s: aria-describedby names %q, which is not there", name, id)
				}
			}
		}
		if !strings.Contains(got.body, `role="alert" tabindex="-1" autofocus`) {
			t.Errorf("%s: the summary has no focus", name)
		}
	}
	if n := h.number(`SELECT count(*) FROM refund_request`); n != 0 {
		t.Errorf("%d refunds were asked for", n)
	}
}

// What PayPal answers to a refund is told in words that say what comes next.
func TestWhatPayPalAnswersToARefund(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault string // of the sandbox, for the refund
		says  []string
		state string
	}{
		"too old": {`{"match":{"method":"POST","path":"/v2/payments/captures/*/refund"},"kind":"status","status":422,"times":1,"body":{"name":"UNPROCESSABLE_ENTITY","message":"x","debug_id":"d","details":[{"issue":"REFUND_TIME_LIMIT_EXCEEDED","description":"x"}]}}`,
			[]string{"Not refunded PayPal did not make the refund.", "180 days", "Refund refused"}, "refused"},
		"no answer": {`{"match":{"method":"POST","path":"/v2/payments/captures/*/refund"},"kind":"reset_after","times":9}`,
			[]string{"The refund of €25.00 is not confirmed yet PayPal was asked and its answer did not arrive. Readerfund " +
				"keeps asking"}, "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := openHouse(t, nil)
			_, page, _ := h.paid()
			r := h.signedIn(account.Editor)
			v := r.refundForm(page, "choice", "all", "reason", "Asked by mail")
			h.bank("POST", "/sandbox/faults", c.fault)
			says(t, r.lands(r.form(page+"/refund", v)), c.says...)
			var state string
			if err := h.db.GetContext(soon(t), &state, `SELECT state FROM refund_request`); err != nil || state != c.state {
				t.Errorf("the request is %q, %v", state, err)
			}
			if c.state == "unknown" {
				says(t, r.get(page+"/refund").body, "A refund of 25.00 EUR is pending. Wait until PayPal has answered")
				if got := r.form(page+"/refund", url.Values{"choice": {"all"}, "left": {"25.00"}, "reason": {"x"},
					"key": {"another"}}); got.status != 409 {
					t.Errorf("a second refund beside one under way: %d", got.status)
				}
			}
		})
	}
}

// A case is told, warned of on the refund's form, accepted with a note, and noted.
func TestADisputeOnTheStaffPages(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	id, page, capture := h.paid()
	r := h.signedIn(account.Editor)
	var opened struct {
		ID string `json:"dispute_id"`
	}
	if err := json.Unmarshal([]byte(h.bank("POST", "/sandbox/captures/"+capture+"/dispute",
		`{"stage":"CHARGEBACK","fee":"16.00"}`)), &opened); err != nil || opened.ID == "" {
		t.Fatal("no case", err)
	}
	says(t, r.lands(r.form(page+"/ask", url.Values{})), "PayPal has news Dispute open at PayPal (Completed is now "+
		"Disputed).",
		"Claim: €25.00 Needs response", "The reader says that nothing was received for the money.",
		"PayPal holds the amount until it decides.", "After that PayPal decides without you.",
		"Accept the dispute…", "Held €25.00", opened.ID)
	says(t, r.lands(r.form(page+"/ask", url.Values{})), "Nothing new at PayPal")
	says(t, r.get(page+"/refund").body, "a full refund may be possible only through the dispute", "accept the dispute")
	says(t, r.get("/staff").body, "1 open dispute : PayPal may be waiting for your response.")
	says(t, r.get("/staff/contributions?status=disputed").body, "Disputed")
	says(t, r.get("/staff/reports").body, "Held", "and less what PayPal holds for open disputes")

	accept := page + "/disputes/" + opened.ID + "/accept"
	says(t, r.get(accept).body, "gets €25.00 back", "It cannot be reopened or contested.", "Accept and refund €25.00")
	got := r.form(accept, url.Values{"note": {" "}})
	if got.status != 422 {
		t.Errorf("no note: %d", got.status)
	}
	says(t, got.body, "Please check one thing. Nothing was changed.", "Write a note to PayPal: why you accept.")
	if got := r.form(page+"/disputes/PP-D-NONE/accept", url.Values{"note": {"x"}}); got.status != 404 {
		t.Errorf("a case that there is not: %d", got.status)
	}
	_, other, _ := h.paid()
	if got := r.form(other+"/disputes/"+opened.ID+"/accept", url.Values{"note": {"x"}}); got.status != 404 {
		t.Errorf("another contribution's case: %d", got.status)
	}
	first := r.form(accept, url.Values{"note": {"The reader is right."}})
	says(t, r.lands(first), "The dispute is accepted €25.00 goes back to the reader", "Lost",
		"The dispute was decided for the reader.", "Dispute fee")
	again := r.form(accept, url.Values{"note": {"The reader is right."}})
	says(t, r.lands(again), "The dispute is accepted")
	says(t, r.get(accept).body, "There is nothing left to accept. The dispute was decided for the reader.")
	if n := h.number(`SELECT count(*) FROM audit_entry WHERE action = 'contribution.accept_dispute'`); n != 2 {
		t.Errorf("%d audit entries of one acceptance: asked, and answered", n)
	}

	says(t, r.lands(r.form(page+"/notes", url.Values{"note": {"Called the reader.\n<b>Settled.</b>"}})), "Note saved",
		"Note", "Called the reader. <b>Settled.</b>", "By editor@example.org")
	got = r.form(page+"/notes", url.Values{"note": {strings.Repeat("x", 1001)}})
	if back := inputs(t, got.body); got.status != 422 || len(back.Get("note")) != 1001 {
		t.Errorf("a note that is too long: %d, %d characters come back", got.status, len(back.Get("note")))
	}
	if state := h.stateOf(id); state != "reversed" && state != "refunded" {
		t.Errorf("the contribution is %s", state)
	}
}

// What needs a person does so until somebody says what they found, each thing by itself.
func TestSomebodyHasLooked(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	id, page, _ := h.paid()
	const why = "PayPal captured 20.00 EUR, but the reader chose 25.00 EUR."
	const also = "PayPal captured the payment 2 times: A, B."
	first, second := h.needsAPerson(id, why, noon()), h.needsAPerson(id, also, noon())
	viewer := h.signedIn(account.Viewer).get(page).body
	says(t, viewer, why, also)
	if strings.Contains(viewer, "/looked") {
		t.Error("a viewer is asked what they found")
	}
	r := h.signedIn(account.Editor)
	looked := func(number int64, found string) reply {
		return r.form(page+"/looked", url.Values{"review": {fmt.Sprint(number)}, "found": {found}})
	}
	if got := looked(second, " "); got.status != 422 || !strings.Contains(got.body, "Write what you found") ||
		!strings.Contains(got.body, fmt.Sprintf(`id="found-%d-error"`, second)) {
		t.Errorf("without a word: %d", got.status)
	}
	for _, other := range []int64{0, -1, second + 1000} {
		if got := looked(other, "Fine."); got.status != 409 {
			t.Errorf("at another thing: %d", got.status)
		}
	}
	says(t, r.lands(looked(first, "She changed it at PayPal.")),
		"Marked as reviewed", "Needs review", also, "Reviewed by staff", "She changed it at PayPal.")
	if got := looked(first, "Once more."); got.status != 409 {
		t.Errorf("twice: %d", got.status)
	}
	says(t, r.lands(looked(second, "Given back.")), "Marked as reviewed", "Given back.")
	if strings.Contains(r.get(page).body, `id="watch"`) || strings.Contains(r.get("/staff").body, "to look at") {
		t.Error("it still needs a person")
	}
}

func TestAskPayPalThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	_, page, _ := h.paid()
	r := h.signedIn(account.Editor)
	h.bank("POST", "/sandbox/faults", `{"match":{"method":"GET","path":"/v2/*"},"kind":"status","status":503}`)
	says(t, r.lands(r.form(page+"/ask", url.Values{})), "PayPal did not answer Nothing has changed here.", "Completed")
	h.hasActed("editor@example.org contribution.ask_paypal completed→completed no answer")
}

func TestReplayFromTheInbox(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	id := h.book(booked{Receipt: "AAAA-0001", Minor: 2500, Fee: 98, At: noon()})
	parked := h.hook("WH-1", "PAYMENT.CAPTURE.COMPLETED", "CAP1", "parked", "PayPal did not answer.", id, noon())
	for i := range 3 {
		h.hook(fmt.Sprint("WH-MORE-", i), "PAYMENT.CAPTURE.COMPLETED", "CAP2", "parked", "PayPal did not answer.", id, noon())
	}
	r := h.signedIn(account.Editor)
	page := fmt.Sprintf("/staff/inbox/%d", parked)
	says(t, r.get(page).body, "Replay")
	for range 2 { // the second press finds nothing to do
		says(t, r.lands(r.form(page+"/replay", url.Values{})), "The event is being replayed", "Received")
	}
	if strings.Contains(r.get(page).body, "/replay") {
		t.Error("what waits already is offered to be worked on again")
	}
	says(t, r.get("/staff/inbox?state=parked").body, "Replay all 3")
	says(t, r.lands(r.form("/staff/inbox/replay", url.Values{})), "3 events are being replayed")
	says(t, r.lands(r.form("/staff/inbox/replay", url.Values{})), "Nothing was parked")
	for _, none := range []string{"999999", "x", "0"} {
		if got := r.form("/staff/inbox/"+none+"/replay", url.Values{}); got.status != 404 {
			t.Errorf("%s: %d", none, got.status)
		}
	}
	h.hasActed(slices.Repeat([]string{"editor@example.org inbox.replay parked→received"}, 4)...)
	says(t, h.signedIn(account.Admin).get("/staff/audit?subject=wh-1").body, "Replayed a PayPal event Parked → Received",
		"editor@example.org", "WH-1", "attempts 1")
}

func TestAuditPage(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	id := h.book(booked{Receipt: "AAAA-0001", Minor: 2500, Fee: 98, At: noon()})
	r := h.signedIn(account.Admin)
	says(t, r.get("/staff/audit").body, "Signed in", "admin@example.org", "Added an account", "command line")
	for i := range 120 {
		h.exec(`INSERT INTO audit_entry (at, actor, action, subject, detail) VALUES ($1, 'ann@example.org',
			'contribution.note', 'AAAA-0001', jsonb_build_object('note', $2::text, 'contribution', $3::text))`,
			noon().Add(time.Duration(i)*time.Second), fmt.Sprintf("<b>note %03d</b>", i), id.String())
	}
	var seen []string
	pages := 0
	for next := "/staff/audit?actor=ANN@example.org"; next != ""; pages++ {
		page := r.get(next).body
		for _, m := range regexp.MustCompile(`&lt;b&gt;note (\d+)`).FindAllStringSubmatch(page, -1) {
			seen = append(seen, m[1])
		}
		if strings.Contains(page, "<b>note") || strings.Contains(page, "Signed in") {
			t.Error("markup, or another's act, is on the page")
		}
		if !strings.Contains(page, `href="/staff/contributions/`+id.String()+`">AAAA-0001`) {
			t.Error("the contribution is not linked")
		}
		next = ""
		if m := regexp.MustCompile(`href="(/staff/audit\?[^"]*after=[^"]*)"`).FindStringSubmatch(page); m != nil {
			next = html.UnescapeString(m[1])
		}
	}
	if pages != 3 || len(seen) != 120 || seen[0] != "119" || seen[119] != "000" ||
		!slices.IsSortedFunc(seen, func(a, b string) int { return strings.Compare(b, a) }) {
		t.Errorf("%d pages, %d entries", pages, len(seen))
	}
	for address, want := range map[string]string{
		"/staff/audit?after=x": "Start again from the first page.", "/staff/audit?actor=%00": "That cannot be searched for",
		"/staff/audit?subject=%ff": "That cannot be searched for",
	} {
		got := r.get(address)
		if got.status != 422 {
			t.Errorf("%s: %d", address, got.status)
		}
		says(t, got.body, want)
	}
	says(t, r.get("/staff/audit?subject=BBBB-0001").body, "Nothing matches.")
}

// The page on which a dispute is accepted names the day by which to contest it, and says when that day is over.
func TestAcceptingNamesTheLastDay(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	accept := "/staff/contributions/" + h.withCase().String() + "/disputes/PP-D-1/accept"
	r := h.signedIn(account.Editor)
	says(t, r.get(accept).body, "respond in PayPal's Resolution Center by 2 Dec 2026")
	h.exec(`UPDATE dispute SET respond_by = $1`, noon().Add(-time.Hour))
	late := r.get(accept).body
	says(t, late, "The time to respond ended on 22 Nov 2026")
	saysNot(t, late, "Resolution Center by")
}
