package staff

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"golang.org/x/sync/errgroup"

	"readerfund/internal/db"
	"readerfund/internal/fault"
)

const (
	// freeTries is how many wrong passwords in a row cost nothing but time.
	freeTries = 5
	// longestPause is where doubling ends: long enough to make guessing hopeless, short enough to wait it out.
	longestPause = 15 * time.Minute
)

// ErrRefused is the one answer to an unknown address, a wrong password, a disabled account and too many tries: nobody
// learns from it who has an account. It is a fault.Forbidden.
var ErrRefused error = fault.Forbiddenf("That did not work. Check the mail address and the password; after several tries, wait a few minutes.")

// Authenticate tells whose address and password these are. Every refusal is ErrRefused and takes the same work; it is
// fault.Unavailable when too many sign in at once. Success and failure are written to the audit log.
//
// Too many wrong passwords in a row make an account wait, twice as long each time, whichever address they come from
// and whichever replica they meet. A try is counted before its password is looked at, so that many at once are counted
// too; the right password sets the count back.
func (a *Accounts) Authenticate(ctx context.Context, email, password string) (Account, error) {
	row, err := a.findForSignIn(ctx, email)
	if err != nil {
		return Account{}, err
	}
	var fits, outdated, free bool
	// Side by side: a known address writes its count, an unknown one has none to write, and the hash, which takes ten
	// times as long, hides the difference.
	work, workCtx := errgroup.WithContext(ctx)
	work.Go(func() (err error) {
		free, err = a.countTry(workCtx, row.ID)
		return err
	})
	work.Go(func() (err error) {
		fits, outdated, err = a.hasher.check(workCtx, password, row.Hash)
		return err
	})
	if err := work.Wait(); err != nil {
		return Account{}, db.Translate(err)
	}
	if reason := refusal(row, fits, free); reason != "" {
		if err := a.auditFailure(ctx, row, reason); err != nil {
			return Account{}, err
		}
		return Account{}, ErrRefused
	}
	return a.welcome(ctx, row, password, outdated)
}

// findForSignIn gives the account, or for an unknown address a stand-in that no password fits.
func (a *Accounts) findForSignIn(ctx context.Context, email string) (accountRow, error) {
	address, err := parseEmail(email)
	if err != nil {
		address = "" // nobody's; asked for all the same
	}
	row, err := a.find(ctx, `email = $1`, address)
	if fault.Is(err, fault.NotFound) {
		return accountRow{Hash: a.hasher.decoy}, nil
	}
	return row, err
}

// countTry counts a try and tells whether it is a free one, in one statement: of many at once each sees the count of
// those before it. While an account waits, tries are refused and do not make the wait longer.
func (a *Accounts) countTry(ctx context.Context, id uuid.UUID) (free bool, err error) {
	done, err := a.db.ExecContext(ctx, `
		UPDATE staff SET
			failed_signins  = failed_signins + 1,
			throttled_until = CASE WHEN failed_signins + 1 >= $3
				THEN $2::timestamptz + least($4, power(2, least(failed_signins + 1 - $3, 20))) * interval '1 second' END
		WHERE id = $1 AND (throttled_until IS NULL OR throttled_until <= $2)`,
		id, a.now().UTC(), freeTries, int(longestPause.Seconds()))
	if err != nil {
		return false, fmt.Errorf("count try: %w", err)
	}
	n, err := done.RowsAffected()
	return n == 1, err
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
	default:
		return ""
	}
}

// auditFailure does not keep an unknown address: people type passwords into the wrong field.
func (a *Accounts) auditFailure(ctx context.Context, row accountRow, reason string) error {
	entry := Entry{At: a.now().UTC(), Actor: "unknown", Action: ActionRefuse, Subject: "unknown", Detail: map[string]string{"reason": reason}}
	if row.ID != uuid.Nil {
		entry.Subject = row.Email
	}
	return a.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error { return Audit(ctx, tx, entry) })
}

func (a *Accounts) welcome(ctx context.Context, row accountRow, password string, outdated bool) (Account, error) {
	if outdated {
		hash, err := a.hasher.create(ctx, password)
		if err != nil {
			return Account{}, err
		}
		row.Hash = hash
	}
	now := a.now().UTC().Truncate(time.Microsecond)
	err := a.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE staff SET failed_signins = 0, throttled_until = NULL, signed_in_at = $2, password_hash = $3 WHERE id = $1`,
			row.ID, now, row.Hash)
		if err != nil {
			return fmt.Errorf("note sign-in: %w", err)
		}
		return Audit(ctx, tx, Entry{At: now, StaffID: row.ID, Actor: row.Email, Action: ActionSignIn, Subject: row.Email})
	})
	if err != nil {
		return Account{}, err
	}
	account := row.account()
	account.SignedInAt = now
	return account, nil
}
