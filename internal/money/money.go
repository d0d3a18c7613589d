// Package money is integer minor units and a currency, and PayPal's rules about both. No float ever holds money here.
//
// It does not convert between currencies, and it refuses to add two of them.
package money

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"readerfund/internal/fault"
)

// Currency is an ISO 4217 code that PayPal settles, in capitals: "EUR". The zero value is no currency.
type Currency string

// exponents are the digits after the decimal point that PayPal takes for each currency it settles. They differ from
// ISO 4217 for HUF and TWD, where ISO says two and PayPal none.
// Source: PayPal, "Currency codes" (developer.paypal.com/docs/api/reference/currency-codes).
var exponents = map[Currency]int{
	"AUD": 2, "BRL": 2, "CAD": 2, "CHF": 2, "CNY": 2, "CZK": 2, "DKK": 2, "EUR": 2, "GBP": 2, "HKD": 2, "HUF": 0, "ILS": 2,
	"JPY": 0, "MXN": 2, "MYR": 2, "NOK": 2, "NZD": 2, "PHP": 2, "PLN": 2, "SEK": 2, "SGD": 2, "THB": 2, "TWD": 0, "USD": 2,
}

// Currencies lists every currency PayPal settles, sorted.
func Currencies() []Currency {
	all := make([]Currency, 0, len(exponents))
	for c := range exponents {
		all = append(all, c)
	}
	slices.Sort(all)
	return all
}

// Order compares currencies for lists: first comes before all others, which go by their codes.
func Order(first Currency) func(a, b Currency) int {
	return func(a, b Currency) int {
		switch {
		case a == b:
			return 0
		case a == first:
			return -1
		case b == first:
			return 1
		default:
			return strings.Compare(string(a), string(b))
		}
	}
}

// Code is the currency of a code as people and links write it, in any case. PayPal may not settle it.
func Code(written string) Currency { return Currency(strings.ToUpper(written)) }

// ParseCurrency reads an ISO 4217 code, exactly as written in capitals. The error is a fault.Invalid on "currency".
func ParseCurrency(code string) (Currency, error) {
	c := Currency(code)
	if !c.Known() {
		return "", fault.Input("currency", "money.currency_not_offered")
	}
	return c, nil
}

// Known reports whether PayPal settles the currency.
func (c Currency) Known() bool {
	_, ok := exponents[c]
	return ok
}

// Exponent is how many digits PayPal takes after the decimal point: 0 or 2.
func (c Currency) Exponent() int { return exponents[c] }

// Unit is how many minor units the currency's own unit has: 100 or 1.
func (c Currency) Unit() int64 {
	n := int64(1)
	for range c.Exponent() {
		n *= 10
	}
	return n
}

// Amount is a sum in one currency. Minor counts the smallest unit PayPal takes: cents of EUR, whole HUF.
type Amount struct {
	Minor    int64
	Currency Currency
}

// New is an amount of minor units.
func New(minor int64, c Currency) Amount { return Amount{Minor: minor, Currency: c} }

// maxDigits keeps every parsed amount far inside int64; PayPal's own limit is 999999999999999.99 (17 digits).
const maxDigits = 17

// Parse reads a decimal string of major units as PayPal writes them: digits, at most one point, no sign, no exponent,
// no spaces, no grouping, ASCII only, and no more decimals than the currency has. It takes zero; limits are the
// caller's. The error is a fault.Invalid on "amount" that says how to write it.
func Parse(text string, c Currency) (Amount, error) {
	if !c.Known() {
		return Amount{}, fault.Input("currency", "money.currency_not_offered")
	}
	whole, decimals, point := strings.Cut(text, ".")
	if whole == "" || !allDigits(whole) || point && (decimals == "" || !allDigits(decimals)) {
		return Amount{}, fault.Input("amount", "money.digits", fault.Args{
			"example": Amount{Minor: 25 * c.Unit(), Currency: c}.Decimal(),
		})
	}
	return fromDigits(whole, decimals, c)
}

// fromDigits is the amount of ASCII digits before and after the decimal separator.
func fromDigits(whole, decimals string, c Currency) (Amount, error) {
	if len(decimals) > c.Exponent() {
		if c.Exponent() == 0 {
			return Amount{}, fault.Input("amount", "money.no_decimals", fault.Args{"currency": c})
		}
		return Amount{}, fault.Input("amount", "money.too_many_decimals", fault.Args{
			"currency": c, "max": c.Exponent(),
		})
	}
	digits := strings.TrimLeft(whole+decimals+strings.Repeat("0", c.Exponent()-len(decimals)), "0")
	if len(digits) > maxDigits {
		return Amount{}, fault.Input("amount", "money.too_large")
	}
	var minor int64
	for _, d := range []byte(digits) {
		minor = minor*10 + int64(d-'0')
	}
	return Amount{Minor: minor, Currency: c}, nil
}

// ParseSigned is Parse with a leading minus allowed, as PayPal's reports and v1 refunds write amounts.
func ParseSigned(text string, c Currency) (Amount, error) {
	unsigned, negative := strings.CutPrefix(text, "-")
	a, err := Parse(unsigned, c)
	if err == nil && negative {
		a.Minor = -a.Minor
	}
	return a, err
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Decimal writes major units the way PayPal does: "25.00", "-0.50", and "2500" where the currency has no decimals.
func (a Amount) Decimal() string {
	unit := uint64(a.Currency.Unit())  //nolint:gosec // a power of ten
	sign, minor := "", uint64(a.Minor) //nolint:gosec // a negative one is turned below
	if a.Minor < 0 {
		sign, minor = "-", -minor // two's complement: right for math.MinInt64 too
	}
	if unit == 1 {
		return fmt.Sprintf("%s%d", sign, minor)
	}
	return fmt.Sprintf("%s%d.%0*d", sign, minor/unit, a.Currency.Exponent(), minor%unit)
}

// String is the decimal and the code, "25.00 EUR": for logs and terminals, not for pages.
func (a Amount) String() string { return a.Decimal() + " " + string(a.Currency) }

// Whole is the amount without what is less than one unit: €12.99 becomes €12.
func (a Amount) Whole() Amount {
	return Amount{Minor: a.Minor - a.Minor%a.Currency.Unit(), Currency: a.Currency}
}

// Neg is the amount with its sign turned.
func (a Amount) Neg() Amount { return Amount{Minor: -a.Minor, Currency: a.Currency} }

// Add adds two amounts. Another currency or an overflow is an error, because neither may happen in a right program.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fmt.Errorf("add %s to %s: currencies are never added together", b, a)
	}
	if b.Minor > 0 && a.Minor > math.MaxInt64-b.Minor || b.Minor < 0 && a.Minor < math.MinInt64-b.Minor {
		return Amount{}, fmt.Errorf("add %s to %s: out of range", b, a)
	}
	return Amount{Minor: a.Minor + b.Minor, Currency: a.Currency}, nil
}
