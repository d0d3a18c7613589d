package faults

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"

	"readerfund/internal/testkit"
)

// proxy is a toxiproxy between two parties: what goes wrong on a network goes wrong here.
type proxy struct {
	t       *testing.T
	server  *toxiproxy.ApiServer
	proxy   *toxiproxy.Proxy
	address string // where it listens
}

// openProxy listens for an address. Streams of its toxics: upstream is what the caller says, downstream what it hears.
func openProxy(t *testing.T, name, upstream string) *proxy {
	t.Helper()
	registerLostCommit()
	p := &proxy{t: t, server: toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())}
	t.Cleanup(func() { p.proxy.Stop() })
	for range 5 { // an address that was free may be taken by now
		p.address = testkit.FreeAddress(t) // and not one that an outgoing connection gets while the proxy is closed
		p.proxy = toxiproxy.NewProxy(p.server, name, p.address, upstream)
		if p.proxy.Start() == nil {
			return p
		}
	}
	t.Fatal("five addresses in a row were taken by others")
	return nil
}

// addToxic adds a toxic, see toxiproxy's README: kind, stream, how many connections of all it befalls, attributes.
func (p *proxy) addToxic(kind, stream string, share float64, attributes testkit.Fields) toxics.Toxic {
	p.t.Helper()
	text, err := json.Marshal(testkit.Fields{"type": kind, "stream": stream, "toxicity": share, "attributes": attributes})
	if err != nil {
		p.t.Fatal(err)
	}
	wrapper, err := p.proxy.Toxics.AddToxicJson(bytes.NewReader(text))
	if err != nil {
		p.t.Fatalf("%s: %v", text, err)
	}
	return wrapper.Toxic
}

// reset ends every toxic, and every connection; new ones are taken at once. The proxy is replaced by a sound one,
// because toxiproxy may wait for ever when it takes a toxic from a connection that is just dying.
func (p *proxy) reset() {
	p.t.Helper()
	p.close()
	p.open()
}

// close ends every connection and takes no new ones.
func (p *proxy) close() { p.proxy.Stop() }

// open takes connections again after close. Another test that looks for a free address may have this one for a moment.
func (p *proxy) open() {
	p.t.Helper()
	var err error
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		p.proxy = toxiproxy.NewProxy(p.server, p.proxy.Name, p.address, p.proxy.Upstream)
		if err = p.proxy.Start(); err == nil {
			return
		}
	}
	p.t.Fatal(err)
}

// lostCommit is a toxic of our own, for the way between the service and its database. Downstream, PostgreSQL has
// committed, and the connection dies with its answer; upstream, it dies before PostgreSQL hears the word. The one who
// asked cannot tell the two apart.
type lostCommit struct {
	Percent int `json:"percent"` // how many commits of a hundred are lost

	lost atomic.Int64
}

// registerLostCommit makes the toxic known to toxiproxy, once.
var registerLostCommit = sync.OnceFunc(func() { toxics.Register("lost_commit", new(lostCommit)) })

// Pipe implements toxics.Toxic.
func (l *lostCommit) Pipe(stub *toxics.ToxicStub) {
	for {
		select {
		case <-stub.Interrupt:
			return
		case chunk := <-stub.Input:
			if chunk == nil {
				stub.Close()
				return
			}
			if commits(chunk.Data) && rand.IntN(100) < l.Percent {
				l.lost.Add(1)
				stub.Close()
				for chunk != nil { // so that no writer waits for ever
					chunk = <-stub.Input
				}
				return
			}
			stub.Output <- chunk
		}
	}
}

// commits reports whether bytes between a client and PostgreSQL ask for a commit or confirm one: the word itself, or
// the end of a statement that was a transaction of its own. Source: PostgreSQL, "Message Formats" (CommandComplete 'C',
// ReadyForQuery 'Z' with 'I' for idle, Query 'Q').
func commits(message []byte) bool {
	text := string(message)
	if strings.Contains(text, "COMMIT\x00") {
		return true
	}
	idle := strings.Contains(text, "Z\x00\x00\x00\x05I")
	return idle && (strings.Contains(text, "INSERT 0 ") || strings.Contains(text, "UPDATE "))
}
