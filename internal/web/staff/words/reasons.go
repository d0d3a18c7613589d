package words

import (
	"cmp"

	"readerfund/internal/i18n"
)

// sameReason maps codes to another code that means the same for staff.
var sameReason = map[string]string{
	"AUTH_CAPTURE_NOT_ENABLED":              "PERMISSION_DENIED",
	"CURRENCY_NOT_SUPPORTED_FOR_BANK":       "CURRENCY_NOT_SUPPORTED",
	"CURRENCY_NOT_SUPPORTED_FOR_COUNTRY":    "CURRENCY_NOT_SUPPORTED",
	"CURRENCY_NOT_SUPPORTED_FOR_RECEIVER":   "CURRENCY_NOT_SUPPORTED",
	"DECLINED_DUE_TO_RELATED_TXN":           "TRANSACTION_REFUSED",
	"INVALID_CURRENCY_CODE":                 "CURRENCY_NOT_SUPPORTED",
	"NOT_ENABLED_FOR_BANK_PROCESSING":       "CARD_BRAND_NOT_SUPPORTED",
	"NOT_ENABLED_FOR_CARD_PROCESSING":       "CARD_BRAND_NOT_SUPPORTED",
	"ORDER_NOT_APPROVED":                    "PAYER_ACTION_REQUIRED",
	"OTHER":                                 "UNNAMED", // go-i18n takes "other" for a plural form
	"PAYEE_ACCOUNT_INVALID":                 "PAYEE_ACCOUNT_RESTRICTED",
	"PAYEE_ACCOUNT_LOCKED_OR_CLOSED":        "PAYEE_ACCOUNT_RESTRICTED",
	"PAYEE_NOT_ENABLED_FOR_BANK_PROCESSING": "CARD_BRAND_NOT_SUPPORTED",
	"PAYEE_NOT_ENABLED_FOR_CARD_PROCESSING": "CARD_BRAND_NOT_SUPPORTED",
	"PAYER_ACCOUNT_LOCKED_OR_CLOSED":        "PAYER_CANNOT_PAY",
	"PAYER_ACCOUNT_RESTRICTED":              "PAYER_CANNOT_PAY",
	"REDIRECT_PAYER_FOR_ALTERNATE_FUNDING":  "INSTRUMENT_DECLINED",
	"SENDING_LIMIT_EXCEEDED":                "TRANSACTION_LIMIT_EXCEEDED",
	"SHIPPING_RISK_HOLD":                    "PAYMENT_HOLD",
	"USER_ACCOUNT_CLOSED":                   "PAYEE_ACCOUNT_RESTRICTED",
	"TRANSACTION_BLOCKED_BY_PAYEE":          "PAYEE_BLOCKED_TRANSACTION",
	"TRANSACTION_RECEIVING_LIMIT_EXCEEDED":  "TRANSACTION_LIMIT_EXCEEDED",
}

// Reason explains PayPal's code for a pending, declined or failed payment, and says what staff can do about it.
// A code that has no sentence is shown as it is. Source: Payments v2, capture status_details; Orders v2, issues of
// create and capture; Billing Subscriptions v1, last_failed_payment and issues of create.
func Reason(loc i18n.Localizer, code string) string {
	if code == "" {
		return ""
	}
	if words, known := loc.Lookup("paypal.reason." + cmp.Or(sameReason[code], code)); known {
		return words
	}
	return loc.Say("paypal.reason_unknown", i18n.Args{"code": code})
}

// RefundReason explains why a refund waits or failed. Source: Payments v2, refund status_details.
func RefundReason(loc i18n.Localizer, code string) string {
	if code == "ECHECK" {
		return loc.Say("refund.waits_for_bank")
	}
	return Reason(loc, code)
}

// DisputeReason says what the reader complains about. Source: Disputes v1, dispute_reason.
func DisputeReason(loc i18n.Localizer, code string) string {
	if words, known := loc.Lookup("dispute.reason." + cmp.Or(sameReason[code], code, "none")); known {
		return words
	}
	return loc.Say("paypal.reason_unknown", i18n.Args{"code": code})
}
