package contribution

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/fault"
)

// Shown is a gift whose messages a page has shown. Later is whether the one was among them that readers may write after
// the gift.
type Shown struct {
	ID    uuid.UUID
	Later bool
}

// MarkRead records that a person of the staff has read readers' messages, and returns how many of the gifts still have
// unread ones, because the reader has written since the page was made. What is read already keeps who read it first.
func (s *Service) MarkRead(ctx context.Context, shown []Shown, by Actor) (unread int, err error) {
	ids := db.Array(db.Column(shown, func(m Shown) string { return m.ID.String() }))
	err = s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		// The rows are locked in the order of ids, as everything that locks several contributions does.
		_, err := tx.ExecContext(ctx, `
			WITH locked AS (
			    SELECT c.id FROM contribution c JOIN unnest($1::uuid[], $2::boolean[]) s (id, later) ON s.id = c.id
			    WHERE c.message_read_at IS NULL AND (c.later_message <> '') = s.later
			    ORDER BY c.id FOR NO KEY UPDATE OF c
			)
			UPDATE contribution c SET message_read_at = $3, message_read_by = $4 FROM locked WHERE c.id = locked.id`,
			ids, db.Array(db.Column(shown, func(m Shown) bool { return m.Later })), s.now().UTC(), by.Name)
		if err != nil {
			return fmt.Errorf("mark messages as read: %w", err)
		}
		return tx.GetContext(ctx, &unread, `
			SELECT count(*) FROM contribution WHERE id = ANY ($1::uuid[]) AND message_read_at IS NULL`, ids)
	})
	return unread, db.Translate(err)
}

// readAtOnce is how many gifts are marked by one statement: others wait for their rows until it is committed.
const readAtOnce = 200

// MarkAllRead marks all messages as read that a list had when it was made, at that time: those of the gift that it
// showed first, and of every earlier one. It stops where the context ends; what is marked then stays marked.
func (s *Service) MarkAllRead(ctx context.Context, first uuid.UUID, at time.Time, by Actor) error {
	for {
		// The list's index has these rows; they are locked in the order of ids, as above.
		done, err := s.db.ExecContext(ctx, `
			WITH locked AS (
			    SELECT id FROM contribution
			    WHERE (message <> '' OR later_message <> '') AND completed_at IS NOT NULL AND (message_read_at IS NULL)
			      AND id <= $1 AND completed_at <= $2 AND coalesce(later_message_at, completed_at) <= $2
			    ORDER BY id LIMIT $3 FOR NO KEY UPDATE
			)
			UPDATE contribution c SET message_read_at = $4, message_read_by = $5 FROM locked WHERE c.id = locked.id`,
			first, at.UTC(), readAtOnce, s.now().UTC(), by.Name)
		if err != nil {
			return db.Translate(fmt.Errorf("mark all messages as read: %w", err))
		}
		if n, err := done.RowsAffected(); err != nil || n < readAtOnce {
			return err
		}
	}
}

// MarkUnread takes the mark back. The error is a fault.NotFound where there is no such gift.
func (s *Service) MarkUnread(ctx context.Context, id uuid.UUID) error {
	done, err := s.db.ExecContext(ctx, `
		UPDATE contribution SET message_read_at = NULL, message_read_by = '' WHERE id = $1`, id)
	if err != nil {
		return db.Translate(fmt.Errorf("mark messages of contribution %s as unread: %w", id, err))
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return fault.Wrap(err, fault.NotFound, "web.no_page")
	}
	return nil
}
