package settle

import (
	"errors"
	"net/http"

	"readerfund/internal/paypal"
)

// refusedBy tells whether PayPal understood the request and said no to it: asking again the same way cannot end
// differently. A missing permission or an exhausted rate limit is not that: it passes.
func refusedBy(err error) (*paypal.Error, bool) {
	e, ok := errors.AsType[*paypal.Error](err)
	return e, ok && (e.Status == http.StatusBadRequest || e.Status == http.StatusUnprocessableEntity)
}

// reasonOf is PayPal's code for a refusal: the issue, or the error's name where no issue is given.
func reasonOf(e *paypal.Error) string {
	if len(e.Issues) > 0 && e.Issues[0].Issue != "" {
		return e.Issues[0].Issue
	}
	return e.Name
}
