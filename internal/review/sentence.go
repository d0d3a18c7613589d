package review

import (
	"fmt"
	"slices"
	"strings"
)

// The codes. sentences says what each means and which arguments it has.
const (
	// What only a person can settle.
	PaidTwice        Code = "paid_twice"
	AmountDiffers    Code = "amount_differs"
	FeeLarge         Code = "fee_large"
	SecondOrder      Code = "second_order"
	DisputeOpenAgain Code = "dispute_open_again"
	RefundAfterAll   Code = "refund_after_all"
	ChargedAfterNo   Code = "charged_after_no"
	GaveAgain        Code = "gave_again"
	EarlierNote      Code = "earlier_note" // a sentence of a version that kept no codes

	// An answer of PayPal's that could not be booked: a later answer about the same thing settles it.
	OddAnswer           Code = "odd_answer"
	OrderOfAnother      Code = "order_of_another"
	PaymentStatus       Code = "payment_status"
	PaymentOfAnother    Code = "payment_of_another"
	PaymentElsewhere    Code = "payment_elsewhere"
	PaymentMisnumbered  Code = "payment_misnumbered"
	FeeImpossible       Code = "fee_impossible"
	LedgerDiffers       Code = "ledger_differs"
	RefundOfNoPayment   Code = "refund_of_no_payment"
	RefundImpossible    Code = "refund_impossible"
	RefundTooLarge      Code = "refund_too_large"
	RefundStatus        Code = "refund_status"
	NetDiffers          Code = "net_differs"
	PlatformFee         Code = "platform_fee"
	RefundUnanswered    Code = "refund_unanswered"
	RefundFeeImpossible Code = "refund_fee_impossible"
	DisputeCurrency     Code = "dispute_currency"
	DisputeTooLarge     Code = "dispute_too_large"

	// Answers that name no payment, so that no contribution has them: only the webhook event tells of them.
	RefundNamesNoPayment  Code = "refund_names_no_payment"
	DisputeNamesNoPayment Code = "dispute_names_no_payment"
)

// sentences says each code in English. {name} is an argument. Rewording one brings no review back.
var sentences = map[Code]string{
	PaidTwice:     "PayPal captured the payment {count} times: {payments}. Refund what was captured too often.",
	AmountDiffers: "PayPal captured {captured}, but the reader chose {chosen}.",
	FeeLarge:      "PayPal took a fee of {fee} for a payment of {amount}. Check it in PayPal.",
	SecondOrder: "PayPal also has the order {order} for it, besides the order {known} that we know. Check both " +
		"in PayPal.",
	DisputeOpenAgain: "PayPal reopened the dispute {case}. Check it there.",
	RefundAfterAll: "PayPal refused to refund {amount} ({number}), and made the refund all the same: {refund}. Check " +
		"whether it was refunded twice.",
	ChargedAfterNo: "The reader was told that nothing was charged (it stood at {told}), and then PayPal took {amount}. " +
		"Write to them, and refund it if they want that.",
	GaveAgain: "The same reader gave {amount} again soon after ({receipt}), probably because this contribution " +
		"seemed to have failed. Ask them whether they meant both.",
	EarlierNote: "{text}",

	OddAnswer: "PayPal's answer about it cannot be right: {says}. Nothing of that answer was booked. Check it " +
		"in PayPal.",
	OrderOfAnother: `PayPal's order {order} no longer carries the number of this contribution, but "{number}". ` +
		"Nothing of that answer was booked. Check it in PayPal.",
	PaymentStatus: `PayPal says that the payment {payment} is "{status}", a status that Readerfund does not know. ` +
		"Nothing of that answer was booked. Check it in PayPal.",
	PaymentOfAnother: `PayPal lists the payment {payment} here, but it carries the number "{number}" of another ` +
		"contribution. It was not booked here. Check it in PayPal.",
	PaymentElsewhere: "PayPal lists the payment {payment} here, but it already belongs to the contribution {other}. It " +
		"was not booked twice.",
	PaymentMisnumbered: `PayPal made the payment {payment} for the order of this contribution, but it carries the ` +
		`number "{number}" of another contribution. Nothing of that answer was booked. Check it in PayPal.`,
	FeeImpossible: "PayPal says that its fee for {amount} was {fee}. That cannot be, so no such fee was booked. " +
		"Check it in PayPal.",
	NetDiffers: "PayPal says that it took a fee of {fee} of the payment {payment} of {amount}, and that {net} reached " +
		"the account. That is off by {difference}. The books have the fee only. Check it in PayPal.",
	PlatformFee: "Besides PayPal's own fee of {fee}, {platform} of the payment {payment} of {amount} went to a platform, " +
		"and {net} reached the account. The books have PayPal's own fee only.",
	LedgerDiffers: "PayPal now says {says} for the {kind} of {ref}; the ledger has {booked}.",
	RefundOfNoPayment: "PayPal reports the refund {refund} of the payment {payment}, which does not belong to this " +
		"contribution. It was not booked. Check it in PayPal.",
	RefundImpossible: "PayPal reports a refund of {amount} ({refund}) of a payment of {paid}. That cannot be, and " +
		"was not booked. Check it in PayPal.",
	RefundTooLarge: "PayPal reports the refund {refund} of {amount}, which is more than what is left of the payment " +
		"{payment}. It was not booked. Check it in PayPal.",
	RefundStatus: `PayPal says that the refund {refund} is "{status}", a status that Readerfund does not know. ` +
		"Nothing of that answer was booked. Check it in PayPal.",
	RefundUnanswered: "PayPal never answered whether it refunded {amount} ({number}), and does not say so now. Check " +
		"the payment {payment} in PayPal.",
	RefundFeeImpossible: "PayPal says that it refunded a fee of {fee} for a payment in {currency}. That was not " +
		"booked. Check it in PayPal.",
	DisputeCurrency: "The dispute {case} is in {disputed}, the payment in {paid}. What PayPal holds for it is not " +
		"booked.",
	DisputeTooLarge: "The dispute {case} is about {disputed}, and the payment was of {paid}. What PayPal holds for " +
		"it is not booked. Check it in PayPal.",

	RefundNamesNoPayment: "PayPal's answer about the refund {refund} does not say which payment it is of. Nothing of it " +
		"was booked. Check it in PayPal.",
	DisputeNamesNoPayment: "PayPal's answer about the dispute {case} does not say which payment it is about. Check it in " +
		"PayPal.",
}

// Codes lists every code.
func Codes() []Code {
	all := make([]Code, 0, len(sentences))
	for code := range sentences {
		all = append(all, code)
	}
	slices.Sort(all)
	return all
}

// Sentence says a code with its arguments. A code of a newer version is said as it is: a person has to look all the
// same.
func Sentence(code Code, args Args) string {
	text, known := sentences[code]
	if !known {
		return fmt.Sprintf("%s %v. This version does not know it; the version that opened it does.", code, args)
	}
	pairs := make([]string, 0, 2*len(args))
	for name, value := range args {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
