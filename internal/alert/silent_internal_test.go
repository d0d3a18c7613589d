package alert

import (
	"testing"
	"time"

	"readerfund/internal/health"
)

// The rule of silence over newsrooms of every size. Each case says how many gifts in a row went unheard, and how long
// ago the first of them was booked.
func TestSilent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		run   int64
		since time.Duration
		want  bool
	}{
		{"no gifts at all", 0, 0, false},
		{"two gifts a day, one late event", 1, 12 * time.Hour, false},
		{"two gifts a day, the webhook is broken: the second", 2, 24 * time.Hour, false},
		{"and the third", 3, 36 * time.Hour, true},
		{"a burst of three, and PayPal is slow for half an hour", 3, 30 * time.Minute, false},
		{"nine within the hour", 9, 59 * time.Minute, false},
		{"an hour of it", 3, time.Hour, true},
		{"ten gifts a minute: after a minute and the grace", 10, 6 * time.Minute, true},
	} {
		now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
		s := health.Silence{Run: c.run}
		if c.run > 0 {
			s.Since = now.Add(-c.since)
		}
		if got := silent(health.Snapshot{At: now, Silence: s}); got.wrong != c.want || got.items != c.run {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}
