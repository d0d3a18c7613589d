package mail

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"strings"
	"sync"
	"time"

	"readerfund/internal/backoff"
	"readerfund/internal/db"
	"readerfund/internal/metrics"
)

// Server is the mail server that mails are handed to. Without a Host no mail is sent.
type Server struct {
	Host     string
	Port     int
	TLS      bool // from the first byte on; otherwise by STARTTLS, where the server offers it
	Loopback bool // it is this machine, to which a password may be sent in plain text
	User     string
	Password string
	Roots    *x509.CertPool // authorities trusted to sign its certificate; nil: those that this machine trusts
}

// Config is what a Service needs. Metrics may be nil.
type Config struct {
	DB           *db.DB
	Server       Server
	From         string // the address that mails come from
	House        House
	TemplatesDir string        // an operator's own copies; may be empty
	Retention    time.Duration // how long a mail's recipient and content are kept
	Now          func() time.Time
	Log          *slog.Logger
	Metrics      *metrics.Metrics
}

// Service sends the mails that were enqueued. It is safe for concurrent use, also by several processes on one database.
type Service struct {
	cfg   Config
	views views // as they were at the start

	mu   sync.Mutex
	away away
}

// away counts how often in a row the mail server could not be reached, and says when to try it again. Each process
// keeps its own: another one finds out by itself.
type away struct {
	times int
	until time.Time
}

// serverAway is how long to wait for a server that cannot be reached: five minutes at most, so that waiting mails are
// sent that soon after an outage, however long it was.
var serverAway = backoff.Backoff{First: 5 * time.Second, Longest: 5 * time.Minute}

// New makes a Service. The error is about a broken template.
func New(cfg Config) (*Service, error) {
	if cfg.House.Timezone == nil {
		cfg.House.Timezone = time.UTC
	}
	views, err := parse(cfg.TemplatesDir, cfg.House)
	if err != nil {
		return nil, err
	}
	return &Service{cfg: cfg, views: views}, nil
}

// On reports whether a mail server is set.
func (s *Service) On() bool { return s.cfg.Server.Host != "" }

// Check asks the mail server whether it would accept mail from us, without sending any. It returns the server's
// greeting.
func (s *Service) Check(ctx context.Context) (string, error) {
	if !s.On() {
		return "", errors.New("no mail server is set")
	}
	c, err := s.connect(ctx)
	if err != nil {
		return "", err
	}
	defer c.close()
	if err := c.smtp.Mail("<" + s.cfg.From + ">"); err != nil {
		return "", fmt.Errorf("it does not take mail from %s: %w", s.cfg.From, err)
	}
	return c.smtp.HelloResponse(), nil
}

// missed records that the server could not be reached, and returns when to try again.
func (s *Service) missed() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away.times++
	s.away.until = s.cfg.Now().Add(serverAway.Jittered(s.away.times, mathrand.Float64())) //nolint:gosec // jitter
	return s.away.until
}

// reached records that the server accepted a mail.
func (s *Service) reached() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away{}
}

// waiting returns when to try the server again, if it must not be asked before.
func (s *Service) waiting() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.away.until, s.cfg.Now().Before(s.away.until)
}

// domain is the part of our address that Message-IDs end in.
func (s *Service) domain() string {
	_, domain, _ := strings.Cut(s.cfg.From, "@")
	return domain
}
