// Package alert reports when a person has to act: a registry of alerts, each with a rule over the measurements of
// package health. The texts about an alert's meaning and what to do are in locales/, under the alert's name.
//
// One process evaluates the rules, as a periodic job, and stores the state of every alert in a table; every replica
// shows and exports what the table says. The package fixes nothing, sends no messages, and reads no other package's
// tables. Prometheus' Alertmanager decides whom to call, and how (docs/prometheus-alerts.yml).
package alert

import (
	"maps"
	"strings"
	"time"

	"readerfund/internal/health"
	"readerfund/internal/i18n"
)

// Severity says how soon a person should act.
type Severity string

// The severities.
const (
	Urgent Severity = "urgent" // money or news of it is not coming through: now
	Soon   Severity = "soon"   // within the working day
)

// Alert is one thing that can be wrong.
type Alert struct {
	Name     string // in the metrics and the docs: "webhook_silence"
	Severity Severity
	For      time.Duration // how long the rule must hold, or not hold, before the alert fires or stops
	Path     string        // the staff page that shows the cause; empty if there is none

	rule func(v health.Snapshot) reading
}

// Summary says what the alert means, for staff.
func (a Alert) Summary() i18n.Message { return i18n.New("alert.summary." + a.Name) }

// Advice says what to do about it.
func (a Alert) Advice() i18n.Message { return i18n.New("alert.advice." + a.Name) }

// Metric is the Prometheus series of the alert.
func (a Alert) Metric() string { return `readerfund_alert_firing{alert="` + a.Name + `"}` }

// reading is the result of a rule.
type reading struct {
	wrong  bool
	items  int64
	oldest time.Time
	args   i18n.Args // the arguments of its sentence, besides the count
}

// seen is the sentence about what the rule found. It is empty if the rule found nothing.
func (a Alert) seen(r reading) i18n.Message {
	if r.items == 0 {
		return i18n.Message{}
	}
	args := i18n.Args{"count": int(r.items)}
	maps.Copy(args, r.args)
	return i18n.New("alert.seen."+a.Name, args)
}

// backlogOf selects the backlog that a rule evaluates.
type backlogOf func(health.Snapshot) health.Backlog

// older makes a rule that holds if the oldest of a backlog has waited longer than that.
func older(than time.Duration, of backlogOf) func(health.Snapshot) reading {
	return func(v health.Snapshot) reading {
		b := of(v)
		r := waiting(v, b)
		r.wrong = b.Count > 0 && b.Age(v.At) >= than
		return r
	}
}

// atLeast makes a rule that holds if a backlog has at least that many.
func atLeast(least int64, of backlogOf) func(health.Snapshot) reading {
	return func(v health.Snapshot) reading {
		b := of(v)
		r := waiting(v, b)
		r.wrong = b.Count >= least
		return r
	}
}

// waiting is the reading of a backlog, before it is judged.
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
