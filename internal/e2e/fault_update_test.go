package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// versionBefore is the commit of the version that a rolling update starts from: what an installation runs whose operator
// is about to install this one.
const versionBefore = "f34e8b091a14d49e1e5d8a595c38d02d974b0941"

// noVersionBefore says why the version before cannot be had: a checkout may come without its history.
func noVersionBefore() string {
	if err := exec.Command("git", "cat-file", "-e", versionBefore+"^{commit}").Run(); err != nil {
		return "the version before, because this checkout has no history with " + versionBefore[:7]
	}
	return ""
}

// programBefore builds the version before, once, and gives its path.
var programBefore = sync.OnceValues(func() (string, error) {
	source := filepath.Join(buildFolder(), "before")
	if err := os.MkdirAll(source, 0o700); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	root, err := exec.CommandContext(ctx, "git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	pack := exec.CommandContext(ctx, "git", "archive", versionBefore)
	pack.Dir = string(bytes.TrimSpace(root)) // elsewhere it packs a folder only
	files, err := pack.Output()
	if err != nil {
		return "", fmt.Errorf("get the version before: %w", err)
	}
	unpack := exec.CommandContext(ctx, "tar", "-x", "-C", source)
	unpack.Stdin = bytes.NewReader(files)
	if out, err := unpack.CombinedOutput(); err != nil {
		return "", fmt.Errorf("unpack the version before: %w\n%s", err, out)
	}
	path := filepath.Join(buildFolder(), "readerfund-before")
	// -trimpath, so that what was compiled in another folder the last time is found again.
	build := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-trimpath", "-o", path, "./cmd/readerfund")
	build.Dir, build.Env = source, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the version before: %w\n%s", err, out)
	}
	return path, nil
})

// F24: the version before runs, on its own schema, and takes gifts. Processes of this version come beside it and change
// the schema under it; both take gifts and webhooks for a while; then the old ones are stopped, one after the other, and
// at last this version is restarted the same way. Where there is no history, all of it is done with this version alone.
func versionBeforeFirst(t *testing.T, h *house) {
	t.Helper()
	if lacks := noVersionBefore(); lacks != "" {
		t.Logf("left out: %s", lacks)
		return
	}
	if _, err := programBefore(); err != nil {
		t.Fatal(err)
	}
	h.empty = true // the version before makes its own tables
}

func fillWithVersionBefore(h *house) {
	if h.empty {
		path, err := programBefore()
		if err != nil {
			h.t.Fatal(err)
		}
		h.program = path
	}
	h.fill()
	h.program = ""
}

func rollingUpdate(h *house) {
	before := h.services
	h.givenAtLeast(h.crowd.gave() + 6) // rows of the version before
	for range before {
		h.enlist(h.serve()) // the first of them migrates
	}
	h.struck++
	h.givenAtLeast(h.crowd.gave() + 10*len(before)) // through both versions
	// PayPal takes its time, so that there is always something under way.
	h.bank.fault(fields{"kind": "delay", "delay": "200ms", "match": fields{"method": "POST", "path": "/v2/checkout/orders"}})
	for _, v := range before {
		h.stopUnderLoad(v)
		h.delist(v)
	}
	for _, v := range h.services {
		h.stopUnderLoad(v)
		v.restart()
	}
	h.bank.must("DELETE", "/sandbox/faults", nil, nil)
}

// stopUnderLoad stops a process while it makes an order. The stop is clean, and whoever asked for the order is answered.
func (h *house) stopUnderLoad(v *service) {
	h.t.Helper()
	slow := h.slowGift(v)
	if err := v.stop(syscall.SIGTERM, 20*time.Second); err != nil {
		h.t.Errorf("a stop was not clean: %v", err)
	}
	if got := <-slow; got.err != nil || got.status != http.StatusCreated {
		h.t.Errorf("a gift that was under way at a stop: %v, %v", got.err, got.answer)
	} else if g, err := got.started(); err != nil {
		h.t.Error(err)
	} else {
		h.crowd.add(given{started: g, ending: "abandoned"})
	}
	h.struck++
}

// sameReports compares what the two versions report of the same books: an update changes no figure, and can be taken back.
func sameReports(h *house, f *findings) {
	if !h.empty {
		return
	}
	path, err := programBefore()
	if err != nil {
		h.t.Fatal(err)
	}
	for _, args := range [][]string{
		{"report", "totals", "--by", "day,campaign,article", "--format", "json"}, {"report", "contributions", "--format", "json"},
	} {
		var said [2]string
		for n, program := range []string{path, program(h.t, "readerfund")} {
			cmd := exec.CommandContext(h.t.Context(), program, args...)
			cmd.Env = environment(h.settings)
			out, err := cmd.Output()
			if err != nil {
				h.t.Errorf("%s %v: %v", filepath.Base(program), args, err)
			}
			said[n] = string(out)
		}
		if said[0] != said[1] {
			f.unexplained = append(f.unexplained, fmt.Sprintf("%v: the version before says\n%s\nthis one\n%s", args, said[0], said[1]))
		}
	}
}
