package report

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// Vitals are the signs by which one sees that money or news of it is stuck: how many things wait, and how long the
// oldest has. They say nothing about thresholds; package alert does. Times are UTC.
type Vitals struct {
	At time.Time

	Approved   Pile // the reader approved, and the money is not captured; since they approved
	Pending    Pile // captured, and PayPal holds the money back; since the capture
	Uncertain  Pile // a capture whose answer we did not see; since then
	Orderless  Pile // intents for which PayPal has made no order that we know of; since they were written down
	NoOrder    Pile // orders that PayPal refused since it last made one, a week at most. Names are its codes
	NoOrderNow Pile // orders that PayPal refused within the hour, made others or not. Names are its codes
	Attention  Pile // contributions that a person should look at; since the first thing to look at was noted
	Overdue    Pile // webhook events that should be worked on now, and nobody does; since they are due
	Unsettled  Pile // webhook events that are tried again and again; since they were received
	Parked     Pile // webhook events put aside for a person; since they were received
	Suspects   Pile // deliveries refused as forged within a day; since the latest of them, because it is the news
	Silence    Silence
	Cards      Pile // cards that were declined within the last quarter of an hour
	Begun      Pile // gifts begun in that time
	Paid       Pile // and gifts paid of those
	Refusals   Pile // sign-ins refused within the last quarter of an hour, 1000 at most
	JobsLate   Pile // periodic jobs that are due and that nobody runs; since they are due
	JobsFailed Pile // periodic jobs that failed three times in a row or more; since they last went well

	Refunds     Pile // refunds that staff asked for and PayPal has not answered; since they were asked for
	RefundsHeld Pile // refunds that PayPal made and holds; since they were asked for
	Disputes    Pile // open cases that wait for our answer, which is due within three days; since they were opened
	Unexplained Pile // differences between PayPal's record and ours that are open; since they were found
	PayPalAway  Pile // PayPal does not answer, since then; one, or none. Package alert fills it in
	Uncounted   Pile // gifts let in past the limits, which could not be counted; since then. Package alert fills it in
	Unchecked   Pile // payments are not reconciled since; one, or none where there never was a payment
}

// Pile is a number of things that wait, and since when the oldest does. Names says which, where they have names.
type Pile struct {
	Count  int64
	Oldest time.Time // zero when there are none, or when it never was otherwise
	Names  []string
}

// Age is how long the oldest has waited at a moment.
func (p Pile) Age(now time.Time) time.Duration {
	if p.Oldest.IsZero() {
		return 0
	}
	return max(0, now.Sub(p.Oldest))
}

// pileRow is a pile as a query gives it: one named row of several.
type pileRow struct {
	Pile   string         `db:"pile"`
	Count  int64          `db:"count"`
	Oldest sql.NullTime   `db:"oldest"`
	Names  sql.NullString `db:"names"` // with line breaks between
}

// Vitals reads the vital signs at a moment. Every query is answered from an index on what is open or from the newest
// rows of a table, so that it may run every minute beside millions of finished contributions.
func (r *Reports) Vitals(ctx context.Context, now time.Time) (Vitals, error) {
	v := Vitals{At: now.UTC()}
	err := r.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		for _, read := range []func(context.Context, *sqlx.Tx, *Vitals) error{
			readOpen, readInbox, readHouse, readRefused, readSilence, readMoney, readBooks, readCards,
		} {
			if err := read(ctx, tx, &v); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Vitals{}, fmt.Errorf("read vital signs: %w", err)
	}
	return v, nil
}

// piles runs a query that gives named piles and puts each where it belongs.
func piles(ctx context.Context, tx *sqlx.Tx, into map[string]*Pile, query string, args ...any) error {
	var rows []pileRow
	if err := tx.SelectContext(ctx, &rows, query, args...); err != nil {
		return err
	}
	for _, row := range rows {
		p := into[row.Pile]
		if p == nil {
			return fmt.Errorf("nobody asked for %q", row.Pile)
		}
		*p = Pile{Count: row.Count, Oldest: utc(row.Oldest)}
		if row.Names.String != "" {
			p.Names = strings.Split(row.Names.String, "\n")
		}
	}
	return nil
}

