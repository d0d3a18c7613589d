package web

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"readerfund/internal/admission"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/settle"
	"readerfund/internal/testkit/newsroom"
	"readerfund/internal/web/gift"
)

const (
	programsGift = `{"campaign":"support","amount":"25.00","currency":"EUR","frequency":"once"`
	fewLimits    = int64(5)
)

// few are limits that let every address begin five gifts without a word.
func few() admission.Config {
	some := admission.Allowance{Free: fewLimits, Most: 30}
	return admission.Config{Address: some, Network: some, All: some, Work: 500}
}

// beside is another process: a pool and a gate of its own, on the same database and the same PayPal.
func (h house) beside(c admission.Config, now time.Time) house {
	h.t.Helper()
	pool, err := db.Open(h.t.Context(), h.db.URL(), db.Options{})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = pool.Close() })
	other := openHouse(h.t, func(d *Deps) {
		d.SecretKey, d.ApprovalOrigins = h.SecretKey, h.ApprovalOrigins
		d.Contributions = contribution.New(contribution.Config{
			DB: pool, Campaigns: h.Campaigns, Limits: newsroom.Limits(), SweepEvery: time.Minute, Now: h.Now,
		})
		services := settle.New(settle.Config{
			DB: pool, PayPal: payPalAt(h.t, h.paypal), Contributions: d.Contributions, Campaigns: h.Campaigns,
			BaseURL: h.BaseURL, Publication: h.PublicationName, SweepEvery: time.Minute, Now: h.Now, Log: quiet(),
		})
		h.t.Cleanup(services.Close)
		d.Starter, d.Settler, d.Disputes = services.Starter, services.Settler, services.Disputes
	})
	other.db = pool
	other.limit(c, now)
	return other
}

// used is what the limits remember of gifts: the most of address, network and all.
func (h house) used(c admission.Config, now time.Time) float64 {
	h.t.Helper()
	var at int64
	err := h.db.GetContext(h.t.Context(), &at, `
		SELECT coalesce(max(free_at), 0) FROM rate_limit WHERE key LIKE 'gift a%' OR key LIKE 'gift network%'`)
	if err != nil {
		h.t.Fatal(err)
	}
	every := admission.Window / time.Duration(c.All.Most)
	return max(0, float64(at-now.UnixMicro())/float64(every.Microseconds()))
}

// Fifty copies of one gift over three processes, far more than may be begun without a word: each is answered with the
// same gift, and it is counted once.
func TestCopiesOfAGiftAreCountedOnce(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	now := h.Now()
	doors := []house{h, h.beside(few(), now), h.beside(few(), now)}
	h.limit(few(), now)
	for round := range 4 {
		key, answers := fmt.Sprint("copies ", round), make([]reply, 50)
		var copies sync.WaitGroup
		for n := range answers {
			door := doors[n%3].newReader()
			copies.Go(func() { answers[n] = door.sendJSON(programsGift+`}`, "Idempotency-Key", key) })
		}
		copies.Wait()
		for n, got := range answers {
			if got.status != 201 || got.body != answers[0].body {
				t.Errorf("copy %d: %d %s", n, got.status, got.body)
			}
		}
		if used := h.used(few(), now); used != float64(round+1) || h.count() != round+1 {
			t.Errorf("%d gifts, %v counted", h.count(), used)
		}
	}
}

// A copy of a key is never asked for a proof, and never lets another gift in: not after it was declined or refused, not
// with other content, and not when what it stands for was none.
func TestAKeyLetsOneGiftIn(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.Log = quiet() })
	now := h.Now()
	clock := h.limit(few(), now)
	give := func(key, fields string) reply {
		t.Helper()
		return h.newReader().sendJSON(programsGift+fields+`}`, "Idempotency-Key", key)
	}
	first := give("declined", "")
	h.exec(`UPDATE contribution SET state = 'declined'`)
	h.bank("POST", "/sandbox/faults", `{"kind":"issue","issue":"PAYEE_ACCOUNT_RESTRICTED","times":1,`+
		`"match":{"method":"POST","path":"/v2/checkout/orders"}}`)
	if got := give("refused", ""); first.status != 201 || got.status != 502 {
		t.Fatalf("%d, %d %s", first.status, got.status, got.body)
	}
	for range fewLimits - 2 {
		give("", "")
	}
	clock.Add((20 * time.Second).Microseconds()) // the marks of keys just let in are gone
	give("", "")
	if got := give("another", ""); got.status != 429 {
		t.Fatalf("the limit is not reached: %d", got.status)
	}
	before := h.count()
	for name, want := range map[string]int{"declined": 201, "refused": 502} {
		for range 10 {
			if got := give(name, ""); got.status != want {
				t.Errorf("%s again: %d %s", name, got.status, got.body)
			}
			if got := give(name, `,"message":"another"`); got.status != 409 {
				t.Errorf("%s with other content: %d", name, got.status)
			}
		}
	}
	if got := give("slip", `,"email":"x"`); got.status != 422 {
		t.Errorf("a slip: %d", got.status)
	}
	for _, key := range []string{"slip", "another", ""} {
		if got := give(key, ""); got.status != 429 {
			t.Errorf("%q after what was no gift: %d", key, got.status)
		}
	}
	if h.count() != before {
		t.Errorf("%d gifts came of copies", h.count()-before)
	}
}

