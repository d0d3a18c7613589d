package settle_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/campaign"
	"readerfund/internal/checkout"
	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/settle"
)

func TestAGiftFromClickToLedger(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Start(gift(""))
	if c.State != contribution.Created || c.Checkout.PayPalID == "" || c.Checkout.ApproveURL == "" ||
		c.Outcome() != contribution.OutcomeOpen {
		t.Fatalf("started: %+v", c)
	}
	if c = n.settle(c, contribution.ByReader); c.State != contribution.Created || n.captures() != 0 {
		t.Fatalf("coming back before approving changed it to %s, %d captures", c.State, n.captures())
	}
	n.Approve(c, "approve")
	if c = n.settle(c, contribution.ByReader); c.State != contribution.Completed ||
		c.Outcome() != contribution.OutcomeReceived || c.CompletedAt.IsZero() {
		t.Fatalf("after approval: %+v", c)
	}
	for _, way := range []contribution.Way{contribution.ByReader, contribution.BySweep, contribution.ByWebhook} {
		n.settle(c, way)
	}
	n.BooksEqual()
	var person string
	err := n.DB.Get(&person, `SELECT s.email FROM supporter s JOIN contribution c ON c.supporter_id = s.id
		WHERE c.id = $1`, c.ID)
	if err != nil || person != "reader@example.com" {
		t.Errorf("the person PayPal names is not kept: %q, %v", person, err)
	}
}

func TestManyCopiesOfOneKeyMakeOneOrder(t *testing.T) {
	t.Parallel()
	n := open(t)
	var wait sync.WaitGroup
	ids := make([]string, 50)
	for i := range ids {
		wait.Go(func() {
			c, err := n.Starter.Start(t.Context(), gift("double-click"), nil)
			if err != nil {
				t.Error(err)
			}
			ids[i] = c.Checkout.PayPalID
		})
	}
	wait.Wait()
	for _, id := range ids {
		if id == "" || id != ids[0] {
			t.Fatalf("orders %v", ids)
		}
	}
	var rows int
	if err := n.DB.Get(&rows, `SELECT count(*) FROM contribution`); err != nil || rows != 1 {
		t.Fatalf("%d contributions, %v", rows, err)
	}
	other := gift("double-click")
	other.Amount = "26.00"
	if _, err := n.Starter.Start(t.Context(), other, nil); !fault.Is(err, fault.Conflict) {
		t.Errorf("the same key with another amount: %v", err)
	}
}

func TestAClosedTabIsCapturedByTheSweep(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Start(gift(""))
	n.Approve(c, "approve")
	if asked, err := n.Sweeper.Sweep(t.Context()); err != nil || asked != 0 {
		t.Fatalf("the sweep asked about %d before the first interval (%v)", asked, err)
	}
	n.Clock.Advance(11 * time.Minute)
	if asked, err := n.Sweeper.Sweep(t.Context()); err != nil || asked != 1 {
		t.Fatalf("the sweep asked about %d, %v", asked, err)
	}
	n.Wants(c, contribution.Completed)
	n.BooksEqual()
}

func TestTwoSweepsDoNotAskTwice(t *testing.T) {
	t.Parallel()
	n := open(t)
	for range 30 {
		n.Approve(n.Start(gift("")), "approve")
	}
	n.Clock.Advance(11 * time.Minute)
	var wait sync.WaitGroup
	var asked atomic.Int64
	for range 3 {
		wait.Go(func() {
			k, err := n.Sweeper.Sweep(t.Context())
			if err != nil {
				t.Error(err)
			}
			asked.Add(int64(k))
		})
	}
	wait.Wait()
	if asked.Load() != 30 || n.captures() != 30 {
		t.Fatalf("asked about %d of 30; %d captures", asked.Load(), n.captures())
	}
	n.BooksEqual()
}

