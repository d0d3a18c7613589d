package ratelimit_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"readerfund/internal/db/dbtest"
	"readerfund/internal/ratelimit"
	"readerfund/internal/testkit"
)

// Statements that meet at rows which do not exist yet, or are just being tidied away, do not wait for each other in a
// circle: PostgreSQL would end one of them after a second, and whoever asked could not be counted.
func TestMeetingAtNewRowsIsNoDeadlock(t *testing.T) {
	t.Parallel()
	d, c := dbtest.New(t), testkit.NewClock()
	var crew sync.WaitGroup
	for range 12 {
		replica := ratelimit.New(d, c.Now, "secret")
		crew.Go(func() {
			for round := range 20 {
				uses := []ratelimit.Use{
					per(fmt.Sprint("address ", round), 1000), per("all", 1000), per(fmt.Sprint("network ", round), 1000),
				}
				if _, err := replica.Take(t.Context(), uses...); err != nil {
					t.Error(err)
				}
				uses[0].Times, uses[1].Times, uses[2].Times = -1, -1, -1
				if err := replica.Add(t.Context(), uses...); err != nil {
					t.Error(err)
				}
				c.Advance(time.Second)
				if err := replica.Tidy(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	crew.Wait()
}
