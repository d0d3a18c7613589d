package detached

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestWorkOutlivesItsCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var g Group
		ctx, leave := context.WithCancelCause(t.Context())
		gone := errors.New("the reader has gone")
		time.AfterFunc(time.Second, func() { leave(gone) })
		ended := false
		_, err := Run(ctx, &g, func(ctx context.Context) (int, error) {
			select {
			case <-ctx.Done():
				return 0, ctx.Err()
			case <-time.After(3 * time.Second):
				ended = true
				return 1, nil
			}
		})
		if !errors.Is(err, gone) || ended {
			t.Errorf("the caller left: %v, ended %t", err, ended)
		}
		if g.Wait(); !ended {
			t.Error("the work did not reach its end")
		}
	})
}

func TestWorkThatNobodyWaitsForEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var g Group
		begun := time.Now()
		_, err := Run(context.WithoutCancel(t.Context()), &g, func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		})
		if took := time.Since(begun); !errors.Is(err, context.DeadlineExceeded) || took != runsAtMost {
			t.Errorf("after %s: %v", took, err)
		}
		gone, leave := context.WithCancel(t.Context())
		leave()
		ctx, cancel := Saving(gone)
		defer cancel()
		if ctx.Err() != nil {
			t.Errorf("an outcome cannot be written down: %v", ctx.Err())
		}
	})
}
