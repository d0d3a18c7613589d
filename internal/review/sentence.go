package review

import "readerfund/internal/i18n"

// The codes. What each means, and which arguments it has, says its sentence, review.code.… in locales/.
const (
	// What only a person can settle.
	PaidTwice               Code = "paid_twice"
	AmountDiffers           Code = "amount_differs"
	FeeLarge                Code = "fee_large"
	SecondOrder             Code = "second_order"
	SecondSubscription      Code = "second_subscription"
	SubscriptionDiffers     Code = "subscription_differs"
	SubscriptionEnds        Code = "subscription_ends"
	SubscriptionStartsEarly Code = "subscription_starts_early"
	ChargedEarly            Code = "charged_early"
	ChargedAfterEnd         Code = "charged_after_end"
	DisputeOpenAgain        Code = "dispute_open_again"
	RefundAfterAll          Code = "refund_after_all"
	ChargedAfterNo          Code = "charged_after_no"
	GaveAgain               Code = "gave_again"
	ChangeRefused           Code = "change_refused"
	PausedByDispute         Code = "paused_by_dispute"
	TwoSubscriptions        Code = "two_subscriptions"
	EarlierNote             Code = "earlier_note" // a sentence of a version that kept no codes

	// An answer of PayPal's that could not be booked: a later answer about the same thing settles it.
	OddAnswer             Code = "odd_answer"
	OrderOfAnother        Code = "order_of_another"
	SubscriptionOfAnother Code = "subscription_of_another"
	SubscriptionStatus    Code = "subscription_status"
	SubscriptionMissing   Code = "subscription_missing"
	PaymentStatus         Code = "payment_status"
	PaymentOfAnother      Code = "payment_of_another"
	PaymentElsewhere      Code = "payment_elsewhere"
	PaymentMisnumbered    Code = "payment_misnumbered"
	FeeImpossible         Code = "fee_impossible"
	LedgerDiffers         Code = "ledger_differs"
	RefundOfNoPayment     Code = "refund_of_no_payment"
	RefundImpossible      Code = "refund_impossible"
	RefundTooLarge        Code = "refund_too_large"
	RefundStatus          Code = "refund_status"
	NetDiffers            Code = "net_differs"
	PlatformFee           Code = "platform_fee"
	RefundUnanswered      Code = "refund_unanswered"
	RefundFeeImpossible   Code = "refund_fee_impossible"
	DisputeCurrency       Code = "dispute_currency"
	DisputeTooLarge       Code = "dispute_too_large"

	// Answers that name no payment or no subscription, so that no contribution has them: only the webhook event tells of
	// them.
	RefundNamesNoPayment    Code = "refund_names_no_payment"
	DisputeNamesNoPayment   Code = "dispute_names_no_payment"
	SaleNamesNoSubscription Code = "sale_names_no_subscription"
	ReturnNotListed         Code = "return_not_listed"
)

// Sentence says a code with its arguments; rewording one brings no review back. A code of a newer version is said as it
// is: a person has to look all the same.
func Sentence(code Code, args Args) i18n.Message {
	if !i18n.Has("review.code." + string(code)) {
		return i18n.New("review.code_unknown", i18n.Args{"code": string(code), "args": args})
	}
	words := make(i18n.Args, len(args))
	for name, value := range args {
		words[name] = value
	}
	return i18n.New("review.code."+string(code), words)
}
