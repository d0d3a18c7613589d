package manage

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/money"
	"readerfund/internal/subscription"
)

// A pause lasts one to three months, and three from its beginning where it is made longer.
func TestHowLongAPauseMayLast(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		months   int
		ago      int // days since the running pause began; -1 where none runs
		want     string
		refusing string
	}{
		{1, -1, "2026-12-29", ""}, {3, -1, "2027-02-28", ""},
		{0, -1, "", "change.months"}, {4, -1, "", "change.months"}, {-1, 5, "", "change.months"},
		{3, 0, "2027-02-28", ""}, {2, 20, "2027-01-29", ""}, {1, 61, "2026-12-29", ""},
		{3, 2, "", "change.paused_too_long"}, {2, 40, "", "change.paused_too_long"}, {1, 90, "", "change.paused_too_long"},
	} {
		var began time.Time
		if c.ago >= 0 {
			began = now.AddDate(0, 0, -c.ago).Add(-time.Minute)
		}
		until, err := pauseUntil(now, c.months, began)
		got, refused := "", ""
		if err == nil {
			got = until.Format(time.DateOnly)
		} else {
			refused = fault.All(err)[0].Message.Key
		}
		if got != c.want || refused != c.refusing {
			t.Errorf("%d months, %d days after it began: %q, %q, want %q, %q", c.months, c.ago, got, refused, c.want, c.refusing)
		}
		if last := subscription.MonthsLater(began, LongestPause); !began.IsZero() && until.After(last) {
			t.Errorf("%d months, %d days after it began: %s is after %s", c.months, c.ago, until, last)
		}
	}
}

// A note says to a person what was done, fits into PayPal's 128 characters, and says to us by whom.
func TestANoteOfOursIsKnownAgain(t *testing.T) {
	t.Parallel()
	until := time.Date(2027, 2, 28, 0, 0, 0, 0, time.UTC)
	for _, kind := range []Kind{Stop, Pause, Resume} {
		for _, by := range []string{ByReader, ByStaff, BySystem} {
			c := Change{ID: uuid.New(), Kind: kind, By: By{Kind: by, Reason: "never shown to anybody else"}}
			if kind == Pause && by != BySystem {
				c.Until = until
			}
			text := note(c)
			gotBy, gotUntil := readNote(text)
			if gotBy != by || !gotUntil.Equal(c.Until) || len(text) > 128 {
				t.Errorf("%q (%d) is by %q until %s", text, len(text), gotBy, gotUntil)
			}
		}
	}
	for _, foreign := range []string{
		"", "Customer-requested cancellation", "stopped by the reader", "stopped by nobody (Readerfund x)",
		"stopped by the reader (Readerfund 01939c7e-0000-7000-8000-000000000000) or so",
	} {
		if by, until := readNote(foreign); by != "" || !until.IsZero() {
			t.Errorf("%q is by %q until %s", foreign, by, until)
		}
	}
}

func TestWhenAChangeHasTakenPlace(t *testing.T) {
	t.Parallel()
	ten, five := money.New(1000, "EUR"), money.New(500, "EUR")
	amount := Change{Kind: Amount, Amount: ten, Frequency: contribution.Monthly}
	yearly := Change{Kind: Frequency, Amount: ten, Frequency: contribution.Yearly}
	for _, c := range []struct {
		change   Change
		state    subscription.State
		amount   money.Amount
		every    string
		reached  bool
		obsolete bool
	}{
		{Change{Kind: Stop}, subscription.Active, ten, "month", false, false},
		{Change{Kind: Stop}, subscription.Suspended, ten, "month", false, false},
		{Change{Kind: Stop}, subscription.Cancelled, ten, "month", true, false},
		{Change{Kind: Stop}, subscription.Expired, ten, "month", true, false},
		{Change{Kind: Pause}, subscription.Active, ten, "month", false, false},
		{Change{Kind: Pause}, subscription.Suspended, ten, "month", true, false},
		{Change{Kind: Pause}, subscription.Cancelled, ten, "month", false, true},
		{Change{Kind: Resume}, subscription.Suspended, ten, "month", false, false},
		{Change{Kind: Resume}, subscription.Active, ten, "month", true, false},
		{Change{Kind: Resume}, subscription.Expired, ten, "month", false, true},
		{amount, subscription.Active, five, "month", false, false},
		{amount, subscription.Active, ten, "year", false, false},
		{amount, subscription.Active, ten, "month", true, false},
		{amount, subscription.Suspended, ten, "month", true, false},
		{amount, subscription.Cancelled, ten, "month", false, true},
		{yearly, subscription.Active, ten, "month", false, false},
		{yearly, subscription.Active, ten, "year", true, false},
	} {
		sub := subscription.Subscription{State: c.state, Amount: c.amount, Frequency: c.every}
		if c.change.reached(sub) != c.reached || c.change.obsolete(sub) != c.obsolete {
			t.Errorf("%s to %s at %s a %s, %s: reached %t, obsolete %t", c.change.Kind, c.change.Amount, c.amount, c.every,
				c.state, c.change.reached(sub), c.change.obsolete(sub))
		}
	}
}
