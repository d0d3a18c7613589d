package paypal

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"readerfund/internal/throttle"
)

// Limits of fetching certificates. PayPal has one or two in use at a time; more distinct addresses than these are
// somebody's flood, which must neither cost us nor make us a burden to PayPal.
const (
	maxCertBody    = 64 << 10
	certLife       = 24 * time.Hour   // PayPal serves them with max-age=86400
	certFailLife   = 10 * time.Second // how long a failure is remembered
	certAbsentLife = 5 * time.Minute  // and that PayPal has no certificate there
	certTimeout    = 4 * time.Second
	maxGood        = 16
	maxBad         = 256
	certSlots      = 4               // addresses never seen good that are fetched at the same time
	certQueue      = 64              // and that may wait for their turn
	certEvery      = 1 * time.Second // and how often one is, once certBurst are spent
	certBurst      = 10
)

// errTooMany is an address that is not asked for now. PayPal sends the delivery again, for three days.
var errTooMany = errors.New("too many unknown certificates are asked for")

// certificates fetches, checks and remembers the keys behind certificate addresses.
type certificates struct {
	over  *http.Client
	chain *chain
	now   func() time.Time
	log   *slog.Logger

	flight singleflight.Group
	slots  chan struct{}
	queued atomic.Int64
	pace   *rate.Limiter

	mu   sync.Mutex
	good map[string]goodCert // kept after it ran out: an address that was good once need not wait
	bad  map[string]badCert
}

type goodCert struct {
	key         *rsa.PublicKey
	from, until time.Time
}

type badCert struct {
	err   error
	until time.Time
}

func newCertificates(cfg VerifierConfig, b base) (*certificates, error) {
	over := &http.Client{Transport: cfg.Transport, CheckRedirect: stayHere, Timeout: certTimeout}
	trusted, err := newChain(b, cfg.ExtraRoots, over)
	if err != nil {
		return nil, err
	}
	return &certificates{
		over: over, chain: trusted, now: cfg.Now, log: slog.New(throttle.New(cfg.Log.Handler(), time.Minute)),
		slots: make(chan struct{}, certSlots), pace: rate.NewLimiter(rate.Every(certEvery), certBurst),
		good: map[string]goodCert{}, bad: map[string]badCert{},
	}, nil
}

// key is the public key at an address that is known to be of this source. One fetch serves all who wait for it.
func (c *certificates) key(ctx context.Context, address string, from source) (*rsa.PublicKey, error) {
	if key, err, found := c.remembered(address); found {
		return key, err
	}
	result := c.flight.DoChan(address, func() (any, error) { return c.load(address, from) })
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-result:
		key, _ := r.Val.(*rsa.PublicKey)
		return key, r.Err
	}
}

// remembered is the key, or the failure, that was found at the address not long ago.
func (c *certificates) remembered(address string) (key *rsa.PublicKey, failure error, found bool) { //nolint:revive // the failure is a finding, not this call's own
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if g, ok := c.good[address]; ok && !now.Before(g.from) && now.Before(g.until) {
		return g.key, nil, true
	}
	if b, ok := c.bad[address]; ok && now.Before(b.until) {
		return nil, b.err, true
	}
	return nil, nil, false
}

// remember takes an address for one that was good once.
func (c *certificates) remember(address string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.good[address]; !known && len(c.good) < maxGood {
		c.good[address] = goodCert{}
	}
}

// load has a deadline of its own, because others wait for it too.
func (c *certificates) load(address string, from source) (*rsa.PublicKey, error) {
	// Another flight may have landed between our look and our turn.
	if key, err, found := c.remembered(address); found {
		return key, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), certTimeout)
	defer cancel()
	leave, err := c.enter(ctx, address)
	if err != nil {
		return nil, err
	}
	defer leave()
	found, err := c.fetch(ctx, address, from)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.log.LogAttrs(ctx, slog.LevelWarn, "webhook certificate refused", slog.String("address", address),
			slog.String("error", err.Error()))
		if len(c.bad) >= maxBad {
			clear(c.bad)
		}
		life := certFailLife
		if errors.Is(err, ErrForged) {
			life = certAbsentLife
		}
		c.bad[address] = badCert{err: err, until: c.now().Add(life)}
		return nil, err
	}
	if len(c.good) >= maxGood {
		clear(c.good)
	}
	c.good[address] = found
	delete(c.bad, address)
	return found.key, nil
}

// enter waits for a slot, of which there are a few, and one more each second. An address that was good before needs
// none, so that a flood of others cannot keep a genuine certificate from being renewed.
func (c *certificates) enter(ctx context.Context, address string) (leave func(), err error) {
	c.mu.Lock()
	_, known := c.good[address]
	c.mu.Unlock()
	if known {
		return func() {}, nil
	}
	defer c.queued.Add(-1)
	if c.queued.Add(1) > certQueue || !c.pace.AllowN(c.now(), 1) {
		return nil, errTooMany
	}
	select {
	case c.slots <- struct{}{}:
		return func() { <-c.slots }, nil
	case <-ctx.Done():
		return nil, errTooMany
	}
}

func (c *certificates) fetch(ctx context.Context, address string, from source) (goodCert, error) {
	body, err := fetchBounded(ctx, c.over, address)
	if errors.Is(err, errAbsent) {
		// Its own host says so: nothing genuine can be signed with it. PayPal sends again after a 4xx as after a 5xx.
		return goodCert{}, refuse("PayPal has no certificate at this address")
	}
	if err != nil {
		return goodCert{}, err
	}
	now := c.now()
	leaf, err := c.chain.leaf(ctx, body, from.name, now)
	if err != nil {
		return goodCert{}, err
	}
	key, ok := leaf.PublicKey.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < 2048 || key.N.BitLen() > 8192 {
		return goodCert{}, errors.New("the certificate's key is not RSA of 2048 bits or more")
	}
	until := now.Add(certLife)
	if leaf.NotAfter.Before(until) {
		until = leaf.NotAfter
	}
	return goodCert{key: key, from: leaf.NotBefore, until: until}, nil
}

// errAbsent is a file that its host says it does not have.
var errAbsent = errors.New("there is no such file")

// fetchBounded gets a small file. Redirects are not followed, and so are an error like every other status but 200.
func fetchBounded(ctx context.Context, over *http.Client, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	resp, err := over.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusGone:
		return nil, fmt.Errorf("get %s: %w", address, errAbsent)
	default:
		return nil, fmt.Errorf("get %s: status %d", address, resp.StatusCode)
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, resp.Body, maxCertBody))
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", address, err)
	}
	return body, nil
}
