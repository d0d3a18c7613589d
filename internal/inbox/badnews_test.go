package inbox_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"hash/crc32"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/inbox"
	"readerfund/internal/paypal"
	"readerfund/internal/testkit"
)

// sign makes a delivery of any bytes that PayPal has signed: the key is the sandbox's own.
func (p *postbox) sign(body []byte) delivered {
	p.T.Helper()
	text, err := testkit.Authority()
	if err != nil {
		p.T.Fatal(err)
	}
	var authority struct{ LeafKey, Leaf string }
	if err := json.Unmarshal(text, &authority); err != nil {
		p.T.Fatal(err)
	}
	block, _ := pem.Decode([]byte(authority.LeafKey))
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		p.T.Fatal(err)
	}
	leaf, _ := pem.Decode([]byte(authority.Leaf))
	id, at := uuid.NewString(), p.Clock.Now().UTC().Format("2006-01-02T15:04:05Z")
	digest := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%d", id, at, p.webhookID, crc32.ChecksumIEEE(body)))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		p.T.Fatal(err)
	}
	sum := fmt.Sprintf("%x", sha256.Sum256(leaf.Bytes))
	h := http.Header{}
	for name, value := range map[string]string{
		"Paypal-Transmission-Id": id, "Paypal-Transmission-Time": at, "Paypal-Auth-Algo": "SHA256withRSA",
		"Paypal-Transmission-Sig": base64.StdEncoding.EncodeToString(signature),
		"Paypal-Cert-Url": p.PayPal.URL + "/v1/notifications/certs/CERT-" + sum[:8] + "-" + sum[8:16] + "-" +
			sum[16:24],
	} {
		h.Set(name, value)
	}
	return delivered{h, body}
}

// completed is a gift of 25.00 EUR that came in, with the id of its capture.
func (p *postbox) completed() (contribution.Contribution, string) {
	p.T.Helper()
	c, d := p.approved()
	if err := p.receive(d); err != nil {
		p.T.Fatal(err)
	}
	p.work()
	c, err := contribution.Find(p.T.Context(), p.DB, c.ID)
	if err != nil || c.State != contribution.Completed {
		p.T.Fatalf("%s, %v", c.State, err)
	}
	return c, p.text(`SELECT paypal_id FROM payment WHERE contribution_id = $1`, c.ID)
}

func (p *postbox) text(query string, args ...any) string {
	p.T.Helper()
	var s string
	if err := p.DB.Get(&s, query, args...); err != nil {
		p.T.Fatalf("%s: %v", query, err)
	}
	return s
}

// ledger is every entry, and every state, as text.
func (p *postbox) ledger() string {
	p.T.Helper()
	return p.text(`SELECT coalesce(string_agg(line, E'\n' ORDER BY line), '') FROM (
		SELECT contribution_id || ' ' || kind || ' ' || amount_minor || ' ' || currency || ' ' || paypal_ref AS line
		FROM ledger_entry
		UNION ALL SELECT id || ' ' || state FROM contribution) lines`)
}

// news is an event with absurd content, and what should become of it.
type news struct {
	name, body  string
	state, note string // note is a part of it
}

// parkedOnce are the notes of events that no other try can help.
const (
	cannotBeRead = "cannot be read as an event"
	namesNothing = "does not say which payment"
	unknownThere = "PayPal does not know what this event is about"
)

