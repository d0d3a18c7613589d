package sandbox

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
	"time"
)

// verify checks a delivery as a seller would: from the certificate at its address, up to the sandbox's root.
func verify(t *testing.T, b *bench, d received, webhookID string) error {
	t.Helper()
	bundle := b.send("GET", "/sandbox/ca.pem", "").text
	roots, middles := x509.NewCertPool(), x509.NewCertPool()
	rest := []byte(bundle)
	for i := 0; ; i++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			roots.AddCert(cert)
		} else {
			middles.AddCert(cert)
		}
	}
	served := b.send("GET", strings.TrimPrefix(d.header.Get("Paypal-Cert-Url"), b.url), "")
	block, more := pem.Decode([]byte(served.text))
	if block == nil || len(strings.TrimSpace(string(more))) > 0 {
		t.Fatalf("the certificate's address serves more or less than one PEM: %s", served.text)
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: middles, DNSName: leafName,
		CurrentTime: b.server.now().AddDate(4, 0, 0)}); err != nil {
		return err
	}
	message := fmt.Sprintf("%s|%s|%s|%d", d.header.Get("Paypal-Transmission-Id"), d.header.Get("Paypal-Transmission-Time"),
		webhookID, crc32.ChecksumIEEE([]byte(d.body)))
	digest := sha256.Sum256([]byte(message))
	sig, err := base64.StdEncoding.DecodeString(d.header.Get("Paypal-Transmission-Sig"))
	if err != nil {
		return err
	}
	return rsa.VerifyPKCS1v15(leaf.PublicKey.(*rsa.PublicKey), crypto.SHA256, digest[:], sig)
}

func TestDeliveriesAreSigned(t *testing.T) {
	t.Parallel()
	b, r := newBench(t, Options{}), newReceiver(t)
	hook := b.subscribe(r, "*")
	order, id := b.pay("EUR", "10.00", "")
	eventually(t, "three deliveries", func() bool { return len(r.all()) == 3 })
	kinds := r.types()
	slices.Sort(kinds)
	if want := []string{"CHECKOUT.ORDER.APPROVED", "CHECKOUT.ORDER.COMPLETED", "PAYMENT.CAPTURE.COMPLETED"}; !slices.Equal(kinds, want) {
		t.Errorf("events %v", kinds)
	}
	for _, d := range r.all() {
		if err := verify(t, b, d, hook); err != nil {
			t.Error(err)
		}
		if verify(t, b, d, "4JH86294D6297924G") == nil {
			t.Error("verifies for another webhook")
		}
		changed := d
		changed.body = strings.Replace(d.body, "10.00", "99.00", 1)
		if verify(t, b, changed, hook) == nil {
			t.Error("verifies with another body")
		}
		for name, want := range map[string]string{
			"Paypal-Auth-Algo": "SHA256withRSA", "Paypal-Auth-Version": "v2", "Content-Type": "application/json",
		} {
			if d.header.Get(name) != want {
				t.Errorf("%s is %q", name, d.header.Get(name))
			}
		}
		var e struct {
			ID       string `json:"id"`
			Type     string `json:"event_type"`
			Resource struct {
				ID, Status string
				Custom     string `json:"custom_id"`
			}
		}
		if err := json.Unmarshal([]byte(d.body), &e); err != nil {
			t.Fatal(err)
		}
		if e.Type == "PAYMENT.CAPTURE.COMPLETED" && (e.Resource.ID != id || e.Resource.Custom != "gift-1") {
			t.Errorf("resource %+v", e.Resource)
		}
		if e.Type == "CHECKOUT.ORDER.APPROVED" && (e.Resource.ID != order || e.Resource.Status != "APPROVED") {
			t.Errorf("resource %+v", e.Resource)
		}
		if !strings.HasPrefix(e.ID, "WH-") || len(e.ID) != len("WH-58D329510W468432D-8HN650336L201105X") {
			t.Errorf("event id %s", e.ID)
		}
	}
}

func TestShownDeliveryIsTheOneSent(t *testing.T) {
	t.Parallel()
	b, r := newBench(t, Options{}), newReceiver(t)
	hook := b.subscribe(r, "CHECKOUT.ORDER.APPROVED")
	b.approve(b.order("EUR", "10.00"), "")
	eventually(t, "the delivery", func() bool { return b.hook("GET", "/sandbox/deliveries", "").get("0.status") == "200" })
	shown := b.hook("GET", "/sandbox/deliveries?event_type=CHECKOUT.ORDER.APPROVED", "")
	sent := r.all()[0]
	b.want(shown, 200, "0.body", sent.body)
	b.want(shown, 200, "0.url", r.url)
	b.want(shown, 200, "0.headers.PAYPAL-TRANSMISSION-SIG", sent.header.Get("Paypal-Transmission-Sig"))

	ask := func(body, id string) string {
		h := sent.header
		text, err := json.Marshal(map[string]any{
			"auth_algo": h.Get("Paypal-Auth-Algo"), "cert_url": h.Get("Paypal-Cert-Url"),
			"transmission_id":  h.Get("Paypal-Transmission-Id"),
			"transmission_sig": h.Get("Paypal-Transmission-Sig"), "transmission_time": h.Get("Paypal-Transmission-Time"),
			"webhook_id":    id,
			"webhook_event": json.RawMessage(body),
		})
		if err != nil {
			t.Fatal(err)
		}
		return b.api("POST", "/v1/notifications/verify-webhook-signature", string(text)).get("verification_status")
	}
	if got := ask(sent.body, hook); got != "SUCCESS" {
		t.Error(got)
	}
	if got := ask(strings.Replace(sent.body, "10.00", "11.00", 1), hook); got != "FAILURE" {
		t.Error(got)
	}
	if got := ask(sent.body, "4JH86294D6297924G"); got != "FAILURE" {
		t.Error(got)
	}
	b.want(b.api("POST", "/v1/notifications/verify-webhook-signature", "{}"), 400, "name", "VALIDATION_ERROR")
}

