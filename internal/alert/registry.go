package alert

import (
	"fmt"
	"strings"
	"time"

	"readerfund/internal/report"
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
			Summary: "Readers approved their gift at PayPal, and the money has not been taken for half an hour.",
			Advice: "PayPal drops an approval after three hours. Look whether PayPal answers (`readerfund doctor`, " +
				"status.paypal.com) and what the log says of these gifts; they are captured by themselves once it does.",
			rule: older(approvedTooLong, "gift is approved and not captured", "gifts are approved and not captured",
				func(v report.Vitals) report.Pile { return v.Approved }),
		},
		{
			Name: "capture_unknown", Severity: Urgent, For: 2 * time.Minute, Path: "/staff/contributions?status=capture_unknown",
			Summary: "PayPal was asked for money half an hour ago or more, and we still do not know whether it was taken.",
			Advice:  "Nothing is lost: PayPal is asked again every few minutes, under the same request. Look whether PayPal answers, and at the gift in PayPal itself.",
			rule:    older(uncertainTooLong, "capture has no known outcome", "captures have no known outcome", func(v report.Vitals) report.Pile { return v.Uncertain }),
		},
		{
			Name: "intents_without_order", Severity: Urgent, For: 5 * time.Minute, Path: "/staff/contributions?status=order_unknown",
			Summary: "Readers wanted to give and PayPal made no order for them: they saw an apology instead of PayPal's page.",
			Advice:  "Nobody was charged. Run `readerfund doctor`: PayPal may be away, the client secret may have been changed, or the account may be restricted.",
			rule: func(v report.Vitals) reading {
				r := atLeast(orderlessTooMany, "intent has no order at PayPal", "intents have no order at PayPal", func(v report.Vitals) report.Pile { return v.Orderless })(v)
				r.wrong = r.wrong || v.Orderless.Age(v.At) >= orderlessTooLong
				return r
			},
		},
		{
			Name: "orders_refused", Severity: Urgent, Path: "/staff/contributions?status=failed",
			Summary: "PayPal refuses to make orders: readers who want to give are sent away.",
			Advice: "Nobody was charged. The alert names PayPal's code, and each refused gift's page says what it means. " +
				"PAYEE_ACCOUNT_…: PayPal has restricted or closed your account; sign in to PayPal and settle what it asks for. " +
				"CURRENCY_…: take the currency out of the campaign, or open it at PayPal. " +
				"…LIMIT…: a limit of your account; PayPal's support can raise it. " +
				"Any other code: run `readerfund doctor`, and ask PayPal's support about the code. " +
				"The alert ends with the next order that PayPal makes.",
			rule: ordersRefused,
		},
		{
			Name: "capture_pending", Severity: Soon, Path: "/staff/contributions?status=pending",
			Summary: "PayPal has held a gift back for three days or more.",
			Advice:  "The gift's page gives PayPal's reason. Where it says that the payment waits for you, sign in to PayPal and accept it, or it goes back to the reader. A payment from a bank account ends by itself within about ten days.",
			rule:    older(pendingTooLong, "gift is held back by PayPal", "gifts are held back by PayPal", func(v report.Vitals) report.Pile { return v.Pending }),
		},
		{
			Name: "attention_waiting", Severity: Soon, Path: "/staff/contributions?attention=1",
			Summary: "A contribution has waited for a person for a day.",
			Advice:  "Open it: its page says what does not fit together, and what can be done.",
			rule:    older(attentionTooLong, "contribution waits for a person", "contributions wait for a person", func(v report.Vitals) report.Pile { return v.Attention }),
		},
		{
			Name: "refund_stuck", Severity: Soon,
			Summary: "Somebody asked for a refund an hour ago or more, and PayPal has not said what became of it.",
			Advice:  "It is sent again by itself, and cannot be paid twice. If PayPal answers otherwise, look at the payment in PayPal before promising the reader anything.",
			rule:    older(refundTooLong, "refund has no answer", "refunds have no answer", func(v report.Vitals) report.Pile { return v.Refunds }),
		},
		{
			Name: "refund_held", Severity: Soon,
			Summary: "PayPal has held a refund for ten days or more.",
			Advice:  "The money for it usually comes from a bank account that PayPal waits for. Look in PayPal, and keep money in the balance.",
			rule:    older(refundHeldTooLong, "refund is held by PayPal", "refunds are held by PayPal", func(v report.Vitals) report.Pile { return v.RefundsHeld }),
		},
		{
			Name: "dispute_due", Severity: Urgent, Path: "/staff/contributions?status=disputed",
			Summary: "A reader disputes a payment, and PayPal wants our answer within three days.",
			Advice:  "Answer in PayPal's Resolution Center, or accept the claim on the contribution's page. Without an answer PayPal decides for the reader, and may take a fee.",
			rule:    atLeast(1, "case waits for our answer", "cases wait for our answer", func(v report.Vitals) report.Pile { return v.Disputes }),
		},
		{
			Name: "books_unexplained", Severity: Soon, Path: "/staff/reconciliation",
			Summary: "PayPal's record and ours differ, and the reconciliation could not mend it by itself.",
			Advice:  "The reconciliation page lists each difference with what can be done about it.",
			rule:    atLeast(1, "difference is open", "differences are open", func(v report.Vitals) report.Pile { return v.Unexplained }),
		},
		{
			Name: "books_unchecked", Severity: Soon, Path: "/staff/reconciliation",
			Summary: "The books were not held against PayPal's record for a day and a half.",
			Advice:  "See what the last run says, then start one by hand: `readerfund reconcile`. It needs the app's permission for Transaction Search.",
			rule: func(v report.Vitals) reading {
				r := reading{items: v.Unchecked.Count, oldest: v.Unchecked.Oldest, wrong: v.Unchecked.Age(v.At) >= uncheckedTooLong}
				if r.items > 0 {
					r.note = "not checked for " + span(v.Unchecked.Age(v.At))
				}
				return r
			},
		},
	}
}