func invalidNews(capture, order, refund, foreignOrder, foreignRefund string) []news {
	event := func(name, kind, rest, state, note string) news {
		return news{
			name,
			fmt.Sprintf(`{"id":"WH-%x","event_type":%q,%s}`, sha256.Sum256([]byte(name)), kind, rest),
			state,
			note,
		}
	}
	const captured, refunded = "PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.REFUNDED"
	of := func(id, more string) string { return fmt.Sprintf(`"resource":{"id":%q%s}`, id, more) }
	up := func(id string) string {
		return fmt.Sprintf(`,"links":[{"rel":"up","href":"https://api.paypal.com/v2/payments/captures/%s"}]`, id)
	}
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	long := `{"id":"WH-LONG","event_type":"PAYMENT.CAPTURE.COMPLETED","resource":`
	return []news{
		event(
			"month 19",
			captured,
			`"create_time":"2018-19-12T22:20:32.000Z",`+of(capture, `,"create_time":"2018-19-12T22:20:32.000Z"`),
			"applied",
			"",
		),
		event(
			"an amount as a number",
			captured,
			of(capture, `,"amount":{"currency_code":"EUR","value":9999.00}`),
			"applied",
			"",
		),
		event("10^30", captured, of(capture, `,"amount":{"currency_code":"EUR","value":1e30}`), "applied", ""),
		event(
			"30 zeros",
			captured,
			of(capture, `,"amount":{"currency_code":"EUR","value":"1`+strings.Repeat("0", 30)+`.00"}`),
			"applied",
			"",
		),
		event("another currency", captured, of(capture, `,"amount":{"currency_code":"JPY","value":"2500"}`), "applied", ""),
		event(
			"another app's payee",
			captured,
			of(capture, `,"payee":{"merchant_id":"SOMEBODYELSE1","email_address":"other@example.org"}`),
			"applied",
			"",
		),
		event(
			"a refund of less than nothing",
			refunded,
			of(refund, `,"amount":{"currency_code":"EUR","value":"-9999.00"}`),
			"applied",
			"",
		),
		event("a refund that is not there", refunded, of("NOSUCHREFUND1", `,"amount":-5`), "parked", unknownThere),
		event("a refund and the capture of another", refunded, of(refund, up(capture)), "applied", ""),
		event(
			"a refund that is its capture",
			refunded,
			of(capture, strings.Replace(up(capture), "up", "self", 1)),
			"applied",
			"",
		),
		event(
			"an order that is somebody else's",
			"CHECKOUT.ORDER.APPROVED",
			of(foreignOrder, ""),
			"ignored",
			"not started here",
		),
		event(
			"a refund that is somebody else's",
			refunded,
			of(foreignRefund, `,"custom_id":"ours"`),
			"ignored",
			"not started here",
		),
		event("an order of another app", "CHECKOUT.ORDER.COMPLETED", of("5O190127TN364715T", ""), "parked", unknownThere),
		event(
			"a dispute that is not there",
			"CUSTOMER.DISPUTE.CREATED",
			`"resource":{"dispute_id":"PP-D-27803","disputed_transactions":[{"seller_transaction_id":"`+capture+`"}]}`,
			"parked",
			unknownThere,
		),
		event("a dispute that is a payment", "CUSTOMER.DISPUTE.RESOLVED", of(capture, ""), "parked", unknownThere),
		event(
			"an approval undone that was not",
			"CHECKOUT.PAYMENT-APPROVAL.REVERSED",
			`"resource":{"order_id":"`+order+`"}`,
			"applied",
			"",
		),

		event(
			"an id that is a path",
			captured,
			of(
				"../../v1/oauth2/token",
				`,"links":[{"rel":"up","href":"https://api.paypal.com/v2/checkout/orders/..%2f..%2fv1%2foauth2%2ftoken"}]`,
			),
			"parked",
			namesNothing,
		),
		event(
			"an id with a query",
			"CUSTOMER.DISPUTE.UPDATED",
			`"resource":{"dispute_id":"PP-D-1?x=1"}`,
			"parked",
			namesNothing,
		),
		event("no resource", captured, `"summary":"none"`, "parked", namesNothing),
		event("a resource that is null", "CHECKOUT.ORDER.APPROVED", `"resource":null`, "parked", namesNothing),
		event("a resource that is a list", refunded, `"resource":["`+refund+`"]`, "parked", namesNothing),
		event("NUL in the resource's id", captured, `"resource":{"id":"`+capture+`\u0000"}`, "parked", namesNothing),
		event(
			"bad UTF-8 in the resource's id",
			captured,
			of("x", "")+",\"resource\":{\"id\":\"\xff\xfe\"}",
			"parked",
			namesNothing,
		),
		event("nine thousand levels", captured, `"resource":`+deep(9000), "parked", namesNothing),
		event("a resource twice", captured, of("NOSUCHCAPTURE1", "")+","+of(capture, ""), "applied", ""),
		event("a type twice", captured, `"event_type":"INVENTED.EVENT.TYPE",`+of(capture, ""), "ignored", "type"),
		event("a type nobody knows", "SPACE.ROCKET.LANDED", `"resource":{}`, "ignored", "type"),
		event("a resource of another type", captured, `"resource_type":"refund",`+of(refund, up(capture)), "applied", ""),
		event(
			"an order that is a payment",
			"CHECKOUT.ORDER.COMPLETED",
			`"resource_type":"capture",`+of(capture, ""),
			"applied",
			"",
		),
		event("a payment that is an order", captured, `"resource_type":"checkout-order",`+of(order, ""), "applied", ""),
		event(
			"a payment that is a refund",
			"PAYMENT.CAPTURE.DECLINED",
			`"resource_type":"refund",`+of(refund, ""),
			"applied",
			"",
		),
		event(
			"NUL and bad UTF-8 in the summary",
			captured,
			"\"summary\":\"a\\u0000b\xff\xfe\","+of(capture, ""),
			"applied",
			"",
		),
		event("half a surrogate", captured, `"summary":"\ud800",`+of(capture, ""), "applied", ""),

		{
			"NUL in the id",
			`{"id":"WH-\u0000","event_type":"PAYMENT.CAPTURE.COMPLETED",` + of(capture, "") + `}`,
			"parked",
			cannotBeRead,
		},
		{
			"NUL in the type",
			`{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED\u0000",` + of(capture, "") + `}`,
			"parked",
			cannotBeRead,
		},
		{"bad UTF-8 in the id", "{\"id\":\"WH-\xff\",\"event_type\":\"PAYMENT.CAPTURE.COMPLETED\"}", "parked", cannotBeRead},
		{
			"a raw NUL",
			"{\"id\":\"WH-2\",\"event_type\":\"PAYMENT.CAPTURE.COMPLETED\",\"summary\":\"\x00\"}",
			"parked",
			cannotBeRead,
		},
		{"nothing but nesting", long + strings.Repeat("[", inbox.LargestBody-len(long)), "parked", cannotBeRead},
		{"nothing but nesting, closed", long + deep((inbox.LargestBody-len(long)-1)/2) + "}", "parked", cannotBeRead},
		{"nothing", "", "parked", cannotBeRead},
		{"null", "null", "parked", cannotBeRead},
		{"a list", `[{"id":"WH-3","event_type":"PAYMENT.CAPTURE.COMPLETED"}]`, "parked", cannotBeRead},
		{"no JSON", "<html>Bad Gateway", "parked", cannotBeRead},
		{"random bytes", "\x00\xff\xfe\x80", "parked", cannotBeRead},
	}
}

