package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// ingestClients is how many deliveries are under way at a time.
const ingestClients = 32

// measureIngest holds webhooks received, verified and committed against a handler that commits one by one, and against
// PostgreSQL alone. Over one connection there is nothing to commit together, so that what a statement costs to plan
// tells; there a handler that prepares nothing, as the service must not, is measured too.
func (b *bench) measureIngest(ctx context.Context) error {
	return b.house.withPair(ctx, "ingest", func(p *pair) (err error) {
		if err := b.ingestWith(ctx, p, ingestClients, 1.66, 0.5, p.reference); err != nil {
			return err
		}
		unprepared, err := b.house.startReference(ctx, reference{DatabaseURL: p.url, Connections: 1})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, unprepared.stop()) }()
		if err := unprepared.ready(ctx); err != nil {
			return err
		}
		return b.ingestWith(ctx, p, 1, 1, 0, p.reference, unprepared)
	})
}

// bareNames say what the references of ingestWith are.
var bareNames = []string{"bare handler, one INSERT per commit", "bare handler, one INSERT per commit, not prepared"}

// ingestWith measures with so many clients, and adds a row for each bare handler and one for pgbench.
func (b *bench) ingestWith(ctx context.Context, p *pair, clients int, aimBare, aimAlone float64, bare ...*process) error {
	side := func(name, table, address string) contestant {
		return contestant{name: name, prepare: p.empty(table), turn: b.house.deliver(address, clients).drive}
	}
	ours := side("service", "webhook_event", p.service.address)
	ours.turn = b.profiled(p.admin, fmt.Sprintf("ingest-%d", clients), ours.turn)
	all := []contestant{ours}
	for n, process := range bare {
		all = append(all, side(bareNames[n], bareTable, process.address))
	}
	alone, err := b.house.pgbench(p, clients)
	if err != nil {
		return err
	}
	all = append(all, alone)
	results, err := contest(ctx, b.plan, all...)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("webhook ingest, %d connections", clients)
	if clients == 1 {
		what = "webhook ingest, 1 connection"
	}
	for n, c := range all[1:] {
		aim := aimBare
		if c.name == alone.name {
			aim = aimAlone
		}
		b.add(compare(what, "events/s", c.name, results[0], results[n+1], aim))
	}
	return nil
}

// deliver sends the webhooks from the first one on, each once.
func (h *house) deliver(address string, clients int) load {
	return load{
		address: address, connections: clients, status: http.StatusOK,
		next: func(buf []byte, i int) ([]byte, bool) {
			if i >= len(h.deliveries.signatures) {
				return nil, false
			}
			return h.deliveries.request(buf, i), true
		},
	}
}

// empty makes a table as it was at the beginning, so that the same webhooks are news again and every turn starts on
// tables of the same size. The checkpoint leaves no writing over for the turn.
func (p *pair) empty(table string) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, statement := range []string{"TRUNCATE " + table + ", webhook_body CASCADE", "CHECKPOINT"} {
			if _, err := p.pool.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("empty %s: %w", table, err)
			}
		}
		time.Sleep(20 * time.Millisecond) // let the disk come to rest
		return nil
	}
}
