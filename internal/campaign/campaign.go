// Package campaign holds campaigns: the appeal a reader meets, as data. It takes no money and draws no page.
package campaign

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/fault"
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
	IsDefault   bool                       // shown at the home page
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Currencies lists the currencies offered: the campaign's own first, then the others by code.
func (c Campaign) Currencies() []money.Currency {
	all := append(slices.Collect(maps.Keys(c.Suggested)), c.Currency)
	slices.SortFunc(all, money.Order(c.Currency))
	return slices.Compact(all)
}

// Fresh is how long the catalog answers from memory. This is its promise: an edit that was committed is seen within this
// time on every replica, because none answers from older memory. (A browser, or a cache before us, may show an appeal for
// a minute more: that is what its Cache-Control says.)
const Fresh = 3 * time.Second

// Catalog gives campaigns, from memory where it read them a moment ago: every reader's page needs one, and they change
// a few times a month. It is safe for concurrent use.
type Catalog struct {
	db  *db.DB
	now func() time.Time

	mu     sync.Mutex
	all    []Campaign
	readAt time.Time
}

// NewCatalog makes an empty catalog; it reads the table when first asked.
func NewCatalog(d *db.DB, now func() time.Time) *Catalog {
	return &Catalog{db: d, now: now}
}

// BySlug finds a campaign. The error is a fault.NotFound when there is none of that name.
func (c *Catalog) BySlug(ctx context.Context, slug string) (Campaign, error) {
	return c.first(ctx, func(k Campaign) bool { return k.Slug == slug })
}

// Default is the campaign of the home page.
func (c *Catalog) Default(ctx context.Context) (Campaign, error) {
	return c.first(ctx, func(k Campaign) bool { return k.IsDefault })
}

func (c *Catalog) first(ctx context.Context, wanted func(Campaign) bool) (Campaign, error) {
	all, err := c.All(ctx)
	if err != nil {
		return Campaign{}, err
	}
	if i := slices.IndexFunc(all, wanted); i >= 0 {
		return all[i], nil
	}
	return Campaign{}, fault.NotFoundf("There is no such campaign.")
}

// All lists the campaigns by slug. The slice is shared: do not change it.
func (c *Catalog) All(ctx context.Context) ([]Campaign, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if c.all != nil && now.Sub(c.readAt) < Fresh && !now.Before(c.readAt) {
		return c.all, nil
	}
	all, err := read(ctx, c.db)
	if err != nil {
		return nil, db.Translate(err)
	}
	c.all, c.readAt = all, now
	return all, nil
}

func read(ctx context.Context, q sqlx.QueryerContext) ([]Campaign, error) {
	var rows []struct {
		Campaign

		SuggestedJSON string `db:"suggested_json"`
	}
	err := sqlx.SelectContext(ctx, q, &rows, `
		SELECT id, slug, heading, why, ask, button, reassurance, currency, suggested::text AS suggested_json, is_default AS isdefault,
		       created_at AS createdat, updated_at AS updatedat
		FROM campaign ORDER BY slug`)
	if err != nil {
		return nil, fmt.Errorf("read campaigns: %w", err)
	}
	all := make([]Campaign, 0, len(rows))
	for _, r := range rows {
		if err := json.Unmarshal([]byte(r.SuggestedJSON), &r.Suggested); err != nil {
			return nil, fmt.Errorf("read suggested amounts of campaign %s: %w", r.Slug, err)
		}
		all = append(all, r.Campaign)
	}
	return all, nil
}