// Whatever PayPal signs is kept byte for byte and answered with success, books only what the API says, holds up nobody,
// and ends with a sentence that staff can understand.
func TestAbsurdNewsIsKeptAndBooksNothing(t *testing.T) {
	t.Parallel()
	p := open(t)
	gift, capture := p.completed()
	_, other := p.completed()
	p.hook("captures/"+other+"/refund", `{"amount":"5.00"}`)
	back := p.next("PAYMENT.CAPTURE.REFUNDED")
	if err := p.receive(back); err != nil {
		t.Fatal(err)
	}
	p.work()
	refund := p.text(`SELECT paypal_id FROM refund`)
	foreignOrder, foreignRefund := p.foreignRefund()
	before := p.ledger()

	all := invalidNews(capture, gift.Checkout.PayPalID, refund, foreignOrder, foreignRefund)
	for _, n := range all {
		if err := p.receive(p.sign([]byte(n.body))); err != nil {
			t.Errorf("%s: %v", n.name, err)
		}
	}
	behind, d := p.approved()
	if err := p.receive(d); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Work(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := p.State(behind.ID); got != contribution.Completed {
		t.Errorf("the gift behind them is %s", got)
	}
	p.work()
	after := p.ledger()
	for line := range strings.Lines(after) {
		if !strings.Contains(before, strings.TrimSpace(line)) && !strings.HasPrefix(line, behind.ID.String()) {
			t.Errorf("it was booked: %s", line)
		}
	}
	if want := strings.Count(before, "\n") + 3; strings.Count(after, "\n") != want {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
	for _, n := range all {
		var kept struct {
			State, Note string
			Attempts    int
			Due         bool
		}
		err := p.DB.Get(&kept, `SELECT state, note, attempts, due_at IS NOT NULL AS due
			FROM webhook_event w JOIN webhook_body b ON b.event_id = w.id WHERE b.body = $1`, []byte(n.body))
		if err != nil {
			t.Errorf("%s: not kept once, byte for byte: %v", n.name, err)
			continue
		}
		if kept.State != n.state || !strings.Contains(kept.Note, n.note) || !inWords(kept.Note) {
			t.Errorf("%s: %s, %q; want %s, %q", n.name, kept.State, kept.Note, n.state, n.note)
		}
		hopeless := n.note == cannotBeRead || n.note == namesNothing
		if kept.State == "parked" && (kept.Due == hopeless || hopeless && kept.Attempts != 1) {
			t.Errorf("%s: parked after %d tries, and tried again: %v", n.name, kept.Attempts, kept.Due)
		}
	}
	t.Logf("%d absurd events", len(all))
}

// foreignRefund is an order that no contribution of ours belongs to, and a refund of its payment.
func (p *postbox) foreignRefund() (order, refund string) {
	p.T.Helper()
	order = p.foreign()
	p.hook("orders/"+order+"/approve", `{}`)
	p.next("CHECKOUT.ORDER.APPROVED") // not the one that a test waits for
	client := p.PayPal.Client()
	o, err := client.CaptureOrder(p.T.Context(), order, "foreign-capture")
	if err != nil {
		p.T.Fatal(err)
	}
	r, err := client.RefundCapture(
		p.T.Context(),
		o.Captures[0].ID,
		paypal.RefundRequest{RequestID: "foreign-refund", Amount: o.Captures[0].Amount},
	)
	if err != nil {
		p.T.Fatal(err)
	}
	return order, r.ID
}

// inWords reports whether a note is a sentence for a person: no code, no error of a library.
func inWords(note string) bool {
	return strings.HasSuffix(note, ".") && !strings.ContainsAny(note, "{}\x00") && !strings.Contains(note, "paypal:") &&
		!strings.Contains(note, "pq:") &&
		!strings.Contains(note, "%!")
}

// A delivery beyond the limit is refused before anything is parsed; at the limit it is kept ("nothing but nesting").
func TestNewsOfMoreThanAMebibyteIsRefused(t *testing.T) {
	t.Parallel()
	p := open(t)
	if err := p.receive(p.sign(bytes.Repeat([]byte("["), inbox.LargestBody+1))); !fault.Is(err, fault.TooLarge) {
		t.Errorf("%v", err)
	}
	if n := p.Count(`webhook_event`); n != 0 {
		t.Errorf("%d kept", n)
	}
}

// A copy of an unreadable delivery is no second event, and neither is another body under its transmission.
func TestAnUnreadableDeliveryIsKeptOnce(t *testing.T) {
	t.Parallel()
	p := open(t)
	d := p.sign([]byte("<html>"))
	for range 3 {
		if err := p.receive(d); err != nil {
			t.Fatal(err)
		}
	}
	forged := delivered{d.header, sameCRC(`{"id":"WH-FORGED","event_type":"X"}`, crc32.ChecksumIEEE(d.body))}
	if err := p.receive(forged); !fault.Is(err, fault.Invalid) {
		t.Errorf("another body: %v", err)
	}
	p.work()
	if p.Count(`webhook_event`) != 1 || p.Count(`suspect_delivery`) != 1 ||
		p.Count(`webhook_event WHERE state = 'parked' AND due_at IS NULL`) != 1 {
		t.Error("not once")
	}
}

// What tells a sandbox's event at a live installation is where its certificate comes from. Nobody is asked for it.
func TestASandboxEventAtALiveInstallationIsRefused(t *testing.T) {
	t.Parallel()
	p := open(t)
	_, genuine := p.approved()
	var asked int
	verifier, err := paypal.NewVerifier(paypal.VerifierConfig{
		WebhookID: func() string { return p.webhookID }, BaseURL: "https://api-m.paypal.com", Now: p.Clock.Now,
		Transport: counting(func() { asked++ }),
	})
	if err != nil {
		t.Fatal(err)
	}
	live := inbox.New(inbox.Config{DB: p.DB, Verifier: verifier, Now: p.Clock.Now, Log: quiet()}) // it asks PayPal nothing
	for _, address := range []string{
		genuine.header.Get("Paypal-Cert-Url"), "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-1a5f47cb",
		"https://api.sandbox.paypal.com@api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-1a5f47cb",
	} {
		h := genuine.header.Clone()
		h.Set("Paypal-Cert-Url", address)
		if err := live.Receive(t.Context(), h, genuine.body); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if n := p.Count(`webhook_event`) + p.Count(`suspect_delivery`); n != 0 || asked != 0 {
		t.Errorf("%d kept, %d asked for", n, asked)
	}
	// With the certificate's address of the live world the signature decides: it is the sandbox's, which we cannot even
	// ask.
	h := genuine.header.Clone()
	h.Set("Paypal-Cert-Url", "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-1a5f47cb")
	if err := live.Receive(t.Context(), h, genuine.body); !fault.Is(err, fault.Unavailable) || asked == 0 {
		t.Errorf("without a certificate: %v, asked %d times", err, asked)
	}
}

// counting is a way to nowhere.
type counting func()

func (c counting) RoundTrip(*http.Request) (*http.Response, error) {
	c()
	return nil, fmt.Errorf("no way there")
}

// What our own database will not take is no fault of the news: the event says so in a sentence, without what the
// database said, is tried again, and is applied once it can be.
func TestNewsThatCannotBeBookedWaits(t *testing.T) {
	t.Parallel()
	p := open(t)
	c, _, d := p.captured("PAYMENT.CAPTURE.COMPLETED")
	p.DB.MustExec(`ALTER TABLE ledger_entry ADD CONSTRAINT nothing_at_all CHECK (amount_minor = 0)`)
	if err := p.receive(d); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Work(t.Context()); err != nil {
		t.Fatal(err)
	}
	note := p.text(`SELECT note FROM webhook_event WHERE body_digest = sha256($1)`, d.body)
	if !strings.HasPrefix(note, "It could not be applied.") || strings.Contains(note, "nothing_at_all") ||
		p.Count("ledger_entry") != 0 {
		t.Errorf("%q, and %s", note, p.ledger())
	}
	p.DB.MustExec(`ALTER TABLE ledger_entry DROP CONSTRAINT nothing_at_all`)
	p.workFor(time.Minute, 10*time.Second)
	if got := p.State(c.ID); got != contribution.Completed {
		t.Errorf("it can be booked now, and the gift is %s", got)
	}
}
