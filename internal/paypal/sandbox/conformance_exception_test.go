package sandbox_test

import (
	"regexp"
	"testing"
)

// exception is a disagreement between the emulator and PayPal's documents, or recorded answers, that is meant to be.
// Each has to occur: one that has become untrue fails the test.
type exception struct {
	operation string // as the documents write it, or a pattern in which .* stands for several
	on        string
	what      string // a pattern for the complaint
	title     string // the same in words
	reason    string
	source    string
}

func (e exception) covers(c complaint) bool {
	return regexp.MustCompile("^("+e.on+")$").MatchString(c.on) &&
		regexp.MustCompile("^("+e.operation+")$").MatchString(c.operation) &&
		regexp.MustCompile(e.what).MatchString(c.what)
}

// exceptions are PayPal's documents where they are wrong or silent, and what decides instead.
func exceptions() []exception {
	return append(documentsWrong(), documentsSilent()...)
}

func documentsWrong() []exception {
	const order = "POST /v2/checkout/orders"
	return []exception{
		{"POST /v2/checkout/orders", "request", `landing_page: maximum string length is 13`,
			"`experience_context.landing_page` `GUEST_CHECKOUT` is taken, although it is longer than the document's `maxLength` of 13",
			"It is one of the values that the same schema lists, and has 14 characters.",
			"Orders v2, `paypal_wallet_experience_context`"},
		{".*/v2/checkout/orders.*", "answer", `^20[01]: /purchase_units/\*/payee/display_data: `,
			"`payee.display_data` in an order", "Recorded; the document's `payee` does not have it.", "recorded/03, 05 and 07"},
		{`CHECKOUT\.ORDER\..*`, "event", `^resource: /purchase_units/\*/payee/display_data: `,
			"`payee.display_data` in an order's events", "The resource is the order as it is recorded.",
			"recorded/03, 05 and 07"},
		{".*/v2/.*", "answer", `^400: /links/\*/encType: `,
			"`encType` in the links of an error", "Recorded; the document's `error_link_description` does not have it.",
			"recorded/02"},
		{".*/v1/notifications/webhooks-events/\\{event_id\\}.*", "request",
			`path event_id string doesn't match the regular expression`,
			"ids of events with hyphens", "Every event that PayPal signed has an id of the form `WH-…-…`; the document's pattern for `event_id` has letters and digits only.",
			"the genuine deliveries under signed/"},
		{"POST /v1/notifications/simulate-event", "request", `/event_type: string doesn't match the regular expression`,
			"names of events with hyphens", "`CHECKOUT.PAYMENT-APPROVAL.REVERSED`, `BILLING.SUBSCRIPTION.RE-ACTIVATED` and `BILLING.PLAN.PRICING-CHANGE.ACTIVATED` are in PayPal's list of events; " +
				"the document's pattern for `event_type` has no hyphen.", "PayPal, Webhook event names"},
		{"POST /v1/notifications/verify-webhook-signature", "request", `readOnly property "\w+" in request`,
			"`webhook_event` is sent back whole", "The document uses the schema of an event that PayPal sends, in which nearly every member is read-only; without them there is nothing to verify.",
			"Webhooks v1, `verify_webhook_signature`"},
		{"POST /v1/notifications/simulate-event", "answer", `^202: /create_time: not of the format date-time`,
			"simulated subscription events with a nineteenth month",
			"PayPal's simulator sends them so; whoever reads webhooks has to survive it.",
			"the simulator's deliveries of 2024 and 2025"},
		{`BILLING\.SUBSCRIPTION\..*`, "event", `^envelope: /create_time: not of the format date-time`,
			"the same as they are delivered", "As above.", "the simulator's deliveries of 2024 and 2025"},
		{"01-POST-.*", "recording", `^/payer/phone is recorded, and missing`,
			"no `payer.phone`", "Only the recording of 2019 has it; in those of 2024, of the same buyer, it is gone.",
			"recorded/05, 07 and 08 against recorded/01"},
		{order, "answer", `issue NO_PAYMENT_SOURCE_PROVIDED is not in the list of status 422`,
			"`NO_PAYMENT_SOURCE_PROVIDED` for an empty `payment_source`",
			"The issue is in no list of the documents; it is what PayPal answered to a client that sent one.",
			"github.com/plutov/paypal, issue 275"},
		{"(POST|PATCH) /v2/checkout/orders.*", "answer", `issue DECIMALS_NOT_SUPPORTED is not in the list of status 422`,
			"`DECIMALS_NOT_SUPPORTED` when an order is made or changed",
			"The document has it for refunds only; PayPal's page on the errors of orders has it, too.",
			"PayPal, Orders API troubleshooting; Currency codes"},
		{"GET /v1/reporting/transactions", "answer", `^200: /.*_date(time)?: string doesn't match the regular expression`,
			"times with the zone `+0000`", "The document wants `Z` or a zone with a colon; the answers that people have published have none.",
			"github.com/plutov/paypal, `JSONTime`; github.com/paypal/PayPal-node-SDK, issue 452"},
		{"GET /v1/reporting/transactions", "answer", `^200: /transaction_details: minimum number of items is 1`,
			"an empty `transaction_details`", "The document wants one at least; a search that finds nothing is answered with 200 and an empty list, as people have published it.",
			"answers published by users"},
		{"GET /v1/reporting/transactions", "answer", `^400: (fits none of the alternatives|/(maximum|total)_items: )`,
			"`RESULTSET_TOO_LARGE`, and data that are not available",
			"The document has only the general message of an error 400. PayPal gives these a name or a message of their own, and says how many there are.",
			"github.com/airbytehq/airbyte, issue 4404; github.com/paypal/PayPal-node-SDK, issue 452"},
		{"payments_payment_v1", "document", `extra sibling fields: \[deprecated\]`, "the document is not valid OpenAPI",
			"OpenAPI 3.0 allows nothing beside a `$ref`. What passes is held to the document all the same.",
			"kin-openapi, Validate"},
		{`GET /v1/payments/sale/\{sale_id\}|PAYMENT\.SALE\..*`, "answer|event",
			`/parent_payment: property "parent_payment" is missing`,
			"no `parent_payment` in the sale of a subscription",
			"The document requires it; none of the recorded sales of subscriptions has it: they belong to no payment of v1.",
			"github.com/shopware/SwagPayPal, issue 7; github.com/paypal/PayPal-PHP-SDK, issues 1209 and 1308"},
		{`PAYMENT\.SALE\.(COMPLETED|PENDING|DENIED)`, "event", `^resource: /invoice_number: `,
			"`invoice_number` in a sale's events", "Recorded; the document's `sale` does not have it.",
			"github.com/shopware/SwagPayPal, issue 7"},
		{`GET /v1/payments/sale/\{sale_id\}|PAYMENT\.SALE\.COMPLETED`, "answer|event", `/payment_hold_status: RELEASED`,
			"`payment_hold_status` `RELEASED`", "Recorded, in the second event of a sale whose funds were held; the document has only `HELD`.",
			"github.com/paypal/PayPal-PHP-SDK, issue 1217; events published by users"},
		{`PAYMENT\.SALE\.REFUNDED`, "event", `^resource: /refund_reason_code: `,
			"`refund_reason_code` in a refund's event", "Recorded in 2020; no document has it.",
			"github.com/shopware/SwagPayPal, issue 13"},
		{`PAYMENT\.SALE\.REVERSED`, "event", `^resource: /(billing_agreement_id|payment_mode|protection_eligibility|protection_eligibility_type|reason_code|transaction_fee|state): `,
			"the sale itself as the resource of a reversal",
			"On request only: the simulator sends a refund, and public code reads a sale.",
			"opencollective-api, webhook.ts (unsure)"},
		{`BILLING\.SUBSCRIPTION\..*`, "event", `^resource: /links/\*/encType: `,
			"`encType` in the links of a subscription's events", "Recorded; the document's `link_description` does not have it.",
			"github.com/paypal/paypal-checkout-components, issue 1157"},
		{"GET /v1/customer/disputes", "request", `query dispute_state string doesn't match the regular expression`,
			"several values of `dispute_state`", "The document's text wants them separated by commas; its pattern has no comma.",
			"Disputes v1, `disputes.list`"},
		{"POST /v1/customer/disputes/\\{id\\}/(accept-claim|provide-evidence|send-message)", "request",
			`header Content-Type has unexpected value "application/json"`,
			"JSON for the seller's answers in a dispute",
			"The document has only the upload of a file, while its own text speaks of the JSON request body.",
			"Disputes v1, `disputes.provide-evidence` and `disputes.send-message`; PayPal, Disputes integration guide"},
		{"POST /v1/customer/disputes/\\{id\\}/accept-claim", "our client's request",
			`header Content-Type has unexpected value "application/json"`,
			"our client accepts a claim in JSON", "As above: there is no other way to give the note that PayPal wants.",
			"PayPal, Disputes integration guide"},
		{"(GET|POST) /v1/billing/.*", "answer", `^20[01]: /(plans/\*/)?links/\*/encType: `,
			"`encType` in the links of plans and subscriptions", "Recorded; the document's `link_description` does not have it.",
			"github.com/shopware/SwagPayPal and others, subscriptions as published"},
		{`BILLING\..*`, "event", `^resource: /links/\*/encType: `,
			"the same in their events", "As above.", "subscription events as published"},
		{"POST /v1/billing/subscriptions", "answer", `issue PERMISSION_DENIED is described as "You do not have permission`,
			"an override that is refused", "PayPal says `Billing Plan Override is not allowed due to insufficient permissions.`; the document has the general text only.",
			"github.com/paypal/paypal-js, issue 437"},
		{"POST /v1/catalogs/products", "request", `refused with INVALID_PARAMETER_VALUE at /(home|image)_url`,
			"an address that nobody else can open", "PayPal refuses products whose addresses are not public.",
			"github.com/opencollective/opencollective-api, `subscription.ts`"},
		{"customer_disputes_v1", "document", `parameter "dispute_state": extra sibling fields`,
			"the document is not valid OpenAPI",
			"OpenAPI 3.0 allows nothing beside a `$ref`; further on a default breaks its own pattern. What passes is held to the document all the same.", "kin-openapi, Validate"},
		{"notifications_webhooks_v1", "document", `example verify_webhook_signature: .*readOnly`,
			"the document is not valid OpenAPI",
			"Its own example of a verification has the members that its schema calls read-only (see above). What passes is held to the document all the same.", "kin-openapi, Validate"},
	}
}

