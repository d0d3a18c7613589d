package contribution

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/field"
)

// LeaveMessage keeps what a reader wrote to the newsroom after the gift, once the money is in. A gift has one such
// message; the same once more is no error. It makes the gift's messages unread. Errors: fault.Invalid in the field
// "later_message"; fault.Conflict where there is another one, or the gift is not complete.
func (s *Service) LeaveMessage(ctx context.Context, id uuid.UUID, written string) error {
	written = field.Normalised(written)
	if written == "" {
		return fault.Input("later_message", "thanks.say_empty")
	}
	if err := field.Text("later_message", written, longestMessage); err != nil {
		return err
	}
	done, err := s.db.ExecContext(ctx, `
		UPDATE contribution SET later_message = $2, later_message_at = coalesce(later_message_at, $3),
		    message_read_at = CASE later_message WHEN '' THEN NULL ELSE message_read_at END,
		    message_read_by = CASE later_message WHEN '' THEN '' ELSE message_read_by END
		WHERE id = $1 AND later_message IN ('', $2) AND completed_at IS NOT NULL AND erased_at IS NULL`,
		id, written, s.now().UTC())
	if err != nil {
		return db.Translate(fmt.Errorf("keep a message with contribution %s: %w", id, err))
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return fault.Wrap(err, fault.Conflict, "thanks.said_already")
	}
	return nil
}
