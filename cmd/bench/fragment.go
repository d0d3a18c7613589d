package main

import (
	"context"
	"net/http"
	"net/url"
	"runtime"
	"time"
)

const (
	fragmentClients = 32
	fragmentPath    = "/embed/support" // the default campaign's
)

// fragmentOnArticle is how a server asks that includes it.
var fragmentOnArticle = fragmentPath + "?article=" +
	url.QueryEscape("https://news.example.org/2026/03/the-river-and-the-harbour")

// measureFragment holds the call to action against a handler that writes the same bytes and headers.
func (b *bench) measureFragment(ctx context.Context) error {
	return b.house.withPair(ctx, "fragment", func(p *pair) error {
		for _, f := range []struct{ what, path string }{
			{"CTA fragment", fragmentPath},
			{"CTA fragment on an article", fragmentOnArticle}, // the bare handler does not read the article's address
		} {
			ours, bare := fragmentLoad{process: p.service, path: f.path}, fragmentLoad{process: p.reference, path: f.path}
			results, err := contest(ctx, b.plan,
				contestant{name: "service", turn: b.profiled(p.admin, "fragment", ours.turn)},
				contestant{name: bareHandler, turn: bare.turn})
			if err != nil {
				return err
			}
			b.add(compare(f.what, "requests/s", bareHandler, results[0], results[1], 0.95))
			b.add(compare("the same: 99 of 100 answered within", "ms", bareHandler, ours.slow[1:], bare.slow[1:], 0))
			if runtime.GOOS == "linux" {
				b.add(compare("the same: processor time of a request", "µs", bareHandler, ours.cost[1:], bare.cost[1:], 0))
			}
		}
		if err := b.measureBytes(ctx, p); err != nil {
			return err
		}
		if err := b.measureHits(ctx, p); err != nil {
			return err
		}
		return b.measureAllocations(ctx, p)
	})
}

const bareHandler = "bare net/http handler"

// fragmentLoad asks a process for a fragment, and notes what each turn was like. The first is the one that a contest
// does not count.
type fragmentLoad struct {
	process *process
	path    string
	slow    []float64 // milliseconds within which 99 of 100 requests were answered
	cost    []float64 // microseconds of the process's processor time for each request; Linux only
}

func (l *fragmentLoad) turn(ctx context.Context, length time.Duration) (float64, error) {
	before, err := l.process.processorTime()
	if err != nil {
		return 0, err
	}
	var took []time.Duration
	request := []byte("GET " + l.path + " HTTP/1.1\r\nHost: readerfund.example\r\nAccept: */*\r\n" +
		"User-Agent: bench\r\n\r\n")
	rate, err := load{
		address: l.process.address, connections: fragmentClients, status: http.StatusOK, took: &took,
		next: func(buf []byte, _ int) ([]byte, bool) { return append(buf, request...), true },
	}.drive(ctx, length)
	if err != nil {
		return 0, err
	}
	after, err := l.process.processorTime()
	l.slow = append(l.slow, milliseconds(percentile(took, 99)))
	l.cost = append(l.cost, float64((after-before).Microseconds())/float64(len(took)))
	return rate, err
}
