package refund_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"readerfund/internal/campaign"
	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/paypal"
	"readerfund/internal/refund"
	"readerfund/internal/testkit"
	"readerfund/internal/testkit/newsroom"
)

// While a dispute is open PayPal refuses a part; the advice says where to go.
func TestAPartCannotGoBackDuringADispute(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.disputed(testkit.Fields{"stage": "INQUIRY"})
	r, err := n.refund(c, "5.00", "part")
	if err != nil || r.State != refund.Refused || r.Answer != "TRANSACTION_DISPUTED" || r.Advice == "" {
		t.Errorf("a part: %+v, %v", r, err)
	}
	if r, err := n.refund(c, "", "whole"); err != nil || r.State != refund.Done {
		t.Errorf("all of it: %+v, %v", r, err)
	}
	if _, err := n.Settler.AskPayPal(t.Context(), c.ID, newsroom.Editor); err != nil {
		t.Error(err)
	}
	n.Wants(c, contribution.Refunded)
	n.BooksEqual()
}

// PayPal's API refunds only what an app captured.
func TestAnAdoptedPaymentIsRefundedAtPayPal(t *testing.T) {
	t.Parallel()
	n := open(t)
	n.hook("POST", "payments", `{"amount":"30.00","currency":"EUR"}`, nil)
	page, err := n.Client.Transactions(t.Context(), paypal.TransactionQuery{
		From: n.Clock.Now().Add(-24 * time.Hour), To: n.Clock.Now().Add(time.Minute), Page: 1, PageSize: paypal.MaxPage,
	})
	if err != nil || len(page.Transactions) != 1 {
		t.Fatalf("%d transactions, %v", len(page.Transactions), err)
	}
	c, err := n.Adopter.Adopt(t.Context(), page.Transactions[0], campaign.DefaultSlug, newsroom.Editor)
	if err != nil {
		t.Fatal(err)
	}
	const says = "can only be refunded there"
	if _, err := n.refund(c, "5.00", "form"); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), says) {
		t.Errorf("refund of an adopted payment: %v", err)
	}
	all, err := n.Refunds.Refundable(t.Context(), c.ID)
	if err != nil || len(all) != 1 || !all[0].Elsewhere || all[0].Left != all[0].Amount {
		t.Errorf("%+v, %v", all, err)
	}
}

// Whoever asked has gone before PayPal answered: the audit log has what came of it all the same.
func TestTheAuditLogDoesNotNeedTheOneWhoAsked(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.disputed(testkit.Fields{})
	ctx, leave := context.WithCancel(t.Context())
	n.fault(`{"kind":"delay","delay":"300ms","match":{"path":"/v*"}}`)
	go func() {
		for sent := false; !sent && t.Context().Err() == nil; time.Sleep(5 * time.Millisecond) {
			_ = n.DB.GetContext(t.Context(), &sent, `SELECT count(lease_until) > 0 FROM refund_request`)
		}
		leave()
	}()
	if _, err := n.Refunds.Request(ctx, refund.Intent{Contribution: c.ID, Reason: "x", Key: "k",
		By: newsroom.Editor}); err == nil {
		t.Error("nobody waited and it was done")
	}
	n.Refunds.Close() // waits for the call
	if got, want := n.Audited(c), "contribution.refund, contribution.refund_answer done"; got != want {
		t.Errorf("audited: %s\nwant     %s", got, want)
	}
}

// transport notes what PayPal is asked.
type transport struct {
	mu    sync.Mutex
	calls []string
}

// RoundTrip notes a request and sends it on.
func (w *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, r.Method+" "+r.URL.Path)
	return http.DefaultTransport.RoundTrip(r)
}

// However many orders are due, a refund does not wait for them.
func TestSendingRefundsAsksAboutNoOrders(t *testing.T) {
	t.Parallel()
	n := open(t)
	paid, _ := n.Pay(newsroom.Intent())
	for range 3 {
		n.Start(newsroom.Intent())
	}
	n.fault(`{"kind":"reset_before","match":{"method":"POST"}}`)
	if r, err := n.refund(paid, "10.00", "form"); err != nil || r.State == refund.Done {
		t.Fatalf("%+v, %v", r, err)
	}
	n.clearFaults()
	n.Clock.Advance(4 * time.Hour) // the orders have been due for longer
	noted := &transport{}
	client, err := paypal.New(paypal.Config{
		BaseURL: n.PayPal.PublicURL, ClientID: "sandbox-client", ClientSecret: "sandbox-secret", Now: n.Clock.Now,
		Transport: noted,
	})
	if err != nil {
		t.Fatal(err)
	}
	n = worldOf(n.On(n.DB, client))
	n.workOff()
	n.Wants(paid, contribution.PartiallyRefunded)
	for _, call := range noted.calls {
		if strings.Contains(call, "/v2/checkout/orders") {
			t.Errorf("PayPal was asked about an order: %v", noted.calls)
		}
	}
	n.BooksEqual()
}
