package faults

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"readerfund/internal/db/localpg"
	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// F16: the database is stopped, then it does not answer for a while. Meanwhile PayPal hears no 2xx and readers that
// nothing was charged; afterwards everything goes on by itself.
func databaseDown(h *fixture) {
	outsider := h.Client()
	outsider.BaseURL = h.processes[0].BaseURL
	d := h.Delivered("CHECKOUT.ORDER.APPROVED")
	h.cluster.stop(h.T)
	for path, want := range map[string]int{"/readyz": 503, "/healthz": 200} {
		if got, err := outsider.Send("GET", path, ""); err != nil || got.Status != want {
			h.T.Errorf("%s without a database: %v, %v", path, err, got)
		}
	}
	if got, err := outsider.Deliver(d, d.Body); err != nil || got.Status != http.StatusServiceUnavailable {
		h.T.Errorf("a webhook without a database: %v, %v", err, got)
	}
	if got, err := outsider.Give("25.00", "EUR", ""); err != nil || got.Status != http.StatusServiceUnavailable {
		h.T.Errorf("a gift without a database: %v, %v", err, got)
	}
	h.cluster.restart(h.T)
	h.struck++
	for _, v := range h.processes {
		if err := v.Ready(time.Minute); err != nil {
			h.T.Errorf("the service does not come back by itself: %v", err)
		}
	}
	h.toDatabase.addToxic("timeout", oneOf(h, "upstream", "downstream"), 1, testkit.Fields{"timeout": 0})
	time.Sleep(500 * time.Millisecond)
	h.toDatabase.reset()
	h.struck++
}

// F17: connections die with COMMIT on its way, or with its answer.
func lostCommits(h *fixture) {
	for _, way := range []string{"downstream", "upstream"} {
		toxic, ours := h.toDatabase.addToxic("lost_commit", way, 1, testkit.Fields{"percent": 15}).(*lostCommit)
		time.Sleep(700 * time.Millisecond)
		h.toDatabase.reset()
		if ours {
			h.struck += int(toxic.lost.Load())
		}
	}
}

// F20: somebody holds rows locked; transactions deadlock; and there is one connection for a process, or for all of
// them.
func contention(h *fixture) {
	for range 2 {
		h.holdRows(300 * time.Millisecond)
	}
	h.deadlock()
	h.cluster.exec(h.T, fmt.Sprintf(`ALTER DATABASE %s CONNECTION LIMIT 1`, h.database))
	h.cluster.disconnect(h.T, h.database)
	time.Sleep(700 * time.Millisecond)
	h.cluster.exec(h.T, fmt.Sprintf(`ALTER DATABASE %s CONNECTION LIMIT -1`, h.database))
	h.cluster.disconnect(h.T, h.database) // who got the one connection would keep it
	h.struck++
}

