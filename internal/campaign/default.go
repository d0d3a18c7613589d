package campaign

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/money"
)

// DefaultSlug names the campaign that every installation begins with.
const DefaultSlug = "support"

// EnsureDefault makes the campaign that a new installation begins with. Where any campaign is the default already, it
// changes nothing; several processes may call it at once.
func EnsureDefault(ctx context.Context, d *db.DB, publication string, currency money.Currency, now time.Time) error {
	suggested, err := json.Marshal(suggestions(currency))
	if err != nil {
		return fmt.Errorf("write suggested amounts: %w", err)
	}
	_, err = d.ExecContext(ctx, `
		INSERT INTO campaign (id, slug, heading, why, ask, button, reassurance, currency, suggested, is_default, created_at,
			updated_at)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, true, $10::timestamptz, $10::timestamptz
		WHERE NOT EXISTS (SELECT 1 FROM campaign WHERE is_default)
		ON CONFLICT DO NOTHING`,
		uuid.New(), DefaultSlug,
		"This story was free to read. It was not free to report.",
		fmt.Sprintf("%s has no owner to please and no paywall to hide behind. Reporters who knock on doors, file records requests and stay with a story for months are paid for by the people who read them.", publication),
		"If our work is worth something to you, please chip in whatever feels right, so that it stays open to everybody.",
		"Support us via PayPal",
		"One time only, no sign-up with us. PayPal shows you the amount again before anything is charged.",
		string(currency), string(suggested), now)
	if err != nil {
		return db.Translate(fmt.Errorf("make the default campaign: %w", err))
	}
	return nil
}

// suggestions are four gifts in each of the currencies most readers pay in, and in the publication's own. They are
// round numbers of about 5, 10, 25 and 50 EUR.
func suggestions(own money.Currency) map[money.Currency][]int64 {
	major := map[money.Currency][]int64{
		"AUD": {8, 15, 40, 80}, "BRL": {30, 60, 150, 300}, "CAD": {8, 15, 40, 75}, "CHF": {5, 10, 25, 50},
		"CNY": {40, 80, 200, 400},
		"CZK": {125, 250, 600, 1200}, "DKK": {40, 75, 200, 400}, "EUR": {5, 10, 25, 50}, "GBP": {5, 10, 20, 40},
		"HKD": {40, 80, 200, 400},
		"HUF": {2000, 4000, 10000, 20000}, "ILS": {20, 40, 100, 200}, "JPY": {800, 1500, 4000, 8000},
		"MXN": {100, 200, 500, 1000},
		"MYR": {25, 50, 120, 250}, "NOK": {60, 120, 300, 600}, "NZD": {10, 20, 45, 90}, "PHP": {300, 600, 1500, 3000},
		"PLN": {20, 40, 100, 200},
		"SEK": {60, 120, 300, 600}, "SGD": {8, 15, 35, 75}, "THB": {200, 400, 1000, 2000}, "TWD": {180, 350, 900, 1800},
		"USD": {5, 10, 25, 50},
	}
	offered := map[money.Currency][]int64{}
	for _, c := range []money.Currency{own, "EUR", "USD", "GBP", "CHF", "CAD", "AUD", "SEK", "PLN", "JPY", "HUF"} {
		unit := int64(1)
		for range c.Exponent() {
			unit *= 10
		}
		gifts := make([]int64, 0, len(major[c]))
		for _, m := range major[c] {
			gifts = append(gifts, m*unit)
		}
		offered[c] = gifts
	}
	return offered
}
