package alert

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/metrics"
	"readerfund/internal/report"
)

// Config is what a Board needs. Metrics may be nil.
type Config struct {
	DB      *db.DB
	Reports *report.Reports
	Now     func() time.Time
	Log     *slog.Logger
	Metrics *metrics.Metrics
}

// Board is how the alerts stand. It is safe for concurrent use.
type Board struct {
	db      *db.DB
	reports *report.Reports
	now     func() time.Time
	log     *slog.Logger
	metrics *metrics.Metrics
}

// NewBoard makes a board on the database.
func NewBoard(cfg Config) *Board {
	return &Board{db: cfg.DB, reports: cfg.Reports, now: cfg.Now, log: cfg.Log, metrics: cfg.Metrics}
}

// row is how an alert stands in the table.
type row struct {
	Name    string       `db:"name"`
	Wrong   bool         `db:"wrong"`
	Turned  time.Time    `db:"turned_at"`
	Firing  sql.NullTime `db:"firing_since"`
	Items   int64        `db:"items"`
	Oldest  sql.NullTime `db:"oldest_at"`
	Note    string       `db:"note"`
	Checked time.Time    `db:"checked_at"`
}

// Evaluate reads the vital signs, asks every rule, and writes down how each alert stands. It is a job for one replica; two
// at once do no harm. What changed is logged.
func (b *Board) Evaluate(ctx context.Context) error {
	v, err := b.reports.Vitals(ctx, b.now())
	if err != nil {
		return err
	}
	var turned []change
	err = b.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		turned = turned[:0]
		// FOR UPDATE: of two replicas that evaluate at once the second sees what the first wrote, so a change is logged once.
		var rows []row
		err := tx.SelectContext(ctx, &rows, `
			SELECT name, wrong, turned_at, firing_since, items, oldest_at, note, checked_at FROM alert ORDER BY name FOR UPDATE`)
		if err != nil {
			return fmt.Errorf("read how the alerts stand: %w", err)
		}
		for _, a := range All() {
			i := slices.IndexFunc(rows, func(r row) bool { return r.Name == a.Name })
			var before row
			if i >= 0 {
				before = rows[i]
			}
			after := a.judge(v, before)
			if before.Firing.Valid != after.Firing.Valid {
				turned = append(turned, change{a, after})
			}
			if err := save(ctx, tx, after); err != nil {
				return err
			}
		}
		return forget(ctx, tx, v.At)
	})
	if err != nil {
		return fmt.Errorf("evaluate alerts: %w", err)
	}
	for _, c := range turned {
		c.log(ctx, b.log)
	}
	return b.Export(ctx)
}

// judge is how the alert stands after a look, given how it stood before. It turns only after the rule has said the other
// thing for as long as For, so that it does not flap; the zero row is an alert that was never looked at.
func (a Alert) judge(v report.Vitals, before row) row {
	seen := a.rule(v)
	after := row{
		Name: a.Name, Wrong: seen.wrong, Turned: before.Turned, Firing: before.Firing, Items: seen.items,
		Oldest: sql.NullTime{Time: seen.oldest, Valid: !seen.oldest.IsZero()}, Note: seen.note, Checked: v.At,
	}
	if before.Name == "" || before.Wrong != seen.wrong {
		after.Turned = v.At
	}
	if settled := v.At.Sub(after.Turned) >= a.For; settled && seen.wrong != before.Firing.Valid {
		after.Firing = sql.NullTime{Time: v.At, Valid: seen.wrong}
	}
	return after
}

func save(ctx context.Context, tx *sqlx.Tx, r row) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO alert (name, wrong, turned_at, firing_since, items, oldest_at, note, checked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (name) DO UPDATE SET
			wrong = EXCLUDED.wrong, turned_at = EXCLUDED.turned_at, firing_since = EXCLUDED.firing_since, items = EXCLUDED.items,
			oldest_at = EXCLUDED.oldest_at, note = EXCLUDED.note, checked_at = EXCLUDED.checked_at`,
		r.Name, r.Wrong, r.Turned, r.Firing, r.Items, r.Oldest, r.Note, r.Checked)
	if err != nil {
		return fmt.Errorf("save alert %s: %w", r.Name, err)
	}
	return nil
}

// forget drops alerts that no version checks any more. A day is longer than a rolling update.
func forget(ctx context.Context, tx *sqlx.Tx, now time.Time) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM alert WHERE checked_at < $1`, now.Add(-24*time.Hour)); err != nil {
		return fmt.Errorf("forget old alerts: %w", err)
	}
	return nil
}

// change is an alert that began or stopped to fire.
type change struct {
	alert Alert
	now   row
}

func (c change) log(ctx context.Context, log *slog.Logger) {
	if c.now.Firing.Valid {
		log.WarnContext(ctx, "alert: "+c.alert.Summary, "alert", c.alert.Name, "severity", string(c.alert.Severity), "seen", c.now.Note, "advice", c.alert.Advice)
		return
	}
	log.InfoContext(ctx, "alert over", "alert", c.alert.Name)
}

// Standing is how an alert stands: since when it fires, and what was seen at the last check. Times are UTC.
type Standing struct {
	Alert
	Since  time.Time // zero while it does not fire
	Items  int64
	Oldest time.Time // zero where there is none
	Note   string
}

// Firing tells whether it fires.
func (s Standing) Firing() bool { return !s.Since.IsZero() }

// List gives every alert of the registry as it stands, in the registry's order, and when they were last checked: zero when
// they never were. An alert that was not checked yet does not fire.
func (b *Board) List(ctx context.Context) ([]Standing, time.Time, error) {
	var rows []row
	err := b.db.SelectContext(ctx, &rows, `SELECT name, wrong, turned_at, firing_since, items, oldest_at, note, checked_at FROM alert`)
	if err != nil {
		return nil, time.Time{}, db.Translate(fmt.Errorf("read alerts: %w", err))
	}
	var all []Standing
	var checked time.Time
	for _, a := range All() {
		s := Standing{Alert: a}
		if i := slices.IndexFunc(rows, func(r row) bool { return r.Name == a.Name }); i >= 0 {
			r := rows[i]
			s.Items, s.Note = r.Items, r.Note
			s.Since, s.Oldest = utc(r.Firing), utc(r.Oldest)
			if r.Checked.After(checked) {
				checked = r.Checked.UTC()
			}
		}
		all = append(all, s)
	}
	return all, checked, nil
}

func utc(t sql.NullTime) time.Time {
	if !t.Valid {
		return time.Time{}
	}
	return t.Time.UTC()
}

// Export sets the metrics to what the table says.
func (b *Board) Export(ctx context.Context) error {
	all, checked, err := b.List(ctx)
	if err != nil || checked.IsZero() {
		return err
	}
	for _, s := range all {
		age := time.Duration(0)
		if !s.Oldest.IsZero() {
			age = max(0, checked.Sub(s.Oldest))
		}
		b.metrics.Alert(s.Name, string(s.Severity), s.Firing(), s.Items, age)
	}
	b.metrics.AlertsChecked(checked)
	return nil
}

// follow is how often a replica reads how the alerts stand.
const follow = 15 * time.Second

// Follow exports again and again until ctx ends: every replica says the same, whichever of them checks the rules. While the
// database is away the metrics stay as they were, and readerfund_alert_checked_timestamp_seconds stands still.
func (b *Board) Follow(ctx context.Context) {
	for {
		if err := b.Export(ctx); err != nil && ctx.Err() == nil {
			b.log.WarnContext(ctx, "the alerts cannot be read; the metrics stay as they were", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(follow):
		}
	}
}
