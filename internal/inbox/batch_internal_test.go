package inbox

import (
	"errors"
	"testing"
)

// A commit that panics must not leave those who wait for it waiting.
func TestACommitThatPanicsIsNoSuccess(t *testing.T) {
	t.Parallel()
	g := newBatches()
	d := &delivery{}
	b, leads := g.join(d)
	if !leads {
		t.Fatal("the first to join does not lead")
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		g.run(b, func([]*delivery) ([]outcome, error) { panic("out of order") })
	}()
	<-b.done
	if _, err := b.outcomeOf(d); !errors.Is(err, errBrokeOff) {
		t.Fatalf("the others are told %v", err)
	}
	next, leads := g.join(&delivery{})
	if !leads || next == b {
		t.Fatal("newcomers join the batch that broke off")
	}
}

func TestABatchIsClosedWhenItIsFull(t *testing.T) {
	t.Parallel()
	g := newBatches()
	first, leads := g.join(&delivery{})
	if !leads {
		t.Fatal("the first to join does not lead")
	}
	for range batchSize - 1 {
		if b, leads := g.join(&delivery{}); b != first || leads {
			t.Fatal("a batch with room was not joined")
		}
	}
	if b, leads := g.join(&delivery{}); b == first || !leads {
		t.Fatal("a full batch was joined")
	}
}
