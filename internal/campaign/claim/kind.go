package claim

import (
	"slices"
	"strconv"
)

// supposed reports whether the sentence is about an earlier year, or says what would be.
func (k Known) supposed(s *sentence) bool {
	return k.earlier(s) || s.has(s.words.conditional)
}

// earlier reports whether the sentence names a year before the campaign's.
func (k Known) earlier(s *sentence) bool {
	return slices.ContainsFunc(s.tokens, func(t token) bool {
		year, err := strconv.Atoi(t.text)
		return err == nil && year >= 1900 && year < k.SavedAt.Year()
	})
}

// typedGoal finds the goal's figure, or another that is called the goal.
func (k Known) typedGoal(s *sentence) string {
	for _, i := range s.numbers() {
		readings, quote, isMoney := s.amount(i)
		switch {
		case isMoney && s.has(s.words.goal) && !k.supposed(s):
			return quote
		case k.Goal.Minor > 0 && isMoney && slices.Contains(readings, k.Goal.Minor*100/k.Goal.Currency.Unit()):
			return quote
		case k.Supporters > 0 && slices.Contains(readings, k.Supporters*100) && s.people(i):
			return quote
		}
	}
	return ""
}

// typedRaised finds money that is said to have come in.
func (k Known) typedRaised(s *sentence) string {
	if !s.has(s.words.raised) || k.supposed(s) || k.typedGoal(s) != "" {
		return ""
	}
	for _, i := range s.numbers() {
		if _, quote, isMoney := s.amount(i); isMoney {
			return quote
		}
	}
	return ""
}

// typedPercent finds a share of a goal.
func (k Known) typedPercent(s *sentence) string {
	if !s.has(s.words.goal) && !s.has(s.words.raised) || k.supposed(s) {
		return ""
	}
	for _, i := range s.numbers() {
		if s.is(i+1, []string{"%", "٪"}) || s.is(i+1, s.words.percent) {
			return s.quote(i, i+2)
		}
		if s.is(i-1, []string{"%", "٪"}) {
			return s.quote(i-1, i+1)
		}
	}
	return ""
}

// people reports whether the number at i counts people: one of their names is among the next words.
func (s *sentence) people(i int) bool {
	_, next := s.hundredths(i)
	return s.near(next, next+2, s.words.people) || s.near(next, next+2, s.words.givers)
}

func (k Known) typedSupporters(s *sentence) string {
	if s.has(s.words.today) {
		return ""
	}
	return k.typedPeople(s)
}

func (k Known) typedToday(s *sentence) string {
	if !s.has(s.words.today) {
		return ""
	}
	return k.typedPeople(s)
}

// typedPeople finds a number of people who are said to give.
func (k Known) typedPeople(s *sentence) string {
	if k.supposed(s) {
		return ""
	}
	for _, i := range s.numbers() {
		readings, next := s.hundredths(i)
		if len(readings) == 0 || s.isCurrency(i-1) || s.isCurrency(next) {
			continue
		}
		if s.near(next, next+2, s.words.givers) || s.near(next, next+2, s.words.people) && s.has(s.words.gives) {
			return s.quote(i, next+1)
		}
	}
	return ""
}

// typedCountdown finds how long something still lasts: "3 days left", "noch zwei Wochen", "ends tomorrow".
func (k Known) typedCountdown(s *sentence) string {
	if k.earlier(s) {
		return ""
	}
	w := s.words
	for i := range s.tokens {
		from, counted := s.duration(i)
		if counted && (s.near(from-3, from-1, w.leftBefore) || s.near(i+1, i+2, w.leftAfter) ||
			s.near(from-3, from-1, w.ends) || s.near(from-2, from-1, w.last) && s.has(w.gives)) {
			return s.quote(from, i+1)
		}
		if s.is(i, w.ends) && s.near(i-2, i+3, w.soon) {
			return s.quote(i-2, i+4)
		}
		if s.is(i, w.units) && (s.near(i-1, i-1, w.last) || s.lang == "ar" && s.near(i+1, i+1, w.last)) && s.has(w.gives) {
			return s.quote(i-1, i+1)
		}
	}
	return ""
}

// duration reports whether the token at i is a unit of time with its number, and where that begins.
func (s *sentence) duration(i int) (from int, ok bool) {
	switch {
	case s.is(i, s.words.pairs):
		return i, true
	case !s.is(i, s.words.units):
		return i, false
	}
	for from = i - 1; from >= max(i-2, 0); from-- { // an adjective may stand between them
		if s.tokens[from].kind == '0' || s.is(from, s.words.numbers) {
			return from, true
		}
	}
	return i, false
}
