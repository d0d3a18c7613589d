package sandbox

import "math/big"

// bill is what a payer is charged, and how much of it is tax and shipping.
type bill struct {
	money
	tax, shipping int64
}

// price is what a cycle costs the payer on the day on which it is due. Holds s.mu.
func (s *Server) price(sub *subscription, c *cycle) bill {
	t := s.books.terms(sub)
	due := bill{money: money{Currency: t.Currency}}
	if c.Pricing == nil {
		return due
	}
	due.Minor = c.Pricing.at(sub.Billing.Scheduled).Minor * max(1, sub.Quantity)
	if t.Taxes != nil {
		due.tax = t.Taxes.of(due.Minor)
		if !t.Taxes.Inclusive {
			due.Minor += due.tax
		}
	}
	if sub.Shipping != nil {
		due.shipping = sub.Shipping.Minor
		due.Minor += due.shipping
	}
	return due
}

// of is the tax on an amount, or the part of it that is tax, in minor units, rounded half up.
func (t *taxes) of(minor int64) int64 {
	share, isNumber := new(big.Rat).SetString(t.Percentage)
	if !isNumber || share.Sign() <= 0 {
		return 0
	}
	whole := big.NewRat(100, 1)
	if t.Inclusive {
		whole.Add(whole, share)
	}
	tax := new(big.Rat).SetInt64(minor)
	tax.Mul(tax, share).Quo(tax, whole).Add(tax, big.NewRat(1, 2))
	return new(big.Int).Quo(tax.Num(), tax.Denom()).Int64()
}
