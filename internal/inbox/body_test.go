package inbox_test

import (
	"bytes"
	"encoding/json"
	"hash/crc32"
	"testing"

	"readerfund/internal/contribution"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/migrations"
)

// asBefore puts an event where the version before keeps it: headers and body in the event's own row.
func (p *postbox) asBefore() {
	p.T.Helper()
	_, err := p.DB.Exec(`
		WITH gone AS (DELETE FROM webhook_body RETURNING *)
		UPDATE webhook_event w SET headers = g.headers, body = g.body, body_digest = NULL FROM gone g WHERE g.event_id = w.id`)
	if err != nil {
		p.T.Fatal(err)
	}
}

// An event that the version before took in is worked off, and is told from a copy and from another body.
func TestAnEventOfTheVersionBefore(t *testing.T) {
	t.Parallel()
	p := open(t)
	c, d := p.approved()
	if err := p.receive(d); err != nil {
		t.Fatal(err)
	}
	p.asBefore()
	if err := p.receive(d); err != nil || p.Count(`webhook_event`) != 1 {
		t.Errorf("a copy: %v", err)
	}
	other := d
	other.body = sameCRC(`{"id":"WH-FORGED","event_type":"PAYMENT.CAPTURE.COMPLETED"}`, crc32.ChecksumIEEE(d.body))
	if err := p.receive(other); !fault.Is(err, fault.Invalid) || p.Count(`suspect_delivery`) != 1 {
		t.Errorf("another body: %v", err)
	}
	p.work()
	if got := p.State(c.ID); got != contribution.Completed {
		t.Errorf("after the work: %s", got)
	}
}

// The row that the version before reads names all that is needed, and nobody.
func TestTheRowOfAnEventNamesNobody(t *testing.T) {
	t.Parallel()
	p := open(t)
	c, d := p.approved()
	if err := p.receive(d); err != nil {
		t.Fatal(err)
	}
	var row struct {
		Body    []byte
		Headers string
	}
	if err := p.DB.Get(&row, `SELECT body, headers::text FROM webhook_event`); err != nil {
		t.Fatal(err)
	}
	var names struct {
		ID       string
		Resource struct{ ID string }
	}
	if err := json.Unmarshal(
		row.Body,
		&names,
	); err != nil || row.Headers != "{}" || names.Resource.ID != c.Checkout.PayPalID ||
		!bytes.Contains(d.body, []byte(`"`+names.ID+`"`)) ||
		bytes.Contains(row.Body, []byte("@")) {
		t.Errorf("%v: %s %s", err, row.Headers, row.Body)
	}
}

// Taking the migration back brings bodies and headers back, but for those that were erased.
func TestBodiesComeBackWithTheSchemaOfBefore(t *testing.T) {
	t.Parallel()
	p := open(t)
	_, kept := p.approved()
	_, erased := p.approved()
	for _, d := range []delivered{kept, erased} {
		if err := p.receive(d); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.DB.Exec(`
		UPDATE webhook_event SET body = '', body_erased_at = now() WHERE body_digest = sha256($1)`, erased.body); err != nil {
		t.Fatal(err)
	}
	for {
		m, err := db.MigrateDown(t.Context(), p.DB, migrations.FS)
		if err != nil {
			t.Fatal(err)
		}
		if m.Version == 18 {
			break
		}
	}
	if n := p.Count(`webhook_event WHERE body = $1 AND headers ->> 'paypal-transmission-id' = $2 AND body_digest IS NULL`,
		kept.body, kept.header.Get("Paypal-Transmission-Id")); n != 1 {
		t.Error("a body did not come back")
	}
	if n := p.Count(`webhook_event WHERE body = '' AND body_digest = sha256($1)`, erased.body); n != 1 {
		t.Error("an erased body came back, or its digest went")
	}
}
