package session

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/account"
	"readerfund/internal/audit"
	"readerfund/internal/db"
)

// Session is one browser that is signed in. Times are UTC.
type Session struct {
	StartedAt time.Time `db:"started_at"`
	ExpiresAt time.Time `db:"expires_at"` // when it ends unless it is used
}

// List gives an account's sessions, the newest first. The error is fault.NotFound when nobody has the address.
func (m *Manager) List(ctx context.Context, email string) ([]Session, error) {
	who, err := m.accounts.ByEmail(ctx, email)
	if err != nil {
		return nil, err
	}
	var all []Session
	err = m.db.SelectContext(ctx, &all, `
		SELECT started_at, expires_at FROM session WHERE staff_id = $1 AND expires_at > $2 ORDER BY started_at DESC`,
		who.ID, m.now().UTC())
	if err != nil {
		return nil, db.Translate(fmt.Errorf("list sessions: %w", err))
	}
	return all, nil
}

// EndAll signs an account out everywhere, on behalf of whoever has the command line, and says how many sessions that
// were. The error is fault.NotFound when nobody has the address.
func (m *Manager) EndAll(ctx context.Context, email string) (n int64, err error) {
	err = m.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		who, err := account.Lock(ctx, tx, email)
		if err != nil {
			return err
		}
		if n, err = EndAll(ctx, tx, who.ID); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{
			At: m.now().UTC(), Actor: audit.CommandLine, Action: ActionEnd, Subject: who.Email,
		})
	})
	if err != nil {
		return 0, fmt.Errorf("%s: %w", ActionEnd, err)
	}
	return n, nil
}

// EndAll ends an account's sessions in the caller's transaction and says how many they were: what changes the account
// and what that ends are committed together. It is what account.Config asks for.
func EndAll(ctx context.Context, tx *sqlx.Tx, accountID uuid.UUID) (int64, error) {
	done, err := tx.ExecContext(ctx, `DELETE FROM session WHERE staff_id = $1`, accountID)
	if err != nil {
		return 0, fmt.Errorf("end sessions: %w", err)
	}
	return done.RowsAffected()
}

// Tidy deletes the sessions that have ended. It is a periodic job.
func (m *Manager) Tidy(ctx context.Context) error { return deleteEnded(ctx, m.db, m.now().UTC()) }
