package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// reconciliation is what is counted of PayPal's record held against ours.
type reconciliation struct {
	runs      *prometheus.CounterVec
	mended    *prometheus.CounterVec
	open      *prometheus.GaugeVec
	checkedTo prometheus.Gauge
}

func newReconciliation() reconciliation {
	return reconciliation{
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "readerfund_reconcile_runs_total",
			Help: "Reconciliations of this process, by how they ended: clean, unexplained, broken, dry."}, []string{"outcome"}),
		mended: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "readerfund_reconcile_mended_total",
			Help: "Differences to PayPal's record that were found and fixed, by kind."}, []string{"kind"}),
		open: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "readerfund_reconcile_open_differences",
			Help: "Differences left for a person, by kind, as this process's latest reconciliation left them."},
			[]string{"kind"}),
		checkedTo: prometheus.NewGauge(prometheus.GaugeOpts{Name: "readerfund_reconcile_checked_to_timestamp_seconds",
			Help: "Up to when PayPal's record was held against ours, by this process's latest reconciliation; 0 before the first."}),
	}
}

func (r reconciliation) collectors() []prometheus.Collector {
	return []prometheus.Collector{r.runs, r.mended, r.open, r.checkedTo}
}

// Reconciled counts a reconciliation by how it ended.
func (m *Metrics) Reconciled(outcome string) {
	if m != nil {
		m.reconciliation.runs.WithLabelValues(outcome).Inc()
	}
}

// ReconcileFixed counts a difference that was fixed.
func (m *Metrics) ReconcileFixed(kind string) {
	if m != nil {
		m.reconciliation.mended.WithLabelValues(kind).Inc()
	}
}

// ReconcileOpen says how many differences of a kind are left for a person.
func (m *Metrics) ReconcileOpen(kind string, n int64) {
	if m != nil {
		m.reconciliation.open.WithLabelValues(kind).Set(float64(n))
	}
}

// ReconcileCheckedTo says up to when PayPal's record was held against ours.
func (m *Metrics) ReconcileCheckedTo(at time.Time) {
	if m != nil && !at.IsZero() {
		m.reconciliation.checkedTo.Set(float64(at.Unix()))
	}
}
