package inbox

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A commit that panics must not leave those who wait for it waiting.
func TestACommitThatPanicsIsNoSuccess(t *testing.T) {
	t.Parallel()
	g := newBatches(func(context.Context, []int) ([]outcome, error) { panic("out of order") })
	b, place := g.join(1)
	if place != 0 {
		t.Fatal("the first to join does not lead")
	}
	if _, place := g.join(2); place != 1 {
		t.Fatal("the second to join leads")
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		g.run(t.Context(), b)
	}()
	<-b.done
	if _, err := b.result(1); !errors.Is(err, errBrokeOff) {
		t.Fatalf("the others are told %v", err)
	}
	next, place := g.join(3)
	if place != 0 || next == b {
		t.Fatal("newcomers join the batch that broke off")
	}
}

func TestABatchIsClosedWhenItIsFull(t *testing.T) {
	t.Parallel()
	g := newBatches(func(context.Context, []int) ([]int, error) { return nil, nil })
	first, place := g.join(0)
	if place != 0 {
		t.Fatal("the first to join does not lead")
	}
	for n := 1; n < batchSize; n++ {
		if b, place := g.join(n); b != first || place != n {
			t.Fatal("a batch with room was not joined")
		}
	}
	if b, place := g.join(0); b == first || place != 0 {
		t.Fatal("a full batch was joined")
	}
}

// Items that come while a commit is under way share the next one, and each is told its own result.
func TestItemsShareACommit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		var mu sync.Mutex
		g := newBatches(func(_ context.Context, items []int) ([]string, error) {
			mu.Lock()
			sizes = append(sizes, len(items))
			mu.Unlock()
			time.Sleep(time.Second) // the disk
			results := make([]string, len(items))
			for n, item := range items {
				results[n] = strconv.Itoa(item)
			}
			return results, nil
		})
		var all sync.WaitGroup
		for n := range 42 {
			all.Go(func() {
				if got, err := g.do(t.Context(), n); got != strconv.Itoa(n) || err != nil {
					t.Errorf("%d was told %q, %v", n, got, err)
				}
			})
			synctest.Wait()
		}
		all.Wait()
		if !slices.Equal(sizes, []int{1, 1, 40}) {
			t.Errorf("the commits were of %v", sizes)
		}
	})
}
