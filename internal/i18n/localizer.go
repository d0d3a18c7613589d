package i18n

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"readerfund/internal/text"
)

// Localizer says sentences in one language. A page has one for its reader. The zero Localizer says them in English,
// their arguments as fmt prints them: for logs and terminals.
type Localizer struct {
	tag         language.Tag
	translation *translation
	write       func(arg any) any
	plain       bool // for a program
}

// Localizer is for a reader of tag, such as "en-GB": it says things in the tag's language, or in English where the
// catalogue does not have that. write turns an argument into what is shown, such as an amount into "€25"; nil leaves
// all of them to fmt.
func (c *Catalogue) Localizer(tag language.Tag, write func(arg any) any) Localizer {
	base, _ := tag.Base()
	lang := language.Make(base.String())
	if c.translations[tag] != nil {
		lang = tag
	}
	if c.translations[lang] == nil {
		lang = language.English
	}
	return Localizer{tag: tag, translation: c.translations[lang], write: write}
}

func (l Localizer) in() *translation {
	if l.translation == nil {
		return Default().translations[language.English]
	}
	return l.translation
}

// Tag is the reader's language with its region: how amounts and dates are written.
func (l Localizer) Tag() language.Tag {
	if l.tag == language.Und {
		return language.English
	}
	return l.tag
}

// Language is the language that sentences are said in.
func (l Localizer) Language() language.Tag { return l.in().tag }

// Plain is the same language with arguments as fmt prints them, as programs read them.
func (l Localizer) Plain() Localizer {
	l.write, l.plain = nil, true
	return l
}

// Say says the sentence of a key, with at most one Args.
func (l Localizer) Say(key string, args ...Args) string { return l.Message(New(key, args...)) }

// SayIn is Say for templates: {{say "public.problems" "count" (len .)}} names the arguments before their values. A
// template formats the amounts among them, because it knows how.
func (l Localizer) SayIn(key string, pairs ...any) (string, error) {
	args := Args{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return "", fmt.Errorf("say %s: %v is no name of an argument", key, pairs[i])
		}
		args[name] = pairs[i+1]
	}
	return l.Say(key, args), nil
}

// Rate is an amount as it is written, with how often it is given: "€10 a month". For once it is the amount alone.
func (l Localizer) Rate(amount string, frequency any) string {
	if said, ok := l.Lookup("public.rate."+fmt.Sprint(frequency), Args{"amount": amount}); ok {
		return said
	}
	return amount
}

// Lookup is Say for a key that is put together from a code. A code of a newer version has no sentence, or one that only
// PayPal knows: then it reports false.
func (l Localizer) Lookup(key string, args ...Args) (string, bool) {
	if !l.in().known[key] {
		return "", false
	}
	return l.Say(key, args...), true
}

// Message says a message.
func (l Localizer) Message(m Message) string {
	if m.Key == "" {
		return m.verbatim
	}
	in := l.in()
	if said, ok := in.fixed[m.Key]; ok {
		return said
	}
	config := i18n.LocalizeConfig{MessageID: m.Key, TemplateData: l.written(m.Args)}
	switch count := m.Args["count"].(type) {
	case int, int64:
		config.PluralCount = count
	}
	// An error beside a sentence says only that English stood in.
	said, err := in.others.Localize(&config)
	if err != nil && said == "" {
		return m.unsaid()
	}
	return said
}

// Day writes a day as the language does: "3 May 2026", "3. Mai 2026". Its parts stand in the catalogue, as CLDR's long
// date of the Gregorian calendar has them. The time zone is t's own.
func (l Localizer) Day(t time.Time) string {
	return l.Say("date.day", Args{
		"day": t.Day(), "month": l.Say("date.month." + strconv.Itoa(int(t.Month()))), "year": strconv.Itoa(t.Year()),
	})
}

// written is what a sentence's arguments look like. One that is a message itself is said in the same language.
func (l Localizer) written(args Args) map[string]any {
	all := make(map[string]any, len(args))
	for name, arg := range args {
		if inner, ok := arg.(Message); ok {
			arg = l.Message(inner)
		}
		if l.write != nil {
			arg = l.write(arg)
		}
		all[name] = l.isolated(arg)
	}
	return all
}

// The marks around a part of a text that has a direction of its own: that of its first letter.
const (
	isolate    = "\u2068"
	isolateEnd = "\u2069"
)

// isolated keeps Latin letters in a sentence that is written from right to left apart from it. Without that, the
// receipt number "2345-ABCD" would be read as "ABCD-2345", and the full stop of "Example Ltd." would stand before it.
// Source: Unicode Standard Annex 9, section 2.5 (explicit directional isolates).
func (l Localizer) isolated(arg any) any {
	words, ok := arg.(string)
	if !ok || l.plain || text.Direction(l.Language()) != "rtl" || !strings.ContainsFunc(words, isLatin) ||
		strings.Contains(words, isolateEnd) { // what is Latin in it is kept apart already
		return arg
	}
	return isolate + words + isolateEnd
}

func isLatin(r rune) bool { return unicode.Is(unicode.Latin, r) }