func TestACardRefusedMayTryAnotherWay(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Start(gift(""))
	n.Approve(c, "decline")
	c = n.settle(c, contribution.ByReader)
	if c.State != contribution.Declined || c.Reason != "INSTRUMENT_DECLINED" || c.Checkout.RetryURL == "" {
		t.Fatalf("refused: %s (%s), retry at %q", c.State, c.Reason, c.Checkout.RetryURL)
	}
	n.Approve(c, "approve")
	n.Clock.Advance(checkout.AttemptPause)
	for _, way := range []contribution.Way{contribution.BySweep, contribution.ByWebhook, contribution.ByStaff,
		contribution.ByReader} { // of the reader without a sign of whose it is
		if c = n.settle(c, way); c.State != contribution.Declined {
			t.Fatalf("%s tried the card again by itself: %s", way, c.State)
		}
	}
	if c = n.comeBack(c); c.State != contribution.Completed {
		t.Fatalf("after another way to pay: %s", c.State)
	}
	n.BooksEqual()
}

// The second try of a refused card is not answered: the sweep asks about that try, and makes no third one.
func TestASecondTryWithoutAnAnswerIsAskedAbout(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Start(gift(""))
	n.Approve(c, "decline")
	c = n.settle(c, contribution.ByReader)
	n.Wants(c, contribution.Declined)
	n.Clock.Advance(checkout.AttemptPause)
	n.fault(`{"kind":"status","status":503,"times":50,"match":{"method":"POST","path":"/v2/checkout/orders/*/capture"}}`)
	if _, err := n.Settler.Settle(t.Context(), c.ID, present); err == nil {
		t.Fatal("the second try was answered")
	}
	n.Wants(c, contribution.CaptureUnknown)
	n.clearFaults()
	for range 2 {
		n.settle(c, contribution.BySweep)
	}
	n.Wants(c, contribution.Declined)
	if again, err := n.Contributions.Get(t.Context(), c.ID); err != nil || again.Checkout.Attempt != 2 ||
		again.Checkout.Refused != 2 {
		t.Errorf("attempt %d, refused %d, %v", again.Checkout.Attempt, again.Checkout.Refused, err)
	}
}

func TestPendingAndDeclinedCapturesAreNoMoney(t *testing.T) {
	t.Parallel()
	n := open(t)
	held, no := n.Start(gift("")), n.Start(gift(""))
	n.Approve(held, "pending")
	n.Approve(no, "declined_capture")
	if held = n.settle(held, contribution.ByReader); held.State != contribution.Pending ||
		held.Outcome() != contribution.OutcomeConfirming {
		t.Fatalf("held: %s", held.State)
	}
	if no = n.settle(no, contribution.ByReader); no.State != contribution.Declined {
		t.Fatalf("declined capture: %s", no.State)
	}
	n.BooksEqual()
	for _, l := range n.Ledger() {
		if l.CustomID == held.ID.String() {
			n.hook("POST", "captures/"+l.ID+"/settle", `{}`, nil)
			if _, err := n.Payments.SettleCapture(t.Context(), l.ID, byWebhook); err != nil {
				t.Fatal(err)
			}
		}
	}
	n.Wants(held, contribution.Completed)
	n.BooksEqual()
}

