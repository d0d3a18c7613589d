package campaign

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/number"

	"readerfund/internal/i18n"
	"readerfund/internal/money"
)

// The placeholders that texts may have. Each stands for a figure that we know, and is filled in when a page is made.
const (
	placeRaised     = "raised"     // from the ledger: Facts.Raised
	placeGoal       = "goal"       // from the campaign
	placePercent    = "percent"    // of the goal
	placeSupporters = "supporters" // from the ledger
	placeGaveToday  = "gave_today" // from the ledger
	placeDaysLeft   = "days_left"  // from the campaign's end
	placeEnds       = "ends"       // the campaign's last day
)

// Placeholders lists the names of the placeholders, as texts have them in braces: {raised}.
func Placeholders() []string {
	return []string{
		placeRaised, placeGoal, placePercent, placeSupporters, placeGaveToday, placeDaysLeft, placeEnds,
	}
}

// placeholder matches {supporters}, and {supporters:one reader|# readers} with a form for each plural of the language.
var placeholder = regexp.MustCompile(`\{([^{}:]*)(?::([^{}]*))?\}`)

// Fill puts figures in place of placeholders, as the reader's language writes them. A sentence whose figure is not
// known is left out, and so is one that nobody gave today.
func (t Texts) Fill(f Facts, tag language.Tag) Texts {
	fill := filler{f, tag}
	for _, field := range textFields {
		text := field.of(&t)
		*text = fill.text(*text)
	}
	does := make([]Does, 0, len(t.Does))
	for _, d := range t.Does {
		if d.Text = fill.text(d.Text); d.Text != "" {
			does = append(does, d)
		}
	}
	t.Does = does
	return t
}

type filler struct {
	facts Facts
	tag   language.Tag
}

func (fill filler) text(text string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	var b strings.Builder
	for _, sentence := range sentences(text) {
		if filled, known := fill.sentence(sentence); known {
			b.WriteString(filled)
		}
	}
	return strings.TrimSpace(b.String())
}

func (fill filler) sentence(text string) (filled string, known bool) {
	known = true
	filled = placeholder.ReplaceAllStringFunc(text, func(found string) string {
		m := placeholder.FindStringSubmatch(found)
		figure, ok := fill.figure(m[1], m[2])
		known = known && ok
		return figure
	})
	return filled, known
}

// figure writes one figure; ok is false where it is not known.
func (fill filler) figure(name, forms string) (written string, ok bool) {
	f := fill.facts
	switch name {
	case placeRaised:
		return money.FormatBrief(f.Raised.Whole(), fill.tag), f.Known
	case placeGoal:
		if f.Goal.Minor > 0 {
			return money.FormatBrief(f.Goal, fill.tag), true
		}
		return fill.count(f.GoalCount, forms), f.GoalCount > 0
	case placePercent:
		return money.Printer(fill.tag).Sprint(number.Percent(float64(f.Percent) / 100)), f.Known
	case placeSupporters:
		return fill.count(f.Supporters, forms), f.Known
	case placeGaveToday:
		return fill.count(f.GaveToday, forms), f.Known && f.GaveToday > 0
	case placeDaysLeft:
		return fill.count(int64(f.DaysLeft), forms), f.DaysLeft > 0
	case placeEnds:
		day, err := time.Parse(time.DateOnly, f.Ends)
		if loc := i18n.Default().Localizer(fill.tag, nil); speaks(loc, fill.tag) {
			return loc.Day(day), err == nil
		}
		return f.Ends, err == nil // English would stand in
	default:
		return "", false
	}
}

// speaks reports whether the catalogue has the language.
func speaks(loc i18n.Localizer, tag language.Tag) bool {
	base, _ := tag.Base()
	own, _ := loc.Language().Base()
	return base == own
}

// count writes a whole number, or the form of the sentence for it, in which # is the number.
func (fill filler) count(n int64, forms string) string {
	written := money.Printer(fill.tag).Sprint(number.Decimal(n))
	if forms == "" {
		return written
	}
	all := strings.Split(forms, "|")
	which := slices.Index(pluralForms(fill.tag), pluralForm(fill.tag, n))
	return strings.ReplaceAll(all[min(max(which, 0), len(all)-1)], "#", written)
}

func pluralForm(tag language.Tag, n int64) plural.Form {
	const most = 10_000_000 // the rules look at the last digits only
	if n >= most {
		n = most + n%(most/10)
	}
	return plural.Cardinal.MatchPlural(tag, int(n), 0, 0, 0, 0)
}

// pluralForms are the forms that the language has for whole numbers, in CLDR's order: zero, one, two, few, many, other.
func pluralForms(tag language.Tag) []plural.Form {
	var has [plural.Many + 1]bool
	for n := range int64(200) { // no language's rules need more to show all of them
		has[pluralForm(tag, n)] = true
	}
	var forms []plural.Form
	for _, form := range []plural.Form{plural.Zero, plural.One, plural.Two, plural.Few, plural.Many, plural.Other} {
		if has[form] {
			forms = append(forms, form)
		}
	}
	return forms
}

// sentences cuts a text after each stop that a space follows, and at line ends. The parts together are the text.
func sentences(text string) []string {
	var all []string
	begin := 0
	for i, r := range text {
		next := i + utf8.RuneLen(r)
		switch {
		case r == '\n':
		case strings.ContainsRune(".!?…؟。", r) && endsSentence(text[begin:i], text[next:]):
		default:
			continue
		}
		for next < len(text) && strings.ContainsRune(" \u00a0\n", rune(text[next])) {
			next++
		}
		if next <= begin {
			continue
		}
		all = append(all, text[begin:next])
		begin = next
	}
	return append(all, text[begin:])
}

// longestTitle is the longest word with a stop that is an abbreviation before a name: "Mrs. May", "St. Pauli".
const longestTitle = 3

// endsSentence reports whether a stop between two parts of a text ends a sentence: a space follows, then no small
// letter and no digit, and before it is no single letter ("z. B."), no title and no day ("31. Dezember").
func endsSentence(before, after string) bool {
	rest := strings.TrimLeftFunc(after, unicode.IsSpace)
	next, _ := utf8.DecodeRuneInString(rest)
	if rest == after && after != "" || unicode.IsLower(next) || unicode.IsDigit(next) {
		return false
	}
	word := before[strings.LastIndexFunc(before, unicode.IsSpace)+1:]
	first, _ := utf8.DecodeRuneInString(word)
	length := utf8.RuneCountInString(word)
	if unicode.IsDigit(first) {
		return length > 2 // "31. Dezember"
	}
	short := length <= longestTitle
	return !short || length > 1 && !unicode.IsUpper(first) && !unicode.Is(unicode.Sc, next) // "20 Tsd. €"
}
