package plan_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/plan"
	"readerfund/internal/testkit"
)

const product = "RF-THE-PAPER"

var ten = money.New(1000, "EUR")

// process is another process of the service: the same database and PayPal, and nothing in memory.
func process(t *testing.T, d *db.DB, p *peer, clock *testkit.Clock) *plan.Plans {
	t.Helper()
	client, err := paypal.New(paypal.Config{BaseURL: p.URL, ClientID: "id", ClientSecret: "secret", Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	plans := plan.New(plan.Config{
		DB: d, PayPal: client, Publication: "The\n Paper", ProductID: product, Now: clock.Now, Log: slog.New(slog.DiscardHandler),
	})
	t.Cleanup(plans.Close)
	return plans
}

func give(t *testing.T, p *plan.Plans, every paypal.Interval, amount money.Amount) (string, *money.Amount) {
	t.Helper()
	id, override, err := p.For(t.Context(), every, amount)
	if err != nil || id == "" {
		t.Fatalf("%q, %v", id, err)
	}
	return id, override
}

func TestOnePlanForEachCurrencyAndInterval(t *testing.T) {
	t.Parallel()
	d, pp, clock := dbtest.New(t), newPeer(t), testkit.NewClock()
	first := process(t, d, pp, clock)
	monthly, override := give(t, first, paypal.Monthly, ten)
	if override == nil || *override != ten {
		t.Errorf("the amount is %v", override)
	}
	calls := pp.count()
	for range 3 {
		if id, _ := give(t, first, paypal.Monthly, money.New(500, "EUR")); id != monthly {
			t.Errorf("another plan for another amount: %s", id)
		}
	}
	if pp.count() != calls {
		t.Errorf("%d calls for a plan that is known", pp.count()-calls)
	}
	yearly, _ := give(t, first, paypal.Yearly, ten)
	yen, _ := give(t, first, paypal.Monthly, money.New(1000, "JPY"))
	again := process(t, d, pp, clock)
	calls = pp.count()
	if id, _ := give(t, again, paypal.Monthly, ten); id != monthly || pp.count() != calls {
		t.Errorf("after a start: %s after %d calls", id, pp.count()-calls)
	}
	want := map[string]string{
		monthly: "Monthly contribution to The Paper, MONTH, 1.00 EUR", yearly: "Yearly contribution to The Paper, YEAR, 1.00 EUR",
		yen: "Monthly contribution to The Paper, MONTH, 1 JPY",
	}
	if got := pp.made(); len(got) != 3 || got[monthly] != want[monthly] || got[yearly] != want[yearly] || got[yen] != want[yen] {
		t.Errorf("PayPal has %v", got)
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
	d, pp, clock := dbtest.New(t), newPeer(t), testkit.NewClock()
	var wait sync.WaitGroup
	for range 4 {
		p := process(t, d, pp, clock)
		for range 4 {
			wait.Go(func() {
				if _, _, err := p.For(t.Context(), paypal.Monthly, ten); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wait.Wait()
	if got := pp.made(); len(got) != 1 {
		t.Errorf("PayPal has %v", got)
	}
}

// A plan whose answer was lost is not made again: PayPal knows the request, and, once it has forgotten it, the plan.
func TestALostAnswerMakesNoSecondPlan(t *testing.T) {
	t.Parallel()
	for _, forgets := range []bool{false, true} {
		d, pp, clock := dbtest.New(t), newPeer(t), testkit.NewClock()
		pp.set(func() { pp.lose, pp.hidden = 100, !forgets })
		if id, _, err := process(t, d, pp, clock).For(t.Context(), paypal.Yearly, ten); err == nil {
			t.Fatalf("an answer that was lost: %s", id)
		}
		pp.set(func() {
			pp.lose = 0
			if forgets {
				pp.requests = map[string]string{}
			}
		})
		give(t, process(t, d, pp, clock), paypal.Yearly, ten)
		pp.set(func() { pp.hidden = false })
		testkit.Exec(t, d, `DELETE FROM paypal_plan`) // as in a database restored from before the plan
		give(t, process(t, d, pp, clock), paypal.Yearly, ten)
		if got := pp.made(); len(got) != 1 {
			t.Errorf("forgets %v: PayPal has %v", forgets, got)
		}
	}
}

// A refusal is asked about anew: PayPal would answer the same request with the same refusal for three days.
func TestARefusedPlanIsAskedForAnew(t *testing.T) {
	t.Parallel()
	d, pp, clock := dbtest.New(t), newPeer(t), testkit.NewClock()
	p := process(t, d, pp, clock)
	pp.set(func() { pp.refuse = "CURRENCY_NOT_SUPPORTED_FOR_RECEIVER" })
	if _, _, err := p.For(t.Context(), paypal.Monthly, ten); !paypal.HasIssue(err, "CURRENCY_NOT_SUPPORTED_FOR_RECEIVER") {
		t.Fatal(err)
	}
	pp.set(func() { pp.refuse = "" })
	give(t, p, paypal.Monthly, ten)
}

func TestAPlanThatPayPalDoesNotTakeIsReplaced(t *testing.T) {
	t.Parallel()
	d, pp, clock := dbtest.New(t), newPeer(t), testkit.NewClock()
	p := process(t, d, pp, clock)
	old, _ := give(t, p, paypal.Monthly, ten)
	pp.set(func() { pp.plans[old].Status = "INACTIVE" })
	again, err := p.Refused(t.Context(), old, refusal(422, "PLAN_STATUS_INVALID"))
	if !again || err != nil {
		t.Fatalf("%v, %v", again, err)
	}
	if id, _ := give(t, p, paypal.Monthly, ten); id == old {
		t.Error("the plan that PayPal does not take is given again")
	}
	for _, other := range []error{nil, refusal(422, "USER_ACCOUNT_CLOSED"), refusal(503, "INTERNAL_SERVER_ERROR")} {
		if again, err := p.Refused(t.Context(), old, other); again || err != nil {
			t.Errorf("%v: %v, %v", other, again, err)
		}
	}
}

// Where PayPal lets no subscription have an amount of its own, there is a plan for each; every process knows it, and
// it is tried anew after a while.
func TestAPlanForEachAmountWhereOverridesAreRefused(t *testing.T) {
	t.Parallel()
	d, pp, clock := dbtest.New(t), newPeer(t), testkit.NewClock()
	p := process(t, d, pp, clock)
	shared, _ := give(t, p, paypal.Monthly, ten)
	if again, err := p.Refused(t.Context(), shared, refusal(403, "PERMISSION_DENIED")); !again || err != nil {
		t.Fatalf("%v, %v", again, err)
	}
	own, override := give(t, p, paypal.Monthly, ten)
	if own == shared || override != nil || pp.made()[own] != "Monthly contribution to The Paper, MONTH, 10.00 EUR" {
		t.Errorf("%s %v of %v", own, override, pp.made())
	}
	if id, override := give(t, process(t, d, pp, clock), paypal.Monthly, ten); id != own || override != nil {
		t.Errorf("after a start: %s %v", id, override)
	}
	clock.Advance(8 * 24 * time.Hour)
	for _, p := range []*plan.Plans{p, process(t, d, pp, clock)} {
		if id, override := give(t, p, paypal.Monthly, ten); id != shared || override == nil {
			t.Errorf("a week later: %s %v", id, override)
		}
	}
}

// PayPal can take longer over a plan than a reader waits: the next one has it.
func TestASlowPlanIsThereForTheNextReader(t *testing.T) {
	t.Parallel()
	d, pp, clock := dbtest.New(t), newPeer(t), testkit.NewClock()
	p := process(t, d, pp, clock)
	waits := make(chan struct{})
	ctx, leave := context.WithCancel(t.Context())
	pp.set(func() { pp.hold = func() { leave(); <-waits } })
	if id, _, err := p.For(ctx, paypal.Monthly, ten); err == nil {
		t.Fatalf("nobody waited for %s", id)
	}
	close(waits)
	p.Close()
	calls := pp.count()
	if give(t, p, paypal.Monthly, ten); pp.count() != calls {
		t.Errorf("%d calls more", pp.count()-calls)
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
