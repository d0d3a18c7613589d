package contribution

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"readerfund/internal/fault"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
)

// open lists what a person has to look at of a contribution.
func openReviews(t *testing.T, d *Desk, c Contribution) []review.Review {
	t.Helper()
	all, err := review.Of(t.Context(), d.db, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	var open []review.Review
	for _, r := range all {
		if r.Open() {
			open = append(open, r)
		}
	}
	return open
}

// looks is that in words.
func looks(t *testing.T, d *Desk, c Contribution) string {
	t.Helper()
	var texts []string
	for _, r := range openReviews(t, d, c) {
		texts = append(texts, r.Text())
	}
	return strings.Join(texts, " ")
}

func captureOfLess(id string) paypal.Capture {
	less := captureOf(id, "COMPLETED")
	less.Amount = eur(2000)
	return less
}

// What a person has looked at is not brought before them again; another thing is.
func TestSomebodyLooked(t *testing.T) {
	t.Parallel()
	d := bareDesk(t)
	c, other := mustBegin(t, d), mustBegin(t, d)
	src := Source{Way: ByWebhook}
	less := captureOfLess("CAP")
	apply(t, d, CaptureSeen(c.ID, src, less))
	asked := openReviews(t, d, c)[0]
	for name, wrong := range map[string]func() error{
		"without a word":      func() error { return d.Looked(t.Context(), c.ID, asked.ID, " ", editor) },
		"at what is not":      func() error { return d.Looked(t.Context(), c.ID, asked.ID+1000, "Fine.", editor) },
		"of another gift":     func() error { return d.Looked(t.Context(), other.ID, asked.ID, "Fine.", editor) },
		"of no gift there is": func() error { return d.Looked(t.Context(), uuid.New(), asked.ID, "Fine.", editor) },
	} {
		if err := wrong(); fault.KindOf(err) == fault.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := d.Looked(t.Context(), c.ID, asked.ID, "She changed it at PayPal.", editor); err != nil {
		t.Fatal(err)
	}
	if err := d.Looked(t.Context(), c.ID, asked.ID, "Again.", editor); !fault.Is(err, fault.Conflict) {
		t.Errorf("twice: %v", err)
	}
	if apply(t, d, CaptureSeen(c.ID, src, less)); looks(t, d, c) != "" {
		t.Errorf("the same comes up again: %q", looks(t, d, c))
	}
	if err := d.askForALook(t.Context(), c.ID, asked.Code, asked.Args); err != nil || looks(t, d, c) != "" {
		t.Errorf("asked for again: %q, %v", looks(t, d, c), err)
	}
	fee := eur(130)
	less.Fee = &fee
	if apply(t, d, CaptureSeen(c.ID, src, less)); !strings.Contains(looks(t, d, c), "fee of CAP") {
		t.Errorf("another thing: %q", looks(t, d, c))
	}
	var noted int
	err := d.db.Get(&noted, `
		SELECT count(*) FROM audit_entry WHERE action = 'contribution.looked' AND detail->>'before' = $1`, asked.Text())
	if err != nil || noted != 1 {
		t.Errorf("audited %d times, %v", noted, err)
	}
}

// That PayPal took the money twice stands beside another reason, and comes again with a third payment after staff have
// looked at the first two.
func TestPaidTwiceIsNotSwallowed(t *testing.T) {
	t.Parallel()
	d := bareDesk(t)
	c := mustBegin(t, d)
	src := Source{Way: ByWebhook}
	apply(t, d, CaptureSeen(c.ID, src, captureOfLess("CAP-1")))
	apply(t, d, CaptureSeen(c.ID, src, captureOf("CAP-2", "COMPLETED")))
	got := looks(t, d, c)
	if !strings.Contains(got, "the reader chose 25.00 EUR") || !strings.Contains(got, "2 times: CAP-1, CAP-2") {
		t.Fatalf("beside another reason: %q", got)
	}
	for _, r := range openReviews(t, d, c) {
		if err := d.Looked(t.Context(), c.ID, r.ID, "Refund asked for.", editor); err != nil {
			t.Fatal(err)
		}
	}
	apply(t, d, CaptureSeen(c.ID, src, captureOf("CAP-3", "COMPLETED")))
	if got := looks(t, d, c); !strings.Contains(got, "3 times: CAP-1, CAP-2, CAP-3") {
		t.Errorf("after a look at the first two: %q", got)
	}
	apply(t, d, CaptureSeen(c.ID, src, captureOf("CAP-4", "COMPLETED")))
	if got := looks(t, d, c); !strings.Contains(got, "4 times") || strings.Contains(got, "3 times") {
		t.Errorf("the newer takes the place of the older: %q", got)
	}
}

// What PayPal said oddly and then rightly needs nobody any more; what only a person can settle stays.
func TestALaterGoodAnswerSettles(t *testing.T) {
	t.Parallel()
	d := bareDesk(t)
	src := Source{Way: ByWebhook}
	try := func(c Contribution, f Fact) {
		t.Helper()
		if _, err := d.applyAll(t.Context(), []Fact{f}); err == nil {
			t.Fatalf("%s was applied", f.kind())
		}
		if got := looks(t, d, c); !strings.Contains(got, "booked") {
			t.Fatalf("nobody is asked to look: %q", got)
		}
	}
	settled := func(c Contribution) {
		t.Helper()
		if got := looks(t, d, c); got != "" {
			t.Errorf("it still needs a person: %q", got)
		}
	}
	c := mustBegin(t, d)
	try(c, CaptureSeen(c.ID, src, captureOf("CAP", "TELEPORTED")))
	apply(t, d, CaptureSeen(c.ID, src, captureOf("CAP", "COMPLETED")))
	settled(c)

	refund := paypal.Refund{ID: "R", CaptureID: "CAP", Status: "HALFWAY", Amount: eur(500), CreatedAt: noon}
	try(c, RefundSeen(c.ID, src, refund))
	refund.Status, refund.Amount = paypal.RefundCompleted, eur(3000)
	try(c, RefundSeen(c.ID, src, refund))
	refund.Amount = eur(500)
	apply(t, d, RefundSeen(c.ID, src, refund))
	settled(c)

	// A word that changed and changed back; then it comes back once more, and a person is asked once more.
	changed := captureOf("CAP", "COMPLETED")
	fee := eur(130)
	changed.Fee = &fee
	for range 2 {
		apply(t, d, CaptureSeen(c.ID, src, changed))
		if got := looks(t, d, c); !strings.Contains(got, "fee of CAP") {
			t.Errorf("another fee: %q", got)
		}
		apply(t, d, CaptureSeen(c.ID, src, captureOf("CAP", "COMPLETED")))
		settled(c)
	}

	// The order lists another's payment, and then no longer does.
	theirs, mine := c, mustBegin(t, d)
	order := paypal.Order{ID: "ORDER", Status: paypal.OrderCompleted}
	order.Captures = []paypal.Capture{captureOf("CAP", "COMPLETED")}
	if _, err := d.applyAll(t.Context(), OrderSeen(mine.ID, src, order)); err == nil {
		t.Error("another's payment was applied")
	}
	if got := looks(t, d, mine); !strings.Contains(got, theirs.ID.String()) {
		t.Errorf("another's payment: %q", got)
	}
	order.Captures = []paypal.Capture{captureOf("MINE", "COMPLETED")}
	apply(t, d, OrderSeen(mine.ID, src, order)...)
	settled(mine)

	apply(t, d, CaptureSeen(mine.ID, src, captureOfLess("AGAIN")))
	apply(t, d, OrderSeen(mine.ID, src, order)...)
	if got := looks(t, d, mine); !strings.Contains(got, "2 times") || !strings.Contains(got, "20.00 EUR") {
		t.Errorf("only a person settles that: %q", got)
	}
}
