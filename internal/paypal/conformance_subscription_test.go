package paypal_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

// plan makes a product and a plan of it, with a price that stands for nothing.
func (w world) plan(t *testing.T, every paypal.Interval, currency money.Currency) paypal.Plan {
	t.Helper()
	ctx, product := t.Context(), "RF-"+uuid.NewString()
	for range 2 { // the second finds it there
		if err := w.client.EnsureProduct(ctx, paypal.ProductRequest{ID: product, Name: "The Paper",
			Type: "SERVICE"}); err != nil {
			t.Fatal(tell(err))
		}
	}
	one, err := money.Parse("1", currency)
	if err != nil {
		t.Fatal(err)
	}
	made, err := w.client.CreatePlan(ctx, paypal.PlanRequest{
		RequestID: uuid.NewString(), ProductID: product, Name: "Contribution to The Paper", Every: every, Price: one,
	})
	if err != nil {
		t.Fatal(tell(err))
	}
	return made
}

// subscribe is a new subscription of a plan.
func subscribe(plan paypal.Plan, amount *money.Amount) paypal.SubscriptionRequest {
	id := uuid.NewString()
	return paypal.SubscriptionRequest{
		RequestID: "create-" + id, PlanID: plan.ID, CustomID: id, Amount: amount, BrandName: "The Paper", Locale: "de-DE",
		ReturnURL: "https://example.org/contributions/1/return", CancelURL: "https://example.org/contributions/1/cancel",
	}
}

// consent does what the payer's click does: for a new subscription, and for a change that waits for it.
func (w world) consent(t *testing.T, id string) {
	t.Helper()
	w.hook(t, http.MethodPost, "/sandbox/subscriptions/"+id+"/approve", map[string]any{
		"payer": map[string]string{"email": payerMail, "given_name": payerName, "surname": "S", "country": "DE"},
	}, nil)
}

// running makes a subscription and has it approved.
func (w world) running(t *testing.T, r paypal.SubscriptionRequest) paypal.Subscription {
	t.Helper()
	made, err := w.client.CreateSubscription(t.Context(), r)
	if err != nil {
		t.Fatal(tell(err))
	}
	w.needsClick(t)
	w.consent(t, made.ID)
	return w.read(t, made.ID)
}

func (w world) read(t *testing.T, id string) paypal.Subscription {
	t.Helper()
	sub, err := w.client.Subscription(t.Context(), id)
	if err != nil {
		t.Fatal(tell(err))
	}
	return sub
}

func TestConformancePlans(t *testing.T) {
	t.Parallel()
	conformance(t, func(t *testing.T, w world) {
		ctx := t.Context()
		made := w.plan(t, paypal.Yearly, "JPY")
		if made.Status != paypal.PlanActive || made.Every != paypal.Yearly || *made.Price != money.New(1, "JPY") ||
			!*made.Endless {
			t.Errorf("made %+v", made)
		}
		read, err := w.client.Plan(ctx, made.ID)
		if tell(err) != nil || !reflect.DeepEqual(read, made) {
			t.Errorf("read %+v, %v; made %+v", read, err, made)
		}
		r := paypal.PlanRequest{
			RequestID: uuid.NewString(), ProductID: made.ProductID, Name: "Monthly contribution to The Paper",
			Every: paypal.Monthly,
			Price: money.New(1000, "EUR"),
		}
		first, err := w.client.CreatePlan(ctx, r)
		again, err2 := w.client.CreatePlan(ctx, r)
		if err := errors.Join(tell(err), tell(err2)); err != nil || first.ID == "" || again.ID != first.ID {
			t.Errorf("the same request id made %+v and %+v, %v", first, again, err)
		}
		all, err := w.client.Plans(ctx, made.ProductID)
		slices.SortFunc(all, func(a, b paypal.Plan) int { return a.CreatedAt.Compare(b.CreatedAt) })
		if tell(err) != nil || len(all) != 2 || !reflect.DeepEqual(all[slices.IndexFunc(all,
			func(p paypal.Plan) bool { return p.ID == first.ID })], first) {
			t.Errorf("listed %+v, %v", all, err)
		}
		if _, err := w.client.Plan(ctx, "P-00000000000000000000000"); !paypal.NotFound(tell(err)) {
			t.Errorf("nothing is there: %v", err)
		}
	})
}

