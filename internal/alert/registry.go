package alert

import (
	"strings"
	"time"

	"readerfund/internal/health"
	"readerfund/internal/i18n"
)

// The thresholds. The sweep retries long before they are reached; so when one is passed, something is broken.
const (
	approvedTooLong   = 30 * time.Minute   // the sweep looks at least every ten minutes
	unchargedTooLong  = 24 * time.Hour     // PayPal may take some hours over the first charge
	uncertainTooLong  = 30 * time.Minute   // the same applies here
	orderlessTooMany  = 5                  // a few are readers who met a temporary error
	orderlessTooLong  = 5 * time.Hour      // PayPal forgets an order after three, and the sweep then ends the intent
	noOrderTooMany    = 3                  // some are one reader's mistake: an amount, a currency
	noOrderTooLong    = 15 * time.Minute   // by then that reader has chosen another one, or PayPal accepts no gifts at all
	pendingTooLong    = 3 * 24 * time.Hour // a review takes PayPal one to three days
	attentionTooLong  = 24 * time.Hour     // the overview shows them at once
	overdueTooLong    = 5 * time.Minute    // workers look every second
	unsettledTooLong  = time.Hour          // about ten attempts
	silenceMany       = 10                 // gifts in a row: enough on their own
	silenceFew        = 3                  // enough if they also took silenceFewOver
	silenceFewOver    = time.Hour          //
	cardsTooMany      = 10                 // in a quarter of an hour, and more than paid gifts
	refusalsTooMany   = 50                 // in a quarter of an hour; a newsroom's own typing errors are a handful
	refundTooLong     = time.Hour          // about ten attempts
	changeTooLong     = time.Hour          // the same
	refundHeldTooLong = 10 * 24 * time.Hour
	mailTooLate       = 30 * time.Minute // the mail server is tried at least every five minutes
	mailTooMany       = 10               // in a day; a few addresses are always wrong
	uncheckedTooLong  = 36 * time.Hour   // it runs every night, and PayPal's record is up to three hours behind
)

// All lists every alert. An alert's sentences are in locales/ under its name.
func All() []Alert {
	return append(moneyAlerts(), append(newsAlerts(), houseAlerts()...)...)
}

// moneyAlerts are about money that does not arrive, or whose state is uncertain.
func moneyAlerts() []Alert {
	return []Alert{
		{
			Name: "approved_not_captured", Severity: Urgent, For: 2 * time.Minute,
			Path: "/staff/contributions?status=approved",
			rule: older(approvedTooLong, func(v health.Snapshot) health.Backlog { return v.Approved }),
		},
		{
			Name: "subscription_not_charged", Severity: Soon, For: 5 * time.Minute,
			Path: "/staff/contributions?status=approved",
			rule: older(unchargedTooLong, func(v health.Snapshot) health.Backlog { return v.Uncharged }),
		},
		{
			Name: "capture_unknown", Severity: Urgent, For: 2 * time.Minute,
			Path: "/staff/contributions?status=capture_unknown",
			rule: older(uncertainTooLong, func(v health.Snapshot) health.Backlog { return v.CaptureUnknown }),
		},
		{
			Name: "intents_without_order", Severity: Urgent, For: 5 * time.Minute,
			Path: "/staff/contributions?status=order_unknown",
			rule: func(v health.Snapshot) reading {
				r := atLeast(orderlessTooMany, func(v health.Snapshot) health.Backlog { return v.WithoutOrder })(v)
				r.wrong = r.wrong || v.WithoutOrder.Age(v.At) >= orderlessTooLong
				return r
			},
		},
		{
			Name: "orders_refused", Severity: Urgent, Path: "/staff/contributions?status=failed",
			rule: ordersRefused,
		},
		{
			Name: "capture_pending", Severity: Soon, Path: "/staff/contributions?status=pending",
			rule: older(pendingTooLong, func(v health.Snapshot) health.Backlog { return v.Pending }),
		},
		{
			Name: "attention_waiting", Severity: Soon, Path: "/staff/contributions?attention=1",
			rule: older(attentionTooLong, func(v health.Snapshot) health.Backlog { return v.ToReview }),
		},
		{
			Name: "refund_stuck", Severity: Soon,
			rule: older(refundTooLong, func(v health.Snapshot) health.Backlog { return v.Refunds }),
		},
		{
			Name: "refund_held", Severity: Soon,
			rule: older(refundHeldTooLong, func(v health.Snapshot) health.Backlog { return v.RefundsHeld }),
		},
		{
			Name: "change_stuck", Severity: Soon,
			rule: older(changeTooLong, func(v health.Snapshot) health.Backlog { return v.Changes }),
		},
		{
			Name: "dispute_due", Severity: Urgent, Path: "/staff/contributions?status=disputed",
			rule: atLeast(1, func(v health.Snapshot) health.Backlog { return v.Disputes }),
		},
		{
			Name: "books_unexplained", Severity: Soon, Path: "/staff/reconciliation",
			rule: atLeast(1, func(v health.Snapshot) health.Backlog { return v.Unexplained }),
		},
		{
			Name: "books_unchecked", Severity: Soon, Path: "/staff/reconciliation",
			rule: func(v health.Snapshot) reading {
				r := waiting(v, v.Unreconciled)
				r.wrong = v.Unreconciled.Age(v.At) >= uncheckedTooLong
				return r
			},
		},
	}
}

