package config

import (
	"strings"

	"readerfund/internal/money"
)

// Limit is the least and the most to give at once, in minor units.
type Limit struct{ Min, Max int64 }

// usualLimits are about 1 and 10,000 EUR, in round sums of each currency's major units. The least keeps PayPal's fixed
// fee from eating the gift, and makes testing stolen cards dear; the most is about what PayPal takes in one payment.
var usualLimits = map[money.Currency][2]string{
	"AUD": {"2", "15000"}, "BRL": {"5", "60000"}, "CAD": {"2", "15000"}, "CHF": {"1", "10000"}, "CNY": {"8", "80000"},
	"CZK": {"25", "250000"}, "DKK": {"8", "75000"}, "EUR": {"1", "10000"}, "GBP": {"1", "10000"}, "HKD": {"10", "90000"},
	"HUF": {"400", "4000000"}, "ILS": {"4", "40000"}, "JPY": {"150", "1500000"}, "MXN": {"20", "200000"},
	"MYR": {"5", "50000"},
	"NOK": {"10", "120000"}, "NZD": {"2", "20000"}, "PHP": {"60", "600000"}, "PLN": {"5", "45000"},
	"SEK": {"10", "110000"},
	"SGD": {"2", "15000"}, "THB": {"40", "400000"}, "TWD": {"35", "350000"}, "USD": {"1", "10000"},
}

// limits are the usual ones with the operator's changes, for every currency PayPal settles.
func (p *parser) limits(least, most string) map[money.Currency]Limit {
	all := make(map[money.Currency]Limit, len(usualLimits))
	lowest, highest := p.amounts("MIN_AMOUNT", least), p.amounts("MAX_AMOUNT", most)
	for c, usual := range usualLimits {
		limit := Limit{Min: lowest[c], Max: highest[c]}
		if limit.Min == 0 {
			limit.Min = p.amount("MIN_AMOUNT", usual[0], c)
		}
		if limit.Max == 0 {
			limit.Max = p.amount("MAX_AMOUNT", usual[1], c)
		}
		if limit.Min > limit.Max {
			p.problem("MIN_AMOUNT", "The least gift of %s is more than the largest, %s: mend MIN_AMOUNT or MAX_AMOUNT.",
				money.New(limit.Min, c), money.New(limit.Max, c))
		}
		all[c] = limit
	}
	return all
}

// amounts reads "EUR=1,USD=1.50" into minor units.
func (p *parser) amounts(setting, value string) map[money.Currency]int64 {
	all := map[money.Currency]int64{}
	for _, pair := range list(value) {
		code, text, ok := strings.Cut(pair, "=")
		c := money.Currency(code)
		switch {
		case !ok:
			p.problem(setting, "%q is no currency and amount: write them like EUR=1,USD=1.50.", pair)
		case !c.Known():
			p.problem(setting, "%q is no currency that PayPal settles: write a code like EUR.", code)
		case all[c] != 0:
			p.problem(setting, "%s is there twice.", c)
		default:
			all[c] = p.amount(setting, text, c)
		}
	}
	return all
}

func (p *parser) amount(setting, text string, c money.Currency) int64 {
	a, err := money.Parse(text, c)
	if err != nil || a.Minor == 0 {
		p.problem(setting, "%q is no amount of %s: write it like %s=%s.", text, c, c, usualLimits[c][0])
	}
	return a.Minor
}

func (p *parser) currency(setting, code string) money.Currency {
	c := money.Currency(code)
	if !c.Known() {
		p.problem(setting, "%q is no currency that PayPal settles: write a code like EUR.", code)
	}
	return c
}
