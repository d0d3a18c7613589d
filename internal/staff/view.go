package staff

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
)

// viewAgain is how long a look at the same page is the same look: reading on, going back and reloading are no news.
const viewAgain = time.Hour

// AuditView notes that somebody looked at personal data, once for a page and hour.
func (a *Accounts) AuditView(ctx context.Context, by Account, action Action, subject string) error {
	now := a.now().UTC()
	var seen bool
	err := a.db.GetContext(ctx, &seen, `
		SELECT EXISTS (SELECT 1 FROM audit_entry WHERE subject = $1 AND actor = $2 AND action = $3 AND at > $4)`,
		subject, by.Email, string(action), now.Add(-viewAgain))
	if err != nil {
		return db.Translate(fmt.Errorf("look for an earlier view: %w", err))
	}
	if seen {
		return nil
	}
	err = a.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return Audit(ctx, tx, Entry{At: now, StaffID: by.ID, Actor: by.Email, Action: action, Subject: subject})
	})
	return db.Translate(err)
}
