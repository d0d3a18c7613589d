package inbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/i18n"
	"readerfund/internal/paypal"
)

// LargestBody is how much of a delivery is read, in bytes. PayPal's largest known events are a few KiB.
const LargestBody = 128 << 10

// CheckHeaders is the part of Receive that needs no body: if it returns a fault.Invalid, the body need not be read.
func (i *Inbox) CheckHeaders(ctx context.Context, header http.Header) error {
	if err := i.verifier.CheckHeaders(header); err != nil {
		return i.refuse(ctx, err)
	}
	return nil
}

// refuse returns the error for a delivery that is not PayPal's.
func (i *Inbox) refuse(ctx context.Context, reason error) error {
	i.metrics.Delivery("refused")
	i.throttled.InfoContext(ctx, "refused a webhook delivery", "reason", reason)
	return fault.Input("", "inbox.not_genuine")
}

// RecallCertificates gives the verifier the certificates that signed the deliveries kept last, so that it fetches
// these again after a start even if many made-up ones are requested at the same time.
func (i *Inbox) RecallCertificates(ctx context.Context) error {
	var addresses []string
	err := i.db.SelectContext(ctx, &addresses, `
		SELECT DISTINCT address
		FROM (SELECT coalesce(b.headers, w.headers)->>'paypal-cert-url' AS address
		      FROM webhook_event w LEFT JOIN webhook_body b ON b.event_id = w.id ORDER BY w.id DESC LIMIT 200) latest
		WHERE address <> '' LIMIT 8`)
	if err != nil {
		return fmt.Errorf("recall certificates: %w", db.Translate(err))
	}
	i.verifier.Remember(addresses)
	return nil
}

// Receive verifies one delivery over its raw bytes and stores it. Nil means that the event is committed, now or by an
// earlier copy. Errors: fault.Invalid for a delivery that is not PayPal's; fault.Unavailable when we could not judge
// or could not store it, so that PayPal sends it again.
func (i *Inbox) Receive(ctx context.Context, header http.Header, body []byte) error {
	if len(body) > LargestBody {
		i.metrics.Delivery("refused")
		return fault.New(fault.TooLarge, "inbox.too_large", fault.Args{"max": LargestBody})
	}
	d, err := i.verify(ctx, header, body)
	if err != nil {
		return err
	}
	outcome, err := i.deliveries.Do(ctx, d)
	if err != nil {
		i.metrics.Delivery("unavailable")
		i.log.ErrorContext(ctx, "webhook delivery not stored", "event", d.eventID, "error", err)
		return fault.Wrap(err, fault.Unavailable, "inbox.not_stored")
	}
	i.metrics.Delivery(string(outcome))
	switch outcome {
	case suspect:
		i.throttled.WarnContext(ctx,
			"refused a webhook delivery whose transmission came before with another body: it may be forged",
			"event", d.eventID, "type", d.eventType)
		return fault.Input("", "inbox.other_body")
	case stored:
		if d.state == "received" { // rows in any other state need no processing
			i.signal()
		}
	case duplicate:
	}
	return nil
}

func (i *Inbox) verify(ctx context.Context, header http.Header, body []byte) (*delivery, error) {
	signed, err := i.verifier.Verify(ctx, header, body)
	if err == nil && i.now().Sub(signed.TransmissionTime) > oldest {
		err = fmt.Errorf("%w: it was signed at %s", paypal.ErrForged, signed.TransmissionTime.Format(time.RFC3339))
	}
	if errors.Is(err, paypal.ErrForged) {
		return nil, i.refuse(ctx, err)
	}
	if err != nil {
		i.metrics.Delivery("unavailable")
		i.throttled.WarnContext(ctx, "webhook delivery cannot be judged", "error", err)
		return nil, fault.Wrap(err, fault.Unavailable, "inbox.not_verified")
	}
	event, err := paypal.ParseEvent(body)
	if err != nil {
		// PayPal has signed it, so it may carry news: it is kept for a person to look at, under an id that we make
		// up.
		i.log.WarnContext(ctx, "a webhook delivery verifies and is no event", "transmission",
			signed.TransmissionID, "error", err)
		event = paypal.Event{ID: unreadable + strings.ToUpper(signed.TransmissionID), Type: unreadableType}
	}
	return newDelivery(signed, event, header, body)
}

// oldest is the age beyond which a delivery is refused even though its signature is valid. PayPal retries for 3 days
// and sends an event again by hand for 30; an older one is a replayed recording. A transmission time in the future
// needs no check: it is signed, so only PayPal can set it.
const oldest = 40 * 24 * time.Hour

// The id and the type stored for an event that cannot be read. PayPal's have neither shape.
const (
	unreadable     = "UNREADABLE/"
	unreadableType = "(unreadable)"
)

// delivery is one verified webhook delivery, ready to be stored.
type delivery struct {
	row
	body []byte
}

// row is what the tables store beside the body. envelope is what the event names, for the worker.
type row struct {
	envelope []byte

	eventID, eventType, resourceID, transmissionID, transmissionTime, headers, state, note string
}

func newDelivery(signed paypal.Delivery, event paypal.Event, header http.Header, body []byte) (*delivery, error) {
	envelope, err := event.Envelope()
	if err != nil {
		return nil, fmt.Errorf("write the envelope of %s: %w", event.ID, err)
	}
	d := &delivery{body: body, row: row{
		envelope: envelope,
		eventID:  clean(event.ID), eventType: clean(event.Type), resourceID: clean(event.ResourceID),
		transmissionID: signed.TransmissionID, transmissionTime: signed.TransmissionTime.UTC().Format("2006-01-02T15:04:05Z"),
		headers: evidence(header), state: "received",
	}}
	if !handled(event.Type) && event.Type != unreadableType {
		d.state, d.note = "ignored", i18n.New("inbox.note_kept").String()
	}
	return d, nil
}

// clean makes a text storable: PostgreSQL accepts neither NUL nor invalid UTF-8. The raw body is kept as it came.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// outcome is the result of storing a delivery.
type outcome string

const (
	stored    outcome = "stored"
	duplicate outcome = "duplicate" // we have the event
	suspect   outcome = "suspect"   // we have the transmission, with another body
)
