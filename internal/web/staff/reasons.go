package staff

// reasonInWords explains PayPal's code for a pending, declined or failed payment, and says what staff can do about it.
// An unknown code is shown as it is. Source: Payments v2, capture status_details; Orders v2, issues of create and
// capture.
func reasonInWords(code string) string {
	if words := heldInWords(code); words != "" {
		return words
	}
	switch code {
	case "":
		return ""
	case "INSTRUMENT_DECLINED", "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING":
		return "The reader's card or bank declined. Another way to pay may work; the reader was offered that."
	case "TRANSACTION_REFUSED", "DECLINED_DUE_TO_RELATED_TXN":
		return "PayPal refused the payment without saying why. The reader can try again, best with another way to pay."
	case "PAYER_CANNOT_PAY", "PAYER_ACCOUNT_RESTRICTED", "PAYER_ACCOUNT_LOCKED_OR_CLOSED":
		return "The reader's PayPal account cannot pay right now. Only the reader can settle that, with PayPal."
	case "PAYER_ACTION_REQUIRED", "ORDER_NOT_APPROVED":
		return "PayPal wants the reader to confirm something first. The reader has to go back to PayPal, or start a new " +
			"contribution."
	case "TRANSACTION_LIMIT_EXCEEDED", "TRANSACTION_RECEIVING_LIMIT_EXCEEDED":
		return "It is more than PayPal lets the reader's or your account move at once. A smaller amount works; your own " +
			"limits are shown in your PayPal account."
	case "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED":
		return "It was tried too often; PayPal allows no further attempt for this order. The reader can start a new " +
			"contribution."
	case "COMPLIANCE_VIOLATION":
		return "PayPal may not carry out this payment for legal reasons. That cannot be changed from here."
	case "DOMESTIC_TRANSACTION_REQUIRED":
		return "PayPal lets your account take this only from readers in your own country. That cannot be changed from here."
	case "CARD_BRAND_NOT_SUPPORTED", "NOT_ENABLED_FOR_CARD_PROCESSING", "PAYEE_NOT_ENABLED_FOR_CARD_PROCESSING",
		"NOT_ENABLED_FOR_BANK_PROCESSING", "PAYEE_NOT_ENABLED_FOR_BANK_PROCESSING":
		return "Your PayPal account does not take this way of paying. The reader can pick another; PayPal's support can " +
			"switch it on."
	case "PAYEE_ACCOUNT_RESTRICTED", "PAYEE_ACCOUNT_LOCKED_OR_CLOSED", "PAYEE_ACCOUNT_INVALID":
		return "Your own PayPal account cannot take payments. Sign in to PayPal and do what it asks for: until then no " +
			"contribution gets through."
	case "PAYEE_BLOCKED_TRANSACTION", "TRANSACTION_BLOCKED_BY_PAYEE":
		return "The fraud filters of your own PayPal account refuse the payment. Look at their settings at PayPal if this " +
			"happens often."
	case "PERMISSION_DENIED", "AUTH_CAPTURE_NOT_ENABLED":
		return "Your PayPal app is not allowed to do this. Someone with access to the PayPal account has to give it the " +
			"permission."
	case "CURRENCY_NOT_SUPPORTED", "CURRENCY_NOT_SUPPORTED_FOR_COUNTRY", "CURRENCY_NOT_SUPPORTED_FOR_BANK",
		"INVALID_CURRENCY_CODE":
		return "Your PayPal account cannot take this currency. Remove it from the campaign, or enable it at PayPal."
	case "DUPLICATE_INVOICE_ID":
		return "PayPal says that this receipt number was paid already. Look it up at PayPal before the reader pays again."
	default:
		return "PayPal says: " + code + "."
	}
}

// heldInWords explains why PayPal holds a payment, or what took it back: the codes of Payments v2, capture
// status_details.
func heldInWords(code string) string {
	switch code {
	case "BUYER_COMPLAINT":
		return "The reader has opened a dispute at PayPal. Respond to it there, or accept it here."
	case "CHARGEBACK":
		return "The reader's bank charged the payment back. Respond to it in PayPal's Resolution Center, or accept it here."
	case "ECHECK":
		return "It was paid from a bank account, which takes a few days. There is nothing to do: it counts as soon as the " +
			"money is in."
	case "INTERNATIONAL_WITHDRAWAL":
		return "It comes from another country, and your PayPal account is set to accept such payments manually. Accept or " +
			"refuse it at PayPal."
	case "PENDING_REVIEW":
		return "PayPal is reviewing the payment, most often within a day. There is nothing to do, unless PayPal writes to " +
			"you."
	case "RECEIVING_PREFERENCE_MANDATES_MANUAL_ACTION":
		return "Your PayPal account is set to accept such payments manually, often because it does not hold the currency. " +
			"Accept it at PayPal; to accept them automatically, change “Payment receiving preferences” there."
	case "REFUNDED":
		return "The payment was refunded at PayPal. There is nothing to do."
	case "TRANSACTION_APPROVED_AWAITING_FUNDING":
		return "PayPal is waiting for the reader's money to arrive. There is nothing to do: it counts as soon as it does."
	case "UNILATERAL":
		return "Your PayPal account's email address is not confirmed yet. Confirm it at PayPal; until then the payment waits."
	case "VERIFICATION_REQUIRED":
		return "Your PayPal account has to be verified first. Do that at PayPal; until then it keeps every payment waiting."
	case "OTHER":
		return "PayPal gives no reason here. Look at the payment in your PayPal account, or ask PayPal's support."
	default:
		return ""
	}
}

