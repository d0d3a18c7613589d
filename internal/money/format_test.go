package money_test

import (
	"math"
	"testing"

	"golang.org/x/text/language"

	"readerfund/internal/money"
)

func TestFormat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tag  string
		a    money.Amount
		want string
	}{
		{"en", money.New(2500, "EUR"), "€25.00"},
		{"en-US", money.New(123456750, "USD"), "$1,234,567.50"},
		{"en-GB", money.New(2500, "USD"), "US$25.00"},
		{"en-GB", money.New(2500, "GBP"), "£25.00"},
		{"en-IE", money.New(5, "EUR"), "€0.05"},
		{"en-AU", money.New(2500, "AUD"), "$25.00"},
		{"en-IN", money.New(123456789, "USD"), "US$12,34,567.89"},
		{"en", money.New(2500, "CHF"), "CHF\u00a025.00"},
		{"en", money.New(2500, "AUD"), "A$25.00"},
		{"en-US", money.New(2500, "JPY"), "¥2,500"},
		{"en", money.New(1000, "HUF"), "HUF\u00a01,000"},
		{"en", money.New(300, "TWD"), "NT$300"},
		{"de", money.New(123456750, "EUR"), "1.234.567,50\u00a0€"},
		{"fr", money.New(250000, "EUR"), "2\u00a0500,00\u00a0€"},
		{"ja", money.New(2500, "JPY"), "￥2,500"},
		{"fa", money.New(120550, "EUR"), "۱٬۲۰۵٫۵۰\u00a0€"},
		{"ar", money.New(123450, "EUR"), "1,234.50\u00a0€"},
		{"ar", money.New(2500, "USD"), "25.00\u00a0\u2066US$\u2069"},
		{"bn", money.New(5, "EUR"), "০.০৫\u00a0€"},
		{"sv", money.New(2500, "SEK"), "25,00\u00a0kr"},
		{"en", money.New(-1250, "EUR"), "-€12.50"},
		{"en", money.New(99999999999999999, "EUR"), "€999,999,999,999,999.99"},
		{"en", money.New(math.MinInt64, "EUR"), "-€92,233,720,368,547,758.08"},
		{"en", money.New(math.MaxInt64, "JPY"), "¥9,223,372,036,854,775,807"},
	} {
		if got := money.Format(c.a, language.MustParse(c.tag)); got != c.want {
			t.Errorf("%s in %s: %q, want %q", c.a, c.tag, got, c.want)
		}
	}
}

func TestFormatBriefDropsOnlyZeroDecimals(t *testing.T) {
	t.Parallel()
	for minor, want := range map[int64]string{2500: "€25", 2550: "€25.50", 2505: "€25.05", 0: "€0"} {
		if got := money.FormatBrief(money.New(minor, "EUR"), language.English); got != want {
			t.Errorf("%d: %q, want %q", minor, got, want)
		}
	}
}

func TestEveryCurrencyHasASign(t *testing.T) {
	t.Parallel()
	for _, c := range money.Currencies() {
		if money.Sign(c, language.English) == "" {
			t.Errorf("%s has no sign", c)
		}
	}
}
