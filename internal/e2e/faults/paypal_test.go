package faults

import (
	"time"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// F3: PayPal does what it is asked, and its answer does not come: the connection is reset, cut in the middle, silent
// until it dies, or a gateway in between answers with a 5xx.
func unknownOutcomes(h *fixture) {
	post := testkit.Fields{"method": "POST", "path": "/v2/checkout/*"}
	h.faultFor(400*time.Millisecond, testkit.Fields{"kind": "reset_after", "percent": 60, "match": post})
	h.faultFor(
		300*time.Millisecond,
		testkit.Fields{"kind": "status", "status": oneOf(h, 500, 502, 503), "when": "after", "percent": 60, "match": post},
	)
	h.faultFor(
		300*time.Millisecond,
		testkit.Fields{"kind": "reset_before", "percent": 60, "match": testkit.Fields{"path": "/v2/*"}},
	)
	h.faultFor(
		300*time.Millisecond,
		testkit.Fields{"kind": "timeout_after", "delay": "900ms", "percent": 60, "match": post},
	)
	for _, toxic := range []testkit.Fields{{"bytes": 120}, {"timeout": 150}} {
		if _, cut := toxic["bytes"]; cut {
			h.toPayPal.addToxic("limit_data", "downstream", 0.7, toxic)
		} else {
			h.toPayPal.addToxic("timeout", "downstream", 0.7, toxic)
		}
		time.Sleep(300 * time.Millisecond)
		h.toPayPal.reset()
	}
	h.toPayPal.addToxic("reset_peer", "upstream", 0.7, testkit.Fields{"timeout": 20})
	time.Sleep(300 * time.Millisecond)
	h.toPayPal.reset()
}

// F4: outcomes are left unknown, and nobody is there to ask until PayPal has long forgotten the request ids, which it
// keeps for six hours. By then approvals that nobody captured have lapsed.
func forgottenRequests(h *fixture) {
	h.PayPal.Fault(testkit.Fields{"kind": "drop_webhook", "match": testkit.Fields{"event": "CHECKOUT.*"}})
	h.PayPal.Fault(testkit.Fields{"kind": "drop_webhook", "match": testkit.Fields{"event": "PAYMENT.CAPTURE.COMPLETED"}})
	h.PayPal.Fault(
		testkit.Fields{
			"kind":    "reset_after",
			"percent": 70,
			"match":   testkit.Fields{"method": "POST", "path": "/v2/checkout/orders/*/capture"},
		},
	)
	time.Sleep(500 * time.Millisecond)
	for end := time.Now().Add(time.Minute); h.hits() == 0 && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	h.load.Stop()
	for _, v := range h.processes {
		v.Kill()
	}
	h.clearFaults()
	h.advanceClock(7)
	for _, v := range h.processes {
		v.Restart()
	}
	h.load = h.continueLoad(h.baseURLs()...)
}

// advanceClock moves PayPal's clock on.
func (h *fixture) advanceClock(n int) {
	h.T.Helper()
	h.hopeless = true // news of an approval that lapsed is about an order that PayPal no longer knows
	h.PayPal.Must("POST", "/sandbox/clock", testkit.Fields{"advance": (time.Duration(n) * time.Hour).String()}, nil)
	h.load.Lapsed = []string{"expired", "declined", "cancelled"}
}

// continueLoad is a crowd that goes on where the first one left.
func (h *fixture) continueLoad(bases ...string) *harness.Load {
	h.T.Helper()
	before := h.load
	c := h.NewLoad(0, 0, bases...)
	c.Continue(before)
	c.AddReaders(3, h.round.seed+1)
	return c
}

// F12: some webhooks never arrive.
func droppedWebhooks(h *fixture) {
	h.reconcile = true
	h.faultFor(1500*time.Millisecond, testkit.Fields{"kind": "drop_webhook", "percent": oneOf(h, 10, 50, 100)})
}

// F13: nobody is there for four days. PayPal has given up sending webhooks by then.
func downForDays(h *fixture) {
	h.reconcile, h.givenUp = true, true
	h.load.Stop()
	for n, v := range h.processes {
		if n > 0 {
			v.Kill()
		}
	}
	// The last one hears nothing of what is approved while it still answers readers.
	h.toService.close()
	h.load = h.continueLoad(h.processes[0].BaseURL)
	h.waitForGifts(h.load.Given() + 6)
	h.load.Stop()
	h.processes[0].Kill()
	h.advanceClock(4 * 24)
	time.Sleep(300 * time.Millisecond) // in which PayPal tries for the last time
	h.toService.open()
	for _, v := range h.processes {
		v.Restart()
	}
	h.struck++
	h.load = h.continueLoad(h.baseURLs()...)
}

// F27: PayPal asks for patience, forgets the token it gave, or says that it does not know it.
func rateLimits(h *fixture) {
	h.faultFor(
		400*time.Millisecond,
		testkit.Fields{
			"kind":    "status",
			"status":  429,
			"percent": 50,
			"headers": testkit.Fields{"Retry-After": "1"},
			"match":   testkit.Fields{"path": "/v2/*"},
		},
	)
	for range 5 {
		h.PayPal.Must("POST", "/sandbox/tokens/revoke", nil, nil)
		h.struck++
		time.Sleep(100 * time.Millisecond)
	}
	h.faultFor(
		400*time.Millisecond,
		testkit.Fields{"kind": "status", "status": 401, "percent": 30, "match": testkit.Fields{"path": "/v2/*"}},
	)
	// Who has a token asks for none: it is taken away once the fault waits for them.
	h.PayPal.Fault(testkit.Fields{"kind": "status", "status": 503, "match": testkit.Fields{"path": "/v1/oauth2/token"}})
	h.PayPal.Must("POST", "/sandbox/tokens/revoke", nil, nil)
	h.awaitHit(300 * time.Millisecond)
}

// F26: money goes back, of many gifts, with every piece of news twice and out of order.
func moneyBack(h *fixture) {
	h.PayPal.Fault(testkit.Fields{"kind": "duplicate_webhook", "percent": 50})
	h.PayPal.Fault(testkit.Fields{"kind": "reorder_webhooks", "percent": 50})
	h.waitForGifts(h.load.Given() + 12)
	var worse int
	if err := h.DB.GetContext(h.T.Context(), &worse, `
		SELECT count(*) FROM (SELECT 1 FROM ledger_entry GROUP BY payment_id
			HAVING sum(amount_minor) FILTER (WHERE kind IN ('charge', 'refund', 'reversal')) < 0) AS t`); err != nil {
		h.T.Fatal(err)
	}
	if worse > 0 {
		h.T.Errorf("of %d payments more went back than came in", worse)
	}
}
