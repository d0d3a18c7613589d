package plan_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/plan"
	"readerfund/internal/testkit"
)

var ten = money.New(1000, "EUR")

func TestOnePlanForEachCurrencyAndInterval(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.process()
	monthly, override := give(t, first, paypal.Monthly, ten)
	if override == nil || *override != ten {
		t.Errorf("the amount is %v", override)
	}
	calls, _ := w.asked()
	for _, p := range []*plan.Plans{first, first, w.process()} {
		if id, _ := give(t, p, paypal.Monthly, money.New(500, "EUR")); id != monthly {
			t.Errorf("another plan for another amount: %s", id)
		}
	}
	if now, _ := w.asked(); now != calls {
		t.Errorf("%d calls for a plan that is known", now-calls)
	}
	if id, override := give(t, first, paypal.Monthly, money.New(100, "EUR")); id != monthly || override != nil {
		t.Errorf("the plan's own price: %s, %v", id, override)
	}
	yearly, _ := give(t, first, paypal.Yearly, ten)
	yen, _ := give(t, first, paypal.Monthly, money.New(1000, "JPY"))
	got := w.made()
	for id, want := range map[string]string{
		monthly: "Monthly contribution to The Paper, MONTH, 1.00 EUR",
		yearly:  "Yearly contribution to The Paper, YEAR, 1.00 EUR",
		yen:     "Monthly contribution to The Paper, MONTH, 1 JPY",
	} {
		if got[id] != want || len(got) != 3 {
			t.Errorf("PayPal has %v", got)
		}
	}
	for _, c := range []struct {
		every  paypal.Interval
		amount money.Amount
	}{{"WEEK", ten}, {"3 MONTH", ten}, {paypal.Monthly, money.New(0, "EUR")}, {paypal.Monthly, money.New(1, "XAU")}} {
		if id, _, err := first.For(t.Context(), c.every, c.amount); err == nil {
			t.Errorf("%s each %s: %s", c.amount, c.every, id)
		}
	}
}