func documentsSilent() []exception {
	return []exception{
		{".*", "answer", `^401: fits none of the alternatives|^401: /(error|error_description): |^401: /(name|message|debug_id): property "\w+" is missing`,
			"`{\"error\":\"invalid_token\"}` for a token that is no good",
			"The gate in front of the APIs answers in OAuth's form; the documents have only their own form, which is what a request without a token gets.",
			"RFC 6750, section 3.1"},
		{".*/(v2|v1/reporting|v1/billing)/.*", "answer", `^429: fits none of the alternatives`,
			"429 `RATE_LIMIT_REACHED`", "The documents have no 429; PayPal's rate limits have.",
			"PayPal, Rate limiting guidelines"},
		{"POST /v2/payments/captures/\\{capture_id\\}/refund", "answer", `the status 200 is not in the document`,
			"200 for a refund said again under the same `PayPal-Request-Id`",
			"The header is described as for orders, where the document gives the replay a 200; the refund's answers list only 201. The body fits the 201's schema.",
			"Orders v2, `orders.create` (unsure)"},
		{"POST /v2/payments/captures/\\{capture_id\\}/refund", "answer",
			`issue MALFORMED_REQUEST_JSON is not in the list of status 400`,
			"`MALFORMED_REQUEST_JSON` for a refund's body that is no JSON",
			"The refund's list has nothing for it; the lists of orders have this.",
			"Orders v2, `orders.create` and `orders.capture`"},
		{"PATCH /v2/checkout/orders/\\{id\\}", "request",
			`refused with INVALID_PARAMETER_SYNTAX|refused with INVALID_STRING_LENGTH|refused with MISSING_REQUIRED_PARAMETER`,
			"a patch whose value breaks the schema of the part it changes is refused with 400",
			"The document leaves a patch's `value` open; the part's own schema decides, and the list of status 400 has these issues.",
			"Orders v2, `orders.patch`"},
		{"GET /v1/customer/disputes", "answer", `^200: /items: minimum number of items is 1`,
			"an empty list of disputes", "The document wants one at least, and says nothing of there being none.",
			"as transaction search answers (unsure)"},
		{".*/v1/(billing|catalogs)/.*", "answer", `issue MALFORMED_REQUEST_JSON is not in the list of status 400`,
			"`MALFORMED_REQUEST_JSON` for a body that is no JSON", "The lists have nothing for it; those of orders have this.",
			"Orders v2, `orders.create` (unsure)"},
		{"POST /v1/billing/(plans|subscriptions)", "answer", `issue INVALID_RESOURCE_ID is not in the list of status 404`,
			"404 for a product or plan that does not exist", "The lists have nothing for it; other operations answer so.",
			"answers published by users"},
		{"POST /v1/billing/subscriptions/\\{id\\}/(suspend|cancel|activate)", "answer",
			`issue (MISSING_REQUIRED_PARAMETER|INVALID_STRING_MIN_LENGTH|INVALID_PARAMETER_SYNTAX) is not in the list of status 400`,
			"a reason that is missing, empty or no text", "The list has only the reason that is too long; the schema wants one.",
			"Subscriptions v1, `subscription_cancel_request`"},
		{"POST /v1/billing/subscriptions/\\{id\\}/activate", "request", `refused with MISSING_REQUIRED_PARAMETER at /reason`,
			"a suspended subscription is not activated without a reason",
			"The schema leaves it out; its text says that it is required to reactivate.",
			"Subscriptions v1, `subscription_activate_request`"},
		{"POST /v1/billing/subscriptions/\\{id\\}/revise", "answer",
			`issue (SUBSCRIPTION_STATUS_INVALID|SUBSCRIPTION_CANNOT_HAVE_QUANTITY) is not in the list`,
			"a revision of a subscription that is not running, or of a quantity that there is not",
			"The list has nothing for either; the lists of the neighbours have these.",
			"Subscriptions v1, `subscriptions.patch` and `subscriptions.create` (unsure)"},
		{"PATCH /v1/(billing|catalogs)/.*", "request", `refused with `,
			"a patch of a field that cannot be changed so, or to such a value", "The document leaves a patch's `path` and `value` open; its text says which fields, and the lists have these issues.",
			"Subscriptions v1 and Catalog products v1, the patch operations"},
		{"(GET|POST) /v1/billing/.*", "request", `refused with (INVALID_PARAMETER_VALUE at /start_time|MISSING_REQUEST_BODY|INVALID_INTEGER_MAX_VALUE at .*/interval_count|INVALID_PARAMETER_VALUE at (/status|plan_ids|.*/fixed_price/value)|MISSING_REQUIRED_PARAMETER at .*/pricing_scheme)`,
			"what a schema cannot say", "A start time that is over; a missing body; two years between payments; a plan that begins INACTIVE; more than ten plan ids; a price with too many decimals or below zero; a regular cycle without a price.",
			"Subscriptions v1, the texts of the schemas and the lists of issues"},
		{`CHECKOUT\.PAYMENT-APPROVAL\.REVERSED`, "event", `^resource: /order_id: `,
			"the order's id is in `order_id`", "No document describes this event's resource; beside `order_id` it has the members of an order.", "PayPal, Webhook event names (unsure)"},
	}
}

// settleComplaints fails the test for each complaint without an exception, and for each exception without a complaint.
// It gives how often each exception was met.
func (in *inspector) settleComplaints(t *testing.T, allowed []exception) []int {
	t.Helper()
	met := make([]int, len(allowed))
	for _, c := range in.sortedComplaints() {
		covered := false
		for i, e := range allowed {
			if e.covers(c) {
				met[i] += in.complaints[c]
				covered = true
				break
			}
		}
		if !covered {
			t.Errorf("%s (%d times)", c, in.complaints[c])
		}
	}
	for i, e := range allowed {
		if met[i] == 0 {
			t.Errorf("a stale exception, met by nothing: %s, %s: %s", e.operation, e.on, e.what)
		}
	}
	return met
}
