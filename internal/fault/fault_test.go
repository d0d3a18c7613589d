package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"readerfund/internal/fault"
)

func TestKindOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		err  error
		want fault.Kind
	}{
		{"nothing", nil, fault.Internal},
		{"a foreign error", errors.New("disk full"), fault.Internal},
		{"itself", fault.NotFoundf("no such campaign"), fault.NotFound},
		{"wrapped", fmt.Errorf("start: %w", fault.Conflictf("done already")), fault.Conflict},
		{"joined", errors.Join(errors.New("x"), fault.Forbiddenf("no")), fault.Forbidden},
	} {
		if got := fault.KindOf(c.err); got != c.want {
			t.Errorf("%s: kind %v, want %v", c.name, got, c.want)
		}
	}
	if fault.Is(nil, fault.Internal) {
		t.Error("no error is no fault")
	}
}

func TestAllKeepsEveryFieldInOrder(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("start: %w", errors.Join(
		fault.Invalidf("amount", "Give an amount."),
		errors.New("noise"),
		fmt.Errorf("more: %w", fault.Invalidf("currency", "Pick a currency.")),
	))
	got := fault.All(err)
	if len(got) != 2 || got[0].Field != "amount" || got[1].Field != "currency" {
		t.Fatalf("got %v", got)
	}
	if fault.All(nil) != nil {
		t.Fatal("no error has no faults")
	}
}

func TestErrorTellsFieldAndCauseButMessageDoesNot(t *testing.T) {
	t.Parallel()
	e := fault.Unavailablef(errors.New("connection refused"), "PayPal does not answer.")
	if e.Error() != "PayPal does not answer.: connection refused" || e.Message != "PayPal does not answer." {
		t.Fatalf("got %q and %q", e.Error(), e.Message)
	}
	if got := fault.Invalidf("amount", "Too small.").Error(); got != "amount: Too small." {
		t.Fatalf("got %q", got)
	}
}

func TestSayWritesTheArgumentsAnotherWay(t *testing.T) {
	t.Parallel()
	quoted := func(arg any) any { return fmt.Sprintf("<%v>", arg) }
	e := fault.Invalidf("amount", "From %v to %s.", 1, "two")
	if got := e.Say(quoted); got != "From <1> to <two>." || e.Message != "From 1 to two." {
		t.Errorf("got %q and %q", got, e.Message)
	}
	if got := (&fault.Error{Message: "100 %"}).Say(quoted); got != "100 %" {
		t.Errorf("got %q", got)
	}
}
