package service

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// A gift the way a program sends it, with the reader coming back: thanks page, staff list, CSV and command line agree,
// down to the sandbox's own fee.
func TestGiftOverHTTP(t *testing.T) {
	t.Parallel()
	s := harness.New(t)
	s.Serve()
	reader := s.Client()
	g := reader.Begin(t, "25.00", "EUR")
	back, err := s.PayPal.Approve(g.Order(), "")
	if err != nil {
		t.Fatal(err)
	}
	if want := s.BaseURL + "/contributions/" + g.ID + "/return"; !strings.HasPrefix(back, want) {
		t.Fatalf("PayPal sends the reader back to %s, not to %s", back, want)
	}
	thanks := reader.Get(t, back)
	if !strings.Contains(thanks.URL, "/thanks") || !strings.Contains(thanks.Body, "Thank you.") ||
		!strings.Contains(thanks.Body, g.Receipt) {
		t.Fatalf("no thanks with receipt %s at %s:\n%s", g.Receipt, thanks.URL, thanks.Body)
	}
	checkRecorded(s, g)
}

// Nobody comes back: the webhook tells.
func TestGiftOverHTTPWithoutReturn(t *testing.T) {
	t.Parallel()
	s := harness.New(t)
	s.Serve()
	g := s.Client().Begin(t, "25.00", "EUR")
	if _, err := s.PayPal.Approve(g.Order(), ""); err != nil {
		t.Fatal(err)
	}
	completed(s, g)
	checkRecorded(s, g)
	chargedBy(s, g, "webhook")
}

// Nobody comes back, and PayPal does not call either: the sweep asks.
func TestGiftOverHTTPWithoutReturnAndWebhook(t *testing.T) {
	t.Parallel()
	s := harness.New(t, "SWEEP_INTERVAL", "1s")
	s.PayPal.Fault(testkit.Fields{"kind": "drop_webhook"})
	s.Serve()
	g := s.Client().Begin(t, "25.00", "EUR")
	if _, err := s.PayPal.Approve(g.Order(), ""); err != nil {
		t.Fatal(err)
	}
	completed(s, g)
	checkRecorded(s, g)
	chargedBy(s, g, "sweep")
	if n := s.Count("webhook_event"); n != 0 {
		t.Errorf("%d webhooks came although all were dropped", n)
	}
}

// completed waits until the money of a gift is in.
func completed(s *harness.Fixture, g harness.Started) {
	s.T.Helper()
	testkit.Eventually(s.T, time.Minute, "the gift "+g.ID+" is completed", func() (bool, string) {
		var state string
		if err := s.DB.GetContext(s.T.Context(), &state, `SELECT state FROM contribution WHERE id = $1`, g.ID); err != nil {
			s.T.Fatal(err)
		}
		return state == "completed", "it is " + state
	})
}

// chargedBy checks which way the news of the money came.
func chargedBy(s *harness.Fixture, g harness.Started, way string) {
	s.T.Helper()
	if n := s.Count("ledger_entry WHERE contribution_id = $1 AND kind = 'charge' AND source = $2", g.ID, way); n != 1 {
		s.T.Errorf("the charge of %s did not come by %s", g.ID, way)
	}
}

// checkRecorded checks that a gift of 25.00 EUR, the only one there is, stands everywhere with PayPal's own fee.
func checkRecorded(s *harness.Fixture, g harness.Started) {
	s.T.Helper()
	captures := s.PayPal.CapturesOf(g.ID)
	if len(captures) != 1 || captures[0].Amount != "25.00" || captures[0].Fee == "" || captures[0].Fee == "0.00" {
		s.T.Fatalf("PayPal's ledger has %+v", captures)
	}
	s.Balanced(time.Minute)
	var fee, net int64
	if _, err := fmt.Sscanf(strings.Replace(captures[0].Fee, ".", "", 1), "%d", &fee); err != nil {
		s.T.Fatal(err)
	}
	net = 2500 - fee
	want := map[string]string{
		"receipt":           g.Receipt,
		"status":            "completed",
		"currency":          "EUR",
		"gross":             "25.00",
		"fee":               captures[0].Fee,
		"refunded":          "0.00",
		"net":               fmt.Sprintf("%d.%02d", net/100, net%100),
		"campaign":          "support",
		"article":           harness.Article,
		"id":                g.ID,
		"paypal_order_id":   g.Order(),
		"paypal_capture_id": captures[0].ID,
	}
	checkStaffPages(s, g, want)
	checkReports(s, want)
}

func checkStaffPages(s *harness.Fixture, g harness.Started, want map[string]string) {
	s.T.Helper()
	staff := s.Staff()
	list := staff.Get(s.T, "/staff/contributions?status=completed")
	for _, text := range []string{g.Receipt, "25.00", want["fee"], want["net"], "example.org/a"} {
		if !strings.Contains(list.Body, text) {
			s.T.Errorf("the staff's list lacks %q:\n%s", text, list.Body)
		}
	}
	one := staff.Get(s.T, "/staff/contributions/"+g.ID)
	for _, text := range []string{g.Receipt, want["paypal_order_id"], want["paypal_capture_id"], want["net"]} {
		if !strings.Contains(one.Body, text) {
			s.T.Errorf("the contribution's own page lacks %q", text)
		}
	}
	file := staff.Get(s.T, "/staff/contributions.csv")
	rows, err := csv.NewReader(strings.NewReader(file.Body)).ReadAll()
	if err != nil || len(rows) != 2 || !strings.HasPrefix(file.Header.Get("Content-Type"), "text/csv") {
		s.T.Fatalf("the CSV: %v, %q\n%s", err, file.Header.Get("Content-Type"), file.Body)
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
			s.T.Errorf("the CSV: %s is %q, not %q", column, got[column], want[name])
		}
	}
	if got["\ufeffReceipt"] != g.Receipt || got["Status"] != "Completed" {
		s.T.Errorf("the CSV: %v", got)
	}
}

func checkReports(s *harness.Fixture, want map[string]string) {
	s.T.Helper()
	for _, args := range [][]string{{"report", "totals"}, {"report", "totals", "--by", "day,article,campaign"}, {"report", "contributions"}} {
		var rows []map[string]any
		out := s.Command("", append(args, "--format", "json")...)
		if err := json.Unmarshal([]byte(out), &rows); err != nil || len(rows) != 1 {
			s.T.Fatalf("%v: %v\n%s", args, err, out)
		}
		got := map[string]string{}
		for name, value := range rows[0] {
			got[name] = fmt.Sprint(value)
		}
		checkColumns(s, strings.Join(args, " "), got, want)
		if args[1] == "totals" && got["count"] != "1" {
			s.T.Errorf("%v counts %s", args, got["count"])
		}
	}
}

// checkColumns compares the columns that a report has with what they should be; money it must have.
func checkColumns(s *harness.Fixture, where string, got, want map[string]string) {
	s.T.Helper()
	for name, value := range want {
		is, there := got[name]
		if there && is != value || !there && strings.Contains("currency gross fee refunded net", name) {
			s.T.Errorf("%s: %s is %q, not %q", where, name, is, value)
		}
	}
}
