package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"readerfund/internal/paypal/sandbox"
)

// standIn is PayPal for a run: the sandbox, and beside it the certificate of our own signer, because the sandbox's key
// stays with the sandbox.
type standIn struct {
	url     string
	sandbox *sandbox.Server
	server  *http.Server
	away    atomic.Int64 // how long each answer takes more than the sandbox needs, in nanoseconds
}

func openStandIn(ctx context.Context, s *signer) (*standIn, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &standIn{url: "http://" + l.Addr().String()}
	if p.sandbox, err = sandbox.New(sandbox.Options{BaseURL: p.url}); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	mux := http.NewServeMux()
	near := p.sandbox.Handler()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Duration(p.away.Load()))
		near.ServeHTTP(w, r)
	})
	mux.HandleFunc("GET "+certPath, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(s.leaf) // who asked for it is gone if this fails
	})
	p.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = p.server.Serve(l) }() // it ends with close
	return p, nil
}

func (p *standIn) close() error {
	if p == nil {
		return nil
	}
	return errors.Join(p.server.Close(), p.sandbox.Close())
}
