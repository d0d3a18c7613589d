package refund_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/refund"
	"readerfund/internal/testkit/newsroom"
)

// A gift of 25.00, of which 10.00 goes back by our staff and 5.00 by somebody at PayPal, each told three times and the
// wrong way round.
func TestPartsGoBackFromBothSides(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, capture := n.Pay(newsroom.Intent())
	ours, err := n.refund(c, "10.00", "form-1")
	if err != nil || ours.State != refund.Done || ours.RefundID == "" {
		t.Fatalf("%+v, %v", ours, err)
	}
	var theirs struct{ ID string }
	n.hook("POST", "captures/"+capture+"/refund", `{"amount":"5.00"}`, &theirs)
	for range 3 {
		for _, id := range []string{theirs.ID, ours.RefundID} {
			if err := n.told(id); err != nil {
				t.Fatal(err)
			}
		}
	}
	n.Wants(c, contribution.PartiallyRefunded)
	n.BooksEqual()
	var gross, fee, back int64
	err = n.DB.QueryRowx(`
		SELECT sum(amount_minor) FILTER (WHERE kind = 'charge'), sum(amount_minor) FILTER (WHERE kind = 'fee'),
		       sum(amount_minor) FILTER (WHERE kind = 'refund')
		FROM ledger_entry WHERE contribution_id = $1`, c.ID).Scan(&gross, &fee, &back)
	if err != nil || gross != 2500 || back != -1500 || fee >= 0 {
		t.Errorf("gross %d, fee %d, refunded %d (%v)", gross, fee, back, err)
	}
	if got := n.Audited(c); got != "contribution.refund, contribution.refund_answer done" {
		t.Errorf("audited: %s", got)
	}
}

