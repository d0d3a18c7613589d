package main

import (
	"context"
	_ "embed" // for the bare program below
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// bareProgram is a web server with a database and nothing else: what any Go program of this kind weighs.
//
//go:embed bare.go.txt
var bareProgram []byte

// measureSize holds the binary against the smallest one with an HTTP server and a PostgreSQL driver.
func (b *bench) measureSize(ctx context.Context) error {
	source := filepath.Join(b.house.dir, "bare.go")
	if err := os.WriteFile(source, bareProgram, 0o600); err != nil {
		return err
	}
	bare, err := build(ctx, source, filepath.Join(b.house.dir, "bare"))
	if err != nil {
		return err
	}
	ours, err := os.Stat(b.house.service)
	if err != nil {
		return err
	}
	theirs, err := os.Stat(bare)
	if err != nil {
		return err
	}
	b.add(compare("binary size (static, -s -w)", "MB", "bare net/http and lib/pq program",
		[]float64{float64(ours.Size()) / 1e6}, []float64{float64(theirs.Size()) / 1e6}, 0))
	return nil
}

// measureStart times from exec to the first 200 of /readyz, on a database whose tables are there.
func (b *bench) measureStart(ctx context.Context) error {
	return b.house.withPair(ctx, "start", func(made *pair) error {
		plan := b.plan
		plan.rounds = b.starts
		results, err := contest(ctx, plan,
			contestant{name: "service", turn: startTime(func() (*process, error) {
				p, _, err := b.house.startService(ctx, made.url)
				return p, err
			})},
			contestant{name: "reference", turn: startTime(func() (*process, error) {
				return b.house.startReference(ctx, reference{DatabaseURL: made.url, Connections: ingestClients, Prepares: true})
			})})
		if err != nil {
			return err
		}
		b.add(compare("start to ready (exec to 200 of /readyz)", "ms", "bare handler's process", results[0], results[1], 0))
		return nil
	})
}

// startTime is a turn that starts a process once, and gives milliseconds.
func startTime(launch func() (*process, error)) func(context.Context, time.Duration) (float64, error) {
	return func(ctx context.Context, _ time.Duration) (float64, error) {
		began := time.Now()
		p, err := launch()
		if err == nil {
			err = p.ready(ctx)
		}
		took := time.Since(began)
		return float64(took.Microseconds()) / 1000, errors.Join(err, p.stop())
	}
}

// measureMemory reads what stays in memory, at rest and after all webhooks, right after the last one.
func (b *bench) measureMemory(ctx context.Context) error {
	return b.house.withPair(ctx, "memory", func(p *pair) error {
		time.Sleep(2 * time.Second)
		if err := b.addMemory(p, "memory at rest"); err != nil {
			return err
		}
		// Both at once: nothing is timed here.
		sides, problems := []*process{p.service, p.reference}, make([]error, 2)
		var crew sync.WaitGroup
		for i, side := range sides {
			crew.Go(func() { _, problems[i] = b.house.deliver(side.address, ingestClients).drive(ctx, 10*time.Minute) })
		}
		crew.Wait()
		if err := errors.Join(problems...); err != nil {
			return err
		}
		return b.addMemory(p, fmt.Sprintf("memory after %s webhooks", grouped(float64(b.events))))
	})
}

func (b *bench) addMemory(p *pair, what string) error {
	ours, err := p.service.resident()
	if err != nil {
		return err
	}
	theirs, err := p.reference.resident()
	if err != nil {
		return err
	}
	b.add(compare(what+" (RSS)", "MB", "bare handler's process", []float64{ours}, []float64{theirs}, 0))
	return nil
}
