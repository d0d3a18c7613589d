package page

import (
	"errors"
	"maps"
	"net/http"
	"slices"

	"readerfund/internal/fault"
	"readerfund/internal/i18n"
)

// FormErrors are the errors of a form that is shown again. Pages embed them.
type FormErrors struct {
	Errors []FormError  // in the form's order
	wrong  []FieldError // by the interface's names
}

// FormError is one line of the summary. Anchor is the control it belongs to, empty if no control shows it.
type FormError struct{ Anchor, Message string }

// Put assigns every fault of err to its field; fields are the form's, in its order. It may be called once.
func (b *FormErrors) Put(loc i18n.Localizer, err error, fields ...string) {
	for _, fault := range fault.All(err) {
		b.wrong = append(b.wrong, FieldError{Field: fault.Field, Message: loc.Message(fault.Message)})
	}
	for _, field := range fields {
		if message := b.Wrong(field); message != "" {
			b.Errors = append(b.Errors, FormError{Anchor: field, Message: message})
		}
	}
	for _, w := range b.wrong {
		if !slices.ContainsFunc(b.Errors, func(e FormError) bool { return e.Message == w.Message }) {
			b.Errors = append(b.Errors, FormError{Message: w.Message})
		}
	}
}

// Wrong returns the error of a field, or an empty text.
func (b FormErrors) Wrong(field string) string {
	for _, w := range b.wrong {
		if w.Field == field {
			return w.Message
		}
	}
	return ""
}

// FilterErrors are the errors of a list's filter, by field.
type FilterErrors map[string]string

// Note keeps the faults of err; an error that is not about the filter is returned.
func (w FilterErrors) Note(loc i18n.Localizer, err error) error {
	if err != nil && !fault.Is(err, fault.Invalid) {
		return err
	}
	for _, f := range fault.All(err) {
		w[f.Field] = loc.Message(f.Message)
	}
	return nil
}

// Status is 200, or 422 if there are errors.
func (w FilterErrors) Status() int {
	if len(w) > 0 {
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

// Err returns the same as one error, for an answer without a page to show them beside the fields; nil if there are
// none.
func (w FilterErrors) Err() error {
	var all []error
	for _, field := range slices.Sorted(maps.Keys(w)) {
		all = append(all, &fault.Error{Kind: fault.Invalid, Field: field, Message: i18n.Verbatim(w[field])})
	}
	return errors.Join(all...)
}