func TestAnOrderNobodyApprovesExpires(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Start(gift(""))
	if _, err := n.Settler.Cancel(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	n.Wants(c, contribution.Cancelled)
	n.Clock.Advance(4 * time.Hour)
	if _, err := n.Sweeper.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.Wants(c, contribution.Expired)
	if due, err := contribution.ClaimDue(t.Context(), n.DB, settle.SweepBatch, n.Clock.Now(), time.Minute); err != nil ||
		len(due) != 0 {
		t.Errorf("an expired contribution is still looked at: %v %v", due, err)
	}
}

// PayPal's machines do not all see a new order at once: one "not found" soon after the start is not believed.
func TestAMissingOrderIsLookedForTwice(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Start(gift(""))
	n.hook("POST", "clock", `{"advance":"4h"}`, nil) // PayPal's clock alone
	n.Wants(n.settle(c, contribution.BySweep), contribution.Created)
	n.Clock.Advance(11 * time.Second)
	n.Wants(n.settle(c, contribution.BySweep), contribution.Expired)
}

// Two of PayPal's machines do not see an order, hours apart, and one in between does: it is not gone.
func TestAnOrderThatWasFoundAgainIsNotGone(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Start(gift(""))
	unseen := `{"kind":"issue","issue":"INVALID_RESOURCE_ID","times":1,"match":{"method":"GET","path":"/v2/checkout/*"}}`
	n.fault(unseen)
	n.Wants(n.settle(c, contribution.BySweep), contribution.Created)
	n.Clock.Advance(time.Minute)
	n.Wants(n.settle(c, contribution.BySweep), contribution.Created) // found
	n.Clock.Advance(time.Hour)
	n.fault(unseen)
	n.Wants(n.settle(c, contribution.BySweep), contribution.Created)
	n.Approve(c, "approve")
	n.Wants(n.settle(c, contribution.BySweep), contribution.Completed)
}

func TestAnOrderWhoseAnswerWasLostIsFoundAgain(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"reset_after", "timeout_after"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			n := open(t)
			n.fault(`{"match":{"method":"POST","path":"/v2/checkout/orders"},"kind":"` + kind + `","delay":"5s"}`)
			_, err := n.Starter.Start(t.Context(), gift("lost"), nil)
			if !fault.Is(err, fault.Unavailable) {
				t.Fatalf("start: %v", err)
			}
			n.clearFaults()
			var state contribution.State
			if err := n.DB.Get(&state, `SELECT state FROM contribution`); err != nil || state != contribution.OrderUnknown {
				t.Fatalf("state %s, %v", state, err)
			}
			c, err := n.Starter.Start(t.Context(), gift("lost"), nil)
			if err != nil || c.State != contribution.Created {
				t.Fatalf("sent again: %s, %v", c.State, err)
			}
			n.Approve(c, "approve")
			n.settle(c, contribution.ByReader)
			n.BooksEqual()
			if n.captures() != 1 {
				t.Fatalf("%d captures", n.captures())
			}
		})
	}
}

func TestACaptureWhoseAnswerWasLostIsUnknownUntilAsked(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Start(gift(""))
	n.Approve(c, "approve")
	n.fault(`{"match":{"method":"POST","path":"/v2/checkout/orders/*/capture"},"kind":"reset_after"}`)
	if _, err := n.Settler.Settle(t.Context(), c.ID, byReader); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("settle: %v", err)
	}
	n.Wants(c, contribution.CaptureUnknown)
	n.clearFaults()
	n.Clock.Advance(2 * time.Minute)
	if _, err := n.Sweeper.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.Wants(c, contribution.Completed)
	n.BooksEqual()
	if n.captures() != 1 {
		t.Fatalf("%d captures", n.captures())
	}
}

// The reader closes the tab while we capture: the capture is seen through all the same.
func TestAReaderWhoLeavesDoesNotStopTheCapture(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Start(gift(""))
	n.Approve(c, "approve")
	n.fault(`{"match":{"method":"POST","path":"/v2/checkout/orders/*/capture"},"kind":"delay","delay":"400ms"}`)
	ctx, leave := context.WithTimeout(t.Context(), 150*time.Millisecond)
	defer leave()
	if _, err := n.Settler.Settle(ctx, c.ID, byReader); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("settle: %v", err)
	}
	n.Close()
	n.Wants(c, contribution.Completed)
	n.BooksEqual()
}

func TestPayPalDownAtTheClick(t *testing.T) {
	t.Parallel()
	n := open(t)
	n.fault(`{"match":{"path":"/v2/*"},"kind":"reset_before"}`)
	if _, err := n.Starter.Start(t.Context(), gift("down"), nil); !fault.Is(err, fault.Unavailable) {
		t.Fatal(err)
	}
	n.clearFaults()
	c, err := n.Starter.Start(t.Context(), gift("down"), nil)
	if err != nil || c.State != contribution.Created {
		t.Fatalf("%s, %v", c.State, err)
	}
}

func TestAnIntentWithoutAnOrderLapses(t *testing.T) {
	t.Parallel()
	n := open(t)
	n.fault(`{"match":{"path":"/v2/*"},"kind":"status","status":503}`)
	if _, err := n.Starter.Start(t.Context(), gift(""), nil); !fault.Is(err, fault.Unavailable) {
		t.Fatal(err)
	}
	n.Clock.Advance(4 * time.Hour)
	if _, err := n.Sweeper.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	var state contribution.State
	if err := n.DB.Get(&state, `SELECT state FROM contribution`); err != nil || state != contribution.Expired {
		t.Fatalf("%s, %v", state, err)
	}
}

