package managelink

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/fault"
)

// The errors of a link that cannot be opened. Each is a fault.NotFound whose sentence says what to do.
var (
	ErrUnknown error = fault.New(fault.NotFound, "managelink.unknown") // cut, made up, or long forgotten
	ErrExpired error = fault.New(fault.NotFound, "managelink.expired")
	ErrUsed    error = fault.New(fault.NotFound, "managelink.used")
)

// Check returns the reason why a token cannot be opened; nil if it can. It changes nothing, because programs that scan
// mail before its reader does fetch every address in it.
func (s *Service) Check(ctx context.Context, token string) error {
	var row struct {
		ExpiresAt time.Time `db:"expires_at"`
		Opened    bool      `db:"opened"`
	}
	err := s.DB.GetContext(ctx, &row, `
		SELECT expires_at, opened_at IS NOT NULL AS opened FROM manage_link WHERE digest = $1`, digest(token))
	switch {
	case db.IsNotFound(err):
		return ErrUnknown
	case err != nil:
		return db.Translate(fmt.Errorf("find link: %w", err))
	case row.Opened:
		return ErrUsed
	case !row.ExpiresAt.After(s.Now()):
		return ErrExpired
	}
	return nil
}

// Open uses up a token and starts a session, whose own token it returns. opening identifies the page whose button was
// pressed: a second press within two minutes, from a double click or after a lost answer, opens the link again.
func (s *Service) Open(ctx context.Context, token, opening string) (session string, err error) {
	now := s.Now().UTC()
	session = rand.Text()
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var email string
		// If two requests open it at once, the second waits for the row and then finds it opened.
		err := tx.GetContext(ctx, &email, `
			UPDATE manage_link SET opened_at = coalesce(opened_at, $2), opening = $3
			WHERE digest = $1 AND (opened_at IS NULL AND expires_at > $2 OR opening = $3 AND opened_at > $4)
			RETURNING email`, digest(token), now, digest(opening), now.Add(-sameOpening))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO manage_session (digest, email, started_at, expires_at) VALUES ($1, $2, $3, $4)`,
			digest(session), email, now, now.Add(SessionLasts))
		return err
	})
	if db.IsNotFound(err) {
		if err := s.Check(ctx, token); err != nil {
			return "", err
		}
		return "", ErrUnknown // it existed, and was deleted at this very moment
	}
	if err != nil {
		return "", db.Translate(fmt.Errorf("open link: %w", err))
	}
	return session, nil
}

// ErrNoSession says that this browser has no session, or no longer has one.
var ErrNoSession = errors.New("no session on a reader's own page")

// Reader returns the email address that the session belongs to; ErrNoSession if there is no such session.
func (s *Service) Reader(ctx context.Context, session string) (address string, err error) {
	if session == "" {
		return "", ErrNoSession
	}
	err = s.DB.GetContext(ctx, &address, `SELECT email FROM manage_session WHERE digest = $1 AND expires_at > $2`,
		digest(session), s.Now().UTC())
	if db.IsNotFound(err) {
		return "", ErrNoSession
	}
	if err != nil {
		return "", db.Translate(fmt.Errorf("find session: %w", err))
	}
	return address, nil
}

// Leave ends a session. It is not an error if the session does not exist.
func (s *Service) Leave(ctx context.Context, session string) error {
	if _, err := s.DB.ExecContext(ctx, `DELETE FROM manage_session WHERE digest = $1`, digest(session)); err != nil {
		return db.Translate(fmt.Errorf("end session: %w", err))
	}
	return nil
}

// Forget deletes every link and session of an address, whose reader is being erased.
func (s *Service) Forget(ctx context.Context, address string) error {
	_, err := s.DB.ExecContext(ctx, `
		WITH links AS (DELETE FROM manage_link WHERE email = $1)
		DELETE FROM manage_session WHERE email = $1`, address)
	if err != nil {
		return db.Translate(fmt.Errorf("forget links: %w", err))
	}
	return nil
}

// linkRemembered is how long an ended link is kept, so that its page can say why it no longer opens.
const linkRemembered = 7 * 24 * time.Hour

// Tidy deletes sessions that have ended, and links that ended a week ago. It is a periodic job.
func (s *Service) Tidy(ctx context.Context) error {
	now := s.Now().UTC()
	// SKIP LOCKED: what Forget deletes at this moment is gone, too, and it takes its rows in another order.
	_, err := s.DB.ExecContext(ctx, `
		WITH sessions AS (
			DELETE FROM manage_session
			WHERE digest IN (SELECT digest FROM manage_session WHERE expires_at <= $1 FOR UPDATE SKIP LOCKED))
		DELETE FROM manage_link
		WHERE digest IN (SELECT digest FROM manage_link WHERE expires_at <= $2 FOR UPDATE SKIP LOCKED)`,
		now, now.Add(-linkRemembered))
	if err != nil {
		return db.Translate(fmt.Errorf("delete old links: %w", err))
	}
	return nil
}
