package e2e

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// A gift the way a program sends it, with the reader coming back: thanks page, staff list, CSV and command line agree,
// down to the sandbox's own fee.
func TestGiftOverHTTP(t *testing.T) {
	t.Parallel()
	s := openScene(t)
	s.serve()
	reader := s.visitor()
	g := reader.begin(t, "25.00", "EUR")
	back, err := s.bank.approve(g.order(), "")
	if err != nil {
		t.Fatal(err)
	}
	if want := s.base + "/contributions/" + g.ID + "/return"; !strings.HasPrefix(back, want) {
		t.Fatalf("PayPal sends the reader back to %s, not to %s", back, want)
	}
	thanks := reader.get(t, back)
	if !strings.Contains(thanks.url, "/thanks") || !strings.Contains(thanks.body, "Thank you.") || !strings.Contains(thanks.body, g.Receipt) {
		t.Fatalf("no thanks with receipt %s at %s:\n%s", g.Receipt, thanks.url, thanks.body)
	}
	s.recorded(g)
}

// Nobody comes back: the webhook tells.
func TestGiftOverHTTPWithoutReturn(t *testing.T) {
	t.Parallel()
	s := openScene(t)
	s.serve()
	g := s.visitor().begin(t, "25.00", "EUR")
	if _, err := s.bank.approve(g.order(), ""); err != nil {
		t.Fatal(err)
	}
	s.completed(15*time.Second, g)
	s.recorded(g)
	s.by(g, "webhook")
}

// Nobody comes back, and PayPal does not call either: the sweep asks.
func TestGiftOverHTTPWithoutReturnAndWebhook(t *testing.T) {
	t.Parallel()
	s := openScene(t, "SWEEP_INTERVAL", "1s")
	s.bank.fault(fields{"kind": "drop_webhook"})
	s.serve()
	g := s.visitor().begin(t, "25.00", "EUR")
	if _, err := s.bank.approve(g.order(), ""); err != nil {
		t.Fatal(err)
	}
	s.completed(15*time.Second, g)
	s.recorded(g)
	s.by(g, "sweep")
	if n := s.count("webhook_event"); n != 0 {
		t.Errorf("%d webhooks came although all were dropped", n)
	}
}

// completed waits until the money of a gift is in.
func (s *scene) completed(within time.Duration, g started) {
	s.t.Helper()
	eventually(s.t, within, "the gift "+g.ID+" is completed", func() (bool, string) {
		var state string
		if err := s.db.GetContext(s.t.Context(), &state, `SELECT state FROM contribution WHERE id = $1`, g.ID); err != nil {
			s.t.Fatal(err)
		}
		return state == "completed", "it is " + state
	})
}

// by checks which way the news of the money came.
func (s *scene) by(g started, way string) {
	s.t.Helper()
	if n := s.count("ledger_entry WHERE contribution_id = $1 AND kind = 'charge' AND source = $2", g.ID, way); n != 1 {
		s.t.Errorf("the charge of %s did not come by %s", g.ID, way)
	}
}

// recorded checks that a gift of 25.00 EUR, the only one there is, stands everywhere with PayPal's own fee.
func (s *scene) recorded(g started) {
	s.t.Helper()
	captures := s.bank.capturesOf(g.ID)
	if len(captures) != 1 || captures[0].Amount != "25.00" || captures[0].Fee == "" || captures[0].Fee == "0.00" {
		s.t.Fatalf("PayPal's ledger has %+v", captures)
	}
	s.balanced(5 * time.Second)
	var fee, net int64
	if _, err := fmt.Sscanf(strings.Replace(captures[0].Fee, ".", "", 1), "%d", &fee); err != nil {
		s.t.Fatal(err)
	}
	net = 2500 - fee
	want := map[string]string{
		"receipt": g.Receipt, "status": "completed", "currency": "EUR", "gross": "25.00", "fee": captures[0].Fee, "refunded": "0.00",
		"net": fmt.Sprintf("%d.%02d", net/100, net%100), "campaign": "support", "article": article, "id": g.ID,
		"paypal_order_id": g.order(), "paypal_capture_id": captures[0].ID,
	}
	s.inStaffPages(g, want)
	s.inReports(want)
}

func (s *scene) inStaffPages(g started, want map[string]string) {
	s.t.Helper()
	staff := s.staff()
	list := staff.get(s.t, "/staff/contributions?status=completed")
	for _, text := range []string{g.Receipt, "25.00", want["fee"], want["net"], "example.org/a"} {
		if !strings.Contains(list.body, text) {
			s.t.Errorf("the staff's list lacks %q:\n%s", text, list.body)
		}
	}
	one := staff.get(s.t, "/staff/contributions/"+g.ID)
	for _, text := range []string{g.Receipt, want["paypal_order_id"], want["paypal_capture_id"], want["net"]} {
		if !strings.Contains(one.body, text) {
			s.t.Errorf("the contribution's own page lacks %q", text)
		}
	}
	file := staff.get(s.t, "/staff/contributions.csv")
	rows, err := csv.NewReader(strings.NewReader(file.body)).ReadAll()
	if err != nil || len(rows) != 2 || !strings.HasPrefix(file.header.Get("Content-Type"), "text/csv") {
		s.t.Fatalf("the CSV: %v, %q\n%s", err, file.header.Get("Content-Type"), file.body)
	}
	got := map[string]string{}
	for i, name := range rows[0] {
		got[name] = rows[1][i]
	}
	for column, name := range map[string]string{
		"Currency": "currency", "Gross": "gross", "Fee": "fee", "Refunded": "refunded", "Net": "net", "Campaign": "campaign",
		"Article": "article", "PayPal order": "paypal_order_id", "PayPal payment": "paypal_capture_id", "Readerfund ID": "id",
	} {
		if got[column] != want[name] {
			s.t.Errorf("the CSV: %s is %q, not %q", column, got[column], want[name])
		}
	}
	if got["\ufeffReceipt"] != g.Receipt || got["Status"] != "Completed" {
		s.t.Errorf("the CSV: %v", got)
	}
}

func (s *scene) inReports(want map[string]string) {
	s.t.Helper()
	for _, args := range [][]string{{"report", "totals"}, {"report", "totals", "--by", "day,article,campaign"}, {"report", "contributions"}} {
		var rows []map[string]any
		out := s.command("", append(args, "--format", "json")...)
		if err := json.Unmarshal([]byte(out), &rows); err != nil || len(rows) != 1 {
			s.t.Fatalf("%v: %v\n%s", args, err, out)
		}
		got := map[string]string{}
		for name, value := range rows[0] {
			got[name] = fmt.Sprint(value)
		}
		s.agrees(strings.Join(args, " "), got, want)
		if args[1] == "totals" && got["count"] != "1" {
			s.t.Errorf("%v counts %s", args, got["count"])
		}
	}
}

// agrees compares the columns that a report has with what they should be; money it must have.
func (s *scene) agrees(where string, got, want map[string]string) {
	s.t.Helper()
	for name, value := range want {
		is, there := got[name]
		if there && is != value || !there && strings.Contains("currency gross fee refunded net", name) {
			s.t.Errorf("%s: %s is %q, not %q", where, name, is, value)
		}
	}
}
