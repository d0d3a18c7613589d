package e2e

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
)

// child is a program that a test started. It ends with the test, or with this process, however that ends.
type child struct {
	name string
	cmd  *exec.Cmd
	out  *record
	done chan struct{} // closed when it has ended
	err  error         // how it ended; to be read after done
}

// startChild runs a program of ours with nothing in its environment but what is given and what any program needs. What
// it writes goes to out.
func startChild(name, path string, settings map[string]string, out *record, args ...string) (*child, error) {
	c := &child{name: name, cmd: exec.Command(path, args...), out: out, done: make(chan struct{})}
	c.cmd.Env = environment(settings)
	c.cmd.Stdout, c.cmd.Stderr = out, out
	c.cmd.WaitDelay = 5 * time.Second
	tie(c.cmd)
	started := make(chan error)
	go func() {
		// Where the system ends a child with its parent, it means the thread: so the thread is kept.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.cmd.Start()
		started <- err
		if err == nil {
			c.err = c.cmd.Wait()
			close(c.done)
		}
	}()
	return c, <-started
}

func environment(settings map[string]string) []string {
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
func (c *child) report(t *testing.T) {
	t.Helper()
	text := c.out.String()
	file := artifacts(t, "logs", strings.ReplaceAll(t.Name(), "/", "_"), fmt.Sprintf("%s-%d.log", c.name, c.pid()))
	if err := os.WriteFile(filepath.Clean(file), []byte(text), 0o600); err != nil {
		t.Error(err)
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	t.Logf("%s (process %d, ended %v; all of it is in %s):\n%s", c.name, c.pid(), c.ended(), file, strings.Join(lines[max(0, len(lines)-40):], "\n"))
}

func (c *child) pid() int { return c.cmd.Process.Pid }

func (c *child) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// kill is kill -9, by process id. It returns when the child is gone.
func (c *child) kill() {
	_ = c.cmd.Process.Kill() // fails only when it has ended already
	<-c.done
}

// stop asks the child to end, and gives its exit error; it is killed when it takes longer than that.
func (c *child) stop(sig syscall.Signal, within time.Duration) error {
	if err := c.cmd.Process.Signal(sig); err != nil {
		return err
	}
	select {
	case <-c.done:
		return c.err
	case <-time.After(within):
		c.kill()
		return fmt.Errorf("%s did not end within %s of %v", c.name, within, sig)
	}
}

// record is what a child wrote.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(b)
}

// String is all of it so far.
func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}
