package inbox

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"readerfund/internal/db/dbtest"
)

func storable(n int, state string) *delivery {
	return &delivery{body: fmt.Appendf(nil, "body\x00\xff %d", n), row: row{
		envelope:         []byte(`{"id": "WH"}`),
		eventID:          fmt.Sprintf("WH-%d", n),
		eventType:        "A.B",
		resourceID:       "R",
		transmissionID:   fmt.Sprintf("T-%d", n),
		transmissionTime: "2026-03-02T10:15:30Z",
		headers:          `{"paypal-auth-algo":"SHA256withRSA"}`,
		state:            state,
		note:             "note of " + state,
	}}
}

// A row is the same whether it came alone or with others: every column, the body byte for byte.
func TestARowIsTheSameAloneAndInABatch(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	now := time.Date(2026, 3, 2, 10, 16, 0, 123456000, time.UTC)
	i := New(Config{DB: d, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
	for _, batch := range [][]*delivery{{storable(1, "received")}, {storable(2, "ignored")}, {storable(3, "received"), storable(4, "ignored"), storable(5, "received")}} {
		fresh, err := i.insert(t.Context(), batch)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range batch {
			if !fresh[one] {
				t.Errorf("%s is not news", one.eventID)
			}
		}
	}
	var rows []struct {
		ID         string     `db:"event_id"`
		Other      string     `db:"other"`
		Headers    string     `db:"headers"`
		Body       []byte     `db:"body"`
		Envelope   string     `db:"envelope"`
		Digest     string     `db:"digest"`
		State      string     `db:"state"`
		Note       string     `db:"note"`
		ReceivedAt time.Time  `db:"received_at"`
		DueAt      *time.Time `db:"due_at"`
	}
	err := d.SelectContext(t.Context(), &rows, `
		SELECT w.event_id, concat_ws(' ', transmission_id, transmission_time, event_type, resource_id, attempts) AS other,
		       b.headers, b.body, w.body AS envelope, w.headers || jsonb_build_object('digest', w.body_digest = sha256(b.body)) AS digest,
		       state, note, received_at, due_at
		FROM webhook_event w JOIN webhook_body b ON b.event_id = w.id ORDER BY w.event_id`)
	if err != nil || len(rows) != 5 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for n, got := range rows {
		want := storable(n+1, []string{"received", "ignored", "received", "ignored", "received"}[n])
		if got.ID != want.eventID || got.Other != want.transmissionID+" 2026-03-02 10:15:30+00 A.B R 0" || got.Headers != `{"paypal-auth-algo": "SHA256withRSA"}` ||
			string(got.Body) != string(want.body) ||
			got.Envelope != string(want.envelope) || got.Digest != `{"digest": true}` || got.State != want.state || got.Note != want.note || !got.ReceivedAt.Equal(now) ||
			(got.DueAt != nil) != (want.state == "received") ||
			got.DueAt != nil && !got.DueAt.Equal(now) {
			t.Errorf("got %+v", got)
		}
	}
}

// One row that cannot be stored takes no other with it, and what we have is told from what is new.
func TestABatchTellsItsRowsApart(t *testing.T) {
	t.Parallel()
	i := New(Config{DB: dbtest.New(t), Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	known, sameTransmission := storable(1, "received"), storable(2, "received")
	if _, err := i.insert(t.Context(), []*delivery{known}); err != nil {
		t.Fatal(err)
	}
	sameTransmission.transmissionID = known.transmissionID
	news := []*delivery{storable(3, "received"), storable(4, "received")}
	fresh, err := i.insert(t.Context(), []*delivery{news[0], known, sameTransmission, news[1]})
	if err != nil || !fresh[news[0]] || !fresh[news[1]] || fresh[known] || fresh[sameTransmission] {
		t.Errorf("fresh are %v, %v", fresh, err)
	}
	poisoned := storable(5, "received")
	poisoned.headers = `{"a": "` + "\\u0000" + `"}`
	late := storable(6, "received")
	if _, err := i.insert(t.Context(), []*delivery{late, poisoned}); err == nil {
		t.Error("what cannot be stored is no error")
	}
	if fresh, err := i.insert(t.Context(), []*delivery{late}); err != nil || fresh[late] {
		t.Errorf("the row before the poisoned one was not stored: %v", err)
	}
}

func TestEvidenceIsJSONOfWhatPayPalSays(t *testing.T) {
	t.Parallel()
	odd := "a \"quoted\" \\ b\x7f\xff\x00 ü\n"
	text := evidence(http.Header{
		"Paypal-Auth-Algo": {
			"SHA256withRSA",
		},
		"Paypal-Odd":      {odd, "second"},
		"Content-Type":    {"application/json"},
		"User-Agent":      {""},
		"Correlation-Id":  {"c"},
		"Cookie":          {"secret"},
		"Authorization":   {"secret"},
		"X-Forwarded-For": {"192.0.2.1"},
	})
	var got map[string]string
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	want := map[string]string{
		"paypal-auth-algo": "SHA256withRSA", "paypal-odd": "a \"quoted\" \\ b\x7f\uFFFD\uFFFD ü\n, second",
		"content-type": "application/json", "user-agent": "", "correlation-id": "c",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := evidence(nil); got != "{}" {
		t.Errorf("nothing gives %s", got)
	}
}
