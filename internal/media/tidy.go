package media

import (
	"context"
	"fmt"
	"time"

	"readerfund/internal/db"
)

// unusedFor is how long a picture is kept that is in use nowhere: a form that was left may still be saved.
const unusedFor = 30 * 24 * time.Hour

// Tidy deletes pictures that were uploaded and not used: by mistake, or in a form that was never saved. A picture that
// any version of a campaign has is in use, because staff can bring that version back.
func (s *Store) Tidy(ctx context.Context) error {
	// Pictures are named inside of documents, at several places each; a digest is in no other text.
	_, err := s.db.ExecContext(ctx, `
		DELETE FROM image i
		WHERE i.added_at < $1
		  AND NOT EXISTS (SELECT 1 FROM campaign c WHERE position(i.digest IN c.content::text) > 0)
		  AND NOT EXISTS (SELECT 1 FROM campaign_version v WHERE position(i.digest IN v.content::text) > 0)
		  AND NOT EXISTS (SELECT 1 FROM appearance a WHERE position(i.digest IN a.content::text) > 0)`,
		s.now().UTC().Add(-unusedFor))
	if err != nil {
		return db.Translate(fmt.Errorf("delete unused pictures: %w", err))
	}
	return nil
}
