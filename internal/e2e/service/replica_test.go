package service

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// Three processes do periodic work as one: each job runs once when it is due. F23: the process that holds one is
// killed, and another takes it over; the next holder is stopped and comes back late, and its end changes nothing.
func TestThreeProcessesKeepOneClock(t *testing.T) {
	t.Parallel()
	s := harness.New(t, "LOG_LEVEL", "debug")
	services := []*harness.Process{s.Serve(), s.Serve(), s.Serve()}

	waitForRun(s, "tidy", 1) // at the first start, once
	for n := range int64(6) {
		makeDue(s, "tidy")
		waitForRun(s, "tidy", n+2)
	}
	// A process counts a run once the table has its end.
	testkit.Eventually(t, patience, "the processes together ran a job 7 times in 7 periods", func() (bool, string) {
		total := 0
		for _, v := range services {
			total += counted(v, `readerfund_job_runs_total{job="tidy",outcome="done"}`)
		}
		if total > 7 {
			t.Fatalf("the processes together ran a job %d times in 7 periods", total)
		}
		return total == 7, fmt.Sprint(total)
	})

	// Nobody can finish the check while the table is locked; everybody can read.
	lock, err := s.DB.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Rollback() }()
	if _, err := lock.ExecContext(t.Context(), `LOCK TABLE alert IN EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	before := job(s, "check alerts")
	makeDue(s, "check alerts")
	first := heldBy(s, services, "check alerts", nil)
	first.Kill()
	second := heldBy(s, services, "check alerts", first)
	if err := second.Cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	waitForRun(s, "check alerts", before.Runs+1)
	after := job(s, "check alerts")
	if holder(services, after) == second || after.Failures != 0 {
		t.Errorf("after the third took over the table says %+v", after)
	}
	if err := second.Cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, patience, "who comes back late hears that the job is lost", func() (bool, string) {
		n := counted(second, `readerfund_job_runs_total{job="check alerts",outcome="lost"}`)
		return n == 1, fmt.Sprint(n)
	})
	if now := job(s, "check alerts"); now.Runs < after.Runs || now.Failures != 0 || now.LastError != "" {
		t.Errorf("the late end changed the table from %+v to %+v", after, now)
	}
}

// patience is how long these tests wait for another process. A lease is a quarter of a minute, and two of them may have
// to end while the tests beside these take the machine.
const patience = 3 * time.Minute

// jobRow is a job as the table has it.
type jobRow struct {
	Runs      int64  `db:"runs"`
	Holder    string `db:"holder"`
	Held      bool   `db:"held"`
	Failures  int    `db:"failures"`
	LastError string `db:"last_error"`
}

func job(s *harness.Fixture, name string) (c jobRow) {
	s.T.Helper()
	err := s.DB.GetContext(
		s.T.Context(),
		&c,
		`SELECT runs, holder, held_until IS NOT NULL AS held, failures, last_error FROM queue WHERE kind = $1`,
		name,
	)
	if err != nil {
		s.T.Fatal(err)
	}
	return c
}

// makeDue brings a job forward.
func makeDue(s *harness.Fixture, name string) {
	s.T.Helper()
	if _, err := s.DB.ExecContext(
		s.T.Context(),
		`UPDATE queue SET due_at = $2 WHERE kind = $1`,
		name,
		time.Now().Add(-time.Second),
	); err != nil {
		s.T.Fatal(err)
	}
}

// waitForRun waits until the job has run so often in all, and is let go.
func waitForRun(s *harness.Fixture, name string, times int64) {
	s.T.Helper()
	testkit.Eventually(s.T, patience, fmt.Sprintf("%s ran %d times", name, times), func() (bool, string) {
		if n := s.Count("queue WHERE kind = $1", name); n == 0 {
			return false, "it is not there"
		}
		c := job(s, name)
		if c.Runs > times {
			s.T.Fatalf("%s ran %d times, want %d", name, c.Runs, times)
		}
		return c.Runs == times && !c.Held, fmt.Sprintf("%+v", c)
	})
}

// heldBy waits until a process other than the one before has claimed the job, and returns it.
func heldBy(s *harness.Fixture, services []*harness.Process, name string, before *harness.Process) *harness.Process {
	s.T.Helper()
	var found *harness.Process
	testkit.Eventually(s.T, patience, "a claim on "+name, func() (bool, string) {
		c := job(s, name)
		if v := holder(services, c); c.Held && v != nil && v != before {
			found = v
		}
		return found != nil, fmt.Sprintf("%+v", c)
	})
	return found
}

// holder is the process that claimed the job last: a claim's name has the process id in it.
func holder(services []*harness.Process, c jobRow) *harness.Process {
	for _, v := range services {
		if strings.Contains(c.Holder, fmt.Sprintf("/%d/", v.PID())) {
			return v
		}
	}
	return nil
}

var adminLine = regexp.MustCompile(`admin=(\S+)`)

// counted reads one of the process's counters; 0 where there is none.
func counted(v *harness.Process, series string) int {
	t := v.Fixture.T
	t.Helper()
	at := adminLine.FindStringSubmatch(v.Output.String())
	if at == nil {
		t.Fatalf("the log names no admin address:\n%s", v.Output.String())
	}
	resp, err := http.Get("http://" + at[1] + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close() // read to its end or not, the error says
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if value, found := strings.CutPrefix(line, series+" "); found {
			n, err := strconv.Atoi(value)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	return 0
}