func TestFailedDeliveryIsTriedAgain(t *testing.T) {
	t.Parallel()
	b, r := newBench(t, Options{RetryUnit: 10 * time.Millisecond}), newReceiver(t, 500, 302, 404)
	hook := b.subscribe(r, "CHECKOUT.ORDER.APPROVED")
	b.approve(b.order("EUR", "10.00"), "")
	eventually(t, "a fourth attempt", func() bool { return len(r.all()) == 4 })
	all := r.all()
	ids := map[string]bool{}
	for _, d := range all {
		if d.body != all[0].body {
			t.Error("a retry has another body")
		}
		if err := verify(t, b, d, hook); err != nil {
			t.Error(err)
		}
		ids[d.header.Get("Paypal-Transmission-Id")] = true
	}
	if len(ids) != 4 {
		t.Errorf("%d transmission ids for four attempts", len(ids))
	}
	eventually(t, "success", func() bool { return b.hook("GET", "/sandbox/deliveries", "").get("3.status") == "200" })
	b.want(b.hook("GET", "/sandbox/deliveries", ""), 200, "1.status", "302") // not followed
	b.want(b.hook("GET", "/sandbox/deliveries", ""), 200, "3.attempt", "4")
}

func TestDeliveryIsGivenUpAfterThreeDays(t *testing.T) {
	t.Parallel()
	b, r := newBench(t, Options{RetryUnit: time.Second}), newReceiver(t, 500, 500, 500, 500)
	b.subscribe(r, "CHECKOUT.ORDER.APPROVED")
	b.approve(b.order("EUR", "10.00"), "")
	eventually(t, "a retry to wait", func() bool { return b.waiting() == 1 && len(r.all()) == 1 })
	b.advance(73 * time.Hour)
	eventually(t, "the queue to be empty", func() bool { return b.waiting() == 0 })
	if n := len(r.all()); n != 1 {
		t.Errorf("%d attempts", n)
	}
	b.login()
	b.want(b.api("GET", "/v1/notifications/webhooks-events", ""), 200, "count", "2") // the approval lapsed, too
}

func TestRetryScheduleSpansThreeDays(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{RetryUnit: time.Minute})
	var sum time.Duration
	for failed := 1; failed < maxAttempts; failed++ {
		wait := b.server.retryWait(failed)
		if failed > 1 && wait <= b.server.retryWait(failed-1) {
			t.Errorf("wait %d does not grow", failed)
		}
		sum += wait
	}
	if first := b.server.retryWait(1); first != time.Minute {
		t.Errorf("first wait %v", first)
	}
	if sum < 70*time.Hour || sum > 76*time.Hour {
		t.Errorf("the waits add up to %v", sum)
	}
}

func TestWebhookFaults(t *testing.T) {
	t.Parallel()
	t.Run("drop", func(t *testing.T) {
		t.Parallel()
		b, r := newBench(t, Options{}), newReceiver(t)
		b.subscribe(r, "*")
		b.hook("POST", "/sandbox/faults", `{"kind":"drop_webhook","match":{"event":"PAYMENT.*"}}`)
		_, id := b.pay("EUR", "10.00", "")
		eventually(t, "the two others", func() bool { return len(r.all()) == 2 })
		events := b.api("GET", "/v1/notifications/webhooks-events?event_type=PAYMENT.CAPTURE.COMPLETED&transaction_id="+id,
			"")
		b.want(events, 200, "count", "1")
		b.hook("DELETE", "/sandbox/faults", "")
		if got := b.api("POST", "/v1/notifications/webhooks-events/"+events.get("events.0.id")+
			"/resend", "{}"); got.status != 202 {
			t.Fatal(got.status, got.text)
		}
		eventually(t, "the resent one", func() bool { return slices.Contains(r.types(), "PAYMENT.CAPTURE.COMPLETED") })
	})
	t.Run("duplicate", func(t *testing.T) {
		t.Parallel()
		b, r := newBench(t, Options{}), newReceiver(t)
		b.subscribe(r, "CHECKOUT.ORDER.APPROVED")
		b.hook("POST", "/sandbox/faults", `{"kind":"duplicate_webhook","times":1}`)
		b.approve(b.order("EUR", "10.00"), "")
		eventually(t, "two copies", func() bool { return len(r.all()) == 2 })
		if all := r.all(); all[0].body != all[1].body {
			t.Error("the copies differ")
		}
	})
	t.Run("reorder", func(t *testing.T) {
		t.Parallel()
		b, r := newBench(t, Options{RetryUnit: time.Minute}), newReceiver(t)
		b.subscribe(r, "*")
		b.hook("POST", "/sandbox/faults", `{"kind":"reorder_webhooks","times":1,"match":{"event":"CHECKOUT.ORDER.APPROVED"}}`)
		b.pay("EUR", "10.00", "")
		eventually(t, "all three", func() bool { return len(r.all()) == 3 })
		if at := slices.Index(r.types(), "CHECKOUT.ORDER.APPROVED"); at == 0 {
			t.Errorf("arrived as %v", r.types())
		}
	})
	t.Run("reorder without another event", func(t *testing.T) {
		t.Parallel()
		b, r := newBench(t, Options{RetryUnit: 20 * time.Millisecond}), newReceiver(t)
		b.subscribe(r, "*")
		b.hook("POST", "/sandbox/faults", `{"kind":"reorder_webhooks"}`)
		b.approve(b.order("EUR", "10.00"), "")
		eventually(t, "it comes all the same", func() bool { return len(r.all()) == 1 })
	})
}
