// Package managelink gives readers access to their own page: a link comes by mail, and opening it starts a session in
// that browser. It also makes the links in mails that open one subscription only.
//
// It checks no password and keeps no account: the person who reads the mail of an address is its reader. It does not
// know what the page shows, and package mail sends what it enqueues.
package managelink

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/field"
	"readerfund/internal/mail"
	"readerfund/internal/ratelimit"
)

const (
	// LinkLasts is how long a link can be opened.
	LinkLasts = 30 * time.Minute
	// SessionLasts is how long a session lasts: long enough to go to PayPal and back, short enough for a library's
	// computer.
	SessionLasts = time.Hour
	// sameOpening is how long a second click on the page that opened a link counts as the first one.
	sameOpening = 2 * time.Minute
	// askTimeout bounds the work that continues after a reader's request for a link was answered.
	askTimeout = 20 * time.Second
)

// Config is what a Service needs.
type Config struct {
	DB     *db.DB
	Limits *ratelimit.Limiter
	Links  Links
	Known  func(ctx context.Context, address string) (bool, error) // supporter.Service.HasGiven
	Mails  bool                                                    // this server sends mail
	Now    func() time.Time
	Log    *slog.Logger
}

// Service hands out links and keeps sessions. It is safe for concurrent use, also by several processes on one database.
type Service struct {
	Config

	asked sync.WaitGroup
}

// New makes a Service.
func New(c Config) *Service { return &Service{Config: c} }

// SendsMail reports whether a link can be mailed.
func (s *Service) SendsMail() bool { return s.Mails }

// From is the origin of a request: the address range of one customer, and the network around it.
type From struct{ Address, Network string }

// RateLimitError is the answer if links are asked for too often. It reveals nothing about any address.
type RateLimitError struct{ Wait time.Duration }

func (e *RateLimitError) Error() string {
	return fmt.Sprintf("too many links were asked for; the next in %s", e.Wait)
}

// Ask mails a link to the address if a gift was made with it. The answer is the same, and takes the same time, in both
// cases: the lookup runs after the answer. The error is fault.Invalid for text that is no address, and a
// *RateLimitError after too many requests from the client's address or network, or for the mailbox.
func (s *Service) Ask(ctx context.Context, written, locale string, from From) error {
	address, err := field.Email("email", written)
	if err != nil {
		return err
	}
	d, err := s.Limits.Take(ctx,
		ratelimit.Use{Key: "manage mailbox " + s.Limits.Hide(address), Every: 20 * time.Minute, Times: 1, Most: 3},
		ratelimit.Use{Key: "manage address " + s.Limits.Hide(from.Address), Every: 3 * time.Minute, Times: 1, Most: 10},
		ratelimit.Use{Key: "manage network " + s.Limits.Hide(from.Network), Every: 30 * time.Second, Times: 1, Most: 60},
		ratelimit.Use{Key: "manage all", Every: time.Second, Times: 1, Most: 1200})
	if err != nil {
		return err
	}
	if !d.Passed {
		return &RateLimitError{d.Wait}
	}
	s.asked.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
		defer cancel()
		if err := s.send(ctx, address, locale); err != nil {
			s.Log.ErrorContext(ctx, "a link to a reader's own page could not be sent", "error", err)
		}
	})
	return nil
}

// Close returns once every request for a link has been processed.
func (s *Service) Close() { s.asked.Wait() }

func (s *Service) send(ctx context.Context, address, locale string) error {
	known, err := s.Known(ctx, address)
	if err != nil || !known {
		return err
	}
	token, now := rand.Text(), s.Now().UTC()
	return s.DB.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `
			INSERT INTO manage_link (digest, email, created_at, expires_at) VALUES ($1, $2, $3, $4)`,
			digest(token), address, now, now.Add(LinkLasts)); err != nil {
			return fmt.Errorf("save link: %w", err)
		}
		return mail.Enqueue(ctx, tx, now, mail.Message{
			Kind: mail.ManageLink, Key: hex.EncodeToString(digest(token)), To: address, Locale: locale,
			Args:     mail.ManageLinkArgs{URL: s.Links.page(token), Minutes: int(LinkLasts / time.Minute)},
			NotAfter: now.Add(LinkLasts),
		})
	})
}

func digest(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
