package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
)

// crowd is readers who give, each in their own way, while a test breaks things. A reader whose request fails tries
// again, as a person with a reload button does.
type crowd struct {
	s       *scene
	bases   func() []string // where the service can be reached now
	endings []string        // what readers draw from
	pause   time.Duration   // after each gift
	leaving chan struct{}
	readers sync.WaitGroup

	lapsed []string // states that a gift may also end in, where a test lets approvals lapse

	mu    sync.Mutex
	gifts []given
}

// given is a gift with what its reader knows of it.
type given struct {
	started
	ending  string
	amount  string
	thanked bool // the reader saw the thanks page
	unsure  bool // and was told there that we do not know yet
}

// endings are the ways readers go on after the click; how often each comes up is in the repetition.
const endings = "returns returns returns returns returns refunded refunded closes closes declined refused cancels pending disputed asked won lost reversed"

// gather lets that many readers begin at the given doors of the service. The seed decides what they do.
func (s *scene) gather(readers int, seed uint64, bases ...string) *crowd {
	s.t.Helper()
	c := &crowd{s: s, bases: func() []string { return bases }, endings: strings.Fields(endings), leaving: make(chan struct{})}
	c.begin(readers, seed)
	return c
}

// begin lets readers in.
func (c *crowd) begin(readers int, seed uint64) {
	t := c.s.t
	t.Helper()
	for n := range readers {
		draw, v := rand.New(rand.NewPCG(seed, uint64(n))), c.s.visitor()
		c.readers.Go(func() {
			for !c.left() {
				if err := c.one(v, draw); err != nil {
					t.Errorf("a reader: %v", err)
					return
				}
				select {
				case <-c.leaving:
				case <-time.After(c.pause):
				}
			}
		})
	}
	t.Cleanup(c.leave)
}

// gave is how many gifts were begun and ended.
func (c *crowd) gave() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.gifts)
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
	g.ending = c.endings[draw.IntN(len(c.endings))]
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
	if err := c.comeBack(v, draw, &g, u.RequestURI()); err != nil {
		return err
	}
	return c.afterwards(g, draw)
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
		g.thanked, g.unsure = strings.Contains(a.body, "Thank you."), strings.Contains(a.url, "unsure")
		return nil
	})
}

// patience is how long a reader tries the same again.
const patience = 60 * time.Second

// insist tries until the answer is good, each time at a door drawn anew.
func (c *crowd) insist(v *visitor, draw *rand.Rand, try func() (answer, error), good func(answer) error) error {
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Duration(20+draw.IntN(60)) * time.Millisecond) {
		bases := c.bases()
		v.base = bases[draw.IntN(len(bases))]
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

// afterwards is what happens at PayPal to a gift that came in: refunds, in part or whole, by the seller; a reversal; cases
// that readers open, and how they end.
func (c *crowd) afterwards(g given, draw *rand.Rand) error {
	steps := map[string][]step{
		"refunded": {{"refund", fields{"amount": "0.40"}}, {"refund", fields{}}}, // without an amount: all that is left
		"reversed": {{"reverse", fields{}}},
		"disputed": {{"dispute", fields{}}},
		"asked":    {{"dispute", fields{"stage": "INQUIRY"}}},
		"won":      {{"dispute", fields{"stage": "INQUIRY"}}, {"dispute", fields{"stage": "CHARGEBACK"}}, {"dispute", fields{"outcome": "seller"}}},
		"lost":     {{"dispute", fields{"fee": "15.00"}}, {"dispute", fields{"outcome": "buyer"}}},
	}[g.ending]
	if g.ending == "refunded" {
		steps = steps[:1+draw.IntN(2)]
	}
	if len(steps) == 0 {
		return nil
	}
	all, err := c.s.bank.ledger()
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.Kind != "capture" || m.CustomID != g.ID || m.Status != "COMPLETED" {
			continue
		}
		for _, step := range steps {
			if err := c.s.bank.hook("POST", "/sandbox/captures/"+m.ID+"/"+step.hook, step.body, nil); err != nil {
				return err
			}
		}
	}
	return nil // if nobody captured it yet, there is nothing to give back
}

// step is one hook of the sandbox with what it is told.
type step struct {
	hook string
	body fields
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
		f, err := c.promises()
		if err != nil {
			t.Fatal(err)
		}
		return len(f.all()) == 0, strings.Join(f.all(), "\n")
	})
	tally, thanked := map[string]int{}, 0
	for _, g := range c.gifts {
		tally[g.ending]++
		if g.thanked {
			thanked++
		}
	}
	told, lost, err := c.s.acknowledged()
	if err != nil {
		t.Fatal(err)
	}
	if told == 0 || len(lost) > 0 {
		t.Errorf("of %d deliveries that PayPal was told we have, these events are not there: %v", told, lost)
	}
	t.Logf("%d gifts, %d readers thanked: %v", len(c.gifts), thanked, tally)
	if len(c.gifts) < 10 || thanked == 0 {
		t.Error("too little happened for this to say anything")
	}
}

