package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/health"
	"readerfund/internal/metrics"
)

// Config is what a Board needs. Metrics may be nil.
type Config struct {
	DB      *db.DB
	Health  *health.Monitor
	Now     func() time.Time
	Log     *slog.Logger
	Metrics *metrics.Metrics

	// PayPalAway returns since when PayPal does not answer, zero if it does: paypal.Client.AwaySince. Nil skips the
	// check.
	PayPalAway func(context.Context) time.Time
	// Uncounted returns how many gifts were let in past the limits, and since when: admission.Gate.Uncounted. Nil skips
	// the check.
	Uncounted func() (gifts int64, since time.Time)
}

// Board holds the state of the alerts. It is safe for concurrent use.
type Board struct {
	db      *db.DB
	health  *health.Monitor
	now     func() time.Time
	log     *slog.Logger
	metrics *metrics.Metrics

	payPalAway func(context.Context) time.Time
	uncounted  func() (int64, time.Time)
}

// NewBoard makes a board on the database.
func NewBoard(cfg Config) *Board {
	return &Board{
		db: cfg.DB, health: cfg.Health, now: cfg.Now, log: cfg.Log, metrics: cfg.Metrics, payPalAway: cfg.PayPalAway,
		uncounted: cfg.Uncounted,
	}
}

// row is the state of an alert in the table.
type row struct {
	Name    string     `db:"name" json:"name"`
	Wrong   bool       `db:"wrong" json:"wrong"`
	Turned  time.Time  `db:"turned_at" json:"turned_at"`
	Firing  *time.Time `db:"firing_since" json:"firing_since"`
	Items   int64      `db:"items" json:"items"`
	Oldest  *time.Time `db:"oldest_at" json:"oldest_at"`
	Note    string     `db:"note" json:"note"`
	Checked time.Time  `db:"checked_at" json:"checked_at"`
}

// Evaluate measures, evaluates every rule, and stores the state of each alert. It is a job for one replica. Two at once
// do no harm: a result that is older than the stored one, or based on a state that has changed since, is not stored, so
// a replica that was suspended midway changes nothing when it continues. Changes are logged.
func (b *Board) Evaluate(ctx context.Context) error {
	v, err := b.health.Snapshot(ctx, b.now())
	if err != nil {
		return err
	}
	if b.payPalAway != nil {
		if since := b.payPalAway(ctx); !since.IsZero() {
			v.PayPalAway = health.Backlog{Count: 1, Oldest: since}
		}
	}
	if b.uncounted != nil {
		v.Uncounted.Count, v.Uncounted.Oldest = b.uncounted()
	}
	rows, err := b.read(ctx)
	if err != nil {
		return err
	}
	var next []evaluation
	for _, a := range All() {
		before := rows[a.Name]
		next = append(next, evaluation{row: a.judge(v, before), Before: before.Firing, alert: a})
	}
	written, err := b.save(ctx, next)
	if err != nil {
		return err
	}
	for _, n := range next {
		if n.turned() && slices.Contains(written, n.Name) {
			n.log(ctx, b.log)
		}
	}
	if err := b.forget(ctx, v.At); err != nil {
		return err
	}
	return b.Export(ctx)
}

func (b *Board) read(ctx context.Context) (map[string]row, error) {
	var rows []row
	err := b.db.SelectContext(ctx, &rows, `
		SELECT name, wrong, turned_at, firing_since, items, oldest_at, note, checked_at FROM alert`)
	if err != nil {
		return nil, db.Translate(fmt.Errorf("read how the alerts stand: %w", err))
	}
	all := make(map[string]row, len(rows))
	for _, r := range rows {
		all[r.Name] = r
	}
	return all, nil
}

// judge returns the state of the alert after a check, given its state before. It changes only after the rule has
// disagreed with it for as long as For, so that it does not flap; the zero row is an alert that was never checked.
func (a Alert) judge(v health.Snapshot, before row) row {
	seen, now := a.rule(v), v.At.Truncate(time.Microsecond) // the precision of the database
	after := row{
		Name: a.Name, Wrong: seen.wrong, Turned: before.Turned, Firing: before.Firing, Items: seen.items,
		Note: a.seen(seen).String(), Checked: now,
	}
	if !seen.oldest.IsZero() {
		after.Oldest = &seen.oldest
	}
	if before.Name == "" || before.Wrong != seen.wrong {
		after.Turned = now
	}
	switch settled := now.Sub(after.Turned) >= a.For; {
	case settled && seen.wrong && before.Firing == nil:
		after.Firing = &now
	case settled && !seen.wrong:
		after.Firing = nil
	}
	return after
}

