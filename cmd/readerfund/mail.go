package main

import (
	"context"
	"fmt"
	"time"

	"readerfund/internal/app"
	"readerfund/internal/config"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/mail"
)

type mailCommand struct {
	Bounce mailBounce `cmd:"" help:"Read from standard input what came to MAIL_FROM. A report about a mail of ours marks that mail; all else is left alone."`
}

type mailBounce struct{ config.Database }

// laterError is an error that may be gone when the same command is run later.
type laterError struct{ error }

func (e *laterError) Unwrap() error { return e.error }

// Run reads a delivery status notification. A mail server runs it for each mail and reads its exit status, so a mail
// that is not a report is not a failure.
func (c mailBounce) Run(ctx context.Context, std streams) error {
	err := withSettings(ctx, config.Settings{Database: c.Database}, func(cfg config.Config, d *db.DB) error {
		service, err := app.NewMail(cfg, d, time.Now, logger(cfg, std.err), nil)
		if err != nil {
			return err
		}
		verdict, err := service.Bounce(ctx, std.in)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(std.out, map[mail.Verdict]string{
			mail.Marked: "a mail came back; the staff's page lists it", mail.Known: "that is known already",
			mail.Delayed: "it says nothing about a failure", mail.Foreign: "it is no report about a mail of ours",
		}[verdict])
		return err
	})
	if fault.KindOf(err) == fault.Unavailable {
		return &laterError{err}
	}
	return err
}
