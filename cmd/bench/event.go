package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// webhookID is the id the events are signed for.
const webhookID = "8PT597110X687430L"

// eventType is one of PayPal's that the service keeps and does nothing about. So what is measured is the taking in:
// verify, store, commit, answer. What follows an event of money is a call to PayPal, at PayPal's pace.
const eventType = "PAYMENT.AUTHORIZATION.CREATED"

// deliveries are signed webhooks, each with ids and a body of its own. Only the signatures are kept; the rest is
// written anew for each sending, which costs next to nothing.
type deliveries struct {
	signatures [][]byte
	sentAt     string
	certURL    string
}

// signDeliveries makes n of them, on all cores.
func signDeliveries(ctx context.Context, s *signer, n int, certURL string, now time.Time) (*deliveries, error) {
	d := &deliveries{signatures: make([][]byte, n), sentAt: now.UTC().Format(time.RFC3339), certURL: certURL}
	var crew sync.WaitGroup
	cores := runtime.NumCPU()
	for c := range cores {
		crew.Go(func() {
			for i := c; i < n && ctx.Err() == nil; i += cores {
				d.signatures[i] = s.sign(transmissionID(i), d.sentAt, webhookID, []byte(eventBody(i)))
			}
		})
	}
	crew.Wait()
	return d, ctx.Err()
}

// request is the i-th delivery as it goes over the wire, appended to buf.
func (d *deliveries) request(buf []byte, i int) []byte {
	return d.write(buf, i, transmissionID(i), []byte(eventBody(i)))
}

// write is a delivery of any body, with the i-th signature.
func (d *deliveries) write(buf []byte, i int, transmission string, body []byte) []byte {
	buf = append(buf, "POST /webhooks/paypal HTTP/1.1\r\nHost: readerfund.example\r\nAccept: */*\r\nUser-Agent: PayPal/AUHD-214.0-58417033\r\n"...)
	buf = append(buf, "Content-Type: application/json\r\nContent-Length: "...)
	buf = strconv.AppendInt(buf, int64(len(body)), 10)
	buf = append(buf, "\r\nPaypal-Auth-Algo: SHA256withRSA\r\nPaypal-Auth-Version: v2\r\nPaypal-Cert-Url: "...)
	buf = append(buf, d.certURL...)
	buf = append(buf, "\r\nPaypal-Transmission-Id: "...)
	buf = append(buf, transmission...)
	buf = append(buf, "\r\nPaypal-Transmission-Time: "...)
	buf = append(buf, d.sentAt...)
	buf = append(buf, "\r\nPaypal-Transmission-Sig: "...)
	buf = base64.StdEncoding.AppendEncode(buf, d.signatures[i])
	buf = append(buf, "\r\n\r\n"...)
	return append(buf, body...)
}

// scatter spreads numbers over all 64 bits without two meeting (the finalizer of splitmix64): PayPal's ids come in no
// order, and where a row falls in an index is part of what an insert costs.
func scatter(i int) uint64 {
	z := uint64(i) + 0x9e3779b97f4a7c15 //nolint:gosec // bits to mix
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func transmissionID(i int) string {
	return fmt.Sprintf("%08x-4a2c-11f0-%04x-%012x", scatter(i)>>32, scatter(i)&0xffff, i)
}

func eventID(i int) string { return fmt.Sprintf("WH-%016X-%08X", scatter(i), i) }

// eventBody is about 1.6 KB, as PayPal's events of authorizations and captures are. All names in it are made up.
func eventBody(i int) string {
	return strings.NewReplacer("{event}", eventID(i), "{resource}",
		fmt.Sprintf("%016X", scatter(-i-1))).Replace(eventTemplate)
}

const eventTemplate = `{"id":"{event}","event_version":"1.0","create_time":"2026-03-02T10:15:30.118Z","resource_type":"authorization","resource_version":"2.0",` +
	`"event_type":"` + eventType + `","summary":"A payment authorization is created for $ 25.0 EUR","resource":{"id":"{resource}","status":"CREATED",` +
	`"status_details":{"reason":"PENDING_REVIEW"},"amount":{"currency_code":"EUR","value":"25.00"},"custom_id":"0195a1b2-6c3d-7e4f-8a5b-000000000000",` +
	`"invoice_id":"K7M3-9QX2","seller_protection":{"status":"ELIGIBLE","dispute_categories":["ITEM_NOT_RECEIVED","UNAUTHORIZED_TRANSACTION"]},` +
	`"payee":{"email_address":"seller@newsroom.example","merchant_id":"ABCDEFGHJKLMN"},"expiration_time":"2026-03-31T10:15:29Z",` +
	`"create_time":"2026-03-02T10:15:29Z","update_time":"2026-03-02T10:15:29Z","supplementary_data":{"related_ids":{"order_id":"5O190127TN364715T"}},` +
	`"links":[{"href":"https://api.sandbox.paypal.com/v2/payments/authorizations/{resource}","rel":"self","method":"GET"},` +
	`{"href":"https://api.sandbox.paypal.com/v2/payments/authorizations/{resource}/capture","rel":"capture","method":"POST"},` +
	`{"href":"https://api.sandbox.paypal.com/v2/payments/authorizations/{resource}/void","rel":"void","method":"POST"},` +
	`{"href":"https://api.sandbox.paypal.com/v2/checkout/orders/5O190127TN364715T","rel":"up","method":"GET"}]},` +
	`"links":[{"href":"https://api.sandbox.paypal.com/v1/notifications/webhooks-events/{event}","rel":"self","method":"GET"},` +
	`{"href":"https://api.sandbox.paypal.com/v1/notifications/webhooks-events/{event}/resend","rel":"resend","method":"POST"}]}`
