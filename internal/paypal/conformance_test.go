package paypal_test

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

func TestConformanceToken(t *testing.T) {
	t.Parallel()
	conformance(t, func(t *testing.T, w world) {
		if err := w.client.Ping(t.Context()); err != nil {
			t.Fatal(tell(err))
		}
		wrong := newClient(t, w.base, func(c *paypal.Config) { c.ClientSecret = secret + "-but-wrong" })
		err := wrong.Ping(t.Context())
		if err == nil || paypal.HasIssue(tell(err), "invalid_client") {
			t.Fatalf("got %v", err)
		}
		if inner := err.(*paypal.Error).Err; !paypal.HasIssue(inner, "invalid_client") ||
			inner.(*paypal.Error).Status != http.StatusUnauthorized {
			t.Errorf("got %v", inner)
		}
	})
}

func TestConformanceOrder(t *testing.T) {
	t.Parallel()
	conformance(t, func(t *testing.T, w world) {
		for _, amount := range []money.Amount{
			money.New(2500, "EUR"), money.New(1, "USD"), money.New(2500, "JPY"), money.New(1000, "HUF"),
		} {
			r := gift(amount)
			made, err := w.client.CreateOrder(t.Context(), r)
			if tell(err) != nil {
				t.Fatal(err)
			}
			if made.ID == "" || made.ApproveURL == "" ||
				made.Status != paypal.OrderPayerRequired && made.Status != paypal.OrderCreated {
				t.Errorf("made %+v", made)
			}
			again, err := w.client.CreateOrder(t.Context(), r)
			if tell(err) != nil || again.ID != made.ID || again.ApproveURL != made.ApproveURL {
				t.Errorf("the same request id made %+v, %v", again, err)
			}
			read, err := w.client.Order(t.Context(), made.ID)
			if tell(err) != nil || read.Amount != amount || read.CustomID != r.CustomID || read.InvoiceID != r.InvoiceID ||
				read.Status != made.Status ||
				read.PayeeMerchantID == "" || len(read.Captures) != 0 || time.Since(read.CreatedAt).Abs() > time.Hour {
				t.Errorf("read %+v, %v", read, err)
			}
		}
	})
}

func TestConformanceRefusals(t *testing.T) {
	t.Parallel()
	conformance(t, func(t *testing.T, w world) {
		ctx := t.Context()
		order, err := w.client.CreateOrder(ctx, gift(money.New(2500, "EUR")))
		if err != nil {
			t.Fatal(tell(err))
		}
		_, err = w.client.CaptureOrder(ctx, order.ID, uuid.NewString())
		if !paypal.HasIssue(tell(err), "ORDER_NOT_APPROVED") || paypal.OutcomeUnknown(err) || paypal.NotFound(err) {
			t.Errorf("captured before approval: %v", err)
		}
		_, err = w.client.Order(ctx, "00000000000000000")
		_, err2 := w.client.CaptureOrder(ctx, "00000000000000000", uuid.NewString())
		_, err3 := w.client.Capture(ctx, "00000000000000000")
		_, err4 := w.client.Refund(ctx, "00000000000000000")
		for i, err := range []error{err, err2, err3, err4} {
			if !paypal.NotFound(tell(err)) || paypal.OutcomeUnknown(err) {
				t.Errorf("%d: nothing is there: %v", i, err)
			}
		}
		long := gift(money.New(2500, "EUR"))
		long.CustomID = strings.Repeat("x", 128)
		if _, err = w.client.CreateOrder(ctx, long); tell(err) == nil || err.(*paypal.Error).Status != 400 ||
			paypal.OutcomeUnknown(err) {
			t.Errorf("a custom id of 128 characters: %v", err)
		}
	})
}

