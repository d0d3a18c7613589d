package inbox

import (
	"context"
	"fmt"
	"strings"
	"time"

	"readerfund/internal/db"
)

// insertAttempts is how often an INSERT that conflicted with another one is tried.
const insertAttempts = 3

// insert adds new rows in one statement, which is its own transaction: one round trip, one commit. It reports which
// rows were new.
func (i *Inbox) insert(ctx context.Context, rows []*delivery) (map[*delivery]bool, error) {
	var err error
	for range insertAttempts {
		var fresh map[*delivery]bool
		if len(rows) == 1 {
			fresh, err = i.insertOne(ctx, rows[0])
		} else {
			fresh, err = i.insertMany(ctx, rows)
		}
		if err == nil {
			return fresh, nil
		}
		if state := db.SQLState(err); state != "40001" && state != "40P01" {
			break
		}
	}
	if len(rows) > 1 && strings.HasPrefix(db.SQLState(err), "22") { // a value one of the rows carries is not storable
		return i.insertEach(ctx, rows)
	}
	return nil, fmt.Errorf("insert webhook events: %w", err)
}

func (i *Inbox) insertEach(ctx context.Context, rows []*delivery) (map[*delivery]bool, error) {
	fresh := make(map[*delivery]bool, len(rows))
	for _, d := range rows {
		one, err := i.insert(ctx, []*delivery{d})
		if err != nil {
			return nil, err
		}
		fresh[d] = one[d]
	}
	return fresh, nil
}

// insertOne and insertMany run the same INSERT. DO NOTHING names no constraint: a known event and a known
// transmission are both nothing new, and a database that shards renames constraints.
//
// A single row has its own statement because every statement is planned anew (docs/decisions/0008), and this one is
// the cheapest to plan.
func (i *Inbox) insertOne(ctx context.Context, d *delivery) (map[*delivery]bool, error) {
	now := i.now().UTC().Format(time.RFC3339Nano)
	var due any
	if d.state == "received" {
		due = now
	}
	done, err := i.db.ExecContext(ctx, `
		WITH kept AS (
			INSERT INTO webhook_event (event_id, transmission_id, transmission_time, event_type, resource_id, headers, body,
			                           body_digest, state, note, received_at, due_at)
			VALUES ($1, $2, $3, $4, $5, '{}', $6, sha256($8::bytea), $9, $10, $11, $12)
			ON CONFLICT DO NOTHING RETURNING id)
		INSERT INTO webhook_body (event_id, headers, body) SELECT id, $7::jsonb, $8::bytea FROM kept`,
		d.eventID, d.transmissionID, d.transmissionTime, d.eventType, d.resourceID, d.envelope, d.headers, d.body, d.state,
		d.note, now, due)
	if err != nil {
		return nil, err
	}
	n, err := done.RowsAffected()
	return map[*delivery]bool{d: n == 1}, err
}

// insertMany passes each column of the batch as one parameter, so that the statement is as short for a hundred rows
// as for two: with a list of rows, the server would have to parse and plan each row.
func (i *Inbox) insertMany(ctx context.Context, rows []*delivery) (map[*delivery]bool, error) {
	texts := func(of func(*delivery) string) any { return db.Texts(db.Column(rows, of)) }
	blobs := func(of func(*delivery) []byte) any { return db.Blobs(db.Column(rows, of)) }
	var ids []string
	err := i.db.SelectContext(ctx, &ids, `
		WITH delivery AS (
			SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::text[],
			                     $8::bytea[], $9::text[], $10::text[])
				AS d (event_id, transmission_id, transmission_time, event_type, resource_id, envelope, headers, body, state, note)),
		kept AS (
			INSERT INTO webhook_event (event_id, transmission_id, transmission_time, event_type, resource_id, headers, body,
			                           body_digest, state, note, received_at, due_at)
			SELECT event_id, transmission_id, transmission_time::timestamptz, event_type, resource_id, '{}', envelope,
			       sha256(body), state, note, $11::timestamptz, CASE WHEN state = 'received' THEN $11::timestamptz END
			FROM delivery
			ON CONFLICT DO NOTHING RETURNING id, event_id),
		bodies AS (
			INSERT INTO webhook_body (event_id, headers, body)
			SELECT k.id, d.headers::jsonb, d.body FROM kept k JOIN delivery d ON d.event_id = k.event_id)
		SELECT event_id FROM kept`,
		texts(func(d *delivery) string { return d.eventID }), texts(func(d *delivery) string { return d.transmissionID }),
		texts(func(d *delivery) string { return d.transmissionTime }), texts(func(d *delivery) string { return d.eventType }),
		texts(func(d *delivery) string { return d.resourceID }), blobs(func(d *delivery) []byte { return d.envelope }),
		texts(func(d *delivery) string { return d.headers }), blobs(func(d *delivery) []byte { return d.body }),
		texts(func(d *delivery) string { return d.state }), texts(func(d *delivery) string { return d.note }),
		i.now().UTC().Format(time.RFC3339Nano))
	if err != nil {
		return nil, err
	}
	added := make(map[string]bool, len(ids))
	for _, id := range ids {
		added[id] = true
	}
	fresh := make(map[*delivery]bool, len(rows))
	for _, d := range rows {
		fresh[d] = added[d.eventID]
	}
	return fresh, nil
}
