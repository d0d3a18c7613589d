package staff

import (
	"time"
)

// stamp is a time in the publication's time zone.
type stamp struct{ at time.Time }

func (s layout) stamp(t time.Time) stamp {
	if t.IsZero() {
		return stamp{}
	}
	return stamp{t.In(s.zone)}
}

// IsZero reports whether the event did not happen.
func (t stamp) IsZero() bool { return t.at.IsZero() }

// ISO is for machines, with the offset from UTC.
func (t stamp) ISO() string { return t.at.Format(time.RFC3339) }

// Day is the date in words, which no region reads the other way round.
func (t stamp) Day() string { return t.at.Format("2 Jan 2006") }

// Text is the date and the time to the minute.
func (t stamp) Text() string { return t.at.Format("2 Jan 2006, 15:04") }

// Clock is the time of day to the second, with the zone's abbreviation.
func (t stamp) Clock() string { return t.at.Format("15:04:05 MST") }