func TestConformanceCapture(t *testing.T) {
	t.Parallel()
	conformance(t, func(t *testing.T, w world) {
		ctx, r := t.Context(), gift(money.New(2500, "EUR"))
		order := w.approved(t, r, "approve")
		read, err := w.client.Order(ctx, order.ID)
		if tell(err) != nil || read.Status != paypal.OrderApproved || read.Payer.Email != payerMail || read.Payer.ID == "" {
			t.Errorf("approved: %+v, %v", read, err)
		}
		id := uuid.NewString()
		done, err := w.client.CaptureOrder(ctx, order.ID, id)
		if tell(err) != nil || done.Status != paypal.OrderCompleted || len(done.Captures) != 1 {
			t.Fatalf("captured: %+v, %v", done, err)
		}
		c := done.Captures[0]
		if c.Status != paypal.CaptureCompleted || c.Amount != r.Amount || c.CustomID != r.CustomID ||
			c.InvoiceID != r.InvoiceID || c.OrderID != order.ID || c.Fee == nil || c.Net == nil {
			t.Fatalf("captured: %+v", c)
		}
		if sum, err := c.Fee.Add(*c.Net); err != nil || sum != c.Amount || c.Fee.Minor <= 0 {
			t.Errorf("fee %v and net %v are not %v", c.Fee, c.Net, c.Amount)
		}
		again, err := w.client.CaptureOrder(ctx, order.ID, id)
		if tell(err) != nil || len(again.Captures) != 1 || again.Captures[0].ID != c.ID {
			t.Errorf("the same request id captured %+v, %v", again, err)
		}
		if _, err = w.client.CaptureOrder(ctx, order.ID, uuid.NewString()); !paypal.HasIssue(tell(err),
			"ORDER_ALREADY_CAPTURED") {
			t.Errorf("another request id captured: %v", err)
		}
		alone, err := w.client.Capture(ctx, c.ID)
		if tell(err) != nil || !reflect.DeepEqual(alone, c) {
			t.Errorf("read alone %+v, %v; in the order %+v", alone, err, c)
		}
	})
}

func TestConformanceCapturesThatArePendingOrDeclined(t *testing.T) {
	t.Parallel()
	conformance(t, func(t *testing.T, w world) {
		ctx := t.Context()
		for outcome, want := range map[string]paypal.CaptureStatus{
			"pending": paypal.CapturePending, "declined_capture": paypal.CaptureDeclined,
		} {
			order := w.approved(t, gift(money.New(1000, "EUR")), outcome)
			done, err := w.client.CaptureOrder(ctx, order.ID, uuid.NewString())
			if tell(err) != nil || done.Status != paypal.OrderCompleted || len(done.Captures) != 1 {
				t.Fatalf("%s: %+v, %v", outcome, done, err)
			}
			c := done.Captures[0]
			if c.Status != want || c.Fee != nil || c.Net != nil || (c.Reason != "") != (want == paypal.CapturePending) {
				t.Errorf("%s: %+v", outcome, c)
			}
		}
		for outcome, issue := range map[string]string{
			"decline": "INSTRUMENT_DECLINED", "payer_action": "PAYER_ACTION_REQUIRED",
		} {
			order := w.approved(t, gift(money.New(1000, "EUR")), outcome)
			_, err := w.client.CaptureOrder(ctx, order.ID, uuid.NewString())
			if !paypal.HasIssue(tell(err), issue) || err.(*paypal.Error).RedirectURL() != order.ApproveURL ||
				paypal.OutcomeUnknown(err) {
				t.Errorf("%s: %v", outcome, err)
			}
		}
	})
}

