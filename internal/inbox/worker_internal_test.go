package inbox

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// Free workers are taken together, so that a backlog costs one claim for several events; a few wait a moment for more,
// and no longer.
func TestFreeWorkersAreTakenTogether(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		workers, busy, most int
		freed               time.Duration // each after this much more
		want                int
		after               time.Duration
	}{
		{workers: 8, most: 8, want: 8},
		{workers: 8, most: 3, want: 3},
		{workers: 8, busy: 6, most: 8, want: 2},
		{workers: 1, most: 8, want: 1},
		{workers: 16, busy: 14, most: 16, freed: time.Hour, want: 2, after: gather},
		{workers: 16, busy: 16, most: 16, freed: 2 * time.Millisecond, want: 4, after: 8 * time.Millisecond},
		{workers: 16, busy: 16, most: 16, freed: 6 * time.Millisecond, want: 2, after: 16 * time.Millisecond},
		{workers: 16, busy: 16, most: 1, freed: 6 * time.Millisecond, want: 1, after: 6 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := make(workers, c.workers)
			for range c.busy {
				w <- struct{}{}
			}
			if c.freed > 0 {
				go func() {
					for range c.busy {
						time.Sleep(c.freed)
						w.release(1)
					}
				}()
			}
			began := time.Now()
			n, err := w.take(t.Context(), c.most)
			if took := time.Since(began); n != c.want || took != c.after || err != nil {
				t.Errorf("%+v: %d after %v, %v", c, n, took, err)
			}
			time.Sleep(24 * time.Hour)
		})
	}
}

// Who is told to stop while a few are free gives them back.
func TestWorkersAreGivenBackAtAStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := make(workers, 8)
		for range 7 {
			w <- struct{}{}
		}
		ctx, stop := context.WithTimeout(t.Context(), gather/2)
		defer stop()
		if n, err := w.take(ctx, 8); n != 0 || !errors.Is(err, context.DeadlineExceeded) || len(w) != 7 {
			t.Errorf("%d, %v, and %d are taken", n, err, len(w))
		}
	})
}
