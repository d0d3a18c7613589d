package checkout

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"readerfund/internal/paypal"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func order(status paypal.OrderStatus) paypal.Order {
	return paypal.Order{ID: "O", Status: status, ApproveURL: "https://www.sandbox.paypal.com/checkoutnow?token=O"}
}

// learned is a checkout after facts. They must not contradict each other.
func learned(t interface{ Fatal(...any) }, facts ...Fact) Checkout {
	c := Checkout{Kind: Order, State: Started, CreatedAt: noon}
	for _, f := range facts {
		if _, err := c.Apply(f); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// histories are what can be learned of one checkout, as it arrives.
func histories() [][]Fact {
	return [][]Fact{
		{OrderUnanswered()}, {OrderRefused("MAX_VALUE_EXCEEDED")}, {ReaderCancelled()}, {OrderGone()},
		OrderSeen(order(paypal.OrderCreated)), OrderSeen(order(paypal.OrderApproved)),
		OrderSeen(order(paypal.OrderCompleted)), OrderSeen(order(paypal.OrderVoided)),
		{CaptureUnanswered(1)}, {CaptureUnanswered(2)}, {CaptureUnanswered(3)},
		{CaptureRefused(1, "INSTRUMENT_DECLINED", "https://example.org/1")},
		{CaptureRefused(2, "INSTRUMENT_DECLINED", "https://example.org/2")},
	}
}

// Facts in any order, each any number of times, end in the same state.
func TestFactsInAnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		each := rapid.IntRange(0, len(histories())-1)
		some := rapid.SliceOfNDistinct(each, 1, 8, func(i int) int { return i }).Draw(rt, "facts")
		one, other := facts(some), facts(rapid.Permutation(append(some, some[0])).Draw(rt, "in another order"))
		a, b := learned(rt, one...), learned(rt, other...)
		a.Unanswered, b.Unanswered = max(a.Unanswered, a.Refused), max(b.Unanswered, b.Refused) // what is over is not kept
		if a != b {
			rt.Fatalf("%v ends %+v\n%v ends %+v", some, a, other, b)
		}
		again := a
		for _, f := range one {
			if news, err := again.Apply(f); news || err != nil {
				rt.Fatalf("%s again is news: %v", f.Kind(), err)
			}
		}
	})
}

func facts(which []int) (all []Fact) {
	for _, i := range which {
		all = append(all, histories()[i]...)
	}
	return all
}

func TestARefusalSaysNothingAboutALaterAttempt(t *testing.T) {
	t.Parallel()
	approved := OrderSeen(order(paypal.OrderApproved))
	no := func(n int) Fact { return CaptureRefused(n, "INSTRUMENT_DECLINED", "") }
	for _, c := range []struct {
		name  string
		facts []Fact
		want  State
	}{
		{"asked", []Fact{CaptureUnanswered(1)}, CaptureUnknown},
		{"asked and refused", []Fact{CaptureUnanswered(1), no(1)}, Declined},
		{"told late that it was not answered", []Fact{no(1), CaptureUnanswered(1)}, Declined},
		{"asked again", []Fact{no(1), CaptureUnanswered(2)}, CaptureUnknown},
		{"asked again, and told late of the first", []Fact{CaptureUnanswered(2), no(1)}, CaptureUnknown},
		{"asked again, and the order is gone", []Fact{no(1), CaptureUnanswered(2), OrderGone()}, Declined},
		{"never answered, and the order is gone", []Fact{CaptureUnanswered(1), OrderGone()}, Expired},
	} {
		if got := learned(t, append(approved, c.facts...)...).State; got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestAnotherOrderIsAContradiction(t *testing.T) {
	t.Parallel()
	c := learned(t, OrderSeen(order(paypal.OrderCreated))...)
	before, other := c, order(paypal.OrderApproved)
	other.ID = "X"
	news, err := c.Apply(OrderSeen(other)[0])
	second, ok := errors.AsType[*SecondOrderError](err)
	if news || !ok || second.Known != "O" || second.Named != "X" || c != before {
		t.Errorf("news %t, %v, %+v", news, err, c)
	}
}

// PayPal may not know an order for a moment; once it does, that is forgotten.
func TestAnOrderThatWasMissingIsFound(t *testing.T) {
	t.Parallel()
	c := learned(t, OrderSeen(order(paypal.OrderCreated))...)
	c.MissingSince = noon
	if news, err := c.Apply(OrderSeen(order(paypal.OrderCreated))[0]); !news || err != nil || !c.MissingSince.IsZero() {
		t.Errorf("found: news %t, %v, %+v", news, err, c)
	}
	c.MissingSince = noon
	for _, f := range append([]Fact{OrderGone()}, OrderSeen(order(paypal.OrderCreated))...) {
		if _, err := c.Apply(f); err != nil {
			t.Fatal(err)
		}
	}
	if c.State != Expired || c.MissingSince.IsZero() {
		t.Errorf("what PayPal dropped came back: %+v", c)
	}
}