// ordersRefused is the rule of orders_refused. One refusal may be one reader's amount. It is more when no order was
// made for a while after it, or when there are several, in a row or between others that went well.
func ordersRefused(v report.Vitals) reading {
	seen := v.NoOrder
	if v.NoOrderNow.Count > seen.Count {
		seen = v.NoOrderNow
	}
	r := reading{items: seen.Count, oldest: seen.Oldest}
	r.wrong = seen.Count >= noOrderTooMany || v.NoOrder.Age(v.At) >= noOrderTooLong
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
			Summary: "Gifts come in, but PayPal's webhooks do not: the latest gifts in a row brought none.",
			Advice:  "Gifts are still found by asking PayPal, only later. Run `readerfund webhook register`, compare PAYPAL_WEBHOOK_ID, and see whether PayPal can reach BASE_URL; the webhook log at developer.paypal.com says what it was answered. The alert ends with the next gift that is heard of.",
			rule:    silent,
		},
		{
			Name: "events_overdue", Severity: Urgent, For: 2 * time.Minute, Path: "/staff/inbox?state=received",
			Summary: "PayPal's news arrives and is kept, but nobody works on it.",
			Advice:  "Nothing is lost. Look whether a `readerfund serve` runs and what it logs; if it is only slow, start another one.",
			rule:    older(overdueTooLong, "event is overdue", "events are overdue", func(v report.Vitals) report.Pile { return v.Overdue }),
		},
		{
			Name: "events_unsettled", Severity: Soon, For: 2 * time.Minute, Path: "/staff/inbox?state=received",
			Summary: "PayPal's news has been tried for an hour or more without success.",
			Advice:  "The event's page says what went wrong. It is tried for about eight hours, then put aside.",
			rule:    older(unsettledTooLong, "event is tried again and again", "events are tried again and again", func(v report.Vitals) report.Pile { return v.Unsettled }),
		},
		{
			Name: "events_parked", Severity: Urgent, Path: "/staff/inbox?state=parked",
			Summary: "PayPal's news was put aside after many failed tries: what it says may be missing in the books.",
			Advice:  "The event's page says what went wrong. Once that is mended, replay it there, or all of them by `readerfund inbox replay --parked`.",
			rule:    atLeast(1, "event is put aside", "events are put aside", func(v report.Vitals) report.Pile { return v.Parked }),
		},
		{
			Name: "forged_deliveries", Severity: Soon, Path: "/staff/inbox#suspects",
			Summary: "Within the last day, a webhook delivery was refused that carried another body under a genuine signature.",
			Advice:  "Nothing was booked from it. Somebody holds a copy of one of PayPal's deliveries: find out where your logs or proxies keep them.",
			rule:    atLeast(1, "suspect delivery within a day", "suspect deliveries within a day", func(v report.Vitals) report.Pile { return v.Suspects }),
		},
	}
}

// silent is the rule of webhook_silence. A single gift without an event is no news: PayPal can be late with one. Many in a
// row are, at once; a few in a row are when they did not all fall into one short moment.
func silent(v report.Vitals) reading {
	s := v.Silence
	r := reading{items: s.Run, oldest: s.Since}
	if s.Run > 0 {
		r.note = fmt.Sprintf("%s in a row brought no webhook, since %s", noun(s.Run, "gift", "gifts"), s.Since.Format("2 Jan 2006, 15:04 MST"))
	}
	r.wrong = s.Run >= silenceMany || s.Run >= silenceFew && v.At.Sub(s.Since) >= silenceFewOver
	return r
}

