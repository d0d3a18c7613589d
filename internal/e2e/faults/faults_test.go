package faults

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// faultsFor names the variable that says for how long TestFaults goes on; without it every fault is provoked once.
// faultsOnly names the one that picks some of them: "F3 F17". faultsDrawn names the one that says how many rounds the
// seed draws: two without it, and in CI all.
const (
	faultsFor   = "READERFUND_FAULTS_FOR"
	faultsOnly  = "READERFUND_FAULTS_ONLY"
	faultsDrawn = "READERFUND_FAULTS_DRAWN"
)

// parallel is how many rounds run side by side where all are played, each with a PostgreSQL of its own: most of a round
// is waiting.
const parallel = 2

// TestFaults provokes every fault and plays every round that failed once, or the few that the seed draws, and then goes
// on at random from the seed until the time is over. The table at its end says what came of it.
func TestFaults(t *testing.T) {
	t.Parallel()
	seed, span := testkit.Seed(t), faultsSpan(t)
	table := &table{seed: seed}
	harness.Program(t, "readerfund") // so that no round waits for it
	queue := make(chan round)
	var crews sync.WaitGroup
	crewCount := parallel
	if !testkit.Full() {
		crewCount = 1
	}
	for range crewCount {
		g := startCluster(t)
		crews.Go(func() {
			for r := range queue {
				t.Run(fmt.Sprintf("%s with %d, seed %d", r.fault, r.processes, r.seed), func(t *testing.T) {
					var o outcome
					start := time.Now()
					defer func() {
						o.failOn(t)
						table.enter(r, o, t.Failed())
						fmt.Printf(
							"%-4s %d processes: %3d gifts, %d differences, %.1f s\n",
							r.fault,
							r.processes,
							o.gifts,
							len(o.All()),
							time.Since(start).Seconds(),
						)
					}()
					r.play(t, g, &o)
				})
			}
		})
	}
	for r := range plan(t, seed, span) {
		queue <- r
	}
	close(queue)
	crews.Wait()
	if len(table.rows) == 0 {
		t.Errorf("nothing was provoked: %s names no fault that can be", faultsOnly)
	}
	text := table.String()
	fmt.Print(text)
	if err := os.WriteFile(filepath.Clean(testkit.Artifact(t, "faults.txt")), []byte(text), 0o600); err != nil {
		t.Error(err)
	}
}

func faultsSpan(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv(faultsFor)
	if text == "" {
		return 0
	}
	span, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("%s: %v", faultsFor, err)
	}
	return span
}

// plan gives the rounds to play. In a span, each fault comes with one and with three processes first; without one, each
// comes once, with one or three, and so do the rounds that failed once.
func plan(t *testing.T, seed uint64, span time.Duration) func(yield func(round) bool) {
	t.Helper()
	all := provokable()
	draw := rand.New(rand.NewPCG(seed, 0))
	var rounds []round
	for _, f := range all {
		sizes := []int{1, 3}
		if span == 0 {
			sizes = sizes[draw.IntN(2):][:1]
		}
		for _, n := range sizes {
			rounds = append(rounds, round{f.name, n, draw.Uint64()})
		}
	}
	if span == 0 && os.Getenv(faultsOnly) == "" {
		rounds = append(rounds, regressions()...)
		draw.Shuffle(len(rounds), func(i, j int) { rounds[i], rounds[j] = rounds[j], rounds[i] })
		rounds = rounds[:min(len(rounds), testkit.Many(t, faultsDrawn, 2, len(rounds)))]
	}
	end := time.Now().Add(span)
	return func(yield func(round) bool) {
		for _, r := range rounds {
			if !yield(r) {
				return
			}
		}
		for span > 0 && time.Now().Before(end) {
			f := all[draw.IntN(len(all))]
			if !yield(round{f.name, 1 + 2*draw.IntN(2), draw.Uint64()}) {
				return
			}
		}
	}
}

// provokable are the faults to provoke: all, or those that were picked.
func provokable() []fault {
	only := strings.Fields(os.Getenv(faultsOnly))
	var all []fault
	for _, f := range faults() {
		if len(only) > 0 && !slices.Contains(only, f.name) {
			continue
		}
		all = append(all, f)
	}
	return all
}

// table adds up what the rounds came to.
type table struct {
	seed   uint64
	mu     sync.Mutex
	rows   map[string]*row
	failed []round // those that failed
}

type row struct {
	runs, struck, gifts, acknowledged, lost, doubled, unexplained int
}

func (r *row) add(o row) {
	r.runs, r.struck, r.gifts, r.acknowledged = r.runs+o.runs, r.struck+o.struck, r.gifts+o.gifts, r.acknowledged+o.acknowledged
	r.lost, r.doubled, r.unexplained = r.lost+o.lost, r.doubled+o.doubled, r.unexplained+o.unexplained
}

func (b *table) enter(r round, o outcome, failed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rows == nil {
		b.rows = map[string]*row{}
	}
	if b.rows[r.fault] == nil {
		b.rows[r.fault] = &row{}
	}
	b.rows[r.fault].add(row{1, o.struck, o.gifts, o.acknowledged, len(o.Lost), len(o.Doubled), len(o.Unexplained)})
	if failed {
		b.failed = append(b.failed, r)
	}
}

// String is the table as it is printed. Acknowledged are deliveries of webhooks that were answered with a 2xx; struck
// is how often the fault befell something.
func (b *table) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var text bytes.Buffer
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(&text, "\nREADERFUND_SEED=%d\n\n", b.seed)
	fmt.Fprintln(w, "fault\truns\tstruck\tgifts\tacknowledged\tlost\tdoubled\tunexplained\t")
	var sum row
	line := func(name string, r row, what string) {
		fmt.Fprintf(
			w,
			"%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t  %s\n",
			name,
			r.runs,
			r.struck,
			r.gifts,
			r.acknowledged,
			r.lost,
			r.doubled,
			r.unexplained,
			what,
		)
	}
	for _, f := range faults() {
		r := b.rows[f.name]
		if r == nil {
			continue
		}
		sum.add(*r)
		what := f.what
		if f.lacks != nil && f.lacks() != "" {
			what += " (left out: " + f.lacks() + ")"
		}
		line(f.name, *r, what)
	}
	line("all", sum, "")
	_ = w.Flush() // into memory
	for _, r := range b.failed {
		fmt.Fprintf(
			&text,
			"failed: %s with %d processes, seed %d; to play it again, add {%[1]q, %[2]d, %[3]d} to regressions()\n",
			r.fault,
			r.processes,
			r.seed,
		)
	}
	return text.String()
}
