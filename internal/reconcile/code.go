package reconcile

import (
	"strings"

	"readerfund/internal/paypal"
)

// class is the meaning for us of a movement on PayPal's account.
type class string

const (
	gift       class = "gift"       // money that a person sent
	back       class = "back"       // such money refunded or taken back
	hold       class = "hold"       // held back because of a dispute
	release    class = "release"    // no longer held back
	disputeFee class = "case_fee"   // taken for a dispute; positive: given back
	conversion class = "conversion" // one half of an exchange into another currency
	other      class = "other"      // does not concern us: only counted
)

// codes are the event codes that concern gifts. All others move the account's money without being a gift or belonging
// to one (withdrawals T04xx, deposits T03xx, card payments T05xx, bonuses T08xx, adjustments T12xx, authorisations
// T13xx, reserves T21xx, …): they are counted, and need no explanation.
// Source: PayPal, "Transaction event codes" (developer.paypal.com/docs/transaction-search/transaction-event-codes).
var codes = map[string]class{
	"T0000": gift, // general: sent in PayPal, without a button of ours
	"T0002": gift, // subscription
	"T0003": gift, // preapproved
	"T0005": gift, // direct card payment
	"T0006": gift, // checkout: the orders we make
	"T0007": gift, // PayPal's own buttons
	"T0011": gift, // sent by telephone
	"T0012": gift, // virtual terminal
	"T0013": gift, // donation button

	paypal.ReversalCode:   back,
	paypal.RefundCode:     back,
	paypal.ChargebackCode: back,

	"T1110": hold,    // held because of a dispute
	"T1111": release, // that hold cancelled

	"T0106": disputeFee, // for a chargeback
	"T0114": disputeFee, // for a dispute

	"T0200": conversion,
	"T0201": conversion,
	"T0202": conversion,
}

// classify returns the class of a row. Money we sent under a payment code is not a gift, and money that came under a
// refund code belongs to a purchase of ours; a fee or a conversion without a payment concerns the account alone.
func classify(code string, minor int64, reference string) class {
	switch c := codes[strings.ToUpper(code)]; {
	case c == "":
		return other
	case c == gift && minor < 0, c == back && minor > 0:
		return other
	case (c == back || c == hold || c == release || c == disputeFee || c == conversion) && reference == "":
		return other
	default:
		return c
	}
}

// reversed reports whether PayPal or a bank took the money back, rather than our refunding it.
func reversed(code string) bool { return code == paypal.ReversalCode || code == paypal.ChargebackCode }
