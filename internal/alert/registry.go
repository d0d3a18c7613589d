package alert

import (
	"fmt"
	"strings"
	"time"

	"readerfund/internal/health"
)

// The thresholds. What waits is looked at by the sweep long before these; so when they are passed, something is broken.
const (
	approvedTooLong   = 30 * time.Minute   // the sweep looks at least every ten minutes
	uncertainTooLong  = 30 * time.Minute   // so does it here
	orderlessTooMany  = 5                  // a few are readers who met a hiccup
	orderlessTooLong  = 5 * time.Hour      // PayPal forgets an order after three, and the sweep then ends the intent
	noOrderTooMany    = 3                  // some are of one reader's: an amount, a currency
	noOrderTooLong    = 15 * time.Minute   // and that reader has chosen another by now, or PayPal takes no gift at all
	pendingTooLong    = 3 * 24 * time.Hour // a review takes PayPal one to three days
	attentionTooLong  = 24 * time.Hour     // the overview shows them at once
	overdueTooLong    = 5 * time.Minute    // workers look every second
	unsettledTooLong  = time.Hour          // some ten tries
	silenceMany       = 10                 // gifts in a row: enough by themselves
	silenceFew        = 3                  // enough when they also took silenceFewOver
	silenceFewOver    = time.Hour          //
	cardsTooMany      = 10                 // in a quarter of an hour, and more than gifts that were paid
	refusalsTooMany   = 50                 // in a quarter of an hour; one newsroom's slips are a handful
	refundTooLong     = time.Hour          // ten or so tries
	refundHeldTooLong = 10 * 24 * time.Hour
	uncheckedTooLong  = 36 * time.Hour // it runs every night, and PayPal's record is up to three hours behind
)

// All lists every alert there is.
func All() []Alert {
	return append(moneyAlerts(), append(newsAlerts(), houseAlerts()...)...)
}