func TestConformanceSubscription(t *testing.T) {
	t.Parallel()
	conformance(t, func(t *testing.T, w world) {
		ctx, plan := t.Context(), w.plan(t, paypal.Monthly, "EUR")
		r := subscribe(plan, eur(1290))
		made, err := w.client.CreateSubscription(ctx, r)
		if tell(err) != nil || made.Status != paypal.SubscriptionApprovalPending || made.ApproveURL == "" {
			t.Fatalf("made %+v, %v", made, err)
		}
		if again, err := w.client.CreateSubscription(ctx, r); tell(err) != nil || again.ID != made.ID ||
			again.ApproveURL != made.ApproveURL {
			t.Errorf("the same request id made %+v, %v", again, err)
		}
		if sub := w.read(t, made.ID); sub.PlanID != plan.ID || sub.CustomID != r.CustomID || !sub.Overridden ||
			*sub.Amount != *r.Amount || sub.Every != paypal.Monthly || !*sub.Endless || sub.ApproveURL != made.ApproveURL ||
			!sub.NextBillingAt.IsZero() {
			t.Errorf("waiting: %+v", sub)
		}
		if err := w.client.CancelSubscription(ctx, made.ID, "why"); !paypal.HasIssue(tell(err),
			paypal.SubscriptionStatusInvalid) ||
			paypal.OutcomeUnknown(err) {
			t.Errorf("cancelled before approval: %v", err)
		}
		w.needsClick(t)
		w.consent(t, made.ID)
		sub := w.read(t, made.ID)
		if sub.Status != paypal.SubscriptionActive || sub.Payer.Email != payerMail || sub.ApproveURL != "" ||
			sub.CyclesCompleted != 1 || *sub.LastPayment != *r.Amount || !sub.NextBillingAt.After(time.Now()) ||
			sub.Outstanding.Minor != 0 || sub.StatusAt.IsZero() {
			t.Errorf("approved: %+v", sub)
		}
		for _, step := range []struct {
			change func() error
			want   paypal.SubscriptionStatus
			note   string
		}{
			{func() error { return w.client.SuspendSubscription(ctx, sub.ID, "a pause") }, paypal.SubscriptionSuspended,
				"a pause"},
			{func() error { return w.client.ActivateSubscription(ctx, sub.ID, "back") }, paypal.SubscriptionActive, "back"},
			{func() error { return w.client.CancelSubscription(ctx, sub.ID, "the end") }, paypal.SubscriptionCancelled,
				"the end"},
		} {
			if err := step.change(); tell(err) != nil {
				t.Fatal(err)
			}
			if now := w.read(t, sub.ID); now.Status != step.want || now.StatusNote != step.note {
				t.Errorf("want %s: %+v", step.want, now)
			}
			if err := step.change(); !paypal.HasIssue(tell(err), paypal.SubscriptionStatusInvalid) ||
				paypal.OutcomeUnknown(err) {
				t.Errorf("%s a second time: %v", step.want, err)
			}
		}
		if now := w.read(t, sub.ID); !now.NextBillingAt.IsZero() {
			t.Errorf("a cancelled one is charged next on %s", now.NextBillingAt)
		}
		if _, err := w.client.Subscription(ctx, "I-000000000000"); !paypal.NotFound(tell(err)) {
			t.Errorf("nothing is there: %v", err)
		}
	})
}

func TestConformanceChangesOfASubscription(t *testing.T) {
	t.Parallel()
	conformance(t, func(t *testing.T, w world) {
		ctx, plan := t.Context(), w.plan(t, paypal.Monthly, "EUR")
		sub := w.running(t, subscribe(plan, eur(2000)))
		if err := w.client.ChangeSubscriptionAmount(ctx, sub.ID, *eur(550)); tell(err) != nil {
			t.Fatal(err)
		}
		if now := w.read(t, sub.ID); *now.Amount != *eur(550) {
			t.Errorf("less: %+v", now)
		}
		yearly, err := w.client.CreatePlan(ctx, paypal.PlanRequest{
			RequestID: uuid.NewString(), ProductID: plan.ProductID, Name: "Yearly", Every: paypal.Yearly, Price: *eur(100),
		})
		if err != nil {
			t.Fatal(tell(err))
		}
		link, err := w.client.ReviseSubscription(ctx, paypal.ReviseRequest{
			ID: sub.ID, PlanID: yearly.ID, Amount: eur(6000), BrandName: "The Paper", Locale: "de-DE",
			ReturnURL: "https://example.org/manage/1/return", CancelURL: "https://example.org/manage/1/cancel",
		})
		if tell(err) != nil || link == "" {
			t.Fatalf("%q, %v", link, err)
		}
		if now := w.read(t, sub.ID); now.PlanID != plan.ID || *now.Amount != *eur(550) {
			t.Errorf("changed without consent: %+v", now)
		}
		w.consent(t, sub.ID)
		if now := w.read(t, sub.ID); now.PlanID != yearly.ID || *now.Amount != *eur(6000) || now.Every != paypal.Yearly ||
			!*now.Endless {
			t.Errorf("revised: %+v", now)
		}
	})
}

