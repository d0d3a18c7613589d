package money_test

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"readerfund/internal/fault"
	"readerfund/internal/money"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		cur  money.Currency
		want int64
	}{
		{"25.00", "EUR", 2500}, {"25", "EUR", 2500}, {"25.5", "EUR", 2550}, {"0.01", "USD", 1}, {"0", "EUR", 0},
		{"007.10", "EUR", 710}, {"2500", "JPY", 2500}, {"1000", "HUF", 1000}, {"300", "TWD", 300},
		{"999999999999999.99", "USD", 99999999999999999},
	} {
		got, err := money.Parse(c.text, c.cur)
		if err != nil || got.Minor != c.want || got.Currency != c.cur {
			t.Errorf("Parse(%q, %s) = %v, %v; want %d", c.text, c.cur, got, err, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		cur   money.Currency
		field string
	}{
		{"", "EUR", "amount"}, {" 5", "EUR", "amount"}, {"5 ", "EUR", "amount"}, {"1,50", "EUR", "amount"},
		{"1.999", "EUR", "amount"},
		{"-5", "EUR", "amount"}, {"+5", "EUR", "amount"}, {"1e3", "EUR", "amount"}, {"NaN", "EUR", "amount"},
		{"٣", "EUR", "amount"},
		{"0x10", "EUR", "amount"}, {"1.", "EUR", "amount"}, {".5", "EUR", "amount"}, {"1.2.3", "EUR", "amount"},
		{"1_000", "EUR", "amount"},
		{"10.5", "JPY", "amount"}, {"10.0", "HUF", "amount"}, {"10.00", "TWD", "amount"}, {"1\x00", "EUR", "amount"},
		{"1" + strings.Repeat("0", 20), "EUR", "amount"}, {"1000000000000000.00", "EUR", "amount"},
		{strings.Repeat("9", 18), "JPY", "amount"},
		{"5", "XXX", "currency"}, {"5", "", "currency"}, {"5", "eur", "currency"},
	} {
		got, err := money.Parse(c.text, c.cur)
		faults := fault.All(err)
		if len(faults) != 1 || faults[0].Kind != fault.Invalid || faults[0].Field != c.field {
			t.Errorf("Parse(%q, %q) = %v, %v; want a fault on %s", c.text, c.cur, got, err, c.field)
		}
	}
}

func TestDecimalIsParsedBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cur := rapid.SampledFrom(money.Currencies()).Draw(t, "currency")
		want := money.New(rapid.Int64Range(-99999999999999999, 99999999999999999).Draw(t, "minor"), cur)
		got, err := money.ParseSigned(want.Decimal(), cur)
		if err != nil || got != want {
			t.Fatalf("%q gave %v, %v; want %v", want.Decimal(), got, err, want)
		}
	})
}

func TestDecimalAtTheEdges(t *testing.T) {
	t.Parallel()
	for want, a := range map[string]money.Amount{
		"0.00": money.New(0, "EUR"), "-0.05": money.New(-5, "EUR"), "-2500": money.New(-2500, "JPY"),
		"-92233720368547758.08": money.New(math.MinInt64, "EUR"),
	} {
		if got := a.Decimal(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAdd(t *testing.T) {
	t.Parallel()
	got, err := money.New(100, "EUR").Add(money.New(-30, "EUR"))
	if err != nil || got != money.New(70, "EUR") {
		t.Fatalf("got %v, %v", got, err)
	}
	for _, pair := range [][2]money.Amount{
		{money.New(1, "EUR"), money.New(1, "USD")},
		{money.New(math.MaxInt64, "EUR"), money.New(1, "EUR")},
		{money.New(math.MinInt64, "EUR"), money.New(-1, "EUR")},
	} {
		if _, err := pair[0].Add(pair[1]); err == nil {
			t.Errorf("%v + %v was allowed", pair[0], pair[1])
		}
	}
}

func TestCurrencies(t *testing.T) {
	t.Parallel()
	if n := len(money.Currencies()); n != 24 {
		t.Fatalf("PayPal settles 24 currencies; %d listed", n)
	}
	for c, want := range map[money.Currency]int{"HUF": 0, "JPY": 0, "TWD": 0, "EUR": 2} {
		if c.Exponent() != want {
			t.Errorf("%s has %d decimals, want %d", c, c.Exponent(), want)
		}
	}
	if _, err := money.ParseCurrency("eur"); err == nil {
		t.Error("a lower-case code was taken")
	}
}
