package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// ingestClients is how many deliveries are under way at a time.
const ingestClients = 32

// measureIngest holds webhooks received, verified and committed against a handler that commits one by one, and against
// PostgreSQL alone.
func (b *bench) measureIngest(ctx context.Context) error {
	return b.house.withPair(ctx, "ingest", func(p *pair) error {
		for _, clients := range []int{ingestClients, 1} {
			if err := b.ingestWith(ctx, p, clients); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bench) ingestWith(ctx context.Context, p *pair, clients int) error {
	side := func(name, table, address string) contestant {
		return contestant{name: name, prepare: p.empty(table), turn: b.house.deliver(address, clients).drive}
	}
	ours := side("service", "webhook_event", p.service.address)
	ours.turn = b.profiled(p, fmt.Sprintf("ingest-%d", clients), ours.turn)
	bare := side("bare handler, one INSERT per commit", bareTable, p.reference.address)
	alone, err := b.house.pgbench(p, clients)
	if err != nil {
		return err
	}
	results, err := contest(ctx, b.plan, ours, bare, alone)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("webhook ingest, %d connections", clients)
	if clients == 1 {
		what = "webhook ingest, 1 connection"
	}
	aimBare, aimAlone := 1.4, 0.5
	if clients == 1 { // there is nothing to commit together
		aimBare, aimAlone = 1, 0
	}
	b.add(compare(what, "events/s", bare.name, results[0], results[1], aimBare))
	b.add(compare(what, "events/s", alone.name, results[0], results[2], aimAlone))
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
		for _, statement := range []string{"TRUNCATE " + table + " CASCADE", "CHECKPOINT"} {
			if _, err := p.pool.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("empty %s: %w", table, err)
			}
		}
		time.Sleep(20 * time.Millisecond) // let the disk come to rest
		return nil
	}
}
