package sandbox_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"readerfund/internal/money"  //nolint:depguard // see below
	"readerfund/internal/paypal" //nolint:depguard // the report holds our client's requests to PayPal's documents, too
)

// driveClient has our own client say all that it can say, so that its requests are held to the documents. What it makes
// of the answers is tested beside it.
func driveClient(t *testing.T, s *stage) {
	ctx := t.Context()
	client, err := paypal.New(paypal.Config{
		BaseURL: s.url, ClientID: "sandbox-client", ClientSecret: "sandbox-secret",
		Transport: s.in.watch(ourClient, s.transport),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	for i, amount := range []money.Amount{
		money.New(2500, "EUR"), money.New(1, "USD"), money.New(2500, "JPY"), money.New(1000, "HUF"),
	} {
		giveAndRefund(t, s, client, amount, "gift-"+string(rune('a'+i)))
	}
	bare, err := client.CreateOrder(ctx, paypal.OrderRequest{RequestID: "bare", Amount: money.New(500, "EUR")})
	if err != nil {
		t.Fatal(err)
	}
	_, notYet := client.CaptureOrder(ctx, bare.ID, "bare-capture")
	s.hook("orders/"+bare.ID+"/approve", `{"outcome":"decline"}`)
	_, declined := client.CaptureOrder(ctx, bare.ID, "bare-capture-2") // a refusal is replayed with its request id
	_, gone := client.Order(ctx, "11111111111111111")
	for issue, err := range map[string]error{
		"ORDER_NOT_APPROVED": notYet, "INSTRUMENT_DECLINED": declined, "INVALID_RESOURCE_ID": gone,
	} {
		if !paypal.HasIssue(err, issue) {
			t.Errorf("got %v, want %s", err, issue)
		}
	}
	registerWebhooks(t, client)
	acceptClaim(t, s, client)
	readRecord(t, client)
}

// giveAndRefund is one contribution's whole life, with each field as long and as odd as we let it be.
func giveAndRefund(t *testing.T, s *stage, client *paypal.Client, amount money.Amount, id string) {
	t.Helper()
	ctx := t.Context()
	request := paypal.OrderRequest{
		RequestID: id, CustomID: id + strings.Repeat("x", 127-len(id)), InvoiceID: "RF-" + id, Amount: amount,
		Locale:      "zh-Hant-TW",
		Description: strings.Repeat("Für „The Paper“ ", 20), BrandName: strings.Repeat("報", 200),
		ReturnURL: "https://paper.example/contributions/1/return?a=b&c=d",
		CancelURL: "https://paper.example/contributions/1/cancel",
	}
	order, err := client.CreateOrder(ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = client.CreateOrder(ctx, request); err != nil {
		t.Error(err)
	}
	s.hook("orders/"+order.ID+"/approve", "")
	if _, err = client.Order(ctx, order.ID); err != nil {
		t.Error(err)
	}
	paid, err := client.CaptureOrder(ctx, order.ID, id+"-capture")
	if err != nil || len(paid.Captures) != 1 {
		t.Fatalf("%+v, %v", paid, err)
	}
	capture := paid.Captures[0].ID
	if _, err = client.Capture(ctx, capture); err != nil {
		t.Error(err)
	}
	refund, err := client.RefundCapture(ctx, capture, paypal.RefundRequest{
		RequestID: id + "-refund", Amount: amount, InvoiceID: "RF-R-" + id, CustomID: id,
		Note: strings.Repeat("Mit Dank zurück. ", 30),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = client.Refund(ctx, refund.ID); err != nil {
		t.Error(err)
	}
}

// registerWebhooks does what `readerfund webhook` does.
func registerWebhooks(t *testing.T, client *paypal.Client) {
	t.Helper()
	ctx := t.Context()
	hook, err := client.CreateWebhook(ctx, "https://paper.example/webhooks/paypal",
		[]string{"CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.COMPLETED"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = client.UpdateWebhook(ctx, hook.ID, "https://paper.example/webhooks/paypal", []string{"*"}); err != nil {
		t.Error(err)
	}
	if _, err = client.Webhooks(ctx); err != nil {
		t.Error(err)
	}
	if err = client.DeleteWebhook(ctx, hook.ID); err != nil {
		t.Error(err)
	}
}

// acceptClaim finds a dispute, reads it and gives the buyer right.
func acceptClaim(t *testing.T, s *stage, client *paypal.Client) {
	t.Helper()
	ctx := t.Context()
	dispute, hook := s.disputed(`{"fee":"5.00"}`)
	of, err := client.DisputesOf(ctx, strings.Split(hook, "/")[1])
	if err != nil || len(of) != 1 || of[0] != last(dispute) {
		t.Errorf("the disputes of the capture: %v, %v", of, err)
	}
	for _, from := range []time.Time{{}, time.Now().Add(-time.Hour)} {
		if err := client.DisputesSince(ctx, from, func(string, time.Time) error { return nil }); err != nil {
			t.Error(err)
		}
	}
	if d, err := client.Dispute(ctx, of[0]); err != nil || !d.MayAccept {
		t.Errorf("%+v, %v", d, err)
	}
	if err := client.AcceptClaim(ctx, of[0], "claim-1", strings.Repeat("Entschuldigung. ", 200)); err != nil {
		t.Error(err)
	}
	if d, err := client.Dispute(ctx, of[0]); err != nil || d.Open() || len(d.Fees) != 1 {
		t.Errorf("%+v, %v", d, err)
	}
}

// readRecord reads what PayPal has noted: transactions and events.
func readRecord(t *testing.T, client *paypal.Client) {
	t.Helper()
	ctx, now := t.Context(), time.Now()
	q := paypal.TransactionQuery{From: now.Add(-paypal.MaxWindow), To: now, PageSize: 2}
	first, err := client.Transactions(ctx, q)
	if err != nil || len(first.Transactions) != 2 || first.RefreshedAt.IsZero() {
		t.Fatalf("%+v, %v", first, err)
	}
	q.Page, q.All, q.ID = 1, true, first.Transactions[1].ID
	if one, err := client.Transactions(ctx, q); err != nil || one.Total != 1 {
		t.Errorf("%+v, %v", one, err)
	}
	q.From = now.Add(time.Hour)
	q.To = q.From
	if _, err := client.Transactions(ctx, q); !errors.Is(err, paypal.ErrNotReportedYet) {
		t.Errorf("the future: %v", err)
	}
	events := 0
	err = client.WebhookEvents(ctx, now.Add(-time.Hour), now.Add(time.Hour),
		func(paypal.ListedEvent) error { events++; return nil })
	if err != nil || events == 0 {
		t.Errorf("%d events, %v", events, err)
	}
}
