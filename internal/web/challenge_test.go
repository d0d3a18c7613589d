package web

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"readerfund/internal/admission"
)

// crowdedHouse lets each address begin so many gifts without a word; its clock is moved by the second result.
func crowdedHouse(t *testing.T, free int64) (house, func(time.Duration)) {
	t.Helper()
	h := openHouse(t, nil)
	clock := h.limit(admission.Config{
		Address: admission.Allowance{Free: free, Most: 30}, Network: admission.Allowance{Free: 60, Most: 60},
		All: admission.Allowance{Free: 60, Most: 60}, Work: 500,
	}, h.Now())
	return h, func(d time.Duration) { clock.Add(d.Microseconds()) }
}

func solved(t *testing.T, page string) string {
	t.Helper()
	c := challengeIn(page)
	if c == nil {
		t.Fatalf("no challenge:\n%s", page)
	}
	solution, _, err := c.Solve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return solution
}

// The page between the form and PayPal keeps everything that was typed, and each solution is taken once.
func TestTheChallengeIsSolvedOnce(t *testing.T) {
	t.Parallel()
	h, _ := crowdedHouse(t, 1)
	h.newReader().begin(giftForm())
	r := h.newReader()
	page := r.send(giftForm("name", `Ada "the" Reader`, "message", "one\ntwo", "cover_fee", "true"))
	header := page.header
	if page.status != 429 || header.Get("Retry-After") == "" || header.Get("Set-Cookie") != "" || h.count() != 1 {
		t.Fatalf("%d %v, %d contributions", page.status, page.header, h.count())
	}
	form := inputs(t, page.body)
	if form.Get("name") != `Ada "the" Reader` || form.Get("message") != "one\ntwo" || form.Get("cover_fee") != "true" {
		t.Errorf("the form holds %v", form)
	}
	form.Set("altcha", solved(t, page.body))
	if got := r.send(form); got.status != 303 {
		t.Fatalf("solved: %d\n%s", got.status, got.body)
	}
	form.Set("idempotency_key", "another gift")
	again := h.newReader().send(form)
	if again.status != 429 || challengeIn(again.body) == nil || h.count() != 2 {
		t.Errorf("the same solution again: %d, %d contributions", again.status, h.count())
	}
}

// Without JavaScript: wait, then press the button. Too early shows the rest of the time; each turn is taken once, from
// the address it was given to, and a bounded number of them.
func TestTheWayWithoutJavaScript(t *testing.T) {
	t.Parallel()
	h, pass := crowdedHouse(t, 1)
	h.newReader().begin(giftForm())
	turn := func(page reply) (value string) {
		t.Helper()
		form := inputs(t, page.body)
		return form.Get("turn")
	}
	page := h.newReader().send(giftForm())
	mine := turn(page)
	if mine == "" || !strings.Contains(page.body, "wait 20 seconds") {
		t.Fatalf("no turn:\n%s", page.body)
	}
	pass(15 * time.Second)
	early := h.newReader().send(giftForm("turn", mine))
	if early.status != 429 || turn(early) != mine || !strings.Contains(early.body, "wait 5 seconds") {
		t.Errorf("too early: %d, turn %q\n%s", early.status, turn(early), early.body)
	}
	pass(6 * time.Second)
	if got := h.newReader().send(giftForm("turn", mine)); got.status != 303 {
		t.Fatalf("in time: %d\n%s", got.status, got.body)
	}
	if got := h.newReader().send(giftForm("turn", mine)); got.status != 429 || turn(got) == mine {
		t.Errorf("once more: %d", got.status)
	}
	for n := range 10 {
		next := turn(h.newReader().send(giftForm()))
		pass(21 * time.Second)
		got := h.newReader().send(giftForm("turn", next))
		if got.status == 429 && turn(got) == "" {
			return // the address has had its turns
		}
		if got.status != 303 {
			t.Fatalf("turn %d: %d", n, got.status)
		}
	}
}

func TestAProgramIsToldWhatToSolve(t *testing.T) {
	t.Parallel()
	h, _ := crowdedHouse(t, 1)
	h.newReader().begin(giftForm())
	const body = `{"campaign":"support","amount":"25.00","currency":"EUR","frequency":"once"`
	got := h.newReader().sendJSON(body + `}`)
	told := problem(t, got)
	if got.status != 429 || told.Status != 429 || told.Challenge == nil || got.header.Get("Retry-After") == "" {
		t.Fatalf("%d %+v", got.status, told)
	}
	solution, _, err := told.Challenge.Solve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(solution)
	if got = h.newReader().sendJSON(body + `,"altcha":` + string(text) + `}`); got.status != 201 {
		t.Errorf("solved: %d %s", got.status, got.body)
	}
}

// Slips in a form count for nothing, a paid gift is taken out, and a declined card counts for many.
func TestWhatBecomesOfAGiftCounts(t *testing.T) {
	t.Parallel()
	h, _ := crowdedHouse(t, 3)
	for range 6 {
		if got := h.newReader().send(giftForm("amount", "no amount")); got.status != 422 {
			t.Fatalf("a slip: %d", got.status)
		}
	}
	r := h.newReader()
	id, _ := r.begin(giftForm())
	h.approve(id)
	r.get("/contributions/" + id + "/return?token=" + h.orderOf(id))
	if h.stateOf(id) != "completed" {
		t.Fatalf("%s", h.stateOf(id))
	}
	if err := h.Gate.CountOutcomes(soon(t)); err != nil {
		t.Fatal(err)
	}
	var last string
	for range 3 {
		last, _ = h.newReader().begin(giftForm())
	}
	if got := h.newReader().send(giftForm()); got.status != 429 {
		t.Errorf("the fourth that is not paid: %d", got.status)
	}
	for range 2 { // two declined cards are the most of this address, 3 + 2 × 14 of 30
		h.exec(`UPDATE contribution SET state = 'declined' WHERE id = $1`, last)
		if err := h.Gate.CountOutcomes(soon(t)); err != nil {
			t.Fatal(err)
		}
		if err := h.db.GetContext(t.Context(), &last, `SELECT contribution_id FROM gift_origin LIMIT 1`); err != nil {
			t.Fatal(err)
		}
	}
	got := h.newReader().send(giftForm())
	form := inputs(t, got.body)
	if c := challengeIn(got.body); got.status == 429 && c != nil {
		form.Set("altcha", solved(t, got.body))
		got = h.newReader().send(form)
	}
	if got.status != 429 || challengeIn(got.body) != nil || !strings.Contains(got.body, "Please try again in") {
		t.Errorf("after two declined cards: %d\n%s", got.status, got.body)
	}
	if err := h.Gate.Tidy(soon(t)); err != nil {
		t.Error(err)
	}
}

// A browser that has begun five gifts lately is asked, whatever its address says.
func TestABrowserIsLimitedToo(t *testing.T) {
	t.Parallel()
	h, _ := crowdedHouse(t, 30)
	r := h.newReader()
	for range 5 {
		r.begin(giftForm())
	}
	if got := r.send(giftForm()); got.status != 429 || challengeIn(got.body) == nil {
		t.Errorf("the sixth in one browser: %d", got.status)
	}
	if got := h.newReader().send(giftForm()); got.status != 303 {
		t.Errorf("the first in another: %d", got.status)
	}
}
