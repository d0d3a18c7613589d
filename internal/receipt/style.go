package receipt

import (
	"golang.org/x/text/language"

	"readerfund/internal/receipt/form"
)

// style is how a form formats its values.
type style struct {
	common string       // the file of templates that it shares with others; empty if it shares none
	tag    language.Tag // amounts are formatted for it
	date   string       // a layout

	postcodeFirst bool // before the town
}

const (
	dayFirst   = "2 January 2006"
	monthFirst = "January 2, 2006"
	dotted     = "02.01.2006"
	slashed    = "02/01/2006"
)

var styles = map[form.Form]style{
	form.Plain:        {"english.txt", language.English, dayFirst, false},
	form.US:           {"english.txt", language.AmericanEnglish, monthFirst, false},
	form.DE:           {"german.txt", language.German, dotted, true},
	form.DECollective: {"german.txt", language.German, dotted, true},
	form.UK:           {"english.txt", language.BritishEnglish, dayFirst, false},
	form.FR:           {"", language.French, slashed, true},
	form.CA:           {"english.txt", language.MustParse("en-CA"), monthFirst, false},
}

// styleOf is a form's style. A form that only a later version knows gets the plain one.
func styleOf(f form.Form) style {
	if s, known := styles[f]; known {
		return s
	}
	return styles[form.Plain]
}
