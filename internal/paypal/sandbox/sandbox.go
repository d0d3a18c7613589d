package sandbox

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options say how a sandbox is set up. Every field has a default that does for tests.
type Options struct {
	// public address, used in links and certificate addresses; default http://127.0.0.1:8081
	BaseURL string
	// where the payer's browser reaches the pages, if not at BaseURL; PayPal, too, has two hosts
	WebURL        string
	DataDir       string           // keeps the state over a restart; "" keeps it in memory only
	ClientID      string           // default sandbox-client
	ClientSecret  string           // default sandbox-secret
	Now           func() time.Time // default time.Now; POST /sandbox/clock adds to it
	RetryUnit     time.Duration    // about how long until a failed delivery is tried again; default 2s
	Log           *slog.Logger     // default: discards
	Fees          map[string]Fee   // replaces the default fee of the currencies it names
	MaxDeliveries int              // how many past deliveries and events are kept for looking at; default 50,000

	DeliveryConcurrency int // webhooks sent at once; default 16

	Authority []byte // the text of a DataDir's authority.json, to sign with; empty: keys of its own
	// how late transaction search is, up to 3 h at PayPal; default 0; POST /sandbox/search changes it
	SearchLag   time.Duration
	SearchLimit int // how many transactions a search may find; default 10,000, which is PayPal's
}

// Server is one emulated PayPal with one seller and one REST app.
type Server struct {
	opts    Options
	log     *slog.Logger
	fees    map[string]Fee
	router  http.Handler
	pages   pages
	journal *journal
	keys    func() *authority
	faults  *faultBook
	once    *requestBook
	tokens  *tokenBook
	post    *postOffice
	offset  atomic.Int64 // what POST /sandbox/clock has added, in nanoseconds

	advancing sync.Mutex // held, before mu, while what is due is done
	mu        sync.Mutex
	books     books
	search    searchSettings

	stop    context.CancelFunc
	running sync.WaitGroup
}

// New builds a sandbox, loads what DataDir holds and starts to send what is still to be delivered.
func New(opts Options) (*Server, error) {
	opts = opts.withDefaults()
	s := &Server{opts: opts, log: opts.Log, fees: defaultFees(), books: newBooks(), faults: &faultBook{}}
	for currency, fee := range opts.Fees {
		if _, settled := decimals[currency]; !settled {
			return nil, fmt.Errorf("fee for %q: not a currency that PayPal settles", currency)
		}
		s.fees[currency] = fee
	}
	s.search.lag = opts.SearchLag
	s.once, s.tokens, s.post = newRequestBook(), newTokenBook(), newPostOffice(s)
	var err error
	if s.keys, err = opts.authority(); err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	if s.pages, err = loadPages(); err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	if s.journal, err = s.openJournal(); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	s.router = s.routes()
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.running.Go(func() { s.post.run(ctx) })
	s.running.Go(func() { s.sweep(ctx) })
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.BaseURL == "" {
		o.BaseURL = "http://127.0.0.1:8081"
	}
	if o.WebURL == "" {
		o.WebURL = o.BaseURL
	}
	o.BaseURL, o.WebURL = strings.TrimRight(o.BaseURL, "/"), strings.TrimRight(o.WebURL, "/")
	if o.ClientID == "" {
		o.ClientID = "sandbox-client"
	}
	if o.ClientSecret == "" {
		o.ClientSecret = "sandbox-secret"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.RetryUnit <= 0 {
		o.RetryUnit = 2 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxDeliveries <= 0 {
		o.MaxDeliveries = 50_000
	}
	if o.SearchLimit <= 0 {
		o.SearchLimit = searchLimit
	}
	if o.DeliveryConcurrency <= 0 {
		o.DeliveryConcurrency = 16
	}
	return o
}

// Handler is the whole sandbox: PayPal's API, the approval page, and the test hooks under /sandbox/.
func (s *Server) Handler() http.Handler { return s.router }

// CAPEM gives the root and the intermediate certificate that webhook certificates chain to, as PEM: what a verifier
// has to trust, since the certificate's own address serves the leaf alone.
func (s *Server) CAPEM() []byte { return s.keys().bundle }

// Close stops the deliveries and writes what has not been written. Deliveries not yet made are made after the next New
// with the same DataDir.
func (s *Server) Close() error {
	s.stop()
	s.running.Wait()
	return s.journal.close()
}

// now is the sandbox's time, in UTC.
func (s *Server) now() time.Time { return s.opts.Now().Add(time.Duration(s.offset.Load())).UTC() }

// sweep notices, once a second, what only time brings about.
func (s *Server) sweep(ctx context.Context) {
	second, minute := time.NewTicker(time.Second), time.NewTicker(time.Minute)
	defer second.Stop()
	defer minute.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-second.C:
			s.reverseApprovals()
			s.catchUp()
			s.post.open(s.now())
		case <-minute.C:
			s.once.forget(s.now())
			s.tokens.forget(s.now())
		}
	}
}
