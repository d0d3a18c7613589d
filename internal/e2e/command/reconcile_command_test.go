package command

import (
	"strings"
	"testing"
	"time"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// What an operator sees who writes days that cannot be looked at, and how a run that finds something ends.
func TestReconcileSaysWhatToDo(t *testing.T) {
	t.Parallel()
	s := harness.New(t)
	s.Serve()
	day := func(n int) string { return time.Now().AddDate(0, 0, n).Format(time.DateOnly) }
	for _, c := range []struct {
		args string
		says string
	}{
		{"--from " + day(-3) + " --to " + day(-9), "Swap them"},
		{"--from " + day(5), "in the future"},
		{"--to " + day(5), "in the future"},
		{"--from " + day(-1500), "three years"},
		{"--from 2026-02-31", "Write a day that there is"},
		{"--from yesterday", "Write a day that there is"},
	} {
		out, status := runReconcile(s, t, strings.Fields(c.args)...)
		if status != 2 || !strings.Contains(out, c.says) {
			t.Errorf("reconcile %s: exit %d\n%s", c.args, status, out)
		}
	}
	if out, status := runReconcile(s, t, "--help"); status != 0 || !strings.Contains(out, "--dry-run") {
		t.Errorf("--help: exit %d\n%s", status, out)
	}

	if out, status := runReconcile(
		s,
		t,
	); status != 0 ||
		!strings.HasPrefix(out, "0 payments, 0 unexplained, checked to ") {
		t.Errorf("nothing there: exit %d\n%s", status, out)
	}
	var made struct{ ID string }
	s.PayPal.Must(
		"POST",
		"/sandbox/payments",
		testkit.Fields{"amount": "40.00", "currency": "EUR", "kind": "donation"},
		&made,
	)
	for _, args := range [][]string{{"--dry-run"}, nil, nil} {
		out, status := runReconcile(s, t, args...)
		if status != 1 || !strings.Contains(out, "1 payments, 1 unexplained") || !strings.Contains(out, made.ID) ||
			!strings.Contains(out, "Adopt it") {
			t.Errorf("a gift made in PayPal, %v: exit %d\n%s", args, status, out)
		}
		if found := s.Count("discrepancy"); (len(args) > 0) != (found == 0) {
			t.Errorf("%v: %d differences kept", args, found)
		}
	}
}

// The command is killed while it mends; the next one goes on, and nothing is booked twice.
func TestReconcileIsKilled(t *testing.T) {
	t.Parallel()
	s := harness.New(t)
	s.Serve()
	s.PayPal.Fault(testkit.Fields{"kind": "drop_webhook"})
	dayOfGifts(s, 20)
	// PayPal takes its time, so that the command is at work when it is killed.
	s.PayPal.Fault(testkit.Fields{"kind": "delay", "delay": "300ms", "match": testkit.Fields{"path": "/v2/payments/*"}})
	c, err := harness.StartChild("reconcile", harness.Program(t, "readerfund"), s.Settings, &harness.Log{}, "reconcile")
	if err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, time.Minute, "it mends", func() (bool, string) {
		return s.Count("ledger_entry WHERE source = 'reconcile'") > 0, "nothing is mended yet"
	})
	c.Kill()
	s.PayPal.Must("DELETE", "/sandbox/faults", nil, nil)
	s.PayPal.Fault(testkit.Fields{"kind": "drop_webhook"})
	out, status := runReconcile(s, t)
	if status != 0 || !strings.Contains(out, "0 unexplained") || !strings.Contains(out, "Continuing a run") {
		t.Errorf("exit %d\n%s", status, out)
	}
	checkSameMoney(s, t)
}
