package report

import (
	"time"

	"readerfund/internal/fault"
)

// Day is a day of the calendar, without a time zone. The zero Day is no day: an open end of a range.
type Day struct{ at time.Time } // midnight UTC of the day

// The years that are accepted. Any other year is a typing error.
const (
	firstYear = 2000
	lastYear  = 2199
)

// ParseDay reads a day written like 2026-11-30. An empty text is the zero Day. The error is a fault.Invalid on field.
func ParseDay(field, text string) (Day, error) {
	if text == "" {
		return Day{}, nil
	}
	at, err := time.Parse(time.DateOnly, text)
	if err != nil || at.Year() < firstYear || at.Year() > lastYear {
		return Day{}, fault.Input(field, "report.day_malformed")
	}
	return Day{at: at}, nil
}

// DayOf is the day of a time, in the time's own zone.
func DayOf(local time.Time) Day {
	year, month, day := local.Date()
	return Day{at: time.Date(year, month, day, 0, 0, 0, 0, time.UTC)}
}

// String writes the day like 2026-11-30, and nothing for the zero Day.
func (d Day) String() string {
	if d.IsZero() {
		return ""
	}
	return d.at.Format(time.DateOnly)
}

// Words writes the day like "Mon 30 Nov 2026".
func (d Day) Words() string { return d.at.Format("Mon 2 Jan 2006") }

// IsZero reports whether it is no day.
func (d Day) IsZero() bool { return d.at.IsZero() }

// Add is the day n days later, or earlier if n is negative.
func (d Day) Add(n int) Day { return Day{at: d.at.AddDate(0, 0, n)} }

// Before reports whether the day comes before the other.
func (d Day) Before(other Day) bool { return d.at.Before(other.at) }

// Month is the first day of the day's month.
func (d Day) Month() Day { return d.Add(1 - d.at.Day()) }
