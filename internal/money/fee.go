package money

// Fee is what is kept of a payment by PayPal's schedule: a share of the payment and a fixed part.
// Source: PayPal, "Merchant fees", which differ by the account's country and contract.
type Fee struct {
	Rate  int64 // of 10,000: 290 is 2.9 %
	Fixed int64 // minor units
}

// Of is the fee of a payment, both in minor units. The share is rounded half up, as in recorded payments: USD 50.00
// costs 2.24 at 3.49 % and 0.49.
func (f Fee) Of(payment int64) int64 { return (payment*f.Rate+5000)/10000 + f.Fixed }

// Covering is the least payment of which the whole gift is left after the fee, both in minor units. It leaves the gift
// exactly: one unit more of payment leaves one more or the same.
func (f Fee) Covering(gift int64) int64 {
	payment := gift
	for missing := f.Of(payment); missing > 0; missing = gift - (payment - f.Of(payment)) {
		payment += missing
	}
	return payment
}
