package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"readerfund/internal/app"
	"readerfund/internal/config"
	"readerfund/internal/db"
	"readerfund/internal/reconcile"
	"readerfund/internal/report"
	"readerfund/migrations"
)

type reconcileCommand struct {
	config.Database
	config.PayPal
	config.Timezone
	config.Sweep
	config.Webhooks

	From   string `placeholder:"DATE" help:"First day, as 2026-01-31, in the publication's time zone. Usually left out: from where the last check ended, with three days of overlap."`
	To     string `placeholder:"DATE" help:"Last day, included. Usually left out: as far as PayPal's record reaches."`
	DryRun bool   `help:"Only show what differs and what would be fixed; nothing is written."`
}

// errUnexplained says that differences are left for a person; they have been printed.
var errUnexplained = errors.New("some differences are open: they are listed above, and on the reconciliation page")

// Run compares PayPal's record with ours, fixes what can be fixed, and lists what is left.
func (c reconcileCommand) Run(ctx context.Context, std streams) (err error) {
	s := config.Settings{
		Database: c.Database, PayPal: c.PayPal, Timezone: c.Timezone, Sweep: c.Sweep, Webhooks: c.Webhooks,
	}
	cfg, err := s.Parse(config.NeedDatabase | config.NeedPayPal)
	if err != nil {
		return err
	}
	order, err := c.order(cfg.Timezone)
	if err != nil {
		return err
	}
	// Fixing runs several calls to PayPal at once, each with a transaction of its own.
	d, err := db.Open(ctx, string(cfg.DatabaseURL), db.Options{MaxOpen: 12, ApplicationName: "readerfund reconcile"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := app.CheckMigrated(ctx, d, migrations.FS); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelError}))
	r, err := app.NewReconciliation(cfg, d, log, time.Now)
	if err != nil {
		return err
	}
	defer r.Close()
	line := &progressLine{w: std.err, live: isTerminal(std.err), zone: cfg.Timezone}
	order.Progress = line.show
	res, err := r.Run(ctx, order)
	line.end()
	if err != nil {
		return err
	}
	if err := writeResult(std.out, cfg.Timezone, res); err != nil {
		return err
	}
	if res.Unexplained() > 0 {
		return errUnexplained
	}
	return nil
}

func (c reconcileCommand) order(zone *time.Location) (reconcile.Order, error) {
	from, fromErr := day("from", c.From)
	to, toErr := day("to", c.To)
	if err := errors.Join(fromErr, toErr); err != nil {
		return reconcile.Order{}, err
	}
	o := reconcile.Order{Dry: c.DryRun}
	if !from.IsZero() {
		o.From = midnight(from, zone)
	}
	if !to.IsZero() {
		o.To = midnight(to.Add(1), zone)
	}
	return o, nil
}

// midnight is the time at which a day begins in a zone.
func midnight(d report.Day, zone *time.Location) time.Time {
	at, err := time.ParseInLocation(time.DateOnly, d.String(), zone)
	if err != nil { // a Day always has this format
		panic(err)
	}
	return at
}

// writeResult prints a line with the result, and a table of what is left.
func writeResult(w io.Writer, zone *time.Location, res reconcile.Result) error {
	fmt.Fprintf(w, "%s payments, %s unexplained, checked to %s\n", grouped(res.Payments), grouped(res.Unexplained()),
		res.CheckedTo.In(zone).Format("2 Jan 15:04"))
	for _, line := range aside(res) {
		fmt.Fprintln(w, line)
	}
	if len(res.Open) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KIND\tPAYPAL ID\tCODE\tCONTRIBUTION\tDATE\tOUR BOOKS\tPAYPAL\tWHAT TO DO")
	for _, d := range res.Open {
		advice := d.Advice
		if d.Note != "" {
			advice = d.Note + " " + advice
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", d.Kind, d.Ref, dash(d.Code), dash(d.Receipt),
			d.At.In(zone).Format("2006-01-02 15:04"), dash(d.Ours), dash(d.Theirs), advice)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if res.Unopened > 0 {
		fmt.Fprintf(w, "… and %s more\n", grouped(res.Unopened))
	}
	return nil
}

// aside returns what else is worth a line.
func aside(res reconcile.Result) []string {
	var lines []string
	say := func(n int64, format string) {
		if n > 0 {
			lines = append(lines, fmt.Sprintf(format, grouped(n)))
		}
	}
	if res.Dry {
		lines = append(lines, "This was a dry run: nothing was written.")
		say(res.Fixed, "%s of the differences would be fixed.")
	} else {
		say(res.Fixed, "%s differences were found and fixed.")
		say(int64(res.Recovered), "%s webhook events had not arrived; they were taken from PayPal's list.")
	}
	say(res.SetAside, "%s set aside by staff.")
	say(res.Adopted, "%s adopted by staff.")
	say(res.Elsewhere, "%s other transactions of the PayPal account are not contributions (withdrawals and the like).")
	for _, unchecked := range res.Warnings {
		lines = append(lines, unchecked.String())
	}
	if res.ByOther {
		lines = append(lines, "Another process worked on the same run, and finished it.")
	}
	return lines
}

// grouped writes a number with commas: 12,431.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// progressLine is one line on a terminal that is overwritten. If the output is not a terminal, it prints nothing.
type progressLine struct {
	w    io.Writer
	live bool
	zone *time.Location
	last time.Time
	wide int
	told bool
}

func (p *progressLine) show(at reconcile.Progress) {
	if at.Resumed && !p.told {
		p.told = true
		fmt.Fprintf(p.w, "Continuing a run that did not finish; PayPal's record is read to %s.\n",
			at.Reached.In(p.zone).Format("2 Jan 2006 15:04"))
	}
	if !p.live || time.Since(p.last) < 100*time.Millisecond {
		return
	}
	p.last = time.Now()
	text := fmt.Sprintf("%s: %s of %s to %s, %s rows, %s fixed", at.Doing, at.Reached.In(p.zone).Format("2 Jan 2006"),
		at.From.In(p.zone).Format("2 Jan 2006"), at.To.In(p.zone).Format("2 Jan 2006"), grouped(at.Rows), grouped(at.Fixed))
	fmt.Fprintf(p.w, "\r%s%s", text, strings.Repeat(" ", max(0, p.wide-len(text))))
	p.wide = len(text)
}

func (p *progressLine) end() {
	if p.wide > 0 {
		fmt.Fprintf(p.w, "\r%s\r", strings.Repeat(" ", p.wide))
	}
}

// isTerminal reports whether the output is a terminal.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
