//go:build unix && !linux

package main

import "os/exec"

// startTied starts a child and closes done when it has ended. Without Linux's parent-death signal it stays behind when
// we are killed with SIGKILL.
func startTied(cmd *exec.Cmd, done chan<- struct{}) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() {
		_ = cmd.Wait() // how it ended stands in its log
		close(done)
	}()
	return nil
}
