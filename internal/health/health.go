// Package health measures whether money, or news of it, is stuck: how many things wait, and how long the oldest has
// waited.
//
// It only reads, including other packages' tables, and knows no thresholds: package alert evaluates the measurements.
package health

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/account"
	"readerfund/internal/audit"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
)

// Monitor measures one database.
type Monitor struct{ db *db.DB }

// New returns the monitor of a database. In the service that is a pool separate from the one for gifts.
func New(d *db.DB) *Monitor { return &Monitor{db: d} }

// Snapshot is the state of everything that can be stuck, at one time. Times are UTC.
type Snapshot struct {
	At time.Time

	Approved         Backlog // approved by the reader and not captured; since they approved
	Uncharged        Backlog // subscriptions that PayPal has not charged the first time; since they were approved
	Pending          Backlog // captured, and held by PayPal; since the capture
	CaptureUnknown   Backlog // captures whose answer we did not see; since the attempt
	WithoutOrder     Backlog // intents without a known order or subscription; since they were stored
	OrdersRefused    Backlog // orders and subscriptions refused since PayPal created one, a week at most. Names are codes
	OrdersRefusedNow Backlog // those refused within the last hour, even if others were created. Names are PayPal's codes
	ToReview         Backlog // contributions with an open review; since the first was opened
	Overdue          Backlog // webhook events that are due and not processed; since they are due
	Unsettled        Backlog // webhook events that keep failing; since they were received
	Parked           Backlog // webhook events that wait for a person; since they were received
	Suspects         Backlog // deliveries refused as forged within a day; since the latest of them, which is the news
	Silence          Silence
	CardsDeclined    Backlog // within the last quarter of an hour
	Started          Backlog // contributions started in that period
	Completed        Backlog // and those of them that were completed
	SignInsRefused   Backlog // within the last quarter of an hour, 1,000 at most
	JobsLate         Backlog // jobs that are due and do not run; since they are due. Names are their kinds
	JobsFailed       Backlog // periodic jobs that failed three times in a row, for five minutes; since the first failure
	JobsDead         Backlog // jobs that were given up; since then. Names are their kinds
	MailLate         Backlog // mails that should have been sent but were not; since they were due
	MailFailed       Backlog // mails that were refused or came back within a day; since then

	Refunds      Backlog // refund requests that PayPal has not answered; since they were made
	RefundsHeld  Backlog // refunds that are pending at PayPal; since they were requested
	Changes      Backlog // changes of recurring gifts that PayPal has not confirmed; since they were requested
	Disputes     Backlog // open disputes that need our response within three days; since they were opened
	Unexplained  Backlog // open differences between PayPal's record and ours; since they were found
	PayPalAway   Backlog // PayPal does not answer, since then; one, or none. Package alert fills it in
	Uncounted    Backlog // contributions let in although they could not be counted; since then. Package alert fills it in
	Unreconciled Backlog // payments are not reconciled since; one, or none where there never was a payment
}

// Backlog is the number of things that wait, and since when the oldest has waited. Names lists them, if they have
// names.
type Backlog struct {
	Count  int64
	Oldest time.Time // zero if there are none, or if it never was otherwise
	Names  []string
}

// Age is how long the oldest has waited at a given time.
func (b Backlog) Age(now time.Time) time.Duration {
	if b.Oldest.IsZero() {
		return 0
	}
	return max(0, now.Sub(b.Oldest))
}

