package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"time"
)

const (
	beaconRate     = 10_000 // a second
	beaconClients  = 32
	beaconArticles = 8
	countsPath     = "/embed/counts"
)

// measureCounting sends beacons at a steady rate, each of another reader, and compares what they cost the service with
// what they cost a handler that reads and forgets them: the rest is counting. The writes are what the table says.
func (b *bench) measureCounting(ctx context.Context) error {
	if runtime.GOOS != "linux" {
		b.say("left out: processor time is read from Linux's /proc")
		return nil
	}
	return b.house.withPair(ctx, "counting", func(p *pair) error {
		length := max(b.turn, time.Second) * 2
		results, err := contest(ctx, b.plan,
			contestant{name: "service", turn: b.profiled(p.admin, "counting", busy(p.service, length))},
			contestant{name: "bare handler", turn: busy(p.reference, length)})
		if err != nil {
			return err
		}
		const what, unit = "10,000 beacons a second, 32 connections", "% of a core"
		b.add(compare(what, unit, "bare handler that reads and forgets", results[0], results[1], 0))
		counting := make([]float64, len(results[0]))
		for i := range counting {
			counting[i] = results[0][i] - results[1][i]
		}
		b.add(compare("the same: counting them, by itself", unit, "-", counting, nothing(len(counting)), 0).figureAtMost(10))
		writes, err := p.writes(ctx, length)
		if err != nil {
			return err
		}
		b.add(compare("the same: written down", "times/s", "-", []float64{writes}, nothing(1), 0).figureAtMost(1.1))
		return nil
	}, "TRUSTED_PROXIES=127.0.0.0/8", "EMBED_ORIGINS=https://news.example.org")
}

// busy sends beacons for a time, whatever the turn's, and returns how much of a core the process was busy.
func busy(p *process, length time.Duration) func(context.Context, time.Duration) (float64, error) {
	return func(ctx context.Context, _ time.Duration) (float64, error) {
		began := time.Now()
		before, err := p.processorTime()
		if err != nil {
			return 0, err
		}
		rate, err := load{address: p.address, connections: beaconClients, status: http.StatusNoContent,
			next: func(buf []byte, i int) ([]byte, bool) {
				time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / beaconRate)))
				return beacon(buf, i), true
			},
		}.drive(ctx, length)
		if err != nil {
			return 0, err
		}
		after, err := p.processorTime()
		if err != nil {
			return 0, err
		}
		if rate < 0.9*beaconRate {
			return 0, fmt.Errorf("only %.0f beacons a second were sent: the machine has other load", rate)
		}
		return 100 * (after - before).Seconds() / time.Since(began).Seconds() * beaconRate / rate, nil
	}
}

// beacon is the i-th reader's, who sees the appeal for the first time.
func beacon(buf []byte, i int) []byte {
	const event = `{"k":%q,"c":"support","v":"","f":"inline","a":"https://news.example.org/2026/03/%d"}`
	body := fmt.Sprintf("["+event+","+event+"]", "first", i%beaconArticles, "view", i%beaconArticles)
	return fmt.Appendf(buf, "POST %s HTTP/1.1\r\nHost: readerfund.example\r\nContent-Type: text/plain;charset=UTF-8\r\n"+
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"+
		"X-Forwarded-For: 10.%d.%d.%d\r\nContent-Length: %d\r\n\r\n%s",
		countsPath, i>>16&255, i>>8&255, i&255, len(body), body)
}

// bareCounts reads a beacon and forgets it.
func bareCounts(w http.ResponseWriter, r *http.Request) {
	if _, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4<<10)); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// writes is how often a second the counts are written while beacons arrive: each write touches a row for each article.
func (p *pair) writes(ctx context.Context, length time.Duration) (float64, error) {
	rows := func() (n float64, err error) {
		time.Sleep(2 * time.Second) // until what was counted is written, and PostgreSQL's own count has been told
		err = p.pool.GetContext(ctx, &n, `
			SELECT n_tup_ins + n_tup_upd FROM pg_stat_user_tables WHERE relname = 'appeal_count'`)
		return n, err
	}
	before, err := rows()
	if err != nil {
		return 0, err
	}
	if _, err := busy(p.service, length)(ctx, length); err != nil {
		return 0, err
	}
	after, err := rows()
	return (after - before) / beaconArticles / (length + writeInterval).Seconds(), err
}

// writeInterval is added because a load of four seconds is written in up to five writes.
const writeInterval = time.Second
