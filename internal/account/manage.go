package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/audit"
	"readerfund/internal/fault"
)

// What whoever has the command line can do to accounts that are there. Each is audited with what it did; the error is
// fault.NotFound when nobody has the address.

// Disable ends an account at once, with its sessions. Doing it twice changes nothing. The last admin who could look
// after accounts is disabled with force only: else it is a fault.Conflict.
func (s *Store) Disable(ctx context.Context, email string, force bool) error {
	return s.manage(ctx, email, ActionDisable, nil, func(ctx context.Context, tx *sqlx.Tx, row accountRow) error {
		if err := keepAnAdmin(ctx, tx, row, force); err != nil {
			return err
		}
		if _, err := s.endSessions(ctx, tx, row.ID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE staff SET disabled_at = coalesce(disabled_at, $2) WHERE id = $1`,
			row.ID, s.now().UTC())
		return err
	})
}

// Enable lets a disabled account sign in again, with the password it had.
func (s *Store) Enable(ctx context.Context, email string) error {
	return s.manage(ctx, email, ActionEnable, nil, func(ctx context.Context, tx *sqlx.Tx, row accountRow) error {
		_, err := tx.ExecContext(ctx, `UPDATE staff SET disabled_at = NULL WHERE id = $1`, row.ID)
		return err
	})
}

// SetRole gives an account another role, which counts from the next request on. For the last admin see Disable.
func (s *Store) SetRole(ctx context.Context, email string, role Role, force bool) error {
	if _, err := ParseRole(string(role)); err != nil {
		return err
	}
	detail := map[string]string{"role": string(role)}
	return s.manage(ctx, email, ActionRole, detail, func(ctx context.Context, tx *sqlx.Tx, row accountRow) error {
		if role != Admin {
			if err := keepAnAdmin(ctx, tx, row, force); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE staff SET role = $2 WHERE id = $1`, row.ID, string(role))
		return err
	})
}

// ResetPassword makes a password that works once, in place of the one before; the account's sessions end, and what was
// counted against it is forgotten.
func (s *Store) ResetPassword(ctx context.Context, email string) (password string, err error) {
	password = generatePassword()
	hash, err := s.hasher.create(ctx, password)
	if err != nil {
		return "", err
	}
	err = s.manage(ctx, email, ActionReset, nil, func(ctx context.Context, tx *sqlx.Tx, row accountRow) error {
		if _, err := s.endSessions(ctx, tx, row.ID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE staff SET password_hash = $2, one_time = true, used_at = NULL WHERE id = $1`,
			row.ID, hash)
		return err
	})
	if err != nil {
		return "", err
	}
	return password, s.forgetTries(ctx, email)
}

// Unlock forgets every try that was counted against an account, wherever it came from.
func (s *Store) Unlock(ctx context.Context, email string) error {
	err := s.manage(ctx, email, ActionUnlock, nil, func(context.Context, *sqlx.Tx, accountRow) error { return nil })
	if err != nil {
		return err
	}
	return s.forgetTries(ctx, email)
}

func (s *Store) forgetTries(ctx context.Context, email string) error {
	row, err := s.find(ctx, `email = $1`, foldEmail(email))
	if err != nil {
		return err
	}
	return s.limits.Forget(ctx, accountKey(row.ID.String()))
}

// manage does something to an account and audits it, in one transaction.
func (s *Store) manage(
	ctx context.Context, email string, action audit.Action, detail map[string]string,
	do func(ctx context.Context, tx *sqlx.Tx, row accountRow) error,
) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		row, err := lock(ctx, tx, email)
		if err != nil {
			return err
		}
		if err := do(ctx, tx, row); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{
			At: s.now().UTC(), Actor: audit.CommandLine, Action: action, Subject: row.Email, Detail: detail,
		})
	})
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	return nil
}

// Lock reads the account that has an email address, and keeps it as it is until the caller's transaction ends. The
// error is fault.NotFound when nobody has the address.
func Lock(ctx context.Context, tx *sqlx.Tx, email string) (Account, error) {
	row, err := lock(ctx, tx, email)
	if err != nil {
		return Account{}, err
	}
	return row.account(), nil
}

func lock(ctx context.Context, tx *sqlx.Tx, email string) (accountRow, error) {
	row, err := findIn(ctx, tx, `email = $1 FOR UPDATE`, foldEmail(email))
	return row, named(err, email)
}

// named says which address has no account.
func named(err error, email string) error {
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.NotFound, "account.email_unknown", fault.Args{"email": email})
	}
	return err
}

// keepAnAdmin refuses to take away the last account that can look after the others.
func keepAnAdmin(ctx context.Context, tx *sqlx.Tx, row accountRow, force bool) error {
	if force || row.Role != string(Admin) || row.DisabledAt.Valid {
		return nil
	}
	// Locked, so that of two commands that take away one admin each, the second sees what the first did.
	var others []string
	err := tx.SelectContext(ctx, &others, `
		SELECT email FROM staff WHERE role = 'admin' AND disabled_at IS NULL AND id <> $1 ORDER BY id FOR UPDATE`, row.ID)
	if err != nil {
		return fmt.Errorf("look for other admins: %w", err)
	}
	if len(others) == 0 {
		return fault.New(fault.Conflict, "account.last_admin", fault.Args{"email": row.Email})
	}
	return nil
}

// ChoosePassword sets the password that a person chose, in place of the current one, which is asked for unless it was a
// one-time password: that was spent by signing in. All sessions of the account end; the caller begins a new one.
//
// Errors are fault.Invalid on "current" or "password", and those of Authenticate.
func (s *Store) ChoosePassword(ctx context.Context, account Account, current, password string, from From) error {
	row, err := s.find(ctx, `id = $1`, account.ID)
	if err != nil {
		return err
	}
	if !row.OneTime {
		if err := s.confirm(ctx, row, current, from); err != nil {
			return err
		}
	}
	if err := checkPassword(password); err != nil {
		return err
	}
	old, _, err := s.hasher.check(ctx, password, row.Hash, true)
	if err != nil {
		return err
	}
	if old {
		return fault.Input("password", "account.password_same")
	}
	hash, err := s.hasher.create(ctx, password)
	if err != nil {
		return err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		// Of two changes at once, the second finds another hash than the one it was confirmed with.
		done, err := tx.ExecContext(ctx, `
			UPDATE staff SET password_hash = $2, one_time = false, used_at = NULL WHERE id = $1 AND password_hash = $3`,
			row.ID, hash, row.Hash)
		if err != nil {
			return fmt.Errorf("save password: %w", err)
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fault.New(fault.Conflict, "account.password_just_changed"))
		}
		if _, err := s.endSessions(ctx, tx, row.ID); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{
			At: s.now().UTC(), StaffID: row.ID, Actor: row.Email, Action: ActionChoose, Subject: row.Email,
		})
	})
	if err != nil {
		return fmt.Errorf("choose password: %w", err)
	}
	return nil
}

// confirm checks the password of somebody who is signed in, and counts the tries as a sign-in's.
func (s *Store) confirm(ctx context.Context, row accountRow, current string, from From) error {
	free, err := s.count(ctx, row, row.ID.String(), from)
	if err != nil {
		return err
	}
	if !free {
		return fault.Input("current", "account.too_many_attempts")
	}
	fits, _, err := s.hasher.check(ctx, current, row.Hash, known(row, from))
	if err != nil {
		return err
	}
	if !fits {
		return fault.Input("current", "account.password_wrong")
	}
	return s.forget(ctx, row, row.ID.String(), from)
}
