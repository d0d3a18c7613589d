package service

import (
	"fmt"
	"hash/crc32"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/inbox"
	"readerfund/internal/paypal/crcforge"
	"readerfund/internal/testkit"
)

// badNews is a body that PayPal's signature covers: what stands before and after the letters that make its checksum
// fit.
type badNews struct{ name, head, tail, state, note string }

// F14, by the front door: whatever is absurd inside a signature that fits is answered with success, kept byte by byte,
// ends with a sentence that staff can read on a page that is whole, books nothing and holds up nobody.
func TestBadNewsEndsOnAPageThatSaysWhatHappened(t *testing.T) {
	t.Parallel()
	s := harness.New(t)
	s.Serve()
	paid := s.Client().Begin(t, "25.00", "EUR")
	if _, err := s.PayPal.Approve(paid.Order(), ""); err != nil {
		t.Fatal(err)
	}
	completed(s, paid)
	testkit.Eventually(t, time.Minute, "all news of the gift is worked off", func() (bool, string) {
		n := s.Count("webhook_event WHERE state = 'applied'")
		return n == 3, fmt.Sprint(n)
	})
	all := badNewsAbout(s.PayPal.CapturesOf(paid.ID)[0].ID)

	// Deliveries go astray from now on, and somebody has one for each body.
	s.PointWebhook("http://" + testkit.FreeAddress(t))
	var gifts []harness.Started
	for range all {
		g := s.Client().Begin(t, "25.00", "EUR")
		if _, err := s.PayPal.Approve(g.Order(), ""); err != nil {
			t.Fatal(err)
		}
		gifts = append(gifts, g)
	}
	heard := map[string]testkit.Delivery{}
	testkit.Eventually(t, time.Minute, "a delivery for each", func() (bool, string) {
		for _, d := range s.PayPal.Deliveries("CHECKOUT.ORDER.APPROVED") {
			if strings.Contains(d.URL, s.BaseURL) {
				continue // the gift's own, which came
			}
			heard[d.EventID] = d
		}
		return len(heard) == len(all), fmt.Sprint(len(heard))
	})
	bodies, n := make([]string, len(all)), 0
	for _, d := range heard {
		x := all[n]
		bodies[n] = string(crcforge.Body(x.head, x.tail, crc32.ChecksumIEEE([]byte(d.Body))))
		if got, err := s.Client().Deliver(d, bodies[n]); err != nil || got.Status != http.StatusOK {
			t.Errorf("%s: %v, %v", x.name, err, got)
		}
		n++
	}
	if got, err := s.Client().Deliver(
		s.Delivered("CHECKOUT.ORDER.APPROVED"),
		strings.Repeat("[", inbox.LargestBody+1),
	); err != nil ||
		got.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("more than a MiB: %v, %v", err, got)
	}

	staff := s.Staff()
	for n, x := range all {
		testkit.Eventually(t, time.Minute, x.name+" has been looked at", func() (bool, string) {
			return s.Count(
				"webhook_event WHERE body_digest = sha256($1) AND (state <> 'received' OR attempts > 0 AND note <> '')",
				[]byte(bodies[n]),
			) == 1, "it has not"
		})
		var kept struct {
			ID          int64
			State, Note string
		}
		if err := s.DB.Get(
			&kept,
			`SELECT id, state, note FROM webhook_event WHERE body_digest = sha256($1)`,
			[]byte(bodies[n]),
		); err != nil {
			t.Fatal(err)
		}
		if kept.State != x.state || !strings.Contains(kept.Note, x.note) {
			t.Errorf("%s: %s, %q", x.name, kept.State, kept.Note)
		}
		page := staff.Get(t, fmt.Sprintf("/staff/inbox/%d", kept.ID))
		if !strings.Contains(page.Body, html.EscapeString(kept.Note)) ||
			!strings.HasSuffix(strings.TrimSpace(page.Body), "</html>") ||
			len(page.Body) > 4<<20 {
			t.Errorf("%s: the page of %d bytes does not say %q", x.name, len(page.Body), kept.Note)
		}
		if odd := regexp.MustCompile(
			"[\x00-\x08\x0b\x0c\x0e-\x1f]|%!|&lt;nil&gt;|runtime error",
		).FindString(
			page.Body,
		); odd != "" {
			t.Errorf("%s: the page has %q in it", x.name, odd)
		}
	}
	if list := staff.Get(t, "/staff/inbox"); !strings.Contains(list.Body, "Unreadable event") {
		t.Error("the list does not show what cannot be read")
	}
	expectOnlyGift(s, paid)
	// PayPal sends the genuine news again, and nothing of the above stands in its way.
	s.PointWebhook(s.BaseURL)
	for _, g := range gifts {
		completed(s, g)
	}
	s.Balanced(time.Minute)
}

func badNewsAbout(capture string) []badNews {
	const paid = "PAYMENT.CAPTURE.COMPLETED"
	event := func(id, kind, rest string) string {
		return fmt.Sprintf(`{"id":"WH-BAD-%s","event_type":%q,%s,"padding":"`, id, kind, rest)
	}
	about := `"resource":{"id":"` + capture + `"`
	const end = `"}`
	return []badNews{
		{
			"month 19",
			event("1", paid, `"create_time":"2018-19-12T22:20:32.000Z",`+about+`}`),
			end,
			"applied",
			"Applied to contribution",
		},
		{
			"10^30",
			event("2", paid, about+`,"amount":{"currency_code":"EUR","value":1e30}}`),
			end,
			"applied",
			"Applied to contribution",
		},
		{
			"another currency and payee",
			event("3", paid, about+`,"amount":{"currency_code":"JPY","value":"-2500"},"payee":{"merchant_id":"X"}}`),
			end,
			"applied",
			"Applied to contribution",
		},
		{
			"bad UTF-8 and NUL",
			event("4", paid, "\"summary\":\"\xff\xfe\\u0000<script>alert(1)</script>\","+about+`}`),
			end,
			"applied",
			"Applied to contribution",
		},
		{
			"a path",
			event("5", paid, `"resource":{"id":"../../v1/oauth2/token"}`),
			end,
			"parked",
			"does not say which payment",
		},
		{"no resource", event("6", "PAYMENT.CAPTURE.REFUNDED", `"summary":""`), end, "parked", "does not say which payment"},
		{
			"nine thousand levels",
			event("7", paid, `"resource":`+strings.Repeat("[", 9000)+strings.Repeat("]", 9000)),
			end,
			"parked",
			"does not say which payment",
		},
		{
			"a refund that is not there",
			event("8", "PAYMENT.CAPTURE.REFUNDED", `"resource":{"id":"NOSUCHREFUND1","amount":-5}`),
			end,
			"received",
			"PayPal does not know",
		},
		{
			"a dispute that is not there",
			event("9", "CUSTOMER.DISPUTE.CREATED", `"resource":{"dispute_id":"PP-D-1"}`),
			end,
			"received",
			"PayPal does not know",
		},
		{"another kind of news", event("10", "SPACE.ROCKET.LANDED", `"resource":{}`), end, "ignored", "change nothing here"},
		{"nothing but nesting", event("11", paid, `"resource":`+strings.Repeat("[", inbox.LargestBody-300)), "", "parked",
			"cannot be read as an event"},
		{"no JSON", "<!doctype html>\x00\xff<script>alert(1)</script>", "", "parked", "cannot be read as an event"},
		{
			"NUL in the id",
			`{"id":"WH-\u0000","event_type":"` + paid + `","padding":"`,
			end,
			"parked",
			"cannot be read as an event",
		},
	}
}
