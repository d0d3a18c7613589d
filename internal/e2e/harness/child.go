package harness

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"readerfund/internal/testkit"
)

// Child is a program that a test started. It ends with the test, or with this process, however that ends.
type Child struct {
	Name   string
	Cmd    *exec.Cmd
	Output *Log
	Done   chan struct{} // closed when it has ended
	Err    error         // how it ended; to be read after done
}

// StartChild runs a program of ours with nothing in its environment but what is given and what any program needs. What
// it writes goes to out.
func StartChild(name, path string, settings map[string]string, out *Log, args ...string) (*Child, error) {
	c := &Child{Name: name, Cmd: exec.Command(path, args...), Output: out, Done: make(chan struct{})}
	c.Cmd.Env = Environment(settings)
	c.Cmd.Stdout, c.Cmd.Stderr = out, out
	c.Cmd.WaitDelay = 5 * time.Second
	dieWithParent(c.Cmd)
	started := make(chan error)
	go func() {
		// Where the system ends a child with its parent, it means the thread: so the thread is kept.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.Cmd.Start()
		started <- err
		if err == nil {
			c.Err = c.Cmd.Wait()
			close(c.Done)
		}
	}()
	return c, <-started
}

// Environment is what a program gets: the settings, and what any program needs of our own environment.
func Environment(settings map[string]string) []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "USER"} {
		if value, there := os.LookupEnv(name); there {
			env = append(env, name+"="+value)
		}
	}
	for name, value := range settings {
		env = append(env, name+"="+value)
	}
	return env
}

// report shows the end of the log and keeps all of it.
func (c *Child) report(t *testing.T) {
	t.Helper()
	text := c.Output.String()
	file := testkit.Artifact(t, "logs", strings.ReplaceAll(t.Name(), "/", "_"), fmt.Sprintf("%s-%d.log", c.Name, c.PID()))
	if err := os.WriteFile(filepath.Clean(file), []byte(text), 0o600); err != nil {
		t.Error(err)
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	t.Logf(
		"%s (process %d, ended %v; all of it is in %s):\n%s",
		c.Name,
		c.PID(),
		c.Ended(),
		file,
		strings.Join(lines[max(0, len(lines)-40):], "\n"),
	)
}

// PID is the process id.
func (c *Child) PID() int { return c.Cmd.Process.Pid }

// Ended reports whether the process is gone.
func (c *Child) Ended() bool {
	select {
	case <-c.Done:
		return true
	default:
		return false
	}
}

// Kill is kill -9, by process id. It returns when the child is gone.
func (c *Child) Kill() {
	_ = c.Cmd.Process.Kill() // fails only when it has ended already
	<-c.Done
}

// Stop asks the child to end, and gives its exit error; it is killed when it takes longer than that.
func (c *Child) Stop(sig syscall.Signal, within time.Duration) error {
	if err := c.Cmd.Process.Signal(sig); err != nil {
		return err
	}
	select {
	case <-c.Done:
		return c.Err
	case <-time.After(within):
		c.Kill()
		return fmt.Errorf("%s did not end within %s of %v", c.Name, within, sig)
	}
}

// Log is what a child wrote.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (r *Log) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(b)
}

// String is all of it so far.
func (r *Log) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}
