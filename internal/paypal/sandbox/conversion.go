package sandbox

import (
	"errors"
	"fmt"
	"math/big"
)

// conversion says into which currency PayPal converts what the seller gets, and for how much.
type conversion struct {
	To   string
	Rate string // as it was given: the target currency for one unit of the source currency
}

// newConversion checks what a test asked for; nil for nothing.
func newConversion(to, rate string) (*conversion, error) {
	if to == "" && rate == "" {
		return nil, nil
	}
	value, readable := new(big.Rat).SetString(rate)
	_, settled := decimals[to]
	switch {
	case !settled:
		return nil, fmt.Errorf("convert_to %q: not a currency that PayPal settles", to)
	case !isDecimal(rate) || !readable || value.Sign() <= 0:
		return nil, errors.New("rate " + fmt.Sprintf("%q", rate) + ": it has to be a positive decimal number")
	}
	return &conversion{to, rate}, nil
}

// of converts an amount, rounded half up to the minor unit of the target currency.
func (c *conversion) of(from money) money {
	rate, _ := new(big.Rat).SetString(c.Rate)
	exact := new(big.Rat).Mul(rate, big.NewRat(from.Minor, 1))
	exact.Mul(exact, new(big.Rat).SetFrac(powerOfTen(decimals[c.To]), powerOfTen(decimals[from.Currency])))
	exact.Add(exact, big.NewRat(1, 2))
	return money{c.To, new(big.Int).Div(exact.Num(), exact.Denom()).Int64()}
}

func powerOfTen(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// convert changes what the seller gets of a payment into the currency of the account, by two movements. Holds s.mu.
func (s *Server) convert(k *capture) {
	if k.Conversion == nil || k.Status != statusCompleted {
		return
	}
	net := k.Amount.minus(k.Fee)
	s.enterTransfer(codeConversion, net.negated(), k.ID, k.CustomID)
	s.enterTransfer(codeConversion, k.Conversion.of(net), k.ID, k.CustomID)
}

type exchangeView struct {
	Source string `json:"source_currency"`
	Target string `json:"target_currency"`
	Value  string `json:"value"`
}
