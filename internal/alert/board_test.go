package alert_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"readerfund/internal/alert"
	"readerfund/internal/health"
	"readerfund/internal/metrics"
)

func TestAnAlertDoesNotFlap(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	// Wrong and right by turns, each for less than For: nothing fires.
	for range 5 {
		h.contribution("approved", time.Hour, "")
		h.look()
		h.pass(119 * time.Second)
		h.look()
		settled(h)
		h.look()
		h.pass(time.Minute)
	}
	if got := h.firing(); got != "" {
		t.Fatalf("firing %q", got)
	}
	h.contribution("approved", time.Hour, "")
	h.look()
	h.pass(2 * time.Minute)
	h.look()
	since := h.now()
	// And while it fires, a short relief does not stop it, nor begin it anew.
	for range 5 {
		settled(h)
		h.look()
		h.pass(119 * time.Second)
		h.look()
		h.contribution("approved", time.Hour, "")
		h.look()
		h.pass(time.Minute)
	}
	all, _, err := h.board.List(t.Context())
	if err != nil || !all[0].Since.Equal(since) || all[0].Name != "approved_not_captured" {
		t.Errorf("%+v, %v; want firing since %s", all[0], err, since)
	}
	if log := h.log.String(); strings.Count(log, "\n") != 1 {
		t.Errorf("the log says\n%s", log)
	}
}

