package screen

import (
	"time"
)

// Stamp is a time in the publication's time zone.
type Stamp struct{ at time.Time }

// Stamp is a time in the publication's zone; the zero time stays zero.
func (s Layout) Stamp(t time.Time) Stamp { return StampIn(s.Zone, t) }

// StampIn is a time in a zone; the zero time stays zero.
func StampIn(zone *time.Location, t time.Time) Stamp {
	if t.IsZero() {
		return Stamp{}
	}
	return Stamp{t.In(zone)}
}

// IsZero reports whether the event did not happen.
func (t Stamp) IsZero() bool { return t.at.IsZero() }

// ISO is for machines, with the offset from UTC.
func (t Stamp) ISO() string { return t.at.Format(time.RFC3339) }

// Day is the date in words, which no region reads the other way round.
func (t Stamp) Day() string { return t.at.Format("2 Jan 2006") }

// Text is the date and the time to the minute.
func (t Stamp) Text() string { return t.at.Format("2 Jan 2006, 15:04") }

// Clock is the time of day to the second, with the zone's abbreviation.
func (t Stamp) Clock() string { return t.at.Format("15:04:05 MST") }
