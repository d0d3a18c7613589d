package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"readerfund/internal/db"
	"readerfund/internal/db/dbtest"
	"readerfund/internal/i18n"
	"readerfund/internal/manage"
	"readerfund/internal/refund"
)

// The queue runs beside the rest: the periodic work is written down, the alerts are checked, and the metrics say so.
func TestTheQueueRuns(t *testing.T) {
	t.Parallel()
	address := dbtest.NewURL(t)
	s, _ := settings(t, address)
	a, stop := running(t, s, &journal{})
	wants := []string{
		`readerfund_job_runs_total{job="check alerts",outcome="done"} 1`,
		`readerfund_job_runs_total{job="tidy",outcome="done"} 1`,
		`readerfund_job_runs_total{job="prepare plans",outcome="done"} 1`,
		`readerfund_alert_firing{alert="webhook_silence",severity="urgent"} 0`,
		`readerfund_alert_checked_timestamp_seconds 1.`,
		`readerfund_job_last_success_timestamp_seconds{job="tidy"} 1.`,
	}
	missing := func(body string) string {
		for _, want := range wants {
			if !strings.Contains(body, want) {
				return want
			}
		}
		return ""
	}
	status, body := get(t, "http://"+a.AdminAddr()+"/metrics")
	for deadline := time.Now().Add(20 * time.Second); missing(body) != "" &&
		time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		status, body = get(t, "http://"+a.AdminAddr()+"/metrics")
	}
	if what := missing(body); status != http.StatusOK || what != "" {
		t.Errorf("%d; the metrics lack %s", status, what)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), address, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	var plans int
	if err := d.GetContext(t.Context(), &plans,
		`SELECT count(*) FROM paypal_plan WHERE paypal_id <> '' AND currency = 'EUR'`); err != nil || plans != 2 {
		t.Errorf("%d plans are ready for the first readers, want a monthly and a yearly one: %v", plans, err)
	}
	var names string
	if err := d.GetContext(t.Context(), &names,
		`SELECT string_agg(kind, ', ' ORDER BY kind) FROM queue WHERE held_until IS NULL AND failures = 0`); err != nil {
		t.Fatal(err)
	}
	if names != "add up money, add up recurring gifts, check alerts, fold counts, forget, issue receipts, "+
		"prepare plans, queue refunds, reconcile, send mail, send prompt mail, send statements, tell of yearly charges, tidy, weigh gifts" {
		t.Errorf("the kinds are %s", names)
	}
	for _, name := range append(strings.Split(names, ", "), refund.Sending, manage.Changing, manage.EndingPause) {
		if key := "queue.kind." + strings.ReplaceAll(name, " ", "_"); !i18n.Has(key) {
			t.Errorf("the staff page has no name for %q", name)
		}
	}
}
