package backoff

import (
	"testing"
	"time"
)

func TestWait(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		of   Backoff
		n    int
		want time.Duration
	}{
		{Failed, -1, 5 * time.Second},
		{Failed, 0, 5 * time.Second},
		{Failed, 1, 5 * time.Second},
		{Failed, 2, 10 * time.Second},
		{Failed, 9, 1280 * time.Second},
		{Failed, 10, 30 * time.Minute},
		{Failed, 1 << 40, 30 * time.Minute},
		{Backoff{time.Minute, 4 * time.Minute}, 2, 2 * time.Minute},
		{Backoff{time.Minute, 4 * time.Minute}, 3, 4 * time.Minute},
		{Backoff{time.Minute, 3 * time.Minute}, 3, 3 * time.Minute},
		{Backoff{time.Hour, time.Minute}, 1, time.Minute},
		{Backoff{time.Hour, time.Minute}, 2, time.Minute},
	} {
		if got := c.of.Wait(c.n); got != c.want {
			t.Errorf("%+v, %d: %s, want %s", c.of, c.n, got, c.want)
		}
		if least, most := c.of.Jittered(c.n, 0), c.of.Jittered(c.n, 0.999999999); least != c.want-c.want/10 ||
			most <= c.want || most > c.want+c.want/10 || c.of.Jittered(c.n, 0.5) != c.want {
			t.Errorf("%+v, %d: between %s and %s", c.of, c.n, least, most)
		}
	}
}
