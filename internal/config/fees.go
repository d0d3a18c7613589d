package config

import (
	"strings"

	"readerfund/internal/money"
)

// mostRate bounds the share of a fee, in hundredths of a percent: PayPal keeps no more than some percent, and 100 could
// not be covered.
const mostRate = 2000

// fees reads "EUR=2.49%+0.35,JPY=3.6%+40".
func (p *parser) fees(value string) map[money.Currency]money.Fee {
	all := map[money.Currency]money.Fee{}
	for _, pair := range list(value) {
		code, text, _ := strings.Cut(pair, "=")
		share, fixed, ok := strings.Cut(text, "%+")
		c := money.Currency(code)
		// A percentage has two decimals, as an amount of euros does.
		rate, rateErr := money.Parse(strings.TrimSpace(share), "EUR")
		kept, fixedErr := money.Parse(strings.TrimSpace(fixed), c)
		_, twice := all[c]
		switch {
		case !c.Known():
			p.problem("PAYPAL_FEES", "%q is no currency that PayPal settles: write a code like EUR.", code)
		case !ok || rateErr != nil || fixedErr != nil || rate.Minor > mostRate:
			p.problem("PAYPAL_FEES", "%q is no fee: write the share and the fixed part, like EUR=2.49%%+0.35.", pair)
		case twice:
			p.problem("PAYPAL_FEES", "%s is there twice.", c)
		default:
			all[c] = money.Fee{Rate: rate.Minor, Fixed: kept.Minor}
		}
	}
	return all
}
