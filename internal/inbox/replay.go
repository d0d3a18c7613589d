package inbox

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/audit"
	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/i18n"
)

// ActionReplay is the audit log's action for making an event due again. The subject is PayPal's id of the event.
const ActionReplay audit.Action = "inbox.replay"

// Replay makes events due again, whatever became of them; ids are PayPal's (WH-…) or ours. It skips those whose body
// was erased, since there is nothing left to read. It returns how many it made due. Each is recorded in the audit
// log, in the same transaction.
func (i *Inbox) Replay(ctx context.Context, ids []string, by contribution.Actor) (int, error) {
	defer i.signal()
	return Replay(ctx, i.db, ids, by, i.now())
}

// ReplayParked makes every parked event due again.
func (i *Inbox) ReplayParked(ctx context.Context, by contribution.Actor) (int, error) {
	defer i.signal()
	return ReplayParked(ctx, i.db, by, i.now())
}

// Replay is Inbox.Replay for a command, which has no inbox of its own: the running service finds the events that are
// due.
func Replay(ctx context.Context, d *db.DB, ids []string, by contribution.Actor, now time.Time) (int, error) {
	n, _, err := requeue(ctx, d, by, now, `event_id = ANY($3) OR id::text = ANY($3)`, db.Array(ids))
	return n, err
}

// replayBatch bounds a transaction of ReplayParked: after a day without PayPal there may be very many.
const replayBatch = 500

// ReplayParked is Inbox.ReplayParked for a command. If it fails midway, the events already replayed stay so.
func ReplayParked(ctx context.Context, d *db.DB, by contribution.Actor, now time.Time) (int, error) {
	total, last := 0, int64(0)
	for {
		n, latest, err := requeue(ctx, d, by, now, `
			id IN (SELECT id FROM webhook_event WHERE state = 'parked' AND id > $3 ORDER BY id LIMIT $4)`, last, replayBatch)
		total, last = total+n, max(last, latest)
		if err != nil || n < replayBatch {
			return total, err
		}
	}
}

// requeue replays the events that match a condition, whose arguments begin with $3. It returns how many, and the
// highest of our ids among them.
func requeue(
	ctx context.Context, d *db.DB, by contribution.Actor, now time.Time, which string, args ...any,
) (int, int64, error) {
	var replayed []struct {
		ID       int64  `db:"id"`
		EventID  string `db:"event_id"`
		Type     string `db:"event_type"`
		State    string `db:"state"`
		Note     string `db:"note"`
		Attempts int    `db:"attempts"`
	}
	err := d.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		replayed = nil
		// Locked, so that what the audit log calls "before" is still true if a worker finishes the event at this
		// moment.
		err := tx.SelectContext(ctx, &replayed, `
			WITH before AS (SELECT id, state, note, attempts FROM webhook_event
			                WHERE body_erased_at IS NULL AND (`+which+`) ORDER BY id FOR UPDATE)
			UPDATE webhook_event w
			SET state = 'received', attempts = 0, due_at = $1, processed_at = NULL, note = $2
			FROM before b WHERE w.id = b.id
			RETURNING w.id, w.event_id, w.event_type, b.state, b.note, b.attempts`,
			append([]any{now, i18n.New("inbox.note_replayed").String()}, args...)...)
		if err != nil {
			return fmt.Errorf("replay events: %w", err)
		}
		for _, e := range replayed {
			err := audit.Write(ctx, tx, audit.Entry{
				At: now, StaffID: by.ID, Actor: by.Name, Action: ActionReplay, Subject: e.EventID,
				Detail: map[string]string{
					"type": e.Type, "before": e.State, "after": "received", "note": e.Note, "attempts": fmt.Sprint(e.Attempts),
				},
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, 0, db.Translate(err)
	}
	highest := int64(0)
	for _, e := range replayed {
		highest = max(highest, e.ID)
	}
	return len(replayed), highest, nil
}
