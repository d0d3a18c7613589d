package count

import (
	"context"
	"fmt"

	"readerfund/internal/db"
)

// ArticleDays is how many days counts are kept for each article. Older ones are folded into one row for each day,
// campaign, variant and format, and kept.
const ArticleDays = 90

// Fold folds the counts of days that have passed the time for which articles are told apart. It is periodic work; each
// day is a statement, so that none is long.
func (c *Counter) Fold(ctx context.Context) error {
	for {
		res, err := c.DB.ExecContext(ctx, `
			WITH due AS (
				SELECT min(day) AS day FROM appeal_count WHERE article <> '' AND day < $1::date
			), old AS (
				DELETE FROM appeal_count WHERE article <> '' AND day = (SELECT day FROM due)
				RETURNING campaign_id, day, variant, format, readers, views, clicks, closed, opted_out
			)
			INSERT INTO appeal_count AS c (campaign_id, day, variant, format, article,
			                               readers, views, clicks, closed, opted_out)
			SELECT campaign_id, day, variant, format, '', sum(readers), sum(views), sum(clicks), sum(closed), sum(opted_out)
			FROM old GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
			ON CONFLICT (campaign_id, day, variant, format, article) DO UPDATE SET
			    readers = c.readers + excluded.readers, views = c.views + excluded.views,
			    clicks = c.clicks + excluded.clicks, closed = c.closed + excluded.closed,
			    opted_out = c.opted_out + excluded.opted_out`,
			c.Now().In(c.Zone).AddDate(0, 0, -ArticleDays).Format("2006-01-02"))
		if err != nil {
			return db.Translate(fmt.Errorf("fold counts of articles: %w", err))
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
	}
}
