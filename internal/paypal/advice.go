package paypal

import (
	"errors"
	"fmt"
	"net/http"
)

// advice is what a person in the newsroom can do about PayPal's refusal of a refund or of accepting a claim. The codes
// are Payments v2's, refund captured payment, and the names of errors that the Disputes API shares with it.
var advice = map[string]string{
	"REFUND_TIME_LIMIT_EXCEEDED":                  "The payment is older than PayPal's time limit for refunds, 180 days in most accounts. Send the money back another way, such as a bank transfer or a new PayPal payment.",
	"REFUND_FAILED_INSUFFICIENT_FUNDS":            "The PayPal account does not hold enough money for this refund, and no bank account that PayPal has verified covers it. Add money to the PayPal account, then refund again.",
	"TRANSACTION_DISPUTED":                        "The reader has an open dispute about this payment. Accept the dispute here instead, or respond to it in PayPal's Resolution Center.",
	"REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK":      "The reader's bank has already charged this payment back. There is nothing to refund; respond to the chargeback in PayPal's Resolution Center.",
	"PENDING_CAPTURE":                             "The payment is still pending at PayPal, so there is no money to refund yet. Wait until it is completed, or cancel it in the PayPal account.",
	"CAPTURE_FULLY_REFUNDED":                      "This payment has already been refunded in full. Ask PayPal again to see the refunds made there.",
	"REFUND_AMOUNT_EXCEEDED":                      "That is more than what is left of this payment. Ask PayPal again to see what was refunded, then refund no more than the rest.",
	"PARTIAL_REFUND_NOT_ALLOWED":                  "PayPal allows only a full refund of this payment.",
	"MAX_NUMBER_OF_REFUNDS_EXCEEDED":              "PayPal allows no further refund of this payment, because there have been too many. Send the rest back another way.",
	"REFUND_CAPTURE_CURRENCY_MISMATCH":            "The refund is in another currency than the payment. Refund in the currency the reader paid in.",
	"CURRENCY_MISMATCH":                           "The refund is in another currency than the payment. Refund in the currency the reader paid in.",
	"REFUND_AMOUNT_TOO_LOW":                       "The amount is too small: converted into the currency of the PayPal account, nothing is left of it. Refund a larger amount.",
	"REFUND_NOT_ALLOWED":                          "PayPal does not refund this payment. Look at the payment in the PayPal account for the reason, or send the money back another way.",
	"REFUND_IS_RESTRICTED":                        "PayPal lets only the app that took this payment refund it, and this is another one. Refund it in the PayPal account, or with the credentials the payment was taken with.",
	"PERMISSION_DENIED":                           "The PayPal app of this installation is not allowed to do this. Someone with access to the PayPal account can do it there, and can give the app the permission.",
	"PAYEE_ACCOUNT_LOCKED_OR_CLOSED":              "PayPal has locked or closed the newsroom's PayPal account. Sign in to PayPal and resolve that first.",
	"PAYEE_ACCOUNT_RESTRICTED":                    "PayPal has restricted the newsroom's PayPal account. Sign in to PayPal and see what it asks for.",
	"INVALID_ACCOUNT_STATUS":                      "PayPal does not accept the newsroom's PayPal account at present. Sign in to PayPal and see what it asks for.",
	"PAYER_ACCOUNT_LOCKED_OR_CLOSED":              "The reader's PayPal account is locked or closed, so that PayPal cannot send the money there. Ask the reader for another way to send it.",
	"DUPLICATE_INVOICE_ID":                        "PayPal has seen a refund with this number before, so this one may have been made already. Ask PayPal again before you try another.",
	"PLATFORM_FEE_EXCEEDED":                       "The payment was taken through a platform, and its fee does not allow this refund. Refund it where the platform's payments are kept.",
	"PLATFORM_FEE_NOT_ENABLED":                    "The payment was taken through a platform, and this PayPal account may not refund its fee. Refund it where the platform's payments are kept, or ask PayPal's account manager.",
	"CANNOT_BE_ZERO_OR_NEGATIVE":                  "The amount is zero or less. Refund an amount above zero.",
	"CANNOT_BE_NEGATIVE":                          "The amount is less than zero. Refund an amount above zero.",
	"DECIMAL_PRECISION":                           "The amount has more decimals than its currency. Write it with at most two.",
	"DECIMALS_NOT_SUPPORTED":                      "PayPal takes no decimals in this currency. Write a whole number.",
	"INVALID_CURRENCY_CODE":                       "PayPal does not know the currency. Refund in the currency the reader paid in.",
	"INVALID_RESOURCE_ID":                         "PayPal has nothing under this ID. It may be of another PayPal account, or of the sandbox. Check which account this installation uses.",
	"PREVIOUS_REQUEST_IN_PROGRESS":                "PayPal is still working on the first attempt. Wait a minute, then ask PayPal again; do not start another.",
	"MISSING_REQUIRED_PARAMETER":                  ourFault,
	"INVALID_PARAMETER_SYNTAX":                    ourFault,
	"INVALID_STRING_LENGTH":                       ourFault,
	"ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE": "The dispute cannot be accepted as it stands: it has ended, or PayPal or the reader has to act first. Ask PayPal again to see where it is.",
	"RATE_LIMIT_REACHED":                          "PayPal has had too many requests at once. Try again in a few minutes.",
	"NOT_AUTHORIZED":                              "The PayPal app of this installation is not allowed to do this. Someone with access to the PayPal account can do it there, and can give the app the permission.",
	"FORBIDDEN":                                   "The PayPal app of this installation is not allowed to do this. Someone with access to the PayPal account can do it there, and can give the app the permission.",
}

const ourFault = "PayPal did not understand a part of the request. That is a fault of Readerfund and not yours: tell whoever runs Readerfund."

// Advice turns the failure of a refund, or of accepting a claim, into PayPal's code and an English sentence that says
// what a person can do. A code without advice gets PayPal's own words and its debug id. The code is empty where PayPal
// gave none, and both are empty for an error that is not of a call to PayPal.
func Advice(err error) (code, sentence string) {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return "", ""
	}
	if e.unknown && !e.Has(inProgress) {
		return e.code(), "PayPal did not say whether it was done. It may have been: wait a few minutes, then ask PayPal again; do not start another."
	}
	for _, issue := range e.Issues {
		if known := advice[issue.Issue]; known != "" {
			return issue.Issue, known
		}
	}
	if known := advice[e.Name]; known != "" {
		return e.Name, known
	}
	if e.Status < 400 || e.Status > 499 {
		return e.code(), "PayPal could not be asked, so nothing was done. Try again in a few minutes."
	}
	return e.code(), e.inPayPalsWords()
}

// code is the most specific code PayPal gave.
func (e *Error) code() string {
	for _, i := range e.Issues {
		if issue := code(i.Issue); issue != "" {
			return issue
		}
	}
	return code(e.Name)
}

// inPayPalsWords quotes the description of the first issue, or the message, as far as it can be shown.
func (e *Error) inPayPalsWords() string {
	words := e.Message
	for _, i := range e.Issues {
		if i.Description != "" {
			words = i.Description
			break
		}
	}
	if words = oneLine(words, maxSummary); words == "" {
		words = fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
	}
	if id := code(e.DebugID); id != "" {
		return fmt.Sprintf("PayPal refused it and says: “%s” PayPal's support finds it by the debug ID %s.", words, id)
	}
	return fmt.Sprintf("PayPal refused it and says: “%s”", words)
}