// moneyAlerts are about money that does not arrive, or whose way is not certain.
func moneyAlerts() []Alert {
	return []Alert{
		{
			Name: "approved_not_captured", Severity: Urgent, For: 2 * time.Minute, Path: "/staff/contributions?status=approved",
			Summary: "Readers approved their payment at PayPal half an hour ago or more, and it has not been captured.",
			Advice: "An approval expires after three hours. Check whether PayPal answers (`readerfund doctor`, " +
				"status.paypal.com) and what the log says about these contributions; they are captured automatically once it does.",
			rule: older(approvedTooLong, "contribution is approved and not captured", "contributions are approved and not captured",
				func(v health.Snapshot) health.Backlog { return v.Approved }),
		},
		{
			Name: "capture_unknown", Severity: Urgent, For: 2 * time.Minute, Path: "/staff/contributions?status=capture_unknown",
			Summary: "PayPal was asked to capture a payment half an hour ago or more, and we still do not know whether it did.",
			Advice:  "Nothing is lost: PayPal is asked again every few minutes, under the same request ID. Check whether PayPal answers, and look for the payment in PayPal itself.",
			rule:    older(uncertainTooLong, "capture has no known outcome", "captures have no known outcome", func(v health.Snapshot) health.Backlog { return v.CaptureUnknown }),
		},
		{
			Name: "intents_without_order", Severity: Urgent, For: 5 * time.Minute, Path: "/staff/contributions?status=order_unknown",
			Summary: "Readers wanted to give and PayPal created no order for them: they saw an apology instead of PayPal's page.",
			Advice:  "Nobody was charged. Run `readerfund doctor`: PayPal may be down, the client secret may have been changed, or the account may be restricted.",
			rule: func(v health.Snapshot) reading {
				r := atLeast(orderlessTooMany, "intent has no order at PayPal", "intents have no order at PayPal", func(v health.Snapshot) health.Backlog { return v.WithoutOrder })(v)
				r.wrong = r.wrong || v.WithoutOrder.Age(v.At) >= orderlessTooLong
				return r
			},
		},
		{
			Name: "orders_refused", Severity: Urgent, Path: "/staff/contributions?status=failed",
			Summary: "PayPal refuses to create orders: readers who want to give are turned away.",
			Advice: "Nobody was charged. The alert names PayPal's code, and the page of each failed contribution says what it means. " +
				"PAYEE_ACCOUNT_…: PayPal has restricted or closed your account; sign in to PayPal and do what it asks for. " +
				"CURRENCY_…: remove the currency from the campaign, or enable it at PayPal. " +
				"…LIMIT…: a limit of your account; PayPal's support can raise it. " +
				"Any other code: run `readerfund doctor`, and ask PayPal's support about the code. " +
				"The alert ends with the next order that PayPal creates.",
			rule: ordersRefused,
		},
		{
			Name: "capture_pending", Severity: Soon, Path: "/staff/contributions?status=pending",
			Summary: "A payment has been pending at PayPal for three days or more.",
			Advice:  "The contribution's page gives PayPal's reason. Where it says that the payment is waiting for you, sign in to PayPal and accept it, or it goes back to the reader. A payment from a bank account is settled within about ten days, without anybody's help.",
			rule:    older(pendingTooLong, "payment is pending at PayPal", "payments are pending at PayPal", func(v health.Snapshot) health.Backlog { return v.Pending }),
		},
		{
			Name: "attention_waiting", Severity: Soon, Path: "/staff/contributions?attention=1",
			Summary: "A contribution has needed review for a day.",
			Advice:  "Open it: its page says what does not match, and what can be done.",
			rule:    older(attentionTooLong, "contribution needs review", "contributions need review", func(v health.Snapshot) health.Backlog { return v.ToReview }),
		},
		{
			Name: "refund_stuck", Severity: Soon,
			Summary: "A refund was requested an hour ago or more, and PayPal has not answered.",
			Advice:  "The request is sent again automatically, and cannot be paid twice. If PayPal answers other requests, look at the payment in PayPal before promising the reader anything.",
			rule:    older(refundTooLong, "refund request has no answer", "refund requests have no answer", func(v health.Snapshot) health.Backlog { return v.Refunds }),
		},
		{
			Name: "refund_held", Severity: Soon,
			Summary: "A refund has been pending at PayPal for ten days or more.",
			Advice:  "PayPal is usually waiting for the money from a bank account. Check in PayPal, and keep money in the balance.",
			rule:    older(refundHeldTooLong, "refund is pending at PayPal", "refunds are pending at PayPal", func(v health.Snapshot) health.Backlog { return v.RefundsHeld }),
		},
		{
			Name: "dispute_due", Severity: Urgent, Path: "/staff/contributions?status=disputed",
			Summary: "A reader disputes a payment, and PayPal wants our response within three days.",
			Advice:  "Respond in PayPal's Resolution Center, or accept the dispute on the contribution's page. Without a response PayPal decides for the reader, and may charge a fee.",
			rule:    atLeast(1, "dispute needs a response", "disputes need a response", func(v health.Snapshot) health.Backlog { return v.Disputes }),
		},
		{
			Name: "books_unexplained", Severity: Soon, Path: "/staff/reconciliation",
			Summary: "PayPal's record and our books differ, and the reconciliation could not fix it.",
			Advice:  "The reconciliation page lists each difference with what can be done about it.",
			rule:    atLeast(1, "difference is open", "differences are open", func(v health.Snapshot) health.Backlog { return v.Unexplained }),
		},
		{
			Name: "books_unchecked", Severity: Soon, Path: "/staff/reconciliation",
			Summary: "The books have not been compared with PayPal's record for a day and a half.",
			Advice:  "See what the last check says, then run one yourself: `readerfund reconcile`. It needs the app's permission for Transaction Search.",
			rule: func(v health.Snapshot) reading {
				r := reading{items: v.Unreconciled.Count, oldest: v.Unreconciled.Oldest, wrong: v.Unreconciled.Age(v.At) >= uncheckedTooLong}
				if r.items > 0 {
					r.note = "not checked for " + span(v.Unreconciled.Age(v.At))
				}
				return r
			},
		},
	}
}

// ordersRefused is the rule of orders_refused. One refusal may be one reader's amount. It is more when no order was
// made for a while after it, or when there are several, in a row or between others that went well.
func ordersRefused(v health.Snapshot) reading {
	seen := v.OrdersRefused
	if v.OrdersRefusedNow.Count > seen.Count {
		seen = v.OrdersRefusedNow
	}
	r := reading{items: seen.Count, oldest: seen.Oldest}
	r.wrong = seen.Count >= noOrderTooMany || v.OrdersRefused.Age(v.At) >= noOrderTooLong
	if seen.Count > 0 {
		r.note = fmt.Sprintf("%s refused since %s: %s", noun(seen.Count, "order", "orders"),
			seen.Oldest.Format("2 Jan 2006, 15:04 MST"), strings.Join(seen.Names, ", "))
	}
	return r
}

