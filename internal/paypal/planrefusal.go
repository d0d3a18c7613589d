package paypal

import (
	"errors"
	"net/http"
	"strings"
)

// OverrideRefused reports whether PayPal refused a subscription because it has an amount of its own in place of the
// plan's. PayPal has no code for that: it says 403 where the app lacks the permission, and 422 with an issue of prices
// where the plan is of another kind.
func OverrideRefused(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok || !Refused(err) {
		return false
	}
	switch e.Status {
	case http.StatusForbidden:
		return !e.Has("REQUIRED_SCOPE_MISSING") // then no plan would do
	case http.StatusUnprocessableEntity:
		return e.Has("INVALID_PRICING_SCHEME") || e.Has("FIXED_PRICE_NOT_SUPPORTED") || e.concerns("/plan/")
	default:
		return false
	}
}

// PlanUnusable reports whether PayPal refused a subscription because of its plan: there is none of this id, or it takes
// no new subscriptions, as when somebody has deactivated it at PayPal.
func PlanUnusable(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && Refused(err) && (NotFound(err) || e.Has("PLAN_STATUS_INVALID") || e.concerns("/plan_id"))
}

// concerns reports whether an issue is of a field whose path begins like this.
func (e *Error) concerns(path string) bool {
	for _, i := range e.Issues {
		if strings.HasPrefix(i.Field, path) {
			return true
		}
	}
	return false
}
