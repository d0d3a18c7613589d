package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// bench is a run: what is set up for it, and the rows it has so far.
type bench struct {
	flags
	plan
	house *house
	rows  []row
}

// measurements are the rows in the order they are taken. Memory comes last, because it fills a database of its own.
func (b *bench) measurements() []measurement {
	return []measurement{
		{"size", "binary size", b.measureSize},
		{"start", "start to ready", b.measureStart},
		{"fragment", "the call to action", b.measureFragment},
		{"choosing", "choosing an appeal", b.measureChoosing},
		{"counting", "counting what readers saw", b.measureCounting},
		{"results", "a campaign's results", b.measureResults},
		{"ingest", "webhook ingest", b.measureIngest},
		{"give", "starting contributions", b.measureGive},
		{"work", "working off webhooks", b.measureWork},
		{"renewals", "working off renewals", b.measureRenewals},
		{"renewalday", "a renewal day", b.measureRenewalDay},
		{"cost", "the cost of a contribution", b.measureCost},
		{"reconcile", "reconciling", b.measureReconcile},
		{"lists", "lists and reports", b.measureLists},
		{"totals", "totals of money", b.measureTotals},
		{"subscribers", "very many subscriptions", b.measureSubscribers},
		{"mail", "mail", b.measureMail},
		{"receipts", "receipts and their mails", b.measureReceipts},
		{"memory", "memory", b.measureMemory},
	}
}

type measurement struct {
	name, about string
	take        func(context.Context) error
}

func run(ctx context.Context, f flags) (err error) {
	b := &bench{flags: f, plan: f.plan()}
	began := time.Now()
	b.say("setting up: building the service, starting PostgreSQL, signing %d webhooks …", b.events)
	b.house, err = openHouse(ctx, b.events)
	defer func() { err = errors.Join(err, b.house.close()) }()
	if err != nil {
		return err
	}
	known, err := b.house.facts(ctx)
	if err != nil {
		return err
	}
	for _, m := range b.measurements() {
		if len(b.Only) > 0 && !slices.Contains(b.Only, m.name) {
			continue
		}
		b.say("measuring %s …", m.about)
		if err := m.take(ctx); err != nil {
			return fmt.Errorf("measure %s: %w", m.about, err)
		}
	}
	b.say("done in %s", time.Since(began).Round(time.Second))
	write := writeText
	if b.Markdown {
		write = writeMarkdown
	}
	return write(os.Stdout, known, b.rows)
}

// say tells how far we are; the table alone goes to standard output.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}
