// Package metrics is what the service counts about itself, in Prometheus' terms. A nil *Metrics counts nothing, so that
// a room can be used without one.
package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics holds every collector. docs/metrics.md lists them.
type Metrics struct {
	registry    *prometheus.Registry
	transitions *prometheus.CounterVec
	swept       *prometheus.CounterVec
	admissions  *prometheus.CounterVec
	deliveries  *prometheus.CounterVec
	events      *prometheus.CounterVec
	workers     prometheus.Gauge
	working     prometheus.Gauge
	backlog     prometheus.Gauge
	paypal      *prometheus.HistogramVec
	requests    *requests
	commitSize  prometheus.Histogram
	jobs        *prometheus.CounterVec
	jobSuccess  *prometheus.GaugeVec
	mails       *prometheus.CounterVec
	appeal      *prometheus.CounterVec
	alertFiring *prometheus.GaugeVec
	alertItems  *prometheus.GaugeVec
	alertOldest *prometheus.GaugeVec
	alertCheck  prometheus.Gauge

	reconciliation reconciliation
}

// New makes the collectors and a registry of their own.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		transitions: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "readerfund_contribution_transitions_total",
			Help: "Changes of a contribution's state, by where from, where to, and the way the news came."},
			[]string{"from", "to", "source"}),
		swept: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "readerfund_sweep_checks_total",
			Help: "Contributions that the sweep asked PayPal about."}, []string{"outcome"}),
		admissions: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "readerfund_gift_admissions_total",
			Help: "Gifts that readers wanted to begin: passed, proven, challenged, refused."}, []string{"outcome"}),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "readerfund_webhook_deliveries_total",
			Help: "Webhook deliveries received, by what was answered: stored, duplicate, refused, suspect, unavailable."},
			[]string{"outcome"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "readerfund_webhook_events_total",
			Help: "Webhook events worked on, by what became of them: applied, ignored, retried, parked."}, []string{"outcome"}),
		workers: prometheus.NewGauge(prometheus.GaugeOpts{Name: "readerfund_webhook_workers",
			Help: "How many webhook events this process works on at once, at most."}),
		working: prometheus.NewGauge(prometheus.GaugeOpts{Name: "readerfund_webhook_workers_busy",
			Help: "Webhook events that this process works on now."}),
		backlog: prometheus.NewGauge(prometheus.GaugeOpts{Name: "readerfund_webhook_backlog",
			Help: "Webhook events that are due and wait for a worker; the same on every replica."}),
		paypal: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "readerfund_paypal_request_seconds",
			Help:    "Attempts of calls to PayPal, by operation and HTTP status (0: no answer).",
			Buckets: prometheus.ExponentialBuckets(0.01, 2.5, 9)},
			[]string{"operation", "status"}),
		requests: newRequests(),
		commitSize: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "readerfund_webhook_commit_size",
			Help: "Webhook deliveries that shared one commit.", Buckets: prometheus.ExponentialBuckets(1, 2, 8)}),
		jobs: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "readerfund_job_runs_total",
			Help: "Runs of background work in this process, by how they ended: done, later, failed, dead, lost, stopped."},
			[]string{"job", "outcome"}),
		jobSuccess: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "readerfund_job_last_success_timestamp_seconds",
			Help: "When a periodic job last ended well on any replica, in Unix seconds."}, []string{"job"}),
		mails: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "readerfund_mails_total",
			Help: "Tries to send a mail to a reader, by its state after them: sent, failed, expired, queued (tried again)."},
			[]string{"state"}),
		appeal: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "readerfund_appeal_events_total",
			Help: "What browsers told of the appeal: counted, unknown (no such campaign, variant or format), limited (too " +
				"many from there), robot."}, []string{"outcome"}),
		alertFiring: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "readerfund_alert_firing",
			Help: "1 while the alert fires, as the database says; the same on every replica."}, []string{"alert", "severity"}),
		alertItems: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "readerfund_alert_items",
			Help: "How many things the alert was about when it was last checked, whether it fires or not."}, []string{"alert"}),
		alertOldest: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "readerfund_alert_oldest_seconds",
			Help: "For how long the oldest of them had been so when it was last checked."}, []string{"alert"}),
		reconciliation: newReconciliation(),
		alertCheck: prometheus.NewGauge(prometheus.GaugeOpts{Name: "readerfund_alert_checked_timestamp_seconds",
			Help: "When the alerts were last checked on any replica, in Unix seconds; 0 before this process has heard of it."}),
	}
	m.registry.MustRegister(m.transitions, m.swept, m.admissions,
		m.deliveries, m.events, m.workers, m.working, m.backlog, m.paypal, m.requests.all, m.commitSize,
		m.jobs, m.jobSuccess, m.mails, m.appeal, m.alertFiring, m.alertItems, m.alertOldest, m.alertCheck,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.registry.MustRegister(m.reconciliation.collectors()...)
	return m
}

