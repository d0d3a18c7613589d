// Package alert says when a person has to look: a registry of alerts, each with what it means and what to do, and a rule
// over the vital signs that package report reads.
//
// One process checks the rules, as periodic work, and writes how every alert stands into a table; every replica shows
// and exports what the table says. The package mends nothing, sends no messages, and reads nobody else's tables. Whom to
// call, and how, is Prometheus' Alertmanager's (docs/prometheus-alerts.yml).
package alert

import (
	"fmt"
	"time"

	"readerfund/internal/health"
)

// Severity says how soon somebody should look.
type Severity string

// The severities.
const (
	Urgent Severity = "urgent" // money or news of it is not coming through: now
	Soon   Severity = "soon"   // within the working day
)

// Alert is one thing that can be wrong.
type Alert struct {
	Name     string // in the metrics and the documents: "webhook_silence"
	Summary  string // what it means, for staff
	Advice   string // what to do
	Severity Severity
	For      time.Duration // how long the rule must say so, this way or that, before the alert fires or stops
	Path     string        // the staff page where one sees it; empty where there is none

	rule func(v health.Snapshot) reading
}

// Metric is what carries the alert to Prometheus.
func (a Alert) Metric() string { return `readerfund_alert_firing{alert="` + a.Name + `"}` }

// reading is what a rule sees.
type reading struct {
	wrong  bool
	items  int64
	oldest time.Time
	note   string
}

// noun writes a number with its word.
func noun(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// span is a duration as people say it.
func span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d minutes", d/time.Minute)
	default:
		return fmt.Sprintf("%d seconds", d/time.Second)
	}
}

// older makes a rule: wrong when there are any, and the oldest has waited longer than that.
func older(than time.Duration, one, many string, backlog func(health.Snapshot) health.Backlog) func(health.Snapshot) reading {
	return func(v health.Snapshot) reading {
		p := backlog(v)
		r := reading{items: p.Count, oldest: p.Oldest, wrong: p.Count > 0 && p.Age(v.At) >= than}
		if p.Count > 0 {
			r.note = fmt.Sprintf("%s; the oldest for %s", noun(p.Count, one, many), span(p.Age(v.At)))
		}
		return r
	}
}

// atLeast makes a rule: wrong when there are so many.
func atLeast(least int64, one, many string, backlog func(health.Snapshot) health.Backlog) func(health.Snapshot) reading {
	return func(v health.Snapshot) reading {
		p := backlog(v)
		r := reading{items: p.Count, oldest: p.Oldest, wrong: p.Count >= least}
		if p.Count > 0 {
			r.note = noun(p.Count, one, many)
		}
		return r
	}
}
