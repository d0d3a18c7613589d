package web

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"time"

	"readerfund/internal/account"
	"readerfund/internal/audit"
)

func TestExportsForPeople(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	id := h.book(booked{
		Receipt: "AAAA-0001", Minor: 250000, Fee: 98, At: noon(), Name: "=Zoë", Message: "Go on;\t\"friends\"",
		State: "partially_refunded", Back: 50, RefundedAt: noon().Add(time.Hour),
	})
	h.exec(`UPDATE contribution SET email = 'zoe@example.org', naming = 'no', utm_source = 'letter', utm_term = '=1'
		WHERE id = $1`, id)
	h.exec(`INSERT INTO conversion (payment_id, from_minor, from_currency, to_minor, to_currency, rate, recorded_at)
		SELECT id, 250000, 'EUR', 271250, 'USD', '1.085', $1 FROM payment`, noon())
	editor, viewer := h.signedIn(account.Editor), h.signedIn(account.Viewer)
	for separator, want := range map[string]struct {
		comma           rune
		amount, changed string
	}{
		"comma": {',', "2500.00", "2712.50"}, "semicolon": {';', "2500,00", "2712,50"}, "tab": {'\t', "2500.00", "2712.50"},
	} {
		got := editor.get("/staff/contributions.csv?from=2026-11-22&separator=" + separator)
		if name := got.header.Get("Content-Disposition"); name != `attachment; filename="contributions-from-2026-11-22.csv"` {
			t.Errorf("%s: %s", separator, name)
		}
		text, marked := strings.CutPrefix(got.body, "\ufeff")
		in := csv.NewReader(strings.NewReader(text))
		in.Comma = want.comma
		rows, err := in.ReadAll()
		if err != nil || !marked || len(rows) != 2 || strings.Count(text, "\r\n") != 2 {
			t.Fatalf("%s: %q, %v", separator, got.body, err)
		}
		row := map[string]string{}
		for i, name := range rows[0] {
			row[name] = rows[1][i]
		}
		for name, value := range map[string]string{
			"Receipt": "AAAA-0001", "Status": "Partially refunded", "Date (Europe/Berlin)": "2026-11-22 13:05:00",
			"Amount": want.amount, "Converted": want.changed, "Converted to": "USD", "Rate": "1.085",
			"Name": "'=Zoë", "Email": "zoe@example.org",
			"Message": "Go on;\t\"friends\"", "May be named": "no", "UTM source": "letter", "UTM term": "'=1", "UTM medium": "",
			"Readerfund ID": id.String(),
		} {
			if row[name] != value {
				t.Errorf("%s: %s is %q, want %q", separator, name, row[name], value)
			}
		}
	}
	rows, err := csv.NewReader(strings.NewReader(viewer.get("/staff/contributions.csv").body)).ReadAll()
	if err != nil || slices.Contains(rows[0], "Email") || slices.Contains(rows[0], "Message") ||
		!slices.Contains(rows[0], "Name") {
		t.Errorf("a viewer gets %q, %v", rows[0], err)
	}
	if got := editor.get("/staff/contributions.csv?separator=pipe"); got.status != 422 {
		t.Errorf("another separator: %d", got.status)
	}
}

// Every download is in the audit log: who, what, which days, what else was asked for, and how many rows went out.
func TestDownloadsAreInTheAuditLog(t *testing.T) {
	t.Parallel()
	h := openNewsroom(t, nil)
	h.someGifts()
	r := h.signedIn(account.Viewer)
	r.get("/staff/contributions.csv?from=2026-11-01&to=2026-11-30&currency=EUR&separator=tab")
	r.get("/staff/ledger.csv?part=refunds")
	r.get("/staff/reports.csv?by=month&from=&to=")
	r.get("/staff/contributions.csv?from=x")
	if got := r.do("HEAD", "/staff/contributions.csv", ""); got.status != 200 || got.body != "" {
		t.Errorf("HEAD: %d %q", got.status, got.body)
	}
	page, err := h.server.Audit.List(t.Context(), audit.Query{Actor: "viewer@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range page.Entries {
		if e.Action == "staff.export" {
			asked := e.Detail["currency"] + e.Detail["part"] + e.Detail["by"]
			got = append(got, e.Subject+": "+e.Detail["days"]+", "+e.Detail["rows"]+", "+asked)
		}
	}
	want := []string{
		"totals-by-month: all days, 2, month", "ledger: all days, 1, refunds",
		"contributions: Sun 1 Nov 2026 to Mon 30 Nov 2026, 3, EUR",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the log has %q, want %q", got, want)
	}
	says(t, h.signedIn(account.Admin).get("/staff/audit").body, "Downloaded a CSV file", "contributions")
}
