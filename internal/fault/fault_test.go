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
		{"itself", fault.New(fault.NotFound, "campaign.no_default"), fault.NotFound},
		{"wrapped", fmt.Errorf("start: %w", fault.New(fault.Conflict, "review.changed")), fault.Conflict},
		{"joined", errors.Join(errors.New("x"), fault.New(fault.Forbidden, "session.missing")), fault.Forbidden},
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
		fault.Input("amount", "contribution.amount_missing"),
		errors.New("noise"),
		fmt.Errorf("more: %w", fault.Input("currency", "money.currency_not_offered")),
	))
	got := fault.All(err)
	if len(got) != 2 || got[0].Field != "amount" || got[1].Field != "currency" {
		t.Fatalf("got %v", got)
	}
	if fault.All(nil) != nil {
		t.Fatal("no error has no faults")
	}
}

func TestErrorHasFieldAndCauseButMessageDoesNot(t *testing.T) {
	t.Parallel()
	e := fault.Wrap(errors.New("connection refused"), fault.Unavailable, "outage.paypal")
	const says = "PayPal does not answer at the moment."
	if e.Error() != says+": connection refused" || e.Message.String() != says {
		t.Errorf("got %q and %q", e.Error(), e.Message)
	}
	const field = "amount: That is more than can be sent. Write a smaller amount."
	if got := fault.Input("amount", "money.too_large").Error(); got != field {
		t.Errorf("got %q", got)
	}
}
