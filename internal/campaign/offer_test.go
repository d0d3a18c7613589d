package campaign_test

import (
	"slices"
	"testing"

	"readerfund/internal/campaign"
	"readerfund/internal/money"
)

func TestAmountsByMonthAndYearAreFriendly(t *testing.T) {
	t.Parallel()
	k := campaign.Content{
		Suggested: map[money.Currency][]int64{
			"EUR": {500, 1000, 2500, 5000}, "JPY": {800, 1500, 4000, 8000}, "HUF": {2000, 4000, 10000, 20000}, "GBP": {1, 2, 3},
		},
		Monthly: map[money.Currency][]int64{"USD": {700}},
	}
	for _, c := range []struct {
		frequency string
		currency  money.Currency
		want      []int64
	}{
		{"once", "EUR", []int64{500, 1000, 2500, 5000}}, {"month", "EUR", []int64{200, 400, 1000, 2000}},
		{"year", "EUR", []int64{2000, 4000, 10000, 20000}}, {"month", "JPY", []int64{300, 600, 1500, 3000}},
		{"year", "HUF", []int64{8000, 15000, 40000, 80000}}, {"month", "GBP", []int64{1}}, {"month", "USD", []int64{700}},
	} {
		if got := k.Offered(c.frequency, c.currency); !slices.Equal(got, c.want) {
			t.Errorf("%s %s: %v, want %v", c.frequency, c.currency, got, c.want)
		}
	}
	for minor := int64(1); minor < 100_000; minor++ {
		if got := campaign.Friendly(minor); got < 1 || got > 2*minor || 2*got < minor {
			t.Fatalf("%d becomes %d", minor, got)
		}
	}
}
