package newsroom

import (
	"maps"

	"readerfund/internal/money"
	"readerfund/internal/testkit"
)

// Ledger is what PayPal believes, oldest first.
func (n *Newsroom) Ledger() []testkit.Movement {
	n.T.Helper()
	all, err := n.PayPal.Ledger()
	if err != nil {
		n.T.Fatal(err)
	}
	return all
}

// BooksEqual ends the test unless the ledger invariant holds: for each payment, refund, reversal and dispute, our
// entries equal PayPal's.
func (n *Newsroom) BooksEqual() {
	n.T.Helper()
	theirs := map[string]string{}
	for _, m := range n.Ledger() {
		if m.Status == "PENDING" || m.Status == "DECLINED" {
			continue
		}
		switch m.Kind {
		case "capture", "sale":
			theirs["charge "+m.ID], theirs["fee "+m.ID] = m.Amount, "-"+m.Fee
		case "dispute":
			if m.Stage != "INQUIRY" {
				theirs["dispute_hold "+m.ID] = "-" + m.Amount
				if m.Status != "OPEN" {
					theirs["dispute_release "+m.ID] = m.Amount
				}
			}
			if m.Fee != "0.00" {
				theirs["chargeback_fee "+m.ID] = "-" + m.Fee
			}
		default:
			theirs[m.Kind+" "+m.ID] = "-" + m.Amount
		}
	}
	var entries []struct {
		Kind, Ref string
		Minor     int64
		Currency  money.Currency
	}
	err := n.DB.Select(&entries, `SELECT kind, paypal_ref AS ref, amount_minor AS minor, currency FROM ledger_entry`)
	if err != nil {
		n.T.Fatal(err)
	}
	ours := map[string]string{}
	for _, e := range entries {
		ours[e.Kind+" "+e.Ref] = money.New(e.Minor, e.Currency).Decimal()
	}
	if !maps.Equal(ours, theirs) || len(entries) != len(ours) {
		n.T.Fatalf("our %d entries: %v\nPayPal's:  %v", len(entries), ours, theirs)
	}
}
