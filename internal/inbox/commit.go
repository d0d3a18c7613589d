package inbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// commit stores a batch and returns the outcome of each delivery. If the batch is refused because of one row, the
// rows are stored one by one, so that one bad delivery does not fail the others.
func (i *Inbox) commit(ctx context.Context, all []*delivery) ([]outcome, error) {
	fresh, err := i.insert(ctx, dedupe(all))
	if err != nil {
		return nil, err
	}
	i.metrics.Committed(len(all))
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

// dedupe keeps one delivery of each event and of each transmission, sorted by event: two processes that insert the
// same events at once then lock them in the same order and do not deadlock.
func dedupe(all []*delivery) []*delivery {
	if len(all) == 1 {
		return all
	}
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

// compare classifies a delivery that the table did not accept: it is either a copy of what we have, or the same
// transmission with another body, which PayPal never sends.
func (i *Inbox) compare(ctx context.Context, d *delivery) (outcome, error) {
	var there []struct {
		TransmissionID string `db:"transmission_id"`
		Body           []byte `db:"body"`
		Digest         []byte `db:"body_digest"` // nil for an event stored before digests were, which has its body
	}
	err := i.db.SelectContext(ctx, &there, `
		SELECT transmission_id, body, body_digest FROM webhook_event WHERE event_id = $1 OR transmission_id = $2`,
		d.eventID, d.transmissionID)
	if err != nil {
		return "", fmt.Errorf("compare with stored events: %w", err)
	}
	known := false
	for _, t := range there {
		same := bytes.Equal(t.Body, d.body)
		if t.Digest != nil {
			digest := sha256.Sum256(d.body)
			same = bytes.Equal(t.Digest, digest[:])
		}
		if t.TransmissionID == d.transmissionID && !same {
			return suspect, i.keepSuspect(ctx, d)
		}
		// An event from PayPal's own list needs no signature; its delivery, if it comes late, has another body.
		known = known || same || strings.HasPrefix(t.TransmissionID, listed)
	}
	switch {
	case len(there) == 0:
		return "", fmt.Errorf("event %s was refused as known and is not there", d.eventID)
	case known:
		return duplicate, nil
	default:
		return i.storeVariant(ctx, d)
	}
}

// storeVariant keeps another body under an event id we have, if it came by a transmission of its own. One of the two
// may be forged, and nothing about them shows which: if the second were dropped, a forgery that comes first would
// hide the genuine event. PayPal's API decides, so we work on both; that costs one more request and books nothing
// twice.
func (i *Inbox) storeVariant(ctx context.Context, d *delivery) (outcome, error) {
	variant := *d
	variant.eventID += "/" + strings.ToUpper(d.transmissionID)
	i.log.WarnContext(ctx, "a webhook event came with two bodies: one of them may be forged", "event", d.eventID,
		"type", d.eventType)
	fresh, err := i.insert(ctx, []*delivery{&variant})
	if err != nil || !fresh[&variant] {
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
