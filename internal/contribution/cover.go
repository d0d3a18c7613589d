package contribution

import "readerfund/internal/money"

// Fee is PayPal's fee in a currency, and whether it is known.
func (s *Service) Fee(c money.Currency) (fee money.Fee, known bool) {
	fee, known = s.fees[c]
	return fee, known
}

// cover is what has to be added to a gift, in minor units, so that it is left whole after PayPal's fee; 0 where the fee
// is not known. The error is a fault.Invalid on "amount" where both together are too much for one payment.
func (s *Service) cover(gift money.Amount) (int64, error) {
	fee, known := s.fees[gift.Currency]
	if !known {
		return 0, nil
	}
	payment := fee.Covering(gift.Minor)
	return payment - gift.Minor, s.CheckAmount(money.New(payment, gift.Currency))
}
