package manage_test

import (
	"strings"
	"testing"
	"time"

	"readerfund/internal/contribution"
	"readerfund/internal/testkit"
)

// become has the reader agree to another frequency, and come back.
func (n *world) become(c contribution.Contribution, f contribution.Frequency, minor int64) {
	n.T.Helper()
	ch, err := n.Manage.ChangeFrequency(n.T.Context(), c.ID, f, euros(minor), reader)
	if err != nil {
		n.T.Fatal(err)
	}
	n.consents(ch, "approve")
	if _, err := n.Manage.Returned(n.T.Context(), ch.ID); err != nil {
		n.T.Fatal(err)
	}
}

func (n *world) learns(sale string) {
	n.T.Helper()
	if _, err := n.Payments.SettleSale(n.T.Context(), sale, "", byWebhook()); err != nil {
		n.T.Fatal(err)
	}
}

// wantFrequencies compares what the ledger counts under each frequency: charges, and what went back of them.
func (n *world) wantFrequencies(want string) {
	n.T.Helper()
	var got []string
	err := n.DB.Select(&got, `
		SELECT l.frequency || ' ' || l.kind || ' ' || sum(l.amount_minor) FROM ledger_entry l
		JOIN payment p ON p.id = l.payment_id JOIN contribution c ON c.id = p.contribution_id
		WHERE l.kind IN ('charge', 'refund') AND l.frequency = coalesce(p.frequency, c.frequency)
		GROUP BY l.frequency, l.kind ORDER BY 1`)
	if err != nil {
		n.T.Fatal(err)
	}
	if strings.Join(got, ", ") != want {
		n.T.Errorf("the ledger counts %s, want %s", strings.Join(got, ", "), want)
	}
}

// A gift that becomes yearly is counted as monthly until then: also a charge that we hear of after the change, and what
// goes back of a monthly one years later. Once it is monthly again, the yearly charge stays one.
func TestEachChargeCountsUnderTheFrequencyOfItsTime(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	first := n.Ledger()[0].ID
	n.later(30 * 24 * time.Hour)
	late := n.charged(c, testkit.Fields{})
	n.later(time.Hour)
	n.become(c, contribution.Yearly, 9000)
	n.learns(late)
	n.wantFrequencies("month charge 2000")
	n.later(30 * 24 * time.Hour)
	n.learns(n.charged(c, testkit.Fields{}))
	n.wantFrequencies("month charge 2000, year charge 9000")

	refund := n.PayPal.Refund(first, "4.00")
	if _, err := n.Payments.SettleRefund(t.Context(), refund, false, byWebhook()); err != nil {
		t.Fatal(err)
	}
	n.wantFrequencies("month charge 2000, month refund -400, year charge 9000")
	n.later(time.Hour)
	n.become(c, contribution.Monthly, 500)
	n.later(365 * 24 * time.Hour)
	n.learns(n.charged(c, testkit.Fields{}))
	n.wantFrequencies("month charge 2500, month refund -400, year charge 9000")
	n.BooksEqual()
}

// A charge that was booked before anybody heard of the change is counted anew, with its fee; the amounts stay.
func TestAChargeBookedBeforeTheChangeIsCountedAnew(t *testing.T) {
	t.Parallel()
	n := open(t)
	c := n.Subscribe("month", "10.00")
	ch, err := n.Manage.ChangeFrequency(t.Context(), c.ID, contribution.Yearly, euros(9000), reader)
	if err != nil {
		t.Fatal(err)
	}
	n.later(time.Hour)
	n.consents(ch, "approve")
	n.Clock.Advance(25 * time.Hour) // and the queue does not ask
	n.learns(n.charged(c, testkit.Fields{}))
	n.wantFrequencies("month charge 10000")
	n.news(c)
	n.wantFrequencies("month charge 1000, year charge 9000")
	if odd := n.Count(`ledger_entry l JOIN payment p ON p.id = l.payment_id
		WHERE l.frequency <> coalesce(p.frequency, 'month')`); odd != 0 {
		t.Errorf("%d entries are counted under another frequency than their payment", odd)
	}
	n.BooksEqual()
}
