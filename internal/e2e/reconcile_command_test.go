package e2e

import (
	"strings"
	"testing"
	"time"
)

// What an operator sees who writes days that cannot be looked at, and how a run that finds something ends.
func TestReconcileSaysWhatToDo(t *testing.T) {
	t.Parallel()
	s := openScene(t)
	s.serve()
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
		out, status := s.reconcile(t, strings.Fields(c.args)...)
		if status != 2 || !strings.Contains(out, c.says) {
			t.Errorf("reconcile %s: exit %d\n%s", c.args, status, out)
		}
	}
	if out, status := s.reconcile(t, "--help"); status != 0 || !strings.Contains(out, "--dry-run") {
		t.Errorf("--help: exit %d\n%s", status, out)
	}

	if out, status := s.reconcile(t); status != 0 || !strings.HasPrefix(out, "0 payments, 0 unexplained, checked to ") {
		t.Errorf("nothing there: exit %d\n%s", status, out)
	}
	var made struct{ ID string }
	s.bank.must("POST", "/sandbox/payments", fields{"amount": "40.00", "currency": "EUR", "kind": "donation"}, &made)
	for _, args := range [][]string{{"--dry-run"}, nil, nil} {
		out, status := s.reconcile(t, args...)
		if status != 1 || !strings.Contains(out, "1 payments, 1 unexplained") || !strings.Contains(out, made.ID) || !strings.Contains(out, "Adopt it") {
			t.Errorf("a gift made in PayPal, %v: exit %d\n%s", args, status, out)
		}
		if found := s.count("discrepancy"); (len(args) > 0) != (found == 0) {
			t.Errorf("%v: %d differences kept", args, found)
		}
	}
}

// The command is killed while it mends; the next one goes on, and nothing is booked twice.
func TestReconcileIsKilled(t *testing.T) {
	t.Parallel()
	s := openScene(t)
	s.serve()
	s.bank.fault(fields{"kind": "drop_webhook"})
	s.dayOfGifts(20)
	// PayPal takes its time, so that the command is at work when it is killed.
	s.bank.fault(fields{"kind": "delay", "delay": "300ms", "match": fields{"path": "/v2/payments/*"}})
	c, err := startChild("reconcile", program(t, "readerfund"), s.settings, &record{}, "reconcile")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, "it mends", func() (bool, string) {
		return s.count("ledger_entry WHERE source = 'reconcile'") > 0, "nothing is mended yet"
	})
	c.kill()
	s.bank.must("DELETE", "/sandbox/faults", nil, nil)
	s.bank.fault(fields{"kind": "drop_webhook"})
	out, status := s.reconcile(t)
	if status != 0 || !strings.Contains(out, "0 unexplained") || !strings.Contains(out, "Continuing a run") {
		t.Errorf("exit %d\n%s", status, out)
	}
	s.sameMoney(t)
}
