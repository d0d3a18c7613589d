package sandbox

import (
	"slices"
	"strings"
)

// billingIssues are the codes that only the documents of products, plans and subscriptions have, worded as those do.
var billingIssues = map[string]issue{
	"INVALID_STRING_MIN_LENGTH": {400, "The value of a field is too short."},
	"INVALID_STRING_MAX_LENGTH": {400, "The value of a field is too long."},
	"INVALID_INTEGER_MIN_VALUE": {400, "The integer value of a field is too small."},
	"INVALID_INTEGER_MAX_VALUE": {400, "The integer value of a field is too large."},
	"MISSING_REQUEST_BODY":      {400, "Request body is missing."},
	"UNSUPPORTED_PATCH_OPERATION": {400,
		"The specified patch operation not supported for this field."},
	"INVALID_PATCH_PATH":                               {400, "Multiple operations on the same field are not allowed."},
	"USER_ACCOUNT_CLOSED":                              {422, "User account locked or closed."},
	"DUPLICATE_RESOURCE_IDENTIFIER":                    {422, "Identifier must be unique."},
	"COUNTRY_NOT_SUPPORTED":                            {422, "This merchant country is not currently supported."},
	"MULTIPLE_FREE_TRIAL_BILLING_CYCLES_NOT_SUPPORTED": {422, "Only one free trial billing cycle is allowed."},
	"MORE_THAN_TWO_TRIAL_BILLING_CYCLE_NOT_SUPPORTED":  {422, "Only two trial billing cycles are allowed."},
	"MISSING_REGULAR_BILLING_CYCLE":                    {422, "Plan should have at least one regular billing cycle."},
	"MULTIPLE_REGULAR_BILLING_CYCLES_NOT_SUPPORTED":    {422, "Only one regular billing cycle is allowed."},
	"INVALID_BILLING_CYCLE_SEQUENCE":                   {422, "The provided billing cycle sequence is not available."},
	"INVALID_TRIAL_BILLING_TOTAL_CYCLES":               {422, "Total cycles for trial billing must be greater than '0'."},
	"INVALID_BILLING_TOTAL_CYCLES": {422,
		"The total cycles cannot be less than the number of billing cycles completed."},
	"BILLING_CYCLE_EXECUTION_COMPLETED": {422,
		"Update cannot be performed on a billing cycle that has completed execution."},
	"INVALID_PRICING_MODEL": {422,
		"The specified pricing model is not supported for trial billing cycle."},
	"FIXED_PRICE_NOT_SUPPORTED": {422, "Fixed price is not supported for tiered pricing schemes."},
	"INVALID_PRICING_SCHEME": {422,
		"The override plan pricing scheme should be of the same type as that of the original plan."},
	"PRICING_SCHEME_UPDATE_NOT_ALLOWED": {422, "Pricing scheme update is not allowed for the plan."},
	"CURRENCY_NOT_SUPPORTED_FOR_RECEIVER": {422,
		"This currency cannot be accepted for this recipient’s account."},
	"PLAN_STATUS_INVALID":         {422, "Invalid plan status for subscription creation; plan status should be active."},
	"PLAN_STATUS_INACTIVE":        {422, "Status update is the only patchable filed on an inactive plan."},
	"PLAN_PRODUCT_NOT_COMPATIBLE": {422, "The old and the new plans should be for the same product."},
	"SUBSCRIPTION_CANNOT_HAVE_QUANTITY": {422,
		"Subscription can't have quantity as the plan does not support quantity."},
	"SUBSCRIPTION_STATUS_INVALID": {422,
		"Invalid subscription status for cancel action; subscription status should be active or suspended."},
	"SUBSCRIPTION_CANNOT_BE_ACTIVATED": {422, "This subscription should be activated by the merchant."},
	"CARD_SUBSCRIPTIONS_NOT_ENABLED": {422,
		"The account is not setup to be able to process subscriptions funded by card payments. Please contact PayPal customer support."},
	"INVALID_START_TIME": {422,
		"The start time cannot be updated for a subscription that has been activated."},
	"ZERO_OUTSTANDING_BALANCE": {422, "Current outstanding balance should be greater than zero."},
	"AMOUNT_GREATER_THAN_OUTSTANDING_BALANCE": {422,
		"The new outstanding balance cannot be greater than the current outstanding balance."},
	"SUBSCRIBER_ACCOUNT_LOCKED":     {422, "Subscriber Account Locked."},
	"SUBSCRIBER_ACCOUNT_CLOSED":     {422, "Subscriber Account Closed."},
	"SUBSCRIBER_ACCOUNT_RESTRICTED": {422, "Subscriber Account Restricted."},
}

