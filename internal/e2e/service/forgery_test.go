package service

import (
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/paypal/crcforge"
	"readerfund/internal/testkit"
)

// intercepted is a scene in which PayPal's deliveries go astray, and somebody has one of them: that of an approved
// gift.
func intercepted(t *testing.T, settings ...string) (*harness.Fixture, harness.Started, testkit.Delivery) {
	t.Helper()
	s := harness.New(t, settings...)
	s.Serve()
	s.PointWebhook("http://" + testkit.FreeAddress(t))
	g := s.Client().Begin(t, "25.00", "EUR")
	if _, err := s.PayPal.Approve(g.Order(), ""); err != nil {
		t.Fatal(err)
	}
	return s, g, s.Delivered("CHECKOUT.ORDER.APPROVED")
}

// F9: every byte of the body, and of every header that says who sent it, is changed in turn; in CI each, and else 200
// that are drawn. What the signature does not cover and nobody reads (PAYPAL-AUTH-VERSION, CORRELATION-ID,
// Content-Type, User-Agent) is left alone.
func TestAnyByteOfADeliveryChanged(t *testing.T) {
	t.Parallel()
	s, g, d := intercepted(t)
	type mutant struct{ what, header, value, body string }
	var mutants []mutant
	for _, name := range []string{"PAYPAL-TRANSMISSION-ID", "PAYPAL-TRANSMISSION-TIME", "PAYPAL-TRANSMISSION-SIG", "PAYPAL-CERT-URL", "PAYPAL-AUTH-ALGO"} {
		for i := range d.Headers[name] {
			mutants = append(
				mutants,
				mutant{fmt.Sprintf("%s, byte %d", name, i), name, harness.FlipBit(d.Headers[name], i), d.Body},
			)
		}
	}
	for i := range d.Body {
		mutants = append(mutants, mutant{fmt.Sprintf("body, byte %d", i), "X-None", "", harness.FlipBit(d.Body, i)})
	}
	mutants = testkit.Some(t, 200, mutants)
	var crew sync.WaitGroup
	for n := range 8 {
		post := s.Client()
		crew.Go(func() {
			for i := n; i < len(mutants); i += 8 {
				m := mutants[i]
				got, err := post.Deliver(d, m.body, m.header, m.value)
				// A strange certificate address may have to wait for its turn; see TestStrangeCertificatesAreFetchedSlowly.
				waits := m.header == "PAYPAL-CERT-URL" && got.Status == 503
				if err != nil || got.Status/100 != 4 && !waits {
					t.Errorf("%s: %v, %v", m.what, err, got)
				}
			}
		})
	}
	crew.Wait()
	t.Logf("%d changed deliveries", len(mutants))
	if events, suspects := s.Count("webhook_event"), s.Count("suspect_delivery"); events+suspects > 0 {
		t.Errorf("%d events and %d suspects were kept", events, suspects)
	}
	// The delivery itself is good: what was refused was refused for its byte.
	if got, err := s.Client().Deliver(d, d.Body); err != nil || got.Status != 200 {
		t.Fatalf("the unchanged delivery: %v, %v", err, got)
	}
	completed(s, g)
}

// F11: another body that fits the CRC, when the genuine one came first.
func TestASecondBodyUnderGenuineHeadersIsRefused(t *testing.T) {
	t.Parallel()
	s, g, d := intercepted(t)
	post := s.Client()
	if got, err := post.Deliver(d, d.Body); err != nil || got.Status != 200 {
		t.Fatalf("the genuine delivery: %v, %v", err, got)
	}
	completed(s, g)
	for _, forged := range forgeries(t, s, g, d) {
		got, err := post.Deliver(d, forged)
		if err != nil || got.Status/100 != 4 {
			t.Errorf("%v, %v\n%s", err, got, forged)
		}
		if n := s.Count("webhook_event WHERE body_digest = sha256($1)", []byte(forged)); n != 0 {
			t.Errorf("kept as an event: %s", forged)
		}
	}
	if n := s.Count(
		"suspect_delivery WHERE transmission_id = $1 AND copies = 3",
		d.Headers["PAYPAL-TRANSMISSION-ID"],
	); n != 1 {
		t.Error("the suspect deliveries are not counted for staff")
	}
	if page := s.Staff().Get(t, "/staff/inbox"); !strings.Contains(page.Body, "may be forged") {
		t.Error("the inbox does not tell staff of suspect deliveries")
	}
	expectOnlyGift(s, g)
}

