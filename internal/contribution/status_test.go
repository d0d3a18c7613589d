package contribution

import (
	"testing"

	"readerfund/internal/checkout"
	"readerfund/internal/ledger"
)

// Wherever the checkout stands: once there is a payment, the ledger alone decides.
func TestStatusIsTheLedgersOnceThereIsAPayment(t *testing.T) {
	t.Parallel()
	standings := map[State]ledger.Standing{
		Declined:          {Payments: 1, Strongest: ledger.StatusDeclined},
		Pending:           {Payments: 2, Strongest: ledger.StatusPending},
		Completed:         {Payments: 1, Strongest: ledger.StatusCompleted, Gross: 2500},
		Disputed:          {Payments: 1, Strongest: ledger.StatusCompleted, Gross: 2500, Back: 100, Disputed: true},
		PartiallyRefunded: {Payments: 3, Strongest: ledger.StatusCompleted, Gross: 7500, Back: 2500},
		Refunded:          {Payments: 1, Strongest: ledger.StatusCompleted, Gross: 2500, Back: 2500, Disputed: true},
		Reversed:          {Payments: 1, Strongest: ledger.StatusCompleted, Gross: 2500, Back: 2500, Reversed: true},
	}
	for _, at := range checkout.States() {
		if got := Status(at, ledger.Standing{}, false); got != State(at) {
			t.Errorf("%s without a payment is %s", at, got)
		}
		for want, s := range standings {
			for _, ended := range []bool{false, true} {
				if got := Status(at, s, ended); got != want {
					t.Errorf("%s with %+v is %s, want %s", at, s, got, want)
				}
			}
		}
	}
	if got := Status(checkout.Approved, ledger.Standing{}, true); got != Cancelled {
		t.Errorf("a subscription that ended without a payment leaves it %s", got)
	}
}
