package paypal

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"

	"readerfund/internal/i18n"
)

// sameAdvice are the codes that ask for what another one does.
var sameAdvice = map[string]string{
	"CURRENCY_MISMATCH":                 "REFUND_CAPTURE_CURRENCY_MISMATCH",
	"FORBIDDEN":                         "PERMISSION_DENIED",
	"INVALID_PARAMETER_SYNTAX":          "MISSING_REQUIRED_PARAMETER",
	"INVALID_STRING_LENGTH":             "MISSING_REQUIRED_PARAMETER",
	"INVALID_STRING_MAX_LENGTH":         "MISSING_REQUIRED_PARAMETER",
	"NOT_AUTHORIZED":                    "PERMISSION_DENIED",
	"SUBSCRIPTION_CANNOT_BE_ACTIVATED":  "SUBSCRIPTION_STATUS_INVALID",
	"BILLING_CYCLE_EXECUTION_COMPLETED": "SUBSCRIPTION_STATUS_INVALID",
	"USER_ACCOUNT_CLOSED":               "PAYEE_ACCOUNT_LOCKED_OR_CLOSED",
}

// Advice turns the failure of a refund, of accepting a dispute, or of a change to a subscription into PayPal's code and
// a sentence that says what a person can do. The codes that it knows are Payments v2's, refund captured payment, the
// names of errors that the Disputes API shares with it, and those of Billing Subscriptions v1 that somebody can do
// something about; for another one it has PayPal's own words and its debug id. The code is empty where PayPal gave
// none, and both are empty for an error that is not of a call to PayPal.
func Advice(err error) (code string, sentence i18n.Message) {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return "", i18n.Message{}
	}
	if e.unknown && !e.Has(inProgress) {
		return e.code(), i18n.New("paypal.not_confirmed")
	}
	for _, issue := range e.Issues {
		if known, ok := advice(issue.Issue); ok {
			return issue.Issue, known
		}
	}
	if known, ok := advice(e.Name); ok {
		return e.Name, known
	}
	if e.Status < 400 || e.Status > 499 {
		return e.code(), i18n.New("paypal.not_asked")
	}
	return e.code(), e.inPayPalsWords()
}

// advice is what to do about a code, where the catalogue has a sentence about it.
func advice(code string) (i18n.Message, bool) {
	code = cmp.Or(sameAdvice[code], code)
	return i18n.New("paypal.advice." + code), i18n.Has("paypal.advice." + code)
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
func (e *Error) inPayPalsWords() i18n.Message {
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
		return i18n.New("paypal.says_with_debug_id", i18n.Args{"words": words, "debug_id": id})
	}
	return i18n.New("paypal.says", i18n.Args{"words": words})
}
