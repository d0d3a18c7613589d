package main

import (
	"bufio"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// keeping serves in the background, and gives the socket and what is closed when the keeper leaves.
func keeping(t *testing.T) (socket string, left <-chan struct{}) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "s")
	l, err := listen(t.Context(), socket)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		serve(t.Context(), l, "url postgres://here")
	}()
	return socket, done
}

// guest connects and waits for the greeting.
func guest(t *testing.T, socket string) net.Conn {
	t.Helper()
	var dialer net.Dialer
	c, err := dialer.DialContext(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || line != "url postgres://here\n" {
		t.Fatalf("greeted with %q, %v", line, err)
	}
	return c
}

func askToStop(t *testing.T, socket string) (stopping bool) {
	t.Helper()
	c := guest(t, socket)
	if _, err := io.WriteString(c, "stop\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(answer), "stopping")
}

func gone(left <-chan struct{}, within time.Duration) bool {
	select {
	case <-left:
		return true
	case <-time.After(within):
		return false
	}
}

func TestKeeperStopsWhenAskedAndUnused(t *testing.T) {
	t.Parallel()
	socket, left := keeping(t)
	if !askToStop(t, socket) || !gone(left, 5*time.Second) {
		t.Fatal("it stays, though nobody needs it")
	}
}

func TestKeeperStaysWhileOthersNeedTheServer(t *testing.T) {
	t.Parallel()
	socket, left := keeping(t)
	other := guest(t, socket)
	if askToStop(t, socket) || gone(left, 100*time.Millisecond) {
		t.Fatal("it stopped under another test")
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if !gone(left, 5*time.Second) {
		t.Fatal("it stays after the last one has gone")
	}
}

func TestKeeperWaitsForTheNextPackage(t *testing.T) {
	t.Parallel()
	socket, left := keeping(t)
	if err := guest(t, socket).Close(); err != nil {
		t.Fatal(err)
	}
	if gone(left, 300*time.Millisecond) {
		t.Fatal("it left at once")
	}
	guest(t, socket)
}
