package settle

import (
	"context"
	"errors"
	"net/http"

	"readerfund/internal/fault"
	"readerfund/internal/paypal"
)

// refusedBy reports whether PayPal understood the request and refused it, so that the same request again would be
// refused, too. A missing permission or an exhausted rate limit is not such a refusal, because it passes.
func refusedBy(err error) (*paypal.Error, bool) {
	e, ok := errors.AsType[*paypal.Error](err)
	return e, ok && (e.Status == http.StatusBadRequest || e.Status == http.StatusUnprocessableEntity)
}

// reasonOf is PayPal's code for a refusal: the issue, or the error's name if there is no issue.
func reasonOf(e *paypal.Error) string {
	if len(e.Issues) > 0 && e.Issues[0].Issue != "" {
		return e.Issues[0].Issue
	}
	return e.Name
}

// unanswered turns a failed call to PayPal into a fault that can be shown; the cause stays for the log.
func unanswered(err error) error {
	if err == nil {
		return nil
	}
	if fault.KindOf(err) != fault.Internal || errors.Is(err, ErrNotOurs) {
		return err
	}
	_, byPayPal := errors.AsType[*paypal.Error](err)
	if byPayPal || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fault.Wrap(err, fault.Unavailable, "outage.paypal")
	}
	return err
}
