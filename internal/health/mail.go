package health

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// mailNews is how long a mail that did not arrive is reported.
const mailNews = 24 * time.Hour

// readMail counts mails to readers that were not sent, and those that did not arrive.
func readMail(ctx context.Context, tx *sqlx.Tx, s *Snapshot) error {
	err := backlogs(ctx, tx, map[string]*Backlog{"late": &s.MailLate, "failed": &s.MailFailed}, `
		SELECT 'late' AS backlog, count(*) AS count, min(wanted_at) AS oldest FROM mail
		WHERE due_at IS NOT NULL AND wanted_at <= $1
		UNION ALL
		SELECT 'failed', count(*), min(closed_at) FROM mail WHERE state IN ('failed', 'bounced') AND closed_at > $2`,
		s.At, s.At.Add(-mailNews))
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	return nil
}