// evaluation is the new state of an alert, and since when it fired before. Its JSON is what the INSERT unpacks.
type evaluation struct {
	row

	Before *time.Time `json:"fired_before"`
	alert  Alert
}

// turned reports whether the alert started or stopped firing.
func (e evaluation) turned() bool { return (e.Before == nil) != (e.Firing == nil) }

func (e evaluation) log(ctx context.Context, log *slog.Logger) {
	if e.Firing != nil {
		log.WarnContext(ctx, "alert: "+e.alert.Summary().String(), "alert", e.Name,
			"severity", string(e.alert.Severity), "seen", e.Note, "advice", e.alert.Advice().String())
		return
	}
	log.InfoContext(ctx, "alert over", "alert", e.Name)
}

// save stores all evaluations in one statement, so that we never leave a transaction open that holds locks. It returns
// the names of those that were stored.
func (b *Board) save(ctx context.Context, next []evaluation) ([]string, error) {
	text, err := json.Marshal(next)
	if err != nil {
		return nil, fmt.Errorf("write alerts: %w", err)
	}
	var written []string
	err = b.db.SelectContext(ctx, &written, `
		WITH next AS (
			SELECT * FROM jsonb_to_recordset($1::jsonb) AS n (
				name text, wrong boolean, turned_at timestamptz, firing_since timestamptz, items bigint, oldest_at timestamptz,
				note text, checked_at timestamptz, fired_before timestamptz)
		)
		INSERT INTO alert (name, wrong, turned_at, firing_since, items, oldest_at, note, checked_at)
		SELECT name, wrong, turned_at, firing_since, items, oldest_at, note, checked_at FROM next ORDER BY name
		ON CONFLICT (name) DO UPDATE SET
			wrong = EXCLUDED.wrong, turned_at = EXCLUDED.turned_at, firing_since = EXCLUDED.firing_since,
			items = EXCLUDED.items, oldest_at = EXCLUDED.oldest_at, note = EXCLUDED.note, checked_at = EXCLUDED.checked_at
		WHERE alert.checked_at <= EXCLUDED.checked_at
		  AND alert.firing_since IS NOT DISTINCT FROM (SELECT n.fired_before FROM next n WHERE n.name = EXCLUDED.name)
		RETURNING name`, string(text))
	if err != nil {
		return nil, db.Translate(fmt.Errorf("save alerts: %w", err))
	}
	return written, nil
}

// forget deletes alerts that no version checks any more. A day is longer than a rolling update.
func (b *Board) forget(ctx context.Context, now time.Time) error {
	if _, err := b.db.ExecContext(ctx, `DELETE FROM alert WHERE checked_at < $1`, now.Add(-24*time.Hour)); err != nil {
		return db.Translate(fmt.Errorf("forget old alerts: %w", err))
	}
	return nil
}

// Standing is the state of an alert: since when it fires, and what the last check found. Times are UTC.
type Standing struct {
	Alert
	Since  time.Time // zero if it does not fire
	Items  int64
	Oldest time.Time // zero if there is none
	Note   string    // what was found, in English
}

// Firing reports whether the alert fires.
func (s Standing) Firing() bool { return !s.Since.IsZero() }

// List returns the state of every alert of the registry, in the registry's order, and when they were last checked: zero
// if they never were. An alert that was not checked yet does not fire.
func (b *Board) List(ctx context.Context) ([]Standing, time.Time, error) {
	rows, err := b.read(ctx)
	if err != nil {
		return nil, time.Time{}, err
	}
	var all []Standing
	var checked time.Time
	for _, a := range All() {
		r := rows[a.Name] // the zero row if it was not checked yet
		all = append(all, Standing{Alert: a, Since: utc(r.Firing), Items: r.Items, Oldest: utc(r.Oldest), Note: r.Note})
		if r.Checked.After(checked) {
			checked = r.Checked.UTC()
		}
	}
	return all, checked, nil
}

func utc(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// Export sets the metrics from the table.
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

// follow is how often a replica reads the state of the alerts.
const follow = 15 * time.Second

// Follow exports repeatedly until ctx ends, so that every replica exports the same, whichever of them checks the rules.
// While the database is away the metrics keep their values, and readerfund_alert_checked_timestamp_seconds stands
// still.
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
