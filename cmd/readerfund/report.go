package main

import (
	"bufio"
	"context"
	"errors"

	"readerfund/internal/config"
	"readerfund/internal/dashboard"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/money"
	"readerfund/internal/report"
)

type reportCommand struct {
	Totals        reportTotals        `cmd:"" help:"Sums of the ledger: payments, gross, fee, refunded, held and net, per currency."`
	Contributions reportContributions `cmd:"" help:"One line for each contribution, newest first."`
	Verify        reportVerify        `cmd:"" help:"Compare the sums that totals are read from with the ledger, to the cent; list every figure that differs."`
}

// reportRange is the range that both reports can be restricted to, and the settings they read.
type reportRange struct {
	config.Database
	config.Timezone
	config.OwnCurrency

	From     string `placeholder:"DATE" help:"First day, as 2026-01-31, in the publication's time zone."`
	To       string `placeholder:"DATE" help:"Last day, included."`
	Campaign string `placeholder:"NAME" help:"Only this campaign."`
	Article  string `placeholder:"ADDRESS" help:"Only this article."`
	Currency string `placeholder:"CODE" help:"Only this currency."`
	Format   string `default:"table" enum:"table,csv,json" help:"table, csv or json (${default})."`
}

// read opens the database for a report.
func (r reportRange) read(ctx context.Context, do func(config.Config, *db.DB) error) error {
	return withSettings(ctx, config.Settings{Database: r.Database, Timezone: r.Timezone, OwnCurrency: r.OwnCurrency}, do)
}

func (r reportRange) days() (from, to report.Day, err error) {
	from, fromErr := day("from", r.From)
	to, toErr := day("to", r.To)
	return from, to, errors.Join(fromErr, toErr)
}

func day(field, text string) (report.Day, error) {
	if text == "" {
		return report.Day{}, nil
	}
	return report.ParseDay(field, text)
}

type reportTotals struct {
	reportRange

	By string `placeholder:"KEY,…" help:"Group by day, month, campaign, article, frequency; several separated by commas."`
}

// Run writes the totals.
func (c reportTotals) Run(ctx context.Context, std streams) error {
	from, to, err := c.days()
	by, byErr := report.ParseKeys(c.By)
	if err := errors.Join(err, byErr); err != nil {
		return err
	}
	return c.read(ctx, func(cfg config.Config, d *db.DB) error {
		rows, err := report.New(d, cfg.Timezone, cfg.DefaultCurrency).Totals(ctx, report.TotalsQuery{
			From: from, To: to, By: by, Campaign: c.Campaign, Article: c.Article, Currency: money.Code(c.Currency),
		})
		if err != nil {
			return err
		}
		return report.WriteTotals(std.out, report.Format(c.Format), by, rows)
	})
}

type reportContributions struct {
	reportRange

	Status string `placeholder:"STATE" help:"Only contributions with this status, such as completed or pending."`
	Search string `placeholder:"ID" help:"A receipt number, or PayPal's ID of an order, capture or refund."`
}

// Run writes the list while reading it, however long it is.
func (c reportContributions) Run(ctx context.Context, std streams) error {
	from, to, err := c.days()
	if err != nil {
		return err
	}
	return c.read(ctx, func(cfg config.Config, d *db.DB) error {
		out := bufio.NewWriter(std.out)
		q := dashboard.ContributionsQuery{
			From: from, To: to, Status: c.Status, Campaign: c.Campaign, Article: c.Article, Currency: money.Code(c.Currency),
			Search: c.Search,
		}
		err := dashboard.New(d, cfg.Timezone).WriteContributions(ctx, out, report.Format(c.Format), q)
		return errors.Join(err, out.Flush())
	})
}

type reportVerify struct {
	config.Database
	config.Timezone

	Rebuild bool   `help:"Make all sums from the ledger again, then compare. Takes minutes with millions of payments, beside the service."`
	Format  string `default:"table" enum:"table,csv,json" help:"table, csv or json (${default})."`
}

// Run lists what differs, and fails if anything does.
func (c reportVerify) Run(ctx context.Context, std streams) error {
	s := config.Settings{Database: c.Database, Timezone: c.Timezone}
	return withSettings(ctx, s, func(cfg config.Config, d *db.DB) error {
		rollup, differ := report.NewMoneyRollup(d, cfg.Timezone), false
		if c.Rebuild {
			if err := rollup.Rebuild(ctx); err != nil {
				return err
			}
		}
		each := func(row func(report.SumDifference) error) error {
			return rollup.EachDifference(ctx, func(d report.SumDifference) error {
				differ = true
				return row(d)
			})
		}
		if err := report.Write(std.out, report.Format(c.Format), report.DifferenceColumns(), each); err != nil {
			return err
		}
		if differ {
			return fault.New(fault.Conflict, "report.sums_differ")
		}
		return nil
	})
}