// refundReasonInWords explains why a refund waits or failed. Source: Payments v2, refund status_details.
func refundReasonInWords(code string) string {
	if code == "ECHECK" {
		return "PayPal takes the money from a bank account first, which takes a few days. There is nothing to do."
	}
	return reasonInWords(code)
}

// disputeReasonInWords says why the reader complains. Source: Disputes v1, dispute_reason.
func disputeReasonInWords(code string) string {
	switch code {
	case "":
		return "PayPal gives no reason."
	case "MERCHANDISE_OR_SERVICE_NOT_RECEIVED":
		return "The reader says that nothing was received for the money."
	case "MERCHANDISE_OR_SERVICE_NOT_AS_DESCRIBED":
		return "The reader says that what was received is not what was promised."
	case "UNAUTHORISED":
		return "The reader says that someone else made the payment."
	case "CREDIT_NOT_PROCESSED":
		return "The reader says that a promised refund did not come."
	case "DUPLICATE_TRANSACTION":
		return "The reader says that the same payment was made twice."
	case "INCORRECT_AMOUNT":
		return "The reader says that the amount is wrong."
	case "PAYMENT_BY_OTHER_MEANS":
		return "The reader says that it was already paid another way."
	case "CANCELED_RECURRING_BILLING":
		return "The reader says that a regular payment had been cancelled."
	case "PROBLEM_WITH_REMITTANCE":
		return "The reader says that the transfer of the money went wrong."
	case "OTHER":
		return "The reader gives a reason that PayPal does not name here. It is shown in PayPal's Resolution Center."
	default:
		return "PayPal says: " + code + "."
	}
}

// stageInWords says how far a case has gone, and what that means for the money. Source: Disputes v1,
// dispute_lifecycle_stage.
func stageInWords(stage, channel string) (label, meaning string) {
	switch {
	case stage == "INQUIRY":
		return "Inquiry", "The reader asks first, and PayPal holds no money. A response at PayPal, or a refund, may end it " +
			"here."
	case stage == "CHARGEBACK" && channel == "EXTERNAL":
		return "Chargeback", "The reader's bank wants the money back. PayPal holds the amount until the bank decides."
	case stage == "CHARGEBACK":
		return "Claim", "The reader wants the money back through PayPal. PayPal holds the amount until it decides."
	case stage == "PRE_ARBITRATION":
		return "Pre-arbitration", "The first decision was contested. PayPal holds the amount until the next one."
	case stage == "ARBITRATION":
		return "Arbitration", "The card network decides, and that is final. PayPal holds the amount until then."
	default:
		return spaced(stage), ""
	}
}

// turnInWords says who has to do something next about a case. Source: Disputes v1, status.
func turnInWords(paypalStatus string) status {
	switch paypalStatus {
	case "WAITING_FOR_SELLER_RESPONSE":
		return status{"Needs response", "bad", "PayPal is waiting for our response."}
	case "WAITING_FOR_BUYER_RESPONSE":
		return status{"Awaiting reader", "wait", "PayPal is waiting for the reader's response. There is nothing to do now."}
	case "UNDER_REVIEW":
		return status{"Under review", "wait", "PayPal is deciding. There is nothing to do now."}
	case "RESOLVED":
		return status{"Ended", "off", "The dispute has ended."}
	case "OPEN":
		return status{"Open", "bad", "There is no response yet."}
	default:
		return status{"Open", "bad", "See in PayPal's Resolution Center what it is waiting for."}
	}
}

// outcomeInWords says how a case ended. Source: Disputes v1, dispute_outcome.
func outcomeInWords(code string) status {
	switch code {
	case "RESOLVED_BUYER_FAVOUR":
		return status{"Lost", "bad", "The dispute was decided for the reader. The disputed money went back."}
	case "ACCEPTED":
		return status{"Accepted", "off", "We accepted the dispute. The disputed money went back."}
	case "RESOLVED_SELLER_FAVOUR":
		return status{"Won", "good", "PayPal decided for us. The money is ours."}
	case "CANCELED_BY_BUYER":
		return status{"Withdrawn", "good", "The reader withdrew the dispute. The money is ours."}
	case "DENIED":
		return status{"Denied", "good", "PayPal denied the dispute. The money is ours."}
	case "RESOLVED_WITH_PAYOUT":
		return status{"Paid by PayPal", "good", "PayPal paid the reader from its own funds. The money is ours."}
	default:
		return status{"Ended", "off", "The dispute has ended; PayPal does not say for whom. The ledger below shows what " +
			"happened to the money."}
	}
}

// askedInWords says how far a refund has come that staff asked for.
func askedInWords(state string) status {
	switch state {
	case "asked":
		return status{"Sending", "wait", "It is saved and on its way to PayPal. Readerfund keeps trying; do not request it " +
			"again."}
	case "unknown":
		return status{"No answer yet", "wait", "PayPal was asked and its answer did not arrive. Readerfund keeps asking " +
			"until it is known; do not request it again."}
	case "pending":
		return status{"Pending", "wait", "PayPal has accepted it and pays the reader later, usually because the money has " +
			"to come from a bank account first."}
	case "done":
		return status{"Completed", "good", "The money was refunded to the reader."}
	case "failed":
		return status{"Failed", "bad", "PayPal accepted it and could not pay it. The money is still in your account."}
	case "refused":
		return status{"Refused", "bad", "PayPal did not make the refund. The money is still in your account."}
	default:
		return status{spaced(state), "off", ""}
	}
}
