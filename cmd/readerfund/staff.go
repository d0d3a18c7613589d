package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"readerfund/internal/config"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/staff"
)

type staffCommand struct {
	Add     staffAdd     `cmd:"" help:"Make an account. Prints a one-time password, unless one is given on standard input."`
	Disable staffDisable `cmd:"" help:"End an account at once, with its sessions."`
}

type staffAdd struct {
	Email         string `arg:"" help:"The person's mail address."`
	Role          string `required:"" enum:"viewer,editor,admin" help:"viewer reads, editor works on campaigns and events, admin also on accounts."`
	PasswordStdin bool   `help:"Read the password from standard input: one line."`
}

// Run makes the account.
func (c staffAdd) Run(ctx context.Context, s config.Settings, std streams) error {
	password := ""
	if c.PasswordStdin {
		line, err := bufio.NewReader(std.in).ReadString('\n')
		if err != nil && err != io.EOF {
			return fmt.Errorf("read the password: %w", err)
		}
		if password = strings.TrimRight(line, "\r\n"); password == "" {
			return fault.Invalidf("--password-stdin", "Standard input is empty: write the password there, on one line.")
		}
	}
	return withDatabase(ctx, s, func(_ config.Config, d *db.DB) error {
		account, given, err := staff.NewAccounts(staff.Config{DB: d, Now: time.Now}).Add(ctx, c.Email, staff.Role(c.Role), password)
		if err != nil {
			return err
		}
		fmt.Fprintf(std.out, "account: %s (%s)\n", account.Email, account.Role)
		if !c.PasswordStdin {
			fmt.Fprintf(std.out, "password: %s\n", given)
		}
		return nil
	})
}

type staffDisable struct {
	Email string `arg:"" help:"The account's mail address."`
}

// Run ends the account.
func (c staffDisable) Run(ctx context.Context, s config.Settings, std streams) error {
	return withDatabase(ctx, s, func(_ config.Config, d *db.DB) error {
		if err := staff.NewAccounts(staff.Config{DB: d, Now: time.Now}).Disable(ctx, c.Email); err != nil {
			return err
		}
		fmt.Fprintf(std.out, "disabled: %s\n", c.Email)
		return nil
	})
}
