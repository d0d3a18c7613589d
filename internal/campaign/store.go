package campaign

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// read reads every campaign. Where the document is missing, the version before made the row.
func read(ctx context.Context, q sqlx.QueryerContext) ([]Campaign, error) {
	var rows []struct {
		ID        uuid.UUID    `db:"id"`
		Slug      string       `db:"slug"`
		Content   []byte       `db:"content"`
		State     State        `db:"state"`
		StartsAt  sql.NullTime `db:"starts_at"`
		EndsAt    sql.NullTime `db:"ends_at"`
		FundDrive bool         `db:"fund_drive"`
		IsDefault bool         `db:"is_default"`
		Version   int64        `db:"version"`
		CreatedAt time.Time    `db:"created_at"`
		UpdatedAt time.Time    `db:"updated_at"`
	}
	err := sqlx.SelectContext(ctx, q, &rows, `
		SELECT id, slug, coalesce(content, jsonb_build_object(
		           'name', heading, 'language', 'en', 'texts', jsonb_build_object('en', jsonb_build_object(
		               'heading', heading, 'why', why, 'ask', ask, 'button', button, 'reassurance', reassurance)),
		           'currency', currency, 'suggested', suggested, 'monthly', suggested_month, 'yearly', suggested_year,
		           'frequency', frequency)) AS content,
		       state, starts_at, ends_at, fund_drive, is_default, version, created_at, updated_at
		FROM campaign ORDER BY slug`)
	if err != nil {
		return nil, fmt.Errorf("read campaigns: %w", err)
	}
	all := make([]Campaign, len(rows))
	for n, r := range rows {
		all[n] = Campaign{
			ID: r.ID, Slug: r.Slug, State: r.State, StartsAt: r.StartsAt.Time.UTC(), EndsAt: r.EndsAt.Time.UTC(),
			FundDrive: r.FundDrive, IsDefault: r.IsDefault, Version: r.Version, CreatedAt: r.CreatedAt.UTC(),
			UpdatedAt: r.UpdatedAt.UTC(),
		}
		if err := json.Unmarshal(r.Content, &all[n].Content); err != nil {
			return nil, fmt.Errorf("read the content of campaign %s: %w", r.Slug, err)
		}
	}
	return all, nil
}
