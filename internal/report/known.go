package report

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/listing"
	texts "readerfund/internal/text"
)

// CheckKnown rejects a query for an unknown campaign, or for an article without gifts: an empty answer would look as if
// there had been no gifts. It returns the campaign's id, uuid.Nil if the query names none: PostgreSQL can estimate the
// rows of a campaign from a value, but not from a subquery.
func CheckKnown(ctx context.Context, d *db.DB, campaign, article string) (id uuid.UUID, err error) {
	if campaign == "" && article == "" {
		return uuid.Nil, nil
	}
	err = d.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) (err error) {
		if id, err = checkCampaign(ctx, tx, campaign); err != nil {
			return err
		}
		return checkArticle(ctx, tx, article)
	})
	return id, err
}

func checkCampaign(ctx context.Context, tx *sqlx.Tx, slug string) (uuid.UUID, error) {
	if slug == "" {
		return uuid.Nil, nil
	}
	var all []struct {
		ID   uuid.UUID `db:"id"`
		Slug string    `db:"slug"`
	}
	if err := tx.SelectContext(ctx, &all, `SELECT id, slug FROM campaign`); err != nil {
		return uuid.Nil, fmt.Errorf("read the campaigns' names: %w", err)
	}
	slugs := make([]string, len(all))
	for i, c := range all {
		if c.Slug == slug {
			return c.ID, nil
		}
		slugs[i] = c.Slug
	}
	return uuid.Nil, fault.Input("campaign", "campaign.unknown", fault.Args{
		"slug": texts.Line(slug), "similar": texts.Nearest(slug, slugs, 8),
	})
}

func checkArticle(ctx context.Context, tx *sqlx.Tx, address string) error {
	if address == "" {
		return nil
	}
	var known bool
	var w listing.Where
	w.EqualLong("c.article", address)
	// The previous version writes contributions of articles without a row in article.
	err := tx.GetContext(ctx, &known, `
		SELECT EXISTS (SELECT 1 FROM article WHERE digest = sha256(convert_to(`+w.Arg(address)+`, 'UTF8')))
		       OR EXISTS (SELECT 1 FROM contribution c`+w.SQL()+`)`, w.Args()...)
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
