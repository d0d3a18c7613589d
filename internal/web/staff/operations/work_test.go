package operations

import (
	"testing"

	"readerfund/internal/web/staff/words"
)

func TestSchedulesInWords(t *testing.T) {
	t.Parallel()
	for plan, want := range map[string]string{
		"every 1h0m0s": "every hour", "every 6h0m0s": "every 6 hours", "every 1m0s": "every minute",
		"every 1h30m0s": "every 90 minutes",
		"every 10s":     "every 10 seconds", "every 1.5s": "every 1.5s",
		"daily at 04:30 Europe/Berlin": "daily at 04:30 Europe/Berlin",
	} {
		if got := scheduleInWords(words.English, plan); got != want {
			t.Errorf("%s: %s", plan, got)
		}
	}
}
