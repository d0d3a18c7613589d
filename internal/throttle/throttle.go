// Package throttle keeps a flood of one message from filling the log: the message is written once in a while, with how
// often it was withheld. It decides nothing about what is logged otherwise.
package throttle

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// mostKeys bounds the memory: a program has a few dozen messages, so more than these is a flood of made-up values.
const mostKeys = 256

// Handler is a slog.Handler that passes on the first of the records that are the same, and then one in each period.
type Handler struct {
	next  slog.Handler
	by    []string // the attributes whose values make a record another one
	given string   // values that WithAttrs gave
	*state
}

type state struct {
	every time.Duration

	mu   sync.Mutex
	seen map[string]occurrences
}

type occurrences struct {
	passed   time.Time
	withheld int
}

// New throttles records of the same level and message, and of the same values of the attributes named.
func New(next slog.Handler, every time.Duration, by ...string) *Handler {
	return &Handler{next: next, by: by, state: &state{every: every, seen: map[string]occurrences{}}}
}

// Enabled implements slog.Handler.
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	var key strings.Builder
	key.WriteString(r.Level.String() + "\x00" + r.Message + h.given)
	r.Attrs(func(a slog.Attr) bool {
		key.WriteString(h.value(a))
		return true
	})
	withheld, pass := h.count(key.String(), r.Time)
	if !pass {
		return nil
	}
	if withheld > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("withheld", withheld))
	}
	return h.next.Handle(ctx, r)
}

// count reports whether the record is passed on, and how many like it were not since the last that was.
func (s *state) count(key string, now time.Time) (withheld int, pass bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, known := s.seen[key]
	if known && now.Sub(o.passed) < s.every && !now.Before(o.passed) {
		o.withheld++
		s.seen[key] = o
		return 0, false
	}
	if !known && len(s.seen) >= mostKeys {
		clear(s.seen)
	}
	s.seen[key] = occurrences{passed: now}
	return o.withheld, true
}

// value is what an attribute adds to the key.
func (h *Handler) value(a slog.Attr) string {
	if !slices.Contains(h.by, a.Key) {
		return ""
	}
	return "\x00" + a.Key + "=" + a.Value.String()
}

// WithAttrs implements slog.Handler.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.next = h.next.WithAttrs(attrs)
	for _, a := range attrs {
		with.given += h.value(a)
	}
	return &with
}

// WithGroup implements slog.Handler.
func (h *Handler) WithGroup(name string) slog.Handler {
	with := *h
	with.next = h.next.WithGroup(name)
	return &with
}
