package page

import (
	"errors"
	"maps"
	"net/http"
	"slices"

	"golang.org/x/text/language"

	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/money"
)

// FormErrors are what is wrong with a form that is given back. Pages embed them.
type FormErrors struct {
	Errors []FormError  // in the form's order
	wrong  []FieldError // by the interface's names
	tag    language.Tag // how amounts are written; English, where it is not set
}

// FormError is one line of the summary. Anchor is the control it is about, empty when no control shows it.
type FormError struct{ Anchor, Message string }

// Put puts every fault of err beside its field; fields are the form's, in its order. It may be called once.
func (b *FormErrors) Put(err error, fields ...string) {
	for _, fault := range fault.All(err) {
		b.wrong = append(b.wrong, FieldError{Field: fault.Field, Message: fault.Say(b.write)})
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

// WriteAmounts has amounts in the messages written as the form beside them does: in plain English, where it is not
// called.
func (b *FormErrors) WriteAmounts(tag language.Tag) { b.tag = tag }

// write writes an amount in a message as the form beside it does.
func (b FormErrors) write(arg any) any {
	a, ok := arg.(money.Amount)
	if !ok {
		return arg
	}
	if b.tag == language.Und {
		return money.FormatBrief(a, language.English)
	}
	return money.FormatBrief(a, b.tag)
}

// Wrong says what is wrong with a field, or nothing.
func (b FormErrors) Wrong(field string) string {
	for _, w := range b.wrong {
		if w.Field == field {
			return w.Message
		}
	}
	return ""
}

// FilterErrors are what is wrong with the filter of a list, by field.
type FilterErrors map[string]string

// Note keeps the faults of err; an error that is not about the filter comes back.
func (w FilterErrors) Note(err error) error {
	if err != nil && !fault.Is(err, fault.Invalid) {
		return err
	}
	for _, f := range fault.All(err) {
		w[f.Field] = f.Message.String()
	}
	return nil
}

// Status is 200, or 422 when something is wrong.
func (w FilterErrors) Status() int {
	if len(w) > 0 {
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

// Err is the same as an error, for an answer that has no page to say it beside the field; nil when nothing is wrong.
func (w FilterErrors) Err() error {
	var all []error
	for _, field := range slices.Sorted(maps.Keys(w)) {
		all = append(all, &fault.Error{Kind: fault.Invalid, Field: field, Message: i18n.Verbatim(w[field])})
	}
	return errors.Join(all...)
}
