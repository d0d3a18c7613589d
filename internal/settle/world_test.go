package settle_test

import (
	"encoding/json"
	"testing"
	"time"

	"readerfund/internal/checkout"
	"readerfund/internal/contribution"
	"readerfund/internal/settle"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

// The ways by which news reaches us. present is a reader who is there and whose gift it is, returning one who has just
// come back from PayPal.
var (
	byReader  = settle.Source{Way: contribution.ByReader}
	byWebhook = settle.Source{Way: contribution.ByWebhook}
	bySweep   = settle.Source{Way: contribution.BySweep}
	present   = settle.Source{Way: contribution.ByReader, Caller: checkout.Caller{Present: true}}
	returning = settle.Source{Way: contribution.ByReader, Caller: checkout.Caller{Present: true, Returning: true}}
)

// world is a newsroom, and what these tests ask of it.
type world struct{ *newsroom.Newsroom }

func open(t *testing.T) *world {
	t.Helper()
	return openWith(t, newsroom.Options{})
}

// bare is a newsroom whose clock stands at noon: PayPal is not asked, facts are applied as a test makes them.
func bare(t *testing.T) *world {
	t.Helper()
	return openWith(t, newsroom.Options{Clock: testkit.ClockAt(noon)})
}

func openWith(t *testing.T, o newsroom.Options) *world {
	t.Helper()
	o.Timeout = 2 * time.Second
	return &world{newsroom.New(t, o)}
}

// hook calls one of the sandbox's test hooks with a JSON text, which may be empty, and reads its answer.
func (n *world) hook(method, path, body string, out any) {
	n.T.Helper()
	var in any
	if body != "" {
		in = json.RawMessage(body)
	}
	n.PayPal.Must(method, "/sandbox/"+path, in, out)
}

func (n *world) fault(spec string) {
	n.T.Helper()
	n.hook("POST", "faults", spec, nil)
}

func (n *world) clearFaults() {
	n.T.Helper()
	n.hook("DELETE", "faults", "", nil)
}

func (n *world) captures() int {
	count := 0
	for _, l := range n.Ledger() {
		if l.Kind == "capture" {
			count++
		}
	}
	return count
}

// gift is what a reader's form sends under an article, with this key.
func gift(key string) contribution.Intent {
	in := newsroom.Intent()
	in.IdempotencyKey, in.Article = key, "https://example.org/a"
	return in
}

func (n *world) settle(c contribution.Contribution, way contribution.Way) contribution.Contribution {
	n.T.Helper()
	c, err := n.Settler.Settle(n.T.Context(), c.ID, settle.Source{Way: way})
	if err != nil {
		n.T.Fatal(err)
	}
	return c
}

// comeBack is the reader who comes back from PayPal, and whose gift it is.
func (n *world) comeBack(c contribution.Contribution) contribution.Contribution {
	n.T.Helper()
	c, err := n.Settler.Settle(n.T.Context(), c.ID, present)
	if err != nil {
		n.T.Fatal(err)
	}
	return c
}

// replica is another process on the same database and the same PayPal.
func (n *world) replica() *world {
	n.T.Helper()
	return &world{n.On(n.DB, n.Client)}
}
