package sandbox

import (
	"hash/fnv"
	"time"
)

// tenOClock is the hour at which PayPal says that it bills on a day.
func tenOClock(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), t.Month(), t.Day(), 10, 0, 0, 0, time.UTC)
}

// after is the billing day that follows another. PayPal's documents do not say what becomes of the days at the end of a
// long month: they are held to the last day of the shorter one, or they drift into the month after it, for good.
func (c *cycle) after(day time.Time, anchor int, drift bool) time.Time {
	switch c.Unit {
	case "DAY":
		return day.AddDate(0, 0, c.Count)
	case "WEEK":
		return day.AddDate(0, 0, 7*c.Count)
	}
	months := c.Count
	if c.Unit == "YEAR" {
		months *= 12
	}
	if drift {
		return day.AddDate(0, months, 0)
	}
	first := day.AddDate(0, months, 1-day.Day())
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(anchor, last)-1)
}

// jitter is how long after ten o'clock the run comes to a subscription on a day: always the same for the same one.
func jitter(id string, day time.Time, most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(id + day.Format(time.DateOnly)))                           // it never fails
	return time.Duration(h.Sum64()%uint64(most.Milliseconds()+1)) * time.Millisecond //nolint:gosec // no more than most
}

// finalPayment is when a subscription that ends by itself is charged for the last time; zero for one that does not.
// Holds s.mu.
func (s *Server) finalPayment(sub *subscription) time.Time {
	t, b := s.books.terms(sub), &sub.Billing
	if t.regular().Total == 0 || b.Scheduled.IsZero() {
		return time.Time{}
	}
	day, final := tenOClock(b.Scheduled), time.Time{}
	for i := range t.Cycles {
		c := &t.Cycles[i]
		for range c.Total - b.Completed[c.Sequence] {
			final, day = day, c.after(day, b.Anchor, s.books.billing.drifts())
		}
	}
	return final
}
