package media

import (
	"context"
	"fmt"
	"time"

	"readerfund/internal/db"
)

// UnusedDays is how many days an upload is kept that is in use nowhere, after a form last named it: a form that was
// left may still be saved.
const UnusedDays = 30

// UnusedFor is UnusedDays as a duration.
const UnusedFor = UnusedDays * 24 * time.Hour

// Tidy deletes pictures that were uploaded and not used: by mistake, or in a form that was never saved. A picture that
// any version of a campaign has is in use, because staff can bring that version back.
func (s *Store) Tidy(ctx context.Context) error {
	// Pictures are named inside of documents, at several places each; a digest is in no other text.
	_, err := s.db.ExecContext(ctx, `
		DELETE FROM image i
		WHERE coalesce(i.named_at, i.added_at) < $1
		  AND NOT EXISTS (SELECT 1 FROM campaign c WHERE position(i.digest IN c.content::text) > 0)
		  AND NOT EXISTS (SELECT 1 FROM campaign_version v WHERE position(i.digest IN v.content::text) > 0)
		  -- pages made before its last change are in caches, and may show what it had until then
		  AND NOT EXISTS (
		      SELECT 1 FROM appearance a WHERE a.changed_at >= $1 OR position(i.digest IN a.content::text) > 0)`,
		s.now().UTC().Add(-UnusedFor))
	if err != nil {
		return db.Translate(fmt.Errorf("delete unused pictures: %w", err))
	}
	return nil
}
