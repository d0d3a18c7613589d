// Package paypal is the one seam to PayPal: orders, captures, refunds, disputes, transaction search, webhook
// registrations and past events over its REST API, and the verification of webhook deliveries. The seam is the wire: a
// concrete client with a base URL, which may be PayPal's or an emulator's.
//
// It turns PayPal's JSON into our own words and never lets it out. It books nothing, keeps nothing but a token and a
// few certificates, and decides nothing about a contribution: whoever calls it does.
package paypal

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	plutov "github.com/plutov/paypal/v4"
)

// Config is what a Client needs. BaseURL, ClientID and ClientSecret must be given, the rest has defaults.
type Config struct {
	BaseURL      string // https://api-m.paypal.com, https://api-m.sandbox.paypal.com, or an emulator's origin
	ClientID     string
	ClientSecret string
	// one call with all its attempts and pauses; 8 s when zero
	Timeout time.Duration
	Log     *slog.Logger // nil: nothing is logged
	// nil: time.Now; for a token's age and how far back PayPal lists
	Now       func() time.Time
	Observe   func(operation string, status int, took time.Duration) // each attempt; status 0 is no answer; may be nil
	Transport http.RoundTripper                                      // nil: our own, with timeouts and idle connections
}

// defaultTimeout leaves two seconds of the ten that a reader's click may take for everything that is not PayPal.
const defaultTimeout = 8 * time.Second

// Client speaks PayPal's REST API. It is safe for concurrent use.
type Client struct {
	base    base
	timeout time.Duration
	log     *slog.Logger
	now     func() time.Time
	observe func(string, int, time.Duration)
	tokens  *tokens
	away    away
	busy    busy
	// plutov builds and sends requests. Only NewRequest and Send are called on it: see docs/decisions/0002.
	plutov *plutov.Client
}

// New checks the settings and gives a Client. It sends nothing: Ping does.
func New(cfg Config) (*Client, error) {
	b, err := parseBase(cfg.BaseURL)
	if err != nil {
		return nil, err
	}
	if cfg.ClientID == "" || cfg.ClientSecret == "" {
		return nil, errors.New("paypal: client id and client secret must both be set")
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Observe == nil {
		cfg.Observe = func(string, int, time.Duration) {}
	}
	if cfg.Transport == nil {
		cfg.Transport = newTransport()
	}
	return assemble(cfg, b)
}

func assemble(cfg Config, b base) (*Client, error) {
	agent, err := plutov.NewClient(cfg.ClientID, cfg.ClientSecret, b.url)
	if err != nil {
		return nil, err
	}
	over := &http.Client{Transport: wire{next: cfg.Transport, now: cfg.Now}, CheckRedirect: stayHere}
	agent.SetHTTPClient(over)
	c := &Client{base: b, timeout: cfg.Timeout, log: cfg.Log, now: cfg.Now, plutov: agent}
	c.observe = func(operation string, status int, took time.Duration) {
		c.away.note(operation, status, c.now())
		cfg.Observe(operation, status, took)
	}
	c.tokens = &tokens{now: cfg.Now, fetch: c.tokenFetch(cfg.ClientID, cfg.ClientSecret, over), limit: cfg.Timeout * 5 / 8}
	return c, nil
}

// Ping makes sure that we hold a token PayPal gave us, and asks for one where we do not.
func (c *Client) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	if _, err := c.tokens.get(ctx, ""); err != nil {
		return &Error{Operation: "ping", Err: err}
	}
	return nil
}

// idShape is what may become part of a path. PayPal's ids are capitals, digits and hyphens; nothing here can leave its
// path segment.
var idShape = shape{signs: "-", longest: 64}
