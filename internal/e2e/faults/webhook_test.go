package faults

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"hash/crc32"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/paypal/crcforge"
	"readerfund/internal/testkit"
)

// F5: a double click, two tabs, a program that sends again: 50 copies over all processes, and one order.
func oneKeyForMany(h *fixture) {
	key := uuid.NewString()
	doors := h.clients()
	answers := harness.Concurrently(
		50,
		func(n int) (harness.Response, error) { return doors[n%len(doors)].Give("25.00", "EUR", key) },
	)
	for n, got := range answers {
		if got.Err != nil || got.Status != http.StatusCreated || got.Body != answers[0].Body {
			h.T.Errorf("copy %d: %v, %v\nthe first: %v", n, got.Err, got.Response, answers[0].Response)
		}
	}
	g, err := answers[0].Started()
	if err != nil {
		h.T.Fatal(err)
	}
	var orders []struct{ ID string }
	h.PayPal.Must("GET", "/sandbox/orders?custom_id="+g.ID, nil, &orders)
	if len(orders) != 1 || orders[0].ID != g.Order() || h.Count("contribution WHERE idempotency_key = $1", key) != 1 {
		h.T.Errorf("the sandbox has the orders %v for it, and the answers say %s", orders, g.Order())
	}
	if _, err := h.PayPal.Approve(g.Order(), ""); err != nil {
		h.T.Fatal(err)
	}
	h.load.Add(harness.Gift{Started: g, Ending: "closes"})
	h.struck += len(answers) - 1
}

// clients are visitors at each process.
func (h *fixture) clients() []*harness.Client {
	var doors []*harness.Client
	for _, base := range h.baseURLs() {
		doors = append(doors, harness.NewClient(h.T, base))
	}
	return doors
}

// F6: PayPal sends everything twice, 0.07 s apart; and a hundred copies of one delivery come at the same moment.
func duplicates(h *fixture) {
	h.faultFor(500*time.Millisecond, testkit.Fields{"kind": "duplicate_webhook"})
	doors := h.clients()
	for _, eventType := range []string{"CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.COMPLETED"} {
		h.Delivered(eventType)
		all := h.PayPal.Deliveries(eventType)
		d := all[len(all)-1]
		for n, got := range harness.Concurrently(100, func(n int) (harness.Response, error) { return doors[n%len(doors)].Deliver(d, d.Body) }) {
			if got.Err != nil || got.Status/100 != 2 {
				h.T.Errorf("copy %d of %s: %v, %v", n, eventType, got.Err, got.Response)
			}
		}
		if n := h.Count("webhook_event WHERE event_id = $1", d.EventID); n != 1 {
			h.T.Errorf("%s is kept %d times", d.EventID, n)
		}
		h.struck += 100
	}
}

// F7: the news of a capture comes again under another event id, signed by PayPal.
func otherEventIDs(h *fixture) {
	for range 3 {
		for _, eventType := range []string{"CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.COMPLETED"} {
			h.Delivered(eventType)
			for _, d := range h.PayPal.Deliveries(eventType) {
				h.accepted(strings.Replace(d.Body, d.EventID, "WH-"+strings.ToUpper(uuid.NewString()), 1))
				h.struck++
			}
		}
	}
}

// accepted delivers a body that PayPal signed, and must get a 2xx; the event must be there then.
func (h *fixture) accepted(body string) {
	h.T.Helper()
	d := h.sign(body)
	if got, err := h.deliver(d); err != nil || got.Status/100 != 2 {
		h.T.Errorf("%.200s\n%v, %v", body, err, got)
	}
	if n := h.Count(
		"webhook_event WHERE transmission_id = $1 AND coalesce(body_digest, sha256(body)) = sha256($2)",
		d.Headers["PAYPAL-TRANSMISSION-ID"],
		[]byte(body),
	); n != 1 {
		h.T.Errorf("it was acknowledged and is kept %d times: %.200s", n, body)
	}
}

