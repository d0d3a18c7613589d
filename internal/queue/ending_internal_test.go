package queue

import (
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"readerfund/internal/backoff"
	"readerfund/internal/fault"
)

func TestEnding(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	now := began.Add(10 * time.Second)
	odd, away := errors.New("odd"), fault.New(fault.Unavailable, "away")
	letter := Kind{Name: "letter", TryFor: time.Hour}
	minutely := Kind{Name: "minutely", Every: time.Minute}
	nightly := Kind{Name: "nightly", At: TimeOfDay{Hour: 3, Zone: time.UTC}, TryFor: time.Minute}
	failing := func(failures int, since time.Time) claimed {
		return claimed{Started: began, Failures: failures, FailingSince: sql.NullTime{Time: since, Valid: !since.IsZero()}}
	}
	fresh, hourOld := failing(0, time.Time{}), failing(10, now.Add(-time.Hour))
	for _, c := range []struct {
		name string
		kind Kind
		row  claimed
		err  error
		want ending
	}{
		{"done", letter, hourOld, nil, ending{outcome: "done"}},
		{"more to do", letter, hourOld, fmt.Errorf("wrapped: %w", At(now.Add(time.Hour))),
			ending{outcome: "later", due: now.Add(time.Hour)}},
		{"a failure", letter, fresh, odd, ending{"failed", now.Add(5 * time.Second), 1, now, "odd"}},
		{"the second", letter, failing(1, began), odd, ending{"failed", now.Add(10 * time.Second), 2, began, "odd"}},
		{"failing for too long", letter, hourOld, odd, ending{"dead", time.Time{}, 11, now.Add(-time.Hour), "odd"}},
		{"and without an end", Kind{Name: "stubborn"}, hourOld, odd, ending{"failed", now.Add(backoff.Failed.Longest), 11,
			now.Add(-time.Hour), "odd"}},
		{"permanent", letter, fresh, Permanent(odd), ending{"dead", time.Time{}, 1, now, "odd"}},
		{"nobody answered", letter, fresh, Unreached(odd), ending{"failed", now.Add(5 * time.Second), 1, time.Time{}, "odd"}},
		{"nobody answered, at the end", letter, hourOld, Unreached(odd), ending{"failed", now.Add(backoff.Failed.Longest), 11,
			now.Add(-time.Hour), "odd"}},
		{"the database is away", letter, hourOld, away, ending{"failed", now.Add(backoff.Failed.Longest), 11,
			now.Add(-time.Hour), "away"}},
		{"its own time limit counts", letter, hourOld, timeLimit(time.Minute, away),
			ending{"dead", time.Time{}, 11, now.Add(-time.Hour), "not done within 1m0s: away"}},
		{"periodic, done", minutely, fresh, nil, ending{outcome: "done", due: began.Add(time.Minute)}},
		{"periodic, a failure brings it forward", nightly, fresh, odd, ending{"failed", now.Add(5 * time.Second),
			1, now, "odd"}},
		{"periodic, never put off", minutely, failing(9, began), odd, ending{"failed", began.Add(time.Minute), 10,
			began, "odd"}},
		{"periodic, never dead", nightly, hourOld, Permanent(odd), ending{"failed", now.Add(backoff.Failed.Longest), 11,
			now.Add(-time.Hour), "odd"}},
		{"periodic, away", minutely, fresh, away, ending{"failed", now.Add(5 * time.Second), 1, now, "away"}},
	} {
		if got := c.kind.ending(c.row, c.err, now, 0.5); got != c.want {
			t.Errorf("%s:\n%+v, want\n%+v", c.name, got, c.want)
		}
	}
}
