// Package claim finds the figures that staff typed into an appeal where we know them: the goal, what was raised, how
// many gave, how long it lasts. Such a figure would be wrong the day after, and nobody would notice; a placeholder is
// always right. What reads like a claim is found by a language's words around a number, within one sentence. Numbers of
// other things stay: what a lawsuit cost, how many files there were, what an earlier year brought. What follows from a
// claim is package campaign's to say.
package claim

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"readerfund/internal/money"
)

// Known is what is known of a campaign, so that its texts need not state it. What is zero is not set.
type Known struct {
	Goal       money.Amount
	Supporters int64 // the goal, where it is a number of people
	EndsAt     time.Time
	SavedAt    time.Time
	Zone       *time.Location // whose days dates are; nil is UTC
}

// Found is a claim as it was typed.
type Found struct {
	Kind  string // goal, raised, percent, supporters, today, countdown or date
	Quote string
}

// Find finds the claims in the sentences of one text, the first of each kind. In a language whose words it does not
// have, it finds the goal's own figure and dates in digits only.
func Find(sentences []string, lang string, k Known) (all []Found) {
	for _, text := range sentences {
		s := readSentence(text, lang)
		for _, claim := range []struct {
			kind string
			find func(*sentence) string
		}{
			{"goal", k.typedGoal}, {"raised", k.typedRaised}, {"percent", k.typedPercent}, {"supporters", k.typedSupporters},
			{"today", k.typedToday}, {"countdown", k.typedCountdown}, {"date", k.typedDate},
		} {
			quote := claim.find(s)
			known := func(f Found) bool { return f.Kind == claim.kind }
			if quote != "" && !slices.ContainsFunc(all, known) {
				all = append(all, Found{claim.kind, quote})
			}
		}
	}
	return all
}

// sentence is a sentence in words and numbers.
type sentence struct {
	words  vocabulary
	lang   string // one of wordsOf, or empty
	typed  []rune
	tokens []token
}

type token struct {
	raw  string // with its digits as ours, and plain blanks
	text string // folded
	kind rune   // 0 a number, a a word, $ a sign

	from, to int // where it is in what was typed
}

// tokenForm is a number with its separators, a word with what is inside it, or a sign of money or percent.
var tokenForm = regexp.MustCompile(
	`\d{1,3}(?: \d{3})+(?:[.,٫]\d{1,2})?\b|\d+(?:[.,'/٫٬-]\d+)*|\p{L}[\p{L}\p{M}]*(?:['’ʼ-][\p{L}\p{M}]+)*|[%٪]|\p{Sc}`)

func readSentence(written, lang string) *sentence {
	tag, _ := language.Parse(lang)
	base, _ := tag.Base()
	composed := norm.NFC.String(written)
	s := &sentence{words: wordsOf[base.String()], typed: []rune(composed)}
	if _, known := wordsOf[base.String()]; known {
		s.lang = base.String()
	}
	plain := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Nd, r):
			return money.Digit(r)
		case r == '\u00a0', r == '\u202f', r == '\u2009':
			return ' '
		}
		return r
	}, composed) // rune by rune, so that a token is at the same place in both
	for _, at := range tokenForm.FindAllStringIndex(plain, -1) {
		raw, from := plain[at[0]:at[1]], utf8.RuneCountInString(plain[:at[0]])
		t := token{raw: raw, text: fold(raw), kind: 'a', from: from, to: from + utf8.RuneCountInString(raw)}
		if first := []rune(raw)[0]; unicode.IsDigit(first) {
			t.kind = '0'
		} else if !unicode.IsLetter(first) {
			t.kind = '$'
		}
		s.tokens = append(s.tokens, t)
	}
	return s
}

// fold makes words comparable: small letters, without accents, with one apostrophe.
func fold(word string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r), r == 'ـ': // accents, Arabic vowel signs and the mark that stretches a word
			return -1
		case r == '’', r == 'ʼ':
			return '\''
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(word))
}

// proclitics are what a language writes together with the next word: in Arabic and, so, by, for, like, the; in French
// "l'objectif".
var proclitics = map[string]*regexp.Regexp{
	"ar": regexp.MustCompile(`^[وف]?[بلك]?(?:ال|لل)?`),
	"fr": regexp.MustCompile(`^(?:[cdjlmnst]|qu)'`),
}

// is reports whether the token at i, or those from it on, are one of the words.
func (s *sentence) is(i int, words []string) bool {
	if i < 0 || i >= len(s.tokens) {
		return false
	}
	return slices.ContainsFunc(words, func(word string) bool {
		parts := strings.Fields(fold(word))
		for n, part := range parts {
			if i+n >= len(s.tokens) || !s.same(s.tokens[i+n].text, part) {
				return false
			}
		}
		return true
	})
}

func (s *sentence) same(text, word string) bool {
	stem, open := strings.CutSuffix(word, "*")
	same := func(text string) bool { return text == stem || open && strings.HasPrefix(text, stem) }
	if same(text) {
		return true
	}
	before := proclitics[s.lang]
	return before != nil && same(text[len(before.FindString(text)):])
}

// has reports whether one of the words is anywhere in the sentence.
func (s *sentence) has(words []string) bool {
	for i := range s.tokens {
		if s.is(i, words) {
			return true
		}
	}
	return false
}

// near reports whether one of the words is among the tokens from one to another, both included.
func (s *sentence) near(from, to int, words []string) bool {
	for i := max(from, 0); i <= to; i++ {
		if s.is(i, words) {
			return true
		}
	}
	return false
}

// hundredths are what the number at i can be read as, in hundredths, and the token after it and what multiplies it.
func (s *sentence) hundredths(i int) (readings []int64, next int) {
	next = i + 1
	times := int64(1)
	switch {
	case s.is(next, s.words.thousand):
		times, next = 1_000, next+1
	case s.is(next, s.words.million):
		times, next = 1_000_000, next+1
	}
	a, err := money.ParseWritten(s.tokens[i].text, "EUR") // for its two decimals
	readings = []int64{a.Minor * times}
	if ambiguous, ok := errors.AsType[*money.AmbiguousError](err); ok {
		readings = []int64{ambiguous.Larger.Minor * times, ambiguous.Smaller.Minor * times}
	} else if err != nil {
		return nil, next
	}
	return readings, next
}

// quote is the number at i with what belongs to it, as it was typed.
func (s *sentence) quote(from, to int) string {
	from, to = max(from, 0), min(to, len(s.tokens))
	return string(s.typed[s.tokens[from].from:s.tokens[to-1].to])
}

// amount finds the sum of money that the number at i is, with its sign or currency beside it.
func (s *sentence) amount(i int) (readings []int64, quote string, ok bool) {
	readings, next := s.hundredths(i)
	switch {
	case s.isCurrency(i - 1):
		return readings, s.quote(i-1, next), true
	case s.isCurrency(next):
		return readings, s.quote(i, next+1), true
	default:
		return readings, s.quote(i, next), false
	}
}

func (s *sentence) isCurrency(i int) bool {
	if i < 0 || i >= len(s.tokens) {
		return false
	}
	t := s.tokens[i]
	if t.kind == '$' {
		return t.text != "%" && t.text != "٪"
	}
	return slices.ContainsFunc(money.Currencies(), func(c money.Currency) bool {
		return money.IsMark(t.text, c) || money.IsMark(strings.ToLower(t.raw), c)
	})
}

// numbers are the places of the sentence's numbers.
func (s *sentence) numbers() []int {
	var all []int
	for i, t := range s.tokens {
		if t.kind == '0' {
			all = append(all, i)
		}
	}
	return all
}