func TestPayPalRefusesTheOrder(t *testing.T) {
	t.Parallel()
	n := open(t)
	refuse := func(issue string) {
		n.fault(`{"match":{"method":"POST","path":"/v2/checkout/orders"},"kind":"status","status":422,"times":1,
			"body":{"name":"UNPROCESSABLE_ENTITY","message":"no","debug_id":"d",
				"details":[{"issue":"` + issue + `","description":"no"}]}}`)
	}
	refuse("CURRENCY_NOT_SUPPORTED")
	_, err := n.Starter.Start(t.Context(), gift("no-currency"), nil)
	if all := fault.All(err); len(all) != 1 || all[0].Kind != fault.Invalid || all[0].Field != "currency" {
		t.Errorf("currency: %v", err)
	}
	if _, again := n.Starter.Start(t.Context(), gift("no-currency"), nil); fmt.Sprint(again) != fmt.Sprint(err) {
		t.Errorf("sent again: %v", again)
	}
	refuse("PAYEE_ACCOUNT_RESTRICTED")
	if _, err := n.Starter.Start(t.Context(), gift("restricted"), nil); !fault.Is(err, fault.Refused) {
		t.Errorf("our own account: %v", err)
	}
	var states []contribution.State
	if err := n.DB.Select(&states, `SELECT state FROM contribution`); err != nil ||
		fmt.Sprint(states) != "[failed failed]" {
		t.Errorf("%v, %v", states, err)
	}
}

// The webhook of an approval may come before the answer that tells us the order's id is saved.
func TestAWebhookBeforeTheOrderIsSaved(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Start(gift(""))
	n.Exec(`UPDATE contribution SET order_id = NULL, approve_url = '', state = 'order_unknown'`)
	n.Approve(c, "approve")
	if _, err := n.Settler.SettleOrder(t.Context(), c.Checkout.PayPalID, byWebhook); err != nil {
		t.Fatal(err)
	}
	n.Wants(c, contribution.Completed)
	n.BooksEqual()
}

func TestRefundsMadeAtPayPal(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Start(gift(""))
	n.Approve(c, "approve")
	n.settle(c, contribution.ByReader)
	capture := n.Ledger()[0].ID
	back := func(hook, body string, reversal bool) string {
		var r struct{ ID string }
		n.hook("POST", "captures/"+capture+"/"+hook, body, &r)
		for range 3 { // PayPal tells it more than once
			if _, err := n.Payments.SettleRefund(t.Context(), r.ID, reversal, byWebhook); err != nil {
				t.Fatal(err)
			}
		}
		return r.ID
	}
	back("refund", `{"amount":"10.00"}`, false)
	n.Wants(c, contribution.PartiallyRefunded)
	n.BooksEqual()
	back("refund", `{"amount":"5.00"}`, false)
	n.BooksEqual()
	back("reverse", `{}`, true)
	n.Wants(c, contribution.Reversed)
	n.BooksEqual()
}

// A refund that no webhook told of is found when the capture is looked at.
func TestARefundIsFoundThroughItsCapture(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Start(gift(""))
	n.Approve(c, "approve")
	n.settle(c, contribution.ByReader)
	capture := n.Ledger()[0].ID
	n.hook("POST", "captures/"+capture+"/refund", `{}`, nil)
	if _, err := n.Payments.SettleCapture(t.Context(), capture, bySweep); err != nil {
		t.Fatal(err)
	}
	n.Wants(c, contribution.Refunded)
	n.BooksEqual()
}

func TestWhatIsNotOursIsLeftAlone(t *testing.T) {
	t.Parallel()
	n := open(t)
	for name, custom := range map[string]string{"another program's": "order-77",
		"an unknown contribution's": uuid.NewString()} {
		o, err := n.Client.CreateOrder(t.Context(), paypal.OrderRequest{
			RequestID: "foreign-" + custom, CustomID: custom, Amount: money.New(500, "EUR"),
			ReturnURL: "http://127.0.0.1:1/r", CancelURL: "http://127.0.0.1:1/c",
		})
		if err != nil {
			t.Fatal(err)
		}
		n.hook("POST", "orders/"+o.ID+"/approve", `{}`, nil)
		if _, err := n.Settler.SettleOrder(t.Context(), o.ID, byWebhook); err == nil || n.captures() != 0 {
			t.Errorf("%s order: %v, %d captures", name, err, n.captures())
		}
	}
	if _, err := n.Settler.SettleOrder(t.Context(), "5O190127TN364715T", byWebhook); !paypal.NotFound(err) {
		t.Errorf("an order nobody knows: %v", err)
	}
}

