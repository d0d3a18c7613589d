package settle_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/review"
	"readerfund/internal/settle"
	"readerfund/internal/subscription"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

const subscriptionsAsked = `"match":{"method":"POST","path":"/v1/billing/subscriptions"}`

// monthly is what a reader's form sends who gives 10.00 EUR a month.
func monthly(key string) contribution.Intent {
	in := gift(key)
	in.Amount, in.Frequency = "10.00", "month"
	return in
}

// agree is the reader's consent at PayPal; PayPal charges them at once.
func (n *world) agree(c contribution.Contribution) {
	n.T.Helper()
	n.hook("POST", "subscriptions/"+c.Checkout.PayPalID+"/approve", "{}", nil)
}

// subscribed is a monthly gift whose first charge came in.
func (n *world) subscribed(key string) contribution.Contribution {
	n.T.Helper()
	c := n.Start(monthly(key))
	n.agree(c)
	if c = n.comeBack(c); c.State != contribution.Completed {
		n.T.Fatalf("after the reader agreed it stands at %s", c.State)
	}
	return c
}

// pass has days go by, and PayPal charge what falls due.
func (n *world) pass(days int) {
	n.T.Helper()
	for range days {
		n.Clock.Advance(24 * time.Hour)
		n.hook("POST", "clock", `{"advance":"0s"}`, nil)
	}
}

func (n *world) sub(c contribution.Contribution) subscription.Subscription {
	n.T.Helper()
	s, err := subscription.Find(n.T.Context(), n.DB, c.Checkout.PayPalID)
	if err != nil {
		n.T.Fatal(err)
	}
	return s
}

