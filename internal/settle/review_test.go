package settle_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/money"
	"readerfund/internal/paypal"
	"readerfund/internal/review"
	"readerfund/internal/settle"
	"readerfund/internal/testkit/newsroom"
)

// open lists what a person has to look at of a contribution.
func openReviews(t *testing.T, d *world, c contribution.Contribution) []review.Review {
	t.Helper()
	all, err := review.Of(t.Context(), d.DB, c.ID)
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
func looks(t *testing.T, d *world, c contribution.Contribution) string {
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
	d := bare(t)
	c, other := mustBegin(t, d), mustBegin(t, d)
	src := byWebhook
	less := captureOfLess("CAP")
	apply(t, d, settle.CaptureSeen(c.ID, src, less))
	asked := openReviews(t, d, c)[0]
	for name, wrong := range map[string]func() error{
		"without a word": func() error {
			return d.Contributions.CloseReview(t.Context(), c.ID, asked.ID, " ",
				newsroom.Editor)
		},
		"at what is not": func() error {
			return d.Contributions.CloseReview(t.Context(), c.ID, asked.ID+1000, "Fine.", newsroom.Editor)
		},
		"of another gift": func() error {
			return d.Contributions.CloseReview(t.Context(), other.ID, asked.ID, "Fine.", newsroom.Editor)
		},
		"of no gift there is": func() error {
			return d.Contributions.CloseReview(t.Context(), uuid.New(), asked.ID, "Fine.", newsroom.Editor)
		},
	} {
		if err := wrong(); fault.KindOf(err) == fault.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := d.Contributions.CloseReview(t.Context(), c.ID, asked.ID, "She changed it at PayPal.",
		newsroom.Editor); err != nil {
		t.Fatal(err)
	}
	err := d.Contributions.CloseReview(t.Context(), c.ID, asked.ID, "Again.", newsroom.Editor)
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("twice: %v", err)
	}
	if apply(t, d, settle.CaptureSeen(c.ID, src, less)); looks(t, d, c) != "" {
		t.Errorf("the same comes up again: %q", looks(t, d, c))
	}
	if err := d.Applier.OpenReview(t.Context(), c.ID, asked.Code, asked.Args); err != nil || looks(t, d, c) != "" {
		t.Errorf("asked for again: %q, %v", looks(t, d, c), err)
	}
	fee := eur(130)
	less.Fee = &fee
	if apply(t, d, settle.CaptureSeen(c.ID, src, less)); !strings.Contains(looks(t, d, c), "fee of CAP") {
		t.Errorf("another thing: %q", looks(t, d, c))
	}
	var noted int
	err = d.DB.Get(&noted, `
		SELECT count(*) FROM audit_entry WHERE action = 'contribution.looked' AND detail->>'before' = $1`, asked.Text())
	if err != nil || noted != 1 {
		t.Errorf("audited %d times, %v", noted, err)
	}
}

// That PayPal took the money twice stands beside another reason, and comes again with a third payment after staff have
// looked at the first two.
func TestPaidTwiceIsNotSwallowed(t *testing.T) {
	t.Parallel()
	d := bare(t)
	c := mustBegin(t, d)
	src := byWebhook
	apply(t, d, settle.CaptureSeen(c.ID, src, captureOfLess("CAP-1")))
	apply(t, d, settle.CaptureSeen(c.ID, src, captureOf("CAP-2", "COMPLETED")))
	got := looks(t, d, c)
	if !strings.Contains(got, "the reader chose 25.00 EUR") || !strings.Contains(got, "2 times: CAP-1, CAP-2") {
		t.Fatalf("beside another reason: %q", got)
	}
	for _, r := range openReviews(t, d, c) {
		if err := d.Contributions.CloseReview(t.Context(), c.ID, r.ID, "Refund asked for.", newsroom.Editor); err != nil {
			t.Fatal(err)
		}
	}
	apply(t, d, settle.CaptureSeen(c.ID, src, captureOf("CAP-3", "COMPLETED")))
	if got := looks(t, d, c); !strings.Contains(got, "3 times: CAP-1, CAP-2, CAP-3") {
		t.Errorf("after a look at the first two: %q", got)
	}
	apply(t, d, settle.CaptureSeen(c.ID, src, captureOf("CAP-4", "COMPLETED")))
	if got := looks(t, d, c); !strings.Contains(got, "4 times") || strings.Contains(got, "3 times") {
		t.Errorf("the newer takes the place of the older: %q", got)
	}
}

// A net that is not the payment less the fee needs a person, until it adds up; a conversion is no such thing.
func TestANetThatDoesNotAddUp(t *testing.T) {
	t.Parallel()
	d := bare(t)
	src := byWebhook
	c := mustBegin(t, d)
	amount := func(minor int64, currency money.Currency) *money.Amount {
		a := money.New(minor, currency)
		return &a
	}
	for _, x := range []struct {
		name   string
		change func(*paypal.Capture)
		looks  string
	}{
		{"it adds up", func(k *paypal.Capture) { k.Net = amount(2380, "EUR") }, ""},
		{"no net yet", func(*paypal.Capture) {}, ""},
		{"a platform's fee", func(k *paypal.Capture) {
			k.Net, k.PlatformFee = amount(2280, "EUR"), amount(100, "EUR")
		}, "1.00 EUR of the payment CAP of 25.00 EUR went to a platform, and 22.80 EUR reached"},
		{"it adds up again", func(k *paypal.Capture) { k.Net = amount(2380, "EUR") }, ""},
		{"nobody knows for what", func(k *paypal.Capture) { k.Net = amount(2279, "EUR") }, "off by 1.01 EUR"},
		{"no more", func(k *paypal.Capture) { k.Net = amount(2380, "EUR") }, ""},
		{"too much", func(k *paypal.Capture) { k.Net = amount(2500, "EUR") }, "by -1.20 EUR"},
		{"converted", func(k *paypal.Capture) {
			k.Net, k.Receivable, k.ExchangeRate = amount(2380, "EUR"), amount(2618, "USD"), "1.1"
		}, ""},
		{"a net in the account's currency", func(k *paypal.Capture) { k.Net = amount(2618, "USD") }, ""},
		{"a fee in the account's currency", func(k *paypal.Capture) {
			k.Net, k.FeeElsewhere = amount(2500, "EUR"), true
		}, ""},
	} {
		seen := captureOf("CAP", "COMPLETED")
		x.change(&seen)
		apply(t, d, settle.CaptureSeen(c.ID, src, seen))
		if got := looks(t, d, c); !strings.Contains(got, x.looks) || (got == "") != (x.looks == "") {
			t.Errorf("%s: to look at: %q", x.name, got)
		}
	}
	if got := entries(t.Context(), t, d.DB, c.ID); !strings.Contains(got, "fee -120 EUR CAP") {
		t.Errorf("booked:\n%s", got)
	}
}

// What PayPal said oddly and then rightly needs nobody any more; what only a person can settle stays.
func TestALaterGoodAnswerSettles(t *testing.T) {
	t.Parallel()
	d := bare(t)
	src := byWebhook
	try := func(c contribution.Contribution, f settle.Fact) {
		t.Helper()
		if _, err := d.Applier.ApplyAll(t.Context(), []settle.Fact{f}); err == nil {
			t.Fatalf("it was applied: %+v", f)
		}
		if got := looks(t, d, c); !strings.Contains(got, "booked") {
			t.Fatalf("nobody is asked to look: %q", got)
		}
	}
	settled := func(c contribution.Contribution) {
		t.Helper()
		if got := looks(t, d, c); got != "" {
			t.Errorf("it still needs a person: %q", got)
		}
	}
	c := mustBegin(t, d)
	try(c, settle.CaptureSeen(c.ID, src, captureOf("CAP", "TELEPORTED")))
	apply(t, d, settle.CaptureSeen(c.ID, src, captureOf("CAP", "COMPLETED")))
	settled(c)

	refund := paypal.Refund{ID: "R", CaptureID: "CAP", Status: "HALFWAY", Amount: eur(500), CreatedAt: noon}
	try(c, settle.RefundSeen(c.ID, src, refund))
	refund.Status, refund.Amount = paypal.RefundCompleted, eur(3000)
	try(c, settle.RefundSeen(c.ID, src, refund))
	refund.Amount = eur(500)
	apply(t, d, settle.RefundSeen(c.ID, src, refund))
	settled(c)

	// A word that changed and changed back; then it comes back once more, and a person is asked once more.
	changed := captureOf("CAP", "COMPLETED")
	fee := eur(130)
	changed.Fee = &fee
	for range 2 {
		apply(t, d, settle.CaptureSeen(c.ID, src, changed))
		if got := looks(t, d, c); !strings.Contains(got, "fee of CAP") {
			t.Errorf("another fee: %q", got)
		}
		apply(t, d, settle.CaptureSeen(c.ID, src, captureOf("CAP", "COMPLETED")))
		settled(c)
	}

	// The order lists another's payment, and then no longer does.
	theirs, mine := c, mustBegin(t, d)
	order := paypal.Order{ID: "ORDER", Status: paypal.OrderCompleted}
	order.Captures = []paypal.Capture{captureOf("CAP", "COMPLETED")}
	if _, err := d.Applier.ApplyAll(t.Context(), settle.OrderSeen(mine.ID, src, order)); err == nil {
		t.Error("another's payment was applied")
	}
	if got := looks(t, d, mine); !strings.Contains(got, theirs.ID.String()) {
		t.Errorf("another's payment: %q", got)
	}
	order.Captures = []paypal.Capture{captureOf("MINE", "COMPLETED")}
	apply(t, d, settle.OrderSeen(mine.ID, src, order)...)
	settled(mine)

	apply(t, d, settle.CaptureSeen(mine.ID, src, captureOfLess("AGAIN")))
	apply(t, d, settle.OrderSeen(mine.ID, src, order)...)
	if got := looks(t, d, mine); !strings.Contains(got, "2 times") || !strings.Contains(got, "20.00 EUR") {
		t.Errorf("only a person settles that: %q", got)
	}
}