// Handler serves the metrics in Prometheus' text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Registry is where other parts add collectors of their own.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// Transition counts a change of a contribution's state.
func (m *Metrics) Transition(from, to, source string) {
	if m != nil {
		m.transitions.WithLabelValues(from, to, source).Inc()
	}
}

// Swept counts a contribution that the sweep asked PayPal about.
func (m *Metrics) Swept(settled bool) {
	if m != nil {
		m.swept.WithLabelValues(map[bool]string{true: "settled", false: "failed"}[settled]).Inc()
	}
}

// Admission counts a gift that somebody wanted to begin, by what was answered.
func (m *Metrics) Admission(outcome string) {
	if m != nil {
		m.admissions.WithLabelValues(outcome).Inc()
	}
}

// Delivery counts a webhook delivery by what was answered.
func (m *Metrics) Delivery(outcome string) {
	if m != nil {
		m.deliveries.WithLabelValues(outcome).Inc()
	}
}

// Committed notes how many deliveries shared a commit.
func (m *Metrics) Committed(deliveries int) {
	if m != nil {
		m.commitSize.Observe(float64(deliveries))
	}
}

// Event counts a webhook event by what became of it.
func (m *Metrics) Event(outcome string) {
	if m != nil {
		m.events.WithLabelValues(outcome).Inc()
	}
}

// Workers says how many webhook events this process works on at once, at most.
func (m *Metrics) Workers(n int) {
	if m != nil {
		m.workers.Set(float64(n))
	}
}

// Working counts the webhook events that are worked on: 1 more, or -1.
func (m *Metrics) Working(more int) {
	if m != nil {
		m.working.Add(float64(more))
	}
}

// Backlog says how many webhook events are due and wait for a worker.
func (m *Metrics) Backlog(n int64) {
	if m != nil {
		m.backlog.Set(float64(n))
	}
}

// PayPal times one attempt of a call to PayPal; status 0 is no answer. It fits paypal.Config.Observe.
func (m *Metrics) PayPal(operation string, status int, took time.Duration) {
	if m != nil {
		m.paypal.WithLabelValues(operation, strconv.Itoa(status)).Observe(took.Seconds())
	}
}

// Job counts a run of background work by how it ended.
func (m *Metrics) Job(name, outcome string) {
	if m != nil {
		m.jobs.WithLabelValues(name, outcome).Inc()
	}
}

// JobSucceeded notes when a periodic job last ended well.
func (m *Metrics) JobSucceeded(name string, at time.Time) {
	if m != nil {
		m.jobSuccess.WithLabelValues(name).Set(float64(at.Unix()))
	}
}

// Mail counts a try to send a mail, by the mail's state after it.
func (m *Metrics) Mail(state string) {
	if m != nil {
		m.mails.WithLabelValues(state).Inc()
	}
}

// AppealEvents counts what browsers told of the appeal, by what became of it.
func (m *Metrics) AppealEvents(outcome string, n int) {
	if m != nil && n > 0 {
		m.appeal.WithLabelValues(outcome).Add(float64(n))
	}
}

// Alert notes how an alert stands: whether it fires, how many things it is about, and how long the oldest has been so.
func (m *Metrics) Alert(name, severity string, firing bool, items int64, oldest time.Duration) {
	if m != nil {
		m.alertFiring.WithLabelValues(name, severity).Set(map[bool]float64{true: 1}[firing])
		m.alertItems.WithLabelValues(name).Set(float64(items))
		m.alertOldest.WithLabelValues(name).Set(oldest.Seconds())
	}
}

// AlertsChecked notes when the alerts were last checked.
func (m *Metrics) AlertsChecked(at time.Time) {
	if m != nil {
		m.alertCheck.Set(float64(at.Unix()))
	}
}