// sales are PayPal's ids of the charges of subscriptions, the oldest first.
func (n *world) sales() (ids []string) {
	n.T.Helper()
	for _, m := range n.Ledger() {
		if m.SubscriptionID != "" && (m.Kind == "sale" || m.Kind == "capture") {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

func (n *world) reviews(code review.Code) int { return n.Count("review WHERE code = $1", string(code)) }

func (n *world) sweepSubscriptions() int {
	n.T.Helper()
	asked, err := n.Sweeper.SweepSubscriptions(n.T.Context())
	if err != nil {
		n.T.Fatal(err)
	}
	return asked
}

// still is a newsroom whose clock stands, so that what is due is due.
func still(t *testing.T) *world {
	t.Helper()
	return openWith(t, newsroom.Options{Clock: testkit.NewClock()})
}

func TestAMonthlyGiftFromClickToRenewal(t *testing.T) {
	t.Parallel()
	n := still(t)
	c := n.Start(monthly("monthly"))
	if c.State != contribution.Created || c.Checkout.PayPalID == "" || c.Checkout.ApproveURL == "" {
		t.Fatalf("started: %+v", c.Checkout)
	}
	if again := n.Start(monthly("monthly")); again.Checkout.PayPalID != c.Checkout.PayPalID {
		t.Errorf("the same key gave the subscription %s after %s", again.Checkout.PayPalID, c.Checkout.PayPalID)
	}
	if back := n.comeBack(c); back.State != contribution.Created {
		t.Errorf("nobody agreed, and it stands at %s", back.State)
	}
	n.agree(c)
	if c = n.comeBack(c); c.State != contribution.Completed || c.CompletedAt.IsZero() {
		t.Fatalf("agreed and charged, it stands at %s", c.State)
	}
	s := n.sub(c)
	if s.State != subscription.Active || s.Frequency != "month" || s.Amount != eur(1000) || s.NextBillingAt.IsZero() ||
		s.Contribution != c.ID || s.StartedAt.IsZero() {
		t.Errorf("the subscription is %+v", s)
	}
	if people := n.Count("contribution WHERE supporter_id IS NOT NULL"); people != 1 {
		t.Error("who gives is not known")
	}
	n.BooksEqual()

	// Trap 21: no webhook ever tells of the renewal.
	n.pass(33)
	if asked := n.sweepSubscriptions(); asked != 1 {
		t.Errorf("the sweep asked about %d", asked)
	}
	if paid := n.Count("payment WHERE kind = 'sale' AND status = 'completed' AND subscription_id = $1", s.PayPalID); paid != 2 {
		t.Errorf("%d payments after a renewal", paid)
	}
	if next := n.sub(c).NextBillingAt; !next.After(s.NextBillingAt) {
		t.Errorf("the next charge is still told for %s", next)
	}
	for _, sale := range n.sales() {
		if _, err := n.Payments.SettleSale(t.Context(), sale, "", byWebhook); err != nil {
			t.Error(err)
		}
	}
	if asked := n.sweepSubscriptions(); asked != 0 {
		t.Errorf("asked about %d again at once", asked)
	}
	n.Wants(c, contribution.Completed)
	n.BooksEqual()
}

// Traps 15 and 18: an answer that nobody saw makes no second subscription, nor does a second tap.
func TestTrap15ALostAnswerMakesNoSecondSubscription(t *testing.T) {
	t.Parallel()
	n := open(t)
	n.fault(`{"kind":"reset_after","times":8,` + subscriptionsAsked + `}`)
	c, err := n.Starter.Start(t.Context(), monthly("lost"), nil)
	if !fault.Is(err, fault.Unavailable) || n.State(c.ID) != contribution.OrderUnknown {
		t.Fatalf("no answer was seen: %v, %s", err, n.State(c.ID))
	}
	n.clearFaults()
	c = n.Start(monthly("lost"))
	n.agree(c)
	if c = n.comeBack(c); c.State != contribution.Completed {
		t.Errorf("it stands at %s", c.State)
	}
	var all []struct{ ID string }
	if n.hook("GET", "subscriptions", "", &all); len(all) != 1 {
		t.Errorf("PayPal made %d subscriptions", len(all))
	}
	n.BooksEqual()
}

func TestAPlanForEachAmountWhereOverridesAreRefused(t *testing.T) {
	t.Parallel()
	n := open(t)
	n.fault(`{"kind":"refuse_override"}`)
	if c := n.subscribed("no-override"); n.sub(c).Amount != eur(1000) {
		t.Errorf("it charges %s", n.sub(c).Amount)
	}
	n.BooksEqual()
}

// Trap 20: a list of charges that is {} proves nothing.
func TestTrap20AnEmptyListOfChargesProvesNothing(t *testing.T) {
	t.Parallel()
	n := still(t)
	n.hook("POST", "billing", `{"transactions_unknown":true}`, nil)
	c := n.Start(monthly("unlisted"))
	n.agree(c)
	if c = n.comeBack(c); c.Outcome() != contribution.OutcomeConfirming || n.sub(c).State != subscription.Active {
		t.Fatalf("its charge is not listed, and it stands at %s", c.State)
	}
	n.hook("POST", "billing", `{"transactions_unknown":false}`, nil)
	n.Clock.Advance(10 * time.Minute)
	if asked, err := n.Sweeper.Sweep(t.Context()); err != nil || asked != 1 {
		t.Errorf("the sweep asked about %d, %v", asked, err)
	}
	n.Wants(c, contribution.Completed)
	n.BooksEqual()
}

// A charge of which nobody told and that PayPal's list lacked for a month is found although a later one is booked; and
// once all are, the list is asked for from the latest on.
func TestAChargeThatIsListedLate(t *testing.T) {
	t.Parallel()
	n := still(t)
	c := n.subscribed("listed-late")
	n.hook("POST", "billing", `{"transactions_unknown":true}`, nil)
	n.pass(33)
	n.sweepSubscriptions()
	n.pass(31)
	sales := n.sales()
	if _, err := n.Payments.SettleSale(t.Context(), sales[2], c.Checkout.PayPalID, byWebhook); err != nil {
		t.Fatal(err)
	}
	if paid := n.Count("payment"); len(sales) != 3 || paid != 2 {
		t.Fatalf("%d charges, %d payments before the list has them", len(sales), paid)
	}
	n.hook("POST", "billing", `{"transactions_unknown":false}`, nil)
	n.pass(2)
	n.sweepSubscriptions()
	if paid := n.Count("payment"); paid != 3 {
		t.Errorf("%d payments once the list has all", paid)
	}
	n.pass(33)
	w := n.listen()
	n.sweepSubscriptions()
	at := slices.Index(w.calls, "GET /v1/billing/subscriptions/"+c.Checkout.PayPalID+"/transactions")
	if at < 0 {
		t.Fatalf("the list was not asked for: %v", w.calls)
	}
	from, err := time.Parse(time.RFC3339, w.queries[at].Get("start_time"))
	if since := n.Clock.Now().Sub(from); err != nil || since > 60*24*time.Hour {
		t.Errorf("the list begins at %s, %s ago: %v", from, since, err)
	}
	if paid := n.Count("payment"); paid != 4 {
		t.Errorf("%d payments of four", paid)
	}
	n.BooksEqual()
}

// Trap 19: the payer is sent back, and PayPal takes its time.
func TestTrap19ASlowApprovalIsBeingConfirmed(t *testing.T) {
	t.Parallel()
	n := still(t)
	c := n.Start(monthly("slow"))
	n.hook("POST", "subscriptions/"+c.Checkout.PayPalID+"/approve", `{"after":"10s"}`, nil)
	if c = n.comeBack(c); c.State != contribution.Created {
		t.Fatalf("PayPal has not acted on it, and it stands at %s", c.State)
	}
	n.Clock.Advance(2 * time.Minute)
	n.hook("POST", "clock", `{"advance":"0s"}`, nil)
	if asked, err := n.Sweeper.Sweep(t.Context()); err != nil || asked != 1 {
		t.Errorf("the sweep asked about %d, %v: who came back is not asked about soon", asked, err)
	}
	n.Wants(c, contribution.Completed)
}

func TestTurningBackAtPayPal(t *testing.T) {
	t.Parallel()
	n := open(t)
	first, second := n.Start(monthly("first")), n.Start(monthly("second"))
	turned, err := n.Settler.Cancel(t.Context(), first.ID)
	if err != nil || turned.State != contribution.Cancelled {
		t.Fatalf("turned back: %s, %v", turned.State, err)
	}
	n.agree(first)
	n.agree(second)
	if turned, err = n.Settler.Cancel(t.Context(), second.ID); err != nil ||
		turned.Outcome() != contribution.OutcomeConfirming {
		t.Errorf("who agreed and turned back then is told %s, %v", turned.Outcome(), err)
	}
	for _, c := range []contribution.Contribution{first, second} {
		if c = n.settle(c, contribution.BySweep); c.State != contribution.Completed {
			t.Errorf("it stands at %s", c.State)
		}
	}
}

// A sign-up that nobody finished is given up after three days, and counts when it is finished after all.
func TestALateActivationAfterTheSweepGaveUp(t *testing.T) {
	t.Parallel()
	n := still(t)
	c := n.Start(monthly("late"))
	asked := 0
	for range 80 {
		n.Clock.Advance(time.Hour)
		some, err := n.Sweeper.Sweep(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		asked += some
	}
	if n.Wants(c, contribution.Expired); asked < 2 || asked > 8 {
		t.Errorf("asked %d times about what nobody came back for", asked)
	}
	if due := n.Count("contribution WHERE check_at IS NOT NULL"); due != 0 {
		t.Error("what was given up is due")
	}
	n.agree(c)
	for _, sale := range n.sales() {
		if _, err := n.Payments.SettleSale(t.Context(), sale, c.Checkout.PayPalID, byWebhook); err != nil {
			t.Fatal(err)
		}
	}
	n.Wants(c, contribution.Completed)
	if s := n.sub(c); s.State != subscription.Active {
		t.Errorf("a charge came in, and the subscription is %s", s.State)
	}
	n.BooksEqual()
}

// A cancel and a pause made at PayPal are seen within a day, without a webhook, and a charge after the end is booked.
func TestWhatIsDoneAtPayPalIsSeenWithinADay(t *testing.T) {
	t.Parallel()
	n := still(t)
	c := n.subscribed("at-paypal")
	for _, step := range []struct {
		do   string
		want subscription.State
	}{{"suspend", subscription.Suspended}, {"activate", subscription.Active}, {"cancel", subscription.Cancelled}} {
		n.hook("POST", "subscriptions/"+c.Checkout.PayPalID+"/"+step.do, "{}", nil)
		n.Clock.Advance(25 * time.Hour)
		n.sweepSubscriptions()
		if s := n.sub(c); s.State != step.want {
			t.Fatalf("after %s it is %s", step.do, s.State)
		}
	}
	if s := n.sub(c); s.EndedAt.IsZero() || !s.NextBillingAt.IsZero() {
		t.Errorf("it ended as %+v", s)
	}
	n.Clock.Advance(30 * 24 * time.Hour)
	if asked := n.sweepSubscriptions(); asked != 0 {
		t.Errorf("what has ended is asked about: %d", asked)
	}
	n.hook("POST", "subscriptions/"+c.Checkout.PayPalID+"/renew", `{"late":true}`, nil)
	late := n.sales()[1]
	if _, err := n.Payments.SettleSale(t.Context(), late, c.Checkout.PayPalID, byWebhook); err != nil {
		t.Fatal(err)
	}
	if s := n.sub(c); s.State != subscription.Cancelled || n.reviews(review.ChargedAfterEnd) != 1 {
		t.Errorf("after a late charge it is %s, with %d reviews", s.State, n.reviews(review.ChargedAfterEnd))
	}
	n.Wants(c, contribution.Completed)
	n.BooksEqual()
}

// Money of a charge goes back by the ways that money of a capture does, and the supporter stays one.
func TestChargesAreRefundedReversedAndDisputed(t *testing.T) {
	t.Parallel()
	n := still(t)
	c := n.subscribed("back")
	n.pass(33)
	n.sweepSubscriptions()
	sales := n.sales()
	n.RefundAtPayPal(sales[0], "4.00")
	n.Wants(c, contribution.Completed)
	n.RefundAtPayPal(sales[0], "")
	n.Wants(c, contribution.Completed)
	n.Dispute(sales[1], testkit.Fields{"stage": "CHARGEBACK"})
	n.Wants(c, contribution.Disputed)
	n.PayPal.Dispute(sales[1], testkit.Fields{"outcome": "seller"}) // and nobody tells
	n.Clock.Advance(24 * time.Hour)
	if _, err := n.Sweeper.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.Wants(c, contribution.Completed)
	n.Reverse(sales[1])
	n.Wants(c, contribution.Reversed)
	n.BooksEqual()
}

// Trap 1 on the database: a charge that PayPal holds back is asked about, and its release is no second payment.
func TestTrap01AHeldChargeIsReleased(t *testing.T) {
	t.Parallel()
	n := still(t)
	c := n.subscribed("held")
	n.hook("POST", "subscriptions/"+c.Checkout.PayPalID+"/renew", `{"outcome":"pending"}`, nil)
	sale := n.sales()[1]
	if _, err := n.Payments.SettleSale(t.Context(), sale, "", byWebhook); err != nil {
		t.Fatal(err)
	}
	if pending := n.Count("payment WHERE status = 'pending'"); pending != 1 {
		t.Fatalf("%d charges are pending", pending)
	}
	n.PayPal.Must("POST", "/sandbox/captures/"+sale+"/settle", testkit.Fields{"outcome": "completed"}, nil)
	n.Clock.Advance(24 * time.Hour)
	if asked, err := n.Sweeper.Sweep(t.Context()); err != nil || asked != 1 {
		t.Errorf("the sweep asked about %d, %v", asked, err)
	}
	if paid := n.Count("payment WHERE status = 'completed'"); paid != 2 {
		t.Errorf("%d payments", paid)
	}
	n.BooksEqual()
}

// Trap 33 and 21: an event that names a subscription proves nothing; PayPal's list does. Without any, the sale waits.
func TestTrap21ASaleWithoutItsSubscription(t *testing.T) {
	t.Parallel()
	n := still(t)
	c, other := n.Start(monthly("first")), n.subscribed("other")
	n.agree(c)
	sale := ""
	for _, m := range n.Ledger() {
		if m.SubscriptionID == c.Checkout.PayPalID {
			sale = m.ID
		}
	}
	n.fault(`{"kind":"status","status":404,"match":{"path":"/v1/payments/sale/*"}}`) // v2 does not name it
	settled, err := n.Payments.SettleSale(t.Context(), sale, other.Checkout.PayPalID, byWebhook)
	if err == nil && settled.ID != c.ID {
		t.Error("a sale was taken for that of a subscription which an event named")
	}
	if settled, err = n.Payments.SettleSale(t.Context(), sale, c.Checkout.PayPalID, byWebhook); err != nil ||
		settled.ID != c.ID {
		t.Errorf("PayPal lists it, and it is %s's: %v", settled.ID, err)
	}
	n.BooksEqual()
}

// unnamed has PayPal leave out of sales what subscription they are of, as it did for days, until it is healed.
func (n *world) unnamed(sales ...string) {
	n.T.Helper()
	for _, id := range sales {
		seen, err := n.Client.Sale(n.T.Context(), id)
		if err != nil {
			n.T.Fatal(err)
		}
		n.PayPal.Fault(testkit.Fields{
			"kind": "status", "status": 200, "match": testkit.Fields{"path": "/v1/payments/sale/" + id},
			"body": testkit.Fields{
				"id": id, "state": strings.ToLower(string(seen.Status)), "create_time": seen.CreatedAt.Format(time.RFC3339),
				"amount":          testkit.Fields{"total": seen.Amount.Decimal(), "currency": seen.Amount.Currency},
				"transaction_fee": testkit.Fields{"value": seen.Fee.Decimal(), "currency": seen.Amount.Currency},
			},
		})
	}
}

// Trap 21, with neither a subscription nor a hint in the news: a sale is looked for among the subscriptions that were
// due then with its amount, and is that one's whose list at PayPal has it. Its amount alone proves nothing.
func TestTrap21ASaleThatNamesNothing(t *testing.T) {
	t.Parallel()
	n := still(t)
	first, second := n.subscribed("first"), n.subscribed("second")
	in := monthly("dearer")
	in.Amount = "11.00"
	dearer := n.Start(in)
	n.agree(dearer)
	n.comeBack(dearer)
	var made struct {
		Subscriptions []struct{ ID string } `json:"subscriptions"`
	}
	n.hook("POST", "subscriptions", `{"custom_ids":["user-7"],"currency":"EUR","amount":"10.00"}`, &made)
	n.pass(32)
	of := map[string]string{}
	for _, m := range n.Ledger() {
		of[m.SubscriptionID] = m.ID // the latest charge of each
	}
	stranger, its := of[made.Subscriptions[0].ID], of[second.Checkout.PayPalID]
	n.unnamed(stranger, its, of[first.Checkout.PayPalID])
	settle := func(sale string) (contribution.Contribution, error) {
		return n.Payments.SettleSale(t.Context(), sale, "", byWebhook)
	}
	if _, err := settle(stranger); !isContradiction(err, review.SaleNamesNoSubscription) || stranger == "" {
		t.Errorf("somebody else's charge of the same amount: %v", err)
	}
	n.hook("POST", "billing", `{"transactions_unknown":true}`, nil)
	if _, err := settle(its); !isContradiction(err, review.SaleNamesNoSubscription) {
		t.Errorf("while PayPal gives no list: %v", err)
	}
	n.hook("POST", "billing", `{"transactions_unknown":false}`, nil)
	n.fault(`{"kind":"status","status":503,"times":8,"match":{"path":"/v1/billing/subscriptions/*/transactions"}}`)
	if _, err := settle(its); err == nil || isContradiction(err, review.SaleNamesNoSubscription) {
		t.Errorf("while PayPal does not answer: %v", err)
	}
	n.clearFaults()
	n.unnamed(its, of[first.Checkout.PayPalID])
	w := n.listen()
	if settled, err := settle(its); err != nil || settled.ID != second.ID {
		t.Errorf("it is %s's, %v", settled.ID, err)
	}
	if n.Count("payment WHERE contribution_id = $1", second.ID) != 2 || n.Count("payment") != 4 {
		t.Error("the charge is not booked where it belongs")
	}
	if w.count("GET /v1/billing/subscriptions/"+dearer.Checkout.PayPalID+"/transactions") != 0 {
		t.Error("a subscription of another amount was looked through")
	}
	if settled, err := settle(of[first.Checkout.PayPalID]); err != nil || settled.ID != first.ID {
		t.Errorf("the other is %s's, %v", settled.ID, err)
	}
}

// However many are due with one amount, an attempt asks about a few, and further attempts about others.
func TestASaleThatNamesNothingAmongMany(t *testing.T) {
	t.Parallel()
	n := still(t)
	for i := range 14 {
		n.subscribed(strconv.Itoa(i))
	}
	n.pass(32)
	sales := n.sales()
	last := sales[len(sales)-1]
	seen, err := n.Client.Sale(t.Context(), last)
	if err != nil {
		t.Fatal(err)
	}
	due, err := subscription.DueFor(t.Context(), n.DB, seen.Amount, seen.CreatedAt, 10)
	if err != nil || len(due) != 10 {
		t.Errorf("%d are looked through: %v", len(due), err)
	}
	n.unnamed(last)
	for attempt := 1; n.Count("payment") == 14; attempt++ {
		_, err := n.Payments.SettleSale(t.Context(), last, "", byWebhook)
		if err != nil && !isContradiction(err, review.SaleNamesNoSubscription) || attempt > 100 {
			t.Fatalf("attempt %d: %v", attempt, err)
		}
	}
}

func isContradiction(err error, code review.Code) bool {
	odd, is := errors.AsType[*settle.ContradictionError](err)
	return is && odd.Code == code
}

// The news of a sign-up in a few of its orders, as webhooks and the reader's return bring it.
func TestSignUpNewsInAFewOrders(t *testing.T) {
	t.Parallel()
	n := still(t)
	for _, order := range []string{"SARU", "RSAU", "ASUR", "UURSA", "SSAA"} {
		c := n.Start(monthly(order))
		n.agree(c)
		var sale string
		for _, m := range n.Ledger() {
			if m.SubscriptionID == c.Checkout.PayPalID {
				sale = m.ID
			}
		}
		for _, what := range order {
			var err error
			switch what {
			case 'S':
				_, err = n.Payments.SettleSale(t.Context(), sale, c.Checkout.PayPalID, byWebhook)
			case 'R':
				_, err = n.Settler.Settle(t.Context(), c.ID, returning)
			default:
				_, err = n.Settler.SettleSubscription(t.Context(), c.Checkout.PayPalID, byWebhook)
			}
			if err != nil {
				t.Fatalf("%s: %v", order, err)
			}
		}
		n.Wants(c, contribution.Completed)
		if s := n.sub(c); s.State != subscription.Active || s.CyclesCompleted != 1 || s.LastPaymentAt.IsZero() {
			t.Errorf("%s ends %+v", order, s)
		}
	}
	n.BooksEqual()
}

// Somebody else's subscription is none of ours, whoever names it.
func TestSomebodyElsesSubscriptionIsNotOurs(t *testing.T) {
	t.Parallel()
	n := open(t)
	var made struct {
		Subscriptions []struct{ ID string } `json:"subscriptions"`
	}
	n.hook("POST", "subscriptions", `{"custom_ids":["user-7"],"currency":"EUR","amount":"5.00"}`, &made)
	id := made.Subscriptions[0].ID
	n.hook("POST", "subscriptions/"+id+"/renew", "{}", nil)
	if _, err := n.Settler.SettleSubscription(t.Context(), id, byWebhook); !errors.Is(err, settle.ErrNotOurs) {
		t.Errorf("it was taken: %v", err)
	}
	if _, err := n.Payments.SettleSale(t.Context(), n.sales()[0], id, byWebhook); !errors.Is(err, settle.ErrNotOurs) {
		t.Errorf("its charge was taken: %v", err)
	}
}

// All that can tell of a renewal tells at once, to two processes: it is one payment.
func TestARenewalThatIsToldByEverybodyAtOnce(t *testing.T) {
	t.Parallel()
	n := still(t)
	c := n.subscribed("at-once")
	n.pass(33)
	sale := n.sales()[1]
	other := n.replica()
	var all sync.WaitGroup
	for _, who := range []*world{n, other} {
		for range 4 {
			all.Go(func() {
				if _, err := who.Payments.SettleSale(t.Context(), sale, c.Checkout.PayPalID, byWebhook); err != nil {
					t.Error(err)
				}
			})
			all.Go(func() {
				if _, err := who.Settler.SettleSubscription(t.Context(), c.Checkout.PayPalID, bySweep); err != nil {
					t.Error(err)
				}
			})
		}
		all.Go(func() {
			if _, err := who.Sweeper.SweepSubscriptions(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if paid := n.Count("payment"); paid != 2 {
		t.Errorf("%d payments", paid)
	}
	n.BooksEqual()
}

// Staff who ask PayPal get the charges with it.
func TestStaffAskAboutASupporter(t *testing.T) {
	t.Parallel()
	n := still(t)
	c := n.subscribed("asked")
	n.pass(33)
	asked, err := n.Settler.AskPayPal(t.Context(), c.ID, newsroom.Editor)
	if err != nil || asked.State != contribution.Completed || n.Count("payment WHERE status = 'completed'") != 2 {
		t.Errorf("it stands at %s with %d payments: %v", asked.State, n.Count("payment"), err)
	}
	n.BooksEqual()
}

// A charge that fails, is tried again, and at last pauses the subscription; and the reader who mends their card.
func TestAFailingCycle(t *testing.T) {
	t.Parallel()
	n := still(t)
	c := n.subscribed("failing")
	look := func() subscription.Subscription {
		t.Helper()
		if _, err := n.Settler.SettleSubscription(t.Context(), c.Checkout.PayPalID, byWebhook); err != nil {
			t.Fatal(err)
		}
		return n.sub(c)
	}
	n.hook("POST", "subscriptions/"+c.Checkout.PayPalID+"/fail", `{"times":1000,"reason_code":"PAYER_CANNOT_PAY"}`, nil)
	n.pass(32)
	s := look()
	if s.State != subscription.Active || s.FailedPayments == 0 || s.LastFailedReason != "PAYER_CANNOT_PAY" ||
		s.RetryAt.IsZero() {
		t.Errorf("after the first failure it is %+v", s)
	}
	n.Wants(c, contribution.Completed) // what was given stays given
	for range 100 {
		if n.pass(1); look().State != subscription.Active {
			break
		}
	}
	if s = n.sub(c); s.State != subscription.Suspended || s.Outstanding.Minor == 0 {
		t.Errorf("after all attempts it is %+v", s)
	}
	n.hook("POST", "subscriptions/"+c.Checkout.PayPalID+"/mend", `{"charge":true}`, nil)
	if s = look(); s.State != subscription.Active || s.FailedPayments != 0 || !s.EndedAt.IsZero() {
		t.Errorf("mended it is %+v", s)
	}
	if paid := n.Count("payment WHERE status = 'completed'"); paid != 2 {
		t.Errorf("%d payments", paid)
	}
	failed := n.Count("contribution_event WHERE fact = 'subscription_payment_failed' AND detail = 'PAYER_CANNOT_PAY'")
	if failed == 0 || n.Count("contribution_event WHERE fact = 'subscription_suspended'") != 1 {
		t.Errorf("the history has %d failures", failed)
	}
	n.BooksEqual()
}
