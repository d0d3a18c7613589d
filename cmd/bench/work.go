package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/db"
	"readerfund/internal/inbox"
)

const (
	workRounds  = 3
	manyWorkers = 3 // processes
	// distance is how long PayPal takes to answer where that is looked at; the sandbox alone answers from memory.
	distance = 100 * time.Millisecond
)

// measureWork times what is done about events of money: taken from the inbox, asked of PayPal's API, applied to the
// books. It is done by one process and by three on one database, with PayPal near and far.
func (b *bench) measureWork(ctx context.Context) (err error) {
	var shops []*shop
	defer func() {
		for _, s := range shops {
			err = errors.Join(err, s.close())
		}
	}()
	for _, n := range []int{1, manyWorkers} {
		s, err := b.house.openShop(ctx, fmt.Sprintf("work_%d", n), n, nil)
		shops = append(shops, s)
		if err != nil {
			return err
		}
	}
	near, far := 1000, 1000 // the first and the last answer of a far PayPal are a tenth of a second each
	if b.Quick {
		near, far = 60, 30
	}
	plan := b.plan
	plan.rounds = min(plan.rounds, workRounds)
	one, three, bare := shops[0].works(near, 0), shops[1].works(near, 0), shops[0].asks(near)
	one.turn = b.profiled(shops[0].admin, "work-near", one.turn)
	results, err := contest(ctx, plan, one, three, bare)
	if err != nil {
		return err
	}
	b.add(compare("webhook processing, 1 process", "events/s", "bare client, get-capture alone", results[0], results[2], 0).
		figureAtLeast(500))
	b.add(compare(fmt.Sprintf("webhook processing, %d processes", manyWorkers), "events/s", "1 process", results[1], results[0], 0))
	one, three = shops[0].works(far, distance), shops[1].works(far, distance)
	one.turn = b.profiled(shops[0].admin, "work-far", one.turn)
	results, err = contest(ctx, plan, one, three)
	if err != nil {
		return err
	}
	b.add(compare(fmt.Sprintf("the same, PayPal %s away, 1 process", distance), "events/s", "-",
		results[0], nothing(len(results[0])), 0).figureAtLeast(300))
	b.add(compare(fmt.Sprintf("the same, PayPal %s away, %d processes", distance, manyWorkers), "events/s", "1 process", results[1], results[0], 0))
	for _, s := range shops {
		if err := b.agree(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// nothing stands where there is no reference.
func nothing(rounds int) []float64 { return slices.Repeat([]float64{math.NaN()}, rounds) }

// works is a turn in which n events of gifts that were paid are worked off. They lie in the inbox when it begins; each
// process is woken by a delivery of its own, as it is when the events come in one by one.
func (s *shop) works(n int, distance time.Duration) contestant {
	var gifts []gift
	c := s.worksOn(func() []gift { return gifts }, n, distance)
	c.prepare = func(ctx context.Context) (err error) {
		if gifts, err = s.start(ctx, n, giveClients); err != nil {
			return err
		}
		if err := errors.Join(s.approve(ctx, gifts), s.capture(ctx, gifts)); err != nil {
			return err
		}
		return errors.Join(s.store(ctx, gifts[len(s.processes):]), s.rest(ctx))
	}
	return c
}

// worksOn is the turn alone: the events of gifts() lie in the inbox, but for one for each process.
func (s *shop) worksOn(gifts func() []gift, n int, distance time.Duration) contestant {
	c := contestant{name: fmt.Sprintf("%d processes at work", len(s.processes))}
	c.turn = func(ctx context.Context, _ time.Duration) (float64, error) {
		s.house.paypal.away.Store(int64(distance))
		defer s.house.paypal.away.Store(0)
		began := time.Now()
		err := s.workOff(ctx, gifts())
		rate := float64(n) / time.Since(began).Seconds()
		return rate, errors.Join(err, s.allApplied(ctx))
	}
	return c
}

func (s *shop) workOff(ctx context.Context, gifts []gift) error {
	if _, err := s.pool.ExecContext(ctx, `UPDATE webhook_event SET due_at = received_at WHERE state = 'received'`); err != nil {
		return err
	}
	for i, p := range s.processes {
		if err := s.deliver(ctx, p, "WH-"+uuid.NewString(), gifts[i]); err != nil {
			return err
		}
	}
	for {
		var open bool
		// Whether one is not finished, by an index: looking on must cost next to nothing.
		if err := s.pool.GetContext(ctx, &open,
			`SELECT EXISTS (SELECT FROM webhook_event WHERE due_at IS NOT NULL)`); err != nil || !open {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// allApplied is an error where an event was not applied, or not at the first attempt.
func (s *shop) allApplied(ctx context.Context) error {
	var others int
	err := s.pool.GetContext(ctx, &others, `SELECT count(*) FROM webhook_event WHERE state <> 'applied' OR attempts > 1`)
	if err == nil && others > 0 {
		err = fmt.Errorf("%d events were not applied at the first attempt", others)
	}
	return err
}

// rest has done, before a turn, what falls into one or another by chance: rows to vacuum, pages to write, and receipts,
// which are issued every five seconds. None is due here: they have rows of their own.
func (s *shop) rest(ctx context.Context) error {
	return execute(ctx, s.pool, `ALTER TABLE payment ALTER COLUMN receipt_due SET DEFAULT false`,
		`VACUUM (ANALYZE)`, `CHECKPOINT`)
}

// store puts news of the gifts into the inbox as deliveries leave them, but due to nobody yet.
func (s *shop) store(ctx context.Context, gifts []gift) error {
	events, captures, bodies := make([]string, len(gifts)), make([]string, len(gifts)), make([][]byte, len(gifts))
	kind := "PAYMENT.CAPTURE.COMPLETED"
	for i, g := range gifts {
		events[i], captures[i] = "WH-"+uuid.NewString(), g.capture
		if bodies[i] = g.news(events[i]); g.Subscription != "" {
			kind = "PAYMENT.SALE.COMPLETED"
		}
	}
	_, err := s.pool.ExecContext(ctx, `
		INSERT INTO webhook_event (event_id, transmission_id, transmission_time, event_type, resource_id, headers, body, received_at, state)
		SELECT event_id, 'T-' || event_id, now(), $4, resource_id, '{}', body, now(), 'received'
		FROM unnest($1::text[], $2::text[], $3::bytea[]) AS news (event_id, resource_id, body)`,
		db.Array(events), db.Array(captures), db.Array(bodies), kind)
	return err
}

// asks is a turn in which nobody but us asks PayPal for n captures, over as many connections as a process has workers.
func (s *shop) asks(n int) contestant {
	var gifts []gift
	c := contestant{name: "bare client of the sandbox's get-capture"}
	c.prepare = func(ctx context.Context) (err error) {
		if gifts != nil {
			return nil
		}
		if gifts, err = s.start(ctx, n, giveClients); err != nil {
			return err
		}
		return errors.Join(s.approve(ctx, gifts), s.capture(ctx, gifts))
	}
	c.turn = func(ctx context.Context, _ time.Duration) (float64, error) {
		return load{
			address: strings.TrimPrefix(s.house.paypal.url, "http://"), connections: inbox.DefaultWorkers, status: http.StatusOK,
			next: func(buf []byte, i int) ([]byte, bool) {
				return fmt.Appendf(buf, "GET /v2/payments/captures/%s HTTP/1.1\r\nHost: readerfund.example\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n\r\n",
					gifts[min(i, n-1)].capture, s.token), i < n
			},
		}.drive(ctx, time.Minute)
	}
	return c
}