// ordersRefused is the rule of orders_refused. One refusal may be about one reader's amount. It is serious if no order
// was created for a while after it, or if there are several, in a row or among successful ones.
func ordersRefused(v health.Snapshot) reading {
	seen := v.OrdersRefused
	if v.OrdersRefusedNow.Count > seen.Count {
		seen = v.OrdersRefusedNow
	}
	r := reading{items: seen.Count, oldest: seen.Oldest}
	r.wrong = seen.Count >= noOrderTooMany || v.OrdersRefused.Age(v.At) >= noOrderTooLong
	r.args = i18n.Args{"since": moment(seen.Oldest), "names": strings.Join(seen.Names, ", ")}
	return r
}

// newsAlerts are about PayPal's webhooks.
func newsAlerts() []Alert {
	return []Alert{
		{
			Name: "webhook_silence", Severity: Urgent, For: 2 * time.Minute,
			rule: silent,
		},
		{
			Name: "events_overdue", Severity: Urgent, For: 2 * time.Minute, Path: "/staff/inbox?state=received",
			rule: older(overdueTooLong, func(v health.Snapshot) health.Backlog { return v.Overdue }),
		},
		{
			Name: "events_unsettled", Severity: Soon, For: 2 * time.Minute, Path: "/staff/inbox?state=received",
			rule: older(unsettledTooLong, func(v health.Snapshot) health.Backlog { return v.Unsettled }),
		},
		{
			Name: "events_parked", Severity: Urgent, Path: "/staff/inbox?state=parked",
			rule: atLeast(1, func(v health.Snapshot) health.Backlog { return v.Parked }),
		},
		{
			Name: "forged_deliveries", Severity: Soon, Path: "/staff/inbox#suspects",
			rule: atLeast(1, func(v health.Snapshot) health.Backlog { return v.Suspects }),
		},
	}
}

// silent is the rule of webhook_silence. A single gift without an event means nothing: PayPal's events can be late.
// Many in a row fire at once; a few in a row fire if they did not all happen at nearly the same time.
func silent(v health.Snapshot) reading {
	s := v.Silence
	r := reading{items: s.Run, oldest: s.Since, args: i18n.Args{"since": moment(s.Since)}}
	r.wrong = s.Run >= silenceMany || s.Run >= silenceFew && v.At.Sub(s.Since) >= silenceFewOver
	return r
}

// houseAlerts are about the service itself.
func houseAlerts() []Alert {
	return []Alert{
		{
			Name: "paypal_unreachable", Severity: Urgent, For: 2 * time.Minute,
			rule: atLeast(1, func(v health.Snapshot) health.Backlog { return v.PayPalAway }),
		},
		{
			Name: "cards_tested", Severity: Urgent, Path: "/staff/contributions?status=declined",
			rule: cardsTested,
		},
		{
			Name: "gifts_uncounted", Severity: Soon,
			rule: atLeast(1, func(v health.Snapshot) health.Backlog { return v.Uncounted }),
		},
		{
			Name: "signins_refused", Severity: Soon,
			rule: atLeast(refusalsTooMany, func(v health.Snapshot) health.Backlog { return v.SignInsRefused }),
		},
		{
			Name: "jobs_late", Severity: Urgent, For: 2 * time.Minute, Path: "/staff/work",
			rule: atLeast(1, func(v health.Snapshot) health.Backlog { return v.JobsLate }),
		},
		{
			Name: "jobs_failing", Severity: Soon, Path: "/staff/work",
			rule: atLeast(1, func(v health.Snapshot) health.Backlog { return v.JobsFailed }),
		},
		{
			Name: "jobs_dead", Severity: Soon, Path: "/staff/work",
			rule: atLeast(1, func(v health.Snapshot) health.Backlog { return v.JobsDead }),
		},
		{
			Name: "mail_late", Severity: Urgent, For: 2 * time.Minute,
			rule: older(mailTooLate, func(v health.Snapshot) health.Backlog { return v.MailLate }),
		},
		{
			Name: "mail_failed", Severity: Soon, Path: "/staff/mail",
			rule: atLeast(mailTooMany, func(v health.Snapshot) health.Backlog { return v.MailFailed }),
		},
	}
}

// cardsTested is the rule of cards_tested. Declined cards are normal as long as they do not outnumber paid gifts.
func cardsTested(v health.Snapshot) reading {
	r := reading{items: v.CardsDeclined.Count, oldest: v.CardsDeclined.Oldest}
	r.wrong = v.CardsDeclined.Count >= cardsTooMany && v.CardsDeclined.Count > v.Completed.Count
	r.args = i18n.Args{
		"declined":  i18n.New("alert.cards", i18n.Args{"count": int(v.CardsDeclined.Count)}),
		"completed": i18n.New("alert.payments", i18n.Args{"count": int(v.Completed.Count)}),
		"started":   i18n.New("alert.contributions", i18n.Args{"count": int(v.Started.Count)}),
	}
	return r
}
