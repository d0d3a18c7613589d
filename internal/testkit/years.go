package testkit

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Day is what Years go by.
const Day = 24 * time.Hour

// Years are subscriptions that go on at PayPal, day by day, and what befalls them on the way: payments fail, are held
// back, go back and are disputed, people and the seller stop and pause. The seed decides all of it. It needs nothing
// but the sandbox over HTTP, and works for any seller.
type Years struct {
	paypal *PayPal
	draw   *rand.Rand

	// Move has time go on by a day, for both sides. Left alone, it moves the sandbox's clock, which makes the payments
	// that fall due on the way. Where the sandbox reads a clock of the test's, that is moved, by less than a day at a
	// time, and the hook asked for what has fallen due.
	Move func(time.Duration) error
	// Chances say how often each thing happens to a hundred subscriptions in a month.
	Chances map[string]float64
	// Seller is what the seller does, by names of its own in Chances.
	Seller map[string]func(subscription string) error
	// Happened counts what did.
	Happened map[string]int

	ids   []string
	day   int
	later map[int][]todo
}

// todo is what is to happen on a later day.
type todo struct {
	name string
	do   func() error
}

// YearsOf begins with these subscriptions; Add joins others later.
func YearsOf(p *PayPal, seed uint64, subscriptions ...string) *Years {
	y := &Years{
		paypal: p, draw: rand.New(rand.NewPCG(seed, 0)), ids: slices.Clone(subscriptions), later: map[int][]todo{},
		Seller: map[string]func(string) error{}, Happened: map[string]int{},
		Chances: map[string]float64{
			"fails once": 4, "fails twice": 2, "misses a payment": 2, "cannot pay": 2, "held": 2, "pending": 2,
			"cancels at PayPal": 2, "pauses at PayPal": 1, "refunded": 2, "refunded in part": 2, "reversed": 1,
			"disputed": 1, "asked about": 1,
		},
	}
	y.Move = func(by time.Duration) error {
		return p.Hook("POST", "/sandbox/clock", Fields{"advance": by.String()}, nil)
	}
	return y
}

// Add has another subscription go along from now on.
func (y *Years) Add(subscription string) { y.ids = append(y.ids, subscription) }

// Disturb has that many of a hundred webhooks dropped, as many doubled, as many sent hours late, and as many after the
// next one.
func (y *Years) Disturb(percent float64) error {
	for _, fault := range []Fields{
		{"kind": "drop_webhook"}, {"kind": "duplicate_webhook"}, {"kind": "delay_webhook", "delay": "7h"},
		{"kind": "reorder_webhooks"},
	} {
		fault["percent"] = percent
		if err := y.paypal.Hook("POST", "/sandbox/faults", fault, nil); err != nil {
			return err
		}
	}
	return nil
}

// Pass lets days pass. Each, which may be nil, is called at the end of each of them.
func (y *Years) Pass(days int, each func(day int) error) error {
	for range days {
		if err := y.pass(); err != nil {
			return fmt.Errorf("day %d: %w", y.day, err)
		}
		if each == nil {
			continue
		}
		if err := each(y.day); err != nil {
			return fmt.Errorf("day %d: %w", y.day, err)
		}
	}
	return nil
}

func (y *Years) pass() error {
	y.day++
	if err := y.Move(Day); err != nil {
		return err
	}
	for _, due := range y.later[y.day] {
		if err := y.happen(due); err != nil {
			return err
		}
	}
	delete(y.later, y.day)
	for _, name := range slices.Sorted(maps.Keys(y.Chances)) {
		for range y.times(y.Chances[name]) {
			id := y.ids[y.draw.IntN(len(y.ids))]
			if err := y.happen(todo{name, func() error { return y.strike(name, id) }}); err != nil {
				return err
			}
		}
	}
	return nil
}

// times is how often a thing happens today.
func (y *Years) times(chance float64) int {
	const daysOfMonth = 30.4
	expected := chance * float64(len(y.ids)) / 100 / daysOfMonth
	n := int(expected)
	if y.draw.Float64() < expected-float64(n) {
		n++
	}
	return n
}

// happen does a thing and counts it, unless it does not fit how things stand: who has cancelled cancels no more.
func (y *Years) happen(what todo) error {
	err := what.do()
	if errors.Is(err, ErrRefused) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what.name, err)
	}
	y.Happened[what.name]++
	return nil
}

