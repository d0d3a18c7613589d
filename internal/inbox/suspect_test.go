package inbox_test

import (
	"bytes"
	"hash/crc32"
	"testing"

	"readerfund/internal/contribution"
	"readerfund/internal/fault"
	"readerfund/internal/paypal"
)

// sameCRC makes a body that starts with text and has the CRC-32 of another: it appends white space, which JSON allows,
// and chooses spaces and tabs. A CRC is linear, so which of them to choose is a system of 32 equations.
func sameCRC(t *testing.T, text []byte, want uint32) []byte {
	t.Helper()
	const free = 64
	body := append(bytes.Clone(text), bytes.Repeat([]byte(" "), free)...)
	base := crc32.ChecksumIEEE(body)
	type equation struct {
		effect uint32 // on the checksum
		chosen uint64 // by which flips
	}
	var basis [32]*equation
	reduce := func(e equation) equation {
		for bit := 31; bit >= 0; bit-- {
			if e.effect>>bit&1 == 1 && basis[bit] != nil {
				e.effect ^= basis[bit].effect
				e.chosen ^= basis[bit].chosen
			}
		}
		return e
	}
	for n := range free {
		at := len(text) + n
		body[at] = '\t'
		e := reduce(equation{crc32.ChecksumIEEE(body) ^ base, 1 << n})
		body[at] = ' '
		for bit := 31; bit >= 0; bit-- {
			if e.effect>>bit&1 == 1 {
				basis[bit] = &e
				break
			}
		}
	}
	answer := reduce(equation{effect: want ^ base})
	for n := range free {
		if answer.chosen>>n&1 == 1 {
			body[len(text)+n] = '\t'
		}
	}
	if crc32.ChecksumIEEE(body) != want {
		t.Fatal("no such body was found")
	}
	return body
}

// PayPal signs a CRC-32 of the body, so whoever saw one delivery can make another that verifies. It must book nothing,
// whichever comes first, and staff must hear of it.
func TestASecondBodyUnderGenuineHeaders(t *testing.T) {
	t.Parallel()
	p := open(t)
	victim, genuine := p.approved()
	forge := func(text string) delivered {
		return delivered{genuine.header, sameCRC(t, []byte(text), crc32.ChecksumIEEE(genuine.body))}
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
	if n := p.count(`suspect_delivery WHERE copies = 3 AND event_id = 'WH-FORGED'`); n != 1 || p.count(`webhook_event`) != 1 {
		t.Fatal("staff do not hear of it, or it was kept as an event")
	}
	p.work()
	if p.state(victim) != contribution.Completed || p.count(`ledger_entry WHERE amount_minor > 2500`) != 0 {
		t.Fatal("the genuine gift is not recorded, or the forged one is")
	}
}

func TestAForgedBodyThatComesFirstBooksNothing(t *testing.T) {
	t.Parallel()
	p := open(t)
	victim, genuine := p.approved()
	p.hook("orders/"+victim.OrderID+"/cancel", `{}`)
	forged := delivered{genuine.header, sameCRC(t, []byte(`{"id":"WH-FORGED","event_type":"PAYMENT.CAPTURE.COMPLETED",
		"resource":{"id":"9XX99999XX999999X","custom_id":"`+victim.ID.String()+`","amount":{"currency_code":"EUR","value":"25.00"}}}`),
		crc32.ChecksumIEEE(genuine.body))}
	if err := p.receive(forged); err != nil {
		t.Fatalf("it verifies, so it is listened to: %v", err)
	}
	p.work()
	if p.state(victim) == contribution.Completed || p.count(`ledger_entry`) != 0 || p.count(`payment`) != 0 {
		t.Fatal("the body's word was booked")
	}
	if n := p.count(`webhook_event WHERE state = 'parked' AND note LIKE 'PayPal does not know%'`); n != 1 {
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
	forged := delivered{genuine.header, sameCRC(t, []byte(`{"id":"`+event.ID+`","event_type":"PAYMENT.CAPTURE.REFUNDED","resource":{"id":"9XX99999XX999999X"}}`),
		crc32.ChecksumIEEE(genuine.body))}
	if err := p.receive(forged); err != nil {
		t.Fatalf("it verifies, so it is listened to: %v", err)
	}
	for range 2 {
		if err := p.receive(again); err != nil {
			t.Fatal(err)
		}
	}
	if n := p.count(`webhook_event`); n != 2 {
		t.Fatalf("%d events are kept, not both", n)
	}
	p.work()
	if p.state(victim) != contribution.Completed {
		t.Fatalf("the genuine event was not heard: %s", p.state(victim))
	}
}
