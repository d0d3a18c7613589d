package session

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
)

// ownerKey is where CommitCtx, which scs calls, learns whose session it is.
type ownerKey struct{}

// store keeps sessions in the table "session", under the SHA-256 of their token: who reads the table or a backup
// of it cannot sign in with what stands there. docs/decisions/0004-session-store.md says why it is our own.
//
// It serves Manager, which commits a session once, when somebody signs in. A request that is under way while its
// session is destroyed can therefore never write it back.
type store struct {
	db   *db.DB
	now  func() time.Time
	idle time.Duration
}

// CommitCtx saves a new session. scs reckons its expiry by the wall clock; ours is the program's, and starts with the
// idle time. What has ended is swept out on the way, so that the table holds little more than who is here.
func (s *store) CommitCtx(ctx context.Context, token string, data []byte, _ time.Time) error {
	now := s.now().UTC()
	if err := deleteEnded(ctx, s.db, now); err != nil {
		return err
	}
	owner, _ := ctx.Value(ownerKey{}).(uuid.UUID)
	_, err := s.db.ExecContext(ctx, `
		INSERT INTO session (token, data, expires_at, staff_id, started_at) VALUES ($1, $2, $3, $4, $5)`,
		digest(token), data, now.Add(s.idle), uuid.NullUUID{UUID: owner, Valid: owner != uuid.Nil}, now)
	if err != nil {
		return db.Translate(fmt.Errorf("save session: %w", err))
	}
	return nil
}

// FindCtx gives a session that has not ended, and puts its end off: it is being used. To spare writes that is done only
// when a twentieth of the idle time has gone by.
func (s *store) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	now := s.now().UTC()
	var row struct {
		Data      []byte    `db:"data"`
		ExpiresAt time.Time `db:"expires_at"`
	}
	err := s.db.GetContext(ctx, &row, `SELECT data, expires_at FROM session WHERE token = $1 AND expires_at > $2`,
		digest(token), now)
	if db.IsNotFound(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, db.Translate(fmt.Errorf("find session: %w", err))
	}
	if row.ExpiresAt.Before(now.Add(s.idle - s.idle/20)) {
		if _, err := s.db.ExecContext(ctx, `UPDATE session SET expires_at = $2 WHERE token = $1`, digest(token),
			now.Add(s.idle)); err != nil {
			return nil, false, db.Translate(fmt.Errorf("prolong session: %w", err))
		}
	}
	return row.Data, true, nil
}

// DeleteCtx ends a session.
func (s *store) DeleteCtx(ctx context.Context, token string) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM session WHERE token = $1`, digest(token)); err != nil {
		return db.Translate(fmt.Errorf("delete session: %w", err))
	}
	return nil
}

// Commit is CommitCtx: scs.Store asks for it and, given the other, never calls it. So are Find and Delete.
func (s *store) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

// Find is FindCtx.
func (s *store) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Delete is DeleteCtx.
func (s *store) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

// deleteEnded sweeps out the sessions that have ended at a moment.
func deleteEnded(ctx context.Context, d *db.DB, now time.Time) error {
	// SKIP LOCKED: what ends an account's sessions at this moment deletes them, too, and in another order.
	_, err := d.ExecContext(ctx, `
		DELETE FROM session WHERE token IN (SELECT token FROM session WHERE expires_at <= $1 FOR UPDATE SKIP LOCKED)`, now)
	if err != nil {
		return db.Translate(fmt.Errorf("sweep sessions: %w", err))
	}
	return nil
}

func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
