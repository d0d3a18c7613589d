// Package appearance is how the publication looks on the pages that readers see: its colour, logo and typefaces. It
// makes the stylesheet of them, and refuses a colour that cannot be read. It draws no page.
package appearance

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/audit"
	"readerfund/internal/campaign"
	"readerfund/internal/db"
	"readerfund/internal/fault"
)

// Content is what staff chose. What is empty is Readerfund's own.
type Content struct {
	Accent     string            `json:"accent,omitempty"`      // "#8a1c2b"
	AccentDark string            `json:"accent_dark,omitempty"` // of links in the dark; empty: made of Accent
	Logo       *campaign.Picture `json:"logo,omitempty"`
	LogoDark   *campaign.Picture `json:"logo_dark,omitempty"` // in the dark, where it is another
	Portrait   *campaign.Picture `json:"portrait,omitempty"`  // that a new campaign begins with
	Headings   *Font             `json:"headings,omitempty"`
	Text       *Font             `json:"text,omitempty"`
	Bold       *Font             `json:"bold,omitempty"` // of Text; a variable Text has it in itself
}

// Appearance is a version of it.
type Appearance struct {
	Content

	Version   int64 // from 1; 0 where nothing was saved yet
	ChangedBy string
	ChangedAt time.Time // UTC

	sheets sheets
}

// Actor is who changes it.
type Actor struct {
	ID   uuid.UUID
	Name string // the account's mail address
}

// changed is the audit log's word for a change.
const changed audit.Action = "appearance.change"

// refreshEvery is how often a process looks for what another one saved, and readTime how long a look may take.
const (
	refreshEvery = 3 * time.Second
	readTime     = 5 * time.Second
)

// Store keeps the appearance. Readers' pages take it from memory. It is safe for concurrent use.
type Store struct {
	db  *db.DB
	now func() time.Time
	log *slog.Logger

	current atomic.Pointer[Appearance]
}

// New makes a store that has Readerfund's own appearance until it is loaded.
func New(d *db.DB, now func() time.Time, log *slog.Logger) *Store {
	s := &Store{db: d, now: now, log: log}
	s.current.Store(&Appearance{})
	return s
}

// Current is the appearance as it was read last: at most a few seconds ago, where Run runs and the database answers.
func (s *Store) Current() *Appearance { return s.current.Load() }

// Run looks for changes until the context ends. While the database is away, the last appearance stays.
func (s *Store) Run(ctx context.Context) {
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.Load(ctx); err != nil && ctx.Err() == nil {
				s.log.Warn("the appearance cannot be read; the last one stays", "error", err)
			}
		}
	}
}

// Load reads the appearance into memory.
func (s *Store) Load(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	a, err := read(ctx, s.db)
	if err != nil {
		return db.Translate(err)
	}
	s.keep(a)
	return nil
}

// keep puts a version into memory, unless a later one is there.
func (s *Store) keep(a *Appearance) {
	for {
		known := s.current.Load()
		if known.Version >= a.Version || s.current.CompareAndSwap(known, a) {
			return
		}
	}
}

// Save replaces what was saved as that version. Errors: a fault.Invalid for each colour that is wrong, in the fields
// "accent" and "accent_dark"; a fault.Conflict where another person has saved since.
func (s *Store) Save(ctx context.Context, by Actor, version int64, c Content) error {
	a := &Appearance{Content: c, Version: version + 1, ChangedBy: by.Name, ChangedAt: s.now().UTC()}
	var err error
	if a.sheets, err = newSheets(c); err != nil {
		return err
	}
	document, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("write the appearance: %w", err)
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		// Of two people who save the same version, the second waits for the first one's row, and then finds no such version.
		done, err := tx.ExecContext(ctx, `
			INSERT INTO appearance AS a (content, version, changed_by, changed_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (one) DO UPDATE
			SET content = excluded.content, version = excluded.version, changed_by = excluded.changed_by,
			    changed_at = excluded.changed_at
			WHERE a.version = excluded.version - 1`, string(document), a.Version, a.ChangedBy, a.ChangedAt)
		if err != nil {
			return fmt.Errorf("save the appearance: %w", err)
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fault.New(fault.Conflict, "appearance.changed_meanwhile"))
		}
		return audit.Write(ctx, tx, audit.Entry{
			At: a.ChangedAt, StaffID: by.ID, Actor: by.Name, Action: changed, Subject: fmt.Sprint(a.Version),
			Detail: map[string]string{"accent": c.Accent},
		})
	})
	if err == nil {
		s.keep(a)
	}
	return err
}

func read(ctx context.Context, q sqlx.QueryerContext) (*Appearance, error) {
	var row struct {
		Content   []byte    `db:"content"`
		Version   int64     `db:"version"`
		ChangedBy string    `db:"changed_by"`
		ChangedAt time.Time `db:"changed_at"`
	}
	err := sqlx.GetContext(ctx, q, &row, `SELECT content, version, changed_by, changed_at FROM appearance`)
	if errors.Is(err, sql.ErrNoRows) {
		return &Appearance{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the appearance: %w", err)
	}
	a := &Appearance{Version: row.Version, ChangedBy: row.ChangedBy, ChangedAt: row.ChangedAt.UTC()}
	if err := json.Unmarshal(row.Content, &a.Content); err != nil {
		return nil, fmt.Errorf("read the appearance: %w", err)
	}
	if a.sheets, err = newSheets(a.Content); err != nil {
		return nil, fmt.Errorf("read the appearance: %w", err)
	}
	return a, nil
}
