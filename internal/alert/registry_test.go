package alert_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"readerfund/internal/alert"
)

// provocation makes one alert fire, by rows as the service writes them, and stop again. almost, where there is a
// threshold, is what must not be enough.
type provocation struct {
	almost, provoke, relieve func(h *house)
	says                     string // in the note, while it fires
}

func settled(h *house) {
	h.exec(`UPDATE contribution SET state = 'completed', check_at = NULL`)
	h.exec(`DELETE FROM review`)
}

func worked(h *house) {
	h.exec(`UPDATE webhook_event SET state = 'applied', due_at = NULL`)
}

// provocations has one for every alert of the registry.
func provocations() map[string]provocation {
	day := 24 * time.Hour
	return map[string]provocation{
		"approved_not_captured": {
			almost:  func(h *house) { h.contribution("approved", 20*time.Minute, "") },
			provoke: func(h *house) { h.contribution("approved", 31*time.Minute, "") },
			relieve: settled, says: "2 contributions are approved and not captured; the oldest for 33 minutes",
		},
		"subscription_not_charged": {
			almost:  func(h *house) { h.subscribed(23 * time.Hour) },
			provoke: func(h *house) { h.subscribed(25 * time.Hour) },
			relieve: settled, says: "2 subscriptions are approved and not charged; the oldest for 25 hours",
		},
		"capture_unknown": {
			almost:  func(h *house) { h.contribution("capture_unknown", 20*time.Minute, "") },
			provoke: func(h *house) { h.contribution("capture_unknown", 31*time.Minute, "") },
			relieve: settled, says: "2 captures have no known outcome; the oldest for 33 minutes",
		},
		"intents_without_order": {
			almost: func(h *house) {
				for range 4 {
					h.contribution("started", time.Minute, "")
				}
			},
			provoke: func(h *house) { h.contribution("order_unknown", time.Minute, "") },
			relieve: settled, says: "5 intents have no order or subscription at PayPal",
		},
		"orders_refused": {
			almost: func(h *house) {
				h.refusedOrder(9*day, "PAYEE_ACCOUNT_LOCKED_OR_CLOSED") // too long ago
				h.refusedOrder(20*time.Minute, "TRANSACTION_LIMIT_EXCEEDED")
				h.contribution("created", 19*time.Minute, "")
				h.refusedOrder(time.Minute, "TRANSACTION_LIMIT_EXCEEDED")
			},
			provoke: func(h *house) { h.pass(20 * time.Minute) },
			relieve: func(h *house) { h.pass(2 * time.Hour); h.contribution("created", time.Minute, "") },
			says:    "2 orders or subscriptions refused since 22 Nov 2026, 11:40 UTC: TRANSACTION_LIMIT_EXCEEDED",
		},
		"capture_pending": {
			almost:  func(h *house) { h.contribution("pending", 2*day, "") },
			provoke: func(h *house) { h.contribution("pending", 3*day, "") },
			relieve: settled, says: "2 payments are pending at PayPal; the oldest for 3 days",
		},
		"attention_waiting": {
			almost:  func(h *house) { h.contribution("completed", 23*time.Hour, "Look.") },
			provoke: func(h *house) { h.contribution("completed", day, "Look.") },
			relieve: settled, says: "2 contributions need review; the oldest for 24 hours",
		},
		"refund_stuck": {
			almost:  func(h *house) { h.refund("asked", 50*time.Minute) },
			provoke: func(h *house) { h.refund("unknown", time.Hour) },
			relieve: func(h *house) { h.exec(`UPDATE refund_request SET state = 'done', check_at = NULL`) },
			says:    "2 refund requests have no answer; the oldest for 60 minutes",
		},
		"refund_held": {
			almost:  func(h *house) { h.refund("pending", 9*day) },
			provoke: func(h *house) { h.refund("pending", 10*day) },
			relieve: func(h *house) { h.exec(`UPDATE refund_request SET state = 'done', check_at = NULL`) },
			says:    "2 refunds are pending at PayPal; the oldest for 10 days",
		},
		"change_stuck": {
			almost:  func(h *house) { h.change("asked", 50*time.Minute) },
			provoke: func(h *house) { h.change("unknown", time.Hour) },
			relieve: func(h *house) { h.exec(`UPDATE subscription_change SET state = 'done', ended_at = asked_at`) },
			says:    "2 changes of recurring gifts are not confirmed; the oldest for 60 minutes",
		},
		"dispute_due": {
			almost: func(h *house) {
				h.dispute("WAITING_FOR_SELLER_RESPONSE", 4*day)
				h.dispute("WAITING_FOR_SELLER_RESPONSE", -time.Minute) // too late to answer
				h.dispute("UNDER_REVIEW", day)
			},
			provoke: func(h *house) { h.dispute("WAITING_FOR_SELLER_RESPONSE", 3*day) },
			relieve: func(h *house) { h.exec(`UPDATE dispute SET status = 'resolved'`) }, says: "1 dispute needs a response",
		},
		"books_unexplained": {
			provoke: func(h *house) {
				h.exec(`INSERT INTO discrepancy (kind, paypal_ref, code, ours, theirs, occurred_at, state, advice, run_id, first_seen, last_seen)
					VALUES ('amount', 'CAPTURE1', 'T0006', '1.00 EUR', '2.00 EUR', $1, 'open', '', 1, $1, $1)`, h.now())
			},
			relieve: func(h *house) { h.exec(`UPDATE discrepancy SET state = 'gone'`) }, says: "1 difference is open",
		},
		"books_unchecked": {
			almost: func(h *house) {
				_, _ = h.gift(35 * time.Hour)
				h.exec(`INSERT INTO webhook_event (event_id, transmission_id, transmission_time, event_type, headers, body, received_at, state, contribution_id)
					SELECT 'WH', 'WH', $1, 'X', '{}', ''::bytea, $1, 'applied', id FROM contribution`, h.now())
			},
			provoke: func(h *house) { h.pass(time.Hour) },
			relieve: func(h *house) {
				h.exec(`INSERT INTO reconcile_run (from_at, to_at, read_to, state, follows, checked_to, started_at, seen_at) VALUES ($1, $2, $2, 'done', true, $2, $2, $2)`, h.ago(40*time.Hour), h.ago(3*time.Hour))
			}, says: "not checked for 36 hours",
		},
		"webhook_silence": {
			almost: func(h *house) {
				for n := range 9 {
					h.gift(20*time.Minute - time.Duration(n)*time.Second)
				}
			},
			provoke: func(h *house) { h.gift(10 * time.Minute) },
			relieve: func(h *house) {
				id, _ := h.gift(8 * time.Minute)
				h.event("applied", &id, "", h.now(), time.Time{}, 1)
			}, says: "10 payments in a row brought no webhook event, since 22 Nov 2026, 11:42 UTC",
		},
		"events_overdue": {
			almost:  func(h *house) { h.event("received", nil, "", h.now(), h.ago(time.Minute), 1) },
			provoke: func(h *house) { h.event("received", nil, "", h.ago(5*time.Minute), h.ago(5*time.Minute), 1) },
			relieve: worked, says: "2 events are overdue; the oldest for 7 minutes",
		},
		"events_unsettled": {
			almost:  func(h *house) { h.event("received", nil, "", h.ago(50*time.Minute), h.now().Add(time.Hour), 9) },
			provoke: func(h *house) { h.event("received", nil, "", h.ago(time.Hour), h.now().Add(time.Hour), 10) },
			relieve: worked, says: "2 events keep failing; the oldest for 62 minutes",
		},
		"events_parked": {
			provoke: func(h *house) { h.event("parked", nil, "", h.now(), time.Time{}, 20) },
			relieve: worked, says: "1 event is parked",
		},
		"forged_deliveries": {
			almost: func(h *house) { h.suspect(25 * time.Hour) },
			provoke: func(h *house) {
				h.suspect(time.Hour)
			},
			relieve: func(h *house) { h.pass(day) }, says: "1 suspect delivery in 24 hours",
		},
		"paypal_unreachable": {
			provoke: func(h *house) { h.away = h.now() },
			relieve: func(h *house) { h.away = time.Time{} }, says: "no answer for 2 minutes",
		},
		"cards_tested": {
			almost: func(h *house) {
				for range 9 {
					h.contribution("declined", 10*time.Minute, "")
				}
				h.contribution("declined", 20*time.Minute, "")
				h.contribution("completed", 10*time.Minute, "")
			},
			provoke: func(h *house) { h.contribution("declined", time.Minute, "") },
			relieve: func(h *house) { h.pass(15 * time.Minute) },
			says:    "10 cards declined and 1 payment completed of 11 contributions started",
		},
		"gifts_uncounted": {
			provoke: func(h *house) { h.uncounted, h.uncountedSince = 3, h.now() },
			relieve: func(h *house) { h.uncounted = 0 }, says: "3 gifts were let in uncounted",
		},
		"signins_refused": {
			almost:  func(h *house) { h.refusals(49, time.Minute); h.refusals(50, 16*time.Minute) },
			provoke: func(h *house) { h.refusals(1, 0) },
			relieve: func(h *house) { h.pass(16 * time.Minute) }, says: "50 refused sign-ins",
		},
		"jobs_late": {
			almost:  func(h *house) { h.job("due", h.now(), 0) },
			provoke: func(h *house) { h.job("tidy up", h.ago(6*time.Minute), 0) },
			relieve: func(h *house) { h.exec(`UPDATE queue SET held_until = $1`, h.now().Add(time.Hour)) },
			says:    "1 job is late: tidy up",
		},
		"jobs_failing": {
			almost:  func(h *house) { h.job("check", h.now().Add(time.Hour), 2) },
			provoke: func(h *house) { h.job("reconcile", h.now().Add(time.Hour), 3) },
			relieve: func(h *house) { h.exec(`UPDATE queue SET failures = 0`) }, says: "1 job fails: reconcile",
		},
		"jobs_dead": {
			almost:  func(h *house) { h.job("check", h.now().Add(time.Hour), 2) },
			provoke: func(h *house) { h.dead("send refund") },
			relieve: func(h *house) { h.exec(`DELETE FROM queue WHERE dead_at IS NOT NULL`) },
			says:    "1 piece of work is dead: send refund",
		},
		"mail_late": {
			almost:  func(h *house) { h.mail("queued", 29*time.Minute); h.mail("sent", time.Hour) },
			provoke: func(h *house) { h.mail("queued", 31*time.Minute) },
			relieve: func(h *house) { h.exec(`UPDATE mail SET state = 'sent', due_at = NULL, closed_at = $1`, h.now()) },
			says:    "2 mails wait; the oldest for",
		},
		"mail_failed": {
			almost: func(h *house) {
				for range 9 {
					h.mail("bounced", time.Hour)
				}
				h.mail("failed", 25*time.Hour)
				h.mail("off", time.Hour)
			},
			provoke: func(h *house) { h.mail("failed", time.Hour) },
			relieve: func(h *house) { h.pass(24 * time.Hour) }, says: "10 mails did not arrive",
		},
	}
}

