package app

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/collectors"

	"readerfund/internal/db"
	"readerfund/internal/i18n"
)

// PublicServer is the server that readers and PayPal reach, without an address. Its timeouts keep slow clients from
// holding connections; writing may take longer, because a report can be long.
func PublicServer(pages http.Handler) *http.Server {
	return &http.Server{
		Handler: pages, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 20 * time.Second, WriteTimeout: 2 * time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
}

// bind makes the servers and takes their addresses.
func (a *App) bind(ctx context.Context, pages http.Handler) error {
	a.public = PublicServer(pages)
	a.admin = &http.Server{
		Handler:           knownHosts(a.cfg.AdminHosts, a.adminPages()),
		ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 2 * time.Minute,
	}
	var lc net.ListenConfig
	var err error
	if a.listen, err = lc.Listen(ctx, "tcp", a.cfg.ListenAddr); err != nil {
		return fmt.Errorf("LISTEN_ADDR: %w", err)
	}
	if a.listen2, err = lc.Listen(ctx, "tcp", a.cfg.AdminListenAddr); err != nil {
		return fmt.Errorf("ADMIN_LISTEN_ADDR: %w", err)
	}
	return nil
}

// adminPages are for the operator: metrics and profiles. They reveal nothing about readers, but still belong on a
// private address.
func (a *App) adminPages() http.Handler {
	a.metrics.Registry().MustRegister(
		collectors.NewDBStatsCollector(a.db.DB.DB, "readerfund"),
		collectors.NewDBStatsCollector(a.readDB.DB.DB, "readerfund_report"))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", a.metrics.Handler())
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// knownHosts rejects a request for another host name: otherwise a page of another site, whose name was made to resolve
// to this address (DNS rebinding), could read the answer. That attack needs a name with a dot, so IP addresses and
// local names pass.
func knownHosts(names []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := strings.ToLower(r.Host)
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		_, err := netip.ParseAddr(strings.Trim(host, "[]"))
		if err != nil && strings.Contains(host, ".") && !slices.Contains(names, host) {
			http.Error(w, i18n.New("api.host_unknown").String(), http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Addr is where readers reach the service; AdminAddr is where the metrics are.
func (a *App) Addr() string { return a.listen.Addr().String() }

// AdminAddr is where the metrics are.
func (a *App) AdminAddr() string { return a.listen2.Addr().String() }

// Run serves until ctx ends, then stops in order: it accepts no new requests, finishes the accepted ones, finishes
// background work, and closes the database. It returns an error if something broke, but not for an ordinary stop.
func (a *App) Run(ctx context.Context) error {
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	var background sync.WaitGroup
	background.Go(func() { a.inbox.Run(work) })
	background.Go(func() { a.sweep(work, a.settle.Sweeper.Sweep) })
	background.Go(func() { a.sweep(work, a.settle.Sweeper.SweepSubscriptions) })
	background.Go(func() { a.queue.Run(work) })
	background.Go(func() { a.looks.Run(work) })
	background.Go(func() { a.alerts.Follow(work) })
	background.Go(func() { a.counter.Run(work) })
	background.Go(func() { a.catalog.Run(work) })

	broken := make(chan error, 2)
	serve := func(s *http.Server, l net.Listener) {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			broken <- fmt.Errorf("serve %s: %w", l.Addr(), err)
		}
	}
	go serve(a.public, a.listen)
	go serve(a.admin, a.listen2)
	a.log.Info("readerfund is listening", "address", a.Addr(), "admin", a.AdminAddr(), "settings", a.cfg)

	var err error
	select {
	case <-ctx.Done():
	case err = <-broken:
	}
	err = errors.Join(err, a.stop())
	stopWork()
	background.Wait()
	return errors.Join(err, a.Close())
}

// stop waits for accepted requests to end, for at most SHUTDOWN_TIMEOUT.
func (a *App) stop() error {
	close(a.stopping)
	a.log.Info("stopping: finishing what was accepted", "at_most", a.cfg.ShutdownTimeout)
	ctx, cancel := context.WithTimeout(context.Background(), a.cfg.ShutdownTimeout)
	defer cancel()
	err := a.public.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.Join(fmt.Errorf("requests were still running after %s", a.cfg.ShutdownTimeout), a.public.Close())
	}
	return errors.Join(err, a.admin.Close())
}

// Close ends background work and closes the database. It may follow a New that failed midway.
func (a *App) Close() error {
	if a.manageLinks != nil {
		a.manageLinks.Close()
	}
	if a.refunds != nil {
		a.refunds.Close()
	}
	if a.changes != nil {
		a.changes.Close()
	}
	if a.settle != nil {
		a.settle.Close()
	}
	if a.plans != nil {
		a.plans.Close()
	}
	var problems []error
	for _, l := range []net.Listener{a.listen, a.listen2} {
		if l != nil {
			if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
				problems = append(problems, err)
			}
		}
	}
	for _, d := range []*db.DB{a.readDB, a.db} {
		if d != nil {
			problems = append(problems, d.Close())
		}
	}
	return errors.Join(problems...)
}

// sweep asks PayPal about what is due at every interval: open contributions, and separately the running subscriptions,
// of which there may be many on a day of renewals. The jitter keeps replicas from asking PayPal in step. It runs on
// every replica: each claims rows that no other has claimed.
func (a *App) sweep(ctx context.Context, due func(context.Context) (int, error)) {
	for {
		pause := a.cfg.SweepInterval - a.cfg.SweepInterval/10 +
			rand.N(a.cfg.SweepInterval/5+1) //nolint:gosec // jitter, not a secret
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		if _, err := due(ctx); err != nil && ctx.Err() == nil {
			a.log.ErrorContext(ctx, "sweep broke off; the next one goes on", "error", err)
		}
	}
}