// readOpen counts contributions that did not come to their end.
func readOpen(ctx context.Context, tx *sqlx.Tx, v *Vitals) error {
	// check_at is set as long as the sweep has something to learn, so contribution_due finds all that is open. Since when
	// a state lasts, the history says: updated_at moves with every attempt.
	err := piles(ctx, tx, map[string]*Pile{
		"approved": &v.Approved, "pending": &v.Pending, "capture_unknown": &v.Uncertain, "orderless": &v.Orderless,
	}, `
		SELECT CASE WHEN c.state IN ('started', 'order_unknown') THEN 'orderless' ELSE c.state END AS pile, count(*) AS count,
		       min(CASE WHEN c.state IN ('started', 'order_unknown') THEN c.created_at ELSE coalesce(since.at, c.created_at) END) AS oldest
		FROM contribution c
		LEFT JOIN LATERAL (
			SELECT max(e.at) AS at FROM contribution_event e
			WHERE e.contribution_id = c.id AND e.to_state = c.state AND e.from_state <> e.to_state) since ON true
		WHERE c.check_at IS NOT NULL
		  AND (c.state IN ('approved', 'pending', 'capture_unknown') OR c.state IN ('started', 'order_unknown') AND c.order_id IS NULL)
		GROUP BY 1`)
	if err != nil {
		return fmt.Errorf("open contributions: %w", err)
	}
	err = piles(ctx, tx, map[string]*Pile{"attention": &v.Attention}, `
		SELECT 'attention' AS pile, count(DISTINCT contribution_id) AS count, min(opened_at) AS oldest
		FROM review WHERE closed_at IS NULL`)
	if err != nil {
		return fmt.Errorf("contributions to look at: %w", err)
	}
	return nil
}

// readInbox counts webhook events that are not done with.
func readInbox(ctx context.Context, tx *sqlx.Tx, v *Vitals) error {
	// A taken event is due again after its lease, one that failed after a pause: so what is due already, nobody works on.
	err := piles(ctx, tx, map[string]*Pile{"overdue": &v.Overdue, "unsettled": &v.Unsettled, "parked": &v.Parked, "suspects": &v.Suspects}, `
		SELECT 'overdue' AS pile, count(*) AS count, min(due_at) AS oldest FROM webhook_event WHERE due_at <= $1
		UNION ALL
		SELECT 'unsettled', count(*), min(received_at) FROM webhook_event WHERE due_at IS NOT NULL AND state = 'received' AND attempts > 1
		UNION ALL
		SELECT 'parked', count(*), min(received_at) FROM webhook_event WHERE state = 'parked'
		UNION ALL
		SELECT 'suspects', count(*), max(last_seen_at) FROM suspect_delivery WHERE last_seen_at > $2`,
		v.At, v.At.Add(-suspectNews))
	if err != nil {
		return fmt.Errorf("webhook events: %w", err)
	}
	return nil
}

// lateBy is how long a job may be due before it counts as late: keepers look every second.
const lateBy = 5 * time.Minute

// readHouse counts trouble of our own: sign-ins and periodic jobs. A job that no running replica has (of a version that
// is gone) is nobody's.
func readHouse(ctx context.Context, tx *sqlx.Tx, v *Vitals) error {
	err := piles(ctx, tx, map[string]*Pile{"refusals": &v.Refusals, "late": &v.JobsLate, "failed": &v.JobsFailed}, `
		SELECT 'refusals' AS pile, coalesce(sum(repeats), 0) AS count, min(at) AS oldest, NULL AS names
		FROM (SELECT at, action, repeats FROM audit_entry ORDER BY id DESC LIMIT 1000) latest
		WHERE action = 'staff.sign_in_failed' AND at > $1
		UNION ALL
		SELECT 'late', count(*), min(due_at), string_agg(name, E'\n' ORDER BY name) FROM job
		WHERE due_at <= $2 AND (held_until IS NULL OR held_until <= $2) AND seen_at > $3
		UNION ALL
		SELECT 'failed', count(*), min(last_succeeded_at), string_agg(name, E'\n' ORDER BY name) FROM job WHERE failures >= 3 AND seen_at > $3`,
		v.At.Add(-15*time.Minute), v.At.Add(-lateBy), v.At.Add(-10*time.Minute))
	if err != nil {
		return fmt.Errorf("sign-ins and jobs: %w", err)
	}
	return nil
}
