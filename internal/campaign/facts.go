package campaign

import (
	"time"

	"readerfund/internal/money"
)

// Facts are the figures that a campaign's texts can name, and its bar shows. They are comparable, so that a page that
// was made with them can be kept under them.
type Facts struct {
	Known      bool         // money was counted; until then Raised, Supporters, GaveToday and Percent are not shown
	Raised     money.Amount // net of fees, refunds and disputes, in the goal's currency or the campaign's, from its start
	Supporters int64        // people who gave it
	GaveToday  int64        // gifts since the publication's midnight
	Goal       money.Amount // of a goal in money
	GoalCount  int64        // of a goal in supporters
	Percent    int          // of the goal, rounded down; more than 100 where it is passed
	DaysLeft   int          // days of the publication's until the end, today among them; -1 without an end, 0 after it
	Ends       string       // its last day: 2026-12-31; empty without an end
}

// Share is how much of a goal's bar is filled: 0 to 100.
func (f Facts) Share() int { return min(f.Percent, 100) }

// Progress is what was counted for one campaign.
type Progress struct {
	Raised     money.Amount // net
	Supporters int64
	GaveToday  int64
}

// currency is the one that the campaign's progress is counted in. Currencies are never added together.
func (c *Content) counted() money.Currency {
	if c.Goal != nil && c.Goal.Kind == GoalAmount {
		return c.Goal.Currency
	}
	return c.Currency
}

// facts puts together what is known about a campaign. p is nil until its money was counted.
func facts(k *Campaign, p *Progress, now time.Time, zone *time.Location) Facts {
	f := Facts{Raised: money.New(0, k.counted()), DaysLeft: -1}
	if !k.EndsAt.IsZero() {
		last := k.EndsAt.Add(-time.Nanosecond).In(zone)
		f.Ends, f.DaysLeft = last.Format(time.DateOnly), daysUntil(now.In(zone), last)
	}
	if k.Goal != nil {
		switch k.Goal.Kind {
		case GoalAmount:
			f.Goal = money.New(k.Goal.Minor, k.Goal.Currency)
		case GoalSupporters:
			f.GoalCount = k.Goal.Count
		}
	}
	if p == nil {
		return f
	}
	f.Known, f.Supporters, f.GaveToday = true, p.Supporters, p.GaveToday
	f.Raised.Minor = max(p.Raised.Minor, 0) // a campaign that began with a refund has raised nothing
	switch {
	case f.Goal.Minor > 0:
		f.Percent = percent(f.Raised.Minor, f.Goal.Minor)
	case f.GoalCount > 0:
		f.Percent = percent(f.Supporters, f.GoalCount)
	}
	return f
}

// mostPercent bounds what is shown of a goal that was passed by far.
const mostPercent = 9999

// percent is rounded down: a goal is reached when it is.
func percent(part, whole int64) int {
	return int(min(part/whole*100+part%whole*100/whole, mostPercent))
}

// daysUntil counts calendar days from one to another, both included; 0 where the last is over.
func daysUntil(now, last time.Time) int {
	day := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return max(0, int(day(last).Sub(day(now))/(24*time.Hour))+1)
}
