package campaign

import (
	"cmp"
	"context"
	_ "embed" // default.toml
	"fmt"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"golang.org/x/text/language"

	"readerfund/internal/db"
	"readerfund/internal/money"
)

// DefaultSlug names the campaign that every installation begins with.
const DefaultSlug = "support"

//go:embed default.toml
var defaultTexts string

// EnsureDefault makes the campaign that a new installation begins with, in the publication's languages, its own first;
// without any, in all that there are, with English as its own. Where any campaign is the default already, it changes
// nothing; several processes may call it at once.
func EnsureDefault(
	ctx context.Context, d *db.DB, publication string, currency money.Currency, now time.Time, spoken ...language.Tag,
) error {
	texts, own, err := textsIn(publication, spoken)
	if err != nil {
		return err
	}
	k := Campaign{
		ID: uuid.New(), Slug: DefaultSlug, State: Published, IsDefault: true, Version: 1, CreatedAt: now.UTC(),
		UpdatedAt: now.UTC(), Content: Content{
			Name: "Support " + publication, Language: own, Texts: texts, Currency: currency, Suggested: suggestions(currency),
			Frequency: "once",
		},
	}
	err = d.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var there bool
		err := tx.GetContext(ctx, &there, `SELECT EXISTS (SELECT 1 FROM campaign WHERE is_default)`)
		if err != nil || there {
			return err
		}
		if err := insert(ctx, tx, k); err != nil {
			return err
		}
		return keepVersion(ctx, tx, k, created, "")
	})
	if err != nil && !db.IsUnique(err) { // another process was faster
		return fmt.Errorf("make the default campaign: %w", err)
	}
	return nil
}

// textsIn are the default campaign's texts in some languages, and the first of these that there are texts in.
func textsIn(publication string, spoken []language.Tag) (texts map[string]Texts, own string, err error) {
	var all map[string]Texts
	if err := toml.Unmarshal([]byte(defaultTexts), &all); err != nil {
		return nil, "", fmt.Errorf("read the default campaign's texts: %w", err)
	}
	if len(spoken) == 0 {
		spoken = []language.Tag{language.English}
		for lang := range all {
			spoken = append(spoken, language.Make(lang))
		}
	}
	texts = map[string]Texts{}
	for _, tag := range spoken {
		base, _ := tag.Base()
		t, there := all[base.String()]
		if !there {
			continue
		}
		t.Why = strings.ReplaceAll(t.Why, "{publication}", publication)
		texts[base.String()] = t
		own = cmp.Or(own, base.String())
	}
	if own == "" { // a further language, which nobody has written these in
		return textsIn(publication, []language.Tag{language.English})
	}
	return texts, own, nil
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
		gifts := make([]int64, 0, len(major[c]))
		for _, m := range major[c] {
			gifts = append(gifts, m*c.Unit())
		}
		offered[c] = gifts
	}
	return offered
}
