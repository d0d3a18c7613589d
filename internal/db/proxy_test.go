package db_test

import (
	"bytes"
	"context"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
)

// proxy stands between a pool and its database, and meddles with COMMIT or with any message.
type proxy struct {
	server     string
	atCommit   atomic.Pointer[func(c *wire) (forward bool)]
	atMessage  atomic.Pointer[func(c *wire, message []byte) (forward bool)]
	dials      atomic.Int32
	deaf       atomic.Bool // take what the client sends, and pass nothing on
	mu         sync.Mutex
	open       []net.Conn
	listener   net.Listener
	background sync.WaitGroup
}

// wire is one connection through the proxy.
type wire struct {
	client, server net.Conn
	mute           atomic.Bool   // nothing the server says is passed on
	answered       chan struct{} // gets a word for each answer that was not
}

func (w *wire) cut() { _, _ = w.client.Close(), w.server.Close() }

// throughProxy gives the address of a fresh database behind a proxy.
func throughProxy(t *testing.T) (*proxy, string) {
	t.Helper()
	return proxyTo(t, dbtest.NewURL(t))
}

// proxyTo gives the address of a database behind a proxy.
func proxyTo(t *testing.T, address string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{server: u.Host, listener: l}
	p.background.Go(p.serve)
	t.Cleanup(p.close)
	u.Host = l.Addr().String()
	return p, u.String()
}

func openProxied(t *testing.T, opts db.Options) (*proxy, *db.DB) {
	t.Helper()
	p, address := throughProxy(t)
	d, err := db.Open(t.Context(), address, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return p, d
}

func (p *proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.dials.Add(1)
		var dialer net.Dialer
		server, err := dialer.DialContext(context.Background(), "tcp", p.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		w := &wire{client: client, server: server, answered: make(chan struct{}, 8)}
		p.mu.Lock()
		p.open = append(p.open, client, server)
		p.mu.Unlock()
		p.background.Go(func() { p.pump(w, client, server, true) })
		p.background.Go(func() { p.pump(w, server, client, false) })
	}
}

// pump copies one direction. The driver sends COMMIT as a message of its own, so it arrives whole.
func (p *proxy) pump(w *wire, from, to net.Conn, fromClient bool) {
	defer w.cut()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if p.deaf.Load() {
			continue
		}
		if fromClient && bytes.Contains(buf[:n], []byte("COMMIT\x00")) {
			if meddle := p.atCommit.Load(); meddle != nil && !(*meddle)(w) {
				return
			}
		}
		if meddle := p.atMessage.Load(); fromClient && meddle != nil && !(*meddle)(w, buf[:n]) {
			return
		}
		if !fromClient && w.mute.Load() {
			w.answered <- struct{}{}
			continue
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

func (p *proxy) intercept(f func(w *wire) bool) { p.atCommit.Store(&f) }

func (p *proxy) close() {
	_ = p.listener.Close()
	p.mu.Lock()
	for _, c := range p.open {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.background.Wait()
}

// commitThenSilence passes COMMIT on, waits until it has taken place, and loses the answer.
func commitThenSilence(w *wire) bool {
	w.mute.Store(true)
	if _, err := w.server.Write([]byte("Q\x00\x00\x00\x0bCOMMIT\x00")); err == nil {
		<-w.answered
	}
	return false
}
