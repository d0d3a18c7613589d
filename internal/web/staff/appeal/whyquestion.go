package appeal

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"readerfund/internal/choice"
	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/web/staff/screen"
)

// readQuestion reads the page, the reader and the moment that are asked about.
func readQuestion(v url.Values, now time.Time) (choice.Visit, choice.Reader, time.Time, error) {
	var problems []error
	number := func(field string) (n int, given bool) {
		if v.Get(field) == "" {
			return 0, false
		}
		n, err := strconv.Atoi(strings.TrimSpace(v.Get(field)))
		if err != nil || n < 0 || n > 100_000 {
			problems = append(problems, fault.Input(field, "choice.number_wrong"))
		}
		return n, true
	}
	q := url.Values{"campaign": v["named"]}
	for _, name := range []string{"section", "author", "tags", "lang", "format"} {
		q[name] = v[name]
	}
	article := contribution.LinkedArticle(v.Get("article"))
	if v.Get("article") != "" && article == "" {
		problems = append(problems, fault.Input("article", "choice.article_wrong"))
	}
	reader := choice.Reader{
		Known: v.Get("known") == "yes", Returning: v.Get("reader") == "returning", Device: v.Get("device"),
		OptedOut: v.Get("optout") == "yes", Ago: map[choice.Answer]int{}, Seen: map[string]choice.Seen{},
	}
	reader.Articles, _ = number("articles")
	for answer := range choice.Rests() {
		if days, given := number(string(answer)); given {
			reader.Ago[answer] = days
		}
	}
	var seen choice.Seen
	seen.Day, _ = number("day")
	seen.Week, _ = number("week")
	seen.All, _ = number("all")
	if slug := v.Get("seen"); slug != "" {
		reader.Seen[slug] = choice.Seen{
			Day: seen.Day, Week: max(seen.Day, seen.Week), All: max(seen.Day, seen.Week, seen.All),
		}
	}
	at := now
	if typed := v.Get("at"); typed != "" {
		var err error
		if at, err = time.ParseInLocation("2006-01-02T15:04", typed, now.Location()); err != nil {
			problems = append(problems, fault.Input("at", "choice.moment_wrong"))
		}
	}
	return choice.VisitFrom(article, q), reader, at, errors.Join(problems...)
}

// whyDefaults are the form before a question: a reader like most.
func whyDefaults(v url.Values) url.Values {
	all := screen.Query("known", "yes", "reader", "returning", "device", "phone", "articles", "3")
	for name := range v {
		all.Set(name, v.Get(name))
	}
	return all
}

// whyReaders are links that describe a reader and keep the page.
func whyReaders(loc i18n.Localizer, v url.Values) []screen.Preset {
	var all []screen.Preset
	for _, reader := range []struct {
		name string
		v    url.Values
	}{
		{"new", screen.Query("known", "yes", "reader", "new", "device", "phone", "articles", "1")},
		{"returning", screen.Query("known", "yes", "reader", "returning", "device", "computer", "articles", "12")},
		{"gave", screen.Query("known", "yes", "reader", "returning", "device", "phone", "articles", "12", "gave", "30")},
		{"went", screen.Query("known", "yes", "reader", "returning", "device", "phone", "articles", "4", "start", "2")},
		{"closed", screen.Query("known", "yes", "reader", "returning", "device", "phone", "articles", "4", "close", "1")},
		{"unknown", screen.Query("known", "no", "device", "phone")},
	} {
		for _, name := range []string{"article", "section", "author", "tags", "lang", "named", "format", "at", "campaign"} {
			if v.Get(name) != "" {
				reader.v.Set(name, v.Get(name))
			}
		}
		all = append(all, screen.Preset{
			Name: loc.Say("choice.reader." + reader.name), Address: screen.Address(whyAddress, reader.v),
			Current: reader.v.Encode() == withoutEmpty(v).Encode(),
		})
	}
	return all
}

func withoutEmpty(v url.Values) url.Values {
	all := url.Values{}
	for name := range v {
		if v.Get(name) != "" {
			all.Set(name, v.Get(name))
		}
	}
	return all
}
