package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// process is a child that we started, and so one that we stop.
type process struct {
	name    string
	cmd     *exec.Cmd
	address string // host:port of its HTTP
	log     string
	done    chan struct{} // closed when it has ended
}

// launch starts a program with no more of our environment than it needs, and its output in a file.
func launch(program, logFile string, args, env []string, stdin io.Reader) (*process, error) {
	output, err := os.OpenFile(logFile, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = output.Close() }() // the child has its own handle
	cmd := exec.Command(program, args...) //nolint:gosec,noctx // a program we built; stop ends it in order, a context could only kill it
	for _, kept := range []string{"PATH", "HOME", "TMPDIR", "LANG", "GOMAXPROCS", "GOGC", "GOMEMLIMIT"} {
		if value, set := os.LookupEnv(kept); set {
			cmd.Env = append(cmd.Env, kept+"="+value)
		}
	}
	cmd.Env = append(cmd.Env, env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, output, output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for us; we stop our children in order
	p := &process{name: filepath.Base(program), cmd: cmd, log: logFile, done: make(chan struct{})}
	if err := startTied(cmd, p.done); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	return p, nil
}

// ready waits until its /readyz answers 200.
func (p *process) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.address+"/readyz", nil)
		if err != nil {
			return err
		}
		if resp, err := client.Do(req); err == nil {
			_ = resp.Body.Close() // only the status counts
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s has ended: %s", p.name, p.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("%s does not get ready: %w: %s", p.name, ctx.Err(), p.lastWords())
		case <-time.After(time.Millisecond):
		}
	}
}

// lastWords are the end of its output, for an error's text.
func (p *process) lastWords() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(bytes.TrimSpace(text[max(0, len(text)-600):]))
}

// stop asks the child to go, and kills it when it does not. It may be called again, and on nil.
func (p *process) stop() error {
	if p == nil {
		return nil
	}
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Kill} {
		if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stop %s: %w", p.name, err)
		}
		select {
		case <-p.done:
			return nil
		case <-time.After(20 * time.Second):
		}
	}
	return fmt.Errorf("%s (process %d) does not stop", p.name, p.cmd.Process.Pid)
}

// freeAddress is one on the loopback that nobody listens on at this moment.
func freeAddress(ctx context.Context) (string, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
