package refund_test

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/queue"
	"readerfund/internal/refund"
	"readerfund/internal/review"
	"readerfund/internal/settle"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

// world is a newsroom with the queue that sends its refunds, and what these tests ask of it.
type world struct {
	*newsroom.Newsroom
	queue *queue.Queue
}

func open(t *testing.T) *world {
	t.Helper()
	return worldOf(newsroom.New(t, newsroom.Options{Timeout: 2 * time.Second}))
}

func worldOf(n *newsroom.Newsroom) *world {
	return &world{n, queue.New(queue.Config{
		DB: n.DB, Now: n.Clock.Now, Log: slog.New(slog.DiscardHandler),
		Kinds: []queue.Kind{{Name: refund.Sending, Places: 8, Run: n.Refunds.Resume}},
	})}
}

// workOff puts into the queue what the version before asked for, and has the queue do what is due. What fails waits
// again.
func (n *world) workOff() {
	n.T.Helper()
	if err := n.Refunds.CatchUp(n.T.Context()); err != nil {
		n.T.Fatal(err)
	}
	for range 20 {
		if ended, err := n.queue.RunDue(n.T.Context()); ended == 0 && err == nil {
			return
		}
	}
	n.T.Fatal("the queue does not come to its end")
}

func (n *world) fault(spec string) {
	n.T.Helper()
	n.hook("POST", "faults", spec, nil)
}

func (n *world) clearFaults() { n.hook("DELETE", "faults", "", nil) }

// hook calls one of the sandbox's test hooks with a JSON text, which may be empty, and reads its answer.
func (n *world) hook(method, path, body string, out any) {
	n.T.Helper()
	var in any
	if body != "" {
		in = json.RawMessage(body)
	}
	n.PayPal.Must(method, "/sandbox/"+path, in, out)
}

// approved is a gift that was approved at PayPal with that outcome, and settled.
func (n *world) approved(outcome string) contribution.Contribution {
	n.T.Helper()
	c := n.Start(newsroom.Intent())
	n.Approve(c, outcome)
	return n.Return(c)
}

// disputed is a gift that came in and about which a dispute is open.
func (n *world) disputed(f testkit.Fields) contribution.Contribution {
	n.T.Helper()
	c, capture := n.Pay(newsroom.Intent())
	n.Dispute(capture, f)
	n.Wants(c, contribution.Disputed)
	return c
}

func (n *world) refund(c contribution.Contribution, amount, key string) (refund.Request, error) {
	return n.Refunds.Request(n.T.Context(), refund.Intent{
		Contribution: c.ID, Amount: amount, Reason: "Given twice.", Note: "With\nthanks", Key: key, By: newsroom.Editor,
	})
}

// told is PayPal's news of a refund.
func (n *world) told(refundID string) error {
	src := settle.Source{Way: contribution.ByWebhook}
	_, err := n.Payments.SettleRefund(n.T.Context(), refundID, false, src)
	return err
}

// refunds counts PayPal's refunds.
func (n *world) refunds() (count int) {
	n.T.Helper()
	for _, l := range n.Ledger() {
		if l.Kind == "refund" {
			count++
		}
	}
	return count
}

// reviews is what a person has to look at, in words.
func (n *world) reviews(c contribution.Contribution) string {
	n.T.Helper()
	all, err := review.Of(n.T.Context(), n.DB, c.ID)
	if err != nil {
		n.T.Fatal(err)
	}
	var texts []string
	for _, r := range all {
		if r.Open() {
			texts = append(texts, r.Text())
		}
	}
	return strings.Join(texts, " ")
}