func (h *house) mail(state string, ago time.Duration) {
	h.t.Helper()
	h.exec(`
		INSERT INTO mail (id, kind, key, recipient, args, state, created_at, wanted_at, due_at, closed_at)
		SELECT i, 'receipt', i::text, 'a@example.org', '{}', $1, $2, $2, CASE $1 WHEN 'queued' THEN $2::timestamptz END,
		       CASE WHEN $1 <> 'queued' THEN $2::timestamptz END
		FROM gen_random_uuid() i`, state, h.ago(ago))
}

func (h *house) refund(state string, ago time.Duration) {
	h.t.Helper()
	id, payment := h.gift(time.Minute)
	h.exec(`INSERT INTO refund_request (id, contribution_id, payment_id, number, form_key, amount_minor, currency, reason, actor, state, check_at, asked_at)
		VALUES (gen_random_uuid(), $1, $2, 1, $3, 100, 'EUR', '', '', $4, $5, $6)`, id, payment, fmt.Sprint(payment), state,
		h.now(), h.ago(ago))
}

func (h *house) change(state string, ago time.Duration) {
	h.t.Helper()
	id, _ := h.gift(time.Minute)
	h.exec(`
		INSERT INTO subscription (paypal_id, contribution_id, plan_id, state, status_at, seen_at, frequency, amount_minor,
		                          currency, recorded_at)
		VALUES ('I-' || $1, $1::uuid, 'P-1', 'active', $2, $2, 'month', 1000, 'EUR', $2)`, id, h.now())
	h.exec(`
		INSERT INTO subscription_change (id, contribution_id, subscription_id, kind, by_kind, state, asked_at)
		VALUES (gen_random_uuid(), $1::uuid, 'I-' || $1, 'stop', 'reader', $2, $3)`, id, state, h.ago(ago))
}