// F11, worse: the forged body comes first, in the place of the genuine one. It verifies, so it is heard; the API
// decides, so nothing is booked; and the genuine gift is recorded all the same.
func TestAForgedBodyThatComesFirstBooksNothing(t *testing.T) {
	t.Parallel()
	forgeriesFirst := []string{"a capture that does not exist", "the genuine event's own id", "another event"}
	for _, name := range testkit.Some(t, 1, forgeriesFirst) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, g, d := intercepted(t, "SWEEP_INTERVAL", "2s")
			post := s.Client()
			forged := forgeries(t, s, g, d)[slices.Index(forgeriesFirst, name)]
			if got, err := post.Deliver(d, forged); err != nil || got.Status != 200 {
				t.Fatalf("the forged delivery verifies, so it should be heard: %v, %v", err, got)
			}
			if got, err := post.Deliver(d, d.Body); err != nil || got.Status/100 != 4 {
				t.Errorf("the genuine delivery under a transmission id that was used: %v, %v", err, got)
			}
			s.PointWebhook(s.BaseURL)
			completed(s, g)
			testkit.Eventually(t, time.Minute, "the forged event was worked on", func() (bool, string) {
				return s.Count(
					"webhook_event WHERE body_digest = sha256($1) AND (state <> 'received' OR note <> '')",
					[]byte(forged),
				) == 1, "it was not"
			})
			if n := s.Count(
				"webhook_event WHERE body_digest = sha256($1) AND state = 'applied'",
				[]byte(forged),
			); n != 0 &&
				name != "another event" {
				t.Error("the forged event was applied")
			}
			expectOnlyGift(s, g)
		})
	}
}

// F11, with money going back: the forged body takes the genuine refund's event id. PayPal sends the genuine one again,
// and it must be heard, because nothing but a webhook tells of a refund.
func TestAForgedBodyDoesNotHideARefund(t *testing.T) {
	t.Parallel()
	s := harness.New(t, "SWEEP_INTERVAL", "1s")
	s.Serve()
	g := s.Client().Begin(t, "25.00", "EUR")
	if _, err := s.PayPal.Approve(g.Order(), ""); err != nil {
		t.Fatal(err)
	}
	completed(s, g)
	testkit.Eventually(t, time.Minute, "all of PayPal's news of the gift came", func() (bool, string) {
		n := s.Count("webhook_event WHERE state = 'applied'")
		return n == 3, fmt.Sprint(n)
	})
	s.PointWebhook("http://" + testkit.FreeAddress(t))
	s.PayPal.Must(
		"POST",
		"/sandbox/captures/"+s.PayPal.CapturesOf(g.ID)[0].ID+"/refund",
		testkit.Fields{"amount": "5.00"},
		nil,
	)
	d := s.Delivered("PAYMENT.CAPTURE.REFUNDED")
	forged := string(
		crcforge.Body(
			`{"id":"`+d.EventID+`","event_type":"PAYMENT.CAPTURE.REFUNDED","resource":{"id":"9XX99999XX999999X"},"x":"`,
			`"}`,
			crc32.ChecksumIEEE([]byte(d.Body)),
		),
	)
	if got, err := s.Client().Deliver(d, forged); err != nil || got.Status != 200 {
		t.Fatalf("the forged delivery verifies, so it should be heard: %v, %v", err, got)
	}
	s.PointWebhook(s.BaseURL)
	s.Balanced(time.Minute)
}

// expectOnlyGift checks that nothing but one gift of 25.00 EUR is in the books.
func expectOnlyGift(s *harness.Fixture, g harness.Started) {
	s.T.Helper()
	s.Balanced(time.Minute)
	if n := s.Count("ledger_entry"); n != 2 {
		s.T.Errorf("%d ledger entries, not one charge and one fee", n)
	}
	if n := s.Count("ledger_entry WHERE contribution_id = $1 AND kind = 'charge' AND amount_minor = 2500", g.ID); n != 1 {
		s.T.Error("the genuine gift is not in the books")
	}
}

// forgeries are bodies that verify under the delivery's headers. The last one tells of the genuine order, and lies
// about everything else.
func forgeries(t *testing.T, s *harness.Fixture, g harness.Started, d testkit.Delivery) []string {
	t.Helper()
	var all []string
	for _, head := range []string{
		`{"id":"WH-FORGED-1","event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"9XX99999XX999999X","status":"COMPLETED","custom_id":"` + g.ID + `","amount":{"currency_code":"EUR","value":"9999.00"}},"x":"`,
		`{"id":"` + d.EventID + `","event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"9XX99999XX999999X","status":"COMPLETED","custom_id":"` + g.ID + `","amount":{"currency_code":"EUR","value":"9999.00"}},"x":"`,
		`{"id":"WH-FORGED-2","event_type":"CHECKOUT.ORDER.COMPLETED","resource":{"id":"` + g.Order() + `","status":"COMPLETED","purchase_units":[{"amount":{"currency_code":"EUR","value":"9999.00"}}]},"x":"`,
	} {
		body := string(crcforge.Body(head, `"}`, crc32.ChecksumIEEE([]byte(d.Body))))
		if crc32.ChecksumIEEE([]byte(body)) != crc32.ChecksumIEEE([]byte(d.Body)) || body == d.Body {
			t.Fatalf("no forgery: %s", body)
		}
		all = append(all, body)
	}
	return all
}
