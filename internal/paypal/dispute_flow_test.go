package paypal_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/money"
	"readerfund/internal/paypal"
)

// paid is a gift that was captured.
func (w world) paid(t *testing.T, amount money.Amount) paypal.Capture {
	t.Helper()
	order := w.approved(t, gift(amount), "")
	done, err := w.client.CaptureOrder(t.Context(), order.ID, uuid.NewString())
	if err != nil || len(done.Captures) != 1 {
		t.Fatalf("%+v, %v", done, tell(err))
	}
	return done.Captures[0]
}

// disputed tells the emulator what the buyer, or PayPal, does about a capture, and reads the dispute.
func (w world) disputed(t *testing.T, captureID string, what map[string]any) paypal.Dispute {
	t.Helper()
	var made struct {
		ID string `json:"dispute_id"`
	}
	w.hook(t, http.MethodPost, "/sandbox/captures/"+captureID+"/dispute", what, &made)
	got, err := w.client.Dispute(t.Context(), made.ID)
	if err != nil {
		t.Fatal(tell(err))
	}
	return got
}

func TestClaimThatIsAcceptedAtTheEmulator(t *testing.T) {
	t.Parallel()
	w := newEmulator(t)
	ctx, capture := t.Context(), w.paid(t, money.New(2500, "EUR"))
	asked := w.disputed(t, capture.ID, map[string]any{"stage": "INQUIRY", "amount": "20.00", "fee": "16.00"})
	if !asked.Open() || asked.Holds() || !asked.MayAccept || asked.Amount != money.New(2000, "EUR") ||
		!slices.Equal(asked.CaptureIDs, []string{capture.ID}) ||
		asked.Reason == "" || asked.Outcome != "" || asked.RespondBy.Before(time.Now()) ||
		time.Since(asked.CreatedAt).Abs() > time.Minute {
		t.Errorf("asked: %+v", asked)
	}
	claimed := w.disputed(t, capture.ID, map[string]any{"stage": "CHARGEBACK"})
	if !claimed.Open() || !claimed.Holds() || claimed.ID != asked.ID || len(claimed.Fees) != 0 {
		t.Errorf("claimed: %+v", claimed)
	}
	if ids, err := w.client.DisputesOf(ctx, capture.ID); tell(err) != nil || !slices.Equal(ids, []string{asked.ID}) {
		t.Errorf("of the capture: %v, %v", ids, err)
	}
	if err := w.client.AcceptClaim(ctx, asked.ID, uuid.NewString(), "We are sorry."); tell(err) != nil {
		t.Fatal(err)
	}
	over, err := w.client.Dispute(ctx, asked.ID)
	if tell(err) != nil || over.Open() || !over.Holds() || over.MayAccept || over.Outcome == "" || over.Refunded == nil ||
		*over.Refunded != asked.Amount ||
		len(over.Fees) != 1 || over.Fees[0].Reason != "CHARGEBACK_FEE" || over.Fees[0].Amount != money.New(1600, "EUR") ||
		over.Fees[0].At.IsZero() {
		t.Errorf("over: %+v, %v", over, err)
	}
	if k, err := w.client.Capture(ctx, capture.ID); tell(err) != nil || !k.Reversed() {
		t.Errorf("reversed: %+v, %v", k, err)
	}
	err = w.client.AcceptClaim(ctx, asked.ID, uuid.NewString(), "Again.")
	if code, sentence := paypal.Advice(tell(err)); code != "ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE" ||
		sentence.String() == "" || paypal.OutcomeUnknown(err) {
		t.Errorf("accepted twice: %q %q, %v", code, sentence, err)
	}
	rows, _ := w.found(t, 0)
	for kind, minor := range map[string]int64{"T1110": -2000, "T1111": 2000, "T1106": -2000, "T0106": -1600} {
		if len(rows[kind]) != 1 || rows[kind][0].Amount != money.New(minor, "EUR") ||
			rows[kind][0].ReferenceID != capture.ID {
			t.Errorf("%s: %+v", kind, rows[kind])
		}
	}
}