func TestConformanceSales(t *testing.T) {
	t.Parallel()
	conformance(t, func(t *testing.T, w world) {
		ctx, from := t.Context(), time.Now().Add(-time.Hour)
		sub := w.running(t, subscribe(w.plan(t, paypal.Monthly, "EUR"), eur(1250)))
		list, known, err := w.client.SubscriptionPayments(ctx, sub.ID, from, time.Now().Add(time.Hour))
		if tell(err) != nil || !known || len(list) != 1 || list[0].Amount != *eur(1250) || list[0].Fee == nil {
			t.Fatalf("listed %+v, %v, %v", list, known, err)
		}
		sale, err := w.client.Sale(ctx, list[0].ID)
		if tell(err) != nil || sale.SubscriptionID != sub.ID || sale.Status != paypal.CaptureCompleted ||
			sale.Amount != *eur(1250) ||
			*sale.Fee != *list[0].Fee {
			t.Fatalf("sale %+v, %v", sale, err)
		}
		capture, err := w.client.Capture(ctx, sale.ID)
		if tell(err) != nil || capture.Amount != sale.Amount || *capture.Fee != *sale.Fee || *capture.Net != *sale.Net {
			t.Errorf("as a capture %+v, %v; as a sale %+v", capture, err, sale)
		}
		r := paypal.RefundRequest{RequestID: uuid.NewString(), Amount: *eur(250), InvoiceID: "RF-R-" + uuid.NewString()}
		refund, err := w.client.RefundCapture(ctx, sale.ID, r)
		if tell(err) != nil || refund.CaptureID != sale.ID || refund.Amount != *eur(250) ||
			refund.Status != paypal.RefundCompleted {
			t.Fatalf("refunded %+v, %v", refund, err)
		}
		if read, err := w.client.Refund(ctx, refund.ID); tell(err) != nil || !reflect.DeepEqual(read, refund) {
			t.Errorf("read %+v, %v; want %+v", read, err, refund)
		}
		if now, err := w.client.Sale(ctx, sale.ID); tell(err) != nil || now.Status != paypal.CapturePartiallyRefunded {
			t.Errorf("afterwards %+v, %v", now, err)
		}
	})
}

// What of a sale v2 does not know, v1 tells.
func TestSalesWhereV2KnowsNone(t *testing.T) {
	t.Parallel()
	w, ctx := newEmulator(t), t.Context()
	sub := w.running(t, subscribe(w.plan(t, paypal.Monthly, "EUR"), eur(1250)))
	list, _, err := w.client.SubscriptionPayments(ctx, sub.ID, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, tell(err))
	}
	w.fault(t, map[string]any{
		"kind": "status", "status": 404, "body": `{"name":"RESOURCE_NOT_FOUND"}`, "times": 100,
		"match": map[string]string{"path": "/v2/payments/*"},
	})
	r := paypal.RefundRequest{RequestID: uuid.NewString(), Amount: *eur(250), InvoiceID: "RF-R-1", Note: "With thanks"}
	made, err := w.client.RefundCapture(ctx, list[0].ID, r)
	if tell(err) != nil || made.CaptureID != list[0].ID || made.Amount != *eur(250) || made.InvoiceID != "RF-R-1" {
		t.Fatalf("refunded %+v, %v", made, err)
	}
	if again, err := w.client.RefundCapture(ctx, list[0].ID, r); tell(err) != nil || again.ID != made.ID {
		t.Errorf("the same request id refunded %+v, %v", again, err)
	}
	if read, err := w.client.Refund(ctx, made.ID); tell(err) != nil || read.CaptureID != made.CaptureID ||
		read.Amount != made.Amount {
		t.Errorf("read %+v, %v", read, err)
	}
}

