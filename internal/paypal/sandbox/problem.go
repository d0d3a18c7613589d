package sandbox

import (
	"cmp"
	"net/http"
	"strings"
)

// operation names the calls of PayPal's documents; some issues are described differently from one to the next.
type operation string

const (
	opCreate      operation = "orders.create"
	opShow        operation = "orders.get"
	opPatch       operation = "orders.patch"
	opCapture     operation = "orders.capture"
	opCaptureShow operation = "captures.get"
	opRefund      operation = "captures.refund"
	opRefundShow  operation = "refunds.get"
	opSale        operation = "sale.get"
	opSaleRefund  operation = "sale.refund"
	opWebhooks    operation = "notifications"
	opDisputes    operation = "disputes"
	opReporting   operation = "reporting"

	opProductCreate     operation = "products.create"
	opProductShow       operation = "products.get" // and products.list, which words things alike
	opProductPatch      operation = "products.patch"
	opPlanCreate        operation = "plans.create"
	opPlanShow          operation = "plans.get" // and plans.list
	opPlanPatch         operation = "plans.patch"
	opPlanActivate      operation = "plans.activate"
	opPlanDeactivate    operation = "plans.deactivate"
	opPlanReprice       operation = "plans.update-pricing-schemes"
	opSubscribe         operation = "subscriptions.create"
	opSubscription      operation = "subscriptions.get"
	opSubscriptionPatch operation = "subscriptions.patch"
	opRevise            operation = "subscriptions.revise"
	opSuspend           operation = "subscriptions.suspend"
	opCancel            operation = "subscriptions.cancel"
	opActivate          operation = "subscriptions.activate"
	opOutstanding       operation = "subscriptions.capture"
	opTransactions      operation = "subscriptions.transactions"
)

// detail is one entry of an error's details.
type detail struct {
	Field       string `json:"field,omitempty"`
	Value       string `json:"value,omitempty"`
	Location    string `json:"location,omitempty"`
	Issue       string `json:"issue"`
	Description string `json:"description,omitempty"`
}

// link is one of PayPal's HATEOAS links.
type link struct {
	Href    string `json:"href"`
	Rel     string `json:"rel"`
	Method  string `json:"method,omitempty"`
	EncType string `json:"encType,omitempty"`
}

// problem is an error answer in PayPal's shape; it is also a Go error.
type problem struct {
	Status  int      `json:"-"`
	Name    string   `json:"name"`
	Message string   `json:"message"`
	DebugID string   `json:"debug_id"`
	InfoURL string   `json:"information_link,omitempty"`
	Details []detail `json:"details,omitempty"`
	Links   []link   `json:"links,omitempty"`

	TotalItems   int `json:"total_items,omitempty"`
	MaximumItems int `json:"maximum_items,omitempty"`
}

func (p *problem) Error() string {
	if len(p.Details) > 0 {
		return p.Name + ": " + p.Details[0].Issue
	}
	return p.Name
}

// errorNames are the name and message PayPal gives with each status.
var errorNames = map[int][2]string{
	http.StatusBadRequest: {"INVALID_REQUEST",
		"Request is not well-formed, syntactically incorrect, or violates schema."},
	http.StatusUnauthorized: {"AUTHENTICATION_FAILURE",
		"Authentication failed due to missing authorization header, or invalid authentication credentials."},
	http.StatusForbidden:        {"NOT_AUTHORIZED", "Authorization failed due to insufficient permissions."},
	http.StatusNotFound:         {"RESOURCE_NOT_FOUND", "The specified resource does not exist."},
	http.StatusMethodNotAllowed: {"METHOD_NOT_SUPPORTED", "The server does not implement the requested HTTP method."},
	http.StatusConflict: {"RESOURCE_CONFLICT",
		"The server has detected a conflict while processing this request."},
	http.StatusUnsupportedMediaType: {"UNSUPPORTED_MEDIA_TYPE",
		"The server does not support the request payload's media type."},
	http.StatusUnprocessableEntity: {"UNPROCESSABLE_ENTITY",
		"The requested action could not be performed, semantically incorrect, or failed business validation."},
	http.StatusTooManyRequests:     {"RATE_LIMIT_REACHED", "Too many requests. Blocked due to rate limiting."},
	http.StatusInternalServerError: {"INTERNAL_SERVER_ERROR", "An internal server error occurred."},
	http.StatusServiceUnavailable:  {"SERVICE_UNAVAILABLE", "Service Unavailable."},
}

// statusProblem is PayPal's error for a status, with the details given.
func statusProblem(status int, details ...detail) *problem {
	name, known := errorNames[status]
	if !known {
		name = [2]string{"INTERNAL_SERVER_ERROR", http.StatusText(status)}
	}
	p := &problem{Status: status, Name: name[0], Message: name[1], Details: details}
	code := name[0]
	if len(details) > 0 {
		code = details[0].Issue
	}
	info := link{
		Href: "https://developer.paypal.com/docs/api/orders/v2/#error-" + code, Rel: "information_link", Method: "GET",
	}
	if status == http.StatusBadRequest {
		info.Method, info.EncType = "", "application/json"
	}
	p.Links = []link{info}
	return p
}

// plain is the problem without links, as the APIs of v1 have it: encType is recorded of v2 alone.
func (p *problem) plain() *problem {
	p.Links = nil
	return p
}

// in is the problem with the links that the API of an operation gives.
func (p *problem) in(op operation) *problem {
	if !op.billing() || len(p.Links) == 0 {
		return p
	}
	at, page := *p, "subscriptions/v1/"
	if strings.HasPrefix(string(op), "products.") {
		page = "catalog-products/v1/"
	}
	_, code, _ := strings.Cut(p.Links[0].Href, "#error-")
	at.Links = []link{{
		Href: "https://developer.paypal.com/docs/api/" + page + "#error-" + code, Rel: "information_link", Method: "GET",
	}}
	return &at
}

// issueProblem is the answer that belongs to an issue code when no field is at fault.
func issueProblem(op operation, code string) *problem {
	return statusProblem(issues[code].status, detail{Issue: code, Description: describe(op, code)})
}

// notFound is PayPal's answer for an id it does not know, and for an order that has expired.
func notFound(op operation) *problem { return issueProblem(op, "INVALID_RESOURCE_ID") }

// malformed is PayPal's answer to a body that is not JSON.
func malformed(op operation) *problem {
	p := issueProblem(op, "MALFORMED_REQUEST_JSON")
	p.Details[0].Location = "body"
	return p
}

// describe gives PayPal's description of an issue in one operation.
func describe(op operation, code string) string {
	if text, special := descriptions[op][code]; special {
		return text
	}
	if op.billing() {
		return cmp.Or(billingDescriptionsOf[op][code], billingDescriptions[code], issues[code].text)
	}
	return issues[code].text
}