func (h *house) dispute(status string, left time.Duration) {
	h.t.Helper()
	_, payment := h.gift(time.Minute)
	h.exec(`INSERT INTO dispute (payment_id, paypal_id, status, paypal_status, stage, amount_minor, currency, respond_by, opened_at, changed_at, recorded_at)
		VALUES ($1, $2, 'open', $3, 'CHARGEBACK', 2500, 'EUR', $4, $5, $5, $5)`, payment, fmt.Sprintf("PP-%d", payment),
		status, h.now().Add(left), h.now())
}

func (h *house) suspect(ago time.Duration) {
	h.t.Helper()
	h.n++
	h.exec(`INSERT INTO suspect_delivery (transmission_id, event_id, event_type, headers, body, first_seen_at, last_seen_at) VALUES ($1, 'WH', 'X', '{}', ''::bytea, $2, $2)`,
		fmt.Sprint(h.n), h.ago(ago))
}

func (h *house) refusals(n int, ago time.Duration) {
	h.t.Helper()
	h.exec(`INSERT INTO audit_entry (at, actor, action, subject, detail) SELECT $1, 'unknown', 'staff.sign_in_failed', 'unknown', '{}' FROM generate_series(1, $2)`, h.ago(ago), n)
}

func (h *house) job(name string, due time.Time, failures int) {
	h.t.Helper()
	h.exec(`INSERT INTO queue (kind, key, plan, due_at, failures, failing_since, created_at, seen_at) VALUES ($1, '', 'every 1m0s', $2, $3, $5, $5, $4)`,
		name, due, failures, h.now(), h.ago(6*time.Minute))
}

