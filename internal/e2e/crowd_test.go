package e2e

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/paypal"
)

// crowd is readers who give, each in their own way, while a test breaks things. A reader whose request fails tries
// again, as a person with a reload button does.
type crowd struct {
	s       *scene
	bases   []string
	paypal  *paypal.Client
	leaving chan struct{}
	readers sync.WaitGroup

	mu    sync.Mutex
	gifts []given
}

// given is a gift with what its reader knows of it.
type given struct {
	started
	ending  string
	amount  string
	thanked bool // the reader saw the thanks page
}

// endings are the ways readers go on after the click; how often each comes up is in the repetition.
const endings = "returns returns returns returns returns refunded refunded closes closes declined refused cancels pending"

// gather lets that many readers begin at the given doors of the service. The seed decides what they do.
func (s *scene) gather(readers int, seed uint64, bases ...string) *crowd {
	s.t.Helper()
	c := &crowd{s: s, bases: bases, paypal: s.bank.client(), leaving: make(chan struct{})}
	for n := range readers {
		draw, v := rand.New(rand.NewPCG(seed, uint64(n))), s.visitor()
		c.readers.Go(func() {
			for !c.left() {
				if err := c.one(v, draw); err != nil && !c.left() {
					s.t.Errorf("a reader: %v", err)
					return
				}
			}
		})
	}
	s.t.Cleanup(c.leave)
	return c
}

func (c *crowd) left() bool {
	select {
	case <-c.leaving:
		return true
	default:
		return false
	}
}

// leave lets every reader finish the gift they are at, and gives all that was done.
func (c *crowd) leave() {
	if !c.left() {
		close(c.leaving)
	}
	c.readers.Wait()
}

// one is one gift from the click to its end.
func (c *crowd) one(v *visitor, draw *rand.Rand) error {
	g := given{amount: fmt.Sprintf("%d.%02d", 1+draw.IntN(90), draw.IntN(100))}
	choices := strings.Fields(endings)
	g.ending = choices[draw.IntN(len(choices))]
	key := uuid.NewString()
	err := c.insist(v, draw, func() (answer, error) { return v.give(g.amount, "EUR", key) }, func(a answer) (err error) {
		g.started, err = a.started()
		return err
	})
	if err != nil {
		return err
	}
	defer func() { c.add(g) }()
	if g.ending == "cancels" {
		if err := c.s.bank.hook("POST", "/sandbox/orders/"+g.order()+"/cancel", fields{}, nil); err != nil {
			return err
		}
		return c.comeBack(v, draw, &g, "/contributions/"+g.ID+"/cancel?token="+g.order())
	}
	outcome := map[string]string{"declined": "declined_capture", "refused": "decline", "pending": "pending"}[g.ending]
	back, err := c.s.bank.approve(g.order(), outcome)
	if err != nil || g.ending == "closes" {
		return err
	}
	u, err := url.Parse(back)
	if err != nil {
		return err
	}
	if err := c.comeBack(v, draw, &g, u.RequestURI()); err != nil || g.ending != "refunded" {
		return err
	}
	return c.refund(g, draw)
}

func (c *crowd) add(g given) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gifts = append(c.gifts, g)
}

// comeBack opens the address PayPal sends the reader to, through whichever door is open, and reads what is said there.
func (c *crowd) comeBack(v *visitor, draw *rand.Rand, g *given, path string) error {
	return c.insist(v, draw, func() (answer, error) { return v.send("GET", path, "") }, func(a answer) error {
		if a.status != http.StatusOK {
			return fmt.Errorf("%v", a)
		}
		g.thanked = strings.Contains(a.body, "Thank you.")
		return nil
	})
}

// patience is how long a reader tries the same again.
const patience = 60 * time.Second

// insist tries until the answer is good, each time at a door drawn anew.
func (c *crowd) insist(v *visitor, draw *rand.Rand, try func() (answer, error), good func(answer) error) error {
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Duration(20+draw.IntN(60)) * time.Millisecond) {
		v.base = c.bases[draw.IntN(len(c.bases))]
		a, err := try()
		if err == nil {
			if a.status/100 == 4 {
				return fmt.Errorf("an answer that trying again cannot mend: %v", a)
			}
			err = good(a)
		}
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// refund is the seller at PayPal, giving back a part or all of it.
func (c *crowd) refund(g given, draw *rand.Rand) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	o, err := c.paypal.Order(ctx, g.order())
	if err != nil || len(o.Captures) == 0 {
		return err // nobody captured it yet: then there is nothing to refund
	}
	for _, amount := range []string{"0.40", ""}[:1+draw.IntN(2)] { // "" is all that is left
		if err := c.s.bank.hook("POST", "/sandbox/captures/"+o.Captures[0].ID+"/refund", fields{"amount": amount}, nil); err != nil {
			return err
		}
	}
	return nil
}

