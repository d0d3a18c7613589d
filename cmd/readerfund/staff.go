package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"readerfund/internal/account"
	"readerfund/internal/config"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/session"
)

type staffCommand struct {
	Add staffAdd `cmd:"" help:"Create an account. Prints a one-time password, unless one is given on standard input."`

	Password staffPassword `cmd:"" help:"Create a new one-time password; ends the account's sessions."`
	Role     staffRole     `cmd:"" help:"Change an account's role."`
	Disable  staffDisable  `cmd:"" help:"Disable an account at once, and end its sessions."`
	Enable   staffEnable   `cmd:"" help:"Enable a disabled account, with the password it had."`
	Unlock   staffUnlock   `cmd:"" help:"Unlock an account after failed sign-ins."`
	Sessions staffSessions `cmd:"" help:"List where an account is signed in; --end signs it out everywhere."`
}

type staffAdd struct {
	config.Database

	Email         string `arg:"" help:"The person's email address."`
	Role          string `required:"" enum:"viewer,editor,admin" placeholder:"ROLE" help:"viewer (reads), editor (also refunds, reviews and replays) or admin (also reads the audit log)."`
	PasswordStdin bool   `help:"Read the password from standard input: one line."`
}

// Run makes the account.
func (c staffAdd) Run(ctx context.Context, std streams) error {
	password := ""
	if c.PasswordStdin {
		line, err := bufio.NewReader(std.in).ReadString('\n')
		if err != nil && err != io.EOF {
			return fmt.Errorf("read the password: %w", err)
		}
		if password = strings.TrimRight(line, "\r\n"); password == "" {
			return fault.Input("password-stdin", "command.password_missing")
		}
	}
	return withAccounts(ctx, c.Database, func(a *account.Store) error {
		made, given, err := a.Add(ctx, c.Email, account.Role(c.Role), password)
		if err != nil {
			return err
		}
		fmt.Fprintf(std.out, "account: %s (%s)\n", made.Email, made.Role)
		if !c.PasswordStdin {
			printOneTime(std, given)
		}
		return nil
	})
}

// printOneTime prints a password that works once.
func printOneTime(std streams, password string) {
	fmt.Fprintf(std.out, "password: %s\nIt works once: whoever signs in with it chooses a new one.\n", password)
}

// withAccounts runs a command on the staff list.
func withAccounts(ctx context.Context, s config.Database, do func(*account.Store) error) error {
	return withDatabase(ctx, s, func(d *db.DB) error {
		return do(newAccounts(d))
	})
}

func newAccounts(d *db.DB) *account.Store {
	return account.NewStore(account.Config{DB: d, Now: time.Now, EndSessions: session.EndAll})
}

type staffPassword struct {
	config.Database

	Email string `arg:"" help:"The account's email address."`
}

// Run makes a new one-time password.
func (c staffPassword) Run(ctx context.Context, std streams) error {
	return withAccounts(ctx, c.Database, func(a *account.Store) error {
		password, err := a.ResetPassword(ctx, c.Email)
		if err != nil {
			return err
		}
		printOneTime(std, password)
		return nil
	})
}

type staffRole struct {
	config.Database

	Email string `arg:"" help:"The account's email address."`
	Role  string `arg:"" enum:"viewer,editor,admin" help:"viewer, editor or admin."`
	Force bool   `help:"Even if no admin is left."`
}

// Run gives the account another role.
func (c staffRole) Run(ctx context.Context, std streams) error {
	return withAccounts(ctx, c.Database, func(a *account.Store) error {
		if err := a.SetRole(ctx, c.Email, account.Role(c.Role), c.Force); err != nil {
			return err
		}
		fmt.Fprintf(std.out, "account: %s (%s)\n", c.Email, c.Role)
		return nil
	})
}

type staffDisable struct {
	config.Database

	Email string `arg:"" help:"The account's email address."`
	Force bool   `help:"Even if no admin is left."`
}

// Run ends the account.
func (c staffDisable) Run(ctx context.Context, std streams) error {
	return withAccounts(ctx, c.Database, func(a *account.Store) error {
		if err := a.Disable(ctx, c.Email, c.Force); err != nil {
			return err
		}
		fmt.Fprintf(std.out, "disabled: %s\n", c.Email)
		return nil
	})
}

type staffEnable struct {
	config.Database

	Email string `arg:"" help:"The account's email address."`
}

// Run lets the account sign in again.
func (c staffEnable) Run(ctx context.Context, std streams) error {
	return withAccounts(ctx, c.Database, func(a *account.Store) error {
		if err := a.Enable(ctx, c.Email); err != nil {
			return err
		}
		fmt.Fprintf(std.out, "enabled: %s\n", c.Email)
		return nil
	})
}

type staffUnlock struct {
	config.Database

	Email string `arg:"" help:"The account's email address."`
}

// Run forgets the account's failed sign-ins.
func (c staffUnlock) Run(ctx context.Context, std streams) error {
	return withAccounts(ctx, c.Database, func(a *account.Store) error {
		if err := a.Unlock(ctx, c.Email); err != nil {
			return err
		}
		fmt.Fprintf(std.out, "unlocked: %s\n", c.Email)
		return nil
	})
}

type staffSessions struct {
	config.Database

	Email string `arg:"" help:"The account's email address."`
	End   bool   `help:"Sign the account out everywhere."`
}

// Run lists the account's sessions, or ends them.
func (c staffSessions) Run(ctx context.Context, std streams) error {
	return withDatabase(ctx, c.Database, func(d *db.DB) error {
		sessions := session.NewManager(session.Config{DB: d, Accounts: newAccounts(d), Now: time.Now})
		if c.End {
			n, err := sessions.EndAll(ctx, c.Email)
			if err == nil {
				fmt.Fprintf(std.out, "ended: %d\n", n)
			}
			return err
		}
		all, err := sessions.List(ctx, c.Email)
		for _, s := range all {
			fmt.Fprintf(std.out, "since %s, until %s unless it is used\n", stamp(s.StartedAt), stamp(s.ExpiresAt))
		}
		if err == nil && len(all) == 0 {
			fmt.Fprintln(std.out, "not signed in anywhere")
		}
		return err
	})
}
