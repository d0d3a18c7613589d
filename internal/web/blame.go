package web

import (
	"slices"

	"golang.org/x/text/language"

	"readerfund/internal/fault"
	"readerfund/internal/money"
)

// blame is what is wrong with a form that is given back.
type blame struct {
	Errors []formError  // in the form's order
	wrong  []fieldError // by the interface's names
	tag    language.Tag // how amounts are written; English, where it is not set
}

// formError is one line of the summary. Anchor is the control it is about, empty when no control shows it.
type formError struct{ Anchor, Message string }

// put puts every fault of err beside its field; fields are the form's, in its order. It may be called once.
func (b *blame) put(err error, fields ...string) {
	for _, fault := range fault.All(err) {
		b.wrong = append(b.wrong, fieldError{Field: fault.Field, Message: fault.Say(b.write)})
	}
	for _, field := range fields {
		if message := b.Wrong(field); message != "" {
			b.Errors = append(b.Errors, formError{Anchor: field, Message: message})
		}
	}
	for _, w := range b.wrong {
		if !slices.ContainsFunc(b.Errors, func(e formError) bool { return e.Message == w.Message }) {
			b.Errors = append(b.Errors, formError{Message: w.Message})
		}
	}
}

// write writes an amount in a message as the form beside it does.
func (b blame) write(arg any) any {
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
func (b blame) Wrong(field string) string {
	for _, w := range b.wrong {
		if w.Field == field {
			return w.Message
		}
	}
	return ""
}
