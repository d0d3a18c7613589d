package report

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/listing"
	texts "readerfund/internal/text"
)

// CheckKnown refuses a question about a campaign that there is not, or an article that no gift came from: an empty
// answer would look as if nobody had given.
func CheckKnown(ctx context.Context, d *db.DB, campaign, article string) error {
	if campaign == "" && article == "" {
		return nil
	}
	return d.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := checkCampaign(ctx, tx, campaign); err != nil {
			return err
		}
		return checkArticle(ctx, tx, article)
	})
}

func checkCampaign(ctx context.Context, tx *sqlx.Tx, slug string) error {
	if slug == "" {
		return nil
	}
	var all []string
	if err := tx.SelectContext(ctx, &all, `SELECT slug FROM campaign`); err != nil {
		return fmt.Errorf("read the campaigns' names: %w", err)
	}
	if slices.Contains(all, slug) {
		return nil
	}
	return fault.Input("campaign", "campaign.unknown", fault.Args{
		"slug": texts.Line(slug), "similar": texts.Nearest(slug, all, 8),
	})
}

func checkArticle(ctx context.Context, tx *sqlx.Tx, address string) error {
	if address == "" {
		return nil
	}
	var known bool
	var w listing.Where
	w.EqualLong("c.article", address)
	err := tx.GetContext(ctx, &known, `SELECT EXISTS (SELECT 1 FROM contribution c`+w.SQL()+`)`, w.Args()...)
	if err != nil {
		return fmt.Errorf("look for an article: %w", err)
	}
	if known {
		return nil
	}
	// The latest are enough to find what was misspelled, and bound the work.
	var latest []string
	err = tx.SelectContext(ctx, &latest, `
		SELECT DISTINCT article FROM (SELECT article FROM contribution ORDER BY created_at DESC LIMIT 5000) c
		WHERE article <> ''`)
	if err != nil {
		return fmt.Errorf("read the latest articles: %w", err)
	}
	if len(latest) == 0 {
		return fault.Input("article", "report.article_none")
	}
	return fault.Input("article", "report.article_unknown", fault.Args{
		"similar": texts.Nearest(address, latest, 3),
	})
}
