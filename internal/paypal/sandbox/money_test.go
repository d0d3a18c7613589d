package sandbox

import "testing"

// The fees are those of recorded payments.
func TestFeesAsRecorded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		currency   string
		gross, fee int64
	}{
		{"USD", 5000, 224}, {"USD", 3000, 154}, {"USD", 11100, 436}, {"EUR", 1000, 64}, {"EUR", 349, 45},
		{"USD", 10, 10}, {"JPY", 1000, 76}, {"USD", 99999999999999999, 3490000000000049},
	} {
		if fee := defaultFees()[c.currency].of(money{c.currency, c.gross}); fee != c.fee {
			t.Errorf("fee on %s is %d, want %d", money{c.currency, c.gross}, fee, c.fee)
		}
	}
}

func TestEveryCurrencyHasAFee(t *testing.T) {
	t.Parallel()
	fees := defaultFees()
	for currency := range decimals {
		if fees[currency] == (Fee{}) {
			t.Errorf("%s has no fee", currency)
		}
	}
	if _, err := New(Options{Fees: map[string]Fee{"XXX": {1, 1}}}); err == nil {
		t.Error("a fee for a currency that is not settled was taken")
	}
}

func TestMoneyText(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]money{
		"0.05": {"EUR", 5}, "1234.50": {"EUR", 123450}, "12": {"JPY", 12}, "-0.05": {"EUR", -5},
	} {
		if m.String() != want {
			t.Errorf("%v is written %s", m, m.String())
		}
	}
	if s := (money{"USD", 3000}).summary(); s != "$ 30.0 USD" {
		t.Error(s)
	}
}