func TestConformanceRefund(t *testing.T) {
	t.Parallel()
	conformance(t, func(t *testing.T, w world) {
		ctx := t.Context()
		order := w.approved(t, gift(money.New(2500, "EUR")), "approve")
		done, err := w.client.CaptureOrder(ctx, order.ID, uuid.NewString())
		if err != nil {
			t.Fatal(tell(err))
		}
		capture := done.Captures[0].ID
		r := paypal.RefundRequest{
			RequestID: uuid.NewString(), Amount: money.New(1000, "EUR"), InvoiceID: "RF-R-" + uuid.NewString(),
			Note: "With thanks", CustomID: "ours",
		}
		first, err := w.client.RefundCapture(ctx, capture, r)
		if tell(err) != nil || first.Status != paypal.RefundCompleted || first.Amount != r.Amount ||
			first.CaptureID != capture || first.FeeRefunded.Currency != "EUR" {
			t.Fatalf("refunded %+v, %v", first, err)
		}
		again, err := w.client.RefundCapture(ctx, capture, r)
		if tell(err) != nil || again.ID != first.ID {
			t.Errorf("the same request id refunded %+v, %v", again, err)
		}
		read, err := w.client.Refund(ctx, first.ID)
		if tell(err) != nil || !reflect.DeepEqual(read, first) || read.CustomID != "ours" {
			t.Errorf("read %+v, %v; want %+v", read, err, first)
		}
		order, err = w.client.Order(ctx, order.ID)
		if tell(err) != nil || len(order.Refunds) != 1 || order.Refunds[0].ID != first.ID ||
			order.Refunds[0].CaptureID != capture || order.Captures[0].Status != paypal.CapturePartiallyRefunded {
			t.Errorf("the order has %+v, %v", order, err)
		}
		r.RequestID, r.InvoiceID, r.Amount = uuid.NewString(), "", money.New(1501, "EUR")
		if _, err = w.client.RefundCapture(ctx, capture, r); !paypal.HasIssue(tell(err), "REFUND_AMOUNT_EXCEEDED") {
			t.Errorf("more than was left: %v", err)
		}
		r.RequestID, r.Amount = uuid.NewString(), money.New(1500, "EUR")
		if _, err = w.client.RefundCapture(ctx, capture, r); tell(err) != nil {
			t.Errorf("the rest: %v", err)
		}
		c, err := w.client.Capture(ctx, capture)
		if tell(err) != nil || c.Status != paypal.CaptureRefunded || !c.Refunded() {
			t.Errorf("afterwards %+v, %v", c, err)
		}
		r.RequestID, r.Amount = uuid.NewString(), money.New(1, "EUR")
		if _, err = w.client.RefundCapture(ctx, capture, r); !paypal.HasIssue(tell(err), "CAPTURE_FULLY_REFUNDED") {
			t.Errorf("one more: %v", err)
		}
	})
}

func TestConformanceWebhooks(t *testing.T) {
	t.Parallel()
	conformance(t, func(t *testing.T, w world) {
		ctx, url := t.Context(), "https://example.org/webhooks/paypal/"+uuid.NewString()
		made, err := w.client.CreateWebhook(ctx, url, []string{"CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.COMPLETED"})
		if tell(err) != nil || made.ID == "" || made.URL != url || len(made.EventTypes) != 2 {
			t.Fatalf("made %+v, %v", made, err)
		}
		t.Cleanup(func() { _ = w.client.DeleteWebhook(context.Background(), made.ID) })
		if _, err := w.client.CreateWebhook(ctx, url, []string{"*"}); !paypal.HasIssue(tell(err),
			"WEBHOOK_URL_ALREADY_EXISTS") {
			t.Errorf("the same address twice: %v", err)
		}
		changed, err := w.client.UpdateWebhook(ctx, made.ID, url+"/new", []string{"*"})
		if tell(err) != nil || changed.URL != url+"/new" || len(changed.EventTypes) != 1 || changed.EventTypes[0] != "*" {
			t.Errorf("changed %+v, %v", changed, err)
		}
		all, err := w.client.Webhooks(ctx)
		if tell(err) != nil || !contains(all, changed) {
			t.Errorf("listed %+v, %v", all, err)
		}
		if err := w.client.DeleteWebhook(ctx, made.ID); tell(err) != nil {
			t.Error(err)
		}
		if err := w.client.DeleteWebhook(ctx, made.ID); !paypal.NotFound(tell(err)) {
			t.Errorf("deleted twice: %v", err)
		}
	})
}

func contains(all []paypal.Webhook, want paypal.Webhook) bool {
	for _, w := range all {
		if reflect.DeepEqual(w, want) {
			return true
		}
	}
	return false
}
