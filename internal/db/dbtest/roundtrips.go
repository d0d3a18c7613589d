package dbtest

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"readerfund/internal/db"
)

// RoundTrips counts how often a pool asks its server something and waits for the answer: each statement, BEGIN and
// COMMIT is one.
type RoundTrips struct {
	count atomic.Int64
}

// During gives how many round trips there were while work ran. Nothing else may use the pool meanwhile.
func (r *RoundTrips) During(work func()) int64 {
	before := r.count.Load()
	work()
	return r.count.Load() - before
}

// NewCounted is New with its round trips counted.
func NewCounted(t *testing.T) (*db.DB, *RoundTrips) {
	t.Helper()
	u, err := url.Parse(NewURL(t))
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &RoundTrips{}
	var connections sync.WaitGroup
	server := u.Host
	connections.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			connections.Go(func() { r.forward(client, server) })
		}
	})
	u.Host = l.Addr().String()
	d, err := db.Open(t.Context(), u.String(), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		_ = l.Close()
		connections.Wait()
	})
	return d, r
}

// forward joins a client to the server, and ends when either of them goes.
func (r *RoundTrips) forward(client net.Conn, address string) {
	defer func() { _ = client.Close() }()
	server, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", address)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	var answers sync.WaitGroup
	answers.Go(func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	})
	r.read(bufio.NewReader(client), server)
	_ = server.Close()
	answers.Wait()
}

// read passes the client's messages on. Each begins with its type (but for the first, which has none) and its length.
// The server answers a Query and a Sync. Source: PostgreSQL, "Message Formats".
func (r *RoundTrips) read(client *bufio.Reader, server io.Writer) {
	for first := true; ; first = false {
		head := 5
		if first {
			head = 4
		}
		start, err := client.Peek(head)
		if err != nil {
			return
		}
		if kind := start[0]; !first && (kind == 'Q' || kind == 'S') {
			r.count.Add(1)
		}
		size := int64(binary.BigEndian.Uint32(start[head-4:])) + int64(head-4)
		if _, err := io.CopyN(server, client, size); err != nil {
			return
		}
	}
}