// An order that PayPal refuses was asked for, whatever the reason: the limits are there for that, too.
func TestAnAmountThatPayPalRefusesIsCounted(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.Log = quiet() })
	h.limit(few(), h.Now())
	h.bank("POST", "/sandbox/faults", `{"kind":"issue","issue":"MAX_VALUE_EXCEEDED",`+
		`"match":{"method":"POST","path":"/v2/checkout/orders"}}`)
	for n := range fewLimits + 1 {
		want := map[bool]int{true: 422, false: 429}[n < fewLimits]
		if got := h.newReader().send(giftForm()); got.status != want {
			t.Errorf("gift %d: %d", n, got.status)
		}
	}
}

// Somebody holds a row that all gifts count in: gifts are let in uncounted, up to the free share, and the others are
// put off. When it is free again, they are counted again.
func TestAGiftIsNotLostToItsCount(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.Log = quiet() })
	now := h.Now()
	h.limit(few(), now)
	h.newReader().begin(giftForm())
	tx, err := h.db.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err = tx.ExecContext(t.Context(), `SELECT * FROM rate_limit WHERE key = 'gift all' FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	statuses, answers := map[int]int64{}, make([]reply, fewLimits+2)
	var readers sync.WaitGroup
	for n := range answers {
		r := h.newReader()
		readers.Go(func() { answers[n] = r.send(giftForm()) })
	}
	readers.Wait()
	for _, got := range answers {
		statuses[got.status]++
		if got.status == 503 && (got.header.Get("Retry-After") == "" || !strings.Contains(got.body, "Nothing was charged")) {
			t.Errorf("put off: %v\n%s", got.header, got.body)
		}
	}
	if statuses[303] != fewLimits || statuses[503] != 2 {
		t.Errorf("answered %v", statuses)
	}
	if gifts, since := h.Gate.Uncounted(); gifts != fewLimits || !since.Equal(time.UnixMicro(now.UnixMicro())) {
		t.Errorf("%d uncounted since %v", gifts, since)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	h.newReader().begin(giftForm())
	if used := h.used(few(), now); used != 2 {
		t.Errorf("%v counted", used)
	}
}

// A form without a key, as the appeal sends it without JavaScript, gets one where it is sent once more: however often
// that button is pressed, it stays one gift.
func TestAFormSentOnceMoreHasAKey(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(d *Deps) { d.Log = quiet() })
	h.bank("POST", "/sandbox/faults", `{"kind":"status","status":503,"match":{"path":"/v2/checkout/orders"}}`)
	retry := h.newReader().send(giftForm())
	h.bank("DELETE", "/sandbox/faults", "")
	h.limit(few(), h.Now())
	for range fewLimits {
		h.newReader().begin(giftForm())
	}
	moment := h.newReader().send(giftForm())
	before := h.count()
	for what, page := range map[string]reply{"not now": retry, "one moment": moment} {
		form := inputs(t, page.body)
		if page.status != 503 && page.status != 429 || form.Get("idempotency_key") == "" {
			t.Fatalf("%s: %d\n%s", what, page.status, page.body)
		}
		solution := solved(t, h.newReader().send(giftForm()).body)
		form.Set(gift.SolutionField, solution)
		for range 2 {
			if got := h.newReader().send(form); got.status != 303 {
				t.Errorf("%s: %d\n%s", what, got.status, got.body)
			}
		}
	}
	if h.count() != before+2 {
		t.Errorf("%d gifts, want 2", h.count()-before)
	}
}
