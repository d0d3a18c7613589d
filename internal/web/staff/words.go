package staff

import (
	"cmp"
	"strings"

	"readerfund/internal/i18n"
)

// status is a state in words: a label for lists, a tone for its colour, and what it means.
type status struct {
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

// statusIn looks up a code in a family with labels and meanings; an unknown code is shown as it is.
func statusIn(loc i18n.Localizer, family, code string, tones map[string]string) status {
	label, known := loc.Lookup(family + code + ".label")
	if !known {
		return status{spaced(code), "off", ""}
	}
	return status{label, cmp.Or(tones[code], "off"), loc.Say(family + code + ".meaning")}
}

// wordIn looks up a code in a family of single words; an unknown code is shown as it is.
func wordIn(loc i18n.Localizer, family, code string) string {
	word, known := loc.Lookup(family + code)
	if !known {
		return spaced(code)
	}
	return word
}

// stateInWords describes a contribution's state in words that help a person who answers a reader's call.
func stateInWords(loc i18n.Localizer, state string) status {
	return statusIn(loc, "state.", state, contributionTones)
}

// factInWords describes a fact as a line of a contribution's history. A checkout is an order for a one-time gift, and a
// subscription for a recurring one.
func factInWords(loc i18n.Localizer, fact string, recurring bool) string {
	if recurring {
		if words, known := loc.Lookup("history.fact.recurring." + fact); known {
			return words
		}
	}
	return wordIn(loc, "history.fact.", fact)
}

// sourceInWords says how the news reached us.
func sourceInWords(loc i18n.Localizer, source string) string {
	return wordIn(loc, "history.source.", source)
}

// entryInWords names a line of the ledger.
func entryInWords(loc i18n.Localizer, kind string) string { return wordIn(loc, "ledger.entry.", kind) }

// movementInWords names the status of a payment or refund.
func movementInWords(loc i18n.Localizer, state string) status {
	return status{Label: wordIn(loc, "payment.state.", state), Tone: cmp.Or(paymentTones[state], "off")}
}

// eventInWords says what a webhook is about. Source: PayPal, "Webhook event names".
func eventInWords(loc i18n.Localizer, kind string) string {
	if kind == "(unreadable)" { // our own kind: the inbox uses it for bodies that PayPal signed and nobody can read
		return loc.Say("inbox.event.unreadable")
	}
	if words, known := loc.Lookup("inbox.event." + kind); known {
		return words
	}
	return loc.Say("inbox.event.unknown")
}

// webhookInWords puts the state of a webhook event into words.
func webhookInWords(loc i18n.Localizer, state string) status {
	return statusIn(loc, "inbox.state.", state, webhookTones)
}

// requestInWords says how far a refund request of staff has got.
func requestInWords(loc i18n.Localizer, state string) status {
	return statusIn(loc, "refund.request.", state, requestTones)
}

// kindInWords says what differs. The kinds are those of package reconcile.
func kindInWords(loc i18n.Localizer, kind string) status {
	return statusIn(loc, "reconcile.kind.", kind, kindTones)
}

// differenceInWords says what happened to a difference.
func differenceInWords(loc i18n.Localizer, state string) status {
	return statusIn(loc, "reconcile.difference.", state, differenceTones)
}

// stageInWords says which stage a dispute has reached, and what that means for the money. Source: Disputes v1,
// dispute_lifecycle_stage.
func stageInWords(loc i18n.Localizer, stage, channel string) (label, meaning string) {
	if stage == "CHARGEBACK" && channel == "EXTERNAL" {
		stage = "CHARGEBACK_EXTERNAL" // the bank's, not PayPal's own
	}
	is := statusIn(loc, "dispute.stage.", stage, nil)
	return is.Label, is.Meaning
}

// turnInWords says which side has to act next in a dispute. Source: Disputes v1, status.
func turnInWords(loc i18n.Localizer, paypalStatus string) status {
	if is := statusIn(loc, "dispute.turn.", paypalStatus, turnTones); is.Meaning != "" {
		return is
	}
	return statusIn(loc, "dispute.turn.", "none", turnTones)
}

// outcomeInWords says how a dispute ended. Source: Disputes v1, dispute_outcome.
func outcomeInWords(loc i18n.Localizer, code string) status {
	if is := statusIn(loc, "dispute.outcome.", code, outcomeTones); is.Meaning != "" {
		return is
	}
	return statusIn(loc, "dispute.outcome.", "none", outcomeTones)
}

// spaced makes a code without a sentence readable.
func spaced(code string) string { return strings.ReplaceAll(code, "_", " ") }
