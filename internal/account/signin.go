package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/audit"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/field"
)

// ErrRefused is the one answer to an unknown address, a wrong password, a disabled account and too many tries: nobody
// learns from it who has an account. It is a fault.Forbidden.
var ErrRefused error = fault.New(fault.Forbidden, "account.sign_in_refused")

// Authenticate finds out whose address and password these are. Every refusal is ErrRefused, and those that look at the
// password take the same work; it is fault.Unavailable when too many sign in at once, and a *RateLimitError when too
// many came from there. Success and failure are written to the audit log.
//
// A try is counted before its password is looked at, against the account and where it comes from (see count); the right
// password sets that count back. Beyond a limit no password is looked at, so a flood costs little.
func (s *Store) Authenticate(ctx context.Context, email, password string, from From) (Account, error) {
	row, err := s.findForSignIn(ctx, email)
	if err != nil {
		return Account{}, err
	}
	subject := s.subject(row, email)
	free, err := s.count(ctx, row, subject, from)
	if err != nil {
		return Account{}, err
	}
	var fits, outdated bool
	if free {
		if fits, outdated, err = s.hasher.check(ctx, password, row.Hash, known(row, from)); err != nil {
			return Account{}, db.Translate(err)
		}
	}
	if reason := refusal(row, fits, free); reason != "" {
		if err := s.auditFailure(ctx, row, from, reason); err != nil {
			return Account{}, err
		}
		return Account{}, ErrRefused
	}
	account, err := s.recordSignIn(ctx, row, password, outdated)
	if err != nil {
		return Account{}, err
	}
	return account, s.forget(ctx, row, subject, from)
}

// findForSignIn gives the account, or for an unknown address a stand-in that no password fits.
func (s *Store) findForSignIn(ctx context.Context, email string) (accountRow, error) {
	address, err := field.Email("email", email)
	if err != nil {
		address = "" // nobody's; asked for all the same
	}
	row, err := s.find(ctx, `email = $1`, address)
	if fault.Is(err, fault.NotFound) {
		return accountRow{Hash: s.hasher.decoy}, nil
	}
	return row, err
}

// refusal says for the audit log why somebody does not get in; empty when they do.
func refusal(row accountRow, fits, free bool) string {
	switch {
	case row.ID == uuid.Nil:
		return "unknown address"
	case row.DisabledAt.Valid:
		return "disabled"
	case !free:
		return "too many tries"
	case !fits:
		return "wrong password"
	case row.OneTime && row.UsedAt.Valid:
		return "one-time password used before"
	default:
		return ""
	}
}

// auditWindow is for how long the same failure is one entry with a count.
const auditWindow = 15 * time.Minute

// auditFailure does not keep an unknown address: people type passwords into the wrong field. A flood is one entry for
// each account, network, reason and quarter of an hour.
func (s *Store) auditFailure(ctx context.Context, row accountRow, from From, reason string) error {
	now, subject := s.now().UTC(), audit.Unknown
	if row.ID != uuid.Nil {
		subject = row.Email
	}
	key := fmt.Sprintf("%s %s %s %s %d", ActionRefuse, subject, s.limits.Hide(from.Network), reason,
		now.Unix()/int64(auditWindow.Seconds()))
	return db.Translate(audit.Count(ctx, s.db, audit.Entry{
		At: now, Actor: audit.Unknown, Action: ActionRefuse, Subject: subject, Detail: map[string]string{"reason": reason},
	}, key))
}

// recordSignIn spends a one-time password, keeps a hash made anew where the old one is outdated, and audits the
// sign-in.
func (s *Store) recordSignIn(ctx context.Context, row accountRow, password string, outdated bool) (Account, error) {
	if outdated {
		hash, err := s.hasher.create(ctx, password)
		if err != nil {
			return Account{}, err
		}
		row.Hash = hash
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		// Of two who bring the same one-time password at once, one gets in.
		done, err := tx.ExecContext(ctx, `
			UPDATE staff SET signed_in_at = $2::timestamptz, password_hash = $3,
				used_at = CASE WHEN one_time THEN $2::timestamptz END
			WHERE id = $1 AND NOT (one_time AND used_at IS NOT NULL)`, row.ID, now, row.Hash)
		if err != nil {
			return fmt.Errorf("record sign-in: %w", err)
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrRefused)
		}
		return audit.Write(ctx, tx, audit.Entry{
			At: now, StaffID: row.ID, Actor: row.Email, Action: ActionSignIn, Subject: row.Email,
		})
	})
	if err != nil {
		return Account{}, err
	}
	account := row.account()
	account.SignedInAt = now
	return account, nil
}
