package health

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Silence is how many gifts in a row, counted back from the latest, brought no webhook. Every capture makes PayPal send
// at least one event, so this measures by gifts and not by time: a newsroom that gets two gifts a day hears nothing
// most of the time and all is well; one that gets ten a minute must hear within minutes.
//
// A gift counts once PayPal has had time to report it, and for a week. It counts as heard if any event exists for it,
// whatever the event's outcome. A gift that we learned about long after it happened (by reconciliation, after a backup
// was restored) does not count: PayPal reported it elsewhere.
type Silence struct {
	Run   int64     // gifts in a row without any event; at most silenceSample
	Since time.Time // when the first of them was booked; zero without any
	Last  time.Time // and the last
}

const (
	silenceGrace  = 5 * time.Minute    // PayPal's events come within seconds; this is their time
	silenceReach  = 7 * 24 * time.Hour // gifts older than this say nothing of today
	silenceLate   = time.Hour          // booked longer after the capture than this: found late, in another way
	silenceSample = 50                 // gifts examined
	// the newest payments among which gifts are searched for: a month's for most newsrooms, an hour's for the largest
	silenceWindow = 20000
)

// readSilence walks back over the latest gifts.
func readSilence(ctx context.Context, tx *sqlx.Tx, s *Snapshot) error {
	var gifts []struct {
		At    time.Time `db:"recorded_at"`
		Heard bool      `db:"heard"`
	}
	// Payments are numbered as they are booked, so the newest are found from the end of the primary key; each step is
	// MATERIALIZED so that only the few remaining rows are joined. An event that is still being processed, or was
	// parked, does not name its contribution yet, only the order or the capture.
	err := tx.SelectContext(ctx, &gifts, `
		WITH newest AS MATERIALIZED (
			SELECT id, contribution_id, kind, paypal_id, occurred_at, recorded_at FROM payment ORDER BY id DESC LIMIT $1
		), latest AS MATERIALIZED (
			SELECT * FROM newest
			WHERE kind = 'capture' AND recorded_at <= $2 AND recorded_at > $3
				AND recorded_at < occurred_at + $4 * interval '1 second'
			ORDER BY id DESC LIMIT $5
		), gift AS MATERIALIZED (
			SELECT p.id, p.contribution_id, p.paypal_id, p.recorded_at, c.order_id
			FROM latest p JOIN contribution c ON c.id = p.contribution_id
			WHERE c.order_id IS NOT NULL
		)
		SELECT g.recorded_at,
		       EXISTS (SELECT 1 FROM webhook_event w WHERE w.contribution_id = g.contribution_id)
		       OR EXISTS (SELECT 1 FROM webhook_event w WHERE w.due_at IS NOT NULL
			AND w.resource_id IN (g.paypal_id, g.order_id))
		       OR EXISTS (SELECT 1 FROM webhook_event w WHERE w.state = 'parked'
			AND w.resource_id IN (g.paypal_id, g.order_id)) AS heard
		FROM gift g ORDER BY g.id DESC`,
		silenceWindow, s.At.Add(-silenceGrace), s.At.Add(-silenceReach), int64(silenceLate.Seconds()), silenceSample)
	if err != nil {
		return fmt.Errorf("gifts without news: %w", err)
	}
	for _, g := range gifts {
		if g.Heard {
			break
		}
		if s.Silence.Run == 0 {
			s.Silence.Last = g.At.UTC()
		}
		s.Silence.Run++
		s.Silence.Since = g.At.UTC()
	}
	return nil
}
