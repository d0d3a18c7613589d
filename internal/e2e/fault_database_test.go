package e2e

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
)

// F16: the database is stopped, then it does not answer for a while. Meanwhile PayPal hears no 2xx and readers that
// nothing was charged; afterwards everything goes on by itself.
func databaseDown(h *house) {
	outsider := h.visitor()
	outsider.base = h.services[0].base
	d := h.delivered("CHECKOUT.ORDER.APPROVED")
	h.ground.stop(h.t)
	for path, want := range map[string]int{"/readyz": 503, "/healthz": 200} {
		if got, err := outsider.send("GET", path, ""); err != nil || got.status != want {
			h.t.Errorf("%s without a database: %v, %v", path, err, got)
		}
	}
	if got, err := outsider.deliver(d, d.Body); err != nil || got.status != http.StatusServiceUnavailable {
		h.t.Errorf("a webhook without a database: %v, %v", err, got)
	}
	if got, err := outsider.give("25.00", "EUR", ""); err != nil || got.status != http.StatusServiceUnavailable {
		h.t.Errorf("a gift without a database: %v, %v", err, got)
	}
	h.ground.restart(h.t)
	h.struck++
	for _, v := range h.services {
		if err := v.ready(15 * time.Second); err != nil {
			h.t.Errorf("the service does not come back by itself: %v", err)
		}
	}
	h.toDatabase.poison("timeout", either(h, "upstream", "downstream"), 1, fields{"timeout": 0})
	time.Sleep(500 * time.Millisecond)
	h.toDatabase.heal()
	h.struck++
}

// F17: connections die with COMMIT on its way, or with its answer.
func lostCommits(h *house) {
	for _, way := range []string{"downstream", "upstream"} {
		toxic, ours := h.toDatabase.poison("lost_commit", way, 1, fields{"percent": 15}).(*lostCommit)
		time.Sleep(700 * time.Millisecond)
		h.toDatabase.heal()
		if ours {
			h.struck += int(toxic.lost.Load())
		}
	}
}

// F20: somebody holds rows locked; transactions deadlock; and there is one connection for a process, or for all of them.
func contention(h *house) {
	for range 2 {
		h.holdRows(300 * time.Millisecond)
	}
	h.deadlock()
	h.ground.exec(h.t, fmt.Sprintf(`ALTER DATABASE %s CONNECTION LIMIT 1`, h.database))
	h.ground.sever(h.t, h.database)
	time.Sleep(700 * time.Millisecond)
	h.ground.exec(h.t, fmt.Sprintf(`ALTER DATABASE %s CONNECTION LIMIT -1`, h.database))
	h.ground.sever(h.t, h.database) // who got the one connection would keep it
	h.struck++
}

// holdRows locks the latest contributions and events for a while.
func (h *house) holdRows(span time.Duration) {
	h.t.Helper()
	tx, err := h.db.BeginTxx(h.t.Context(), nil)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	for _, query := range []string{
		`SELECT id FROM contribution ORDER BY created_at DESC LIMIT 5 FOR UPDATE SKIP LOCKED`,
		`SELECT id FROM webhook_event ORDER BY id DESC LIMIT 5 FOR UPDATE SKIP LOCKED`,
	} {
		if _, err := tx.ExecContext(h.t.Context(), query); err != nil {
			h.t.Fatal(err)
		}
	}
	time.Sleep(span)
	h.struck++
}