func TestWrongInput(t *testing.T) {
	t.Parallel()
	n := open(t)
	long := string(bytes.Repeat([]byte("x"), 5000))
	for _, c := range []struct {
		name, field string
		change      func(*contribution.Intent)
	}{
		{"no campaign", "campaign", func(i *contribution.Intent) { i.Campaign = "" }},
		{"unknown campaign", "campaign", func(i *contribution.Intent) { i.Campaign = "nope" }},
		{"no amount", "amount", func(i *contribution.Intent) { i.Amount = "" }},
		{"comma", "amount", func(i *contribution.Intent) { i.Amount = "1,50" }},
		{"too little", "amount", func(i *contribution.Intent) { i.Amount = "0.99" }},
		{"nothing", "amount", func(i *contribution.Intent) { i.Amount = "0" }},
		{"too much", "amount", func(i *contribution.Intent) { i.Amount = "10000.01" }},
		{"decimals in HUF", "amount", func(i *contribution.Intent) { i.Currency, i.Amount = "HUF", "1000.5" }},
		{"unknown currency", "currency", func(i *contribution.Intent) { i.Currency = "XYZ" }},
		{"currency not offered", "currency", func(i *contribution.Intent) { i.Currency = "THB" }},
		{"no frequency", "frequency", func(i *contribution.Intent) { i.Frequency = "" }},
		{"weekly", "frequency", func(i *contribution.Intent) { i.Frequency = "week" }},
		{"long name", "name", func(i *contribution.Intent) { i.Name = long }},
		{"control character in a name", "name", func(i *contribution.Intent) { i.Name = "A\x07da" }},
		{"line end in a name", "name", func(i *contribution.Intent) { i.Name = "A\nda" }},
		{"bad UTF-8", "message", func(i *contribution.Intent) { i.Message = "\xff\xfe" }},
		{"NUL", "message", func(i *contribution.Intent) { i.Message = "a\x00b" }},
		{"long message", "message", func(i *contribution.Intent) { i.Message = long }},
		{"no email address", "email", func(i *contribution.Intent) { i.Email = "nobody" }},
		{"a name with an email address", "email", func(i *contribution.Intent) { i.Email = "Ada <ada@example.org>" }},
		{"long email address", "email", func(i *contribution.Intent) { i.Email = long + "@example.org" }},
		{"a script as article", "article", func(i *contribution.Intent) { i.Article = "javascript:alert(1)" }},
		{"a path as article", "article", func(i *contribution.Intent) { i.Article = "/a" }},
		{"credentials in the article", "article", func(i *contribution.Intent) { i.Article = "https://a:b@example.org/" }},
		{"long article", "article", func(i *contribution.Intent) { i.Article = "https://example.org/" + long }},
		{"long key", "idempotency_key", func(i *contribution.Intent) { i.IdempotencyKey = long }},
		{"key with a line end", "idempotency_key", func(i *contribution.Intent) { i.IdempotencyKey = "a\nb" }},
	} {
		in := gift("")
		c.change(&in)
		_, err := n.Starter.Start(t.Context(), in, nil)
		all := fault.All(err)
		if len(all) != 1 || all[0].Kind != fault.Invalid || all[0].Field != c.field || all[0].Message.String() == "" {
			t.Errorf("%s: %v, want one fault on %s", c.name, err, c.field)
		}
	}
	all := fault.All(second(n.Starter.Start(t.Context(), contribution.Intent{Campaign: campaign.DefaultSlug, Name: long,
		Email: "x", Article: "y"}, nil)))
	if len(all) != 5 {
		t.Errorf("all that is wrong is said at once; got %v", all)
	}
	var rows int
	if err := n.DB.Get(&rows, `SELECT count(*) FROM contribution`); err != nil || rows != 0 {
		t.Errorf("%d rows were written (%v)", rows, err)
	}
}

func second[A, B any](_ A, b B) B { return b }
