package e2e

import "time"

// F3: PayPal does what it is asked, and its answer does not come: the connection is reset, cut in the middle, silent
// until it dies, or a gateway in between answers with a 5xx.
func unknownOutcomes(h *house) {
	post := fields{"method": "POST", "path": "/v2/checkout/*"}
	h.during(400*time.Millisecond, fields{"kind": "reset_after", "percent": 60, "match": post})
	h.during(300*time.Millisecond, fields{"kind": "status", "status": either(h, 500, 502, 503), "when": "after", "percent": 60, "match": post})
	h.during(300*time.Millisecond, fields{"kind": "reset_before", "percent": 60, "match": fields{"path": "/v2/*"}})
	h.during(300*time.Millisecond, fields{"kind": "timeout_after", "delay": "900ms", "percent": 60, "match": post})
	for _, toxic := range []fields{{"bytes": 120}, {"timeout": 150}} {
		if _, cut := toxic["bytes"]; cut {
			h.toPayPal.poison("limit_data", "downstream", 0.7, toxic)
		} else {
			h.toPayPal.poison("timeout", "downstream", 0.7, toxic)
		}
		time.Sleep(300 * time.Millisecond)
		h.toPayPal.heal()
	}
	h.toPayPal.poison("reset_peer", "upstream", 0.7, fields{"timeout": 20})
	time.Sleep(300 * time.Millisecond)
	h.toPayPal.heal()
}

// F4: outcomes are left unknown, and nobody is there to ask until PayPal has long forgotten the request ids, which it
// keeps for six hours. By then approvals that nobody captured have lapsed.
func forgottenRequests(h *house) {
	h.bank.fault(fields{"kind": "drop_webhook", "match": fields{"event": "CHECKOUT.*"}})
	h.bank.fault(fields{"kind": "drop_webhook", "match": fields{"event": "PAYMENT.CAPTURE.COMPLETED"}})
	h.bank.fault(fields{"kind": "reset_after", "percent": 70, "match": fields{"method": "POST", "path": "/v2/checkout/orders/*/capture"}})
	time.Sleep(500 * time.Millisecond)
	h.crowd.leave()
	for _, v := range h.services {
		v.kill()
	}
	h.calm()
	h.hours(7)
	for _, v := range h.services {
		v.restart()
	}
	h.crowd = h.another(h.bases()...)
}

// hours moves PayPal's clock on.
func (h *house) hours(n int) {
	h.t.Helper()
	h.hopeless = true // news of an approval that lapsed is about an order that PayPal no longer knows
	h.bank.must("POST", "/sandbox/clock", fields{"advance": (time.Duration(n) * time.Hour).String()}, nil)
	h.crowd.lapsed = []string{"expired", "declined", "cancelled"}
}

// another is a crowd that goes on where the first one left.
func (h *house) another(bases ...string) *crowd {
	h.t.Helper()
	before := h.crowd
	c := h.gather(0, 0, bases...)
	c.endings, c.pause, c.gifts, c.lapsed = before.endings, before.pause, before.gifts, before.lapsed
	c.begin(3, h.round.seed+1)
	return c
}

// F12: some webhooks never arrive.
func droppedWebhooks(h *house) {
	h.reconcile = true
	h.during(1500*time.Millisecond, fields{"kind": "drop_webhook", "percent": either(h, 10, 50, 100)})
}

// F13: nobody is there for four days. PayPal has given up sending webhooks by then.
func downForDays(h *house) {
	h.reconcile, h.givenUp = true, true
	h.crowd.leave()
	for n, v := range h.services {
		if n > 0 {
			v.kill()
		}
	}
	// The last one hears nothing of what is approved while it still answers readers.
	h.toUs.close()
	h.crowd = h.another(h.services[0].base)
	h.givenAtLeast(h.crowd.gave() + 6)
	h.crowd.leave()
	h.services[0].kill()
	h.hours(4 * 24)
	time.Sleep(300 * time.Millisecond) // in which PayPal tries for the last time
	h.toUs.open()
	for _, v := range h.services {
		v.restart()
	}
	h.struck++
	h.crowd = h.another(h.bases()...)
}

// F27: PayPal asks for patience, forgets the token it gave, or says that it does not know it.
func rateLimits(h *house) {
	h.during(400*time.Millisecond, fields{"kind": "status", "status": 429, "percent": 50, "headers": fields{"Retry-After": "1"}, "match": fields{"path": "/v2/*"}})
	for range 5 {
		h.bank.must("POST", "/sandbox/tokens/revoke", nil, nil)
		h.struck++
		time.Sleep(100 * time.Millisecond)
	}
	h.during(400*time.Millisecond, fields{"kind": "status", "status": 401, "percent": 30, "match": fields{"path": "/v2/*"}})
	h.during(300*time.Millisecond, fields{"kind": "status", "status": 503, "match": fields{"path": "/v1/oauth2/token"}})
}

// F26: money goes back, of many gifts, with every piece of news twice and out of order.
func moneyBack(h *house) {
	h.bank.fault(fields{"kind": "duplicate_webhook", "percent": 50})
	h.bank.fault(fields{"kind": "reorder_webhooks", "percent": 50})
	h.givenAtLeast(h.crowd.gave() + 12)
	var worse int
	if err := h.db.GetContext(h.t.Context(), &worse, `
		SELECT count(*) FROM (SELECT 1 FROM ledger_entry GROUP BY payment_id
			HAVING sum(amount_minor) FILTER (WHERE kind IN ('charge', 'refund', 'reversal')) < 0) AS t`); err != nil {
		h.t.Fatal(err)
	}
	if worse > 0 {
		h.t.Errorf("of %d payments more went back than came in", worse)
	}
}
