package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"readerfund/internal/db/localpg"
)

// pgbench is PostgreSQL's own load generator doing single-row INSERTs of the same size: what the server can do when
// nobody receives, verifies or answers anything.
func (h *house) pgbench(p *pair, clients int) (contestant, error) {
	bin, err := localpg.Find()
	if err != nil {
		return contestant{}, err
	}
	c := contestant{name: "pgbench, single-row INSERTs", prepare: p.empty(pgbenchTable)}
	program := filepath.Join(bin, "pgbench")
	if _, err := os.Stat(program); errors.Is(err, os.ErrNotExist) {
		c.name = "pgbench is not installed (apt install postgresql-contrib, or your system's like)"
		c.prepare = nil
		c.turn = func(context.Context, time.Duration) (float64, error) { return math.NaN(), nil }
		return c, nil
	}
	script := filepath.Join(h.dir, "insert.sql")
	if err := os.WriteFile(script, []byte(pgbenchScript(h.deliveries)), 0o600); err != nil {
		return contestant{}, err
	}
	u, err := url.Parse(p.url)
	if err != nil {
		return contestant{}, err
	}
	password, _ := u.User.Password()
	c.turn = func(ctx context.Context, turn time.Duration) (float64, error) {
		// It knows whole seconds only, and its time begins before it has connected; what it tells begins after that.
		seconds := int(turn.Round(time.Second)/time.Second) + 1
		for {
			cmd := exec.CommandContext(ctx, program, "-n", "-f", script, "-c", strconv.Itoa(clients), "-j", strconv.Itoa(min(2, clients)), //nolint:gosec // beside the server we found
				"-T", strconv.Itoa(seconds), "-h", u.Hostname(), "-p", u.Port(), "-U", u.User.Username(),
				strings.TrimPrefix(u.Path, "/"))
			cmd.Env = append(os.Environ(), "PGPASSWORD="+password, "PGSSLMODE=disable")
			out, err := cmd.CombinedOutput()
			if err != nil {
				return 0, fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
			}
			tps, err := readTPS(out)
			if err == nil || seconds > 20 {
				return tps, err
			}
			seconds *= 2 // on a busy machine connecting may have taken all of it
		}
	}
	return c, nil
}

// pgbenchScript inserts a row like the inbox's, with ids of its own each time. The values travel and are read by the
// server each time, as they are from a handler.
func pgbenchScript(d *deliveries) string {
	headers := fmt.Sprintf(`{"content-type":"application/json","user-agent":"PayPal/AUHD-214.0-58417033","paypal-auth-algo":"SHA256withRSA","paypal-auth-version":"v2",`+
		`"paypal-cert-url":"%s","paypal-transmission-id":"00000000-4a2c-11f0-0000-000000000000","paypal-transmission-time":"%s","paypal-transmission-sig":"%s"}`,
		d.certURL, d.sentAt, strings.Repeat("dGhlIHJpdmVy", 28)+"dGhlIHI=")
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	return fmt.Sprintf(`\set n random(1, 9000000000000000000)
INSERT INTO `+pgbenchTable+` (event_id, transmission_id, transmission_time, event_type, resource_id, headers, body, received_at, state)
VALUES ('WH-:n-0000', '4a2c-11f0-:n', %s, %s, '%016X', %s, %s, %s, 'ignored');
`, quote(d.sentAt), quote(eventType), scatter(-1), quote(headers), quote(eventBody(0)), quote(d.sentAt))
}

var tpsLine = regexp.MustCompile(`(?m)^tps = ([0-9.]+) \(without initial connection time\)`)

// readTPS finds the transactions per second in what pgbench prints (PostgreSQL 14 and later).
func readTPS(out []byte) (float64, error) {
	found := tpsLine.FindSubmatch(out)
	if found == nil {
		return 0, fmt.Errorf("pgbench does not say how much it did: %s", bytes.TrimSpace(out))
	}
	return strconv.ParseFloat(string(found[1]), 64)
}
