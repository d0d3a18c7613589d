package sandbox

import (
	"math/big"
	"strconv"
	"strings"
)

// money is an amount in minor units of a currency that PayPal settles.
type money struct {
	Currency string
	Minor    int64
}

// moneyView is money on PayPal's wire.
type moneyView struct {
	CurrencyCode string `json:"currency_code"`
	Value        string `json:"value"`
}

// Fee is what PayPal keeps of a payment: a share in basis points (hundredths of a percent) and a fixed part in minor
// units of the currency.
type Fee struct {
	BasisPoints int64
	Fixed       int64
}

// decimals are the digits after the point that PayPal takes, for each of the 24 currencies it settles. HUF, JPY and TWD
// have none. Source: PayPal, "Currency codes".
var decimals = map[string]int{
	"AUD": 2, "BRL": 2, "CAD": 2, "CNY": 2, "CZK": 2, "DKK": 2, "EUR": 2, "HKD": 2, "HUF": 0, "ILS": 2, "JPY": 0,
	"MYR": 2, "MXN": 2, "TWD": 0, "NZD": 2, "NOK": 2, "PHP": 2, "PLN": 2, "GBP": 2, "SGD": 2, "SEK": 2, "CHF": 2,
	"THB": 2, "USD": 2,
}

// maxIntegerDigits is PayPal's ceiling of 999999999999999.99.
const (
	maxIntegerDigits = 15
	maxMinor         = 99_999_999_999_999_999
)

// defaultFees agree with recorded payments: USD 50.00 costs 2.24 and USD 30.00 costs 1.54 (3.49 % and 0.49), EUR 10.00
// costs 0.64 and EUR 3.49 costs 0.45 (2.9 % and 0.35). The others follow PayPal's published fixed fees.
func defaultFees() map[string]Fee {
	return map[string]Fee{
		"AUD": {260, 30}, "BRL": {479, 60}, "CAD": {290, 30}, "CNY": {390, 200}, "CZK": {340, 1000}, "DKK": {290, 260},
		"EUR": {290, 35}, "HKD": {390, 235}, "HUF": {340, 90}, "ILS": {340, 120}, "JPY": {360, 40}, "MYR": {390, 200},
		"MXN": {395, 400}, "TWD": {390, 10}, "NZD": {340, 45}, "NOK": {290, 280}, "PHP": {390, 1500}, "PLN": {290, 135},
		"GBP": {290, 30}, "SGD": {390, 50}, "SEK": {290, 325}, "CHF": {290, 55}, "THB": {390, 1100}, "USD": {349, 49},
	}
}

// parseMinor reads PayPal's decimal string. The issue is empty, or one of PayPal's codes.
func parseMinor(currency, value string) (minor int64, issue string) {
	if !isDecimal(value) {
		return 0, "INVALID_PARAMETER_SYNTAX"
	}
	digits, negative := strings.CutPrefix(value, "-")
	whole, fraction, pointed := strings.Cut(digits, ".")
	places := decimals[currency]
	switch {
	case pointed && places == 0:
		return 0, "DECIMALS_NOT_SUPPORTED"
	case len(fraction) > places:
		return 0, "DECIMAL_PRECISION"
	}
	whole = strings.TrimLeft(whole, "0")
	if len(whole) > maxIntegerDigits {
		return 0, "MAX_VALUE_EXCEEDED"
	}
	minor, err := strconv.ParseInt("0"+whole+fraction+strings.Repeat("0", places-len(fraction)), 10, 64)
	if err != nil {
		return 0, "INVALID_PARAMETER_SYNTAX"
	}
	if negative {
		minor = -minor
	}
	return minor, ""
}

// isDecimal is PayPal's pattern ^((-?[0-9]+)|(-?([0-9]+)?[.][0-9]+))$ with its length of at most 32.
func isDecimal(value string) bool {
	if len(value) > 32 {
		return false
	}
	digits := strings.TrimPrefix(value, "-")
	whole, fraction, pointed := strings.Cut(digits, ".")
	if pointed {
		return allDigits(whole) && fraction != "" && allDigits(fraction)
	}
	return whole != "" && allDigits(whole)
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// String gives the decimal string with as many digits as the currency has.
func (m money) String() string {
	places := decimals[m.Currency]
	sign, minor := "", m.Minor
	if minor < 0 {
		sign, minor = "-", -minor
	}
	digits := strconv.FormatInt(minor, 10)
	if places == 0 {
		return sign + digits
	}
	for len(digits) <= places {
		digits = "0" + digits
	}
	return sign + digits[:len(digits)-places] + "." + digits[len(digits)-places:]
}

func (m money) view() *moneyView { return &moneyView{m.Currency, m.String()} }

// looseView is money as the subscriptions' answers have it, with no more zeros at the end than one: "5.0", "5.69".
func (m money) looseView() *moneyView {
	text := m.String()
	if strings.Contains(text, ".") {
		text = strings.TrimSuffix(text, "0")
	}
	return &moneyView{m.Currency, text}
}

func (m money) negated() money { return money{m.Currency, -m.Minor} }

func (m money) minus(other int64) money { return money{m.Currency, m.Minor - other} }

// summary writes an amount as the summaries of PayPal's events do: "$ 30.0 USD", "EUR 2.5 EUR".
func (m money) summary() string {
	symbol := m.Currency
	if m.Currency == "USD" {
		symbol = "$"
	}
	return symbol + " " + m.looseView().Value + " " + m.Currency
}

// of computes the fee on an amount, rounded half up, never more than the amount itself.
func (f Fee) of(gross money) int64 {
	share := new(big.Int).Mul(big.NewInt(gross.Minor), big.NewInt(f.BasisPoints))
	share.Add(share, big.NewInt(5000)).Quo(share, big.NewInt(10000))
	return min(share.Int64()+f.Fixed, gross.Minor)
}