func TestClaimThatIsWonAtTheEmulator(t *testing.T) {
	t.Parallel()
	w := newEmulator(t)
	capture := w.paid(t, money.New(2500, "JPY"))
	got := w.disputed(t, capture.ID, map[string]any{"outcome": "seller", "fee": "1600"})
	if got.Open() || !got.Holds() || got.Outcome != paypal.OutcomeSeller || got.Refunded != nil || len(got.Fees) != 0 ||
		got.MayAccept {
		t.Errorf("won: %+v", got)
	}
	if k, err := w.client.Capture(t.Context(), capture.ID); tell(err) != nil || k.Refunded() {
		t.Errorf("the money is here: %+v, %v", k, err)
	}
}

func TestManyCasesAtTheEmulator(t *testing.T) {
	t.Parallel()
	w := newEmulator(t)
	var made struct {
		List []struct{ Capture string }
	}
	w.hook(t, http.MethodPost, "/sandbox/history", map[string]any{"payments": 60, "list": true}, &made)
	want := map[string]bool{}
	for _, p := range made.List {
		want[w.disputed(t, p.Capture, map[string]any{}).ID] = true
		w.disputed(t, p.Capture, map[string]any{"outcome": "seller"})
	}
	got := map[string]bool{}
	err := w.client.DisputesSince(t.Context(), time.Now().Add(-time.Hour), func(id string, updated time.Time) error {
		if got[id] || time.Since(updated).Abs() > time.Minute {
			t.Errorf("%s again, or of another day: %v", id, updated)
		}
		got[id] = true
		return nil
	})
	if tell(err) != nil || len(got) != 60 || len(want) != 60 {
		t.Errorf("%d of %d, %v", len(got), len(want), err)
	}
	told := map[string]int{} // more than a page holds
	err = w.client.WebhookEvents(t.Context(), time.Now().Add(-time.Hour), time.Now().Add(time.Minute), func(listed paypal.ListedEvent) error {
		e, err := paypal.ParseEvent(listed.Body)
		if err != nil || e.ID != listed.ID || e.CaptureID != "" || !want[e.DisputeID] ||
			time.Since(listed.CreateTime).Abs() > time.Minute {
			t.Errorf("told %+v, %v", e, err)
		}
		told[e.Type+" "+e.DisputeID]++
		return nil
	})
	if tell(err) != nil || len(told) != 120 {
		t.Errorf("%d events, %v", len(told), err)
	}
	for id := range want {
		if told["CUSTOMER.DISPUTE.CREATED "+id] != 1 || told["CUSTOMER.DISPUTE.RESOLVED "+id] != 1 {
			t.Errorf("%s was told %v", id, told)
		}
	}
}

func TestConversionAtTheEmulator(t *testing.T) {
	t.Parallel()
	w := newEmulator(t)
	order, err := w.client.CreateOrder(t.Context(), gift(money.New(1000, "USD")))
	if err != nil {
		t.Fatal(tell(err))
	}
	w.hook(t, http.MethodPost, "/sandbox/orders/"+order.ID+"/approve",
		map[string]any{"convert_to": "EUR", "rate": "0.9200"}, nil)
	done, err := w.client.CaptureOrder(t.Context(), order.ID, uuid.NewString())
	if err != nil || len(done.Captures) != 1 {
		t.Fatalf("%+v, %v", done, tell(err))
	}
	c := done.Captures[0]
	if c.Receivable == nil || c.Receivable.Currency != "EUR" || c.ExchangeRate == "" || c.Net == nil ||
		c.Net.Currency != "USD" {
		t.Fatalf("captured %+v", c)
	}
	rows, _ := w.found(t, 0)
	for _, row := range rows["T0200"] {
		if row.ReferenceID != c.ID || row.Amount != *c.Receivable && row.Amount != c.Net.Neg() {
			t.Errorf("converted %+v of %+v", row, c)
		}
	}
	if len(rows["T0200"]) != 2 {
		t.Errorf("%d rows", len(rows["T0200"]))
	}
}
