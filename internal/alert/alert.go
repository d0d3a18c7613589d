// Package alert says when a person has to look: a registry of alerts, each with a rule over what package health
// measures. What an alert means, and what to do about it, stands in locales/, under the alert's name.
//
// One process checks the rules, as periodic work, and writes how every alert stands into a table; every replica shows
// and exports what the table says. The package fixes nothing, sends no messages, and reads no other package's tables.
// Whom to call, and how, is Prometheus' Alertmanager's (docs/prometheus-alerts.yml).
package alert

import (
	"maps"
	"strings"
	"time"

	"readerfund/internal/health"
	"readerfund/internal/i18n"
)

// Severity says how soon a person should look.
type Severity string

// The severities.
const (
	Urgent Severity = "urgent" // money or news of it is not coming through: now
	Soon   Severity = "soon"   // within the working day
)

// Alert is one thing that can be wrong.
type Alert struct {
	Name     string // in the metrics and the documents: "webhook_silence"
	Severity Severity
	For      time.Duration // how long the rule must say so, this way or that, before the alert fires or stops
	Path     string        // the staff page where one sees it; empty where there is none

	rule func(v health.Snapshot) reading
}

// Summary says what it means, for staff.
func (a Alert) Summary() i18n.Message { return i18n.New("alert.summary." + a.Name) }

// Advice says what to do about it.
func (a Alert) Advice() i18n.Message { return i18n.New("alert.advice." + a.Name) }

// Metric is what carries the alert to Prometheus.
func (a Alert) Metric() string { return `readerfund_alert_firing{alert="` + a.Name + `"}` }

// reading is what a rule sees.
type reading struct {
	wrong  bool
	items  int64
	oldest time.Time
	args   i18n.Args // what its sentence says beside their count
}

// seen says how many there are, and what else the rule saw. It is empty where there are none.
func (a Alert) seen(r reading) i18n.Message {
	if r.items == 0 {
		return i18n.Message{}
	}
	args := i18n.Args{"count": int(r.items)}
	maps.Copy(args, r.args)
	return i18n.New("alert.seen."+a.Name, args)
}

// backlogOf picks what a rule judges.
type backlogOf func(health.Snapshot) health.Backlog

// older makes a rule: wrong when there are any, and the oldest has waited longer than that.
func older(than time.Duration, of backlogOf) func(health.Snapshot) reading {
	return func(v health.Snapshot) reading {
		b := of(v)
		r := waiting(v, b)
		r.wrong = b.Count > 0 && b.Age(v.At) >= than
		return r
	}
}

// atLeast makes a rule: wrong when there are so many.
func atLeast(least int64, of backlogOf) func(health.Snapshot) reading {
	return func(v health.Snapshot) reading {
		b := of(v)
		r := waiting(v, b)
		r.wrong = b.Count >= least
		return r
	}
}

// waiting is a backlog as it is read, not judged yet.
func waiting(v health.Snapshot, b health.Backlog) reading {
	return reading{
		items: b.Count, oldest: b.Oldest,
		args: i18n.Args{"age": age(b.Age(v.At)), "names": strings.Join(b.Names, ", ")},
	}
}

// age is a duration as people say it, rounded down.
func age(d time.Duration) i18n.Message {
	switch {
	case d >= 48*time.Hour:
		return i18n.New("alert.days", i18n.Args{"count": int(d / (24 * time.Hour))})
	case d >= 2*time.Hour:
		return i18n.New("alert.hours", i18n.Args{"count": int(d / time.Hour)})
	case d >= 2*time.Minute:
		return i18n.New("alert.minutes", i18n.Args{"count": int(d / time.Minute)})
	default:
		return i18n.New("alert.seconds", i18n.Args{"count": int(d / time.Second)})
	}
}

func moment(t time.Time) string { return t.Format("2 Jan 2006, 15:04 MST") }
