package dashboard_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"readerfund/internal/dashboard"
	"readerfund/internal/fault"
	"readerfund/internal/health"
)

// webhook is an event as a test describes it.
type webhook struct {
	event, kind, resource, state, headers, body string
	at                                          time.Time
	about                                       uuid.UUID
}

func (b *book) webhook(w webhook) int64 {
	b.t.Helper()
	for field, plain := range map[*string]string{
		&w.state: "applied", &w.headers: `{"Paypal-Transmission-Sig": ["c2lnbmF0dXJl"], "Paypal-Auth-Algo": "SHA256withRSA"}`,
		&w.body: `{"id": "WH"}`,
	} {
		if *field == "" {
			*field = plain
		}
	}
	return b.ID(`INSERT INTO webhook_event (event_id, transmission_id, transmission_time, event_type, resource_id, headers, body, received_at, state, contribution_id)
		VALUES ($1, 't-' || $1, $2, $3, $4, $5::text::jsonb, $6, $2, $7, $8) RETURNING id`,
		w.event, w.at, w.kind, w.resource, w.headers, []byte(w.body), w.state,
		uuid.NullUUID{UUID: w.about, Valid: w.about != uuid.Nil})
}

func TestInboxPages(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	r := dashboard.New(b.DB, time.UTC)
	g := b.Give(gift{At: at("2026-11-22T12:00:00Z"), State: "created"})
	states := dashboard.WebhookStates()
	for i := range 23 {
		b.webhook(webhook{
			event: fmt.Sprintf("WH-%d", i), resource: fmt.Sprintf("RES%d", i), state: states[i%4], at: g.At, about: g.ID,
		})
	}
	read := func(q dashboard.InboxQuery) []string {
		var all []string
		for {
			page, err := r.Inbox(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range page.Webhooks {
				if w.Receipt != g.Receipt || w.ContributionID != g.ID {
					t.Errorf("got %+v", w)
				}
				all = append(all, w.EventID)
			}
			if q.After = page.Next; q.After == "" {
				return all
			}
		}
	}
	if all := read(dashboard.InboxQuery{Limit: 5}); len(all) != 23 || all[0] != "WH-22" || all[22] != "WH-0" {
		t.Errorf("got %v", all)
	}
	if parked := read(
		dashboard.InboxQuery{State: "parked", Limit: 2},
	); strings.Join(parked, " ") != "WH-19 WH-15 WH-11 WH-7 WH-3" {
		t.Errorf("got %v", parked)
	}
	for _, text := range []string{"WH-7", " wh-7 ", "RES7"} {
		if found := read(dashboard.InboxQuery{Search: text}); !slices.Equal(found, []string{"WH-7"}) {
			t.Errorf("search %q: %v", text, found)
		}
	}
	for _, q := range []dashboard.InboxQuery{
		{State: "lost"}, {After: "x"}, {After: "99999999999999999999"}, {Limit: 501}, {Search: "\x00"},
	} {
		if _, err := r.Inbox(t.Context(), q); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: got %v", q, err)
		}
	}
}

func TestWebhookIsShownWithoutItsSignature(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	r := dashboard.New(b.DB, time.UTC)
	id := b.webhook(webhook{event: "WH-1", kind: "X", at: at("2026-11-22T12:00:00Z"), body: "{\"a\": \x01\xff"})
	for _, where := range []string{"in the event's row", "apart"} {
		w, err := r.Webhook(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if string(w.Body) != "{\"a\": \x01\xff" || fmt.Sprint(w.Headers) != "map[Paypal-Auth-Algo:[SHA256withRSA]]" ||
			w.EventID != "WH-1" || w.ContributionID != uuid.Nil {
			t.Errorf("%s: got %+v", where, w)
		}
		b.Exec(`INSERT INTO webhook_body (event_id, headers, body) SELECT id, headers, body FROM webhook_event ON CONFLICT DO NOTHING`)
		b.Exec(`UPDATE webhook_event SET headers = '{}', body = '{}'`)
	}
	if _, err := r.Webhook(t.Context(), id+1); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
}

func TestAttentionAndSuspects(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	r := dashboard.New(b.DB, time.UTC)
	when := at("2026-11-22T12:00:00Z")
	if a, err := health.New(b.DB).Attention(t.Context(), when); err != nil || !a.None() {
		t.Fatalf("got %+v, %v", a, err)
	}
	b.Give(gift{At: when, State: "created", Attention: "The amount is another one."})
	b.webhook(webhook{event: "WH-1", state: "parked", at: when})
	original := b.webhook(webhook{event: "WH-2", at: when})
	for i, transmission := range []string{"t-WH-2", "t-gone"} {
		b.Exec(`INSERT INTO suspect_delivery (transmission_id, event_id, event_type, headers, body, copies, first_seen_at, last_seen_at)
			VALUES ($1, 'WH-9', 'PAYMENT.CAPTURE.COMPLETED', '{}', ''::bytea, 3, $2, $2)`, transmission,
			when.Add(time.Duration(-i)*time.Hour))
	}
	want := health.Attention{Contributions: 1, Parked: 1, Suspects: 2}
	if a, err := health.New(b.DB).Attention(t.Context(), when); err != nil || a != want {
		t.Errorf("got %+v, %v", a, err)
	}
	got, err := r.Suspects(t.Context(), when, 10)
	if err != nil || len(got) != 2 || got[0].OriginalID != original || got[1].OriginalID != 0 || got[0].Copies != 3 ||
		!got[0].LastSeenAt.Equal(when) {
		t.Errorf("got %+v, %v", got, err)
	}
	// A day later it is no news any more, and a month later gone from the list: it must not mark the overview for ever.
	later := when.Add(25 * time.Hour)
	if a, err := health.New(b.DB).Attention(t.Context(), later); err != nil || a.Suspects != 0 {
		t.Errorf("a day later: %+v, %v", a, err)
	}
	if got, err := r.Suspects(t.Context(), later, 10); err != nil || len(got) != 2 {
		t.Errorf("a day later the list has %d, %v", len(got), err)
	}
	if got, err := r.Suspects(t.Context(), when.AddDate(0, 0, 31), 10); err != nil || len(got) != 0 {
		t.Errorf("a month later the list has %d, %v", len(got), err)
	}
}
