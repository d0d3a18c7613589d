package inbox_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"readerfund/internal/audit"
	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/inbox"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/settle"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

// postbox is a newsroom whose Inbox gets PayPal's deliveries from a test, one by one.
type postbox struct {
	*newsroom.Newsroom
	*inbox.Inbox

	arrived   chan delivered
	webhookID string
	cfg       inbox.Config
	held      atomic.Pointer[hold]
}

// delivered is one webhook request as it came.
type delivered struct {
	header http.Header
	body   []byte
}

func open(t *testing.T) *postbox {
	t.Helper()
	return openWaiting(t, 2*time.Second)
}

// openWaiting is open with a client that waits so long for PayPal.
func openWaiting(t *testing.T, timeout time.Duration) *postbox {
	t.Helper()
	p := &postbox{arrived: make(chan delivered, 1000)}
	p.Newsroom = newsroom.New(t, newsroom.Options{
		PayPal: testkit.PayPalOptions{Around: p.holding}, Timeout: timeout,
	})
	door := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		p.arrived <- delivered{r.Header.Clone(), body}
	}))
	t.Cleanup(door.Close)
	hook, err := p.Client.CreateWebhook(t.Context(), door.URL+"/webhooks/paypal", []string{"*"})
	if err != nil {
		t.Fatal(err)
	}
	p.webhookID = hook.ID
	p.cfg = inbox.Config{
		DB: p.DB, Verifier: p.verifier(), Settler: p.Settler, Payments: p.Payments, Disputes: p.Disputes,
		Busy: p.Client.Busy, Now: p.Clock.Now, Log: quiet(),
	}
	p.Inbox = inbox.New(p.cfg)
	return p
}

// verifier is one of deliveries of this webhook, which has seen no certificate.
func (p *postbox) verifier() *paypal.Verifier {
	p.T.Helper()
	v, err := paypal.NewVerifier(paypal.VerifierConfig{
		WebhookID: func() string { return p.webhookID }, BaseURL: p.PayPal.URL, ExtraRoots: p.PayPal.CA, Now: p.Clock.Now,
	})
	if err != nil {
		p.T.Fatal(err)
	}
	return v
}

// settleOn is the service as a process with connections of its own has it.
func (p *postbox) settleOn(d *db.DB) *settle.Services {
	campaigns := campaign.NewCatalog(d, p.Clock.Now)
	settler := settle.New(settle.Config{
		DB: d, PayPal: p.Client, Contributions: contribution.New(contribution.Config{
			DB: d, Campaigns: campaigns, Limits: newsroom.Limits(),
			SweepEvery: time.Minute, Now: p.Clock.Now,
		}),
		Campaigns: campaigns, BaseURL: "http://127.0.0.1:1", Publication: newsroom.Publication, SweepEvery: time.Minute,
		Now: p.Clock.Now, Log: quiet(),
	})
	p.T.Cleanup(settler.Close)
	return settler
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// hook calls one of the sandbox's hooks with JSON.
func (p *postbox) hook(path, body string) {
	p.T.Helper()
	p.PayPal.Must(http.MethodPost, "/sandbox/"+path, json.RawMessage(body), nil)
}

// approved starts a gift and approves it, and gives the delivery that tells of it.
func (p *postbox) approved() (contribution.Contribution, delivered) {
	p.T.Helper()
	c := p.Start(newsroom.Intent())
	p.Approve(c, "")
	return c, p.next("CHECKOUT.ORDER.APPROVED")
}

// next waits for a delivery of the type and drops others.
func (p *postbox) next(eventType string) delivered {
	p.T.Helper()
	for {
		select {
		case d := <-p.arrived:
			if bytes.Contains(d.body, []byte(`"`+eventType+`"`)) {
				return d
			}
		case <-time.After(10 * time.Second):
			p.T.Fatalf("no %s came", eventType)
		}
	}
}

func (p *postbox) receive(d delivered) error { return p.Receive(p.T.Context(), d.header, d.body) }

// work runs the inbox until nothing is due, moving the clock past the pauses between attempts.
func (p *postbox) work() {
	p.T.Helper()
	for range 100 {
		if _, err := p.Work(p.T.Context()); err != nil {
			p.T.Fatal(err)
		}
		if p.Count(`webhook_event WHERE state = 'received'`) == 0 { // what is parked is tried again much later
			return
		}
		p.Clock.Advance(31 * time.Minute)
	}
	p.T.Fatal("work does not end")
}

func TestAnEventIsKeptRawAndWorkedOff(t *testing.T) {
	t.Parallel()
	p := open(t)
	c, d := p.approved()
	if err := p.receive(d); err != nil {
		t.Fatal(err)
	}
	if p.State(c.ID) != contribution.Created {
		t.Fatal("receiving alone changed the contribution")
	}
	var kept struct {
		Body    []byte
		Headers string
		State   string
	}
	if err := p.DB.Get(&kept, `
		SELECT b.body, b.headers::text, w.state FROM webhook_event w JOIN webhook_body b ON b.event_id = w.id`); err != nil {
		t.Fatal(err)
	}
	var headers map[string]string
	if err := json.Unmarshal([]byte(kept.Headers), &headers); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept.Body, d.body) || kept.State != "received" ||
		headers["paypal-transmission-sig"] != d.header.Get("Paypal-Transmission-Sig") {
		t.Fatalf("kept %s %v", kept.State, headers)
	}
	p.work()
	if got := p.State(c.ID); got != contribution.Completed {
		t.Fatalf("after the work: %s", got)
	}
	if n := p.Count(
		`webhook_event WHERE state = 'applied' AND contribution_id = $1 AND note LIKE '%' || $2 || '%'`,
		c.ID,
		c.Receipt,
	); n != 1 {
		t.Errorf("the event does not tell what became of it")
	}
	if n := p.Count(`ledger_entry WHERE webhook_event_id IS NOT NULL AND source = 'webhook'`); n != 2 {
		t.Errorf("%d entries name the event that brought them", n)
	}
}

