// Package operations serves staff's pages about the service itself: PayPal's events, work that is due, mail, and the
// audit log.
package operations

import (
	"context"

	"readerfund/internal/audit"
	"readerfund/internal/contribution"
	"readerfund/internal/dashboard"
	"readerfund/internal/health"
	"readerfund/internal/mail"
	"readerfund/internal/queue"
	"readerfund/internal/web/staff/screen"
)

// Config is what these screens call.
type Config struct {
	Views  *dashboard.Views
	Health *health.Monitor
	Queue  *queue.Queue
	Mail   *mail.Service
	Audit  *audit.Log

	Replay    func(ctx context.Context, ids []string, by contribution.Actor) (int, error) // inbox.Inbox.Replay
	ReplayAll func(ctx context.Context, by contribution.Actor) (int, error)               // inbox.Inbox.ReplayParked
}

// Screens are the pages about the service itself.
type Screens struct {
	Inbox    *Inbox
	Event    *Event
	Work     *Work
	Mail     *Mail
	AuditLog *AuditLog
}

// New gives each screen the services it needs.
func New(l screen.Layout, c Config) *Screens {
	return &Screens{
		Inbox:    &Inbox{Layout: l, views: c.Views, health: c.Health, replayAll: c.ReplayAll},
		Event:    &Event{Layout: l, views: c.Views, replay: c.Replay, audit: c.Audit},
		Work:     &Work{Layout: l, views: c.Views, queue: c.Queue},
		Mail:     &Mail{Layout: l, mails: c.Mail},
		AuditLog: &AuditLog{Layout: l, audit: c.Audit},
	}
}
