package monthly_test

import (
	"context"
	"slices"
	"testing"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db/dbtest"
	"readerfund/internal/fault"
	"readerfund/internal/money"
	"readerfund/internal/monthly"
)

var limit = monthly.Range{Min: 100, Max: 1_000_000}

func eur(from, amount int64) monthly.Suggestion {
	return monthly.Suggestion{Currency: "EUR", From: from, Amount: amount}
}

func TestAboutASixthIsAskedFor(t *testing.T) {
	t.Parallel()
	table := []monthly.Suggestion{eur(1000, 200), eur(5000, 900), {Currency: "USD", From: 1, Amount: 100}}
	for _, c := range []struct {
		table    []monthly.Suggestion
		gift     money.Amount
		want     int64
		notAsked bool
	}{
		{nil, money.New(2500, "EUR"), 400, false}, {nil, money.New(100, "EUR"), 100, false},
		{nil, money.New(6_000, "EUR"), 1000, false},
		{table, money.New(999, "EUR"), 0, true}, {table, money.New(1000, "EUR"), 200, false},
		{table, money.New(4999, "EUR"), 200, false}, {table, money.New(700_000, "EUR"), 900, false},
		{table, money.New(2500, "GBP"), 400, false},
		{[]monthly.Suggestion{eur(50, 50)}, money.New(100, "EUR"), 100, false}, // MIN_AMOUNT was raised since
	} {
		got, asked := monthly.Amount(c.table, c.gift, limit)
		if asked == c.notAsked || got.Minor != c.want || asked && got.Currency != c.gift.Currency {
			t.Errorf("after %s: %s, %v", c.gift, got, asked)
		}
	}
	for _, r := range monthly.Default("EUR", limit) {
		if got, _ := monthly.Amount(nil, money.New(r.From, "EUR"), limit); got.Minor != r.Amount {
			t.Errorf("the example says %d after %d, and %s is asked for", r.Amount, r.From, got)
		}
	}
}

func TestTableIsWrittenAsAWhole(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	replace := func(c money.Currency, before, rows []monthly.Suggestion) error {
		return d.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
			return monthly.Replace(ctx, tx, c, before, rows, limit)
		})
	}
	first, second := []monthly.Suggestion{eur(5000, 800), eur(1000, 200)}, []monthly.Suggestion{eur(2000, 300)}
	if err := replace("EUR", nil, first); err != nil {
		t.Fatal(err)
	}
	if err := replace("EUR", nil, second); !fault.Is(err, fault.Conflict) {
		t.Errorf("over what somebody else wrote: %v", err)
	}
	if err := replace("USD", nil, []monthly.Suggestion{{From: 600, Amount: 100}}); err != nil {
		t.Fatal(err)
	}
	if err := replace("EUR", first, second); err != nil {
		t.Error(err)
	}
	all, err := monthly.Suggestions(t.Context(), d)
	want := []monthly.Suggestion{eur(2000, 300), {Currency: "USD", From: 600, Amount: 100}}
	if err != nil || !slices.Equal(all, want) {
		t.Errorf("got %v, %v", all, err)
	}
	if err := replace("EUR", second, nil); err != nil {
		t.Error(err)
	}
}

func TestWrongRowsAreNamed(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	for field, rows := range map[string][]monthly.Suggestion{
		"from.0": {eur(0, 100)}, "from.1": {eur(600, 100), eur(600, 200)}, "amount.0": {eur(600, 99)},
		"amount.1": {eur(600, 100), eur(1000, 1001)}, "": make([]monthly.Suggestion, monthly.MostRows+1),
	} {
		err := d.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
			return monthly.Replace(ctx, tx, "EUR", nil, rows, limit)
		})
		if all := fault.All(err); len(all) == 0 || all[0].Field != field || all[0].Kind != fault.Invalid {
			t.Errorf("%v: %v", rows, err)
		}
	}
	err := d.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		return monthly.Replace(ctx, tx, "XXX", nil, nil, limit)
	})
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("no currency: %v", err)
	}
}