func TestAHundredCopiesAtOnce(t *testing.T) {
	t.Parallel()
	p := open(t)
	c, d := p.approved()
	var wait sync.WaitGroup
	for range 100 {
		wait.Go(func() {
			if err := p.receive(d); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if n := p.Count(`webhook_event`); n != 1 {
		t.Fatalf("%d rows", n)
	}
	p.work()
	if p.State(c.ID) != contribution.Completed || p.Count(`payment`) != 1 || p.Count(`ledger_entry`) != 2 {
		t.Fatal("not one payment")
	}
}

// Deliveries that arrive together share commits, and each is answered with what became of it.
func TestManyDifferentEventsAtOnce(t *testing.T) {
	t.Parallel()
	p := open(t)
	const gifts = 40
	var all []delivered
	for range gifts {
		_, d := p.approved()
		all = append(all, d)
	}
	var wait sync.WaitGroup
	for _, d := range append(all, all...) {
		wait.Go(func() {
			if err := p.receive(d); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if n := p.Count(`webhook_event`); n != gifts {
		t.Fatalf("%d rows of %d", n, gifts)
	}
	p.work()
	if n := p.Count(`contribution WHERE state = 'completed'`); n != gifts {
		t.Fatalf("%d of %d recorded", n, gifts)
	}
}

func TestAForgedDeliveryLeavesNothing(t *testing.T) {
	t.Parallel()
	p := open(t)
	_, d := p.approved()
	for at := 0; at < len(d.body); at += 97 {
		changed := bytes.Clone(d.body)
		changed[at] ^= 1
		if err := p.receive(delivered{d.header, changed}); !fault.Is(err, fault.Invalid) {
			t.Fatalf("byte %d changed: %v", at, err)
		}
	}
	if n := p.Count(`webhook_event`) + p.Count(`suspect_delivery`); n != 0 {
		t.Fatalf("%d rows", n)
	}
	if err := p.receive(
		delivered{d.header, bytes.Repeat([]byte(" "), inbox.LargestBody+1)},
	); !fault.Is(
		err,
		fault.TooLarge,
	) {
		t.Errorf("too large: %v", err)
	}
}

func TestARecordingPlayedBackAfterWeeksIsRefused(t *testing.T) {
	t.Parallel()
	p := open(t)
	_, d := p.approved()
	p.Clock.Advance(5 * 24 * time.Hour)
	if err := p.receive(d); err != nil {
		t.Errorf("five days late, as after an outage: %v", err)
	}
	p.Clock.Advance(40 * 24 * time.Hour)
	if err := p.receive(d); !fault.Is(err, fault.Invalid) {
		t.Errorf("six weeks late: %v", err)
	}
}

// stored puts an event into the table as if it had been received, for bodies that the sandbox would never send.
func (p *postbox) stored(eventType, body string) {
	p.T.Helper()
	id := fmt.Sprintf("%x", sha256.Sum256([]byte(eventType+body)))
	_, err := p.DB.Exec(`
		INSERT INTO webhook_event (event_id, transmission_id, transmission_time, event_type, headers, body, received_at, state, due_at)
		VALUES ($1, $1, $2, $3, '{}', $4, $2, 'received', $2)`, id, p.Clock.Now(), eventType, []byte(body))
	if err != nil {
		p.T.Fatal(err)
	}
}

func TestAPoisonMessageIsParkedAndHoldsUpNobody(t *testing.T) {
	t.Parallel()
	p := open(t)
	for _, body := range []string{
		"not json at all", "\x00\xff\xfe", `{"id":"WH-1","event_type":"CHECKOUT.ORDER.APPROVED","resource":null}`,
		`{"id":"WH-2","event_type":"PAYMENT.CAPTURE.COMPLETED","create_time":"2018-19-12T22:20:32.000Z","resource":{"id":"NOSUCHCAPTURE1","amount":{"value":1e30}}}`,
		strings.Repeat("[", 20000),
	} {
		p.stored("CHECKOUT.ORDER.APPROVED", body)
	}
	p.stored(
		"PAYMENT.CAPTURE.REFUNDED",
		`{"id":"WH-3","event_type":"PAYMENT.CAPTURE.REFUNDED","resource":{"id":"NOSUCHREFUND1","amount":{"value":"-5"}}}`,
	)
	c, d := p.approved()
	if err := p.receive(d); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Work(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p.State(c.ID) != contribution.Completed {
		t.Error("the genuine event waited behind the poison")
	}
	p.work()
	if n := p.Count(`webhook_event WHERE state = 'parked' AND note <> ''`); n != 6 {
		t.Fatalf("%d of 6 parked", n)
	}
	if n := p.Count(`webhook_event WHERE attempts > 20`); n != 0 {
		t.Errorf("%d events were tried without bound", n)
	}
	replayed, err := p.ReplayParked(t.Context(), contribution.Actor{Name: audit.CommandLine})
	if err != nil || replayed != 6 || p.Count(`webhook_event WHERE due_at IS NOT NULL`) != 6 {
		t.Errorf("replayed %d, %v", replayed, err)
	}
}

func TestAnOutageOfPayPalIsWaitedOut(t *testing.T) {
	t.Parallel()
	p := open(t)
	c, d := p.approved()
	if err := p.receive(d); err != nil {
		t.Fatal(err)
	}
	p.hook("faults", `{"match":{"path":"/v2/*"},"kind":"status","status":503,"times":60}`)
	for range 3 {
		if _, err := p.Work(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.Clock.Advance(time.Minute)
	}
	if n := p.Count(
		`webhook_event WHERE state = 'received' AND attempts = 3 AND due_at IS NOT NULL AND note LIKE 'PayPal%'`,
	); n != 1 {
		t.Fatal("the event is not waiting for its next attempt")
	}
	p.clearFaults()
	p.work()
	if p.State(c.ID) != contribution.Completed {
		t.Fatal("not recorded after the outage")
	}
}

func TestEventsThatConcernUsNotAreKeptAndIgnored(t *testing.T) {
	t.Parallel()
	p := open(t)
	p.hook("orders/"+p.foreign()+"/approve", `{}`)
	if err := p.receive(p.next("CHECKOUT.ORDER.APPROVED")); err != nil {
		t.Fatal(err)
	}
	p.stored("INVENTED.EVENT.TYPE", `{"id":"WH-9","event_type":"INVENTED.EVENT.TYPE"}`)
	p.work()
	if n := p.Count(`webhook_event WHERE state = 'ignored'`); n != 2 {
		t.Fatalf("%d ignored", n)
	}
}

// foreign makes an order that no contribution of ours belongs to.
func (p *postbox) foreign() string {
	p.T.Helper()
	o, err := p.PayPal.Client().CreateOrder(p.T.Context(), paypal.OrderRequest{
		RequestID: "foreign",
		CustomID:  "order-77",
		Amount:    money.New(500, "EUR"),
		ReturnURL: "http://127.0.0.1:1/r",
		CancelURL: "http://127.0.0.1:1/c",
	})
	if err != nil {
		p.T.Fatal(err)
	}
	return o.ID
}

// A process that dies with events in hand loses none: they are due again when the lease is over.
func TestAnEventWhoseWorkerDiedIsTakenAgain(t *testing.T) {
	t.Parallel()
	p := open(t)
	c, d := p.approved()
	if err := p.receive(d); err != nil {
		t.Fatal(err)
	}
	if _, err := p.DB.Exec(
		`UPDATE webhook_event SET attempts = 1, due_at = $1`,
		p.Clock.Now().Add(2*time.Minute),
	); err != nil { // as claim leaves it
		t.Fatal(err)
	}
	if n, err := p.Work(t.Context()); n != 0 || err != nil {
		t.Fatalf("taken from under another: %d, %v", n, err)
	}
	p.Clock.Advance(3 * time.Minute)
	p.work()
	if p.State(c.ID) != contribution.Completed {
		t.Fatal("lost with its worker")
	}
}

func TestRunStopsWhenTold(t *testing.T) {
	t.Parallel()
	p := open(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { p.Run(ctx); close(done) }()
	c, d := p.approved()
	if err := p.receive(d); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); p.State(c.ID) != contribution.Completed; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("Run does not work events off")
		}
	}
	stop()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatal("Run goes on")
	}
}

func TestADatabaseThatIsGoneIsNoSuccess(t *testing.T) {
	t.Parallel()
	p := open(t)
	_, d := p.approved()
	if err := p.DB.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.receive(d); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("%v", err)
	}
}
