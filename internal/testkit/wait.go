package testkit

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
	"time"
)

// FreeAddress is a loopback address that nobody listens on. It is beneath the range from which systems take ports for
// outgoing connections, so that nobody gets it by chance while a service that was killed is being started again.
func FreeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 12000+rand.IntN(20000))
		if l, err := net.Listen("tcp", address); err == nil {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			return address
		}
	}
	t.Fatal("no free port was found")
	return ""
}

// poll is how often Eventually looks.
const poll = 50 * time.Millisecond

// Eventually waits until something is so, and fails with what was said last. The time is counted in looks: on a busy
// machine each takes longer, and so all of it waits longer.
func Eventually(t *testing.T, within time.Duration, what string, so func() (bool, string)) {
	t.Helper()
	var said string
	for range within / poll {
		var is bool
		if is, said = so(); is {
			return
		}
		time.Sleep(poll)
	}
	t.Fatalf("not within %s: %s\n%s", within, what, said)
}