func TestSubscriptionsThatPayPalRefuses(t *testing.T) {
	t.Parallel()
	w, ctx := newEmulator(t), t.Context()
	plan := w.plan(t, paypal.Monthly, "EUR")
	w.fault(t, map[string]any{"kind": "refuse_override", "times": 1})
	_, err := w.client.CreateSubscription(ctx, subscribe(plan, eur(500)))
	if !paypal.OverrideRefused(tell(err)) || paypal.PlanUnusable(err) || paypal.OutcomeUnknown(err) {
		t.Errorf("the override: %v", err)
	}
	if sub, err := w.client.CreateSubscription(ctx, subscribe(plan, nil)); tell(err) != nil || sub.Overridden {
		t.Errorf("without: %+v, %v", sub, err)
	}
	gone := plan
	gone.ID = "P-00000000000000000000000"
	if _, err = w.client.CreateSubscription(ctx, subscribe(gone, eur(500))); !paypal.PlanUnusable(tell(err)) {
		t.Errorf("no such plan: %v", err)
	}
	w.deactivate(t, plan.ID)
	if _, err = w.client.CreateSubscription(ctx, subscribe(plan, eur(500))); !paypal.PlanUnusable(tell(err)) ||
		paypal.OverrideRefused(err) {
		t.Errorf("a plan that was deactivated: %v", err)
	}
	w.fault(t, map[string]any{"kind": "no_subscriptions", "times": 10})
	_, err = w.client.CreateSubscription(ctx, subscribe(plan, eur(500)))
	if _, says := paypal.Advice(tell(err)); says.String() == "" || paypal.PlanUnusable(err) {
		t.Errorf("no subscriptions: %v", err)
	}
}

// A change whose answer is lost takes place once, and is known to be so.
func TestTrap10AChangeThatIsMadeAlreadyIsRefused(t *testing.T) {
	t.Parallel()
	w, ctx := newEmulator(t), t.Context()
	sub := w.running(t, subscribe(w.plan(t, paypal.Monthly, "EUR"), eur(500)))
	lost := map[string]any{
		"kind": "reset_after", "times": 1, "match": map[string]string{"path": "/v1/billing/subscriptions/*"},
	}
	w.fault(t, lost)
	if err := w.client.ChangeSubscriptionAmount(ctx, sub.ID, *eur(300)); tell(err) != nil {
		t.Error(err)
	}
	w.fault(t, lost)
	err := w.client.CancelSubscription(ctx, sub.ID, "the end")
	if !paypal.HasIssue(tell(err), paypal.SubscriptionStatusInvalid) || !paypal.OutcomeUnknown(err) {
		t.Errorf("cancelled: %v", err)
	}
	if now := w.read(t, sub.ID); now.Status != paypal.SubscriptionCancelled || *now.Amount != *eur(300) ||
		now.StatusNote != "the end" {
		t.Errorf("it stands as %+v", now)
	}
}

// deactivate does what somebody does at PayPal: no call of ours does it.
func (w world) deactivate(t *testing.T, plan string) {
	t.Helper()
	var token struct {
		Value string `json:"access_token"`
	}
	for _, step := range []struct{ path, body string }{
		{"/v1/oauth2/token", "grant_type=client_credentials"}, {"/v1/billing/plans/" + plan + "/deactivate", ""},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.base+step.path, strings.NewReader(step.body))
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth("suite-client", secret)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if token.Value != "" {
			req.Header.Set("Authorization", "Bearer "+token.Value)
			req.Header.Set("Content-Type", "application/json")
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = json.NewDecoder(resp.Body).Decode(&token)
		_ = resp.Body.Close()
		if resp.StatusCode > 299 {
			t.Fatalf("%s: %d", step.path, resp.StatusCode)
		}
	}
}

// A start on a day to come goes along, and is read back; one that has passed is refused.
func TestConformanceSubscriptionThatStartsLater(t *testing.T) {
	t.Parallel()
	conformance(t, func(t *testing.T, w world) {
		r := subscribe(w.plan(t, paypal.Monthly, "EUR"), eur(500))
		r.StartAt = time.Now().AddDate(0, 1, 0).UTC().Truncate(time.Second)
		made, err := w.client.CreateSubscription(t.Context(), r)
		if err != nil {
			t.Fatal(tell(err))
		}
		if sub := w.read(t, made.ID); !sub.StartAt.Equal(r.StartAt) || sub.Status != paypal.SubscriptionApprovalPending {
			t.Errorf("starts at %s, and not %s", sub.StartAt, r.StartAt)
		}
		r.RequestID, r.StartAt = "passed-"+r.CustomID, time.Now().Add(-time.Hour)
		if _, err := w.client.CreateSubscription(t.Context(), r); !paypal.Refused(err) {
			t.Errorf("a start that has passed: %v", tell(err))
		}
	})
}
