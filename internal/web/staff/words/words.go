// Package words names the states, facts and reasons of contributions, payments and PayPal's events for staff. It knows
// the codes as text, and no service.
package words

import (
	"cmp"
	"strings"

	"readerfund/internal/i18n"
)

// Status is a state in words: a label for lists, a tone for its colour, and what it means.
type Status struct {
	Label   string
	Tone    string // good, wait, bad or off
	Meaning string
}

// The tones of the states; off for all others.
var (
	contributionTones = map[string]string{
		"started": "wait", "order_unknown": "wait", "failed": "bad", "created": "wait", "approved": "wait",
		"capture_unknown": "wait", "declined": "bad", "pending": "wait", "completed": "good", "disputed": "bad",
		"reversed": "bad",
	}
	paymentTones = map[string]string{"completed": "good", "pending": "wait", "declined": "bad", "failed": "bad"}
	requestTones = map[string]string{
		"asked": "wait", "unknown": "wait", "pending": "wait", "done": "good", "failed": "bad", "refused": "bad",
	}
	mailTones     = map[string]string{"failed": "bad", "bounced": "bad", "off": "wait"}
	standingTones = map[string]string{
		"waiting": "wait", "scheduled": "good", "running": "good", "failing": "bad", "recovered": "good", "paused": "wait",
		"suspended": "wait",
		"lost":      "bad",
	}
	changeTones = map[string]string{
		"asked": "wait", "unknown": "wait", "approval": "wait", "done": "good", "refused": "bad",
	}
	webhookTones = map[string]string{"received": "wait", "applied": "good", "parked": "bad"}
	kindTones    = map[string]string{
		"missing_here": "bad", "missing_there": "bad", "amount": "bad", "fee": "bad", "status": "bad", "currency": "bad",
		"unknown_payer": "wait",
	}
	differenceTones = map[string]string{"open": "bad", "adopted": "good", "mended": "good"}
	turnTones       = map[string]string{
		"WAITING_FOR_SELLER_RESPONSE": "bad", "WAITING_FOR_BUYER_RESPONSE": "wait", "UNDER_REVIEW": "wait", "OPEN": "bad",
		"none": "bad",
	}
	outcomeTones = map[string]string{
		"RESOLVED_BUYER_FAVOUR": "bad", "RESOLVED_SELLER_FAVOUR": "good", "CANCELED_BY_BUYER": "good", "DENIED": "good",
		"RESOLVED_WITH_PAYOUT": "good",
	}
)

// StatusIn looks up a code in a family with labels and meanings; an unknown code is shown as it is.
func StatusIn(loc i18n.Localizer, family, code string, tones map[string]string) Status {
	label, known := loc.Lookup(family + code + ".label")
	if !known {
		return Status{Spaced(code), "off", ""}
	}
	return Status{label, cmp.Or(tones[code], "off"), loc.Say(family + code + ".meaning")}
}

// Of looks up a code in a family of single words; an unknown code is shown as it is.
func Of(loc i18n.Localizer, family, code string) string {
	word, known := loc.Lookup(family + code)
	if !known {
		return Spaced(code)
	}
	return word
}

// State describes a contribution's state in words that help a person who answers a reader's call.
func State(loc i18n.Localizer, state string) Status {
	return StatusIn(loc, "state.", state, contributionTones)
}

// Fact describes a fact as a line of a contribution's history. A checkout is an order for a one-time gift, and a
// subscription for a recurring one.
func Fact(loc i18n.Localizer, fact string, recurring bool) string {
	if recurring {
		if words, known := loc.Lookup("history.fact.recurring." + fact); known {
			return words
		}
	}
	return Of(loc, "history.fact.", fact)
}

// Source says how the news reached us.
func Source(loc i18n.Localizer, source string) string {
	return Of(loc, "history.source.", source)
}

// Entry names a line of the ledger.
func Entry(loc i18n.Localizer, kind string) string { return Of(loc, "ledger.entry.", kind) }

// Movement names the status of a payment or refund.
func Movement(loc i18n.Localizer, state string) Status {
	return Status{Label: Of(loc, "payment.state.", state), Tone: cmp.Or(paymentTones[state], "off")}
}

// Event says what a webhook is about. Source: PayPal, "Webhook event names".
func Event(loc i18n.Localizer, kind string) string {
	if kind == "(unreadable)" { // our own kind: the inbox uses it for bodies that PayPal signed and nobody can read
		return loc.Say("inbox.event.unreadable")
	}
	if words, known := loc.Lookup("inbox.event." + kind); known {
		return words
	}
	return loc.Say("inbox.event.unknown")
}

// Webhook puts the state of a webhook event into words.
func Webhook(loc i18n.Localizer, state string) Status {
	return StatusIn(loc, "inbox.state.", state, webhookTones)
}

// RefundRequest says how far a refund request of staff has got.
func RefundRequest(loc i18n.Localizer, state string) Status {
	return StatusIn(loc, "refund.request.", state, requestTones)
}

// DifferenceKind says what differs. The kinds are those of package reconcile.
func DifferenceKind(loc i18n.Localizer, kind string) Status {
	return StatusIn(loc, "reconcile.kind.", kind, kindTones)
}

// Difference says what happened to a difference.
func Difference(loc i18n.Localizer, state string) Status {
	return StatusIn(loc, "reconcile.difference.", state, differenceTones)
}

// Standing says how a reader's recurring gift is.
func Standing(loc i18n.Localizer, standing string) Status {
	return StatusIn(loc, "subscription.standing.", standing, standingTones)
}

// Change says how far a requested change of a recurring gift has got.
func Change(loc i18n.Localizer, state string) Status {
	return StatusIn(loc, "subscription.change.", state, changeTones)
}

// Mail says what became of a mail.
func Mail(loc i18n.Localizer, state string) Status {
	return StatusIn(loc, "mail.state.", state, mailTones)
}

// DisputeStage says which stage a dispute has reached, and what that means for the money. Source: Disputes v1,
// dispute_lifecycle_stage.
func DisputeStage(loc i18n.Localizer, stage, channel string) (label, meaning string) {
	if stage == "CHARGEBACK" && channel == "EXTERNAL" {
		stage = "CHARGEBACK_EXTERNAL" // the bank's, not PayPal's own
	}
	is := StatusIn(loc, "dispute.stage.", stage, nil)
	return is.Label, is.Meaning
}

// DisputeTurn says which side has to act next in a dispute. Source: Disputes v1, status.
func DisputeTurn(loc i18n.Localizer, paypalStatus string) Status {
	if is := StatusIn(loc, "dispute.turn.", paypalStatus, turnTones); is.Meaning != "" {
		return is
	}
	return StatusIn(loc, "dispute.turn.", "none", turnTones)
}

// DisputeOutcome says how a dispute ended. Source: Disputes v1, dispute_outcome.
func DisputeOutcome(loc i18n.Localizer, code string) Status {
	if is := StatusIn(loc, "dispute.outcome.", code, outcomeTones); is.Meaning != "" {
		return is
	}
	return StatusIn(loc, "dispute.outcome.", "none", outcomeTones)
}

// Spaced makes a code without a sentence readable.
func Spaced(code string) string { return strings.ReplaceAll(code, "_", " ") }

// English is the language of files and of the audit log: programs compare the words in a file's columns, so they are
// the same for every account.
var English i18n.Localizer
