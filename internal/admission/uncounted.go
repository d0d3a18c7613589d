package admission

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"readerfund/internal/fault"
)

// uncounted is for gifts that could not be counted, because the limits' rows do not answer while the rest of the
// database may. They are let in all the same, as many in each process as all together may begin without a word: a
// newsroom does not lose its gifts to a count, and who makes the counts fail has not opened the gate.
type uncounted struct {
	room *rate.Limiter

	mu    sync.Mutex
	since time.Time // when the first of these came
	last  time.Time
	gifts int64
}

func newUncounted(free int64) uncounted {
	return uncounted{room: rate.NewLimiter(rate.Every(Window/time.Duration(max(free, 1))), int(free))}
}

// admitUncounted lets a gift in that failure kept from being counted, while there is room for such.
func (g *Gate) admitUncounted(ctx context.Context, pass Pass, failure error) (Pass, error) {
	now := g.Now()
	if ctx.Err() != nil || !g.uncounted.room.AllowN(now, 1) {
		return Pass{}, fault.Wrap(failure, fault.Unavailable, "contribution.not_saved")
	}
	g.uncounted.note(now)
	g.Metrics.Admission("uncounted")
	g.Log.WarnContext(ctx, "a gift could not be counted against the limits and was let in", "error", failure)
	return pass, nil
}

func (u *uncounted) note(now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if now.Sub(u.last) > Window {
		u.since, u.gifts = now, 0
	}
	u.last = now
	u.gifts++
}

// Uncounted is how many gifts this process let in uncounted without a pause of Window between two, and since when; none
// where the last is longer ago.
func (g *Gate) Uncounted() (gifts int64, since time.Time) {
	u := &g.uncounted
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.gifts == 0 || g.Now().Sub(u.last) > Window {
		return 0, time.Time{}
	}
	return u.gifts, u.since
}