// F8: later events come before earlier ones, captures are told of before they are answered, and orders before they are
// saved.
func outOfOrder(h *fixture) {
	h.PayPal.Fault(testkit.Fields{"kind": "reorder_webhooks"})
	h.PayPal.Fault(
		testkit.Fields{
			"kind":    "timeout_after",
			"delay":   "250ms",
			"percent": 60,
			"match":   testkit.Fields{"method": "POST", "path": "/v2/checkout/*"},
		},
	)
	told := map[string]bool{}
	for range 12 {
		var orders []struct{ ID, Status string }
		h.PayPal.Must("GET", "/sandbox/orders", nil, &orders)
		for _, o := range orders {
			if !told[o.ID] && (o.Status == "CREATED" || o.Status == "PAYER_ACTION_REQUIRED") {
				told[o.ID] = true
				h.accepted(
					`{"id":"WH-EARLY-` + o.ID + `","event_type":"CHECKOUT.ORDER.APPROVED","resource":{"id":"` + o.ID + `","status":"APPROVED"}}`,
				)
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	h.clearFaults()
}

// F9: one byte of a genuine delivery is another. TestAnyByteOfADeliveryChanged changes each in turn.
func alteredDeliveries(h *fixture) {
	d := h.Delivered("CHECKOUT.ORDER.APPROVED")
	post := h.Client()
	for range 40 {
		body, change := d.Body, []string{"X-None", ""}
		if h.draw.IntN(2) == 0 {
			body = harness.FlipBit(body, h.draw.IntN(len(body)))
		} else {
			name := oneOf(
				h,
				"PAYPAL-TRANSMISSION-ID",
				"PAYPAL-TRANSMISSION-TIME",
				"PAYPAL-TRANSMISSION-SIG",
				"PAYPAL-CERT-URL",
				"PAYPAL-AUTH-ALGO",
			)
			change = []string{name, harness.FlipBit(d.Headers[name], h.draw.IntN(len(d.Headers[name])))}
		}
		if got, err := post.Deliver(d, body, change...); err != nil || got.Status/100 != 4 {
			h.T.Errorf("%v: %v, %v", change, err, got)
		}
		h.struck++
	}
	if n := h.Count("suspect_delivery"); n != 0 {
		h.T.Errorf("%d suspects were kept", n)
	}
}

// F10: genuine deliveries are sent once more, as somebody may do who recorded them days ago.
func fiveDaysBehind(_ *testing.T, h *fixture) { h.behind = 5 * 24 * time.Hour }

func replays(h *fixture) {
	for range 2 {
		for _, d := range h.PayPal.Deliveries("") {
			if d.Status/100 != 2 {
				continue
			}
			if got, err := h.deliver(d); err != nil || got.Status/100 != 2 {
				h.T.Errorf("a replay of %s: %v, %v", d.EventType, err, got)
			}
			h.struck++
		}
	}
}

// F11: bodies that verify and say what is not so. Under PayPal's own signature they are heard, and PayPal's API
// decides; under the headers of a delivery that came before, they are refused.
func falseEvents(h *fixture) {
	d := h.Delivered("CHECKOUT.ORDER.APPROVED")
	gifts := h.load.Gifts()
	g := gifts[h.draw.IntN(len(gifts))]
	money := `"amount":{"currency_code":"` + oneOf(h, "EUR", "USD", "JPY") + `","value":"9999.00"}`
	for _, say := range []struct{ kind, resource string }{
		{"PAYMENT.CAPTURE.COMPLETED", `{"id":"9XX99999XX999999X","status":"COMPLETED","custom_id":"` + g.ID + `",` + money + `}`},
		{"PAYMENT.CAPTURE.REFUNDED", `{"id":"8XX99999XX999999X","status":"COMPLETED","custom_id":"` + g.ID + `",` + money + `}`},
		{"PAYMENT.CAPTURE.REVERSED", `{"id":"7XX99999XX999999X","status":"COMPLETED",` + money + `}`},
		{"CHECKOUT.ORDER.COMPLETED", `{"id":"` + g.Order() + `","status":"COMPLETED","purchase_units":[{` + money + `,"payee":{"merchant_id":"SOMEBODYELSE1"}}]}`},
		{"CHECKOUT.ORDER.COMPLETED", `{"id":"6XX99999XX999999X","status":"COMPLETED","purchase_units":[{"custom_id":"` + g.ID + `",` + money + `}]}`},
		{"CUSTOMER.DISPUTE.CREATED", `{"dispute_id":"PP-D-99999","status":"OPEN","dispute_amount":{"currency_code":"EUR","value":"9999.00"}}`},
	} {
		event := `{"id":"WH-LIE-` + uuid.NewString() + `","event_type":"` + say.kind + `","resource":` + say.resource
		h.accepted(event + `}`)
		forged := string(crcforge.Body(event+`,"x":"`, `"}`, crc32.ChecksumIEEE([]byte(d.Body))))
		if got, err := h.Client().Deliver(d, forged); err != nil || got.Status/100 != 4 {
			h.T.Errorf("under another delivery's headers: %v, %v\n%s", err, got, forged)
		}
		h.struck += 2
	}
}

// F14: what PayPal signed and cannot mean. What is acknowledged is kept as it came, what is no event is refused; never
// is it our fault, and never does it hold up the others.
func poisonMessages(h *fixture) {
	h.hopeless = true
	id := func() string { return `"id":"WH-POISON-` + uuid.NewString() + `"` }
	deep := strings.Repeat(`[`, 5000) + strings.Repeat(`]`, 5000)
	for _, body := range []string{
		`{` + id() + `,"event_type":"RISK.UNHEARD.OF","resource":{"id":"X"}}`,
		`{` + id() + `,"event_type":"PAYMENT.CAPTURE.COMPLETED","create_time":"2018-19-12T22:20:32.000Z","resource":{"id":"12A34567BC123456S"}}`,
		`{` + id() + `,"event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"12A34567BC123456S","amount":{"value":1e30,"currency_code":7}}}`,
		`{` + id() + `,"event_type":"PAYMENT.CAPTURE.REFUNDED","resource":{"id":123456789012345678901234567890,"links":{"rel":"up"}}}`,
		`{` + id() + `,"event_type":"PAYMENT.CAPTURE.REFUNDED","resource":null}`,
		`{` + id() + `,"event_type":"CHECKOUT.ORDER.APPROVED","resource":{"id":"../../../v1/oauth2/token"}}`,
		`{` + id() + `,"event_type":"CHECKOUT.ORDER.APPROVED","resource":{"id":"\u0000\u0000"},"summary":"\u0000"}`,
		`{` + id() + `,"event_type":"PAYMENT.CAPTURE.COMPLETED","summary":"` + "\xff\xfe\xc0" + `","resource":{"id":"` + "\xff" + `"}}`,
		`{` + id() + `,"event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"X","deep":` + deep + `}}`,
		`{` + id() + `,"event_type":["PAYMENT.CAPTURE.COMPLETED"]}`,
		`{"id":17,"event_type":null}`, `[]`, `"event"`, `nonsense`, ``,
	} {
		d := h.sign(body)
		got, err := h.deliver(d)
		kept := h.Count(
			"webhook_event WHERE transmission_id = $1 AND coalesce(body_digest, sha256(body)) = sha256($2)",
			d.Headers["PAYPAL-TRANSMISSION-ID"],
			[]byte(body),
		)
		if err != nil || got.Status/100 == 2 && kept != 1 || got.Status/100 != 2 && got.Status/100 != 4 {
			h.T.Errorf("%v, %v, kept %d times: %.200s", err, got, kept, body)
		}
		h.struck++
	}
}

// F15: the address of PayPal's certificate serves nothing, nonsense, or a certificate that is not to be trusted, though
// the signature is by its key. Until it is back, PayPal hears no 2xx.
func badCertificates(h *fixture) {
	broken := []testkit.Fields{
		{"kind": "status", "status": 503, "match": testkit.Fields{"path": "/v1/notifications/certs/*"}},
		{"kind": "reset_before", "match": testkit.Fields{"path": "/v1/notifications/certs/*"}},
	}
	texts := []string{"no certificate", strangersCertificate(h.T, time.Hour), strangersCertificate(h.T, -time.Hour)}
	genuine := h.Delivered("CHECKOUT.ORDER.APPROVED")
	tries := h.draw.Perm(len(broken) + len(texts))[:2]
	for _, try := range tries {
		if try < len(broken) {
			h.PayPal.Fault(broken[try])
		} else {
			h.PayPal.Certificate.Store(&texts[try-len(broken)])
		}
		h.restartAll() // nobody remembers the good one
		for _, body := range []string{genuine.Body, `{"id":"WH-UNJUDGED","event_type":"CHECKOUT.ORDER.APPROVED","resource":{"id":"X"}}`} {
			if got, err := h.deliver(h.sign(body)); err != nil || got.Status/100 != 5 {
				h.T.Errorf("without a certificate to verify it with: %v, %v", err, got)
			}
			h.struck++
		}
		time.Sleep(200 * time.Millisecond)
		h.clearFaults()
		h.PayPal.Certificate.Store(nil)
	}
	h.restartAll() // a failure is remembered for ten seconds
}

// strangersCertificate is for the key that PayPal signs with, and bears PayPal's name, but nobody we trust has issued
// it. It runs out after that time.
func strangersCertificate(t *testing.T, after time.Duration) string {
	t.Helper()
	theirs, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := signingKey()
	if err != nil {
		t.Fatal(err)
	}
	name := "messageverificationcerts.sandbox.paypal.com"
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(after), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	issuer := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "A stranger"}}
	der, err := x509.CreateCertificate(rand.Reader, leaf, issuer, key.Public(), theirs)
	if err != nil {
		t.Fatal(fmt.Errorf("make a certificate: %w", err))
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
