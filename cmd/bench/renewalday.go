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

	"readerfund/internal/mail/catcher"
)

const (
	// renewalsOfDay are charged on the day that is measured, and fewRenewals on the one that it is held against.
	renewalsOfDay, fewRenewals = 20_000, 2000
	// lookEvery is how often the service is looked at meanwhile.
	lookEvery = 50 * time.Millisecond
)

// measureRenewalDay times a day on which PayPal charges very many subscriptions: from the first webhook until the last
// charge is booked, and until the last receipt is with the mail server. However many they are, they are worked off in
// the same memory.
func (b *bench) measureRenewalDay(ctx context.Context) error {
	few, many := fewRenewals, renewalsOfDay
	if b.Quick {
		few, many = 100, 400
	}
	small, err := b.renewalDay(ctx, few)
	if err != nil {
		return err
	}
	day, err := b.renewalDay(ctx, many)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("a renewal day of %s subscriptions", grouped(float64(many)))
	for _, r := range []row{
		compare(what+", until all are taken in", "s", "-", []float64{day.delivered.Seconds()}, nothing(1), 0),
		compare(what+", until all are booked", "s", "-", []float64{day.booked.Seconds()}, nothing(1), 0),
		compare(what+", until all are booked and mailed", "s", "-", []float64{day.mailed.Seconds()}, nothing(1), 0),
		compare(what+", peak memory (RSS)", "MB", "a day of "+grouped(float64(few)), []float64{slices.Max(day.memory)},
			[]float64{slices.Max(small.memory)}, 0).atMost(1.3),
	} {
		b.add(r)
	}
	b.say("  memory by tenths of the day, in MB: %s", strings.Join(tenths(day.memory), " "))
	return nil
}

// renewalDay is what became of one. The times are from the first webhook on.
type renewalDay struct {
	delivered, booked, mailed time.Duration
	memory                    []float64 // of the service, in MB, at even intervals
}

// renewalDay has n subscriptions charged, in a shop and with a mail server of its own.
func (b *bench) renewalDay(ctx context.Context, n int) (day renewalDay, err error) {
	server, err := catcher.Listen(ctx, "127.0.0.1:0", catcher.Options{})
	if err != nil {
		return day, err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	s, err := b.house.openShop(ctx, fmt.Sprintf("renewal_day_%d", n), 1, nil,
		"SMTP_URL="+server.URL(), "MAIL_FROM="+mailFrom, "CONTACT_EMAIL=readers@example.org")
	if err != nil {
		return day, errors.Join(err, s.close())
	}
	defer func() { err = errors.Join(err, s.close()) }()
	gifts, err := s.subscribe(ctx, n)
	if err != nil {
		return day, err
	}
	news := s.signNews(gifts)
	began := time.Now()
	delivered := make(chan error, 1)
	go func() {
		_, err := news.drive(ctx, 10*time.Minute)
		day.delivered = time.Since(began)
		delivered <- err
	}()
	if err := day.watch(ctx, s, began, delivered); err != nil {
		return day, err
	}
	return day, errors.Join(s.allApplied(ctx), s.checkReceipts(ctx, n, server.Mails()), b.agree(ctx, s))
}

// signNews is the load of one webhook for each charge, signed beforehand.
func (s *shop) signNews(gifts []gift) load {
	d := deliveries{
		signatures: make([][]byte, len(gifts)), sentAt: time.Now().UTC().Format(time.RFC3339),
		certURL: s.house.paypal.url + certPath,
	}
	ids, bodies := make([]string, len(gifts)), make([][]byte, len(gifts))
	for i, g := range gifts {
		ids[i], bodies[i] = uuid.NewString(), g.news("WH-"+uuid.NewString())
		d.signatures[i] = s.house.signer.sign(ids[i], d.sentAt, webhookID, bodies[i])
	}
	return load{
		address: s.processes[0].address, connections: ingestClients, status: http.StatusOK,
		next: func(buf []byte, i int) ([]byte, bool) {
			if i >= len(gifts) {
				return nil, false
			}
			return d.write(buf, i, ids[i], bodies[i]), true
		},
	}
}

// watch looks at the service until all is done.
func (d *renewalDay) watch(ctx context.Context, s *shop, began time.Time, delivered <-chan error) error {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for allIn := false; ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-delivered:
			if err != nil {
				return err
			}
			allIn, delivered = true, nil
		case <-look.C:
		}
		used, err := s.processes[0].resident()
		if err != nil {
			return err
		}
		d.memory = append(d.memory, used)
		if !allIn {
			continue
		}
		var open struct {
			Events bool `db:"events"`
			Rest   bool `db:"rest"`
		}
		// Each by an index of what is not finished: looking on must cost next to nothing.
		err = s.pool.GetContext(ctx, &open, `
			SELECT EXISTS (SELECT 1 FROM webhook_event WHERE due_at IS NOT NULL) AS events,
			       EXISTS (SELECT 1 FROM payment WHERE receipt_due AND status = 'completed')
			       OR EXISTS (SELECT 1 FROM mail WHERE due_at IS NOT NULL) AS rest`)
		if err != nil {
			return err
		}
		if !open.Events && d.booked == 0 {
			d.booked = time.Since(began)
		}
		if !open.Events && !open.Rest {
			d.mailed = time.Since(began)
			return nil
		}
	}
}

// checkReceipts is an error unless each charge has one receipt, their numbers have no gap, and each came by mail, once.
func (s *shop) checkReceipts(ctx context.Context, n int, mails []catcher.Mail) error {
	var receipts, payments, last, sent int
	err := s.pool.QueryRowContext(ctx, `
		SELECT count(*), count(DISTINCT payment_id), coalesce(max(number), 0),
		       (SELECT count(*) FROM mail WHERE state = 'sent') FROM receipt`).Scan(&receipts, &payments, &last, &sent)
	if err != nil {
		return err
	}
	to := map[string]bool{}
	for _, m := range mails {
		to[strings.Join(m.To, " ")] = true
	}
	if receipts != n || payments != n || last != n || sent != n || len(mails) != n || len(to) != n {
		return fmt.Errorf("of %d charges, %d have %d receipts up to number %d; %d mails are sent, %d came to %d readers",
			n, payments, receipts, last, sent, len(mails), len(to))
	}
	return nil
}

// agree holds the books against PayPal's record.
func (b *bench) agree(ctx context.Context, s *shop) error {
	payments, err := s.compareBooks(ctx)
	if err == nil {
		b.say("  the books and PayPal's record agree in all %s payments", grouped(float64(payments)))
	}
	return err
}

// tenths are the greatest figures of each tenth.
func tenths(figures []float64) []string {
	var all []string
	for part := range slices.Chunk(figures, max(1, int(math.Ceil(float64(len(figures))/10)))) {
		all = append(all, grouped(slices.Max(part)))
	}
	return all
}
