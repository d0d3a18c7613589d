package harness

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"readerfund/internal/testkit"
)

// Demo is a running demo.
type Demo struct {
	*Child
	Dir      string
	BaseURL  string          // the service
	PayPal   *testkit.PayPal // its PayPal sandbox
	Settings map[string]string
}

// StartDemo starts the demo as `make run` does, on free addresses, and waits for its word that all of it answers. The
// settings that are given are added to the usual ones.
func StartDemo(t *testing.T, dir string, gifts int, settings ...string) *Demo {
	t.Helper()
	for range 5 {
		n := &Demo{Dir: dir}
		address, paypal := testkit.FreeAddress(t), testkit.FreeAddress(t)
		n.BaseURL, n.PayPal = "http://"+address, testkit.PayPalAt(t, "http://"+paypal)
		n.Settings = map[string]string{"DEMO_ADDR": address, "DEMO_PAYPAL_ADDR": paypal,
			"DEMO_MAIL_ADDR": "127.0.0.1:0", "DEMO_DIR": dir}
		for i := 0; i+1 < len(settings); i += 2 {
			n.Settings[settings[i]] = settings[i+1]
		}
		c, err := StartChild("demo", Program(t, "demo"), n.Settings, &Log{}, "--gifts", strconv.Itoa(gifts))
		if err != nil {
			t.Fatal(err)
		}
		n.Child = c
		t.Cleanup(func() { n.close(t) })
		err = n.ready(2 * time.Minute)
		if err == nil {
			return n
		}
		if !errors.Is(err, errAddressTaken) {
			t.Fatal(err)
		}
	}
	t.Fatal("five addresses in a row were taken by others")
	return nil
}

func (n *Demo) ready(within time.Duration) error {
	for deadline := time.Now().Add(within); time.Now().Before(deadline); time.Sleep(30 * time.Millisecond) {
		if slices.Contains(strings.Split(n.Output.String(), "\n"), "readerfund demo ready") {
			return nil
		}
		if n.Ended() {
			if strings.Contains(n.Output.String(), "address already in use") {
				return errAddressTaken
			}
			return fmt.Errorf("the demo did not start: %w\n%s", n.Err, n.Output.String())
		}
	}
	return fmt.Errorf("the demo is not ready after %s\n%s", within, n.Output.String())
}

// close stops the demo in an orderly way, because only then its PostgreSQL has time to leave; the test has failed
// already when that does not work.
func (n *Demo) close(t *testing.T) {
	t.Helper()
	if !n.Ended() {
		if err := n.Stop(syscall.SIGINT, time.Minute); err != nil {
			t.Errorf("stop the demo: %v", err)
		}
	}
	if t.Failed() {
		n.report(t)
	}
}

// Env reads the settings that the demo leaves for other commands.
func (n *Demo) Env(t *testing.T) map[string]string {
	t.Helper()
	file, err := os.Open(filepath.Join(n.Dir, "env"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	settings := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), "=")
		settings[name] = strings.Trim(value, "'")
	}
	return settings
}