// holdRows locks the latest contributions and events for a while.
func (h *fixture) holdRows(span time.Duration) {
	h.T.Helper()
	tx, err := h.DB.BeginTxx(h.T.Context(), nil)
	if err != nil {
		h.T.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	for _, query := range []string{
		`SELECT id FROM contribution ORDER BY created_at DESC LIMIT 5 FOR UPDATE SKIP LOCKED`,
		`SELECT id FROM webhook_event ORDER BY id DESC LIMIT 5 FOR UPDATE SKIP LOCKED`,
	} {
		if _, err := tx.ExecContext(h.T.Context(), query); err != nil {
			h.T.Fatal(err)
		}
	}
	time.Sleep(span)
	h.struck++
}

// deadlock takes locks in the other order than the service does, from several connections at once: the supporter, who
// is the same for many gifts, before the contribution. PostgreSQL ends one of those that wait for each other.
func (h *fixture) deadlock() {
	var crew sync.WaitGroup
	for range 3 {
		crew.Go(func() {
			for end := time.Now().Add(600 * time.Millisecond); time.Now().Before(end); {
				tx, err := h.DB.BeginTxx(h.T.Context(), nil)
				if err != nil {
					h.T.Error(err)
					return
				}
				_, err = tx.ExecContext(h.T.Context(), `SELECT id FROM supporter ORDER BY id FOR UPDATE`)
				if err == nil {
					time.Sleep(20 * time.Millisecond)
					_, _ = tx.ExecContext(
						h.T.Context(),
						`SELECT id FROM contribution ORDER BY created_at DESC LIMIT 4 FOR UPDATE`,
					) // may be the one that is ended
				}
				_ = tx.Rollback() // nothing was written
			}
		})
	}
	crew.Wait()
	var n int
	if err := h.DB.GetContext(
		h.T.Context(),
		&n,
		`SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`,
	); err != nil {
		h.T.Error(err)
	}
	h.struck += n
}

// F21: the disk is full. Where the system does not let us have one of our own to fill, the database is read-only
// instead.
func onSmallDisk(t *testing.T, h *fixture) {
	t.Helper()
	folder, whyNot := h.cluster.mountSmallDisk(t)
	if whyNot != "" {
		t.Logf("no disk to fill (%s): the database will be read-only instead", whyNot)
		return
	}
	h.tablespace, h.disk = smallTablespace, folder
	h.cluster.exec(t, fmt.Sprintf(`CREATE TABLESPACE %s LOCATION '%s'`, smallTablespace, folder))
	t.Cleanup(func() { h.cluster.exec(t, `DROP TABLESPACE `+smallTablespace) })
}

func diskFull(h *fixture) {
	h.struck++
	if h.tablespace == "" {
		h.cluster.exec(h.T, fmt.Sprintf(`ALTER DATABASE %s SET default_transaction_read_only = on`, h.database))
		h.cluster.disconnect(h.T, h.database)
		time.Sleep(time.Second)
		h.cluster.exec(h.T, fmt.Sprintf(`ALTER DATABASE %s RESET default_transaction_read_only`, h.database))
		h.cluster.disconnect(h.T, h.database)
		return
	}
	file := filepath.Join(h.disk, "ballast")
	if err := os.WriteFile(file, make([]byte, smallDiskMegabytes<<20), 0o600); err == nil {
		h.T.Error("the disk is not full")
	}
	testkit.Eventually(h.T, time.Minute, "a webhook is refused for want of room", func() (bool, string) {
		pad := make([]byte, 3000) // drawn, so that it cannot be compressed
		for i := range pad {
			pad[i] = byte(h.draw.Uint32())
		}
		d := h.sign(
			fmt.Sprintf(
				`{"id":"WH-PAD-%x","event_type":"PAYMENT.CAPTURE.UNHEARD","resource":{"id":"X","pad":"%x"}}`,
				pad[:8],
				pad,
			),
		)
		got, err := h.deliver(d)
		if err == nil && got.Status == http.StatusOK && h.Count("webhook_event WHERE body_digest = sha256($1)", []byte(d.Body)) != 1 {
			h.T.Error("a webhook was acknowledged, and it is not there")
		}
		return err == nil && got.Status == http.StatusServiceUnavailable, fmt.Sprint(err, got)
	})
	time.Sleep(500 * time.Millisecond)
	if err := os.Remove(file); err != nil {
		h.T.Error(err)
	}
}

// F25: two reconcilers run at once, twice, while webhooks come in and some are lost.
func twoReconcilers(h *fixture) {
	h.reconcile = true
	h.PayPal.Fault(testkit.Fields{"kind": "drop_webhook", "percent": 40})
	for range 2 {
		time.Sleep(300 * time.Millisecond)
		for _, got := range harness.Concurrently(2, func(int) (harness.Response, error) {
			said, _ := h.reconciler()
			return harness.Response{Body: said}, nil
		}) {
			if !strings.Contains(got.Body, "unexplained") { // what is under way may be unexplained yet
				h.T.Errorf("a reconciler beside another one: %s", got.Body)
			}
			h.struck++
		}
	}
}

// F29: the database is put back to what it was some gifts ago. What was acknowledged since is gone, and so is every
// gift that came to nothing; what PayPal has money of comes back.
func restoredDump(h *fixture) {
	h.reconcile, h.Restored = true, true
	file := filepath.Join(h.T.TempDir(), "dump")
	address := h.cluster.server.URL(h.database)
	h.tool("pg_dump", "--format=custom", "--file", file, address)
	h.waitForGifts(h.load.Given() + 12)
	h.load.Stop()
	for _, v := range h.processes {
		v.Kill()
	}
	h.tool("pg_restore", "--clean", "--if-exists", "--single-transaction", "--dbname", address, file)
	h.struck++
	for _, v := range h.processes {
		v.Restart()
	}
	h.load = h.continueLoad(h.baseURLs()...)
}

// tool runs one of PostgreSQL's own programs.
func (h *fixture) tool(name string, args ...string) {
	h.T.Helper()
	folder, err := localpg.Find()
	if err != nil {
		h.T.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(h.T.Context(), settleTimeout)
	defer cancel()
	if out, err := exec.CommandContext(ctx, filepath.Join(folder, name), args...).CombinedOutput(); err != nil {
		h.T.Fatalf("%s: %v\n%s", name, err, out)
	}
}