// reconciled checks, once everybody has left, that nothing was lost and nothing was made up: L, every promise to a
// reader, every approval, every 2xx to PayPal.
func (c *crowd) reconciled(within time.Duration) {
	t := c.s.t
	t.Helper()
	c.leave()
	c.s.leasesRunOut()
	c.s.balanced(within)
	eventually(t, within, "every gift stands where its reader left it", func() (bool, string) {
		odd := c.odd()
		return len(odd) == 0, strings.Join(odd, "\n")
	})
	tally, thanked := map[string]int{}, 0
	for _, g := range c.gifts {
		tally[g.ending]++
		c.keptPromise(t, g)
		if g.thanked {
			thanked++
		}
	}
	if n := c.s.count("contribution"); n != len(c.gifts) {
		t.Errorf("%d contributions for %d gifts", n, len(c.gifts))
	}
	c.s.acknowledged()
	t.Logf("%d gifts, %d readers thanked: %v", len(c.gifts), thanked, tally)
	if len(c.gifts) < 10 || thanked == 0 {
		t.Error("too little happened for this to say anything")
	}
}

// odd lists the gifts that do not stand where their reader left them.
func (c *crowd) odd() []string {
	c.s.t.Helper()
	var rows []struct{ ID, State string }
	if err := c.s.db.SelectContext(c.s.t.Context(), &rows, `SELECT id::text, state FROM contribution`); err != nil {
		c.s.t.Fatal(err)
	}
	states := map[string]string{}
	for _, row := range rows {
		states[row.ID] = row.State
	}
	fits := map[string]string{
		"returns": "completed", "closes": "completed", "refunded": "completed partially_refunded refunded", "declined": "declined",
		"refused": "declined", "cancels": "cancelled", "pending": "pending", "abandoned": "created",
	}
	var odd []string
	for _, g := range c.gifts {
		if !slices.Contains(strings.Fields(fits[g.ending]), states[g.ID]) {
			odd = append(odd, fmt.Sprintf("%s (%s) is %q", g.ID, g.ending, states[g.ID]))
		}
	}
	return odd
}

// keptPromise checks one gift: who was thanked has paid, and who approved was charged once.
func (c *crowd) keptPromise(t *testing.T, g given) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	o, err := c.paypal.Order(ctx, g.order())
	if err != nil {
		t.Fatal(err)
	}
	paid := c.s.count("ledger_entry WHERE contribution_id = $1 AND kind = 'charge'", g.ID)
	if g.thanked && paid != 1 {
		t.Errorf("the reader of %s was thanked, and it has %d charges", g.ID, paid)
	}
	captured := 1
	if slices.Contains([]string{"cancels", "refused", "abandoned"}, g.ending) {
		captured = 0
	}
	if len(o.Captures) != captured {
		t.Errorf("%s (%s) has %d captures at PayPal", g.ID, g.ending, len(o.Captures))
	}
}

// leasesRunOut does what two minutes of waiting would: what a killed process had taken to work on is due again.
func (s *scene) leasesRunOut() {
	s.t.Helper()
	if _, err := s.db.ExecContext(s.t.Context(), `UPDATE webhook_event SET due_at = received_at WHERE due_at IS NOT NULL`); err != nil {
		s.t.Fatal(err)
	}
}

// acknowledged checks that every delivery that got a 2xx is kept.
func (s *scene) acknowledged() {
	s.t.Helper()
	var all []delivery
	s.bank.must("GET", "/sandbox/deliveries", nil, &all)
	told := map[string]bool{}
	for _, d := range all {
		if d.Status/100 == 2 {
			told[d.EventID] = true
		}
	}
	var lost []string
	err := s.db.SelectContext(s.t.Context(), &lost, `
		SELECT told FROM unnest($1::text[]) AS told WHERE NOT EXISTS (SELECT 1 FROM webhook_event WHERE event_id = told)`,
		db.Array(slices.Sorted(maps.Keys(told))))
	if err != nil {
		s.t.Fatal(err)
	}
	if len(told) == 0 || len(lost) > 0 {
		s.t.Errorf("of %d events that PayPal was told we have, these are not there: %v", len(told), lost)
	}
}
