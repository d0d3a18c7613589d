package queue

import (
	"testing"
	"time"
)

func TestTimeOfDay(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name         string
		hour, minute int
		now, want    string
	}{
		{"later today", 3, 15, "2026-11-22T00:00:00Z", "2026-11-22T02:15:00Z"},
		{"at this moment: tomorrow", 3, 15, "2026-11-22T02:15:00Z", "2026-11-23T02:15:00Z"},
		{"past: tomorrow", 3, 15, "2026-11-22T02:15:01Z", "2026-11-23T02:15:00Z"},
		{"over a month's end", 0, 0, "2026-11-30T12:00:00Z", "2026-11-30T23:00:00Z"},
		{"the clock skips it", 2, 30, "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z"},
		{"the clock has it twice: it comes once", 2, 30, "2026-10-24T12:00:00Z", "2026-10-25T01:30:00Z"},
		{"and then the day after", 2, 30, "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := (TimeOfDay{c.hour, c.minute, berlin}).after(now).Format(time.RFC3339); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestNext(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	minutely, nightly := Kind{Every: time.Minute}, Kind{At: TimeOfDay{Hour: 3, Zone: time.UTC}}
	for _, c := range []struct {
		name string
		kind Kind
		took time.Duration
		want time.Duration // after it began
	}{
		{"in step with its beginning", minutely, 20 * time.Second, time.Minute},
		{"longer than its period: at once, and once", minutely, 5 * time.Minute, 5 * time.Minute},
		{"tomorrow", nightly, time.Hour, 24 * time.Hour},
		{"longer than a day", nightly, 30 * time.Hour, 30 * time.Hour},
	} {
		if got := c.kind.next(began, began.Add(c.took)).Sub(began); got != c.want {
			t.Errorf("%s: after %s, want %s", c.name, got, c.want)
		}
	}
}