// Snapshot measures at a given time. Every query uses an index on what is open or reads the newest rows of a table, so
// that it may run every minute with millions of finished contributions.
func (m *Monitor) Snapshot(ctx context.Context, now time.Time) (Snapshot, error) {
	s := Snapshot{At: now.UTC()}
	err := m.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		for _, read := range []func(context.Context, *sqlx.Tx, *Snapshot) error{
			readOpen, readInbox, readQueue, readRefused, readSilence, readMoney, readBooks, readCards, readMail,
		} {
			if err := read(ctx, tx, &s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Snapshot{}, fmt.Errorf("measure health: %w", err)
	}
	return s, nil
}

// backlogs runs a query that returns named backlogs, one in each row, and stores each where into says.
func backlogs(ctx context.Context, tx *sqlx.Tx, into map[string]*Backlog, query string, args ...any) error {
	var rows []struct {
		Name   string         `db:"backlog"`
		Count  int64          `db:"count"`
		Oldest sql.NullTime   `db:"oldest"`
		Names  sql.NullString `db:"names"` // with line breaks between
	}
	if err := tx.SelectContext(ctx, &rows, query, args...); err != nil {
		return err
	}
	for _, row := range rows {
		b := into[row.Name]
		if b == nil {
			return fmt.Errorf("no backlog is called %q", row.Name)
		}
		*b = Backlog{Count: row.Count}
		if row.Oldest.Valid {
			b.Oldest = row.Oldest.Time.UTC()
		}
		if row.Names.String != "" {
			b.Names = strings.Split(row.Names.String, "\n")
		}
	}
	return nil
}

// readOpen counts contributions that were not finished.
func readOpen(ctx context.Context, tx *sqlx.Tx, s *Snapshot) error {
	// check_at is set as long as the sweep has something to learn, so contribution_due finds all that is open. How long
	// a state has lasted comes from the history, because updated_at changes with every attempt.
	const orderless, uncharged = "orderless", "uncharged"
	err := backlogs(ctx, tx, map[string]*Backlog{
		orderless: &s.WithoutOrder, uncharged: &s.Uncharged,
		string(contribution.Approved): &s.Approved, string(contribution.CaptureUnknown): &s.CaptureUnknown,
		string(contribution.Pending): &s.Pending,
	}, `
		SELECT CASE WHEN c.state = ANY ($1) THEN $3 WHEN c.state = $4 AND c.subscription_id IS NOT NULL THEN $5
		            ELSE c.state END AS backlog, count(*) AS count,
		       min(CASE WHEN c.state = ANY ($1) THEN c.created_at
		                ELSE greatest(coalesce(since.at, c.created_at), c.first_charge_at) END) AS oldest
		FROM contribution c
		LEFT JOIN LATERAL (
			SELECT max(e.at) AS at FROM contribution_event e
			WHERE e.contribution_id = c.id AND e.to_state = c.state AND e.from_state <> e.to_state) since ON true
		WHERE c.check_at IS NOT NULL
		  AND (c.state = ANY ($2) OR c.state = ANY ($1) AND coalesce(c.order_id, c.subscription_id) IS NULL)
		  AND (c.state <> $4 OR c.first_charge_at IS NULL OR c.first_charge_at <= $6) -- what begins later is not stuck
		GROUP BY 1`,
		db.Array(contribution.StatesWhere(contribution.State.Orderless)),
		db.Array(contribution.StatesWhere(contribution.State.Confirming)), orderless, string(contribution.Approved),
		uncharged, s.At)
	if err != nil {
		return fmt.Errorf("open contributions: %w", err)
	}
	err = backlogs(ctx, tx, map[string]*Backlog{"attention": &s.ToReview}, `
		SELECT 'attention' AS backlog, count(DISTINCT contribution_id) AS count, min(opened_at) AS oldest
		FROM review WHERE closed_at IS NULL`)
	if err != nil {
		return fmt.Errorf("contributions to look at: %w", err)
	}
	return nil
}

// readInbox counts webhook events that are not settled.
func readInbox(ctx context.Context, tx *sqlx.Tx, s *Snapshot) error {
	// A claimed event is due again after its lease, and a failed one after a pause, so an event that is already due is
	// not being processed.
	err := backlogs(ctx, tx, map[string]*Backlog{"overdue": &s.Overdue, "unsettled": &s.Unsettled, "parked": &s.Parked, "suspects": &s.Suspects}, `
		SELECT 'overdue' AS backlog, count(*) AS count, min(due_at) AS oldest FROM webhook_event WHERE due_at <= $1
		UNION ALL
		SELECT 'unsettled', count(*), min(received_at) FROM webhook_event WHERE due_at IS NOT NULL AND state = 'received'
			AND attempts > 1
		UNION ALL
		SELECT 'parked', count(*), min(received_at) FROM webhook_event WHERE state = 'parked'
		UNION ALL
		SELECT 'suspects', count(*), max(last_seen_at) FROM suspect_delivery WHERE last_seen_at > $2`,
		s.At, s.At.Add(-suspectNews))
	if err != nil {
		return fmt.Errorf("webhook events: %w", err)
	}
	return nil
}

// lateBy is how long a job may be due before it counts as late, and fail before it counts as failing: every process
// polls each second, and the first attempts follow quickly.
const lateBy = 5 * time.Minute

// readQueue counts jobs that do not get done, and sign-ins. Periodic jobs that no running process has (of a version
// that is gone) do not count.
func readQueue(ctx context.Context, tx *sqlx.Tx, s *Snapshot) error {
	into := map[string]*Backlog{"late": &s.JobsLate, "failed": &s.JobsFailed, "dead": &s.JobsDead}
	err := backlogs(ctx, tx, into, `
		SELECT 'late' AS backlog, count(*) AS count, min(coalesce(held_until, due_at)) AS oldest,
		       string_agg(DISTINCT kind, E'\n' ORDER BY kind) AS names
		FROM queue
		WHERE coalesce(held_until, due_at) <= $1 AND (plan = '' OR seen_at > $2)
		UNION ALL
		SELECT 'failed', count(*), min(failing_since), string_agg(kind, E'\n' ORDER BY kind) FROM queue
		WHERE plan <> '' AND failures >= 3 AND failing_since <= $1 AND seen_at > $2
		UNION ALL
		SELECT 'dead', count(*), min(dead_at), string_agg(DISTINCT kind, E'\n' ORDER BY kind) FROM queue
		WHERE dead_at IS NOT NULL`,
		s.At.Add(-lateBy), s.At.Add(-10*time.Minute))
	if err != nil {
		return fmt.Errorf("the queue: %w", err)
	}
	return readSignIns(ctx, tx, s)
}

func readSignIns(ctx context.Context, tx *sqlx.Tx, s *Snapshot) error {
	n, first, err := audit.Recent(ctx, tx, account.ActionRefuse, s.At.Add(-15*time.Minute))
	if err != nil {
		return fmt.Errorf("sign-ins: %w", err)
	}
	s.SignInsRefused = Backlog{Count: n, Oldest: first}
	return nil
}
