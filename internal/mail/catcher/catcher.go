// Package catcher is a mail server that keeps every mail it accepts and forwards none: for the demo, which shows the
// mails on a page, and for tests, which can also make it fail.
//
// It parses mails with the standard library only, so that the service's mails are read by code other than what wrote
// them. It knows nothing about what the mails are for.
package catcher

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Options configure a Catcher. The zero Options accept mail without TLS and from every client.
type Options struct {
	Now      func() time.Time // nil: time.Now
	TLS      *tls.Config      // offered by STARTTLS; nil: not at all
	User     string           // the account that may send; empty: any client
	Password string
	UTF8     bool // take addresses that are not ASCII (RFC 6531)
}

// Catcher is a running mail server. It is safe for concurrent use.
type Catcher struct {
	opts     Options
	server   *smtp.Server
	listener net.Listener

	mu    sync.Mutex
	next  int
	mails []Mail // the oldest first, keep at most
	fault Fault
	conns int // opened so far
	cases int // mails that the fault was applied to
}

// keep is how many mails are kept; the oldest go.
const keep = 20_000

// longest is the longest mail that is accepted, in bytes.
const longest = 8 << 20

// Listen starts a mail server on an address; port 0 is a free one. Close stops it.
func Listen(ctx context.Context, addr string, opts Options) (*Catcher, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen for mail: %w", err)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	c := &Catcher{opts: opts, listener: l}
	s := smtp.NewServer(smtp.BackendFunc(func(conn *smtp.Conn) (smtp.Session, error) {
		c.mu.Lock()
		c.conns++
		c.mu.Unlock()
		return &session{catcher: c, conn: conn}, nil
	}))
	s.Domain, s.TLSConfig, s.AllowInsecureAuth = "catcher.test", opts.TLS, opts.TLS == nil
	s.EnableDSN, s.EnableSMTPUTF8, s.MaxMessageBytes = true, opts.UTF8, longest
	s.ReadTimeout, s.WriteTimeout = 5*time.Minute, time.Minute
	s.ErrorLog = log.New(io.Discard, "", 0) // the client sees what went wrong
	c.server = s
	go func() { _ = s.Serve(l) }()
	return c, nil
}

// Addr is the address it listens on: host and port.
func (c *Catcher) Addr() string { return c.listener.Addr().String() }

// URL is Addr in the form of the setting.
func (c *Catcher) URL() string { return "smtp://" + c.Addr() }

// Close stops it at once.
func (c *Catcher) Close() error { return c.server.Close() }

// Mails returns the mails that are kept, the oldest first.
func (c *Catcher) Mails() []Mail {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.mails)
}

// Clear forgets all mails.
func (c *Catcher) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mails = nil
}

// Connections is how many connections were opened so far.
func (c *Catcher) Connections() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conns
}

func (c *Catcher) keep(from string, to []string, raw []byte) {
	m := read(raw)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next++
	m.ID, m.At, m.From, m.To = c.next, c.opts.Now().UTC(), from, to
	c.mails = append(c.mails, m)
	if len(c.mails) > keep {
		c.mails = slices.Delete(c.mails, 0, len(c.mails)-keep)
	}
}

// session is one connection's dialogue.
type session struct {
	catcher *Catcher
	conn    *smtp.Conn
	known   bool
	from    string
	to      []string
	naming  string // the address that was named last
}

// AuthMechanisms implements smtp.AuthSession.
func (s *session) AuthMechanisms() []string {
	if s.catcher.opts.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

// Auth implements smtp.AuthSession.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.catcher.opts.User || password != s.catcher.opts.Password {
			return smtp.ErrAuthFailed
		}
		s.known = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.catcher.opts.User != "" && !s.known {
		return smtp.ErrAuthRequired
	}
	s.from, s.naming = from, from
	return s.fail(AtMail)
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.naming = to
	if err := s.fail(AtRcpt); err != nil {
		return err
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.fail(AtData); err != nil {
		return err
	}
	s.catcher.keep(s.from, s.to, raw)
	return s.fail(AfterData)
}

func (s *session) Reset() { s.from, s.to = "", nil }

func (s *session) Logout() error { return nil }

// errCut ends a dialogue whose connection is closed already.
var errCut = errors.New("the connection was cut")
