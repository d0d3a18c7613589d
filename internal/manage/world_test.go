package manage_test

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/manage"
	"readerfund/internal/money"
	"readerfund/internal/queue"
	"readerfund/internal/review"
	"readerfund/internal/settle"
	"readerfund/internal/subscription"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

// world is a newsroom with the queue that brings changes to their end, and what these tests ask of it.
type world struct {
	*newsroom.Newsroom
	queue *queue.Queue
}

func open(t *testing.T) *world {
	t.Helper()
	return worldOf(newsroom.New(t, newsroom.Options{Timeout: 2 * time.Second, Clock: testkit.NewClock()}))
}

func worldOf(n *newsroom.Newsroom) *world {
	return &world{n, queue.New(queue.Config{
		DB: n.DB, Now: n.Clock.Now, Log: slog.New(slog.DiscardHandler),
		Kinds: []queue.Kind{
			{Name: manage.Changing, Places: 8, Run: n.Manage.Process},
			{Name: manage.EndingPause, Places: 8, Run: n.Manage.EndPause},
		},
	})}
}

// workOff has the queue do what is due. What fails waits again.
func (n *world) workOff() {
	n.T.Helper()
	for range 20 {
		if ended, err := n.queue.RunDue(n.T.Context()); ended == 0 && err == nil {
			return
		}
	}
	n.T.Fatal("the queue does not come to its end")
}

// later is some time on, at PayPal too, and what is due then.
func (n *world) later(d time.Duration) {
	n.T.Helper()
	n.Clock.Advance(d)
	n.workOff()
}

func (n *world) fault(spec string) {
	n.T.Helper()
	n.PayPal.Must("POST", "/sandbox/faults", json.RawMessage(spec), nil)
}

func (n *world) clearFaults() { n.PayPal.Must("DELETE", "/sandbox/faults", nil, nil) }

// What becomes of a call to PayPal. Retry-After asks for more patience than the client has, so that each is one
// attempt.
const (
	made      = `"kind":"status","status":500,"when":"after","headers":{"Retry-After":"60"}` // and the answer is lost
	outage    = `"kind":"status","status":503,"headers":{"Retry-After":"60"}`
	busy      = `"kind":"status","status":429,"headers":{"Retry-After":"60"}`
	forbidden = `"kind":"issue","issue":"PERMISSION_DENIED"`
)

// writesEnd says what becomes of the calls that change subscriptions, and readsEnd of those that read them.
func (n *world) writesEnd(how string) {
	n.T.Helper()
	n.fault(`{"match":{"method":"POST","path":"/v1/billing/subscriptions/*/*"},` + how + `}`)
	n.fault(`{"match":{"method":"PATCH","path":"/v1/billing/subscriptions/*"},` + how + `}`)
}

func (n *world) readsEnd(how string) {
	n.T.Helper()
	n.fault(`{"match":{"method":"GET","path":"/v1/billing/subscriptions/*"},` + how + `}`)
}

// sub is the subscription of a contribution as we know it.
func (n *world) sub(c contribution.Contribution) subscription.Subscription {
	n.T.Helper()
	all, err := subscription.Of(n.T.Context(), n.DB, c.ID)
	if err != nil || len(all) == 0 {
		n.T.Fatalf("%d subscriptions, %v", len(all), err)
	}
	return manage.Current(all)
}

// atPayPal is how PayPal has it, and the note on its status.
func (n *world) atPayPal(c contribution.Contribution) (status, note string) {
	n.T.Helper()
	seen, err := n.Client.Subscription(n.T.Context(), n.sub(c).PayPalID)
	if err != nil {
		n.T.Fatal(err)
	}
	return string(seen.Status), seen.StatusNote
}

// wants ends the test unless the subscription is in this state, here and at PayPal.
func (n *world) wants(c contribution.Contribution, want subscription.State) {
	n.T.Helper()
	sub := n.sub(c)
	status, _ := n.atPayPal(c)
	if sub.State != want || !strings.EqualFold(status, string(want)) {
		n.T.Fatalf("the subscription is %s, %s at PayPal; want %s", sub.State, status, want)
	}
}

// news is PayPal's news about a subscription, by webhook.
func (n *world) news(c contribution.Contribution) {
	n.T.Helper()
	src := settle.Source{Way: contribution.ByWebhook}
	if _, err := n.Settler.SettleSubscription(n.T.Context(), n.sub(c).PayPalID, src); err != nil {
		n.T.Fatal(err)
	}
}

// inPayPal is what somebody does on PayPal's own pages: cancel, suspend or activate.
func (n *world) inPayPal(c contribution.Contribution, act string) {
	n.T.Helper()
	n.PayPal.Must("POST", "/sandbox/subscriptions/"+n.sub(c).PayPalID+"/"+act, testkit.Fields{}, nil)
}

// changes are the kinds and states of all changes, the oldest first.
func (n *world) changes(c contribution.Contribution) string {
	n.T.Helper()
	all, err := n.Manage.Changes(n.T.Context(), c.ID)
	if err != nil {
		n.T.Fatal(err)
	}
	var words []string
	for i := len(all) - 1; i >= 0; i-- {
		words = append(words, string(all[i].Kind)+" "+string(all[i].State))
	}
	return strings.Join(words, ", ")
}

func (n *world) wantChanges(c contribution.Contribution, want string) {
	n.T.Helper()
	if got := n.changes(c); got != want {
		n.T.Errorf("the changes are %q, want %q", got, want)
	}
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

var reader = manage.By{Kind: manage.ByReader}

func byStaff(reason string) manage.By {
	return manage.By{Kind: manage.ByStaff, Actor: newsroom.Editor, Reason: reason}
}

func euros(cents int64) money.Amount { return money.New(cents, "EUR") }
