package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// measureCost counts what one contribution costs the database on its way from the click to the ledger, with nobody else
// about: statements, round trips, and bytes of write-ahead log. The service reaches the database through a wire that
// counts; what it does by itself at its intervals is in the figures too, and is next to nothing.
func (b *bench) measureCost(ctx context.Context) (err error) {
	var w *wire
	s, err := b.house.openShop(ctx, "cost", 1, func(address string) (string, error) {
		var err error
		w, address, err = tap(ctx, address)
		return address, err
	})
	defer func() { err = errors.Join(err, s.close(), w.close()) }()
	if err != nil {
		return err
	}
	n := 200
	if b.Quick {
		n = 20
	}
	if _, err := s.lives(ctx, w, n/10+1); err != nil { // pages are made, caches fill
		return err
	}
	all, err := s.lives(ctx, w, n)
	if err != nil {
		return err
	}
	for i, step := range []struct {
		what              string
		statements, trips float64 // at most; 0 is no aim
	}{
		{what: "POST /contributions", trips: 4}, {what: "back from PayPal, captured and booked", statements: 10},
		{what: "its webhook, taken in and worked off"},
	} {
		for _, c := range []struct {
			unit    string
			v, most float64
		}{
			{"statements", all[i].statements, step.statements}, {"round trips", all[i].trips, step.trips},
			{"KB of WAL", all[i].wal / 1e3, 0},
		} {
			each := math.Round(c.v*10) / 10 // less than half a tenth is what the service does by itself
			b.add(compare("cost of a contribution: "+step.what, c.unit, "-", []float64{each}, nothing(1), 0).
				figureAtMost(c.most))
		}
	}
	return nil
}

// spent is what a step costs on average.
type spent struct{ statements, trips, wal float64 }

// lives leads n contributions, one after the other, through each step of their way.
func (s *shop) lives(ctx context.Context, w *wire, n int) (all [3]spent, err error) {
	var gifts []gift
	if all[0], err = s.spend(ctx, w, n, func() (err error) {
		gifts, err = s.start(ctx, n, 1)
		return err
	}); err != nil {
		return all, err
	}
	if err := s.approve(ctx, gifts); err != nil {
		return all, err
	}
	if all[1], err = s.spend(ctx, w, n, func() error { return inTurn(ctx, gifts, s.comeBack) }); err != nil {
		return all, err
	}
	for i := range gifts {
		err := s.pool.GetContext(ctx, &gifts[i].capture, `
			SELECT p.paypal_id FROM payment p JOIN contribution c ON c.id = p.contribution_id WHERE c.order_id = $1
				AND c.state = 'completed'`, gifts[i].Order)
		if err != nil {
			return all, fmt.Errorf("the capture of order %s is not booked: %w", gifts[i].Order, err)
		}
	}
	all[2], err = s.spend(ctx, w, n, func() error { return inTurn(ctx, gifts, s.hear) })
	return all, err
}

func inTurn(ctx context.Context, gifts []gift, do func(context.Context, gift) error) error {
	for _, g := range gifts {
		if err := do(ctx, g); err != nil {
			return err
		}
	}
	return nil
}

// spend looks at the counters before and after.
func (s *shop) spend(ctx context.Context, w *wire, n int, do func() error) (spent, error) {
	wal := func() (v float64, err error) {
		err = s.pool.GetContext(ctx, &v, `SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn`)
		return v, err
	}
	statements, trips := w.statements.Load(), w.trips.Load()
	before, err := wal()
	if err != nil {
		return spent{}, err
	}
	if err := do(); err != nil {
		return spent{}, err
	}
	after, err := wal()
	each := func(sum float64) float64 { return sum / float64(n) }
	return spent{
		each(float64(w.statements.Load() - statements)), each(float64(w.trips.Load() - trips)), each(after - before),
	}, err
}

// comeBack is the browser's way back from PayPal's approval page.
func (s *shop) comeBack(ctx context.Context, g gift) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.back, nil)
	if err != nil {
		return err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusSeeOther {
		return fmt.Errorf("the way back from PayPal answers %s", resp.Status)
	}
	return nil
}

// hear delivers the news of a gift's payment and waits until it is worked off.
func (s *shop) hear(ctx context.Context, g gift) error {
	event := "WH-" + uuid.NewString()
	if err := s.deliver(ctx, s.processes[0], event, g); err != nil {
		return err
	}
	for {
		var state string
		if err := s.pool.GetContext(ctx, &state, `SELECT state FROM webhook_event WHERE event_id = $1`, event); err != nil ||
			state == "applied" {
			return err
		}
		time.Sleep(time.Millisecond)
	}
}

// wire is a way to the database that counts what goes over it.
type wire struct {
	listener          net.Listener
	statements, trips atomic.Int64
}

// tap opens a wire to the server at a database's address, and gives the address with the wire in between. It reads the
// messages of PostgreSQL's protocol, version 3, as a client sends them in the clear.
func tap(ctx context.Context, address string) (*wire, string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, "", err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	w := &wire{listener: l}
	server := u.Host
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // closed
			}
			go func() { _ = w.join(ctx, client, server) }() // it ends as the connection does
		}
	}()
	u.Host = l.Addr().String()
	return w, u.String(), nil
}

func (w *wire) close() error {
	if w == nil {
		return nil
	}
	return w.listener.Close()
}

func (w *wire) join(ctx context.Context, client net.Conn, address string) error {
	defer func() { _ = client.Close() }()
	var d net.Dialer
	server, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }()
	go func() {
		_, _ = io.Copy(client, server)
		_ = client.Close() // so that the other way ends too
	}()
	return w.count(bufio.NewReaderSize(client, 64<<10), server)
}

// count passes messages on as they come. Every message but the first has a letter before its length (PostgreSQL,
// "Message Formats"): Q is a statement and a round trip, E carries out a prepared one, S ends the trip.
func (w *wire) count(from *bufio.Reader, to io.Writer) error {
	for head := 4; ; head = 5 {
		start, err := from.Peek(head)
		if err != nil {
			return err
		}
		if head == 5 {
			switch start[0] {
			case 'Q':
				w.statements.Add(1)
				w.trips.Add(1)
			case 'E':
				w.statements.Add(1)
			case 'S':
				w.trips.Add(1)
			}
		}
		length := int64(binary.BigEndian.Uint32(start[head-4:])) + int64(head-4)
		if _, err := io.CopyN(to, from, length); err != nil {
			return err
		}
	}
}