// Several processes at once, each with several readers, make one plan.
func TestProcessesAtOnceMakeOnePlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var wait sync.WaitGroup
	for range 4 {
		p := w.process()
		for range 4 {
			wait.Go(func() {
				if _, _, err := p.For(t.Context(), paypal.Monthly, ten); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wait.Wait()
	if got := w.made(); len(got) != 1 {
		t.Errorf("PayPal has %v", got)
	}
}

// A plan whose answer was lost is not made again: PayPal knows the request, and, once it has forgotten it, the plan.
func TestALostAnswerMakesNoSecondPlan(t *testing.T) {
	t.Parallel()
	for _, forgets := range []bool{false, true} {
		w := newWorld(t)
		w.fault("POST", testkit.Fields{"kind": "reset_after", "times": 100})
		if id, _, err := w.process().For(t.Context(), paypal.Yearly, ten); err == nil {
			t.Fatalf("an answer that was lost: %s", id)
		}
		w.clearFaults()
		if forgets {
			w.clock.Advance(73 * time.Hour)
		} else { // the list shows a plan late
			w.fault("GET", testkit.Fields{"kind": "status", "status": 200, "body": `{"plans":[]}`, "times": 1})
		}
		give(t, w.process(), paypal.Yearly, ten)
		testkit.Exec(t, w.db, `DELETE FROM paypal_plan`) // as in a database restored from before the plan
		give(t, w.process(), paypal.Yearly, ten)
		if got := w.made(); len(got) != 1 {
			t.Errorf("forgets %v: PayPal has %v", forgets, got)
		}
	}
}

// A refusal is asked about anew: PayPal would answer the same request with the same refusal for three days.
func TestARefusedPlanIsAskedForAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	w.fault("POST", testkit.Fields{"kind": "issue", "issue": "CURRENCY_NOT_SUPPORTED_FOR_RECEIVER", "times": 1})
	if _, _, err := p.For(t.Context(), paypal.Monthly, ten); !paypal.HasIssue(err, "CURRENCY_NOT_SUPPORTED_FOR_RECEIVER") {
		t.Fatal(err)
	}
	give(t, p, paypal.Monthly, ten)
	if _, requests := w.asked(); requests != 2 {
		t.Errorf("asked with %d request ids", requests)
	}
}

func TestAPlanThatPayPalDoesNotTakeIsReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	old, amount := give(t, p, paypal.Monthly, ten)
	w.deactivate(old)
	_, err := w.subscribe(old, amount)
	if again, failed := p.Refused(t.Context(), old, err); !again || failed != nil {
		t.Fatalf("%v: %v, %v", err, again, failed)
	}
	id, amount := give(t, p, paypal.Monthly, ten)
	if _, err := w.subscribe(id, amount); id == old || err != nil {
		t.Errorf("the plan is now %s: %v", id, err)
	}
	for _, other := range []error{nil, context.Canceled, &paypal.Error{Status: 422, Name: "USER_ACCOUNT_CLOSED"},
		&paypal.Error{Status: 503, Name: "INTERNAL_SERVICE_ERROR"}} {
		if again, err := p.Refused(t.Context(), id, other); again || err != nil {
			t.Errorf("%v: %v, %v", other, again, err)
		}
	}
}

// Where PayPal lets no subscription have an amount of its own, there is a plan for each; every process knows it, and
// it is tried anew after a while.
func TestAPlanForEachAmountWhereOverridesAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	shared, amount := give(t, p, paypal.Monthly, ten)
	w.paypal.Fault(testkit.Fields{"kind": "refuse_override", "times": 1})
	_, err := w.subscribe(shared, amount)
	if again, failed := p.Refused(t.Context(), shared, err); !again || failed != nil {
		t.Fatalf("%v: %v, %v", err, again, failed)
	}
	own, amount := give(t, p, paypal.Monthly, ten)
	if own == shared || amount != nil || w.made()[own] != "Monthly contribution to The Paper, MONTH, 10.00 EUR" {
		t.Errorf("%s %v of %v", own, amount, w.made())
	}
	if sub, err := w.subscribe(own, amount); err != nil || sub.Overridden {
		t.Errorf("%+v, %v", sub, err)
	}
	if id, amount := give(t, w.process(), paypal.Monthly, ten); id != own || amount != nil {
		t.Errorf("after a start: %s %v", id, amount)
	}
	w.clock.Advance(8 * 24 * time.Hour)
	for _, p := range []*plan.Plans{p, w.process()} {
		if id, amount := give(t, p, paypal.Monthly, ten); id != shared || amount == nil {
			t.Errorf("a week later: %s %v", id, amount)
		}
	}
}

// PayPal can take longer over a plan than a reader waits: the next one has it.
func TestASlowPlanIsThereForTheNextReader(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	waits := make(chan struct{})
	ctx, leave := context.WithCancel(t.Context())
	w.before = func() { leave(); <-waits }
	if id, _, err := p.For(ctx, paypal.Monthly, ten); err == nil {
		t.Fatalf("nobody waited for %s", id)
	}
	close(waits)
	p.Close()
	calls, _ := w.asked()
	give(t, p, paypal.Monthly, ten)
	if now, _ := w.asked(); now != calls {
		t.Errorf("%d calls more", now-calls)
	}
}

func TestProductID(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://give.example.org": "READERFUND-GIVE-EXAMPLE-ORG", "http://127.0.0.1:8080": "READERFUND-127-0-0-1-8080",
		"https://x": "READERFUND-X",
	} {
		if got := plan.ProductID(address); got != want {
			t.Errorf("%s: %s", address, got)
		}
	}
	long := "https://" + strings.Repeat("support.", 8) + "example."
	one, other := plan.ProductID(long+"org"), plan.ProductID(long+"com")
	if len(one) != 50 || len(other) != 50 || one == other {
		t.Errorf("%s, %s", one, other)
	}
}