// dead is work that was given up.
func (h *house) dead(kind string) {
	h.t.Helper()
	h.exec(`INSERT INTO queue (kind, key, failures, dead_at, created_at) VALUES ($1, 'x', 9, $2, $2)`, kind, h.now())
}

// Every alert of the registry is made to fire and to stop again. An alert without a provocation fails.
func TestEveryAlertFiresAndStops(t *testing.T) {
	t.Parallel()
	todo := provocations()
	for _, a := range alert.All() {
		p, there := todo[a.Name]
		delete(todo, a.Name)
		if !there {
			t.Errorf("nothing here makes %s fire", a.Name)
			continue
		}
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			fireAndStop(t, a, p)
		})
	}
	for name := range todo {
		t.Errorf("%s is not in the registry", name)
	}
}

func fireAndStop(t *testing.T, a alert.Alert, p provocation) {
	t.Helper()
	h := openHouse(t)
	expect := func(when, want string) {
		t.Helper()
		if got := h.firing(); got != want {
			t.Fatalf("%s: firing %q, want %q", when, got, want)
		}
		carried := fmt.Sprintf(`readerfund_alert_firing{alert=%q,severity=%q} %d`, a.Name, a.Severity,
			len(want)/max(1, len(a.Name)))
		if !strings.Contains(h.exported(), carried) {
			t.Errorf("%s: Prometheus does not read %s", when, carried)
		}
	}
	twice := func() { // the rule must say so for as long as For
		h.look()
		if a.For > 0 {
			h.pass(a.For)
			h.look()
		}
	}
	twice()
	expect("at rest", "")
	if p.almost != nil {
		p.almost(h)
		twice()
		expect("almost", "")
	}
	p.provoke(h)
	h.look()
	if a.For > 0 {
		expect("before its time", "")
		h.pass(a.For)
		h.look()
	}
	expect("provoked", a.Name)
	all, _, err := h.board.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Name == a.Name && (!strings.Contains(s.Note, p.says) || !s.Since.Equal(h.now()) || s.Items == 0) {
			t.Errorf("it says %q of %d, since %s; want %q", s.Note, s.Items, s.Since, p.says)
		}
	}
	if log := h.log.String(); strings.Count(log, "level=WARN") != 1 || !strings.Contains(log, "alert="+a.Name) {
		t.Errorf("the log says\n%s", log)
	}
	p.relieve(h)
	h.look()
	if a.For > 0 {
		expect("relieved a moment ago", a.Name)
		h.pass(a.For)
		h.look()
	}
	expect("relieved", "")
	if log := h.log.String(); strings.Count(log, "alert over") != 1 {
		t.Errorf("the log says\n%s", log)
	}
}