// Whichever replica checks, all say the same; of two that check at once, one logs the change.
func TestReplicasSayTheSame(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	other := metrics.New()
	follower := alert.NewBoard(alert.Config{
		DB: h.db, Health: health.New(h.db), Now: h.now, Metrics: other, Log: slog.New(slog.DiscardHandler),
	})
	if err := follower.Export(t.Context()); err != nil {
		t.Fatal(err) // nobody has checked yet: there is nothing to say
	}
	h.look()
	h.event("parked", nil, "", h.now(), time.Time{}, 20)
	var crew sync.WaitGroup
	for range 8 {
		crew.Go(func() {
			if err := h.board.Evaluate(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	crew.Wait()
	if n := strings.Count(h.log.String(), "level=WARN"); n != 1 {
		t.Errorf("the change was logged %d times", n)
	}
	ctx, stop := context.WithCancel(t.Context())
	followed := make(chan struct{})
	go func() {
		defer close(followed)
		follower.Follow(ctx)
	}()
	mine := ours(h.exported())
	h.metrics = other
	for deadline := time.Now().Add(10 * time.Second); ours(h.exported()) != mine; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("one says\n%s\nthe other\n%s", mine, ours(h.exported()))
		}
	}
	stop()
	<-followed
	if !strings.Contains(mine, `readerfund_alert_firing{alert="events_parked",severity="urgent"} 1`) ||
		!strings.Contains(mine, "readerfund_alert_checked_timestamp_seconds 1.7") {
		t.Errorf("it says\n%s", mine)
	}
}

// ours are the lines about alerts.
func ours(exported string) string {
	return strings.Join(regexp.MustCompile(`(?m)^readerfund_alert_.*$`).FindAllString(exported, -1), "\n")
}

// A replica that was stopped between reading and writing comes back with what it reckoned then: nothing of it is
// written.
func TestALateEndChangesNothing(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	h.look()
	// It read the vital signs now, while all is well; the others have gone on since.
	late := h.now()
	h.pass(time.Minute)
	h.event("parked", nil, "", h.now(), time.Time{}, 20)
	h.look()
	slow := alert.NewBoard(alert.Config{
		DB: h.db, Health: health.New(h.db), Now: func() time.Time { return late },
		Log: slog.New(slog.NewTextHandler(h.log, nil)),
	})
	h.exec(`UPDATE webhook_event SET state = 'applied'`)
	if err := slow.Evaluate(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, checked, err := h.board.List(t.Context())
	if got := h.firing(); got != "events_parked" || err != nil || !checked.Equal(h.now()) ||
		strings.Contains(h.log.String(), "alert over") {
		t.Errorf("firing %q, checked %s, %v\n%s", got, checked, err, h.log)
	}
}

func TestAlertsOfOtherVersionsAreForgotten(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	h.exec(`INSERT INTO alert (name, wrong, turned_at, firing_since, items, note, checked_at) VALUES ('of_old', true, $1, $1, 1, '', $1)`, h.now())
	h.look()
	all, checked, err := h.board.List(t.Context())
	if err != nil || len(all) != len(alert.All()) || !checked.Equal(h.now()) {
		t.Errorf("%d alerts, checked %s, %v", len(all), checked, err)
	}
	h.pass(25 * time.Hour)
	h.look()
	var left int
	if err := h.db.GetContext(t.Context(), &left, `SELECT count(*) FROM alert WHERE name = 'of_old'`); err != nil ||
		left != 0 {
		t.Errorf("%d are left, %v", left, err)
	}
}

func TestWithoutTables(t *testing.T) {
	t.Parallel()
	for _, table := range []string{
		"alert", "webhook_event", "contribution", "queue", "payment", "dispute", "discrepancy",
	} {
		h := openHouse(t)
		h.exec(`ALTER TABLE ` + table + ` RENAME TO away`)
		if err := h.board.Evaluate(t.Context()); err == nil {
			t.Errorf("without %s all is well", table)
		}
	}
	h := openHouse(t)
	h.exec(`ALTER TABLE alert RENAME TO away`)
	if _, _, err := h.board.List(t.Context()); err == nil {
		t.Error("a list without a table")
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	h.board.Follow(ctx) // returns, and the end is not logged as trouble
	if h.log.Len() > 0 {
		t.Errorf("the log says\n%s", h.log)
	}
}

// The registry's own rules: names that Prometheus takes, whole sentences, and each alert once.
func TestRegistryIsInOrder(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, a := range alert.All() {
		if !regexp.MustCompile(`^[a-z_]+$`).MatchString(a.Name) || seen[a.Name] {
			t.Errorf("the name %q", a.Name)
		}
		seen[a.Name] = true
		for _, text := range []string{a.Summary().String(), a.Advice().String()} {
			if !strings.HasSuffix(text, ".") || text[:1] != strings.ToUpper(text[:1]) {
				t.Errorf("%s: no sentence: %q", a.Name, text)
			}
		}
		if a.Severity != alert.Urgent && a.Severity != alert.Soon || a.For < 0 ||
			a.Path != "" && !strings.HasPrefix(a.Path, "/staff/") {
			t.Errorf("%s: %s, %s, %q", a.Name, a.Severity, a.For, a.Path)
		}
	}
}

// docs/alerts.md is what the registry says; -update writes it.
func TestDocumentedAlertsAreTheRegistry(t *testing.T) {
	t.Parallel()
	const file, mark = "../../docs/alerts.md", "<!-- The registry, written by `go test ./internal/alert -update`. -->\n"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, _, found := strings.Cut(string(text), mark)
	if !found {
		t.Fatalf("%s lacks the mark", file)
	}
	var b strings.Builder
	b.WriteString(head + mark)
	for _, a := range alert.All() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n*What to do:* %s\n\n%s", a.Name, a.Summary(), a.Advice(), a.Severity)
		if a.For > 0 {
			b.WriteString("; after " + strings.TrimSuffix(a.For.String(), "0s"))
		}
		b.WriteString("; `" + a.Metric() + "`\n")
	}
	if b.String() == string(text) {
		return
	}
	if !*update {
		t.Fatalf("%s is not what the registry says; look at the difference, and run with -update", file)
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Every metric that the rules for Prometheus name is one of ours, or of one of the collectors beside them.
func TestPrometheusRulesNameMetricsThatThereAre(t *testing.T) {
	t.Parallel()
	rules, err := os.ReadFile("../../docs/prometheus-alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	documented, err := os.ReadFile("../../docs/metrics.md") // held to the code by a test of package metrics
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`\breaderfund_[a-z_]+`).FindAllString(string(rules), -1)
	if len(named) < 5 {
		t.Fatalf("only %v are named", named)
	}
	for _, name := range named {
		plain := regexp.MustCompile(`_(bucket|count|sum)$`).ReplaceAllString(name, "")
		if !strings.Contains(string(documented), "`"+plain+"`") && !strings.Contains(string(documented), "`"+name+"`") {
			t.Errorf("%s is no metric of ours", name)
		}
	}
	if strings.Contains(string(rules), "\t") ||
		strings.Count(string(rules), "- alert:") != strings.Count(string(rules), "expr:") ||
		strings.Count(string(rules), "- alert:") != strings.Count(string(rules), "summary:") {
		t.Error("a rule lacks its expression or its summary, or has a tab in it")
	}
}
