package metrics_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"readerfund/internal/metrics"
)

// What docs/metrics.md names must be what is there, both ways.
func TestDocumentedMetricsAreThoseThereAre(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented, there []string
	for _, m := range regexp.MustCompile("`(readerfund_[a-z_]+)`").FindAllStringSubmatch(string(text), -1) {
		documented = append(documented, m[1])
	}
	descriptions := make(chan *prometheus.Desc, 1000)
	metrics.New().Registry().Describe(descriptions)
	close(descriptions)
	name := regexp.MustCompile(`fqName: "(readerfund_[a-z_]+)"`)
	for d := range descriptions {
		if m := name.FindStringSubmatch(d.String()); m != nil {
			there = append(there, m[1])
		}
	}
	slices.Sort(documented)
	slices.Sort(there)
	if !slices.Equal(documented, there) || len(there) == 0 {
		t.Errorf("documented: %s\nthere are:  %s", strings.Join(documented, " "), strings.Join(there, " "))
	}
}

func TestNilCountsNothing(t *testing.T) {
	t.Parallel()
	var m *metrics.Metrics
	m.Transition("a", "b", "c")
	m.Swept(true)
	m.Delivery("stored")
	m.Committed(1)
	m.Event("applied")
	m.Workers(32)
	m.Working(1)
	m.Backlog(1)
	m.PayPal("get order", 200, time.Second)
	m.Request("/", 200, time.Second)
	m.Job("tidy", "done")
	m.JobSucceeded("tidy", time.Now())
	m.Alert("parked", "urgent", true, 1, time.Second)
	m.AlertsChecked(time.Now())
	m.Reconciled("clean")
	m.ReconcileFixed("fee")
	m.ReconcileOpen("fee", 1)
	m.ReconcileCheckedTo(time.Now())
}