// newsAlerts are about PayPal's webhooks.
func newsAlerts() []Alert {
	return []Alert{
		{
			Name: "webhook_silence", Severity: Urgent, For: 2 * time.Minute,
			Summary: "Payments come in, but PayPal's webhook events do not: the latest payments in a row brought none.",
			Advice:  "Payments are still found by asking PayPal, only later. Run `readerfund webhook register`, compare PAYPAL_WEBHOOK_ID, and see whether PayPal can reach BASE_URL; the webhook log at developer.paypal.com says what was answered. The alert ends with the next payment whose event arrives.",
			rule:    silent,
		},
		{
			Name: "events_overdue", Severity: Urgent, For: 2 * time.Minute, Path: "/staff/inbox?state=received",
			Summary: "PayPal's webhook events arrive and are stored, but are not processed.",
			Advice:  "Nothing is lost. Check whether a `readerfund serve` is running and what it logs; if it is only slow, start another one.",
			rule:    older(overdueTooLong, "event is overdue", "events are overdue", func(v health.Snapshot) health.Backlog { return v.Overdue }),
		},
		{
			Name: "events_unsettled", Severity: Soon, For: 2 * time.Minute, Path: "/staff/inbox?state=received",
			Summary: "A webhook event has failed for an hour or more.",
			Advice:  "The event's page says what went wrong. It is retried for about eight hours, then parked.",
			rule:    older(unsettledTooLong, "event keeps failing", "events keep failing", func(v health.Snapshot) health.Backlog { return v.Unsettled }),
		},
		{
			Name: "events_parked", Severity: Urgent, Path: "/staff/inbox?state=parked",
			Summary: "A webhook event was parked after many failed attempts: what it reports may be missing in the books.",
			Advice:  "The event's page says what went wrong. Once that is fixed, replay it there, or replay all of them with `readerfund inbox replay --parked`.",
			rule:    atLeast(1, "event is parked", "events are parked", func(v health.Snapshot) health.Backlog { return v.Parked }),
		},
		{
			Name: "forged_deliveries", Severity: Soon, Path: "/staff/inbox#suspects",
			Summary: "In the last 24 hours, a webhook delivery was refused that carried another body under a genuine signature.",
			Advice:  "Nothing was booked from it. Someone has a copy of one of PayPal's deliveries: find out where your logs or proxies keep them.",
			rule:    atLeast(1, "suspect delivery in 24 hours", "suspect deliveries in 24 hours", func(v health.Snapshot) health.Backlog { return v.Suspects }),
		},
	}
}

// silent is the rule of webhook_silence. A single gift without an event is no news: PayPal can be late with one. Many in a
// row are, at once; a few in a row are when they did not all fall into one short moment.
func silent(v health.Snapshot) reading {
	s := v.Silence
	r := reading{items: s.Run, oldest: s.Since}
	if s.Run > 0 {
		r.note = fmt.Sprintf("%s in a row brought no webhook event, since %s", noun(s.Run, "payment", "payments"), s.Since.Format("2 Jan 2006, 15:04 MST"))
	}
	r.wrong = s.Run >= silenceMany || s.Run >= silenceFew && v.At.Sub(s.Since) >= silenceFewOver
	return r
}

