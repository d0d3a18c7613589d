package ledger

import (
	"testing"

	"readerfund/internal/paypal"
)

// How a dispute ended says what became of accepting it; while it is open nothing does, and what is known stays.
func TestTheEndOfADisputeAnswersItsAcceptance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		was     AcceptanceState
		outcome paypal.DisputeOutcome
		want    AcceptanceState
	}{
		{AcceptanceNone, paypal.OutcomeAccepted, AcceptanceNone},
		{AcceptanceNone, paypal.OutcomeBuyer, AcceptanceNone},
		{AcceptanceAsked, paypal.OutcomeAccepted, AcceptanceDone},
		{AcceptanceAsked, paypal.OutcomeBuyer, AcceptanceDone},
		{AcceptanceAsked, paypal.OutcomeSeller, AcceptanceRefused},
		{AcceptanceUnknown, paypal.OutcomeAccepted, AcceptanceDone},
		{AcceptanceUnknown, paypal.OutcomeBuyer, AcceptanceDone},
		{AcceptanceUnknown, paypal.OutcomeSeller, AcceptanceRefused},
		{AcceptanceRefused, paypal.OutcomeAccepted, AcceptanceDone},
		{AcceptanceRefused, paypal.OutcomeBuyer, AcceptanceRefused},
		{AcceptanceRefused, paypal.OutcomeSeller, AcceptanceRefused},
		{AcceptanceDone, paypal.OutcomeSeller, AcceptanceDone},
	} {
		a := Acceptance{State: c.was}
		if got := a.After(paypal.Dispute{Status: paypal.DisputeResolved, Outcome: c.outcome}); got != c.want {
			t.Errorf("%q, and it ended as %s: %q, want %q", c.was, c.outcome, got, c.want)
		}
		if got := a.After(paypal.Dispute{Status: paypal.DisputeOpen}); got != c.was {
			t.Errorf("%q, while it is open: %q", c.was, got)
		}
	}
}
