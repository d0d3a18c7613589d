// Package fault is the one small error type that every room shares.
//
// A *fault.Error carries a sentence fit for the person who caused it: a reader at the form, a staff member, the
// operator at a terminal. Every other error is internal: it is logged whole, once, at the edge, and the person sees one
// fixed sentence with a reference. The package knows nothing of HTTP; internal/web turns kinds into statuses.
package fault

import (
	"errors"
	"fmt"

	"readerfund/internal/i18n"
)

// Kind says what sort of trouble it is, and so who can do something about it.
type Kind int

// The kinds. Internal is the zero value, so that a forgotten kind never shows its text to anybody.
const (
	Internal    Kind = iota // our own defect
	Invalid                 // the input is wrong; Field names which part
	NotFound                // there is no such thing, or not for you
	Conflict                // it was done already, or with other input
	Forbidden               // you may not
	Unavailable             // a part we depend on does not answer now; trying again later is right
	TooLarge                // the input is larger than we read
	Refused                 // a part we depend on understood and said no; trying the same again does not help
)

var kindNames = [...]string{
	"internal", "invalid", "not found", "conflict", "forbidden", "unavailable", "too large", "refused",
}

// String gives the kind in words, for logs.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("kind %d", int(k))
	}
	return kindNames[k]
}

// Args are what goes into a message, by the names its sentence uses.
type Args = i18n.Args

// Error is an error with a message fit for the person who gets it.
type Error struct {
	Kind    Kind
	Field   string       // the input's name in the interface ("amount"), when the error belongs to one
	Message i18n.Message // says what to do where that is not obvious
	Err     error        // the cause, for the log; never shown
}

// New is a fault whose message has this key in locales/, and at most one Args.
func New(kind Kind, key string, args ...Args) *Error {
	return &Error{Kind: kind, Message: i18n.New(key, args...)}
}

// Input is wrong input: a fault of kind Invalid in the named field, or in no single one where field is empty.
func Input(field, key string, args ...Args) *Error {
	return &Error{Kind: Invalid, Field: field, Message: i18n.New(key, args...)}
}

// Wrap is New with a cause, which is kept for the log.
func Wrap(cause error, kind Kind, key string, args ...Args) *Error {
	return &Error{Kind: kind, Message: i18n.New(key, args...), Err: cause}
}

// Error gives the message in English, and the cause where there is one. It is meant for logs; show Message to people.
func (e *Error) Error() string {
	text := e.Message.String()
	if e.Field != "" {
		text = e.Field + ": " + text
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf is the kind of the first fault in the chain, or Internal when there is none.
func KindOf(err error) Kind {
	if f, ok := errors.AsType[*Error](err); ok {
		return f.Kind
	}
	return Internal
}

// Is reports whether err carries a fault of this kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// All collects every fault in err, in order, through errors.Join: one form can have several wrong fields.
func All(err error) []*Error {
	if err == nil {
		return nil
	}
	if f, ok := err.(*Error); ok { //nolint:errorlint // walking the tree by hand, one node at a time
		return []*Error{f}
	}
	switch wrapped := err.(type) { //nolint:errorlint // see above
	case interface{ Unwrap() []error }:
		var all []*Error
		for _, part := range wrapped.Unwrap() {
			all = append(all, All(part)...)
		}
		return all
	case interface{ Unwrap() error }:
		return All(wrapped.Unwrap())
	default:
		return nil
	}
}
