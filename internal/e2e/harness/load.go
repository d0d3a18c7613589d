package harness

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
	"readerfund/internal/testkit"
)

// Load is readers who give, each in their own way, while a test breaks things. A reader whose request fails tries
// again, as a person with a reload button does.
type Load struct {
	fixture  *Fixture
	BaseURLs func() []string // where the service can be reached now
	Endings  []string        // what readers draw from
	Pause    time.Duration   // after each gift
	stopping chan struct{}
	readers  sync.WaitGroup

	Lapsed []string // states that a gift may also end in, where a test lets approvals lapse

	mu    sync.Mutex
	gifts []Gift
}

// Gift is a gift with what its reader knows of it.
type Gift struct {
	Started
	Ending  string
	amount  string
	thanked bool // the reader saw the thanks page
	unsure  bool // and was told there that we do not know yet
}

// endings are the ways readers go on after the click; how often each comes up is in the repetition.
const endings = Once + " monthly renewed renewed held missed paused stopped stopped"

// Once are those of readers who give once.
const Once = "returns returns returns returns returns refunded refunded closes closes declined refused cancels pending disputed asked won lost reversed"

// NewLoad lets that many readers begin at the given doors of the service. The seed decides what they do.
func (s *Fixture) NewLoad(readers int, seed uint64, bases ...string) *Load {
	s.T.Helper()
	c := &Load{
		fixture:  s,
		BaseURLs: func() []string { return bases },
		Endings:  strings.Fields(endings),
		stopping: make(chan struct{}),
	}
	c.AddReaders(readers, seed)
	return c
}

// AddReaders lets readers in.
func (c *Load) AddReaders(readers int, seed uint64) {
	t := c.fixture.T
	t.Helper()
	for n := range readers {
		draw, v := rand.New(rand.NewPCG(seed, uint64(n))), c.fixture.Client()
		c.readers.Go(func() {
			for !c.stopped() {
				if err := c.give(v, draw); err != nil {
					t.Errorf("a reader: %v", err)
					return
				}
				select {
				case <-c.stopping:
				case <-time.After(c.Pause):
				}
			}
		})
	}
	t.Cleanup(c.Stop)
}

// Given is how many gifts were begun and ended.
func (c *Load) Given() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.gifts)
}

func (c *Load) stopped() bool {
	select {
	case <-c.stopping:
		return true
	default:
		return false
	}
}

// Stop lets every reader finish the gift they are at, and gives all that was done.
func (c *Load) Stop() {
	if !c.stopped() {
		close(c.stopping)
	}
	c.readers.Wait()
}

// give is one gift from the click to its end.
func (c *Load) give(v *Client, draw *rand.Rand) error {
	g := Gift{amount: fmt.Sprintf("%d.%02d", 1+draw.IntN(90), draw.IntN(100))}
	g.Ending = c.Endings[draw.IntN(len(c.Endings))]
	key := uuid.NewString()
	err := c.retry(
		v,
		draw,
		func() (Response, error) { return v.send(g.amount, "EUR", g.frequency(), key) },
		func(a Response) (err error) {
			g.Started, err = a.Started()
			return err
		},
	)
	if err != nil {
		return err
	}
	defer func() { c.Add(g) }()
	if g.frequency() != "once" {
		return c.subscribe(v, draw, &g)
	}
	if g.Ending == "cancels" {
		if err := c.fixture.PayPal.Hook("POST", "/sandbox/orders/"+g.Order()+"/cancel", testkit.Fields{}, nil); err != nil {
			return err
		}
		return c.returnFromPayPal(v, draw, &g, "/contributions/"+g.ID+"/cancel?token="+g.Order())
	}
	outcome := map[string]string{"declined": "declined_capture", "refused": "decline", "pending": "pending"}[g.Ending]
	back, err := c.fixture.PayPal.Approve(g.Order(), outcome)
	if err != nil || g.Ending == "closes" {
		return err
	}
	u, err := url.Parse(back)
	if err != nil {
		return err
	}
	if err := c.returnFromPayPal(v, draw, &g, u.RequestURI()); err != nil {
		return err
	}
	return c.followUp(g, draw)
}

// Continue takes over what another one's readers did and draw from.
func (c *Load) Continue(before *Load) {
	c.Endings, c.Pause, c.gifts, c.Lapsed = before.Endings, before.Pause, before.Gifts(), before.Lapsed
}

// Gifts are the gifts so far.
func (c *Load) Gifts() []Gift {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.gifts)
}

