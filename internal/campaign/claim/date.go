package claim

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"readerfund/internal/i18n"
)

// typedDate finds a date until which something lasts that is not the campaign's last day.
func (k Known) typedDate(s *sentence) string {
	for i := range s.tokens {
		days, n := s.date(i)
		if len(days) == 0 || !s.near(i-3, i-1, s.words.until) && !s.near(i-5, i-1, s.words.ends) {
			continue
		}
		if !slices.ContainsFunc(days, k.isEnd) && !slices.ContainsFunc(days, k.isOver) {
			return s.quote(i, i+n)
		}
	}
	return ""
}

// date is a day as it is typed: the year is 0 where it is left out.
type date struct {
	year  int
	month time.Month
	day   int
}

func (k Known) isEnd(d date) bool {
	if k.EndsAt.IsZero() {
		return false
	}
	y, m, day := k.EndsAt.Add(-time.Nanosecond).In(k.zone()).Date()
	return d.month == m && d.day == day && (d.year == 0 || d.year == y)
}

// isOver reports whether a day of a year was over when the campaign was saved: an appeal may tell what happened.
func (k Known) isOver(d date) bool {
	return d.year != 0 && time.Date(d.year, d.month, d.day+1, 0, 0, 0, 0, k.zone()).Before(k.SavedAt)
}

func (k Known) zone() *time.Location {
	if k.Zone == nil {
		return time.UTC
	}
	return k.Zone
}

// date reads a date that begins at token i: what it can mean, and how many tokens it has.
func (s *sentence) date(i int) (days []date, n int) {
	if days := digitsOf(s.tokens[i].text); days != nil {
		return days, 1
	}
	// "31 de diciembre de 2026", "31. Dezember", "December 31", "1er janvier"
	for j := i; j < min(i+3, len(s.tokens)); j++ {
		month, words := s.month(j)
		if month == 0 {
			continue
		}
		end := j + words
		day, at := s.day(i), end
		if j == i { // the month stands first
			if day, at = s.day(end), end+1; day == 0 {
				return nil, 0
			}
		}
		if day == 0 {
			return nil, 0
		}
		year, at := s.year(at)
		return []date{{year, month, day}}, at - i
	}
	return nil, 0
}

// day is the day of a month at i; 0 where there is none.
func (s *sentence) day(i int) int {
	if i >= len(s.tokens) {
		return 0
	}
	day, err := strconv.Atoi(s.tokens[i].text)
	if err != nil || day < 1 || day > 31 {
		return 0
	}
	return day
}

// year is the year at i or after "de", and the token after it; 0 where there is none.
func (s *sentence) year(i int) (year, next int) {
	for j := i; j < min(i+2, len(s.tokens)); j++ {
		if year, err := strconv.Atoi(s.tokens[j].text); err == nil && year >= 1900 && year < 2200 {
			return year, j + 1
		}
	}
	return 0, i
}

// month is the month that is named at i, and in how many words; 0 where there is none.
func (s *sentence) month(i int) (m time.Month, words int) {
	if s.lang == "" {
		return 0, 0
	}
	loc := i18n.Default().Localizer(language.Make(s.lang), nil)
	for m = time.January; m <= time.December; m++ {
		own := loc.Say("date.month." + strconv.Itoa(int(m)))
		names := append([]string{own}, monthsToo[s.lang][m-1]...)
		if s.lang == "en" {
			names = append(names, own[:3])
		}
		for _, name := range names {
			if s.is(i, []string{name}) {
				return m, len(strings.Fields(name))
			}
		}
	}
	return 0, 0
}

var (
	dateISO   = regexp.MustCompile(`^(\d{4})-(\d{1,2})-(\d{1,2})$`)
	dateShort = regexp.MustCompile(`^(\d{1,2})[./-](\d{1,2})(?:[./-](\d{4}|\d{2}))?$`)
)

// digitsOf are the days that a date in digits can mean: 5/12 is in May or in December.
func digitsOf(text string) []date {
	number := func(text string) int {
		n, _ := strconv.Atoi(text) // digits only; nothing is 0
		return n
	}
	var days []date
	add := func(year, month, day int) {
		if month >= 1 && month <= 12 && day >= 1 && day <= 31 {
			days = append(days, date{year, time.Month(month), day})
		}
	}
	if m := dateISO.FindStringSubmatch(text); m != nil {
		add(number(m[1]), number(m[2]), number(m[3]))
	} else if m := dateShort.FindStringSubmatch(text); m != nil {
		year := number(m[3])
		if len(m[3]) == 2 {
			year += 2000
		}
		add(year, number(m[2]), number(m[1]))
		add(year, number(m[1]), number(m[2]))
	}
	return days
}