// deadlock takes locks in the other order than the service does, from several connections at once: the supporter, who is
// the same for many gifts, before the contribution. PostgreSQL ends one of those that wait for each other.
func (h *house) deadlock() {
	var crew sync.WaitGroup
	for range 3 {
		crew.Go(func() {
			for end := time.Now().Add(600 * time.Millisecond); time.Now().Before(end); {
				tx, err := h.db.BeginTxx(h.t.Context(), nil)
				if err != nil {
					h.t.Error(err)
					return
				}
				_, err = tx.ExecContext(h.t.Context(), `SELECT id FROM supporter ORDER BY id FOR UPDATE`)
				if err == nil {
					time.Sleep(20 * time.Millisecond)
					_, _ = tx.ExecContext(h.t.Context(), `SELECT id FROM contribution ORDER BY created_at DESC LIMIT 4 FOR UPDATE`) // may be the one that is ended
				}
				_ = tx.Rollback() // nothing was written
			}
		})
	}
	crew.Wait()
	var n int
	if err := h.db.GetContext(h.t.Context(), &n, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`); err != nil {
		h.t.Error(err)
	}
	h.struck += n
}

// F21: the disk is full. Where the system does not let us have one of our own to fill, the database is read-only instead.
func onATinyDisk(t *testing.T, h *house) {
	t.Helper()
	folder, whyNot := h.ground.mountTiny(t)
	if whyNot != "" {
		t.Logf("no disk to fill (%s): the database will be read-only instead", whyNot)
		return
	}
	h.space, h.disk = tinySpace, folder
	h.ground.exec(t, fmt.Sprintf(`CREATE TABLESPACE %s LOCATION '%s'`, tinySpace, folder))
	t.Cleanup(func() { h.ground.exec(t, `DROP TABLESPACE `+tinySpace) })
}

func diskFull(h *house) {
	h.struck++
	if h.space == "" {
		h.ground.exec(h.t, fmt.Sprintf(`ALTER DATABASE %s SET default_transaction_read_only = on`, h.database))
		h.ground.sever(h.t, h.database)
		time.Sleep(time.Second)
		h.ground.exec(h.t, fmt.Sprintf(`ALTER DATABASE %s RESET default_transaction_read_only`, h.database))
		h.ground.sever(h.t, h.database)
		return
	}
	file := filepath.Join(h.disk, "ballast")
	if err := os.WriteFile(file, make([]byte, tinyMegabytes<<20), 0o600); err == nil {
		h.t.Error("the disk is not full")
	}
	eventually(h.t, 15*time.Second, "a webhook is refused for want of room", func() (bool, string) {
		pad := make([]byte, 3000) // drawn, so that it cannot be compressed
		for i := range pad {
			pad[i] = byte(h.draw.Uint32())
		}
		d := h.signed(fmt.Sprintf(`{"id":"WH-PAD-%x","event_type":"PAYMENT.CAPTURE.UNHEARD","resource":{"id":"X","pad":"%x"}}`, pad[:8], pad))
		got, err := h.deliver(d)
		if err == nil && got.status == http.StatusOK && h.count("webhook_event WHERE body = $1", []byte(d.Body)) != 1 {
			h.t.Error("a webhook was acknowledged, and it is not there")
		}
		return err == nil && got.status == http.StatusServiceUnavailable, fmt.Sprint(err, got)
	})
	time.Sleep(500 * time.Millisecond)
	if err := os.Remove(file); err != nil {
		h.t.Error(err)
	}
}

// F25: two reconcilers run at once, twice, while webhooks come in and some are lost.
func twoReconcilers(h *house) {
	h.reconcile = true
	h.bank.fault(fields{"kind": "drop_webhook", "percent": 40})
	for range 2 {
		time.Sleep(300 * time.Millisecond)
		for _, got := range together(2, func(int) (answer, error) { said, _ := h.reconciler(); return answer{body: said}, nil }) {
			if !strings.Contains(got.body, "unexplained") { // what is under way may be unexplained yet
				h.t.Errorf("a reconciler beside another one: %s", got.body)
			}
			h.struck++
		}
	}
}

// F29: the database is put back to what it was some gifts ago. What was acknowledged since is gone, and so is every
// gift that came to nothing; what PayPal has money of comes back.
func restoredDump(h *house) {
	h.reconcile, h.forgot = true, true
	file := filepath.Join(h.t.TempDir(), "dump")
	address := h.ground.server.URL(h.database)
	h.tool("pg_dump", "--format=custom", "--file", file, address)
	h.givenAtLeast(h.crowd.gave() + 12)
	h.crowd.leave()
	for _, v := range h.services {
		v.kill()
	}
	h.tool("pg_restore", "--clean", "--if-exists", "--single-transaction", "--dbname", address, file)
	h.struck++
	for _, v := range h.services {
		v.restart()
	}
	h.crowd = h.another(h.bases()...)
}

// tool runs one of PostgreSQL's own programs.
func (h *house) tool(name string, args ...string) {
	h.t.Helper()
	folder, err := localpg.Find()
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(h.t.Context(), settling)
	defer cancel()
	if out, err := exec.CommandContext(ctx, filepath.Join(folder, name), args...).CombinedOutput(); err != nil {
		h.t.Fatalf("%s: %v\n%s", name, err, out)
	}
}
