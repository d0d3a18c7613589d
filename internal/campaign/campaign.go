// Package campaign holds campaigns: the appeal a reader meets, as data. It takes no money and draws no page.
package campaign

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/money"
)

// Campaign is one appeal. Its texts are plain text, shown as they are.
type Campaign struct {
	ID          uuid.UUID
	Slug        string // names it in addresses: "support"
	Heading     string // the line that catches the eye
	Why         string // why the newsroom needs readers
	Ask         string // what it asks them to do
	Button      string // says that it goes to PayPal
	Reassurance string // what happens after the click
	Currency    money.Currency
	Suggested   map[money.Currency][]int64 // gifts offered, in minor units; its keys are the currencies offered
	Frequency   string                     // how often is chosen first in the form: "once", "month" or "year"
	Monthly     map[money.Currency][]int64 // gifts offered by month; see Offered
	Yearly      map[money.Currency][]int64
	IsDefault   bool // shown at the home page
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Currencies lists the currencies offered: the campaign's own first, then the others by code.
func (c Campaign) Currencies() []money.Currency {
	all := append(slices.Collect(maps.Keys(c.Suggested)), c.Currency)
	slices.SortFunc(all, money.Order(c.Currency))
	return slices.Compact(all)
}

func read(ctx context.Context, q sqlx.QueryerContext) ([]Campaign, error) {
	var rows []struct {
		Campaign

		SuggestedJSON string `db:"suggested_json"`
		MonthlyJSON   string `db:"monthly_json"`
		YearlyJSON    string `db:"yearly_json"`
	}
	err := sqlx.SelectContext(ctx, q, &rows, `
		SELECT id, slug, heading, why, ask, button, reassurance, currency, suggested::text AS suggested_json,
		       frequency, suggested_month::text AS monthly_json, suggested_year::text AS yearly_json, is_default AS isdefault,
		       created_at AS createdat, updated_at AS updatedat
		FROM campaign ORDER BY slug`)
	if err != nil {
		return nil, fmt.Errorf("read campaigns: %w", err)
	}
	all := make([]Campaign, 0, len(rows))
	for _, r := range rows {
		for text, amounts := range map[string]*map[money.Currency][]int64{
			r.SuggestedJSON: &r.Suggested, r.MonthlyJSON: &r.Monthly, r.YearlyJSON: &r.Yearly,
		} {
			if err := json.Unmarshal([]byte(text), amounts); err != nil {
				return nil, fmt.Errorf("read suggested amounts of campaign %s: %w", r.Slug, err)
			}
		}
		all = append(all, r.Campaign)
	}
	return all, nil
}
