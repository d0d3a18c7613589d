package money_test

import (
	"math/rand/v2"
	"testing"

	"readerfund/internal/money"
)

func TestFeesOfRecordedPayments(t *testing.T) {
	t.Parallel()
	usd, eur := money.Fee{Rate: 349, Fixed: 49}, money.Fee{Rate: 290, Fixed: 35}
	for _, c := range []struct {
		fee           money.Fee
		payment, kept int64
	}{{usd, 5000, 224}, {usd, 11100, 436}, {usd, 3000, 154}, {eur, 1000, 64}, {eur, 349, 45}, {money.Fee{}, 1000, 0}} {
		if got := c.fee.Of(c.payment); got != c.kept {
			t.Errorf("%+v of %d: %d, want %d", c.fee, c.payment, got, c.kept)
		}
	}
}

// Whatever the schedule, the gift is what is left of the covering payment, and of no smaller one.
func TestTheCoveringPaymentLeavesTheGift(t *testing.T) {
	t.Parallel()
	draw := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		fee := money.Fee{Rate: draw.Int64N(1000), Fixed: draw.Int64N(1500)}
		gift := 1 + draw.Int64N(1_000_000)
		payment := fee.Covering(gift)
		if left := payment - fee.Of(payment); left != gift {
			t.Fatalf("%+v: of %d for a gift of %d, %d is left", fee, payment, gift, left)
		}
		if less := payment - 1; less-fee.Of(less) >= gift {
			t.Fatalf("%+v: %d would have been enough for %d", fee, less, gift)
		}
	}
}