func TestPressingTwiceIsOneRefund(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, _ := n.Pay(newsroom.Intent())
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			if _, err := n.refund(c, "10.00", "the same form"); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if n.refunds() != 1 {
		t.Errorf("%d refunds at PayPal", n.refunds())
	}
	n.BooksEqual()
	for name, ask := range map[string]func() (refund.Request, error){
		"the same form with another amount": func() (refund.Request, error) { return n.refund(c, "9.00", "the same form") },
		"the same form for another gift": func() (refund.Request, error) {
			other, _ := n.Pay(newsroom.Intent())
			return n.refund(other, "10.00", "the same form")
		},
		"the same form for all that is left": func() (refund.Request, error) { return n.refund(c, "", "the same form") },
		"the same form for another payment": func() (refund.Request, error) {
			return n.Refunds.Request(t.Context(), refund.Intent{Contribution: c.ID, Payment: "ANOTHER", Amount: "10.00",
				Reason: "Given twice.", Note: "With thanks", Key: "the same form"})
		},
		"the same form with another reason": func() (refund.Request, error) {
			return n.Refunds.Request(t.Context(), refund.Intent{Contribution: c.ID, Amount: "10.00",
				Reason: "refund.Asked by mail.",
				Note:   "With thanks", Key: "the same form"})
		},
		"the same form with another line for the reader": func() (refund.Request, error) {
			return n.Refunds.Request(t.Context(), refund.Intent{Contribution: c.ID, Amount: "10.00", Reason: "Given twice.",
				Note: "Bye",
				Key:  "the same form"})
		},
		"the same form in another currency": func() (refund.Request, error) {
			return n.Refunds.Request(t.Context(), refund.Intent{Contribution: c.ID, Amount: "10.00", Currency: "USD",
				Reason: "Given twice.", Note: "With thanks", Key: "the same form"})
		},
	} {
		if _, err := ask(); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n.refunds() != 1 {
		t.Errorf("%d refunds at PayPal", n.refunds())
	}
}

// Two people, two forms, at once: together they may not give back more than there is.
func TestTwoFormsCannotGiveBackMoreThanThereIs(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, _ := n.Pay(newsroom.Intent())
	var wait sync.WaitGroup
	for _, key := range []string{"a", "b", "c", "d"} {
		wait.Go(func() {
			if _, err := n.refund(c, "20.00", key); err != nil && !fault.Is(err, fault.Conflict) &&
				!fault.Is(err, fault.Invalid) {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if n.refunds() != 1 {
		t.Errorf("%d refunds of 20.00 from 25.00", n.refunds())
	}
	n.BooksEqual()
}

func TestWhatCannotBeRefundedIsSaid(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, _ := n.Pay(newsroom.Intent())
	waiting := n.approved("pending")
	open := n.Start(newsroom.Intent())
	for _, wrong := range []struct {
		name, says string
		order      refund.Intent
		kind       fault.Kind
	}{
		{"nothing", "above zero", refund.Intent{Contribution: c.ID, Amount: "0"}, fault.Invalid},
		{"less than nothing", "", refund.Intent{Contribution: c.ID, Amount: "-5"}, fault.Invalid},
		{"more than there is", "At most 25.00 EUR is left", refund.Intent{Contribution: c.ID, Amount: "25.01"},
			fault.Invalid},
		{"no number", "", refund.Intent{Contribution: c.ID, Amount: "ten"}, fault.Invalid},
		{"a third decimal", "", refund.Intent{Contribution: c.ID, Amount: "1.999"}, fault.Invalid},
		{"another currency", "only be refunded in EUR", refund.Intent{Contribution: c.ID, Amount: "5.00", Currency: "USD"},
			fault.Invalid},
		{"another gift's payment", "has no such payment", refund.Intent{Contribution: c.ID, Payment: "5O190127TN364715T"},
			fault.NotFound},
		{"what PayPal holds", "still pending", refund.Intent{Contribution: waiting.ID, Amount: "5.00"}, fault.Invalid},
		{"what never came", "nothing to refund", refund.Intent{Contribution: open.ID, Amount: "5.00"}, fault.Invalid},
		{"a payment that is no text", "has no such payment", refund.Intent{Contribution: c.ID, Payment: "5O19\x00",
			Amount: "5.00"}, fault.NotFound},
		{"what was shown is gone", "25.00 EUR is left now", refund.Intent{Contribution: c.ID, Amount: "5.00", Seen: "20.00"},
			fault.Conflict},
		{"nobody's gift", "no such contribution", refund.Intent{Contribution: uuid.New(), Amount: "5.00"}, fault.NotFound},
	} {
		wrong.order.Reason, wrong.order.Key, wrong.order.By = "because", wrong.name, newsroom.Editor
		if _, err := n.Refunds.Request(t.Context(), wrong.order); !fault.Is(err, wrong.kind) ||
			!strings.Contains(err.Error(), wrong.says) {
			t.Errorf("%s: %v, want %q", wrong.name, err, wrong.says)
		}
	}
	long := strings.Repeat("x", 2000)
	for name, o := range map[string]refund.Intent{
		"no reason": {Key: "k"}, "no key": {Reason: "r"}, "a long reason": {Reason: long,
			Key: "k"}, "a long note": {Reason: "r", Note: long, Key: "k"},
		"bad text": {Reason: "\xff", Key: "k"}, "a long key": {Reason: "r", Key: long},
	} {
		o.Contribution, o.Amount = c.ID, "5.00"
		if _, err := n.Refunds.Request(t.Context(), o); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var rows int
	if err := n.DB.Get(&rows, `SELECT count(*) FROM refund_request`); err != nil || rows != 0 || n.refunds() != 0 {
		t.Errorf("%d requests were written, %d refunds made (%v)", rows, n.refunds(), err)
	}
}

// The answer is lost on the way, or does not come: the request stands, and the queue brings it to its end.
func TestARefundWhoseAnswerWasLost(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"reset_after", "reset_before"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			n := open(t)
			c, _ := n.Pay(newsroom.Intent())
			n.fault(`{"kind":"` + kind + `","times":50,"match":{"method":"POST","path":"/v2/payments/captures/*/refund"}}`)
			r, err := n.refund(c, "10.00", "form")
			if err != nil || r.State != refund.Unknown {
				t.Fatalf("%+v, %v", r, err)
			}
			if _, err := n.refund(c, "5.00", "another"); !fault.Is(err, fault.Conflict) {
				t.Errorf("another refund while one is under way: %v", err)
			}
			n.clearFaults()
			if r, err = n.refund(c, "10.00", "form"); err != nil || r.State != refund.Done {
				t.Errorf("pressed again: %+v, %v", r, err)
			}
			if n.refunds() != 1 {
				t.Errorf("%d refunds", n.refunds())
			}
			n.BooksEqual()
		})
	}
}

func TestTheQueueEndsARefundThatNobodySawThrough(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, _ := n.Pay(newsroom.Intent())
	n.fault(`{"kind":"status","status":503,"times":50,"match":{"method":"POST","path":"/v2/payments/captures/*/refund"}}`)
	if r, err := n.refund(c, "10.00", "form"); err != nil || r.State != refund.Unknown {
		t.Fatalf("%+v, %v", r, err)
	}
	n.clearFaults()
	n.Clock.Advance(2 * time.Hour)
	for range 2 {
		n.workOff()
	}
	n.Wants(c, contribution.PartiallyRefunded)
	n.BooksEqual()
	if got := n.Audited(c); got != "contribution.refund, contribution.refund_answer done" {
		t.Errorf("audited: %s", got)
	}
}

// A process that dies after PayPal made the refund leaves the request as it was. PayPal's news of the refund comes
// first, then the queue.
func TestARefundWhoseProcessDied(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, _ := n.Pay(newsroom.Intent())
	r, err := n.refund(c, "10.00", "form")
	if err != nil {
		t.Fatal(err)
	}
	for _, undo := range []string{
		`DELETE FROM ledger_entry WHERE kind = 'refund'`, `UPDATE payment SET returned_minor = 0`, `DELETE FROM refund`,
		`UPDATE contribution SET state = 'completed'`,
		`UPDATE refund_request SET state = 'asked', refund_id = NULL, ended_at = NULL, check_at = asked_at`,
	} {
		if _, err := n.DB.Exec(undo); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.told(r.RefundID); err != nil {
		t.Fatal(err)
	}
	n.Clock.Advance(time.Minute)
	n.workOff()
	again, err := refund.Find(t.Context(), n.DB, "r.id = $1", r.ID)
	if err != nil || again.State != refund.Done || again.RefundID != r.RefundID || n.refunds() != 1 {
		t.Errorf("%+v, %v, %d refunds", again, err, n.refunds())
	}
	n.BooksEqual()
}

// PayPal forgot the request after its memory was over, and refuses the invoice number that it has: the refund is found
// in its books, and not made again.
func TestARefundThatPayPalForgotIsFound(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, capture := n.Pay(newsroom.Intent())
	r, err := n.refund(c, "10.00", "form")
	if err != nil {
		t.Fatal(err)
	}
	n.Exec(`
		UPDATE refund_request
		SET id = gen_random_uuid(), state = 'unknown', refund_id = NULL, ended_at = NULL, check_at = asked_at`)
	n.Clock.Advance(time.Minute)
	n.workOff()
	again, err := refund.Find(t.Context(), n.DB, "p.paypal_id = $1", capture)
	if err != nil || again.State != refund.Done || again.RefundID != r.RefundID || n.refunds() != 1 {
		t.Errorf("%+v, %v, %d refunds", again, err, n.refunds())
	}
}

func TestAnAnswerThatNeverCameIsGivenUp(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, _ := n.Pay(newsroom.Intent())
	n.fault(`{"kind":"status","status":503,"times":50,"match":{"method":"POST","path":"/v2/payments/captures/*/refund"}}`)
	if _, err := n.refund(c, "10.00", "form"); err != nil {
		t.Fatal(err)
	}
	n.Clock.Advance(41 * 24 * time.Hour)
	n.clearFaults()
	r, err := n.refund(c, "10.00", "form")
	if err != nil || r.State != refund.Failed || !strings.Contains(r.Advice,
		"not among the refunds that PayPal lists") || n.refunds() != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err = n.refund(c, "10.00", "another"); err != nil || r.State != refund.Done || n.refunds() != 1 {
		t.Errorf("asked for again: %+v, %v", r, err)
	}
}

// PayPal's no is kept with words that say what to do.
func TestPayPalRefusesARefund(t *testing.T) {
	t.Parallel()
	n := open(t)
	c, _ := n.Pay(newsroom.Intent())
	n.Clock.Advance(181 * 24 * time.Hour)
	r, err := n.refund(c, "10.00", "form")
	if err != nil || r.State != refund.Refused || r.Answer != "REFUND_TIME_LIMIT_EXCEEDED" ||
		!strings.Contains(r.Advice, "180") {
		t.Fatalf("%+v, %v", r, err)
	}
	n.Wants(c, contribution.Completed)
	if got := n.Audited(c); got != "contribution.refund, contribution.refund_answer refused" {
		t.Errorf("audited: %s", got)
	}
	if r, err = n.refund(c, "10.00", "form"); err != nil || r.State != refund.Refused {
		t.Errorf("pressed again: %+v, %v", r, err)
	}
}