// houseAlerts are about the service itself.
func houseAlerts() []Alert {
	named := func(rule func(health.Snapshot) reading, backlog func(health.Snapshot) health.Backlog) func(health.Snapshot) reading {
		return func(v health.Snapshot) reading {
			r := rule(v)
			if names := backlog(v).Names; len(names) > 0 {
				r.note += ": " + strings.Join(names, ", ")
			}
			return r
		}
	}
	late := func(v health.Snapshot) health.Backlog { return v.JobsLate }
	failed := func(v health.Snapshot) health.Backlog { return v.JobsFailed }
	dead := func(v health.Snapshot) health.Backlog { return v.JobsDead }
	return []Alert{
		{
			Name: "paypal_unreachable", Severity: Urgent, For: 2 * time.Minute,
			Summary: "PayPal does not answer: no contribution can be made, and PayPal cannot be asked about earlier ones.",
			Advice: "Readers are told to try again later; nobody is charged. Run `readerfund doctor` and see " +
				"status.paypal.com: PayPal may be down, the client secret may have been changed, or this machine's outgoing " +
				"connections may be blocked. What is waiting is resumed automatically.",
			rule: func(v health.Snapshot) reading {
				r := reading{items: v.PayPalAway.Count, oldest: v.PayPalAway.Oldest, wrong: v.PayPalAway.Count > 0}
				if r.wrong {
					r.note = "no answer for " + span(v.PayPalAway.Age(v.At))
				}
				return r
			},
		},
		{
			Name: "cards_tested", Severity: Urgent, Path: "/staff/contributions?status=declined",
			Summary: "Cards are being tested: within a quarter of an hour, more cards were declined than payments completed.",
			Advice: "Thieves try out stolen card numbers with small payments. Their addresses are slowed and then refused " +
				"automatically. Raise MIN_AMOUNT for a few days, lower the GIFT_LIMIT settings (docs/abuse.md), and tell PayPal's " +
				"support before it asks you. Refund what was paid with strangers' cards before their owners dispute it.",
			rule: cardsTested,
		},
		{
			Name: "gifts_uncounted", Severity: Soon,
			Summary: "Gifts could not be counted against their limits (docs/abuse.md) within the last ten minutes; they are let in uncounted.",
			Advice: "No gift is lost, and no more than the free share of GIFT_LIMIT_ALL passes in each process. The log says why " +
				"(\"a gift could not be counted\"): a statement that holds rows of `rate_limit`, missing rights on that table, or a " +
				"database that is too slow for the gifts that come.",
			rule: func(v health.Snapshot) reading {
				r := reading{items: v.Uncounted.Count, oldest: v.Uncounted.Oldest, wrong: v.Uncounted.Count > 0}
				if r.wrong {
					r.note = noun(r.items, "gift was", "gifts were") + " let in uncounted"
				}
				return r
			},
		},
		{
			Name: "signins_refused", Severity: Soon,
			Summary: "Very many sign-ins to the staff pages were refused within a quarter of an hour: someone may be guessing passwords.",
			Advice:  "Guessing is slowed down automatically. See in the proxy's log where it comes from, and block it there.",
			rule:    atLeast(refusalsTooMany, "refused sign-in", "refused sign-ins", func(v health.Snapshot) health.Backlog { return v.SignInsRefused }),
		},
		{
			Name: "jobs_late", Severity: Urgent, For: 2 * time.Minute, Path: "/staff/work",
			Summary: "Background work is due and no process does it.",
			Advice:  "Look at the log of every `readerfund serve`, and check whether their clocks agree.",
			rule:    named(atLeast(1, "job is late", "jobs are late", late), late),
		},
		{
			Name: "jobs_failing", Severity: Soon, Path: "/staff/work",
			Summary: "A periodic job failed three times in a row or more, for five minutes.",
			Advice:  "The page “Background work” says why, and the log.",
			rule:    named(atLeast(1, "job fails", "jobs fail", failed), failed),
		},
		{
			Name: "jobs_dead", Severity: Soon, Path: "/staff/work",
			Summary: "Background work failed for so long that it was given up.",
			Advice: "The page “Background work” says why. When the reason is gone, have it tried again there; " +
				"discard what is no longer needed.",
			rule: named(atLeast(1, "piece of work is dead", "pieces of work are dead", dead), dead),
		},
	}
}

// cardsTested is the rule of cards_tested. Declined cards are everyday news as long as more are not.
func cardsTested(v health.Snapshot) reading {
	r := reading{items: v.CardsDeclined.Count, oldest: v.CardsDeclined.Oldest}
	r.wrong = v.CardsDeclined.Count >= cardsTooMany && v.CardsDeclined.Count > v.Completed.Count
	if v.CardsDeclined.Count > 0 {
		r.note = fmt.Sprintf("%s declined and %s completed of %s started", noun(v.CardsDeclined.Count, "card", "cards"),
			noun(v.Completed.Count, "payment", "payments"), noun(v.Started.Count, "contribution", "contributions"))
	}
	return r
}
