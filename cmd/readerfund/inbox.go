package main

import (
	"context"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"readerfund/internal/audit"
	"readerfund/internal/config"
	"readerfund/internal/contribution"
	"readerfund/internal/dashboard"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/inbox"
)

type inboxCommand struct {
	List   inboxList   `cmd:"" help:"List webhook events, newest first."`
	Show   inboxShow   `cmd:"" help:"Show one event: its result, its headers and its raw body."`
	Replay inboxReplay `cmd:"" help:"Replay events: PayPal is asked again, and nothing is booked twice."`
}

type inboxList struct {
	config.Database

	State  string `placeholder:"STATE" help:"Only received, applied, ignored or parked events."`
	Search string `placeholder:"ID" help:"PayPal's ID of the event or of what it is about."`
	Limit  int    `default:"50" help:"How many (${default})."`
}

// Run lists events.
func (c inboxList) Run(ctx context.Context, std streams) error {
	return withEvents(ctx, c.Database, func(views *dashboard.Views) error {
		page, err := views.Inbox(ctx, dashboard.InboxQuery{State: c.State, Search: c.Search, Limit: c.Limit})
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tRECEIVED\tSTATE\tTYPE\tEVENT\tCONTRIBUTION\tRESULT")
		for _, w := range page.Webhooks {
			fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", w.ID, stamp(w.ReceivedAt), w.State, w.Type, w.EventID,
				dash(w.Receipt), dash(w.Note))
		}
		return table.Flush()
	})
}

// withEvents opens the database for a command that reads events, in UTC.
func withEvents(ctx context.Context, s config.Database, do func(*dashboard.Views) error) error {
	return withDatabase(ctx, s, func(d *db.DB) error { return do(dashboard.New(d, time.UTC)) })
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

type inboxShow struct {
	config.Database

	ID string `arg:"" help:"PayPal's ID (WH-…) or ours."`
}

// Run shows one event.
func (c inboxShow) Run(ctx context.Context, std streams) error {
	return withEvents(ctx, c.Database, func(views *dashboard.Views) error {
		id, err := eventRow(ctx, views, c.ID)
		if err != nil {
			return err
		}
		w, err := views.Webhook(ctx, id)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
		for _, line := range [][2]string{
			{"id", strconv.FormatInt(w.ID, 10)}, {"event", w.EventID}, {"type", w.Type}, {"about", dash(w.ResourceID)},
			{"state", w.State},
			{"result", dash(w.Note)}, {"attempts", strconv.Itoa(w.Attempts)}, {"contribution", dash(w.Receipt)},
			{"sent", stamp(w.SentAt)}, {"received", stamp(w.ReceivedAt)}, {"processed", stamp(w.ProcessedAt)},
			{"due", stamp(w.DueAt)},
		} {
			fmt.Fprintf(table, "%s:\t%s\n", line[0], line[1])
		}
		names := make([]string, 0, len(w.Headers))
		for name := range w.Headers {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			fmt.Fprintf(table, "%s:\t%s\n", name, strings.Join(w.Headers[name], ", "))
		}
		if err := table.Flush(); err != nil {
			return err
		}
		_, err = fmt.Fprintf(std.out, "\n%s\n", w.Body)
		return err
	})
}

// eventRow returns our number of an event, by that number or by PayPal's id.
func eventRow(ctx context.Context, r *dashboard.Views, id string) (int64, error) {
	if n, err := strconv.ParseInt(id, 10, 64); err == nil {
		return n, nil
	}
	page, err := r.Inbox(ctx, dashboard.InboxQuery{Search: id, Limit: 1})
	if err != nil {
		return 0, err
	}
	if len(page.Webhooks) == 0 {
		return 0, fault.New(fault.NotFound, "command.event_unknown", fault.Args{"event": id})
	}
	return page.Webhooks[0].ID, nil
}

type inboxReplay struct {
	config.Database

	IDs    []string `arg:"" optional:"" name:"id" help:"PayPal's IDs (WH-…) or ours."`
	Parked bool     `help:"All parked events."`
}

// Run makes events due again; the running service processes them.
func (c inboxReplay) Run(ctx context.Context, std streams) error {
	if c.Parked == (len(c.IDs) > 0) {
		return fault.Input("", "command.events_missing")
	}
	return withDatabase(ctx, c.Database, func(d *db.DB) error {
		by := contribution.Actor{Name: audit.CommandLine}
		var n int
		var err error
		if c.Parked {
			n, err = inbox.ReplayParked(ctx, d, by, time.Now())
		} else {
			n, err = inbox.Replay(ctx, d, c.IDs, by, time.Now())
		}
		if err != nil {
			return err
		}
		if n == 0 && !c.Parked {
			return fault.New(fault.NotFound, "command.events_unknown")
		}
		fmt.Fprintf(std.out, "%d queued for replay; the running service processes them now\n", n)
		return nil
	})
}
