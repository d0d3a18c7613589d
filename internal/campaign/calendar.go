package campaign

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"
)

// months are their names as they stand in a date, by language, from CLDR (dates/calendars/gregorian/months, format wide).
var months = map[string][12]string{
	"en": {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
		"December"},
	"es": {"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
		"diciembre"},
	"de": {"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
		"Dezember"},
	"fr": {"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
		"décembre"},
	"uk": {"січня", "лютого", "березня", "квітня", "травня", "червня", "липня", "серпня", "вересня", "жовтня", "листопада",
		"грудня"},
	"ar": {"يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"},
}

// writeDay writes a day and its month as a sentence has them: "31 December", "December 31" in the United States, "31. Dezember",
// "31 de diciembre". A language that is not listed gets 2026-12-31.
func writeDay(day time.Time, tag language.Tag) string {
	base, _ := tag.Base()
	names, listed := months[base.String()]
	if !listed {
		return day.Format(time.DateOnly)
	}
	month, n := names[day.Month()-1], strconv.Itoa(day.Day())
	switch base.String() {
	case "en":
		if region, _ := tag.Region(); strings.HasSuffix(tag.String(), "US") && region.String() == "US" {
			return month + " " + n
		}
		return n + " " + month
	case "es":
		return n + " de " + month
	case "de":
		return n + ". " + month
	case "fr":
		if n == "1" {
			n = "1er"
		}
		return n + " " + month
	case "ar":
		return message.NewPrinter(tag).Sprint(number.Decimal(day.Day())) + " " + month
	default:
		return fmt.Sprintf("%s %s", n, month)
	}
}
