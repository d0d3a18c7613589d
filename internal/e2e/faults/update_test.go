package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"syscall"
	"testing"
	"time"

	"readerfund/internal/e2e/harness"
	"readerfund/internal/testkit"
)

// versionBefore is the commit of the version that a rolling update starts from: what an installation runs whose
// operator is about to install this one.
const versionBefore = "f34e8b091a14d49e1e5d8a595c38d02d974b0941"

// noVersionBefore says why the version before cannot be had: a checkout may come without its history.
func noVersionBefore() string {
	if err := exec.Command("git", "cat-file", "-e", versionBefore+"^{commit}").Run(); err != nil {
		return "the version before, because this checkout has no history with " + versionBefore[:7]
	}
	return ""
}

// programBefore builds the version before, and gives its path. It is kept: a commit does not change.
func programBefore(t *testing.T) string {
	t.Helper()
	dir := harness.BuildDir(t)
	unlock, err := harness.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	path := filepath.Join(dir, "readerfund-"+versionBefore[:7])
	if _, err := os.Stat(path); err == nil {
		return path
	}
	pack := exec.CommandContext(t.Context(), "git", "archive", versionBefore)
	pack.Dir = testkit.Root(t) // elsewhere it packs a folder only
	files, err := pack.Output()
	if err != nil {
		t.Fatalf("get the version before: %v", err)
	}
	source := t.TempDir()
	run(t, bytes.NewReader(files), source, "tar", "-x")
	// -trimpath, so that what was compiled in another folder is found in the build's cache; go build leaves nothing half
	// made.
	run(t, nil, source, "go", "build", "-buildvcs=false", "-trimpath", "-o", path, "./cmd/readerfund")
	return path
}

func run(t *testing.T, input io.Reader, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Stdin, cmd.Env = dir, input, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// F24: the version before runs, on its own schema, and takes gifts. Processes of this version come beside it and change
// the schema under it; both take gifts and webhooks for a while; then the old ones are stopped, one after the other,
// and at last this version is restarted the same way. Where there is no history, all of it is done with this version
// alone.
func versionBeforeFirst(t *testing.T, h *fixture) {
	t.Helper()
	if lacks := noVersionBefore(); lacks != "" {
		t.Logf("left out: %s", lacks)
		return
	}
	programBefore(t)
	h.empty = true // the version before makes its own tables
}

func fillWithVersionBefore(h *fixture) {
	if h.empty {
		h.Program = programBefore(h.T)
	}
	h.startProcesses()
	h.Program = ""
}

func rollingUpdate(h *fixture) {
	before := h.processes
	h.waitForGifts(h.load.Given() + 6) // rows of the version before
	for range before {
		h.addProcess(h.Serve()) // the first of them migrates
	}
	h.struck++
	h.waitForGifts(h.load.Given() + 10*len(before)) // through both versions
	// PayPal takes its time, so that there is always something under way.
	h.PayPal.Fault(
		testkit.Fields{
			"kind":  "delay",
			"delay": "200ms",
			"match": testkit.Fields{"method": "POST", "path": "/v2/checkout/orders"},
		},
	)
	for _, v := range before {
		h.stopUnderLoad(v)
		h.removeProcess(v)
	}
	for _, v := range h.processes {
		h.stopUnderLoad(v)
		v.Restart()
	}
	h.PayPal.Must("DELETE", "/sandbox/faults", nil, nil)
}

// stopUnderLoad stops a process while it makes an order. The stop is clean, and its reader is answered.
func (h *fixture) stopUnderLoad(v *harness.Process) {
	h.T.Helper()
	slow := slowGift(h.Fixture, v)
	if err := v.Stop(syscall.SIGTERM, time.Minute); err != nil {
		h.T.Errorf("a stop was not clean: %v", err)
	}
	if got := <-slow; got.Err != nil || got.Status != http.StatusCreated {
		h.T.Errorf("a gift that was under way at a stop: %v, %v", got.Err, got.Response)
	} else if g, err := got.Started(); err != nil {
		h.T.Error(err)
	} else {
		h.load.Add(harness.Gift{Started: g, Ending: "abandoned"})
	}
	h.struck++
}

// sameReports compares what the two versions report of the same books: an update changes no figure, and can be taken
// back. What the version before does not report at all is left out.
func sameReports(h *fixture, f *harness.Differences) {
	if !h.empty {
		return
	}
	for _, args := range [][]string{
		{"report", "totals", "--by", "day,campaign,article", "--format", "json"},
		{"report", "contributions", "--format", "json"},
	} {
		var said [2][]map[string]any
		for n, program := range []string{programBefore(h.T), harness.Program(h.T, "readerfund")} {
			cmd := exec.CommandContext(h.T.Context(), program, args...)
			cmd.Env = harness.Environment(h.Settings)
			out, err := cmd.Output()
			if err != nil {
				h.T.Errorf("%s %v: %v", filepath.Base(program), args, err)
			}
			if err := json.Unmarshal(out, &said[n]); err != nil {
				h.T.Errorf("%s %v: %v", filepath.Base(program), args, err)
			}
		}
		known := map[string]any{}
		for _, line := range said[0] {
			maps.Copy(known, line)
		}
		for _, line := range said[1] {
			maps.DeleteFunc(line, func(column string, _ any) bool {
				_, is := known[column]
				return !is
			})
		}
		if !reflect.DeepEqual(said[0], said[1]) {
			f.Unexplained = append(
				f.Unexplained,
				fmt.Sprintf("%v: the version before says\n%v\nthis one\n%v", args, said[0], said[1]),
			)
		}
	}
}
