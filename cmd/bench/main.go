// Command bench measures the service beside the plainest thing that does the same work: `make bench` prints the table,
// docs/benchmarks.md says what each row means.
//
// The service is the real binary in a process of its own, on a private PostgreSQL with fsync on; what it is held
// against runs in a process of its own too. Both get the same bytes from the same load generator, in turns, so that
// whatever else the machine is doing falls on both. What counts is the ratio.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"readerfund/internal/fault"
)

// flags are the command line.
type flags struct {
	Quick    bool     `help:"A smoke test: short turns, 2,000 webhooks; the figures mean little."`
	Rounds   int      `default:"0" help:"Turns for each contestant (5; quick: 3)."`
	Events   int      `default:"0" help:"Webhooks sent to measure memory (100,000; quick: 2,000)."`
	Only     []string `enum:"fragment,choosing,counting,results,ingest,give,work,renewals,renewalday,cost,size,start,reconcile,lists,totals,subscribers,mail,receipts,memory" help:"Only these rows: fragment, choosing, counting, results, ingest, give, work, renewals, renewalday, cost, size, start, reconcile, lists, totals, subscribers, mail, receipts, memory."`
	Payments int      `default:"0" help:"Payments to reconcile (100,000; quick: 2,000); their memory is held against that of 10,000."`
	Rows     int      `default:"0" help:"Contributions that lists are timed over (100,000; quick: 5,000), payments that totals are (1,000,000; quick: 20,000), and starts that results are (200,000; quick: 5,000)."`
	Markdown bool     `help:"Print the table for docs/benchmarks.md."`
	Profile  string   `type:"path" placeholder:"DIR" help:"Keep CPU profiles of the service at work in this folder."`
}

// plan is how much is measured.
type plan struct {
	rounds int
	turn   time.Duration // of each contestant in each round
	starts int
	events int
}

func (f flags) plan() plan {
	p := plan{rounds: 5, turn: 2 * time.Second, starts: 5, events: 100_000}
	if f.Quick {
		p = plan{rounds: 3, turn: 250 * time.Millisecond, starts: 2, events: 2000}
	}
	if f.Rounds > 0 {
		p.rounds = f.Rounds
	}
	if f.Events > 0 {
		p.events = f.Events
	}
	return p
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(ctx, os.Args[1:])
	stop()
	if err == nil {
		return
	}
	if faults := fault.All(err); len(faults) > 0 {
		err = errors.New(faults[0].Message.String())
	}
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(1)
}

func command(ctx context.Context, args []string) error {
	if len(args) == 1 && args[0] == referenceCommand {
		return serveReference(ctx, os.Stdin)
	}
	var f flags
	parser := kong.Must(&f, kong.Name("bench"),
		kong.Description("Measures the service beside the plainest thing that does the same work."))
	if _, err := parser.Parse(args); err != nil {
		return err
	}
	return run(ctx, f)
}
