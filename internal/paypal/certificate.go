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
)

// Limits of fetching certificates. PayPal has one or two in use at a time; more distinct addresses than these are
// somebody's flood, which must neither cost us nor make us a burden to PayPal.
const (
	maxCertBody  = 64 << 10
	certLife     = 24 * time.Hour   // PayPal serves them with max-age=86400
	certFailLife = 10 * time.Second // how long a failure is remembered
	certTimeout  = 4 * time.Second
	maxGood      = 16
	maxBad       = 256
	certSlots    = 4  // addresses never seen good that are fetched at the same time
	certQueue    = 64 // and that may wait for their turn
)

// certificates fetches, checks and remembers the keys behind certificate addresses.
type certificates struct {
	over  *http.Client
	chain *chain
	now   func() time.Time
	log   *slog.Logger

	flight singleflight.Group
	slots  chan struct{}
	queued atomic.Int64

	mu   sync.Mutex
	good map[string]goodCert // kept after it ran out: an address that was good once needs no slot
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
		over: over, chain: trusted, now: cfg.Now, log: cfg.Log, slots: make(chan struct{}, certSlots),
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
		c.log.LogAttrs(ctx, slog.LevelWarn, "webhook certificate refused", slog.String("address", address), slog.String("error", err.Error()))
		if len(c.bad) >= maxBad {
			clear(c.bad)
		}
		c.bad[address] = badCert{err: err, until: c.now().Add(certFailLife)}
		return nil, err
	}
	if len(c.good) >= maxGood {
		clear(c.good)
	}
	c.good[address] = found
	delete(c.bad, address)
	return found.key, nil
}

// enter waits for a slot. An address that was good before needs none, so that a flood of others cannot keep a genuine
// certificate from being renewed.
func (c *certificates) enter(ctx context.Context, address string) (leave func(), err error) {
	c.mu.Lock()
	_, known := c.good[address]
	c.mu.Unlock()
	if known {
		return func() {}, nil
	}
	defer c.queued.Add(-1)
	if c.queued.Add(1) > certQueue {
		return nil, errors.New("too many certificates are being fetched")
	}
	select {
	case c.slots <- struct{}{}:
		return func() { <-c.slots }, nil
	case <-ctx.Done():
		return nil, errors.New("too many certificates are being fetched")
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
