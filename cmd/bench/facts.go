package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// facts are what the machine is, so that a table can be read elsewhere.
func (h *house) facts(ctx context.Context) ([]string, error) {
	var version, method, durable string
	err := errors.Join(
		h.admin.GetContext(ctx, &version, "SELECT current_setting('server_version')"),
		h.admin.GetContext(ctx, &method, "SELECT current_setting('wal_sync_method')"),
		h.admin.GetContext(ctx, &durable, "SELECT current_setting('fsync') || ', synchronous_commit ' || current_setting('synchronous_commit')"))
	if err != nil {
		return nil, err
	}
	flush, err := h.flushTime()
	if err != nil {
		return nil, err
	}
	commit, err := h.commitTime(ctx)
	if err != nil {
		return nil, err
	}
	return []string{
		fmt.Sprintf("%s/%s, %d cores, shared by service, reference, database and load generator; %s%s", runtime.GOOS,
			runtime.GOARCH, runtime.NumCPU(), runtime.Version(), loadAverage()),
		fmt.Sprintf("PostgreSQL %s with its own defaults: fsync %s, %s", version, durable, method),
		fmt.Sprintf("8 KB written and flushed in %s, one row committed in %s (medians)", tidy(flush), tidy(commit)),
		fmt.Sprintf("webhooks of %d bytes, all different, signed with RSA 2048", len(eventBody(0))),
	}, nil
}

// probes is how often the disk is asked.
const probes = 100

// flushTime is how long the disk takes to be sure of 8 KB, PostgreSQL's page.
func (h *house) flushTime() (took time.Duration, err error) {
	f, err := os.Create(filepath.Join(h.dir, "flush"))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	block := make([]byte, 8<<10)
	return medianOf(func() error {
		if _, err := f.WriteAt(block, 0); err != nil {
			return err
		}
		return f.Sync()
	})
}

// commitTime is how long a transaction with one small row takes.
func (h *house) commitTime(ctx context.Context) (time.Duration, error) {
	if _, err := h.admin.ExecContext(ctx, "CREATE TABLE probe (n integer)"); err != nil {
		return 0, err
	}
	took, err := medianOf(func() error {
		_, err := h.admin.ExecContext(ctx, "INSERT INTO probe VALUES (1)")
		return err
	})
	if err != nil {
		return 0, err
	}
	_, err = h.admin.ExecContext(ctx, "DROP TABLE probe")
	return took, err
}

func medianOf(do func() error) (time.Duration, error) {
	var all []time.Duration
	for range probes {
		began := time.Now()
		if err := do(); err != nil {
			return 0, err
		}
		all = append(all, time.Since(began))
	}
	return median(all), nil
}

// tidy rounds to three digits or so.
func tidy(d time.Duration) time.Duration {
	if d >= time.Millisecond {
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(time.Microsecond)
}

// loadAverage tells what else the machine was doing; nothing where the system does not say.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(text), " ")
	return ", load before " + first
}
