package batch

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
	w := NewWriter(2, func(context.Context, []int) ([]string, error) { panic("out of order") })
	b, place := w.join(1)
	if place != 0 {
		t.Fatal("the first to join does not lead")
	}
	if _, place := w.join(2); place != 1 {
		t.Fatal("the second to join leads")
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		w.run(t.Context(), b)
	}()
	<-b.done
	if _, err := b.result(1); !errors.Is(err, errBrokeOff) {
		t.Fatalf("the others are told %v", err)
	}
	next, place := w.join(3)
	if place != 0 || next == b {
		t.Fatal("newcomers join the batch that broke off")
	}
}

func TestABatchIsClosedWhenItIsFull(t *testing.T) {
	t.Parallel()
	w := NewWriter(2, func(context.Context, []int) ([]int, error) { return nil, nil })
	first, place := w.join(0)
	if place != 0 {
		t.Fatal("the first to join does not lead")
	}
	for n := 1; n < Most; n++ {
		if b, place := w.join(n); b != first || place != n {
			t.Fatal("a batch with room was not joined")
		}
	}
	if b, place := w.join(0); b == first || place != 0 {
		t.Fatal("a full batch was joined")
	}
}

// Items that come while a commit is under way share the next one, and each is told its own result.
func TestItemsShareACommit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		var mu sync.Mutex
		w := NewWriter(2, func(_ context.Context, items []int) ([]string, error) {
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
				if got, err := w.Do(t.Context(), n); got != strconv.Itoa(n) || err != nil {
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