// Add notes a gift that somebody else gave.
func (c *Load) Add(g Gift) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gifts = append(c.gifts, g)
}

// returnFromPayPal opens the address PayPal sends the reader to, through whichever door is open, and reads what is said
// there.
func (c *Load) returnFromPayPal(v *Client, draw *rand.Rand, g *Gift, path string) error {
	return c.retry(v, draw, func() (Response, error) { return v.Send("GET", path, "") }, func(a Response) error {
		if a.Status != http.StatusOK {
			return fmt.Errorf("%v", a)
		}
		g.thanked, g.unsure = strings.Contains(a.Body, "Thank you."), strings.Contains(a.URL, "unsure")
		return nil
	})
}

// RetryFor is how long a reader tries the same again.
const RetryFor = 60 * time.Second

// retry tries until the answer is good, each time at a door drawn anew.
func (c *Load) retry(v *Client, draw *rand.Rand, try func() (Response, error), good func(Response) error) error {
	for deadline := time.Now().Add(RetryFor); ; time.Sleep(time.Duration(20+draw.IntN(60)) * time.Millisecond) {
		bases := c.BaseURLs()
		v.BaseURL = bases[draw.IntN(len(bases))]
		a, err := try()
		if err == nil {
			if a.Status/100 == 4 {
				return fmt.Errorf("an answer that trying again cannot mend: %v", a)
			}
			err = good(a)
		}
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// followUp is what happens at PayPal to a gift that came in: refunds, in part or whole, by the seller; a reversal;
// disputes that readers open, and how they end.
func (c *Load) followUp(g Gift, draw *rand.Rand) error {
	steps := map[string][]step{
		// without an amount: all that is left
		"refunded": {{"refund", testkit.Fields{"amount": "0.40"}}, {"refund", testkit.Fields{}}},
		"reversed": {{"reverse", testkit.Fields{}}},
		"disputed": {{"dispute", testkit.Fields{}}},
		"asked":    {{"dispute", testkit.Fields{"stage": "INQUIRY"}}},
		"won": {{"dispute", testkit.Fields{"stage": "INQUIRY"}}, {"dispute", testkit.Fields{"stage": "CHARGEBACK"}},
			{"dispute", testkit.Fields{"outcome": "seller"}}},
		"lost": {{"dispute", testkit.Fields{"fee": "15.00"}}, {"dispute", testkit.Fields{"outcome": "buyer"}}},
	}[g.Ending]
	if g.Ending == "refunded" {
		steps = steps[:1+draw.IntN(2)]
	}
	if len(steps) == 0 {
		return nil
	}
	all, err := c.fixture.PayPal.Ledger()
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.Kind != "capture" || m.CustomID != g.ID || m.Status != "COMPLETED" {
			continue
		}
		for _, step := range steps {
			if err := c.fixture.PayPal.Hook("POST", "/sandbox/captures/"+m.ID+"/"+step.hook, step.body, nil); err != nil {
				return err
			}
		}
	}
	return nil // if nobody captured it yet, there is nothing to give back
}

// step is one hook of the sandbox with what it is told.
type step struct {
	hook string
	body testkit.Fields
}

// Check checks, once everybody has left, that nothing was lost and nothing was made up: L, every promise to a
// reader, every approval, every 2xx to PayPal.
func (c *Load) Check(within time.Duration) {
	t := c.fixture.T
	t.Helper()
	c.Stop()
	c.fixture.ExpireLeases()
	c.fixture.Balanced(within)
	testkit.Eventually(t, within, "every gift stands where its reader left it", func() (bool, string) {
		f, err := c.Promises()
		if err != nil {
			t.Fatal(err)
		}
		return len(f.All()) == 0, strings.Join(f.All(), "\n")
	})
	tally, thanked := map[string]int{}, 0
	for _, g := range c.gifts {
		tally[g.Ending]++
		if g.thanked {
			thanked++
		}
	}
	told, lost, err := c.fixture.Acknowledged()
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

// allowedStates says in which states a gift may stand, after what its reader did. That a refund, reversal or dispute
// came to the state is the audit's to say: it knows what PayPal has.
func allowedStates(ending string) []string {
	if _, recurs := monthly[ending]; recurs {
		return []string{"completed"}
	}
	return strings.Fields(map[string]string{
		"returns": "completed", "closes": "completed", "declined": "declined", "refused": "declined", "cancels": "cancelled",
		"pending": "pending", "abandoned": "created",
		"refunded": "completed partially_refunded refunded", "reversed": "completed reversed",
		"disputed": "completed disputed", "asked": "completed disputed", "won": "completed", "lost": "completed reversed",
	}[ending])
}

// Promises compares what readers were told with what is: who was thanked has paid, who approved was charged, and every
// gift stands where its reader left it.
func (c *Load) Promises() (f Differences, err error) {
	var rows []struct {
		ID, State string
		Open      bool // without money so far, and the sweep will look at it again
		Charges   int
	}
	err = c.fixture.DB.SelectContext(c.fixture.T.Context(), &rows, `
		SELECT id::text, state, state IN ('started', 'created')
			AND check_at IS NOT NULL AS open, (SELECT count(*) FROM ledger_entry l WHERE l.contribution_id = c.id
				AND l.kind = 'charge') AS charges
		FROM contribution c`)
	if err != nil {
		return f, err
	}
	all, err := c.fixture.PayPal.Ledger()
	if err != nil {
		return f, err
	}
	captures, states, open, charges := map[string]int{}, map[string]string{}, map[string]bool{}, map[string]int{}
	for _, m := range all {
		if isPayment(m) {
			captures[m.CustomID]++
		}
	}
	for _, row := range rows {
		states[row.ID], open[row.ID], charges[row.ID] = row.State, row.Open, row.Charges
	}
	for _, g := range c.gifts {
		switch state, free := states[g.ID], slices.Contains([]string{"cancels", "refused", "abandoned"}, g.Ending); {
		case g.thanked && charges[g.ID] == 0:
			f.Lost = append(f.Lost, fmt.Sprintf("the reader of %s was thanked, and it has no charge", g.ID))
		case free && captures[g.ID] > 0:
			f.Doubled = append(
				f.Doubled,
				fmt.Sprintf("the reader of %s did not pay (%s), and PayPal has %d captures", g.ID, g.Ending, captures[g.ID]),
			)
		case c.fixture.Restored && state == "": // the audit knows those with money
		// the dump is from before it, and PayPal hears nothing of it: it runs out of time
		case c.fixture.Restored && g.Ending == "cancels" && open[g.ID]:
		// it could not be asked about or kept; the order runs out of time
		case g.Ending == "cancels" && g.unsure && open[g.ID]:
		case slices.Contains(c.Lapsed, state): // PayPal let the approval lapse
		case !free && captures[g.ID] == 0:
			f.Unexplained = append(f.Unexplained, fmt.Sprintf("%s (%s) was never captured", g.ID, g.Ending))
		case !slices.Contains(allowedStates(g.Ending), state):
			f.Unexplained = append(f.Unexplained, fmt.Sprintf("%s (%s) is %q", g.ID, g.Ending, state))
		}
	}
	if len(rows) != len(c.gifts) && !c.fixture.Restored {
		f.Unexplained = append(f.Unexplained, fmt.Sprintf("%d contributions for %d gifts", len(rows), len(c.gifts)))
	}
	return f, nil
}

// ExpireLeases does what two minutes of waiting would: what a killed process had taken to work on is due again. A
// process that stands still may hold locks, which are not waited for.
func (s *Fixture) ExpireLeases() {
	s.T.Helper()
	if _, err := s.DB.ExecContext(s.T.Context(), `
		UPDATE webhook_event SET due_at = received_at
		WHERE id IN (SELECT id FROM webhook_event WHERE due_at IS NOT NULL
			AND state <> 'parked' FOR UPDATE SKIP LOCKED)`); err != nil {
		s.T.Fatal(err)
	}
}

// Acknowledged is how many deliveries PayPal got a 2xx for, and which of their events are not kept.
func (s *Fixture) Acknowledged() (told int, lost []string, err error) {
	var all []testkit.Delivery
	if err := s.PayPal.Hook("GET", "/sandbox/deliveries", nil, &all); err != nil {
		return 0, nil, err
	}
	events := map[string]bool{}
	for _, d := range all {
		if d.Status/100 == 2 {
			told++
			events[d.EventID] = true
		}
	}
	err = s.DB.SelectContext(s.T.Context(), &lost, `
		SELECT told FROM unnest($1::text[]) AS told WHERE NOT EXISTS (SELECT 1 FROM webhook_event WHERE event_id = told)`,
		db.Array(slices.Sorted(maps.Keys(events))))
	return told, lost, err
}