// houseAlerts are about the service itself.
func houseAlerts() []Alert {
	named := func(rule func(report.Vitals) reading, pile func(report.Vitals) report.Pile) func(report.Vitals) reading {
		return func(v report.Vitals) reading {
			r := rule(v)
			if names := pile(v).Names; len(names) > 0 {
				r.note += ": " + strings.Join(names, ", ")
			}
			return r
		}
	}
	late := func(v report.Vitals) report.Pile { return v.JobsLate }
	failed := func(v report.Vitals) report.Pile { return v.JobsFailed }
	return []Alert{
		{
			Name: "paypal_unreachable", Severity: Urgent, For: 2 * time.Minute,
			Summary: "PayPal does not answer us: no gift can be made, and nothing can be asked about those that were.",
			Advice: "Readers are told to try again later; nobody is charged. Run `readerfund doctor` and see " +
				"status.paypal.com: PayPal may be away, the client secret may have been changed, or this machine's way out " +
				"may be closed. What waits is taken up by itself.",
			rule: func(v report.Vitals) reading {
				r := reading{items: v.PayPalAway.Count, oldest: v.PayPalAway.Oldest, wrong: v.PayPalAway.Count > 0}
				if r.wrong {
					r.note = "no answer for " + span(v.PayPalAway.Age(v.At))
				}
				return r
			},
		},
		{
			Name: "cards_tested", Severity: Urgent, Path: "/staff/contributions?status=declined",
			Summary: "Cards are being tested: within a quarter of an hour more cards were declined than gifts paid.",
			Advice: "Thieves try out stolen card numbers with small gifts. Their addresses are slowed and then refused by " +
				"themselves. Raise MIN_AMOUNT for a few days, lower the GIFT_LIMIT settings (docs/abuse.md), and tell PayPal's " +
				"support before it asks you. Give back what was paid by strangers' cards before their owners dispute it.",
			rule: cardsTested,
		},
		{
			Name: "gifts_uncounted", Severity: Soon,
			Summary: "The limits of gifts (docs/abuse.md) could not be counted within the last ten minutes; gifts are let in without.",
			Advice: "No gift is lost, and no more than the free share of GIFT_LIMIT_ALL passes in each process. The log says why " +
				"(\"a gift could not be counted\"): a statement that holds rows of `rate_limit`, missing rights on that table, or a " +
				"database that is too slow for the gifts that come.",
			rule: func(v report.Vitals) reading {
				r := reading{items: v.Uncounted.Count, oldest: v.Uncounted.Oldest, wrong: v.Uncounted.Count > 0}
				if r.wrong {
					r.note = noun(r.items, "gift was", "gifts were") + " let in uncounted"
				}
				return r
			},
		},
		{
			Name: "signins_refused", Severity: Soon,
			Summary: "Very many sign-ins to the staff pages were refused within a quarter of an hour: somebody may be guessing passwords.",
			Advice:  "Accounts slow guessing down by themselves. See in the proxy's log where it comes from, and refuse it there.",
			rule:    atLeast(refusalsTooMany, "refused sign-in", "refused sign-ins", func(v report.Vitals) report.Pile { return v.Refusals }),
		},
		{
			Name: "jobs_late", Severity: Urgent, For: 2 * time.Minute,
			Summary: "A periodic job is due and no replica runs it.",
			Advice:  "Look at the log of every `readerfund serve`, and whether their clocks agree.",
			rule:    named(atLeast(1, "job is late", "jobs are late", late), late),
		},
		{
			Name: "jobs_failing", Severity: Soon,
			Summary: "A periodic job failed three times in a row or more.",
			Advice:  "The log says why, and the table job in its column last_error.",
			rule:    named(atLeast(1, "job fails", "jobs fail", failed), failed),
		},
	}
}

// cardsTested is the rule of cards_tested. Declined cards are everyday news as long as more are not.
func cardsTested(v report.Vitals) reading {
	r := reading{items: v.Cards.Count, oldest: v.Cards.Oldest}
	r.wrong = v.Cards.Count >= cardsTooMany && v.Cards.Count > v.Paid.Count
	if v.Cards.Count > 0 {
		r.note = fmt.Sprintf("%s declined and %s paid of %s begun", noun(v.Cards.Count, "card", "cards"),
			noun(v.Paid.Count, "gift", "gifts"), noun(v.Begun.Count, "gift", "gifts"))
	}
	return r
}