// after puts something off by a number of days between two.
func (y *Years) after(least, most int, name string, do func() error) {
	day := y.day + least + y.draw.IntN(most-least+1)
	y.later[day] = append(y.later[day], todo{name, do})
}

// billed is a subscription as the sandbox's hooks show it.
type billed struct {
	Status, Sale string
}

// strike has a thing happen to a subscription.
func (y *Years) strike(name, id string) error {
	if do := y.Seller[name]; do != nil {
		return do(id)
	}
	hook := func(path string, in Fields) error { return y.paypal.Hook("POST", "/sandbox/"+path, in, nil) }
	of := "subscriptions/" + id
	fails := func(times int, outcome string) error {
		return hook(of+"/fail", Fields{"times": times, "outcome": outcome, "reason_code": y.reason()})
	}
	switch name {
	case "fails once":
		return fails(1, "failed")
	case "fails twice":
		return fails(2, "failed")
	case "misses a payment":
		return fails(3, "failed")
	case "cannot pay":
		if y.draw.IntN(2) == 0 {
			y.after(40, 120, "mends the card", func() error { return hook(of+"/mend", Fields{}) })
		}
		return fails(1000, "failed")
	case "held", "pending":
		return fails(1, name)
	case "cancels at PayPal":
		if y.draw.IntN(4) == 0 {
			y.after(1, 3, "charged after the end", func() error { return hook(of+"/renew", Fields{"late": true}) })
		}
		return hook(of+"/cancel", Fields{})
	case "pauses at PayPal":
		y.after(20, 90, "goes on at PayPal", func() error { return hook(of+"/activate", Fields{}) })
		return hook(of+"/suspend", Fields{})
	}
	var now billed
	if err := y.paypal.Hook("GET", "/sandbox/subscriptions/"+id, nil, &now); err != nil {
		return err
	}
	if now.Sale == "" {
		return ErrRefused
	}
	return y.strikeSale(name, "captures/"+now.Sale, hook)
}

// strikeSale has a thing happen to a payment.
func (y *Years) strikeSale(name, sale string, hook func(string, Fields) error) error {
	switch name {
	case "refunded":
		return hook(sale+"/refund", Fields{})
	case "refunded in part":
		return hook(sale+"/refund", Fields{"amount": "1.00"})
	case "reversed":
		return hook(sale+"/reverse", Fields{})
	case "disputed":
		if err := hook(sale+"/dispute", Fields{"fee": "5.00"}); err != nil {
			return err
		}
	case "asked about":
		if err := hook(sale+"/dispute", Fields{"stage": "INQUIRY"}); err != nil {
			return err
		}
	default:
		return errors.New("nobody does that")
	}
	outcome := []string{"buyer", "seller"}[y.draw.IntN(2)]
	y.after(5, 30, "dispute won by the "+outcome, func() error { return hook(sale+"/dispute", Fields{"outcome": outcome}) })
	return nil
}

func (y *Years) reason() string {
	reasons := []string{"PAYMENT_DENIED", "PAYER_CANNOT_PAY", "PAYER_ACCOUNT_RESTRICTED", "SENDING_LIMIT_EXCEEDED"}
	return reasons[y.draw.IntN(len(reasons))]
}

// Settle ends what was still open: funds that were held are released, pending payments clear or fail. Then the sandbox
// has nothing more to say by itself.
func (y *Years) Settle() error {
	all, err := y.paypal.Ledger()
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.SubscriptionID == "" {
			continue
		}
		what := todo{"released", func() error { return y.paypal.Hook("POST", "/sandbox/captures/"+m.ID+"/release", Fields{}, nil) }}
		if m.Status == "PENDING" {
			outcome := []string{"completed", "completed", "declined"}[y.draw.IntN(3)]
			what = todo{outcome, func() error {
				return y.paypal.Hook("POST", "/sandbox/captures/"+m.ID+"/settle", Fields{"outcome": outcome}, nil)
			}}
		}
		if err := y.happen(what); err != nil {
			return err
		}
	}
	return nil
}

// String says what happened.
func (y *Years) String() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(y.Happened)) {
		parts = append(parts, fmt.Sprintf("%d %s", y.Happened[name], name))
	}
	return fmt.Sprintf("%d days of %d subscriptions: %s", y.day, len(y.ids), strings.Join(parts, ", "))
}