// billingDescriptions are where those documents word an issue differently from the first that has it: for all of their
// operations, and for one.
var (
	billingDescriptions = map[string]string{
		"MISSING_REQUIRED_PARAMETER": "A required field is missing.",
		"INVALID_PARAMETER_VALUE":    "The value of a field is invalid.",
		"CURRENCY_MISMATCH":          "The currency code is different from the plan's currency code.",
	}
	billingDescriptionsOf = map[operation]map[string]string{
		opProductPatch: {"INVALID_PATCH_PATH": "The specified field cannot be patched."},
		opPlanCreate: {
			"CURRENCY_MISMATCH":              "All currency codes in the request should be of similar value.",
			"INVALID_BILLING_CYCLE_SEQUENCE": "Trial Billing cycle should precede regular billing cycle.",
		},
		opPlanPatch: {"INVALID_PARAMETER_VALUE": "The field is not eligible for '$value' patch operation."},
		opPlanActivate: {
			"PLAN_STATUS_INVALID": "Invalid plan status for activate action; plan status should be either created or inactive.",
		},
		opPlanDeactivate: {
			"PLAN_STATUS_INVALID": "Invalid plan status for deactivate action; plan status should be active.",
		},
		opPlanReprice: {
			"INVALID_PRICING_SCHEME": "The new pricing scheme should be of the same type as that of the old one.",
		},
		opSubscribe: {"INVALID_PARAMETER_VALUE": "Start time must be a valid future date and time."},
		opSubscriptionPatch: {
			"CURRENCY_MISMATCH":           "The currency code is different from the subscription's currency code.",
			"SUBSCRIPTION_STATUS_INVALID": "Invalid subscription status for patch action; subscription status should be either active or suspended.",
		},
		opRevise: {"INVALID_RESOURCE_ID": "Requested resource ID was not found."},
		opSuspend: {
			"SUBSCRIPTION_STATUS_INVALID": "Invalid subscription status for suspend action; subscription status should be active.",
		},
		opActivate: {
			"SUBSCRIPTION_STATUS_INVALID": "Invalid subscription status for activate action; subscription status should be suspended.",
		},
		opOutstanding: {
			"CURRENCY_MISMATCH":                       "The currency code is different from the subscription's currency code.",
			"AMOUNT_GREATER_THAN_OUTSTANDING_BALANCE": "The capture amount can not be greater than the current outstanding balance.",
			"SUBSCRIPTION_STATUS_INVALID":             "Invalid subscription status for capture action; subscription status should be active or suspended or expired.",
		},
	}
)

// badInput are the issues of status 400 that those documents list for an operation. INVALID_PARAMETER_VALUE is left out
// of subscriptions.create, where it is about the start time alone.
var badInput = map[operation][]string{
	opProductCreate:  {badSyntax, badValue, badMissing, badShort, badLong},
	opProductShow:    {badValue},
	opProductPatch:   {badSyntax, badValue, badMissing, "UNSUPPORTED_PATCH_OPERATION", "INVALID_PATCH_PATH"},
	opPlanCreate:     {badSyntax, badValue, badMissing, badShort, badLong, badSmall, badLarge},
	opPlanShow:       {badValue},
	opPlanPatch:      {badSyntax, badValue, "UNSUPPORTED_PATCH_OPERATION", "INVALID_PATCH_PATH"},
	opPlanActivate:   {},
	opPlanDeactivate: {},
	opPlanReprice:    {badValue, badMissing},
	opSubscribe:      {badSyntax, badMissing, badLong, badSmall, badLarge, "MISSING_REQUEST_BODY"},
	opSubscription:   {},
	opSubscriptionPatch: {
		badSyntax, badValue, badMissing, badShort, badLong, badSmall, badLarge, "UNSUPPORTED_PATCH_OPERATION",
		"INVALID_PATCH_PATH", "MISSING_REQUEST_BODY",
	},
	opRevise:       {badSyntax, badValue, badMissing, badSmall, badLarge, "MISSING_REQUEST_BODY"},
	opSuspend:      {badLong},
	opCancel:       {badLong},
	opActivate:     {badLong},
	opOutstanding:  {badValue, badMissing, badLong, "MISSING_REQUEST_BODY"},
	opTransactions: {badSyntax, badValue, badMissing},
}

const (
	badSyntax  = "INVALID_PARAMETER_SYNTAX"
	badValue   = "INVALID_PARAMETER_VALUE"
	badMissing = "MISSING_REQUIRED_PARAMETER"
	badShort   = "INVALID_STRING_MIN_LENGTH"
	badLong    = "INVALID_STRING_MAX_LENGTH"
	badSmall   = "INVALID_INTEGER_MIN_VALUE"
	badLarge   = "INVALID_INTEGER_MAX_VALUE"
)

// billing reports whether an operation is one of products, plans or subscriptions.
func (op operation) billing() bool {
	_, is := badInput[op]
	return is
}

// listed is the issue by which an operation's document speaks of malformed input: the one that fits, or the next best.
func (op operation) listed(code string) string {
	codes, billing := badInput[op]
	switch {
	case !billing && strings.HasPrefix(code, "INVALID_STRING_M"):
		return "INVALID_STRING_LENGTH"
	case !billing || slices.Contains(codes, code):
		return code
	case slices.Contains(codes, badSyntax):
		return badSyntax
	case slices.Contains(codes, badValue):
		return badValue
	default:
		return code
	}
}
