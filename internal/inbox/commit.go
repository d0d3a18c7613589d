package inbox

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"readerfund/internal/db"
)

// commit stores a batch and says for each delivery what became of it. Where the batch as a whole is refused because of
// one row, the rows are stored one by one, so that a poisoned delivery does not take others with it.
func (i *Inbox) commit(ctx context.Context, all []*delivery) ([]outcome, error) {
	i.metrics.Committed(len(all))
	fresh, err := i.insert(ctx, firsts(all))
	if err != nil {
		return nil, err
	}
	outcomes := make([]outcome, len(all))
	var doubtful []int
	for n, d := range all {
		if fresh[d] {
			outcomes[n] = stored
		} else {
			doubtful = append(doubtful, n)
		}
	}
	for _, n := range doubtful {
		if outcomes[n], err = i.compare(ctx, all[n]); err != nil {
			return nil, err
		}
	}
	return outcomes, nil
}

// firsts leaves one delivery of each event and of each transmission, sorted by event: two processes that insert the
// same events at once then wait for each other in one order and do not deadlock.
func firsts(all []*delivery) []*delivery {
	events, transmissions := map[string]bool{}, map[string]bool{}
	var once []*delivery
	for _, d := range all {
		if events[d.eventID] || transmissions[d.transmissionID] {
			continue
		}
		events[d.eventID], transmissions[d.transmissionID] = true, true
		once = append(once, d)
	}
	slices.SortFunc(once, func(a, b *delivery) int { return strings.Compare(a.eventID, b.eventID) })
	return once
}

// insertAttempts is how often an INSERT that lost against another one is done again.
const insertAttempts = 3

// insert adds what is new in one statement, which is its own transaction: one round trip, one commit. It tells which
// rows were new.
func (i *Inbox) insert(ctx context.Context, rows []*delivery) (map[*delivery]bool, error) {
	var err error
	for range insertAttempts {
		var ids []string
		if ids, err = i.insertOnce(ctx, rows); err == nil {
			fresh := make(map[*delivery]bool, len(rows))
			for _, d := range rows {
				fresh[d] = slices.Contains(ids, d.eventID)
			}
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

// notNeeded is the note of an event that is only kept.
const notNeeded = "News of this kind changes nothing here. It is kept, and nothing else is done."

func (i *Inbox) insertOnce(ctx context.Context, rows []*delivery) ([]string, error) {
	now := i.now().UTC()
	// One row of parameters for each delivery, so that the bodies travel as bytes. DO NOTHING names no constraint: an
	// event we have and a transmission we have are both no news, and an engine that shards renames constraints.
	const columns = 9
	var statement strings.Builder
	statement.WriteString(`
		INSERT INTO webhook_event (event_id, transmission_id, transmission_time, event_type, resource_id, headers, body, received_at, state, note, due_at)
		VALUES `)
	args := make([]any, 0, columns*len(rows))
	for n, d := range rows {
		if n > 0 {
			statement.WriteString(", ")
		}
		p := n * columns
		fmt.Fprintf(&statement, "($%d, $%d, $%d::timestamptz, $%d, $%d, $%d::jsonb, $%d, $%d::timestamptz, $%d, CASE WHEN $%d = 'ignored' THEN '"+notNeeded+"' ELSE '' END, CASE WHEN $%d = 'received' THEN $%d::timestamptz END)",
			p+1, p+2, p+3, p+4, p+5, p+6, p+7, p+8, p+9, p+9, p+9, p+8)
		args = append(args, d.eventID, d.transmissionID, d.transmissionTime, d.eventType, d.resourceID, d.headers, d.body, now.Format(time.RFC3339Nano), d.state)
	}
	statement.WriteString(` ON CONFLICT DO NOTHING RETURNING event_id`)
	var ids []string
	err := i.db.SelectContext(ctx, &ids, statement.String(), args...)
	return ids, err
}

// compare says what a delivery is that the table did not take: a copy of what we have, or the same transmission with
// another body, which PayPal never sends.
func (i *Inbox) compare(ctx context.Context, d *delivery) (outcome, error) {
	var there []struct {
		TransmissionID string `db:"transmission_id"`
		Body           []byte `db:"body"`
	}
	err := i.db.SelectContext(ctx, &there, `
		SELECT transmission_id, body FROM webhook_event WHERE event_id = $1 OR transmission_id = $2`, d.eventID, d.transmissionID)
	if err != nil {
		return "", fmt.Errorf("compare with stored events: %w", err)
	}
	known := false
	for _, t := range there {
		same := bytes.Equal(t.Body, d.body)
		if t.TransmissionID == d.transmissionID && !same {
			return suspect, i.keepSuspect(ctx, d)
		}
		// What PayPal's own list told us needs no signature, and the delivery that comes late is written another way.
		known = known || same || strings.HasPrefix(t.TransmissionID, listed)
	}
	switch {
	case len(there) == 0:
		return "", fmt.Errorf("event %s was refused as known and is not there", d.eventID)
	case known:
		return duplicate, nil
	default:
		return i.storeBeside(ctx, d)
	}
}

// storeBeside keeps another body under an event id we have, when it came by a transmission of its own. One of the two may
// be forged, and nothing about them says which: were the second one dropped, a forgery that comes first would hide the
// genuine event. The API decides, so both are worked on; that costs a question and books nothing twice.
func (i *Inbox) storeBeside(ctx context.Context, d *delivery) (outcome, error) {
	beside := *d
	beside.eventID += "/" + strings.ToUpper(d.transmissionID)
	i.log.WarnContext(ctx, "a webhook event came with two bodies: one of them may be forged", "event", d.eventID, "type", d.eventType)
	fresh, err := i.insert(ctx, []*delivery{&beside})
	if err != nil || !fresh[&beside] {
		return duplicate, err
	}
	return stored, nil
}

// keepSuspect keeps the first body of its kind for staff to look at, and counts the others.
func (i *Inbox) keepSuspect(ctx context.Context, d *delivery) error {
	now := i.now().UTC()
	_, err := i.db.ExecContext(ctx, `
		INSERT INTO suspect_delivery (transmission_id, event_id, event_type, headers, body, first_seen_at, last_seen_at)
		VALUES ($1, $2, $3, $4::jsonb, $5, $6, $6)
		ON CONFLICT (transmission_id) DO UPDATE SET copies = suspect_delivery.copies + 1, last_seen_at = excluded.last_seen_at`,
		d.transmissionID, d.eventID, d.eventType, d.headers, d.body, now)
	if err != nil {
		return fmt.Errorf("keep suspect delivery: %w", err)
	}
	return nil
}
