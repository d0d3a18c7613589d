package sandbox

import "net/http"

// paymentErrors are the messages of v1's errors, which have a name and no issue codes. Source: PayPal, "Payments API
// v1", errors.
var paymentErrors = map[string]string{
	"INVALID_RESOURCE_ID":                "The requested resource ID was not found.",
	"MALFORMED_REQUEST":                  "JSON request is malformed.",
	"REFUND_EXCEEDED_TRANSACTION_AMOUNT": "Refund refused - the requested refund amount would exceed the amount of transaction being refunded.",
	"REFUND_TIME_LIMIT_EXCEEDED":         "This transaction is too old to refund.",
	"TRANSACTION_ALREADY_REFUNDED":       "Refund transaction refused - this transaction has already been refunded.",
	"TRANSACTION_REFUSED":                "This request was refused.",
	"VALIDATION_ERROR":                   "Invalid request - see details.",
}

// paymentProblem is an error of Payments v1.
func paymentProblem(status int, name string, details ...detail) *problem {
	return &problem{Status: status, Name: name, Message: paymentErrors[name], Details: details,
		InfoURL: "https://developer.paypal.com/docs/api/payments/v1/#error-" + name}
}

func unknownPayment() *problem { return paymentProblem(http.StatusNotFound, "INVALID_RESOURCE_ID") }

// asV1Problem is a refusal of v2 as v1 says it.
func asV1Problem(p *problem) *problem {
	name := "TRANSACTION_REFUSED"
	switch p.Details[0].Issue {
	case "CAPTURE_FULLY_REFUNDED":
		name = "TRANSACTION_ALREADY_REFUNDED"
	case "REFUND_AMOUNT_EXCEEDED":
		name = "REFUND_EXCEEDED_TRANSACTION_AMOUNT"
	case "REFUND_TIME_LIMIT_EXCEEDED":
		name = "REFUND_TIME_LIMIT_EXCEEDED"
	}
	return paymentProblem(http.StatusBadRequest, name)
}
