package appearance

import (
	"context"
	"fmt"

	"readerfund/internal/db"
	"readerfund/internal/media"
)

// Tidy deletes typefaces that the appearance does not have, once no form has named them for media.UnusedFor. There are
// no earlier versions to bring back. It is a periodic job.
func (s *Store) Tidy(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, `
		DELETE FROM font f
		WHERE coalesce(f.named_at, f.added_at) < $1
		  -- pages made before its last change are in caches, and load what it had until then
		  AND NOT EXISTS (
		      SELECT 1 FROM appearance a WHERE a.changed_at >= $1 OR position(f.digest IN a.content::text) > 0)`,
		s.now().UTC().Add(-media.UnusedFor))
	if err != nil {
		return db.Translate(fmt.Errorf("delete unused typefaces: %w", err))
	}
	return nil
}
