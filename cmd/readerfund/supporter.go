package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"readerfund/internal/config"
	"readerfund/internal/db"
	"readerfund/internal/money"
	"readerfund/internal/supporter"
)

type supporterCommand struct {
	Find   supporterFind   `cmd:"" help:"List a person's contributions, completed or not."`
	Export supporterExport `cmd:"" help:"Print everything that is stored about a person, as JSON to hand out."`
	Erase  supporterErase  `cmd:"" help:"Erase a person's data. Contributions and every figure stay."`
}

type supporterFind struct {
	config.Database

	Address string `arg:"" help:"The person's email address, as they gave it here or as PayPal has it."`
}

// Run lists a person's contributions.
func (c supporterFind) Run(ctx context.Context, std streams) error {
	return withSupporters(ctx, c.Database, func(people *supporter.Service) error {
		gifts, err := people.Find(ctx, c.Address)
		if err != nil {
			return err
		}
		return writeGifts(std.out, gifts)
	})
}

type supporterExport struct {
	config.Database

	Address string `arg:"" help:"The person's email address."`
}

// Run prints a person's data.
func (c supporterExport) Run(ctx context.Context, std streams) error {
	return withSupporters(ctx, c.Database, func(people *supporter.Service) error {
		text, err := people.Export(ctx, c.Address)
		if err != nil {
			return err
		}
		var laid bytes.Buffer
		if err := json.Indent(&laid, text, "", "  "); err != nil {
			return fmt.Errorf("lay out the export: %w", err)
		}
		_, err = fmt.Fprintln(std.out, laid.String())
		return err
	})
}

type supporterErase struct {
	config.Database

	Address string `arg:"" help:"The person's email address."`
	DryRun  bool   `help:"Only list what would be erased."`
}

// Run erases a person's data.
func (c supporterErase) Run(ctx context.Context, std streams) error {
	return withSupporters(ctx, c.Database, func(people *supporter.Service) error {
		e, err := people.Erase(ctx, c.Address, c.DryRun)
		if err != nil {
			return err
		}
		if err := writeGifts(std.out, e.Gifts); err != nil {
			return err
		}
		verb := "erased"
		if c.DryRun {
			verb = "would be erased"
		}
		for _, line := range []struct {
			n    int64
			what string
		}{
			{e.Words, "names, addresses and messages of contributions"}, {e.Profiles, "payer profiles from PayPal"},
			{e.Addresses, "postal addresses for receipts"}, {e.Mails, "mails"},
			{e.Deliveries, "bodies of webhook deliveries"}, {e.Payments, "payers of payments made in PayPal directly"},
			{e.Notes, "notes and reasons that staff wrote"},
		} {
			fmt.Fprintf(std.out, "%s: %d %s\n", verb, line.n, line.what)
		}
		if e.Later > 0 {
			fmt.Fprintf(std.out, "later: %d webhook events are still being processed and are erased after that\n", e.Later)
		}
		if len(e.Others) > 0 {
			others := strings.Join(e.Others, ", ")
			fmt.Fprintf(std.out, "also known as: %s (erase each as well, if it is the same person)\n", others)
		}
		fmt.Fprintln(std.out, "kept: every contribution, payment and ledger entry, without the person")
		return nil
	})
}

// withSupporters opens the database for one of these commands.
func withSupporters(ctx context.Context, s config.Database, do func(*supporter.Service) error) error {
	return withDatabase(ctx, s, func(d *db.DB) error {
		return do(supporter.New(supporter.Config{DB: d, Now: time.Now}))
	})
}

func writeGifts(w io.Writer, gifts []supporter.Gift) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, g := range gifts {
		erased := ""
		if g.Erased {
			erased = "erased before"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n",
			g.Receipt, stamp(g.CreatedAt), money.New(g.Minor, money.Currency(g.Currency)), g.State, erased)
	}
	return table.Flush()
}
