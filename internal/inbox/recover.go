package inbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"readerfund/internal/batch"
	"readerfund/internal/db"
	"readerfund/internal/paypal"
)

// listed is the prefix of the transmission id of an event that came from PayPal's own list instead of a transmission.
const listed = "list:"

// Recover stores events from PayPal's own list that no delivery ever brought, and returns how many it stored. They
// are processed like any other. Such an event needs no signature: it comes from PayPal's answer to our own call. If
// its delivery comes after all, that is a duplicate.
//
// It leaves out the types that we do not handle, because nothing would be done about them.
func (i *Inbox) Recover(ctx context.Context, events []paypal.ListedEvent) (int, error) {
	fresh := 0
	var rows []*delivery
	flush := func() error {
		stored, err := i.insert(ctx, dedupe(rows))
		if err != nil {
			return db.Translate(fmt.Errorf("store listed events: %w", err))
		}
		for _, is := range stored {
			if is {
				fresh++
			}
		}
		rows = rows[:0]
		return nil
	}
	for _, e := range events {
		if !handled(e.Type) {
			continue
		}
		d, err := i.fromList(e)
		if err != nil {
			return fresh, err
		}
		if rows = append(rows, d); len(rows) == batch.Most {
			if err := flush(); err != nil {
				return fresh, err
			}
		}
	}
	if len(rows) > 0 {
		if err := flush(); err != nil {
			return fresh, err
		}
	}
	if fresh > 0 {
		i.log.InfoContext(ctx, "webhook events that no delivery brought were taken from PayPal's list", "events", fresh)
		i.signal()
	}
	return fresh, nil
}

func (i *Inbox) fromList(e paypal.ListedEvent) (*delivery, error) {
	headers, err := json.Marshal(map[string]string{"from": "PayPal's list of events"})
	if err != nil {
		return nil, err
	}
	envelope, err := e.Envelope()
	if err != nil {
		return nil, err
	}
	at := e.CreateTime
	if at.IsZero() {
		at = i.now()
	}
	return &delivery{body: e.Body, row: row{
		envelope: envelope,
		eventID:  clean(e.ID), eventType: clean(e.Type), resourceID: clean(e.ResourceID),
		transmissionID:   listed + clean(e.ID),
		transmissionTime: at.UTC().Format(time.RFC3339), headers: string(headers), state: "received",
	}}, nil
}
