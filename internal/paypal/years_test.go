package paypal_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"readerfund/internal/paypal"
	"readerfund/internal/testkit"
)

// What befalls subscriptions in a year and more, failures, refunds and disputes among it, reads the same by every way
// of asking PayPal: one by one, by subscription and in transaction search.
func TestYearsReadTheSameByEveryWay(t *testing.T) {
	t.Parallel()
	const days = 400
	p := testkit.NewPayPal(t, testkit.PayPalOptions{})
	began := time.Now().Add(-time.Minute)
	var made struct {
		Subscriptions []struct{ ID string }
	}
	p.Must("POST", "/sandbox/subscriptions", testkit.Fields{"count": 60, "custom_id": "gift-{n}"}, &made)
	var ids []string
	for _, s := range made.Subscriptions {
		ids = append(ids, s.ID)
	}
	y := testkit.YearsOf(p, testkit.Seed(t), ids...)
	client := p.Client()
	y.Chances["stops here"] = 2
	y.Seller["stops here"] = func(id string) error {
		err := client.CancelSubscription(t.Context(), id, "Enough")
		if paypal.HasIssue(err, paypal.SubscriptionStatusInvalid) {
			return testkit.ErrRefused
		}
		return err
	}
	if err := y.Pass(days, nil); err != nil {
		t.Fatal(err)
	}
	if err := y.Settle(); err != nil {
		t.Fatal(err)
	}
	t.Log(y)
	all, err := p.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	believed := map[string]string{} // sale: subscription
	for _, m := range all {
		if m.Kind == "sale" {
			believed[m.ID] = m.SubscriptionID
		}
	}
	now := began.Add((days + 1) * testkit.Day)
	listed := map[string]string{}
	for _, id := range ids {
		list, known, err := client.SubscriptionPayments(t.Context(), id, began, now)
		if err != nil || !known {
			t.Fatal(known, err)
		}
		for _, one := range list {
			listed[one.ID] = id
		}
	}
	if len(believed) < days || len(y.Happened) < 10 {
		t.Errorf("%d payments: not much happened", len(believed))
	}
	if !maps.Equal(listed, believed) {
		t.Errorf("the lists have %d payments, PayPal believes %d", len(listed), len(believed))
	}
	for _, id := range slices.Sorted(maps.Keys(believed))[:20] {
		if sale, err := client.Sale(t.Context(), id); err != nil || sale.SubscriptionID != believed[id] {
			t.Errorf("%+v, %v: want a sale of %s", sale, err, believed[id])
		}
	}
	if found := searched(t, client, began, now); !maps.Equal(found, believed) {
		t.Errorf("transaction search has %d payments, PayPal believes %d", len(found), len(believed))
	}
}

// searched are the payments of subscriptions that transaction search lists, with their subscriptions.
func searched(t *testing.T, client *paypal.Client, from, to time.Time) map[string]string {
	t.Helper()
	found := map[string]string{}
	for ; from.Before(to); from = from.Add(paypal.MaxWindow) {
		until := from.Add(paypal.MaxWindow)
		if until.After(to) {
			until = to
		}
		for page := 1; ; page++ {
			got, err := client.Transactions(t.Context(), paypal.TransactionQuery{From: from, To: until, Page: page, All: true})
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range got.Transactions {
				if row.EventCode == "T0002" {
					found[row.ID] = row.ReferenceID
				}
			}
			if len(got.Transactions) == 0 || page >= got.Pages {
				break
			}
		}
	}
	return found
}
