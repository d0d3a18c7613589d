package inbox_test

import (
	"hash/crc32"
	"strings"
	"testing"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/paypal"
	"readerfund/internal/paypal/crcforge"
)

// sameCRC is a JSON object with another body's CRC-32: the padding is a member of its own.
func sameCRC(object string, want uint32) []byte {
	return crcforge.Body(strings.TrimSuffix(object, "}")+`,"padding":"`, `"}`, want)
}

// PayPal signs a CRC-32 of the body, so whoever saw one delivery can make another that verifies. It must book nothing,
// whichever comes first, and staff must hear of it.
func TestASecondBodyUnderGenuineHeaders(t *testing.T) {
	t.Parallel()
	p := open(t)
	victim, genuine := p.approved()
	forge := func(text string) delivered {
		return delivered{genuine.header, sameCRC(text, crc32.ChecksumIEEE(genuine.body))}
	}
	forged := forge(`{"id":"WH-FORGED","event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"9XX99999XX999999X",
		"amount":{"currency_code":"EUR","value":"9999.00"},"custom_id":"` + victim.ID.String() + `"}}`)

	if err := p.receive(genuine); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := p.receive(forged); !fault.Is(err, fault.Invalid) {
			t.Fatalf("the second body: %v", err)
		}
	}
	if n := p.Count(
		`suspect_delivery WHERE copies = 3 AND event_id = 'WH-FORGED'`,
	); n != 1 ||
		p.Count(`webhook_event`) != 1 {
		t.Fatal("staff do not hear of it, or it was kept as an event")
	}
	p.work()
	if p.State(victim.ID) != contribution.Completed || p.Count(`ledger_entry WHERE amount_minor > 2500`) != 0 {
		t.Fatal("the genuine gift is not recorded, or the forged one is")
	}
}

func TestAForgedBodyThatComesFirstBooksNothing(t *testing.T) {
	t.Parallel()
	p := open(t)
	victim, genuine := p.approved()
	p.hook("orders/"+victim.Checkout.PayPalID+"/cancel", `{}`)
	forged := delivered{genuine.header, sameCRC(`{"id":"WH-FORGED","event_type":"PAYMENT.CAPTURE.COMPLETED",
		"resource":{"id":"9XX99999XX999999X","custom_id":"`+victim.ID.String()+`","amount":{"currency_code":"EUR","value":"25.00"}}}`,
		crc32.ChecksumIEEE(genuine.body))}
	if err := p.receive(forged); err != nil {
		t.Fatalf("it verifies, so it is listened to: %v", err)
	}
	p.work()
	if p.State(victim.ID) == contribution.Completed || p.Count(`ledger_entry`) != 0 || p.Count(`payment`) != 0 {
		t.Fatal("the body's word was booked")
	}
	if n := p.Count(`webhook_event WHERE state = 'parked' AND note LIKE 'PayPal does not know%'`); n != 1 {
		t.Fatal("staff do not hear of it")
	}
}

// PayPal sends again what it believes undelivered, with a new transmission and the same event id. Who got hold of the
// first sending and made another body of it must not hide the genuine one.
func TestAForgedBodyDoesNotHideTheGenuineEvent(t *testing.T) {
	t.Parallel()
	p := open(t)
	p.hook("faults", `{"kind":"duplicate_webhook","times":1}`)
	victim, genuine := p.approved()
	again := p.next("CHECKOUT.ORDER.APPROVED")
	event, err := paypal.ParseEvent(genuine.body)
	if err != nil {
		t.Fatal(err)
	}
	forged := delivered{
		genuine.header,
		sameCRC(`{"id":"`+event.ID+`","event_type":"PAYMENT.CAPTURE.REFUNDED","resource":{"id":"9XX99999XX999999X"}}`,
			crc32.ChecksumIEEE(genuine.body)),
	}
	if err := p.receive(forged); err != nil {
		t.Fatalf("it verifies, so it is listened to: %v", err)
	}
	for range 2 {
		if err := p.receive(again); err != nil {
			t.Fatal(err)
		}
	}
	if n := p.Count(`webhook_event`); n != 2 {
		t.Fatalf("%d events are kept, not both", n)
	}
	p.work()
	if p.State(victim.ID) != contribution.Completed {
		t.Fatalf("the genuine event was not heard: %s", p.State(victim.ID))
	}
}