// fits says in which states a gift may stand, after what its reader did. That a refund, reversal or case came to the
// state is the audit's to say: it knows what PayPal has.
func fits(ending string) []string {
	return strings.Fields(map[string]string{
		"returns": "completed", "closes": "completed", "declined": "declined", "refused": "declined", "cancels": "cancelled",
		"pending": "pending", "abandoned": "created",
		"refunded": "completed partially_refunded refunded", "reversed": "completed reversed",
		"disputed": "completed disputed", "asked": "completed disputed", "won": "completed", "lost": "completed reversed",
	}[ending])
}

// promises compares what readers were told with what is: who was thanked has paid, who approved was charged, and every
// gift stands where its reader left it.
func (c *crowd) promises() (f findings, err error) {
	var rows []struct {
		ID, State string
		Open      bool // without money so far, and the sweep will look at it again
		Charges   int
	}
	err = c.s.db.SelectContext(c.s.t.Context(), &rows, `
		SELECT id::text, state, state IN ('started', 'created') AND check_at IS NOT NULL AS open, (SELECT count(*) FROM ledger_entry l WHERE l.contribution_id = c.id AND l.kind = 'charge') AS charges
		FROM contribution c`)
	if err != nil {
		return f, err
	}
	all, err := c.s.bank.ledger()
	if err != nil {
		return f, err
	}
	captures, states, open, charges := map[string]int{}, map[string]string{}, map[string]bool{}, map[string]int{}
	for _, m := range all {
		if m.Kind == "capture" {
			captures[m.CustomID]++
		}
	}
	for _, row := range rows {
		states[row.ID], open[row.ID], charges[row.ID] = row.State, row.Open, row.Charges
	}
	for _, g := range c.gifts {
		switch state, free := states[g.ID], slices.Contains([]string{"cancels", "refused", "abandoned"}, g.ending); {
		case g.thanked && charges[g.ID] == 0:
			f.lost = append(f.lost, fmt.Sprintf("the reader of %s was thanked, and it has no charge", g.ID))
		case free && captures[g.ID] > 0:
			f.doubled = append(f.doubled, fmt.Sprintf("the reader of %s did not pay (%s), and PayPal has %d captures", g.ID, g.ending, captures[g.ID]))
		case c.s.forgot && state == "": // the audit knows those with money
		case c.s.forgot && g.ending == "cancels" && open[g.ID]: // the dump is from before it, and PayPal hears nothing of it: it runs out of time
		case g.ending == "cancels" && g.unsure && open[g.ID]: // it could not be asked about or kept; the order runs out of time
		case slices.Contains(c.lapsed, state): // PayPal let the approval lapse
		case !free && captures[g.ID] == 0:
			f.unexplained = append(f.unexplained, fmt.Sprintf("%s (%s) was never captured", g.ID, g.ending))
		case !slices.Contains(fits(g.ending), state):
			f.unexplained = append(f.unexplained, fmt.Sprintf("%s (%s) is %q", g.ID, g.ending, state))
		}
	}
	if len(rows) != len(c.gifts) && !c.s.forgot {
		f.unexplained = append(f.unexplained, fmt.Sprintf("%d contributions for %d gifts", len(rows), len(c.gifts)))
	}
	return f, nil
}

// leasesRunOut does what two minutes of waiting would: what a killed process had taken to work on is due again. A process
// that stands still may hold locks, which are not waited for.
func (s *scene) leasesRunOut() {
	s.t.Helper()
	if _, err := s.db.ExecContext(s.t.Context(), `
		UPDATE webhook_event SET due_at = received_at
		WHERE id IN (SELECT id FROM webhook_event WHERE due_at IS NOT NULL AND state <> 'parked' FOR UPDATE SKIP LOCKED)`); err != nil {
		s.t.Fatal(err)
	}
}

// acknowledged is how many deliveries PayPal got a 2xx for, and which of their events are not kept.
func (s *scene) acknowledged() (told int, lost []string, err error) {
	var all []delivery
	if err := s.bank.hook("GET", "/sandbox/deliveries", nil, &all); err != nil {
		return 0, nil, err
	}
	events := map[string]bool{}
	for _, d := range all {
		if d.Status/100 == 2 {
			told++
			events[d.EventID] = true
		}
	}
	err = s.db.SelectContext(s.t.Context(), &lost, `
		SELECT told FROM unnest($1::text[]) AS told WHERE NOT EXISTS (SELECT 1 FROM webhook_event WHERE event_id = told)`,
		db.Array(slices.Sorted(maps.Keys(events))))
	return told, lost, err
}
