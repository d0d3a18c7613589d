package dashboard

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"readerfund/internal/db"
	"readerfund/internal/fault"
)

// Delivery is a webhook request as it arrived. The signature is left out of the headers: together with the body it
// would be half of what an attacker needs to forge another one, because PayPal signs only a checksum of the body.
type Delivery struct {
	Headers map[string][]string
	Body    []byte
}

// WebhookDelivery is an event with what was delivered.
type WebhookDelivery struct {
	Webhook
	Delivery
	ErasedAt time.Time // when headers and body were deleted; zero while they are kept
}

// Webhook returns one event. The error is fault.NotFound if there is none.
func (v *Views) Webhook(ctx context.Context, id int64) (WebhookDelivery, error) {
	var row struct {
		webhookRow
		Headers  string       `db:"headers"`
		Body     []byte       `db:"body"`
		ErasedAt sql.NullTime `db:"body_erased_at"`
	}
	err := v.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := tx.GetContext(ctx, &row.webhookRow, selectWebhook+` WHERE w.id = $1`, id); err != nil {
			return err
		}
		return tx.QueryRowxContext(ctx, `
			SELECT coalesce(b.headers, w.headers)::text, coalesce(b.body, w.body), w.body_erased_at
			FROM webhook_event w LEFT JOIN webhook_body b ON b.event_id = w.id WHERE w.id = $1`, id).
			Scan(&row.Headers, &row.Body, &row.ErasedAt)
	})
	if db.IsNotFound(err) {
		return WebhookDelivery{}, fault.New(fault.NotFound, "inbox.not_found")
	}
	if err != nil {
		return WebhookDelivery{}, fmt.Errorf("read webhook event: %w", err)
	}
	delivery, err := newDelivery(row.Headers, row.Body)
	return WebhookDelivery{Webhook: row.webhook(), Delivery: delivery, ErasedAt: utc(row.ErasedAt)}, err
}

// newDelivery parses headers as the inbox stores them: a JSON object of strings or of lists of strings.
func newDelivery(headers string, body []byte) (Delivery, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal([]byte(headers), &raw); err != nil {
		return Delivery{}, fmt.Errorf("read headers: %w", err)
	}
	d := Delivery{Headers: map[string][]string{}, Body: body}
	for name, value := range raw {
		if strings.EqualFold(name, "Paypal-Transmission-Sig") {
			continue
		}
		var one string
		var many []string
		if json.Unmarshal(value, &one) == nil {
			many = []string{one}
		} else if err := json.Unmarshal(value, &many); err != nil {
			return Delivery{}, fmt.Errorf("read header %s: %w", name, err)
		}
		d.Headers[name] = many
	}
	return d, nil
}

// Suspect is a delivery that was refused although its signature is valid: it came under the transmission id of another
// body.
type Suspect struct {
	TransmissionID string
	EventID        string
	Type           string
	Copies         int64
	FirstSeenAt    time.Time
	LastSeenAt     time.Time
	OriginalID     int64 // the event that had the transmission id first; 0 if we do not have it
}

// suspectList is how long a suspect delivery stays in the list: as long as PayPal may send its original again.
const suspectList = 30 * 24 * time.Hour

// Suspects lists the latest deliveries refused within the thirty days before a time, at most limit.
func (v *Views) Suspects(ctx context.Context, now time.Time, limit int) ([]Suspect, error) {
	var rows []struct {
		TransmissionID string        `db:"transmission_id"`
		EventID        string        `db:"event_id"`
		Type           string        `db:"event_type"`
		Copies         int64         `db:"copies"`
		FirstSeenAt    time.Time     `db:"first_seen_at"`
		LastSeenAt     time.Time     `db:"last_seen_at"`
		OriginalID     sql.NullInt64 `db:"original_id"`
	}
	err := v.db.InReadTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, `
			SELECT s.transmission_id, s.event_id, s.event_type, s.copies, s.first_seen_at, s.last_seen_at, w.id AS original_id
			FROM suspect_delivery s LEFT JOIN webhook_event w ON w.transmission_id = s.transmission_id
			WHERE s.last_seen_at > $2 ORDER BY s.last_seen_at DESC, s.transmission_id LIMIT $1`, limit, now.Add(-suspectList))
	})
	if err != nil {
		return nil, fmt.Errorf("read suspect deliveries: %w", err)
	}
	suspects := make([]Suspect, len(rows))
	for i, row := range rows {
		suspects[i] = Suspect{
			TransmissionID: row.TransmissionID, EventID: row.EventID, Type: row.Type, Copies: row.Copies,
			FirstSeenAt: row.FirstSeenAt.UTC(), LastSeenAt: row.LastSeenAt.UTC(), OriginalID: row.OriginalID.Int64,
		}
	}
	return suspects, nil
}
